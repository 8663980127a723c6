import { FPU_SCRATCH, VECTOR_STRIDE } from '../../layout';
import * as w from '../wasm/expression';
import type { Expr, Expr64 } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import type { ModuleBuilder } from '../wasm/module';
import { align, unalign, unpackBits } from './bits';
import type { FloatRoutine } from './declare';
import { C1, DE, IE, PE, ZE } from './flags';
import { F32, F64, F80, type Format, INTEGER_BIT, QUIET_BIT, rebias } from './format';
import type { BinaryOperation, Outcome, UnaryOperation, Unpacked } from './operation';
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
const PE_SHIFT = Math.log2(PE) + FLAGS_SHIFT;
const C1_SHIFT = Math.log2(C1) + FLAGS_SHIFT;

const [DST, A, B] = [0, 1, 2].map((i) => w.constant(FPU_SCRATCH + i * VECTOR_STRIDE));

/**
 * Exponents of operands that are dealt with here: 2^-4095 to 2^4096. Sums, products, quotients and roots of such numbers are
 * normal for sure. The window's size is a power of two, so that one comparison does for several exponents.
 */
const FIRST_EXPONENT = 0x3000;
const EXPONENTS = 0x2000;

/** Less than EXPONENTS if the exponent is within the window. */
const inWindow = (exponent: Expr): Expr => w.sub(exponent, FIRST_EXPONENT);

/** 0 if RC is to nearest, else more than any exponent. */
const notNearest = (control: Expr): Expr => w.shl(w.and(control, ROUNDING_CONTROL), 16);

/** Where a result is cut, as the bits of `high`. */
interface Cut {
  /** Value of the last bit that is kept, and that bit. */
  readonly unit: Expr64;
  readonly odd: Expr64;
  /** What is below, and what would be half of the unit. */
  readonly tail: Expr64;
  readonly half: Expr64;
}

/** Ends of an operation on numbers within the window, RC to nearest: returns value, top and flags. */
class ValueOutcome implements Outcome {
  constructor(
    private readonly f: FunctionBuilder,
    private readonly control: Expr,
  ) {}

