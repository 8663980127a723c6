/** Bytes that grow at the end. */
export class Bytes {
  length = 0;
  private buffer = new Uint8Array(256);

  push(...bytes: readonly number[]): void {
    this.reserve(bytes.length);
    for (const byte of bytes) this.buffer[this.length++] = byte;
  }

  one(byte: number): void {
    if (this.length === this.buffer.length) this.reserve(1);
    this.buffer[this.length++] = byte;
  }

  append(bytes: Uint8Array | readonly number[]): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Unsigned LEB128. */
  leb(value: number): void {
    let rest = value >>> 0;
    for (; rest > 0x7f; rest >>>= 7) this.one((rest & 0x7f) | 0x80);
    this.one(rest);
  }

  /** A copy of what is there. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.buffer.slice(0, this.length);
  }

  private reserve(more: number): void {
    if (this.length + more <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.length + more));
    grown.set(this.buffer);
    this.buffer = grown;
  }
}
