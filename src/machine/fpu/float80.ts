/**
 * The double extended-precision format of the x87, as a value. Format and classes: Intel SDM vol. 1, sections 4.2.2 and 8.2.2.
 */
export interface Float80 {
  /** 64-bit significand. The integer bit is explicit: bit 63. */
  readonly mantissa: bigint;
  /** Sign in bit 15, biased exponent in bits 0-14. */
  readonly exponent: number;
}

export const SIGN_BIT = 0x8000;
/** Biased exponent of infinities and NaNs. */
export const MAX_EXPONENT = 0x7fff;
/** Biased exponent of 1.0. */
export const EXPONENT_BIAS = 0x3fff;
/** The explicit integer bit of the significand. */
export const INTEGER_BIT = 1n << 63n;
/** Set in a quiet NaN, clear in a signalling one. */
export const QUIET_BIT = 1n << 62n;

/** What a bit pattern stands for. */
export enum Float80Class {
  Zero,
  /** Exponent 0 and no integer bit. */
  Denormal,
  /** Exponent 0 with the integer bit: its value is that of exponent 1. Counts as denormal. */
  PseudoDenormal,
  Normal,
  Infinity,
  QuietNaN,
  SignalingNaN,
  /** Unnormals, pseudo-infinities and pseudo-NaNs: formats that the 80387 and later refuse (vol. 1, table 8-3). */
  Unsupported,
}

export function classify({ mantissa, exponent }: Float80): Float80Class {
  const biased = exponent & MAX_EXPONENT;
  const hasIntegerBit = (mantissa & INTEGER_BIT) !== 0n;
  if (biased === 0) {
    if (mantissa === 0n) return Float80Class.Zero;
    return hasIntegerBit ? Float80Class.PseudoDenormal : Float80Class.Denormal;
  }
  if (!hasIntegerBit) return Float80Class.Unsupported;
  if (biased !== MAX_EXPONENT) return Float80Class.Normal;
  if (mantissa === INTEGER_BIT) return Float80Class.Infinity;
  return (mantissa & QUIET_BIT) !== 0n ? Float80Class.QuietNaN : Float80Class.SignalingNaN;
}

/** True if the sign bit is set, that of a zero or a NaN included. */
export function isNegative(value: Float80): boolean {
  return (value.exponent & SIGN_BIT) !== 0;
}

/** The real indefinite: what a masked invalid operation gives (vol. 1, section 4.8.3.7). */
export const DEFAULT_NAN: Float80 = { mantissa: INTEGER_BIT | QUIET_BIT, exponent: SIGN_BIT | MAX_EXPONENT };

export function zero(negative: boolean): Float80 {
  return { mantissa: 0n, exponent: negative ? SIGN_BIT : 0 };
}

export function one(negative: boolean): Float80 {
  return { mantissa: INTEGER_BIT, exponent: (negative ? SIGN_BIT : 0) | EXPONENT_BIAS };
}

export function infinity(negative: boolean): Float80 {
  return { mantissa: INTEGER_BIT, exponent: (negative ? SIGN_BIT : 0) | MAX_EXPONENT };
}

/** Makes a NaN quiet; its sign and the rest of its significand stay. */
export function quiet(nan: Float80): Float80 {
  return { mantissa: nan.mantissa | QUIET_BIT, exponent: nan.exponent };
}
