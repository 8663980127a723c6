import {
  classify,
  DEFAULT_NAN,
  EXPONENT_BIAS,
  type Float80,
  Float80Class,
  INTEGER_BIT,
  isNegative,
  MAX_EXPONENT,
  quiet,
} from '../float80';
import { Exception } from '../words';
import { bitLength } from './fixed-point';
import { invalid, plain, type TranscendentalResult } from './result';

/** An operand with its class. */
export interface Operand extends Float80 {
  readonly class: Float80Class;
  readonly negative: boolean;
}

export function operandOf(value: Float80): Operand {
  const { mantissa, exponent } = value;
  return { mantissa, exponent, class: classify(value), negative: isNegative(value) };
}

export function isZero(operand: Operand): boolean {
  return operand.class === Float80Class.Zero;
}

export function isInfinite(operand: Operand): boolean {
  return operand.class === Float80Class.Infinity;
}

/** The DE flag if an operand is denormal. */
export function denormalFlag(...operands: readonly Operand[]): number {
  const denormal = operands.some(
    (it) => it.class === Float80Class.Denormal || it.class === Float80Class.PseudoDenormal,
  );
  return denormal ? Exception.Denormal : 0;
}

function isNaN80(operand: Operand): boolean {
  return operand.class === Float80Class.QuietNaN || operand.class === Float80Class.SignalingNaN;
}

function isSignaling(operand: Operand): boolean {
  return operand.class === Float80Class.SignalingNaN;
}

/**
 * Deals with operands that are no numbers: unsupported formats first, then NaNs by SDM vol. 1, table 4-7. They suppress DE.
 * @returns undefined if all operands are numbers or infinities
 */
export function answerToNaN(control: number, x: Operand, y: Operand = x): TranscendentalResult | undefined {
  if (x.class === Float80Class.Unsupported || y.class === Float80Class.Unsupported)
    return invalid(control, DEFAULT_NAN);
  if (!isNaN80(x) && !isNaN80(y)) return undefined;
  const nan = quiet(choose(x, y));
  return isSignaling(x) || isSignaling(y) ? invalid(control, nan) : plain(nan);
}

/** The NaN that goes on: a quiet one before a signalling one, else the larger significand, else the positive one. */
function choose(x: Operand, y: Operand): Float80 {
  if (!isNaN80(x)) return y;
  if (!isNaN80(y)) return x;
  if (isSignaling(x) !== isSignaling(y)) return isSignaling(x) ? y : x;
  if (x.mantissa !== y.mantissa) return x.mantissa > y.mantissa ? x : y;
  return x.negative ? y : x;
}

/** A finite number other than zero: `significand * 2^(exponent - 63)`, with bit 63 of the significand set. */
export interface Finite {
  readonly significand: bigint;
  /** Unbiased. */
  readonly exponent: number;
  readonly negative: boolean;
}

/** Normalizes denormals. */
export function finiteOf({ mantissa, exponent, negative }: Operand): Finite {
  const unbiased = Math.max(exponent & MAX_EXPONENT, 1) - EXPONENT_BIAS;
  if (mantissa & INTEGER_BIT) return { significand: mantissa, exponent: unbiased, negative };
  const missing = 64 - bitLength(mantissa);
  return { significand: mantissa << BigInt(missing), exponent: unbiased - missing, negative };
}
