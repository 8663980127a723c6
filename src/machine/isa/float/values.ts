import { FPU_SCRATCH, VECTOR_STRIDE } from '../../layout';
import * as w from '../wasm/expression';
import type { Expr, Expr64 } from '../wasm/expression';
import type { FunctionBuilder, Label } from '../wasm/function';
import { i64 } from '../wasm/i64';
import type { ModuleBuilder } from '../wasm/module';
import { unalign } from './bits';
import type { FloatRoutine } from './declare';
import { C1, PE } from './flags';
import { F32, F64, F80, type Format, INTEGER_BIT, rebias } from './format';
import type { BinaryOperation, Outcome, UnaryOperation } from './operation';
import { loadSignificand, loadTop, storePlace, unpackValue } from './place';

/**
 * The x87's arithmetic on values instead of places, for code that keeps registers in locals: a value is its significand and
 * its *top*, sign and exponent as the upper 16 bits of a register hold them. What occurs most is done here: normal operands, RC to
 * nearest, a normal result. All else goes through places to the functions that know every case.
 */

const ZERO = i64.const(0n);
const ONE = i64.const(1n);
const HALF = i64.const(INTEGER_BIT);

/** RC in a control word. */
const ROUNDING_CONTROL = 0xc00;
/** The bit of PC that is set where significands have all 64 bits: 11, and the reserved 01. */
const EXTENDED_PRECISION = 0x100;
/** The bit of PC that tells 10, double, from 00, single. */
const DOUBLE_PRECISION = 0x200;

/** Flags go with the top of a result: this far above it. */
export const FLAGS_SHIFT = 16;

const [DST, A, B] = [0, 1, 2].map((i) => w.constant(FPU_SCRATCH + i * VECTOR_STRIDE));

/** 1 if an exponent is that of a normal number. */
const isOrdinary = (exponent: Expr): Expr => w.ltU(w.sub(exponent, 1), F80.maxExponent - 1);

/** Where a result is cut, as the bits of `high`. */
interface Cut {
  /** Value of the last bit that is kept. */
  readonly unit: Expr64;
  readonly odd: Expr64;
  /** What is below, as a fraction of `scale`; its half. */
  readonly tail: Expr64;
  readonly half: Expr64;
}

/** Ends of an operation on values: returns the result, or branches to where places are used. */
class ValueOutcome implements Outcome {
  constructor(
    private readonly f: FunctionBuilder,
    private readonly control: Expr,
    private readonly slow: Label,
  ) {}

  round: Outcome['round'] = (sign, exponent, high, low) => {
    const { f, control } = this;
    const value = f.hold(high);
    const rest = f.hold(low);
    const finish = ({ unit, odd, tail, half }: Cut, kept: Expr64) => {
      const below = f.hold(tail);
      // To nearest, ties to even.
      const up = f.let(i64.gtU(below, i64.sub(half, odd)));
      const rounded = f.hold(i64.add(kept, i64.select(up, unit, ZERO)));
      const carry = f.let(i64.eqz(rounded));
      const raised = f.let(w.add(exponent, carry));
      f.branchIf(w.eqz(isOrdinary(raised)), this.slow);
      const inexact = w.mul(i64.ne(below, ZERO), PE << FLAGS_SHIFT);
      const flags = w.or(inexact, w.mul(up, C1 << FLAGS_SHIFT));
      const top = w.or(w.shl(sign, 15), raised);
      f.returnMany([i64.or(rounded, i64.shl(i64.extendU(carry), i64.const(63n))), w.or(top, flags)]);
    };
    f.if(w.and(control, EXTENDED_PRECISION), () =>
      finish({ unit: ONE, odd: i64.and(value, ONE), tail: rest, half: HALF }, value),
    );
    const unit = f.hold(i64.select(w.and(control, DOUBLE_PRECISION), i64.const(1n << 11n), i64.const(1n << 40n)));
    const odd = i64.extendU(i64.ne(i64.and(value, unit), ZERO));
    const tail = i64.or(i64.and(value, i64.sub(unit, ONE)), i64.extendU(i64.ne(rest, ZERO)));
    finish({ unit, odd, tail, half: i64.shrU(unit, ONE) }, i64.and(value, i64.sub(ZERO, unit)));
  };

  infinity(): void {
    this.f.branch(this.slow);
  }

  zero(sign: Expr): void {
    this.f.returnMany([ZERO, w.shl(sign, 15)]);
  }

  /** Never while RC is to nearest. */
  roundingDown(): Expr {
    return w.constant(0);
  }
}

/** Calls a function that has its result in the place DST and gives flags; returns both. */
function returnOfPlaces(f: FunctionBuilder, m: ModuleBuilder, name: FloatRoutine, args: readonly Expr[]): void {
  const flags = f.let(f.callValue(m.indexOf(name), [DST, ...args]));
  f.returnMany([loadSignificand(DST), w.or(loadTop(DST), w.shl(flags, FLAGS_SHIFT))]);
}

