/**
 * Exact arithmetic for the reference: positive real numbers that are known through how many times a power of two fits
 * into them, and the one rounding that IEEE 754 prescribes. Shares nothing with the code under test.
 */

/** A positive real number x. */
export interface Real {
  /** floor(x * 2^k), and whether that is all of it. */
  scaled(k: number): { floor: bigint; exact: boolean };
  /** The exponent e with 2^e <= x < 2^(e+1), or one next to it. */
  readonly estimate: number;
}

const shift = (value: bigint, by: number): bigint => (by >= 0 ? value << BigInt(by) : value >> BigInt(-by));

const bitLength = (value: bigint): number =>
  value.toString(16).length * 4 - (Math.clz32(parseInt(value.toString(16)[0], 16)) - 28);

/** numerator / denominator * 2^power. */
export function rational(numerator: bigint, denominator = 1n, power = 0): Real {
  return {
    estimate: bitLength(numerator) - bitLength(denominator) + power,
    scaled: (k) => {
      const total = k + power;
      const n = total >= 0 ? shift(numerator, total) : numerator;
      const d = total >= 0 ? denominator : shift(denominator, -total);
      return { floor: n / d, exact: n % d === 0n };
    },
  };
}

/** floor of a square root. */
function integerRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let guess = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/** Square root of value * 2^power. */
export function squareRoot(value: bigint, power: number): Real {
  return {
    estimate: (bitLength(value) + power) >> 1,
    scaled: (k) => {
      // floor(sqrt(v * 4^k)) = floor(sqrt(floor(v * 4^k))) for real v.
      const total = power + 2 * k;
      const radicand = shift(value, total);
      const floor = integerRoot(radicand);
      return { floor, exact: floor * floor === radicand && shift(radicand, -total) === value };
    },
  };
}

/** The exponent e with 2^e <= x < 2^(e+1). */
export function exponentOf(x: Real): number {
  let exponent = x.estimate + 1;
  while (x.scaled(-exponent).floor === 0n) exponent--;
  return exponent;
}

export type RoundingMode = 'nearest' | 'down' | 'up' | 'zero';
/** In the order of RC. */
export const ROUNDING_MODES: readonly RoundingMode[] = ['nearest', 'down', 'up', 'zero'];

/** A real number as a whole number of units of 2^quantum. */
export interface Rounded {
  readonly count: bigint;
  readonly inexact: boolean;
  /** The magnitude grew. */
  readonly up: boolean;
}

/** Rounds the number with that sign to a multiple of 2^quantum. */
export function roundTo(x: Real, quantum: number, negative: boolean, mode: RoundingMode): Rounded {
  const twice = x.scaled(1 - quantum);
  const count = twice.floor >> 1n;
  const half = (twice.floor & 1n) === 1n;
  const inexact = half || !twice.exact;
  const up =
    inexact &&
    {
      nearest: half && (!twice.exact || (count & 1n) === 1n),
      down: negative,
      up: !negative,
      zero: false,
    }[mode];
  return { count: up ? count + 1n : count, inexact, up };
}
