import { ErrorCode, RequestError } from '../errors';

/** A linear address as a memory reference: `0x` and eight hexadecimal digits. */
export function memoryReference(address: number): string {
  return `0x${(address >>> 0).toString(16).padStart(8, '0')}`;
}

/**
 * A memory reference of the client plus an offset in bytes, as a linear address.
 * @throws RequestError if the text is no address or the sum leaves the 4 GiB
 */
export function parseReference(text: string, offset = 0): number {
  const address = /^\s*(0x[0-9a-f]+|\d+)\s*$/i.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(address)) {
    throw new RequestError(
      ErrorCode.BadValue,
      `"${text}" is no memory reference; expected a linear address such as 0x00100000.`,
    );
  }
  const sum = address + offset;
  if (sum < 0 || sum > 0xffffffff) {
    throw new RequestError(
      ErrorCode.BadValue,
      `${text}${offset ? ` with offset ${offset}` : ''} lies outside the 4 GiB of linear addresses.`,
    );
  }
  return sum;
}
