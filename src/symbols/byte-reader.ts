import { SymbolError } from './errors';

const decoder = new TextDecoder();

/** The text of a zero-terminated string. @throws SymbolError if it starts or ends outside `bytes` */
export function stringAt(bytes: Uint8Array, offset: number, section: string): string {
  const end = offset < bytes.length ? bytes.indexOf(0, offset) : -1;
  if (end < 0) {
    throw new SymbolError(
      `${section}: the string at 0x${offset.toString(16)} is beyond its end (0x${hex(bytes.length)})`,
    );
  }
  return decoder.decode(bytes.subarray(offset, end));
}

function hex(value: number): string {
  return value.toString(16);
}

/** A number if it is exact as one, else a bigint. */
export function compact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/**
 * A cursor over little-endian data. Every read beyond the end throws `SymbolError` with the name of the section and the
 * place, so that a damaged file can't lead a parser astray.
 */
export class ByteReader {
  offset: number;
  private readonly view: DataView;

  /** `section` names the data in messages; reading starts at `offset` and may not pass `end`. */
  constructor(
    readonly bytes: Uint8Array,
    readonly section: string,
    offset = 0,
    readonly end = bytes.length,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = offset;
    if (end > bytes.length || offset > end) this.fail(0);
  }

  get atEnd(): boolean {
    return this.offset >= this.end;
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }

  s8(): number {
    return this.view.getInt8(this.take(1));
  }

  u16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  s16(): number {
    return this.view.getInt16(this.take(2), true);
  }

  u24(): number {
    const at = this.take(3);
    return this.view.getUint16(at, true) | (this.view.getUint8(at + 2) << 16);
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  s32(): number {
    return this.view.getInt32(this.take(4), true);
  }

  u64(): bigint {
    return this.view.getBigUint64(this.take(8), true);
  }

  s64(): bigint {
    return this.view.getBigInt64(this.take(8), true);
  }

  /** An unsigned number of 1, 2, 4 or 8 bytes. @throws SymbolError for other sizes */
  unsigned(size: number): number {
    switch (size) {
      case 1:
        return this.u8();
      case 2:
        return this.u16();
      case 4:
        return this.u32();
      case 8:
        return Number(this.u64());
      default:
        throw new SymbolError(`${this.section}: a number of ${size} bytes at 0x${hex(this.offset)}`);
    }
  }

  /** Unsigned LEB128; beyond 53 bits it is rounded, see `uleb64`. */
  uleb(): number {
    let result = 0;
    let factor = 1;
    for (;;) {
      const byte = this.u8();
      result += (byte & 0x7f) * factor;
      if (byte < 0x80) return result;
      factor *= 128;
    }
  }

  /** Signed LEB128; beyond 53 bits it is rounded, see `sleb64`. */
  sleb(): number {
    let result = 0;
    let factor = 1;
    for (;;) {
      const byte = this.u8();
      result += (byte & 0x7f) * factor;
      factor *= 128;
      if (byte < 0x80) return byte & 0x40 ? result - factor : result;
    }
  }

  /** Unsigned LEB128, exact, cut to 64 bits. */
  uleb64(): number | bigint {
    const start = this.offset;
    const rounded = this.uleb();
    if (Number.isSafeInteger(rounded)) return rounded;
    return compact(BigInt.asUintN(64, this.lebBits(start)));
  }

  /** Signed LEB128, exact, cut to 64 bits. */
  sleb64(): number | bigint {
    const start = this.offset;
    const rounded = this.sleb();
    if (this.offset - start <= 7) return rounded;
    const bits = this.lebBits(start);
    return compact(BigInt.asIntN(64, BigInt.asIntN(Math.min(64, (this.offset - start) * 7), bits)));
  }

  skipLeb(): void {
    while (this.u8() >= 0x80);
  }

  /** A zero-terminated string. */
  string(): string {
    const start = this.offset;
    this.skipString();
    return decoder.decode(this.bytes.subarray(start, this.offset - 1));
  }

  skipString(): void {
    const zero = this.bytes.indexOf(0, this.offset);
    if (zero < 0 || zero >= this.end) this.fail(1);
    this.offset = zero + 1;
  }

  /** The next `length` bytes, a view and not a copy. */
  block(length: number): Uint8Array {
    const start = this.take(length);
    return this.bytes.subarray(start, start + length);
  }

  skip(length: number): void {
    this.take(length);
  }

  private lebBits(start: number): bigint {
    let bits = 0n;
    for (let at = Math.min(this.offset, start + 10) - 1; at >= start; at--) {
      bits = (bits << 7n) | BigInt(this.bytes[at] & 0x7f);
    }
    return bits;
  }

  private take(length: number): number {
    const at = this.offset;
    if (!(at + length <= this.end)) this.fail(length);
    this.offset = at + length;
    return at;
  }

  private fail(length: number): never {
    throw new SymbolError(
      `${this.section} is damaged: ${length} bytes wanted at 0x${hex(this.offset)}, where it ends at 0x${hex(this.end)}`,
    );
  }
}
