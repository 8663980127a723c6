import * as w from '../wasm/expression';
import type { Expr, Expr64 } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import { packBits } from './bits';
import { C1, CONTROL_FLUSH, OE, PE, ROUND_DOWN, ROUND_NEAREST, ROUND_TO_ZERO, ROUND_UP, UE } from './flags';
import { BIAS_ADJUSTMENT, F32, F64, F80, type Format, INTEGER_BIT, rebias } from './format';
import { storePlace } from './place';
import { type Variable, variable32, variable64 } from './variable';
import { shiftRightSticky, sticky } from './wide';

/**
 * The one place where results are rounded and range is checked, staged for each format.
 *
 * A result comes as sign (0 or 1), exponent, and 128 bits of significand: its value is high:low * 2^(exponent - 16383
 * - 127), `high` has its top bit set, and bits too small to be kept are ORed into the lowest bit. Tininess is
 * detected after rounding as if the exponent had no bounds (SDM vol. 1, 4.9.1.5).
 */

const HALF = i64.const(INTEGER_BIT);
const ZERO = i64.const(0n);
const ONE = i64.const(1n);

/** RC of an x87 control word. */
export const roundingControl = (control: Expr): Expr => w.and(w.shrU(control, 10), 3);

/**
 * 1 if the magnitude is rounded up. `tail`: what is below the last kept place, aligned to the top and not zero;
 * `odd`: the last kept bit.
 */
export function roundsUp(f: FunctionBuilder, control: Expr, sign: Expr, odd: Expr64, tail: Expr64): Expr {
  const result = f.local();
  const rc = f.let(roundingControl(control));
  f.if(
    w.eq(rc, ROUND_NEAREST),
    () => f.set(result, i64.gtU(tail, i64.sub(HALF, odd))),
    () => {
      const away = w.select(w.eq(rc, ROUND_DOWN), sign, w.xor(sign, 1));
      f.set(result, w.and(w.and(w.ne(rc, ROUND_TO_ZERO), away), i64.ne(tail, ZERO)));
    },
  );
  return f.get(result);
}

const isUnmasked = (control: Expr, exception: number): Expr => w.eqz(w.and(control, exception));

/** 1 if a magnitude beyond the range becomes infinity, 0 if it becomes the largest number. */
function overflowsToInfinity(f: FunctionBuilder, control: Expr, sign: Expr): Expr {
  const rc = f.let(roundingControl(control));
  const towards = w.select(w.eq(rc, ROUND_UP), w.xor(sign, 1), w.and(sign, w.eq(rc, ROUND_DOWN)));
  return f.let(w.or(w.eq(rc, ROUND_NEAREST), towards));
}

/** Where the significand is cut. */
interface Cut {
  /** Value of the last kept place. */
  readonly unit: Expr64;
  /** The bits of `high` that are kept. */
  readonly kept: Expr64;
  /** What is below the last kept place, aligned to the top. */
  tail(high: Expr64, low: Expr64): Expr64;
}

function fixedCut(precision: number): Cut {
  const unit = 1n << BigInt(64 - precision);
  return {
    unit: i64.const(unit),
    kept: i64.const(-unit),
    tail: (high, low) => i64.or(i64.shl(high, i64.const(BigInt(precision))), sticky(low)),
  };
}

/** All 64 bits of `high` are kept. */
const EXTENDED_CUT: Cut = {
  unit: ONE,
  kept: i64.const(-1n),
  tail: (_, low) => low,
};

/** The cut by PC: 00 single, 10 double, 11 extended. The reserved 01 rounds as extended. */
function controlledCut(f: FunctionBuilder, control: Expr): Cut {
  const precision = variable64(f, i64.const(64n));
  const pc = f.let(w.and(w.shrU(control, 8), 3));
  f.if(w.eqz(w.and(pc, 1)), () => {
    precision.value = i64.extendU(w.select(pc, F64.precision, F32.precision));
  });
  const unit = f.hold(i64.shl(ONE, i64.sub(i64.const(64n), precision.value)));
  const all = f.let(i64.eq(precision.value, i64.const(64n)));
  return {
    unit,
    kept: f.hold(i64.sub(ZERO, unit)),
    tail: (high, low) => i64.select(all, low, i64.or(i64.shl(high, precision.value), sticky(low))),
  };
}

/**
 * What the body of a rounding function works on. `deliver` returns a result: biased exponent, significand and flags.
 */
interface Rounding {
  readonly format: Format;
  readonly cut: Cut;
  readonly sign: Expr;
  readonly exponent: Variable<'i32'>;
  readonly high: Variable<'i64'>;
  readonly low: Variable<'i64'>;
  readonly control: Expr;
  readonly deliver: (exponent: Expr, significand: Expr64, flags: Expr) => void;
}

/** Whether the number in `r` is rounded up at its cut. */
function roundedUp(f: FunctionBuilder, r: Rounding, tail: Expr64): Expr {
  const odd = f.hold(i64.extendU(i64.ne(i64.and(r.high.value, r.cut.unit), ZERO)));
  return roundsUp(f, r.control, r.sign, odd, tail);
}

/**
 * A number below the normal range: moves the significand to where the smallest exponent is, or the exponent by the bias
 * adjustment. `flags` gets UE; it stays only if it is unmasked or the result turns out inexact.
 */
