import { DEFAULT_NAN, type Float80, one } from '../float80';
import { C1 } from '../words';
import { type Circle, circleOf } from './circle';
import { FRACTION, ONE, type Scaled } from './fixed-point';
import { answerToNaN, denormalFlag, type Finite, finiteOf, isInfinite, isZero, operandOf } from './operands';
import { invalid, OUT_OF_RANGE, plain, type TranscendentalResult, withFlags } from './result';
import { type Real, round } from './rounding';

/**
 * The pi of argument reduction: 66 bits, in units of 2^-64; so in units of 2^-65 it is a right angle. From the 80387 on, x87s reduce
 * by this value and not by pi itself (SDM vol. 1, section 8.3.8), so that results for arguments near multiples of pi are far from
 * the mathematical ones. Ours follow: an AMD family 19h agrees with 66 bits to 0.53 ulp over the whole range.
 */
const RIGHT_ANGLE = 0x3243f6a8885a308d3n;
const RIGHT_ANGLE_SCALE = 65;

/** Arguments of this exponent and above are out of range: |x| >= 2^63. */
const RANGE_END = 63;

/** Below 2^-34 one term of the series says where in its ulp a result lies. */
const TINY = -34;

/** An angle of at most an eighth turn, and the quarter turns that were taken off. */
interface Angle extends Scaled {
  readonly negative: boolean;
  readonly quarters: number;
  readonly tiny: boolean;
}

function reduce({ significand, exponent, negative }: Finite): Angle {
  if (exponent < -2) {
    return { magnitude: significand, scale: 63 - exponent, negative, quarters: 0, tiny: exponent < TINY };
  }
  const whole = significand << BigInt(exponent - 63 + RIGHT_ANGLE_SCALE);
  const quarters = (whole + RIGHT_ANGLE / 2n) / RIGHT_ANGLE;
  const rest = whole - quarters * RIGHT_ANGLE;
  const magnitude = rest < 0n ? -rest : rest;
  const turned = Number(quarters & 3n);
  return {
    magnitude,
    scale: RIGHT_ANGLE_SCALE,
    negative: rest < 0n !== negative,
    // Of a negative angle quarters are counted the other way.
    quarters: negative ? -turned & 3 : turned,
    tiny: magnitude >> BigInt(RIGHT_ANGLE_SCALE + TINY) === 0n,
  };
}

function circle(angle: Angle): Circle {
  const { magnitude, scale } = angle;
  if (!angle.tiny) return circleOf(angle);
  // x - x^3/6 and 1 - x^2/2 are within half an ulp of x and 1: any smaller number rounds as they do.
  return { sine: { magnitude: (magnitude << FRACTION) - 1n, scale: scale + Number(FRACTION) }, cosine: ONE - 1n };
}

function sineOf(angle: Angle, { sine, cosine }: Circle): Real {
  const { quarters } = angle;
  return quarters & 1
    ? { magnitude: cosine, scale: Number(FRACTION), negative: quarters === 3, exact: false }
    : { ...sine, negative: angle.negative !== (quarters === 2), exact: false };
}

function cosineOf(angle: Angle, { sine, cosine }: Circle): Real {
  const { quarters } = angle;
  return quarters & 1
    ? { ...sine, negative: angle.negative !== (quarters === 1), exact: false }
    : { magnitude: cosine, scale: Number(FRACTION), negative: quarters === 2, exact: false };
}

function tangentOf(angle: Angle): Real {
  const { magnitude, scale } = angle;
  const odd = (angle.quarters & 1) !== 0;
  const negative = angle.negative !== odd;
  if (angle.tiny) {
    if (!odd) {
      const above = (magnitude << FRACTION) + 1n;
      return { magnitude: above, scale: scale + Number(FRACTION), negative, exact: false };
    }
    // 1/x - x/3. An odd number of quarters was taken off, so the scale is that of the right angle.
    const reciprocal = (ONE << FRACTION) / magnitude;
    const third = ((reciprocal * magnitude * magnitude) >> BigInt(2 * scale)) / 3n;
    return { magnitude: reciprocal - third - 1n, scale: 2 * Number(FRACTION) - scale, negative, exact: false };
  }
  const { sine, cosine } = circle(angle);
  return odd
    ? {
        magnitude: (cosine << (2n * FRACTION)) / sine.magnitude,
        scale: 3 * Number(FRACTION) - sine.scale,
        negative,
        exact: false,
      }
    : { magnitude: (sine.magnitude << FRACTION) / cosine, scale: sine.scale, negative, exact: false };
}

/** What the four instructions have in common: operands that need no computation, and the range. */
function onAngle(
  value: Float80,
  control: number,
  ofZero: TranscendentalResult,
  compute: (angle: Angle) => TranscendentalResult,
): TranscendentalResult {
  const x = operandOf(value);
  const nan = answerToNaN(control, x);
  if (nan) return nan;
  if (isInfinite(x)) return invalid(control, DEFAULT_NAN);
  if (isZero(x)) return ofZero;
  const finite = finiteOf(x);
  if (finite.exponent >= RANGE_END) return OUT_OF_RANGE;
  return withFlags(denormalFlag(x), control, () => compute(reduce(finite)));
}

/** Every result that is no number fills both registers. */
function twice(result: TranscendentalResult): TranscendentalResult {
  return result.value && !result.pushed ? { ...result, pushed: result.value } : result;
}

/** FSIN: the sine of ST(0). SDM vol. 2A, "FSIN". */
export function fsin(x: Float80, control: number): TranscendentalResult {
  return onAngle(x, control, plain(x), (angle) => round(sineOf(angle, circle(angle)), control));
}

/** FCOS: the cosine of ST(0). SDM vol. 2A, "FCOS". */
export function fcos(x: Float80, control: number): TranscendentalResult {
  return onAngle(x, control, plain(one(false)), (angle) => round(cosineOf(angle, circle(angle)), control));
}

/** FSINCOS: the sine replaces ST(0), the cosine is pushed. C1 tells about the sine. SDM vol. 2A, "FSINCOS". */
export function fsincos(x: Float80, control: number): TranscendentalResult {
  const compute = (angle: Angle) => {
    const both = circle(angle);
    const sine = round(sineOf(angle, both), control);
    const cosine = round(cosineOf(angle, both), control);
    return { value: sine.value, pushed: cosine.value, flags: sine.flags | (cosine.flags & ~C1) };
  };
  return twice(onAngle(x, control, { ...plain(x), pushed: one(false) }, compute));
}

/** FPTAN: the tangent replaces ST(0), 1.0 is pushed. SDM vol. 2A, "FPTAN". */
export function fptan(x: Float80, control: number): TranscendentalResult {
  const pushed = one(false);
  const compute = (angle: Angle) => ({ ...round(tangentOf(angle), control), pushed });
  return twice(onAngle(x, control, { ...plain(x), pushed }, compute));
}
