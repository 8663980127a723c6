import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';
import { f32, f64 } from '../wasm/float';
import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import type { ModuleBuilder } from '../wasm/module';
import { align, alignedQuietBit, isDenormalBits, isNanBits, isSignallingBits, unalign, unpackBits } from './bits';
import { IE, ROUND_TO_ZERO } from './flags';
import { F32, F64, F80, type Format, INTEGER_BIT, rebias } from './format';
import { roundToMagnitude } from './integer';
import { classified, normaliseOperand } from './operands';
import {
  ALL_FLAGS,
  BitsOutcome,
  controlOf,
  nativeAllowed,
  ordinaryResult,
  raise,
  raiseDenormal,
  readOperand,
} from './sse';

/** Conversions of SSE and SSE2 between singles, doubles and 32-bit integers. */

const ZERO = i64.const(0n);
/** The integer indefinite: SDM vol. 1, table 4-1. */
const INDEFINITE = 0x80000000 | 0;
const MAX_INTEGER = 0x7fff_ffffn;

/** Body of (a, mxcsr) -> i32, rounded by RC or to zero. */
export function bitsToInteger(format: Format, truncate: boolean) {
  return (f: FunctionBuilder): void => {
    const mxcsr = f.param(1);
    const aligned = readOperand(f, format, f.getAs(format === F64 ? 'i64' : 'i32', 0), mxcsr);
    const x = unpackBits(f, format, aligned);
    const invalid = () => {
      raise(f, IE);
      f.return(w.constant(INDEFINITE));
    };
    // NaNs and infinities have the greatest exponent.
    f.if(w.geS(x.exponent.value, F80.bias + 32), invalid);
    const control = truncate ? w.constant(ROUND_TO_ZERO << 10) : controlOf(f, mxcsr);
    const { magnitude, flags } = roundToMagnitude(f, control, x.sign.value, x.exponent.value, x.significand.value);
    const limit = i64.add(i64.const(MAX_INTEGER), i64.extendU(x.sign.value));
    f.if(i64.gtU(magnitude.value, limit), invalid);
    raise(f, w.and(flags.value, ALL_FLAGS));
    const value = i64.wrap(magnitude.value);
    f.return(w.select(x.sign.value, w.sub(0, value), value));
  };
}

/** Body of (value) -> double. */
export function integerToDouble(f: FunctionBuilder): void {
  f.return(f64.bits(f64.fromI32(f.param(0))));
}

/** Body of (value, mxcsr) -> single: the double, which is exact, rounded. */
export function integerToSingle(f: FunctionBuilder, m: ModuleBuilder): void {
  f.if(w.or(w.eqz(f.param(0)), nativeAllowed(f.param(1))), () => f.return(f32.bits(f32.fromI32(f.param(0)))));
  const double = f.hold(f64.bits(f64.fromI32(f.param(0))));
  const outcome = new BitsOutcome(f, m, F32, controlOf(f, f.param(1)));
  const x = unpackBits(f, F64, double);
  outcome.round(x.sign.value, x.exponent.value, x.significand.value, ZERO);
}

/** Body of f32ToF64: CVTSS2SD. */
export function singleToDouble(f: FunctionBuilder, m: ModuleBuilder): void {
  const mxcsr = f.param(1);
  const control = controlOf(f, mxcsr);
  const outcome = new BitsOutcome(f, m, F64, control);
  const aligned = readOperand(f, F32, f.param(0), mxcsr);
  f.if(isNanBits(F32, aligned), () => {
    raise(f, w.select(isSignallingBits(F32, aligned), IE, 0));
    const sign = i64.and(aligned, i64.const(INTEGER_BIT));
    const payload = i64.shrU(i64.and(aligned, i64.const(INTEGER_BIT - 1n)), i64.const(3n));
    const rest = i64.const(0x7ff8n << 48n);
    outcome.aligned(i64.or(i64.or(sign, payload), rest));
  });
  f.if(isDenormalBits(F32, aligned), () => raiseDenormal(f, outcome, control));
  f.return(f64.bits(f64.promote(f32.fromBits(unalign(F32, aligned) as Expr))));
}

/** Body of f64ToF32: CVTSD2SS. */
export function doubleToSingle(f: FunctionBuilder, m: ModuleBuilder): void {
  const mxcsr = f.param(1);
  f.if(nativeAllowed(mxcsr), () => {
    const single = f.let(f32.bits(f32.demote(f64.fromBits(f.getAs('i64', 0)))));
    f.if(ordinaryResult(F32, f.hold(align(F32, single))), () => f.return(single));
  });
  const control = controlOf(f, mxcsr);
  const outcome = new BitsOutcome(f, m, F32, control);
  const aligned = readOperand(f, F64, f.getAs('i64', 0), mxcsr);
  const x = unpackBits(f, F64, aligned);
  const classes = classified(f, F64, x);
  f.if(w.eq(x.exponent.value, F64.maxExponent + rebias(F64)), () => {
    f.if(isNanBits(F64, aligned), () => {
      raise(f, w.select(isSignallingBits(F64, aligned), IE, 0));
      const sign = i64.and(aligned, i64.const(INTEGER_BIT));
      const payload = i64.shrU(i64.shl(aligned, i64.const(12n)), i64.const(9n));
      const rest = i64.const(0x7f800000n << 32n);
      outcome.aligned(i64.or(i64.or(i64.or(sign, payload), rest), i64.const(alignedQuietBit(F32))));
    });
    outcome.infinity(x.sign.value);
  });
  f.if(classes.zero, () => outcome.zero(x.sign.value));
  f.if(isDenormalBits(F64, aligned), () => raiseDenormal(f, outcome, control));
  normaliseOperand(f, F64, x);
  outcome.round(x.sign.value, x.exponent.value, x.significand.value, ZERO);
}
