import { alternating, bitLength, fixed, FRACTION, oddReciprocals, PI, type Scaled, toFixed } from './fixed-point';
import type { Finite } from './operands';

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

/**
 * The angle of the point (|x|, |y|) and, if `obtuse`, of its mirror image in the second quadrant: to 2^-117 of itself.
 */
export function angleOf(y: Finite, x: Finite, obtuse: boolean): Scaled {
  const steep = isLess(x, y);
  const angle = steep ? arctangent(x, y) : arctangent(y, x);
  if (!steep && !obtuse) return angle;
  const acute = toFixed(angle.magnitude, angle.scale);
  if (!steep) return fixed(PI - acute);
  return fixed(obtuse ? PI / 2n + acute : PI / 2n - acute);
}
