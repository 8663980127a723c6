import { EXPONENT_BIAS, type Float80, infinity, INTEGER_BIT, MAX_EXPONENT, SIGN_BIT } from '../float80';
import { C1, Exception, Rounding, roundingOf } from '../words';
import { bitLength, type Scaled } from './fixed-point';

/** What is added to or taken from the exponent when overflow or underflow is unmasked (SDM vol. 1, section 8.5.4). */
const EXPONENT_ADJUSTMENT = 0x6000;

/** A real number on its way to the format. */
export interface Real extends Scaled {
  readonly negative: boolean;
  /** False if the number is a little larger in magnitude than what is here. */
  readonly exact: boolean;
}

export interface Rounded {
  readonly value: Float80;
  /** Status word bits: exceptions and C1. */
  readonly flags: number;
}

/** Cuts off bits from below, and tells whether rounding goes away from zero. */
function cut(real: Real, bits: number, rounding: Rounding): { units: bigint; up: boolean } {
  const { magnitude, negative, exact } = real;
  const length = BigInt(Math.max(bits, 0));
  const units = bits > 0 ? magnitude >> length : magnitude << BigInt(-bits);
  const rest = bits > 0 ? magnitude - (units << length) : 0n;
  if (exact && rest === 0n) return { units, up: false };
  switch (rounding) {
    case Rounding.Nearest: {
      const half = bits > 0 ? 1n << (length - 1n) : 1n;
      return { units, up: rest > half || (rest === half && (!exact || (units & 1n) === 1n)) };
    }
    case Rounding.Down:
      return { units, up: negative };
    case Rounding.Up:
      return { units, up: !negative };
    case Rounding.Zero:
      return { units, up: false };
  }
}

function overflowed(negative: boolean, rounding: Rounding): Rounded {
  const toInfinity =
    rounding === Rounding.Nearest ||
    (rounding === Rounding.Down && negative) ||
    (rounding === Rounding.Up && !negative);
  const flags = Exception.Overflow | Exception.Precision;
  if (toInfinity) return { value: infinity(negative), flags: flags | C1 };
  const exponent = (negative ? SIGN_BIT : 0) | (MAX_EXPONENT - 1);
  return { value: { mantissa: 0xffffffffffffffffn, exponent }, flags };
}

/**
 * Rounds to 64 bits of significand, whatever the precision control says, as the transcendental instructions do.
 *
 * PE is always reported: processors do so for every transcendental result that takes a computation, exact ones
 * included (seen on the AMD family 19h: `F2XM1` of 1, `FYL2X` of a power of two). Tininess is told after rounding.
 * @param control the control word: rounding, and the masks of overflow and underflow
 */
export function round(real: Real, control: number): Rounded {
  const { negative } = real;
  const rounding = roundingOf(control);
  const sign = negative ? SIGN_BIT : 0;
  const length = bitLength(real.magnitude);
  let biased = length - 1 - real.scale + EXPONENT_BIAS;
  const { units, up } = cut(real, length - 64, rounding);
  let mantissa = up ? units + 1n : units;
  if (mantissa >> 64n) {
    mantissa = INTEGER_BIT;
    biased++;
  }
  const c1 = up ? C1 : 0;
  if (biased >= MAX_EXPONENT) {
    if (control & Exception.Overflow) return overflowed(negative, rounding);
    const exponent = sign | (biased - EXPONENT_ADJUSTMENT);
    return { value: { mantissa, exponent }, flags: Exception.Overflow | Exception.Precision | c1 };
  }
  if (biased > 0) return { value: { mantissa, exponent: sign | biased }, flags: Exception.Precision | c1 };
  if (control & Exception.Underflow) return denormalized(real, rounding);
  const exponent = sign | (biased + EXPONENT_ADJUSTMENT);
  return { value: { mantissa, exponent }, flags: Exception.Underflow | Exception.Precision | c1 };
}

/** Rounds to a multiple of the smallest denormal, which is 2^-16445. */
function denormalized(real: Real, rounding: Rounding): Rounded {
  // Beyond its last bit a magnitude gives zero and a rest, however far.
  const bits = Math.min(real.scale - (EXPONENT_BIAS + 62), bitLength(real.magnitude) + 2);
  const { units, up } = cut(real, bits, rounding);
  const mantissa = up ? units + 1n : units;
  const exponent = (real.negative ? SIGN_BIT : 0) | (mantissa >= INTEGER_BIT ? 1 : 0);
  return {
    value: { mantissa, exponent },
    flags: Exception.Underflow | Exception.Precision | (up ? C1 : 0),
  };
}
