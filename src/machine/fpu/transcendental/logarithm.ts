import { DEFAULT_NAN, type Float80, infinity, one, zero } from '../float80';
import { Exception } from '../words';
import { logarithmOf, logarithmOf1Plus } from './binary-logarithm';
import {
  answerToNaN,
  denormalFlag,
  type Finite,
  finiteOf,
  isInfinite,
  isZero,
  type Operand,
  operandOf,
} from './operands';
import { invalid, plain, type TranscendentalResult, withFlags } from './result';
import { type Real, round } from './rounding';

function product(logarithm: Real, { significand, exponent, negative }: Finite): Real {
  return {
    magnitude: logarithm.magnitude * significand,
    scale: logarithm.scale + 63 - exponent,
    negative: logarithm.negative !== negative,
    exact: logarithm.exact,
  };
}

/** y * log2(x), where that takes a computation. */
function compute(x: Operand, y: Operand, control: number, binaryLogarithm: (x: Finite) => Real): TranscendentalResult {
  const rounded = () => round(product(binaryLogarithm(finiteOf(x)), finiteOf(y)), control);
  return withFlags(denormalFlag(x, y), control, rounded);
}

/**
 * FYL2X: ST(1) * log2(ST(0)); the result replaces ST(1), the caller pops. SDM vol. 2A, "FYL2X".
 * @param st0 the argument of the logarithm
 * @param st1 the factor
 */
export function fyl2x(st0: Float80, st1: Float80, control: number): TranscendentalResult {
  const x = operandOf(st0);
  const y = operandOf(st1);
  return (
    answerToNaN(control, x, y) ??
    answerToPole(x, y, control) ??
    answerToLimit(x, y, control) ??
    compute(x, y, control, logarithmOf)
  );
}

/** Zero and negative numbers have no logarithm; the pole of zero is a division by zero. */
function answerToPole(x: Operand, y: Operand, control: number): TranscendentalResult | undefined {
  if (isZero(x)) {
    if (isZero(y)) return invalid(control, DEFAULT_NAN);
    const pole = plain(infinity(!y.negative));
    return isInfinite(y) ? pole : withFlags(Exception.ZeroDivide, control, () => pole);
  }
  return x.negative ? invalid(control, DEFAULT_NAN) : undefined;
}

/** A product that is zero or infinite, or 0 * infinity. */
function answerToLimit(x: Operand, y: Operand, control: number): TranscendentalResult | undefined {
  const { exponent, mantissa } = one(false);
  const isOne = x.mantissa === mantissa && x.exponent === exponent;
  const toZero = isOne || isZero(y);
  const toInfinity = isInfinite(x) || isInfinite(y);
  if (!toZero && !toInfinity) return undefined;
  if (toZero && toInfinity) return invalid(control, DEFAULT_NAN);
  const negative = y.negative !== x.exponent < exponent;
  return withFlags(denormalFlag(x, y), control, () => plain(toZero ? zero(negative) : infinity(negative)));
}

/**
 * FYL2XP1: ST(1) * log2(1 + ST(0)); the result replaces ST(1), the caller pops. SDM vol. 2A, "FYL2XP1".
 *
 * Outside of sqrt(1/2) - 1 to sqrt(2) - 1 the result is undefined. Like the AMD family 19h we give the product all the same, and for
 * a finite ST(0) of -1 or less that operand itself.
 */
export function fyl2xp1(st0: Float80, st1: Float80, control: number): TranscendentalResult {
  const x = operandOf(st0);
  const y = operandOf(st1);
  return (
    answerToNaN(control, x, y) ??
    answerToLimitOf1Plus(x, y, control) ??
    (x.negative && finiteOf(x).exponent >= 0
      ? withFlags(denormalFlag(y), control, () => ({ value: st0, flags: Exception.Precision }))
      : compute(x, y, control, logarithmOf1Plus))
  );
}

function answerToLimitOf1Plus(x: Operand, y: Operand, control: number): TranscendentalResult | undefined {
  const toZero = isZero(x) || isZero(y);
  const toInfinity = isInfinite(x) || isInfinite(y);
  if (!toZero && !toInfinity) return undefined;
  if ((toZero && toInfinity) || (isInfinite(x) && x.negative)) return invalid(control, DEFAULT_NAN);
  const negative = y.negative !== x.negative;
  return withFlags(denormalFlag(x, y), control, () => plain(toZero ? zero(negative) : infinity(negative)));
}
