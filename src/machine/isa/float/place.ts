import * as w from '../wasm/expression';
import type { Expr, Expr64 } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import { F80, INTEGER_BIT, QUIET_BIT } from './format';
import type { Unpacked } from './operation';
import { variable32, variable64 } from './variable';

/** 80-bit numbers in memory: 16-byte places as in FPU_REGS. */

const ZERO = i64.const(0n);
const TOP = i64.const(INTEGER_BIT);

/** The NaN that invalid operations give: negative, quiet, with no payload (SDM vol. 1, 4.8.3.7). */
export const DEFAULT_NAN_TOP = 0xffff;
export const DEFAULT_NAN_SIGNIFICAND = i64.const(INTEGER_BIT | QUIET_BIT);

/** Significand of a place. */
export const loadSignificand = (place: Expr): Expr64 => i64.load(place);
/** Sign (bit 15) and biased exponent of a place. */
export const loadTop = (place: Expr): Expr => w.load16(place, 8);

/** Writes a place. */
export function storePlace(f: FunctionBuilder, place: Expr, top: Expr | number, significand: Expr64): void {
  f.emit(i64.store(place, significand));
  f.emit(w.store16(place, top, 8));
}

/** Reads a place; exponent and significand as they are there. */
export function loadPlace(f: FunctionBuilder, place: Expr): Unpacked {
  const significand = variable64(f, loadSignificand(place));
  const top = f.let(loadTop(place));
  return {
    sign: variable32(f, w.shrU(top, 15)),
    exponent: variable32(f, w.and(top, F80.maxExponent)),
    significand,
  };
}

/** Takes a value apart that comes as two parameters, significand and top, by their numbers. */
export function unpackValue(f: FunctionBuilder, significand: number, top: number): Unpacked {
  return {
    sign: variable32(f, w.shrU(f.param(top), 15)),
    exponent: variable32(f, w.and(f.param(top), F80.maxExponent)),
    significand: variable64(f, f.getAs('i64', significand)),
  };
}

/** 1 unless the number is normal. */
export function isSpecial(x: Unpacked): Expr {
  const ordinary = w.ltU(w.sub(x.exponent.value, 1), F80.maxExponent - 1);
  return w.eqz(w.and(ordinary, i64.ltS(x.significand.value, ZERO)));
}

/**
 * 1 for encodings that the 387 and later do not support: unnormals, pseudo-NaNs, pseudo-infinities (SDM vol. 1,
 * 8.2.2).
 */
export const isUnsupported = (exponent: Expr, significand: Expr64): Expr =>
  w.and(w.ne(exponent, 0), i64.geS(significand, ZERO));

/** 1 for NaNs; the encoding must be a supported one. */
export const isNan = (exponent: Expr, significand: Expr64): Expr =>
  w.and(w.eq(exponent, F80.maxExponent), i64.ne(significand, TOP));

/** 1 if a NaN is quiet. */
export const isQuiet = (significand: Expr64): Expr => i64.ne(i64.and(significand, i64.const(QUIET_BIT)), ZERO);
