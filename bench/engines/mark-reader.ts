/** What the guest printed about one run of a kernel. */
export interface Marks<T> {
  readonly start: T;
  readonly end: T;
  readonly checksum: string;
}

const CHECKSUM_DIGITS = 8;

/**
 * Finds `S`, `E` and a checksum of eight digits in what a guest writes to its debug console, between whatever else its
 * emulator prints there, and takes a reading as each mark comes by.
 */
export class MarkReader<T> {
  readonly runs: Marks<T>[] = [];
  private start: T | undefined;
  private end: T | undefined;
  private checksum = '';

  /** @param read takes a reading, of a clock and of counters */
  constructor(private readonly read: () => T) {}

  /** @returns true if this byte was the last of a run */
  push(byte: number): boolean {
    const character = String.fromCharCode(byte);
    if (this.start !== undefined && this.end !== undefined) return this.digit(character, this.start, this.end);
    const isEnd = character === 'E' && this.start !== undefined;
    if (isEnd) this.end = this.read();
    else this.start = character === 'S' ? this.read() : undefined;
    return false;
  }

  private digit(character: string, start: T, end: T): boolean {
    if (/[0-9a-f]/.test(character)) this.checksum += character;
    if (/[0-9a-f]/.test(character) && this.checksum.length < CHECKSUM_DIGITS) return false;
    const whole = this.checksum.length === CHECKSUM_DIGITS;
    if (whole) this.runs.push({ start, end, checksum: this.checksum });
    this.start = this.end = undefined;
    this.checksum = '';
    return whole;
  }
}
