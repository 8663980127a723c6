import * as w from '../wasm/expression';
import type { Expr, Expr64 } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import type { ModuleBuilder } from '../wasm/module';
import { C1, IE, PE } from './flags';
import { F80 } from './format';
import { loadSignificand, loadTop, storePlace, unpackValue } from './place';
import { roundsUp } from './round';
import { type Variable, variable32, variable64 } from './variable';
import { shiftRightSticky } from './wide';

const ZERO = i64.const(0n);
const ONE = i64.const(1n);

/**
 * Magnitude of a finite number (significand * 2^(exponent - 16383 - 63), normalised or not) as an integer rounded by
 * RC, with PE and C1. The exponent must be below 16383 + 64.
 */
export function roundToMagnitude(
  f: FunctionBuilder,
  control: Expr,
  sign: Expr,
  exponent: Expr,
  significand: Expr64,
): { magnitude: Variable<'i64'>; flags: Variable<'i32'> } {
  const magnitude = variable64(f, significand);
  const tail = variable64(f, ZERO);
  const flags = variable32(f, w.constant(0));
  shiftRightSticky(f, magnitude, tail, w.sub(F80.bias + 63, exponent));
  f.if(i64.ne(tail.value, ZERO), () => {
    const up = roundsUp(f, control, sign, i64.and(magnitude.value, ONE), tail.value);
    magnitude.value = i64.add(magnitude.value, i64.extendU(up));
    flags.value = w.select(up, PE | C1, PE);
  });
  return { magnitude, flags };
}

/**
 * Body of integerF80: rounds a value to an integer by RC. IE instead of the magnitude for NaNs, infinities, unsupported
 * encodings and what has more than 64 bits.
 */
export function integerOfValue(f: FunctionBuilder): void {
  const a = unpackValue(f, 0, 1);
  const tooLarge = w.geU(a.exponent.value, F80.bias + 64);
  const unsupported = w.and(w.ne(a.exponent.value, 0), i64.geS(a.significand.value, ZERO));
  f.if(w.or(tooLarge, unsupported), () => f.returnMany([ZERO, w.constant(IE)]));
  const { magnitude, flags } = roundToMagnitude(f, f.param(2), a.sign.value, a.exponent.value, a.significand.value);
  f.returnMany([magnitude.value, flags.value]);
}

/** Calls integerF80 for a place. */
export function integerOf(f: FunctionBuilder, m: ModuleBuilder, place: Expr, control: Expr): readonly [Expr64, Expr] {
  return f.callMany(['i64', 'i32'], m.indexOf('integerF80'), [loadSignificand(place), loadTop(place), control]);
}

/** Body of (dst, a, control) -> flags that stores an integer of that many bits; 16 bits are stored as 32. */
export function placeToInteger(bits: 16 | 32 | 64) {
  return (f: FunctionBuilder, m: ModuleBuilder): void => {
    const [dst, place, control] = [0, 1, 2].map((index) => f.param(index));
    const store = (value: Expr64) => f.emit(bits === 64 ? i64.store(dst, value) : w.store32(dst, i64.wrap(value)));
    signedOf(f, bits, integerOf(f, m, place, control), loadTop(place), (value, flags, fits) => {
      if (fits) store(value);
      else f.if(w.and(control, IE), () => store(value));
      f.return(flags);
    });
  };
}

/** Body of (a, top of a, control) -> integer of that many bits, flags; the indefinite with IE if it does not fit. */
export function valueToInteger(bits: 16 | 32 | 64) {
  return (f: FunctionBuilder, m: ModuleBuilder): void => {
    const [top, control] = [f.param(1), f.param(2)];
    const rounded = f.callMany(['i64', 'i32'], m.indexOf('integerF80'), [f.getAs('i64', 0), top, control]);
    signedOf(f, bits, rounded, top, (value, flags) => f.returnMany([bits === 64 ? value : i64.wrap(value), flags]));
  };
}

/** Makes a signed integer of what integerF80 gave; `deliver` leaves the function. */
function signedOf(
  f: FunctionBuilder,
  bits: 16 | 32 | 64,
  [magnitude, flags]: readonly [Expr64, Expr],
  top: Expr,
  deliver: (value: Expr64, flags: Expr, fits: boolean) => void,
): void {
  const sign = f.hold(i64.extendU(w.shrU(top, 15)));
  const limit = i64.add(i64.const((1n << BigInt(bits - 1)) - 1n), sign);
  f.if(w.or(w.and(flags, IE), i64.gtU(magnitude, limit)), () => {
    deliver(i64.const(-1n << BigInt(bits - 1)), w.constant(IE), false);
  });
  deliver(i64.sub(i64.xor(magnitude, i64.sub(ZERO, sign)), i64.sub(ZERO, sign)), flags, true);
}

/** Writes a place from sign (0 or 1) and a 64-bit magnitude. */
export function storeMagnitude(f: FunctionBuilder, dst: Expr, sign: Expr, magnitude: Expr64): void {
  f.if(
    i64.eqz(magnitude),
    () => storePlace(f, dst, w.shl(sign, 15), ZERO),
    () => {
      const zeros = f.hold(i64.clz(magnitude));
      const exponent = w.sub(F80.bias + 63, i64.wrap(zeros));
      storePlace(f, dst, w.or(w.shl(sign, 15), exponent), i64.shl(magnitude, zeros));
    },
  );
}

/** Body of (dst, value) for an i64; exact. */
export function integerToPlace(f: FunctionBuilder): void {
  emitFromInteger(f, f.getAs('i64', 1));
}

/** Body of (dst, value) for an i32. */
export function smallIntegerToPlace(f: FunctionBuilder): void {
  emitFromInteger(f, f.hold(i64.extendS(f.param(1))));
}

function emitFromInteger(f: FunctionBuilder, value: Expr64): void {
  const negative = f.let(i64.ltS(value, ZERO));
  const magnitude = f.hold(i64.select(negative, i64.sub(ZERO, value), value));
  // An integer zero is positive.
  storeMagnitude(f, f.param(0), negative, magnitude);
}
