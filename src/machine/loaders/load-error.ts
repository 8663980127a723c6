/** An image that can't be loaded. The message names the file, what is wrong in it and what to do; shown to the user as it is. */
export class LoadError extends Error {
  override name = 'LoadError';

  /** @param image name of the file */
  constructor(image: string, problem: string) {
    super(`${image}: ${problem}`);
  }
}

/** A number as messages show addresses. */
export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}
