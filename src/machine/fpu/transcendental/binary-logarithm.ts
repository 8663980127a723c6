import { ascending, bitLength, FRACTION, LN2, LOG2_E, oddReciprocals, ONE, type Scaled, toFixed } from './fixed-point';
import type { Finite } from './operands';
import type { Real } from './rounding';

/** atanh(z) / z in z^2, for |z| < 2^-7 */
const ATANH = oddReciprocals(14);

/** A short factor that brings a significand close to 1, and what it takes from the logarithm. */
interface Factor {
  /** In units of 2^-FACTOR_BITS. */
  readonly factor: bigint;
  /** Minus its binary logarithm. */
  readonly logarithm: bigint;
}

const FACTOR_BITS = 9;
/** Significands from 1 to 2 fall into this many intervals. */
const INTERVALS_LOG2 = 6;
const FACTORS: readonly Factor[] = Array.from({ length: 1 << INTERVALS_LOG2 }, (_, i) => factorOf(i));

/**
 * The reciprocal of the middle of an interval. The first interval has 1 and the last 1/2, with logarithms that are exact: near
 * 1, from either side, nothing cancels.
 */
function factorOf(interval: number): Factor {
  const intervals = 1 << INTERVALS_LOG2;
  if (interval === 0) return { factor: 1n << BigInt(FACTOR_BITS), logarithm: 0n };
  if (interval === intervals - 1) return { factor: 1n << BigInt(FACTOR_BITS - 1), logarithm: ONE };
  const middle = 1 + (interval + 0.5) / intervals;
  const factor = BigInt(Math.round((1 << FACTOR_BITS) / middle));
  return { factor, logarithm: ONE - binaryLogarithm(factor, FACTOR_BITS - 1) };
}

/** log2(n / 2^scale) by the plain series of the inverse hyperbolic tangent, for a quotient from 1 to 2. */
function binaryLogarithm(n: bigint, scale: number): bigint {
  const guard = 16n;
  const unit = 1n << BigInt(scale);
  const z = ((n - unit) << (FRACTION + guard)) / (n + unit);
  const square = (z * z) >> (FRACTION + guard);
  let sum = 0n;
  let power = z;
  for (let k = 1n; power > 0n; k += 2n) {
    sum += power / k;
    power = (power * square) >> (FRACTION + guard);
  }
  return ((2n * sum) << FRACTION) / (LN2 << guard);
}

/** 2 log2(e) atanh(z) for a quotient z = numerator / denominator below 2^-7, to 2^-124 of itself. */
function twiceAtanh(numerator: bigint, denominator: bigint): Scaled {
  const distance = Number(FRACTION) + bitLength(denominator) - bitLength(numerator);
  const z = (numerator << BigInt(distance)) / denominator;
  const series = ascending(ATANH, toFixed(z * z, 2 * distance));
  return { magnitude: z * ((series * LOG2_E) >> FRACTION), scale: distance + Number(FRACTION) - 1 };
}

/** The binary logarithm of `n * 2^-scale`, which is not 1: to 2^-116 of itself, and as exact if it is a whole number. */
function logarithm(n: bigint, scale: number): Real {
  const width = bitLength(n);
  const characteristic = width - 1 - scale;
  const interval = Number(n >> BigInt(width - 1 - INTERVALS_LOG2)) & ((1 << INTERVALS_LOG2) - 1);
  const { factor, logarithm } = FACTORS[interval];
  // n * factor = 1 + d in units of 2^-places; log2(1 + d) = 2 log2(e) atanh(d / (2 + d)).
  const places = BigInt(width - 1 + FACTOR_BITS);
  const d = n * factor - (1n << places);
  const whole = BigInt(characteristic) * ONE + logarithm;
  if (d === 0n) return { magnitude: magnitudeOf(whole), scale: Number(FRACTION), negative: whole < 0n, exact: true };
  const fine = twiceAtanh(magnitudeOf(d), d + (2n << places));
  if (whole === 0n) return { ...fine, negative: d < 0n, exact: false };
  const part = toFixed(fine.magnitude, fine.scale);
  const sum = d < 0n ? whole - part : whole + part;
  return { magnitude: magnitudeOf(sum), scale: Number(FRACTION), negative: sum < 0n, exact: false };
}

function magnitudeOf(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** log2(x) for a positive x other than 1. */
export function logarithmOf({ significand, exponent }: Finite): Real {
  return logarithm(significand, 63 - exponent);
}

/** Beyond this power of two, up or down, nothing of the smaller one of 1 and x is left in the bits that we have. */
const FAR = 140;

/** log2(1 + x) for x > -1, to 2^-116 of itself. */
export function logarithmOf1Plus({ significand, exponent, negative }: Finite): Real {
  const scale = 63 - exponent;
  if (exponent < -FAR) {
    return { magnitude: significand * LOG2_E, scale: scale + Number(FRACTION), negative, exact: false };
  }
  // A little more than the logarithm of x.
  if (exponent > FAR) return { ...logarithm(significand, scale), exact: false };
  const places = Math.max(scale, 0);
  const magnitude = significand << BigInt(places - scale);
  const x = negative ? -magnitude : magnitude;
  const unit = 1n << BigInt(places);
  if (exponent < -7) return { ...twiceAtanh(magnitude, 2n * unit + x), negative, exact: false };
  return logarithm(unit + x, places);
}
