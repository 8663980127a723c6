import { FLOAT_FLAGS } from '../../layout';
import * as w from '../wasm/expression';
import type { Expr, Expr64 } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import type { ModuleBuilder } from '../wasm/module';
import {
  align,
  alignedInfinity,
  alignedMinimum,
  alignedQuietBit,
  alignedSign,
  isDenormalBits,
  isNanBits,
  isSignallingBits,
  magnitude,
  unalign,
  unpackBits,
} from './bits';
import { DE, IE, PE, ROUND_DOWN, ZE } from './flags';
import { F64, type Format, INTEGER_BIT } from './format';
import { type NativeBinary, type NativeUnary, nativeBinary, nativeUnary } from './native';
import type { BinaryOperation, Outcome, UnaryOperation } from './operation';
import { classified, normaliseOperand } from './operands';
import { roundingControl } from './round';

/** Skeletons of the arithmetic of SSE: operands, NaNs, exceptions, and the fast path through the host's arithmetic. */

const ZERO = i64.const(0n);
/** All flags of MXCSR; C1 is not among them. */
export const ALL_FLAGS = 0x3f;

/** MXCSR (SDM vol. 1, 10.2.3). */
const MXCSR_DENORMALS_ARE_ZEROS = 0x40;
const MXCSR_FLUSH_TO_ZERO = 0x8000;
const MXCSR_MASKS_SHIFT = 7;
const MXCSR_RC = 0x6000;
const MXCSR_PM = 0x1000;

/** A control word for the shared functions made of MXCSR: masks and RC in their x87 places, FTZ as CONTROL_FLUSH. */
export function controlOf(f: FunctionBuilder, mxcsr: Expr): Expr {
  const masks = w.and(w.shrU(mxcsr, MXCSR_MASKS_SHIFT), ALL_FLAGS);
  const flush = w.shl(w.and(mxcsr, MXCSR_FLUSH_TO_ZERO), 1);
  return f.let(w.or(w.or(masks, w.and(w.shrU(mxcsr, 3), 0xc00)), flush));
}

/** Adds flags to FLOAT_FLAGS. */
export function raise(f: FunctionBuilder, flags: Expr | number): void {
  f.emit(w.store32(FLOAT_FLAGS, w.or(w.load32(FLOAT_FLAGS), flags)));
}

/** Ends of operations whose result is bits. */
export class BitsOutcome implements Outcome {
  constructor(
    private readonly f: FunctionBuilder,
    private readonly m: ModuleBuilder,
    private readonly format: Format,
    private readonly control: Expr,
  ) {}

  round: Outcome['round'] = (sign, exponent, high, low) => {
    const index = this.m.indexOf(`round${this.format.name}`);
    const type = this.format === F64 ? 'i64' : 'i32';
    const [bits, flags] = this.f.callMany([type, 'i32'], index, [sign, exponent, high, low, this.control]);
    raise(this.f, w.and(flags, ALL_FLAGS));
    this.f.return(bits);
  };

  infinity(sign: Expr): void {
    this.aligned(i64.or(alignedSign(sign), i64.const(alignedInfinity(this.format))));
  }

  zero(sign: Expr): void {
    this.aligned(alignedSign(sign));
  }

  roundingDown(): Expr {
    return w.eq(roundingControl(this.control), ROUND_DOWN);
  }

  /** The default NaN with IE: negative, quiet, with no payload. */
  invalid(): void {
    raise(this.f, IE);
    const top = INTEGER_BIT | alignedInfinity(this.format) | alignedQuietBit(this.format);
    this.aligned(i64.const(top));
  }

  /** Bits with their sign on top. */
  aligned(value: Expr64): void {
    this.f.return(unalign(this.format, value));
  }
}

/** An operand with its sign on top; a denormal as zero if DAZ says so. */
export function readOperand(f: FunctionBuilder, format: Format, bits: Expr | Expr64, mxcsr: Expr): Expr64 {
  const aligned = f.hold(align(format, bits));
  const flushed = w.and(isDenormalBits(format, aligned), w.ne(w.and(mxcsr, MXCSR_DENORMALS_ARE_ZEROS), 0));
  return f.hold(i64.select(flushed, i64.and(aligned, i64.const(INTEGER_BIT)), aligned));
}

/** Ends with a NaN if there is one among the operands: the first of them, made quiet (SDM vol. 1, table 4-7). */
export function endIfNanBits(f: FunctionBuilder, format: Format, outcome: BitsOutcome, a: Expr64, b: Expr64): void {
  const aNan = f.let(isNanBits(format, a));
  f.if(w.or(aNan, isNanBits(format, b)), () => {
    const signalling = w.or(isSignallingBits(format, a), isSignallingBits(format, b));
    raise(f, w.select(signalling, IE, 0));
    outcome.aligned(i64.or(i64.select(aNan, a, b), i64.const(alignedQuietBit(format))));
  });
}

