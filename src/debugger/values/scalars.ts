import type { Type } from '../../symbols/types';
import { type BitRange, isBoolean, isFloat, strip } from './types';

/**
 * A scalar in the debugger: integers of up to 32 bits, pointers, enums and floats are numbers (integers in the
 * range of their type), 64-bit integers are bigints.
 */
export type Scalar = number | bigint;

/** True if values of the type are bigints. */
export function isWide(type: Type): boolean {
  const inner = strip(type);
  return inner.byteSize === 8 && (inner.kind === 'enum' || (inner.kind === 'base' && inner.encoding !== 'float'));
}

/** True if the type has a scalar value: not void, a function, an array, a struct or a union. */
export function isScalar(type: Type): boolean {
  const inner = strip(type);
  if (inner.kind === 'base') return inner.encoding !== 'complex' && inner.byteSize > 0 && inner.byteSize <= 16;
  return inner.kind === 'pointer' || inner.kind === 'enum';
}

/** True if values of the type are signed integers. */
export function isSigned(type: Type): boolean {
  const inner = strip(type);
  if (inner.kind === 'enum') return inner.signed;
  return inner.kind === 'base' && (inner.encoding === 'signed' || inner.encoding === 'char');
}

/** Takes a number into the range of an integer type of `size` bytes, as a C conversion does. */
export function wrap(value: number, size: number, signed: boolean): number {
  if (size >= 4) return signed ? value | 0 : value >>> 0;
  const bits = 32 - size * 8;
  return signed ? (value << bits) >> bits : (value << bits) >>> bits;
}

/** Converts a scalar to another scalar type by C's rules. */
export function convert(value: Scalar, type: Type): Scalar {
  const inner = strip(type);
  if (isFloat(inner)) {
    const number = Number(value);
    return inner.byteSize === 4 ? Math.fround(number) : number;
  }
  if (isWide(inner)) {
    const wide = typeof value === 'bigint' ? value : BigInt(Number.isFinite(value) ? Math.trunc(value) : 0);
    return isSigned(inner) ? BigInt.asIntN(64, wide) : BigInt.asUintN(64, wide);
  }
  if (isBoolean(inner)) return Number(value) === 0 ? 0 : 1;
  // Number() of a bigint loses low bits, so it is cut to 32 bits first.
  const number = typeof value === 'bigint' ? Number(BigInt.asIntN(32, value)) : Math.trunc(value);
  return wrap(number, inner.byteSize, isSigned(inner));
}

/** The 80-bit format of the x87 as the nearest double. */
function readExtended(view: DataView): number {
  const mantissa = view.getBigUint64(0, true);
  const word = view.getUint16(8, true);
  const sign = word & 0x8000 ? -1 : 1;
  const exponent = word & 0x7fff;
  if (exponent === 0x7fff) return BigInt.asUintN(63, mantissa) === 0n ? sign * Infinity : NaN;
  // In two steps, so that the powers of two stay in the range of a double.
  const scale = exponent - 16383 - 63;
  return sign * Number(mantissa) * 2 ** Math.trunc(scale / 2) * 2 ** (scale - Math.trunc(scale / 2));
}

function writeExtended(view: DataView, value: number): void {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude === 0) {
    view.setBigUint64(0, 0n, true);
    view.setUint16(8, sign, true);
    return;
  }
  if (!Number.isFinite(magnitude)) {
    view.setBigUint64(0, Number.isNaN(magnitude) ? 0xc000000000000000n : 0x8000000000000000n, true);
    view.setUint16(8, sign | 0x7fff, true);
    return;
  }
  let exponent = Math.floor(Math.log2(magnitude));
  // log2 may round up to the next power of two.
  if (2 ** exponent > magnitude) exponent--;
  const fraction = BigInt((magnitude / 2 ** exponent) * 2 ** 52) << 11n;
  view.setBigUint64(0, fraction, true);
  view.setUint16(8, sign | (exponent + 16383), true);
}

/** Decodes a scalar from its bytes, little-endian. `bytes` holds `type.byteSize` of them, or what a bit field needs. */
export function decode(bytes: Uint8Array, type: Type, bits?: BitRange): Scalar {
  const inner = strip(type);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isFloat(inner)) {
    if (inner.byteSize === 4) return view.getFloat32(0, true);
    return inner.byteSize === 8 ? view.getFloat64(0, true) : readExtended(view);
  }
  let value = 0n;
  for (let index = bytes.length - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index]);
  if (bits) {
    value >>= BigInt(bits.low);
    value = isSigned(inner) ? BigInt.asIntN(bits.count, value) : BigInt.asUintN(bits.count, value);
  }
  return convert(value, inner);
}

/** Encodes a scalar into the bytes of its type. */
export function encode(value: Scalar, type: Type): Uint8Array {
  const inner = strip(type);
  const size = inner.byteSize;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  if (isFloat(inner)) {
    const number = Number(value);
    if (size === 4) view.setFloat32(0, number, true);
    else if (size === 8) view.setFloat64(0, number, true);
    else writeExtended(view, number);
    return bytes;
  }
  let rest = BigInt.asUintN(64, BigInt(convert(value, inner)));
  for (let index = 0; index < size; index++) {
    bytes[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** Bytes that hold a bit field, counted from its member's offset. */
export function bitFieldBytes(bits: BitRange): number {
  return Math.ceil((bits.low + bits.count) / 8);
}

/** Puts a value into a bit field and leaves the bits around it. `bytes` are those of `bitFieldBytes`. */
export function encodeBits(value: Scalar, bytes: Uint8Array, bits: BitRange): Uint8Array {
  let whole = 0n;
  for (let index = bytes.length - 1; index >= 0; index--) whole = (whole << 8n) | BigInt(bytes[index]);
  const mask = ((1n << BigInt(bits.count)) - 1n) << BigInt(bits.low);
  const part =
    BigInt.asUintN(bits.count, BigInt(typeof value === 'bigint' ? value : Math.trunc(value))) << BigInt(bits.low);
  let rest = (whole & ~mask) | part;
  return bytes.map(() => {
    const byte = Number(rest & 0xffn);
    rest >>= 8n;
    return byte;
  });
}