/** Body of (a, top of a, b, top of b, control) -> value, top and flags. `name` is the function of places that knows every case. */
export function binaryOnValues(operation: BinaryOperation, name: FloatRoutine) {
  return (f: FunctionBuilder, m: ModuleBuilder): void => {
    const control = f.param(4);
    f.block((slow) => {
      const a = unpackValue(f, 0, 1);
      const b = unpackValue(f, 2, 3);
      const normal = i64.ltS(i64.and(a.significand.value, b.significand.value), ZERO);
      const ordinary = w.and(isOrdinary(a.exponent.value), isOrdinary(b.exponent.value));
      f.branchIf(w.eqz(w.and(ordinary, normal)), slow);
      f.branchIf(w.and(control, ROUNDING_CONTROL), slow);
      if (operation.negateSecond) b.sign.value = w.xor(b.sign.value, 1);
      operation.finite(f, m, a, b, new ValueOutcome(f, control, slow));
    });
    storePlace(f, A, f.param(1), f.getAs('i64', 0));
    storePlace(f, B, f.param(3), f.getAs('i64', 2));
    returnOfPlaces(f, m, name, [A, B, control]);
  };
}

/** Body of (a, top of a, control) -> value, top and flags; negative operands go through places. */
export function unaryOnValues(operation: UnaryOperation, name: FloatRoutine) {
  return (f: FunctionBuilder, m: ModuleBuilder): void => {
    const control = f.param(2);
    f.block((slow) => {
      const a = unpackValue(f, 0, 1);
      const ordinary = w.and(isOrdinary(f.param(1)), i64.ltS(a.significand.value, ZERO));
      f.branchIf(w.eqz(ordinary), slow);
      f.branchIf(w.and(control, ROUNDING_CONTROL), slow);
      operation.finite(f, m, a, new ValueOutcome(f, control, slow));
    });
    storePlace(f, A, f.param(1), f.getAs('i64', 0));
    returnOfPlaces(f, m, name, [A, control]);
  };
}

/** Body of (bits) -> value, top and flags, for all there is. */
export function valueFromBits(type: 'i32' | 'i64', name: FloatRoutine) {
  return (f: FunctionBuilder, m: ModuleBuilder): void => returnOfBits(f, m, name, f.getAs(type, 0));
}

function returnOfBits(f: FunctionBuilder, m: ModuleBuilder, name: FloatRoutine, bits: Expr | Expr64): void {
  const flags = f.let(f.callValue(m.indexOf(name), [DST, bits]));
  f.returnMany([loadSignificand(DST), w.or(loadTop(DST), w.shl(flags, FLAGS_SHIFT))]);
}

/** Body of (a, top of a, control) -> bits, flags: rounds for memory. `name` is the function of places that knows every case. */
export function valueToBits(format: Format, name: FloatRoutine) {
  const dropped = BigInt(64 - format.precision);
  const unit = i64.const(1n << dropped);
  return (f: FunctionBuilder, m: ModuleBuilder): void => {
    const significand = f.getAs('i64', 0);
    const [top, control] = [f.param(1), f.param(2)];
    const deliver = (magnitude: Expr64, flags: Expr) => {
      const sign = i64.shl(i64.extendU(w.shrU(top, 15)), i64.const(63n));
      f.returnMany([unalign(format, i64.or(sign, magnitude)), flags]);
    };
    const exponent = f.let(w.sub(w.and(top, F80.maxExponent), rebias(format)));
    // The largest exponent is left out: rounding up may lead beyond it.
    const ordinary = w.and(w.ltU(w.sub(exponent, 1), format.maxExponent - 2), i64.ltS(significand, ZERO));
    f.if(w.and(ordinary, w.eqz(w.and(control, ROUNDING_CONTROL))), () => {
      const tail = f.hold(i64.and(significand, i64.sub(unit, ONE)));
      const kept = f.hold(i64.shrU(significand, i64.const(dropped)));
      const up = f.let(i64.gtU(i64.add(tail, i64.and(kept, ONE)), i64.shrU(unit, ONE)));
      // The integer bit, and a carry, count on into the exponent.
      const field = i64.shl(i64.extendU(w.sub(exponent, 1)), i64.const(BigInt(format.precision - 1)));
      const bits = i64.add(i64.add(field, kept), i64.extendU(up));
      const inexact = w.mul(i64.ne(tail, ZERO), PE);
      deliver(format === F32 ? i64.shl(bits, i64.const(32n)) : bits, w.or(inexact, w.mul(up, C1)));
    });
    f.if(w.and(i64.eqz(significand), w.eqz(w.and(top, F80.maxExponent))), () => deliver(ZERO, w.constant(0)));
    storePlace(f, A, top, significand);
    const flags = f.let(f.callValue(m.indexOf(name), [DST, A, control]));
    f.returnMany([format === F64 ? i64.load(DST) : w.load32(DST), flags]);
  };
}
