/** A binary floating-point format. SDM vol. 1, table 4-3 (lengths, precisions and ranges). */
export interface Format {
  readonly name: 'F32' | 'F64' | 'F80';
  /** Bits of the significand with its integer bit. */
  readonly precision: number;
  readonly bias: number;
  /** Biased exponent of infinities and NaNs. */
  readonly maxExponent: number;
}

export const F32: Format = { name: 'F32', precision: 24, bias: 127, maxExponent: 0xff };
export const F64: Format = { name: 'F64', precision: 53, bias: 1023, maxExponent: 0x7ff };
export const F80: Format = { name: 'F80', precision: 64, bias: 16383, maxExponent: 0x7fff };

/** What an exponent of a format is less than the same exponent in the 80-bit format, which all unpacked numbers use. */
export function rebias(format: Format): number {
  return F80.bias - format.bias;
}

/** The integer bit of an unpacked significand. */
export const INTEGER_BIT = 1n << 63n;
/** Set in the significand of a QNaN, clear in that of an SNaN. */
export const QUIET_BIT = 1n << 62n;

/** How far an unmasked overflow or underflow moves the exponent of the result: SDM vol. 1, 8.5.4. */
export const BIAS_ADJUSTMENT = 24576;
