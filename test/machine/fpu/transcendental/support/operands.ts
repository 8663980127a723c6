import {
  EXPONENT_BIAS,
  type Float80,
  INTEGER_BIT,
  MAX_EXPONENT,
  SIGN_BIT,
} from '../../../../../src/machine/fpu/float80';
import type { Random } from '../../../../differential/support/random';
import type { Range } from './instructions';

const ALL_ONES = (1n << 64n) - 1n;

/** Bit patterns that a random choice misses, by what they are. The sign is left to the test. */
export const PATTERNS = {
  zero: { exponent: 0, mantissa: 0n },
  smallestDenormal: { exponent: 0, mantissa: 1n },
  denormal: { exponent: 0, mantissa: 5n },
  largestDenormal: { exponent: 0, mantissa: INTEGER_BIT - 1n },
  pseudoDenormal: { exponent: 0, mantissa: INTEGER_BIT | 3n },
  smallestNormal: { exponent: 1, mantissa: INTEGER_BIT },
  tiny: { exponent: 100, mantissa: INTEGER_BIT | 5n },
  belowSeriesEnd: { exponent: EXPONENT_BIAS - 35, mantissa: ALL_ONES },
  aboveSeriesEnd: { exponent: EXPONENT_BIAS - 34, mantissa: INTEGER_BIT },
  half: { exponent: EXPONENT_BIAS - 1, mantissa: INTEGER_BIT },
  below1: { exponent: EXPONENT_BIAS - 1, mantissa: ALL_ONES },
  one: { exponent: EXPONENT_BIAS, mantissa: INTEGER_BIT },
  above1: { exponent: EXPONENT_BIAS, mantissa: INTEGER_BIT | 1n },
  rightAngle: { exponent: EXPONENT_BIAS, mantissa: 0xc90fdaa22168c235n },
  two: { exponent: EXPONENT_BIAS + 1, mantissa: INTEGER_BIT },
  pi: { exponent: EXPONENT_BIAS + 1, mantissa: 0xc90fdaa22168c235n },
  four: { exponent: EXPONENT_BIAS + 2, mantissa: INTEGER_BIT },
  largestAngle: { exponent: EXPONENT_BIAS + 62, mantissa: ALL_ONES },
  outOfRange: { exponent: EXPONENT_BIAS + 63, mantissa: INTEGER_BIT },
  largest: { exponent: MAX_EXPONENT - 1, mantissa: ALL_ONES },
  infinity: { exponent: MAX_EXPONENT, mantissa: INTEGER_BIT },
  quietNaN: { exponent: MAX_EXPONENT, mantissa: 0xc000000000000007n },
  largerQuietNaN: { exponent: MAX_EXPONENT, mantissa: 0xe000000000000001n },
  signalingNaN: { exponent: MAX_EXPONENT, mantissa: 0x8000000000000007n },
  largerSignalingNaN: { exponent: MAX_EXPONENT, mantissa: 0xa000000000000009n },
  unnormal: { exponent: EXPONENT_BIAS, mantissa: 1n },
  pseudoInfinity: { exponent: MAX_EXPONENT, mantissa: 0n },
  pseudoNaN: { exponent: MAX_EXPONENT, mantissa: 5n },
} as const satisfies Record<string, Float80>;

export type PatternName = keyof typeof PATTERNS;

export function negated({ mantissa, exponent }: Float80): Float80 {
  return { mantissa, exponent: exponent ^ SIGN_BIT };
}

function random64(random: Random): bigint {
  return (BigInt(random.u32()) << 32n) | BigInt(random.u32());
}

/** A significand with its integer bit; often one of those that are close to a step of some table. */
function significand(random: Random): bigint {
  switch (random.below(6)) {
    case 0:
      return INTEGER_BIT | BigInt(random.below(4));
    case 1:
      return ALL_ONES - BigInt(random.below(16));
    case 2:
      return INTEGER_BIT | (BigInt(random.below(256)) << 55n);
    case 3:
      return (INTEGER_BIT | (BigInt(random.below(256)) << 55n)) + BigInt(random.below(16));
    default:
      return INTEGER_BIT | random64(random);
  }
}

/** A number other than zero with its exponent in a range. */
export function numberIn(random: Random, [lowest, highest]: Range): Float80 {
  const sign = random.chance(0.5) ? SIGN_BIT : 0;
  return { mantissa: significand(random), exponent: sign | (EXPONENT_BIAS + random.between(lowest, highest)) };
}

/** pi/2 in units of 2^-126. */
const RIGHT_ANGLE = 0x6487ed5110b4611a62633145c06e0e68n;

/** An angle within 2^30 units of the last place of a multiple of a right angle: there reduction cancels most bits. */
export function nearRightAngle(random: Random): Float80 {
  const multiple = RIGHT_ANGLE * ((random64(random) >> BigInt(random.between(2, 63))) | 1n);
  const length = multiple.toString(2).length;
  const mantissa = (multiple >> BigInt(length - 64)) + (BigInt(random.below(0x40000000)) >> BigInt(random.below(30)));
  return { mantissa, exponent: (random.chance(0.5) ? SIGN_BIT : 0) | (EXPONENT_BIAS + length - 127) };
}

/** A denormal or pseudo-denormal with any number of leading zeros. */
export function denormal(random: Random): Float80 {
  const mantissa = random64(random) >> BigInt(random.below(64));
  return { mantissa: mantissa || 1n, exponent: random.chance(0.5) ? SIGN_BIT : 0 };
}

/** A normal number of any size. */
export function anyNumber(random: Random): Float80 {
  return numberIn(random, [1 - EXPONENT_BIAS, EXPONENT_BIAS]);
}

/** Any bit pattern, mostly a number in one of the ranges. */
export function operand(random: Random, ranges: readonly Range[]): Float80 {
  const kind = random.below(20);
  if (kind === 0) return denormal(random);
  if (kind === 1) return anyNumber(random);
  if (kind > 3) return numberIn(random, random.pick(ranges));
  const pattern = random.pick(Object.values(PATTERNS));
  return random.chance(0.5) ? negated(pattern) : pattern;
}
