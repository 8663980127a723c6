import { type Float80, infinity, INTEGER_BIT, one } from '../float80';
import { Exception } from '../words';
import { ascending, factorialReciprocals, FRACTION, LN2, ONE, toFixed } from './fixed-point';
import { answerToNaN, denormalFlag, type Finite, finiteOf, isInfinite, isZero, operandOf } from './operands';
import { plain, type TranscendentalResult, withFlags } from './result';
import { type Real, round } from './rounding';

/** Exponents are split into a multiple of 1/32 and a rest of at most 1/64. */
const STEPS_LOG2 = 5;

/** (e^t - 1) / t, for |t| <= ln 2 / 64, below 2^-6. */
const EXPONENTIAL = factorialReciprocals(1, 1, 6);

/** 2^(i/32) for i = -32 to 32, by repeated square roots and products. */
const POWERS: readonly bigint[] = powers();

function powers(): bigint[] {
  const guard = 16n;
  const count = 1 << STEPS_LOG2;
  let root = 2n << (FRACTION + guard);
  for (let i = 0; i < STEPS_LOG2; i++) root = squareRoot(root << (FRACTION + guard));
  const table = [ONE << (guard - 1n)];
  for (let i = 1; i <= 2 * count; i++) table.push((table[i - 1] * root) >> (FRACTION + guard));
  return table.map((power) => power >> guard);
}

/** The integer part of a square root, by Newton's method from above. */
function squareRoot(square: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(square.toString(2).length / 2));
  for (;;) {
    const next = (root + square / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** 2^x - 1 for -1 < x < 1, to 2^-117 of itself. */
export function powerOfTwoLess1({ significand, exponent, negative }: Finite): Real {
  const scale = 63 - exponent;
  // x = nearest/32 + rest * 2^-scale
  const spacing = BigInt(scale - STEPS_LOG2);
  const nearest = (significand + (1n << (spacing - 1n))) >> spacing;
  const restOfMagnitude = significand - (nearest << spacing);
  const rest = negative ? -restOfMagnitude : restOfMagnitude;
  // t = rest ln 2; then e^t - 1, to 2^-124 of itself.
  const t = rest * LN2;
  const fine = t * ascending(EXPONENTIAL, toFixed(t, scale + Number(FRACTION)));
  const fineScale = scale + 2 * Number(FRACTION);
  if (nearest === 0n) return { magnitude: fine < 0n ? -fine : fine, scale: fineScale, negative, exact: false };
  const steps = Number(negative ? -nearest : nearest);
  const power = POWERS[steps + (1 << STEPS_LOG2)];
  const result = power + ((power * toFixed(fine, fineScale)) >> FRACTION) - ONE;
  return { magnitude: result < 0n ? -result : result, scale: Number(FRACTION), negative, exact: false };
}

/** What -1 gives. */
const MINUS_HALF: Float80 = { mantissa: INTEGER_BIT, exponent: one(true).exponent - 1 };

/**
 * F2XM1: 2^ST(0) - 1, for ST(0) from -1 to 1. Outside of that the result is undefined (SDM vol. 2A, "F2XM1"); like the
 * AMD family 19h we give the operand itself, and -1 for minus infinity.
 */
export function f2xm1(value: Float80, control: number): TranscendentalResult {
  const x = operandOf(value);
  const nan = answerToNaN(control, x);
  if (nan) return nan;
  if (isInfinite(x)) return plain(x.negative ? one(true) : infinity(false));
  if (isZero(x)) return plain(value);
  const finite = finiteOf(x);
  if (finite.exponent >= 0) {
    const isMinus1 = x.negative && finite.exponent === 0 && finite.significand === INTEGER_BIT;
    return { value: isMinus1 ? MINUS_HALF : value, flags: Exception.Precision };
  }
  return withFlags(denormalFlag(x), control, () => round(powerOfTwoLess1(finite), control));
}
