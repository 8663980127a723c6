/** Builds a little-endian structure of known size whose address in the guest is known. */
export class ByteWriter {
  readonly bytes: Uint8Array;
  private readonly view: DataView;
  private end = 0;

  /**
   * @param address where the structure will be in the guest
   * @param size room in bytes
   */
  constructor(
    readonly address: number,
    size: number,
  ) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }

  setU16(offset: number, value: number): void {
    this.view.setUint16(offset, value, true);
  }

  setU32(offset: number, value: number): void {
    this.view.setUint32(offset, value, true);
  }

  /** Sets a u64 below 2^53. */
  setU64(offset: number, value: number): void {
    this.setU32(offset, value);
    this.setU32(offset + 4, Math.floor(value / 2 ** 32));
  }

  /** Takes room, aligned to 8. @returns its offset */
  reserve(size: number): number {
    const at = this.end;
    this.end = (this.end + size + 7) & ~7;
    if (this.end > this.bytes.length) throw new RangeError(`a structure of ${this.bytes.length} bytes is full`);
    return at;
  }

  /** Appends bytes, aligned to 8. @returns their address in the guest */
  append(data: Uint8Array): number {
    const at = this.reserve(data.length);
    this.bytes.set(data, at);
    return this.address + at;
  }
}

const encoder = new TextEncoder();

/** A zero-terminated string. */
export function cString(text: string): Uint8Array {
  return encoder.encode(`${text}\0`);
}
