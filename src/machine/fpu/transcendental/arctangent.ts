import { type Float80, zero } from '../float80';
import { alternating, bitLength, FRACTION, oddReciprocals, PI, type Scaled, toFixed } from './fixed-point';
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
import { plain, type TranscendentalResult, withFlags } from './result';
import { round } from './rounding';

/** atan(t) / t in t^2, for |t| <= 1/64 */
const ARCTANGENT = oddReciprocals(12);

/** Quotients from 0 to 1 are split into a multiple of 1/32 and what is left of the angle. */
const STEPS = 32;

/** atan(i / 32), each by adding up atan(1 / (32 + i (i - 1) / 32)), the angle between it and the one before. */
const ANGLES: readonly bigint[] = angles();

function angles(): bigint[] {
  const guard = 16n;
  const table = [0n];
  const squareOfSteps = BigInt(STEPS * STEPS);
  let sum = 0n;
  for (let i = 1n; i <= STEPS; i++) {
    const difference = (BigInt(STEPS) << (FRACTION + guard)) / (squareOfSteps + i * (i - 1n));
    const square = (difference * difference) >> (FRACTION + guard);
    let power = difference;
    for (let k = 1n; power > 0n; k += 4n) {
      sum += power / k;
      power = (power * square) >> (FRACTION + guard);
      sum -= power / (k + 2n);
      power = (power * square) >> (FRACTION + guard);
    }
    table.push(sum >> guard);
  }
  return table;
}

/** A quotient below 2^-34 is treated by its first two terms. */
const TINY = 34;

/** The arctangent of `small / large`, a quotient of at most 1. It is exact to 2^-124 of itself. */
function arctangent(small: Finite, large: Finite): Scaled {
  const distance = large.exponent - small.exponent;
  if (distance > TINY) return tinyArctangent(small, large);
  const numerator = small.significand;
  const denominator = large.significand << BigInt(distance);
  const step = Math.round((STEPS * Number(numerator)) / Number(denominator));
  // atan(n / d) = atan(s) + atan((n - s d) / (d + s n)) for s = step / STEPS.
  const factor = BigInt(step);
  const above = numerator * BigInt(STEPS) - denominator * factor;
  const below = denominator * BigInt(STEPS) + numerator * factor;
  if (above === 0n) return { magnitude: ANGLES[step], scale: Number(FRACTION) };
  const places = Number(FRACTION) + bitLength(below) - bitLength(above < 0n ? -above : above);
  const tangent = (above << BigInt(places)) / below;
  const rest = tangent * alternating(ARCTANGENT, toFixed(tangent * tangent, 2 * places));
  if (step === 0) return { magnitude: rest, scale: places + Number(FRACTION) };
  return { magnitude: ANGLES[step] + toFixed(rest, places + Number(FRACTION)), scale: Number(FRACTION) };
}

/** q - q^3/3. A quotient may be a number of the format, or halfway between two: it needs more bits, and a result below it. */
function tinyArctangent(small: Finite, large: Finite): Scaled {
  const places = 2n * FRACTION;
  const quotient = (small.significand << places) / large.significand;
  const distance = large.exponent - small.exponent;
  const third =
    distance > Number(FRACTION) ? 0n : ((quotient * quotient * quotient) >> (2n * (places + BigInt(distance)))) / 3n;
  return { magnitude: quotient - third - 1n, scale: Number(places) + distance };
}

function isLess(a: Finite, b: Finite): boolean {
  return a.exponent !== b.exponent ? a.exponent < b.exponent : a.significand < b.significand;
}

/** The angle of the point (x, y) in the first quadrant and, if `obtuse`, mirrored to the second. */
function angleOf(y: Finite, x: Finite, obtuse: boolean): Scaled {
  const steep = isLess(x, y);
  const angle = steep ? arctangent(x, y) : arctangent(y, x);
  if (!steep && !obtuse) return angle;
  const fixed = toFixed(angle.magnitude, angle.scale);
  if (!steep) return fixedPoint(PI - fixed);
  return fixedPoint(obtuse ? PI / 2n + fixed : PI / 2n - fixed);
}

function fixedPoint(magnitude: bigint): Scaled {
  return { magnitude, scale: Number(FRACTION) };
}

/**
 * The angle in quarters of pi where a zero or an infinity decides it. SDM vol. 2A, "FPATAN", table of results.
 * @returns undefined if both operands are ordinary numbers
 */
function quartersOfPi(y: Operand, x: Operand): number | undefined {
  if (isZero(y) || (isInfinite(x) && !isInfinite(y))) return x.negative ? 4 : 0;
  if (isInfinite(x)) return x.negative ? 3 : 1;
  if (isZero(x) || isInfinite(y)) return 2;
  return undefined;
}

/**
 * FPATAN: the angle of the point with the abscissa ST(0) and the ordinate ST(1), from -pi to pi; it replaces ST(1), the caller
 * pops. SDM vol. 2A, "FPATAN".
 */
export function fpatan(st0: Float80, st1: Float80, control: number): TranscendentalResult {
  const x = operandOf(st0);
  const y = operandOf(st1);
  const nan = answerToNaN(control, x, y);
  if (nan) return nan;
  const { negative } = y;
  return withFlags(denormalFlag(x, y), control, () => {
    const quarters = quartersOfPi(y, x);
    if (quarters === 0) return plain(zero(negative));
    const angle =
      quarters === undefined ? angleOf(finiteOf(y), finiteOf(x), x.negative) : fixedPoint((PI * BigInt(quarters)) / 4n);
    return round({ ...angle, negative, exact: false }, control);
  });
}
