import type { Expr, Expr64 } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import type { ModuleBuilder } from '../wasm/module';
import type { Variable } from './variable';

/**
 * A number taken apart: its value is significand * 2^(exponent - 16383 - 63), the top bit of the significand is set.
 * While operands are still to be classified, the exponent of infinities is that of their format and zeros have a
 * significand of zero.
 */
export interface Unpacked {
  /** 0 or 1. */
  readonly sign: Variable<'i32'>;
  readonly exponent: Variable<'i32'>;
  readonly significand: Variable<'i64'>;
}

/** Classes of an operand that is not a NaN. Each is an expression that is 1 or 0. */
export interface Classes {
  readonly infinity: Expr;
  readonly zero: Expr;
}

/** Ways for an operation to end. Each leaves the function. */
export interface Outcome {
  /** A finite result other than zero, as in round.ts. */
  round(sign: Expr, exponent: Expr, high: Expr64, low: Expr64): void;
  infinity(sign: Expr): void;
  zero(sign: Expr): void;
  /** 1 while RC is towards minus infinity, when exact differences of zero are negative. */
  roundingDown(): Expr;
}

/** An arithmetic operation of two operands on unpacked numbers, the same in all formats. NaNs never get here. */
export interface BinaryOperation {
  /** Takes the second operand with its sign turned. */
  readonly negateSecond?: true;
  /** Raises IE. */
  invalid(a: Unpacked & Classes, b: Unpacked & Classes): Expr;
  /** Raises ZE. */
  zeroDivide?(a: Classes, b: Classes): Expr;
  /** Ends with the result if an infinity or zero among the operands decides it. */
  special(f: FunctionBuilder, a: Unpacked & Classes, b: Unpacked & Classes, outcome: Outcome): void;
  /** Ends with the result of numbers other than infinities; a zero left over by `special` has the least exponent. */
  finite(f: FunctionBuilder, m: ModuleBuilder, a: Unpacked, b: Unpacked, outcome: Outcome): void;
}

/** The same for one operand. */
export interface UnaryOperation {
  invalid(a: Unpacked & Classes): Expr;
  special(f: FunctionBuilder, a: Unpacked & Classes, outcome: Outcome): void;
  finite(f: FunctionBuilder, m: ModuleBuilder, a: Unpacked, outcome: Outcome): void;
}