/** Raises DE; ends with no meaningful result if that is unmasked. */
export function raiseDenormal(f: FunctionBuilder, outcome: BitsOutcome, control: Expr): void {
  raise(f, DE);
  f.if(w.eqz(w.and(control, DE)), () => outcome.aligned(ZERO));
}

/**
 * 1 if results can come from the host's arithmetic: it rounds to nearest and raises nothing, so RC has to say the
 * same and another inexact result must change nothing.
 */
export const nativeAllowed = (mxcsr: Expr): Expr => w.eq(w.and(mxcsr, MXCSR_RC | MXCSR_PM | PE), MXCSR_PM | PE);

/** 1 if a native result is neither tiny (or rounded up from tiny) nor beyond the range. */
export function ordinaryResult(format: Format, aligned: Expr64): Expr {
  const first = alignedMinimum(format) + 1n;
  return i64.ltU(i64.sub(magnitude(aligned), i64.const(first)), i64.const(alignedInfinity(format) - first));
}

/** Body of (a, b, mxcsr) -> bits. */
export function binaryOnBits(format: Format, operation: BinaryOperation, native: NativeBinary) {
  return (f: FunctionBuilder, m: ModuleBuilder): void => {
    const type = format === F64 ? 'i64' : 'i32';
    const [bitsA, bitsB] = [0, 1].map((index) => f.getAs(type, index));
    const mxcsr = f.param(2);
    f.if(nativeAllowed(mxcsr), () => {
      const denormal = w.or(
        isDenormalBits(format, f.hold(align(format, bitsA))),
        isDenormalBits(format, f.hold(align(format, bitsB))),
      );
      f.if(w.eqz(denormal), () => {
        const result = f.hold(nativeBinary(format, native, bitsA, bitsB));
        const aligned = f.hold(align(format, result));
        const ordinary = ordinaryResult(format, aligned);
        // Differences of zero are exact.
        const exactZero = native === 'add' || native === 'sub' ? i64.eqz(magnitude(aligned)) : 0;
        f.if(w.or(ordinary, exactZero), () => f.return(result));
      });
    });
    const control = controlOf(f, mxcsr);
    const outcome = new BitsOutcome(f, m, format, control);
    const alignedA = readOperand(f, format, bitsA, mxcsr);
    const alignedB = readOperand(f, format, bitsB, mxcsr);
    endIfNanBits(f, format, outcome, alignedA, alignedB);
    const a = classified(f, format, unpackBits(f, format, alignedA));
    const b = classified(f, format, unpackBits(f, format, alignedB));
    if (operation.negateSecond) b.sign.value = w.xor(b.sign.value, 1);
    f.if(operation.invalid(a, b), () => outcome.invalid());
    if (operation.zeroDivide) {
      f.if(operation.zeroDivide(a, b), () => {
        raise(f, ZE);
        outcome.infinity(w.xor(a.sign.value, b.sign.value));
      });
    }
    f.if(w.or(isDenormalBits(format, alignedA), isDenormalBits(format, alignedB)), () =>
      raiseDenormal(f, outcome, control),
    );
    operation.special(f, a, b, outcome);
    normaliseOperand(f, format, a);
    normaliseOperand(f, format, b);
    operation.finite(f, m, a, b, outcome);
  };
}

/** Body of (a, mxcsr) -> bits. */
export function unaryOnBits(format: Format, operation: UnaryOperation, native: NativeUnary) {
  return (f: FunctionBuilder, m: ModuleBuilder): void => {
    const bits = f.getAs(format === F64 ? 'i64' : 'i32', 0);
    const mxcsr = f.param(1);
    f.if(nativeAllowed(mxcsr), () => {
      const aligned = f.hold(align(format, bits));
      const minimum = alignedMinimum(format);
      const normal = i64.ltU(i64.sub(aligned, i64.const(minimum)), i64.const(alignedInfinity(format) - minimum));
      f.if(normal, () => f.return(nativeUnary(format, native, bits)));
    });
    const control = controlOf(f, mxcsr);
    const outcome = new BitsOutcome(f, m, format, control);
    const aligned = readOperand(f, format, bits, mxcsr);
    endIfNanBits(f, format, outcome, aligned, aligned);
    const a = classified(f, format, unpackBits(f, format, aligned));
    f.if(operation.invalid(a), () => outcome.invalid());
    f.if(isDenormalBits(format, aligned), () => raiseDenormal(f, outcome, control));
    operation.special(f, a, outcome);
    normaliseOperand(f, format, a);
    operation.finite(f, m, a, outcome);
  };
}
