import { EXPONENT_BIAS, type Float80, isNegative, MAX_EXPONENT } from '../../../../../src/machine/fpu/float80';
import { angle, binaryLogarithm, binaryLogarithmOf1Plus, powerOfTwoLess1, sineAndCosine } from './reference';

/** A real number, `units * 2^-places`, that is known up to some units. */
export interface Exact {
  readonly units: bigint;
  readonly places: number;
  /** Bound of the error. Far below what decides about rounding. */
  readonly slack: bigint;
}

/** Relative precision of what is computed here, in bits. */
const PRECISION = 240;

/** Unbiased exponent of a number: its value is `mantissa * 2^(exponent - 63)`. */
export function exponentOf({ exponent }: Float80): number {
  return Math.max(exponent & MAX_EXPONENT, 1) - EXPONENT_BIAS;
}

/** The number in units of 2^-places; there must be enough of them. */
function units(value: Float80, places: number): bigint {
  const distance = places - 63 + exponentOf(value);
  if (distance < 0) throw new RangeError(`${places} places are too few`);
  const magnitude = value.mantissa << BigInt(distance);
  return isNegative(value) ? -magnitude : magnitude;
}

/** The exponent that a number has when its leading zeros are gone. */
function magnitudeOf(value: Float80): number {
  return exponentOf(value) - (64 - value.mantissa.toString(2).length);
}

/** Places for relative precision in a function that begins with the given power of a small argument. */
function placesFor(value: Float80, power: number): number {
  const needed = PRECISION + power * Math.max(0, -magnitudeOf(value)) + 64;
  // Few different ones, so that constants are computed once.
  return Math.ceil(needed / 256) * 256;
}

const SLACK = 1n << 40n;

function ofAngle(x: Float80): { sine: Exact; cosine: Exact; tangent: Exact } {
  // What x loses to its sine is of the order of its third power.
  const places = placesFor(x, 3);
  const { sine, cosine } = sineAndCosine(units(x, places), places);
  const scale = BigInt(places);
  // Tangents are large where cosines are small, and then the error is, too.
  const tangent = (sine << scale) / cosine;
  const spread = (1n << (2n * scale)) / (cosine * cosine) + 1n;
  return {
    sine: { units: sine, places, slack: SLACK },
    cosine: { units: cosine, places, slack: SLACK },
    tangent: { units: tangent, places, slack: SLACK * spread },
  };
}

function times({ units: factor, places, slack }: Exact, y: Float80): Exact {
  return {
    units: isNegative(y) ? -factor * y.mantissa : factor * y.mantissa,
    places: places + 63 - exponentOf(y),
    slack: slack * y.mantissa,
  };
}

function logarithm(x: Float80): Exact {
  const places = 63 - exponentOf(x);
  const digits = 260;
  const ofMantissa = binaryLogarithm(x.mantissa, 63, digits);
  return { units: ofMantissa + (BigInt(63 - places) << BigInt(digits)), places: digits, slack: SLACK };
}

function logarithmOf1Plus(x: Float80): Exact {
  const places = placesFor(x, 1);
  if (exponentOf(x) < -4) return { units: binaryLogarithmOf1Plus(units(x, places), places), places, slack: SLACK };
  return { units: binaryLogarithm((1n << 80n) + units(x, 80), 80, 260), places: 260, slack: SLACK };
}

function angleOfPoint(y: Float80, x: Float80): Exact {
  const lower = Math.min(exponentOf(x), exponentOf(y));
  const ordinate = y.mantissa << BigInt(exponentOf(y) - lower);
  const width = x.mantissa << BigInt(exponentOf(x) - lower);
  const flatness = Math.max(0, magnitudeOf(x) - magnitudeOf(y));
  const places = Math.ceil((PRECISION + 64 + (isNegative(x) ? 1 : 3) * flatness) / 256) * 256;
  const magnitude = angle(ordinate, isNegative(x) ? -width : width, places);
  return { units: isNegative(y) ? -magnitude : magnitude, places, slack: SLACK };
}

/** Mathematical results by the name of the instruction, for numbers other than zero: ST(0), or ST(1) and what is pushed. */
export const EXACT: Readonly<Record<string, (st0: Float80, st1: Float80) => Exact[]>> = {
  F2XM1: (x) => {
    const places = placesFor(x, 1);
    return [{ units: powerOfTwoLess1(units(x, places), places), places, slack: SLACK }];
  },
  FYL2X: (x, y) => [times(logarithm(x), y)],
  FYL2XP1: (x, y) => [times(logarithmOf1Plus(x), y)],
  FPATAN: (x, y) => [angleOfPoint(y, x)],
  FSIN: (x) => [ofAngle(x).sine],
  FCOS: (x) => [ofAngle(x).cosine],
  FSINCOS: (x) => [ofAngle(x).sine, ofAngle(x).cosine],
  FPTAN: (x) => [ofAngle(x).tangent],
};

/** How a result lies to the real number. */
export interface Deviation {
  /** Result minus number, in units of the last place that the number has in the format. */
  readonly ulps: number;
  /** Which of the two magnitudes is the larger one: 1 the result, -1 the number, 0 if they agree. */
  readonly outwards: -1 | 0 | 1;
}

export function deviation(result: Float80, exact: Exact): Deviation {
  const places = Math.max(exact.places, 63 - exponentOf(result), 16445);
  const up = BigInt(places - exact.places);
  const number = exact.units << up;
  const difference = units(result, places) - number;
  const magnitude = number < 0n ? -number : number;
  const exponent = Math.max(magnitude.toString(2).length - 1 - places, 1 - EXPONENT_BIAS);
  const ulp = 1n << BigInt(places + exponent - 63);
  const outwards = number < 0n ? -difference : difference;
  const slack = exact.slack << up;
  return {
    ulps: Number((difference << 40n) / ulp) / 2 ** 40,
    outwards: outwards > slack ? 1 : outwards < -slack ? -1 : 0,
  };
}
