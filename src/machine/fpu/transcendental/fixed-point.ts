/**
 * Fixed-point arithmetic on BigInt: a number is an integer in units of 2^-128 unless said otherwise. Twice the width of
 * a significand, so that a result is rounded wrongly once in some 2^50 calls.
 */

/** Fraction bits. */
export const FRACTION = 128n;
export const ONE = 1n << FRACTION;

/** A magnitude: `magnitude * 2^-scale`. The scale is a plain number and may be far beyond the range of the format. */
export interface Scaled {
  readonly magnitude: bigint;
  readonly scale: number;
}

/** A magnitude that is in fixed point. */
export function fixed(magnitude: bigint): Scaled {
  return { magnitude, scale: Number(FRACTION) };
}

/** pi, to 128 fraction bits (truncated). */
export const PI = 0x3243f6a8885a308d313198a2e03707344n;
/** Natural logarithm of 2. */
export const LN2 = 0xb17217f7d1cf79abc9e3b39803f2f6afn;
/** Binary logarithm of e. */
export const LOG2_E = 0x171547652b82fe1777d0ffda0d23a7d11n;

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/** Number of bits of a positive integer below 2^1023. */
export function bitLength(value: bigint): number {
  float[0] = Number(value);
  const bits = (words[1] >>> 20) - 1022;
  // The conversion rounds to nearest: an integer just below a power of two may have reached it.
  return value >> BigInt(bits - 1) === 0n ? bits - 1 : bits;
}

/** Shifts left, or right by a negative distance (towards minus infinity). */
export function shift(value: bigint, distance: number): bigint {
  return distance >= 0 ? value << BigInt(distance) : value >> BigInt(-distance);
}

/** `value * 2^-scale` in fixed point; zero where it is too small. */
export function toFixed(value: bigint, scale: number): bigint {
  return scale > 1000 ? 0n : shift(value, Number(FRACTION) - scale);
}

/** c0 + c1 x + c2 x^2 + ... by Horner's rule. */
export function ascending(coefficients: readonly bigint[], x: bigint): bigint {
  let sum = coefficients[coefficients.length - 1];
  for (let i = coefficients.length - 2; i >= 0; i--) sum = coefficients[i] + ((sum * x) >> FRACTION);
  return sum;
}

/** c0 - c1 x + c2 x^2 - ... by Horner's rule. */
export function alternating(coefficients: readonly bigint[], x: bigint): bigint {
  let sum = coefficients[coefficients.length - 1];
  for (let i = coefficients.length - 2; i >= 0; i--) sum = coefficients[i] - ((sum * x) >> FRACTION);
  return sum;
}

/**
 * Cuts a series of coefficients where its terms vanish in fixed point.
 * @param argumentBits the argument is below 2^-argumentBits
 */
function series(coefficient: (index: number) => bigint, argumentBits: number): bigint[] {
  const coefficients: bigint[] = [];
  for (let i = 0; ; i++) {
    const next = coefficient(i);
    if (next >> BigInt(argumentBits * i) === 0n) return coefficients;
    coefficients.push(next);
  }
}

/** 1, 1/3, 1/5, ...: the series of the inverse tangents in the square of their argument. */
export function oddReciprocals(argumentBits: number): bigint[] {
  return series((i) => ONE / BigInt(2 * i + 1), argumentBits);
}

/** 1/first!, 1/(first + step)!, ...: the series of the sine, the cosine and the exponential. */
export function factorialReciprocals(first: number, step: number, argumentBits: number): bigint[] {
  return series((i) => ONE / factorial(first + step * i), argumentBits);
}

function factorial(n: number): bigint {
  let product = 1n;
  for (let k = 2n; k <= n; k++) product *= k;
  return product;
}
