import * as w from '../wasm/expression';
import type { Expr, Expr64 } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import { type Format, INTEGER_BIT, QUIET_BIT, rebias } from './format';
import type { Unpacked } from './operation';
import { variable32, variable64 } from './variable';

/**
 * Singles and doubles as bits. Both are handled as i64 with the sign on top (a single shifted left by 32), which is
 * called *aligned* here.
 */

const ONE = i64.const(1n);

/** Bits of a format that hold the biased exponent. */
const exponentBits = (format: Format): number => 32 - Math.clz32(format.maxExponent);

/** Aligned infinity without sign. */
export const alignedInfinity = (format: Format): bigint =>
  BigInt(format.maxExponent) << BigInt(63 - exponentBits(format));

/** Aligned bit that tells quiet NaNs from signalling ones. */
export const alignedQuietBit = (format: Format): bigint => QUIET_BIT >> BigInt(exponentBits(format));

export function align(format: Format, bits: Expr | Expr64): Expr64 {
  return format.name === 'F32' ? i64.shl(i64.extendU(bits as Expr), i64.const(32n)) : (bits as Expr64);
}

/** The opposite of `align`. */
export function unalign(format: Format, aligned: Expr64): Expr | Expr64 {
  return format.name === 'F32' ? i64.wrap(i64.shrU(aligned, i64.const(32n))) : aligned;
}

/** The number without its sign. */
export const magnitude = (aligned: Expr64): Expr64 => i64.and(aligned, i64.const(INTEGER_BIT - 1n));

export const isNanBits = (format: Format, aligned: Expr64): Expr =>
  i64.gtU(magnitude(aligned), i64.const(alignedInfinity(format)));

/** 1 for signalling NaNs. */
export const isSignallingBits = (format: Format, aligned: Expr64): Expr =>
  w.and(isNanBits(format, aligned), i64.eqz(i64.and(aligned, i64.const(alignedQuietBit(format)))));

/** Aligned smallest normal number. */
export const alignedMinimum = (format: Format): bigint => 1n << BigInt(63 - exponentBits(format));

export const isDenormalBits = (format: Format, aligned: Expr64): Expr =>
  i64.ltU(i64.sub(magnitude(aligned), ONE), i64.const(alignedMinimum(format) - 1n));

/**
 * Takes bits apart; exponent and significand as they are there, the integer bit set unless the biased exponent is 0.
 */
export function unpackBits(f: FunctionBuilder, format: Format, aligned: Expr64): Unpacked {
  const width = exponentBits(format);
  const field = f.let(w.and(i64.wrap(i64.shrU(aligned, i64.const(BigInt(63 - width)))), format.maxExponent));
  const fraction = i64.shrU(i64.shl(aligned, i64.const(BigInt(width + 1))), ONE);
  const integer = i64.shl(i64.extendU(w.ne(field, 0)), i64.const(63n));
  return {
    sign: variable32(f, i64.wrap(i64.shrU(aligned, i64.const(63n)))),
    exponent: variable32(f, w.add(field, rebias(format))),
    significand: variable64(f, i64.or(fraction, integer)),
  };
}

/** Aligned zero with a sign of 0 or 1. */
export const alignedSign = (sign: Expr): Expr64 => i64.shl(i64.extendU(sign), i64.const(63n));

/** Bits of a number in memory: the integer bit of the significand, which is on top, is left out. */
export function packBits(format: Format, sign: Expr, exponent: Expr, significand: Expr64): Expr | Expr64 {
  const width = exponentBits(format);
  const fraction = i64.shrU(i64.shl(significand, ONE), i64.const(BigInt(width + 1)));
  const field = i64.shl(i64.extendU(exponent), i64.const(BigInt(63 - width)));
  return unalign(format, i64.or(alignedSign(sign), i64.or(field, fraction)));
}