  round: Outcome['round'] = (sign, exponent, high, low) => {
    const { f, control } = this;
    const value = f.hold(high);
    const rest = f.hold(low);
    const finish = ({ unit, odd, tail, half }: Cut, kept: Expr64) => {
      const below = f.hold(tail);
      // Ties to even.
      const up = f.let(i64.gtU(below, i64.sub(half, odd)));
      const rounded = f.hold(i64.add(kept, i64.select(up, unit, ZERO)));
      const carry = f.let(i64.eqz(rounded));
      const significand = i64.or(rounded, i64.shl(i64.extendU(carry), i64.const(63n)));
      const flags = w.or(w.shl(i64.ne(below, ZERO), PE_SHIFT), w.shl(up, C1_SHIFT));
      const top = w.or(w.shl(sign, 15), w.add(exponent, carry));
      f.returnMany([significand, w.or(top, flags)]);
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
    throw new Error('no infinity comes of numbers within the window');
  }

  zero(sign: Expr): void {
    this.f.returnMany([ZERO, w.shl(sign, 15)]);
  }

  /** Never while RC is to nearest. */
  roundingDown(): Expr {
    return w.constant(0);
  }
}

/** Returns value, top and flags of a result in the place DST. */
function returnPlace(f: FunctionBuilder, flags: Expr): void {
  f.returnMany([loadSignificand(DST), w.or(loadTop(DST), w.shl(flags, FLAGS_SHIFT))]);
}

/** Returns the result of numbers within the window; else goes on. */
function returnUsual(
  f: FunctionBuilder,
  m: ModuleBuilder,
  operation: BinaryOperation,
  [a, b]: readonly [Unpacked, Unpacked],
  control: Expr,
): void {
  const window = w.or(w.or(inWindow(a.exponent.value), inWindow(b.exponent.value)), notNearest(control));
  const normal = i64.ltS(i64.and(a.significand.value, b.significand.value), ZERO);
  f.if(w.and(w.ltU(window, EXPONENTS), normal), () => {
    if (operation.negateSecond) b.sign.value = w.xor(b.sign.value, 1);
    operation.finite(f, m, a, b, new ValueOutcome(f, control));
  });
}

/** Body of (a, top of a, b, top of b, control) -> value, top and flags. `name` is the function of places that knows every case. */
export function binaryOnValues(operation: BinaryOperation, name: FloatRoutine) {
  return (f: FunctionBuilder, m: ModuleBuilder): void => {
    const control = f.param(4);
    returnUsual(f, m, operation, [unpackValue(f, 0, 1), unpackValue(f, 2, 3)], control);
    storePlace(f, A, f.param(1), f.getAs('i64', 0));
    storePlace(f, B, f.param(3), f.getAs('i64', 2));
    returnPlace(f, f.let(f.callValue(m.indexOf(name), [DST, A, B, control])));
  };
}

/** Formats of operands in memory. */
const FROM_BITS = {
  F32: { format: F32, type: 'i32', convert: 'f80FromF32' },
  F64: { format: F64, type: 'i64', convert: 'f80FromF64' },
} as const;

/** Puts a single or double into the place B, exactly: a signalling NaN stays one. Gives DE where it is denormal. */
function placeSource(f: FunctionBuilder, m: ModuleBuilder, convert: FloatRoutine, bits: Expr | Expr64): Expr {
  const flags = f.let(f.callValue(m.indexOf(convert), [B, bits]));
  f.if(w.and(flags, IE), () => {
    f.emit(i64.store(B, i64.and(loadSignificand(B), i64.const(~QUIET_BIT))));
  });
  return f.let(w.and(flags, DE));
}

/** A single or double that is normal, taken apart; else goes on without `body`. */
function ifNormal(f: FunctionBuilder, format: Format, bits: Expr | Expr64, body: (x: Unpacked) => void): void {
  const x = unpackBits(f, format, f.hold(align(format, bits)));
  f.if(w.ltU(w.sub(x.exponent.value, rebias(format) + 1), format.maxExponent - 1), () => body(x));
}

/**
 * Body of (a, top of a, bits, control) -> value, top and flags: the second operand is a single or double in memory, or the
 * first if `reversed`.
 */
export function binaryWithBits(
  operation: BinaryOperation,
  name: FloatRoutine,
  source: keyof typeof FROM_BITS,
  reversed: boolean,
) {
  const { format, type, convert } = FROM_BITS[source];
  return (f: FunctionBuilder, m: ModuleBuilder): void => {
    const bits = f.getAs(type, 2);
    const control = f.param(3);
    ifNormal(f, format, bits, (b) => {
      const a = unpackValue(f, 0, 1);
      returnUsual(f, m, operation, reversed ? [b, a] : [a, b], control);
    });
    storePlace(f, A, f.param(1), f.getAs('i64', 0));
    const denormal = placeSource(f, m, convert, bits);
    const flags = f.let(f.callValue(m.indexOf(name), [DST, ...(reversed ? [B, A] : [A, B]), control]));
    returnPlace(f, withDenormalSource(f, flags, denormal));
  };
}

/** Body of (a, top of a, bits) -> flags with C3, C2, C0: compares with a single or double in memory. */
export function compareWithBits(source: keyof typeof FROM_BITS) {
  const { format, type, convert } = FROM_BITS[source];
  return (f: FunctionBuilder, m: ModuleBuilder): void => {
    const bits = f.getAs(type, 2);
    const x87Compare = (b: readonly [Expr64, Expr]) =>
      f.callValue(m.indexOf('x87Compare'), [f.getAs('i64', 0), f.param(1), ...b, 0]);
    ifNormal(f, format, bits, ({ significand, exponent, sign }) => {
      f.return(x87Compare([significand.value, w.or(w.shl(sign.value, 15), exponent.value)]));
    });
    storePlace(f, A, f.param(1), f.getAs('i64', 0));
    const denormal = placeSource(f, m, convert, bits);
    f.return(withDenormalSource(f, f.let(x87Compare([loadSignificand(B), loadTop(B)])), denormal));
  };
}

/** Adds the DE of the operand in memory, while all exceptions are masked: a NaN, an IE and a ZE come before it (SDM vol. 1, 4.9.2). */
function withDenormalSource(f: FunctionBuilder, flags: Expr, denormal: Expr): Expr {
  const exponent = w.and(loadTop(A), F80.maxExponent);
  const otherIsNan = w.and(w.eq(exponent, F80.maxExponent), w.eqz(i64.eqz(i64.shl(loadSignificand(A), ONE))));
  return f.let(w.or(flags, w.select(w.or(otherIsNan, w.and(flags, IE | ZE)), 0, denormal)));
}

/** Body of (a, top of a, control) -> value, top and flags; negative operands go through places. */
export function unaryOnValues(operation: UnaryOperation, name: FloatRoutine) {
  return (f: FunctionBuilder, m: ModuleBuilder): void => {
    const control = f.param(2);
    const a = unpackValue(f, 0, 1);
    // A sign would be above the window.
    const window = w.or(inWindow(f.param(1)), notNearest(control));
    f.if(w.and(w.ltU(window, EXPONENTS), i64.ltS(a.significand.value, ZERO)), () =>
      operation.finite(f, m, a, new ValueOutcome(f, control)),
    );
    storePlace(f, A, f.param(1), f.getAs('i64', 0));
    returnPlace(f, f.let(f.callValue(m.indexOf(name), [DST, A, control])));
  };
}

/** Body of (bits) -> value, top and flags. */
export function valueFromBits(source: keyof typeof FROM_BITS) {
  const { format, type, convert } = FROM_BITS[source];
  return (f: FunctionBuilder, m: ModuleBuilder): void => {
    const bits = f.getAs(type, 0);
    const aligned = f.hold(align(format, bits));
    f.if(i64.eqz(i64.shl(aligned, ONE)), () => f.returnMany([ZERO, signOfBits(aligned)]));
    returnPlace(f, f.let(f.callValue(m.indexOf(convert), [DST, bits])));
  };
}

/** The sign of aligned bits where a top has it. */
const signOfBits = (aligned: Expr64): Expr => w.shl(i64.wrap(i64.shrU(aligned, i64.const(63n))), 15);

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
      const inexact = w.shl(i64.ne(tail, ZERO), Math.log2(PE));
      deliver(format === F32 ? i64.shl(bits, i64.const(32n)) : bits, w.or(inexact, w.shl(up, Math.log2(C1))));
    });
    f.if(w.and(i64.eqz(significand), w.eqz(w.and(top, F80.maxExponent))), () => deliver(ZERO, w.constant(0)));
    storePlace(f, A, top, significand);
    const flags = f.let(f.callValue(m.indexOf(name), [DST, A, control]));
    f.returnMany([format === F64 ? i64.load(DST) : w.load32(DST), flags]);
  };
}
