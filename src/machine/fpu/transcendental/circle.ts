import { alternating, factorialReciprocals, FRACTION, ONE, type Scaled, toFixed } from './fixed-point';

/** Sine and cosine of an angle of the first octant. The sine is exact to 2^-117 of itself. */
export interface Circle {
  readonly sine: Scaled;
  readonly cosine: bigint;
}

/** Angles are split into a multiple of 1/32 and a rest of at most 1/64. */
const STEPS_LOG2 = 5;
/** An eighth turn is 25.1 steps. */
const LAST_STEP = 26;

/** sin(x) / x and cos(x) in x^2, for |x| <= 1/64 */
const SINE = factorialReciprocals(1, 2, 12);
const COSINE = factorialReciprocals(0, 2, 12);

/** The same two for angles of up to 1, to make the tables. */
const LONG_SINE = factorialReciprocals(1, 2, 0);
const LONG_COSINE = factorialReciprocals(0, 2, 0);
const STEPS = Array.from({ length: LAST_STEP + 1 }, (_, i) => (BigInt(i) * ONE) >> BigInt(STEPS_LOG2));
const SINES = STEPS.map((x) => (x * alternating(LONG_SINE, (x * x) >> FRACTION)) >> FRACTION);
const COSINES = STEPS.map((x) => alternating(LONG_COSINE, (x * x) >> FRACTION));

/**
 * @param angle from 2^-40 to pi/4, with a scale of at least 5
 */
export function circleOf({ magnitude, scale }: Scaled): Circle {
  const spacing = BigInt(scale - STEPS_LOG2);
  const nearest = (magnitude + (1n << (spacing - 1n))) >> spacing;
  const rest = magnitude - (nearest << spacing);
  const square = toFixed(rest * rest, 2 * scale);
  const sine = rest * alternating(SINE, square);
  const cosine = alternating(COSINE, square);
  const sineScale = scale + Number(FRACTION);
  if (nearest === 0n) return { sine: { magnitude: sine, scale: sineScale }, cosine };
  const step = Number(nearest);
  const small = toFixed(sine, sineScale);
  const sum = (SINES[step] * cosine + COSINES[step] * small) >> FRACTION;
  return {
    sine: { magnitude: sum, scale: Number(FRACTION) },
    cosine: (COSINES[step] * cosine - SINES[step] * small) >> FRACTION,
  };
}