function emitTiny(f: FunctionBuilder, r: Rounding, flags: Variable<'i32'>, tiny: Variable<'i32'>): void {
  const { format, cut, exponent, high, low, control } = r;
  const tail = f.hold(cut.tail(high.value, low.value));
  const up = roundedUp(f, r, tail);
  const reachesNormal = w.and(up, i64.eqz(i64.add(i64.and(high.value, cut.kept), cut.unit)));
  tiny.value = f.let(w.or(w.ltS(exponent.value, 0), w.eqz(reachesNormal)));
  const shift = () => {
    shiftRightSticky(f, high, low, w.sub(1, exponent.value));
    exponent.value = w.constant(0);
  };
  if (format !== F80) {
    f.if(w.and(tiny.value, isUnmasked(control, UE)), () => {
      r.deliver(w.constant(0), ZERO, w.or(UE, w.select(i64.ne(tail, ZERO), PE, 0)));
    });
    f.if(w.and(tiny.value, w.ne(w.and(control, CONTROL_FLUSH), 0)), () => {
      r.deliver(w.constant(0), ZERO, w.constant(UE | PE));
    });
    shift();
    return;
  }
  f.if(
    w.and(tiny.value, isUnmasked(control, UE)),
    () => {
      exponent.value = w.add(exponent.value, BIAS_ADJUSTMENT);
      flags.value = w.constant(UE);
      f.if(w.ltS(exponent.value, 1), () => r.deliver(w.constant(0), ZERO, w.constant(UE | PE)));
    },
    shift,
  );
}

/** A number beyond the range, after it has been rounded. */
function emitHuge(f: FunctionBuilder, r: Rounding, flags: Variable<'i32'>): void {
  const { format, sign, exponent, high, control } = r;
  f.if(isUnmasked(control, OE), () => {
    flags.value = w.or(flags.value, OE);
    if (format === F80) {
      exponent.value = w.sub(exponent.value, BIAS_ADJUSTMENT);
      f.if(w.ltS(exponent.value, format.maxExponent), () => r.deliver(exponent.value, high.value, flags.value));
      r.deliver(w.constant(format.maxExponent), HALF, w.or(flags.value, PE | C1));
    }
    r.deliver(w.constant(0), ZERO, flags.value);
  });
  f.if(overflowsToInfinity(f, control, sign), () =>
    r.deliver(w.constant(format.maxExponent), HALF, w.constant(OE | PE | C1)),
  );
  r.deliver(w.constant(format.maxExponent - 1), r.cut.kept, w.constant(OE | PE));
}

function emitRounding(f: FunctionBuilder, r: Rounding): void {
  const { format, cut, exponent, high, low } = r;
  const flags = variable32(f);
  const tiny = variable32(f);
  f.if(w.ltS(exponent.value, 1), () => emitTiny(f, r, flags, tiny));
  const tail = f.hold(cut.tail(high.value, low.value));
  f.if(i64.ne(tail, ZERO), () => {
    const up = roundedUp(f, r, tail);
    flags.value = w.or(w.or(flags.value, PE), w.select(tiny.value, UE, 0));
    high.value = i64.and(high.value, cut.kept);
    f.if(up, () => {
      flags.value = w.or(flags.value, C1);
      high.value = i64.add(high.value, cut.unit);
      f.if(i64.eqz(high.value), () => {
        high.value = HALF;
        exponent.value = w.add(exponent.value, 1);
      });
      // A denormal that has become the smallest normal number.
      f.if(w.and(w.eqz(exponent.value), i64.ltS(high.value, ZERO)), () => {
        exponent.value = w.constant(1);
      });
    });
  });
  f.if(w.geS(exponent.value, format.maxExponent), () => emitHuge(f, r, flags));
  r.deliver(exponent.value, high.value, flags.value);
}

/** Body of roundF80 (by PC) and roundF80Extended (to 64 bits). */
export function roundToPlace(byPrecisionControl: boolean) {
  return (f: FunctionBuilder): void => {
    const [dst, sign, exponent] = [0, 1, 2].map((index) => f.param(index));
    const control = f.param(5);
    emitRounding(f, {
      format: F80,
      cut: byPrecisionControl ? controlledCut(f, control) : EXTENDED_CUT,
      sign,
      control,
      exponent: variable32(f, exponent),
      high: variable64(f, f.getAs('i64', 3)),
      low: variable64(f, f.getAs('i64', 4)),
      deliver: (e, significand, flags) => {
        storePlace(f, dst, w.or(w.shl(sign, 15), e), significand);
        f.return(flags);
      },
    });
  };
}

/** Body of roundF32 and roundF64. */
export function roundToBits(format: Format) {
  return (f: FunctionBuilder): void => {
    const sign = f.param(0);
    emitRounding(f, {
      format,
      cut: fixedCut(format.precision),
      sign,
      control: f.param(4),
      exponent: variable32(f, w.sub(f.param(1), rebias(format))),
      high: variable64(f, f.getAs('i64', 2)),
      low: variable64(f, f.getAs('i64', 3)),
      deliver: (e, significand, flags) => f.returnMany([packBits(format, sign, e, significand), flags]),
    });
  };
}
