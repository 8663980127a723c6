import { exponentOf, type Real, ROUNDING_MODES, roundTo, type RoundingMode } from './exact';

/** Formats as the reference sees them, and results in them: IEEE 754 with the x87's and SSE's ways of reporting. */

export const IE = 1;
export const DE = 2;
export const ZE = 4;
export const OE = 8;
export const UE = 16;
export const PE = 32;
export const C1 = 0x200;

export interface FormatFacts {
  /** Bits of the fraction in memory. */
  readonly fraction: number;
  /** Whether the integer bit is kept in memory. */
  readonly explicit: boolean;
  readonly exponentBits: number;
}

export const SINGLE: FormatFacts = { fraction: 23, explicit: false, exponentBits: 8 };
export const DOUBLE: FormatFacts = { fraction: 52, explicit: false, exponentBits: 11 };
export const EXTENDED: FormatFacts = { fraction: 63, explicit: true, exponentBits: 15 };

export type NumberClass = 'zero' | 'denormal' | 'normal' | 'infinity' | 'quiet' | 'signalling' | 'unsupported';

/** A number taken apart. Finite ones are significand * 2^power. */
export interface Decoded {
  readonly class: NumberClass;
  readonly negative: boolean;
  readonly significand: bigint;
  readonly power: number;
}

const bias = (format: FormatFacts): number => (1 << (format.exponentBits - 1)) - 1;
const maxField = (format: FormatFacts): number => (1 << format.exponentBits) - 1;
const storedBits = (format: FormatFacts): number => format.fraction + (format.explicit ? 1 : 0);

export function decode(format: FormatFacts, bits: bigint): Decoded {
  const stored = storedBits(format);
  const field = Number((bits >> BigInt(stored)) & BigInt(maxField(format)));
  const negative = bits >> BigInt(stored + format.exponentBits) !== 0n;
  const low = bits & ((1n << BigInt(stored)) - 1n);
  const integer = 1n << BigInt(format.fraction);
  const fraction = low & (integer - 1n);
  const significand = format.explicit || field === 0 ? low : low | integer;
  const power = Math.max(field, 1) - bias(format) - format.fraction;
  const kind = (): NumberClass => {
    if (field === 0) return low === 0n ? 'zero' : 'denormal';
    if (format.explicit && (low & integer) === 0n) return 'unsupported';
    if (field < maxField(format)) return 'normal';
    if (fraction === 0n) return 'infinity';
    return (fraction & (integer >> 1n)) !== 0n ? 'quiet' : 'signalling';
  };
  return { class: kind(), negative, significand, power };
}

/** Bits made of the biased exponent and the significand with its integer bit. */
export function encode(format: FormatFacts, negative: boolean, field: number, significand: bigint): bigint {
  const stored = BigInt(storedBits(format));
  const low = significand & ((1n << stored) - 1n);
  const sign = negative ? 1n << (stored + BigInt(format.exponentBits)) : 0n;
  return sign | (BigInt(field) << stored) | low;
}

export const infinity = (format: FormatFacts, negative: boolean): bigint =>
  encode(format, negative, maxField(format), 1n << BigInt(format.fraction));

/** The default NaN. */
export const indefinite = (format: FormatFacts): bigint =>
  encode(format, true, maxField(format), 3n << BigInt(format.fraction - 1));

/** A NaN with its quiet bit set, of another format perhaps. */
export function quieted(format: FormatFacts, nan: Decoded, from: FormatFacts): bigint {
  const by = BigInt(format.fraction - from.fraction);
  const moved = by >= 0n ? nan.significand << by : nan.significand >> -by;
  return encode(format, nan.negative, maxField(format), moved | (3n << BigInt(format.fraction - 1)));
}

/** How a result is to be rounded and reported. */
export interface Environment {
  readonly mode: RoundingMode;
  /** Bits of the significand. */
  readonly precision: number;
  /** Exceptions that are masked. */
  readonly masks: number;
  /** Tiny results become zero. */
  readonly flush: boolean;
}

/** That of an x87 control word; `precision` is 64 for instructions that PC does not affect. */
export function x87Environment(control: number, precision?: number): Environment {
  const byControl = [24, 64, 53, 64][(control >> 8) & 3];
  return {
    mode: ROUNDING_MODES[(control >> 10) & 3],
    precision: precision ?? byControl,
    masks: control & 0x3f,
    flush: false,
  };
}

export function sseEnvironment(mxcsr: number, precision: number): Environment {
  return {
    mode: ROUNDING_MODES[(mxcsr >> 13) & 3],
    precision,
    masks: (mxcsr >> 7) & 0x3f,
    flush: (mxcsr & 0x8000) !== 0,
  };
}

export interface Delivered {
  /** Undefined if an unmasked exception leaves the destination alone. */
  readonly bits: bigint | undefined;
  readonly flags: number;
}

const ADJUSTMENT = 24576;

/**
 * A result that is not exactly zero, rounded once. `toRegister`: unmasked overflow and underflow deliver adjusted
 * exponents.
 */
export function deliver(
  format: FormatFacts,
  x: Real,
  negative: boolean,
  environment: Environment,
  toRegister: boolean,
): Delivered {
  const { mode, precision, masks, flush } = environment;
  const lowestExponent = 1 - bias(format);
  const highestExponent = bias(format);
  const widen = (count: bigint) => count << BigInt(format.fraction + 1 - precision);
  const magnitude = exponentOf(x);
  const free = roundTo(x, magnitude - (precision - 1), negative, mode);
  const carried = free.count === 1n << BigInt(precision);
  const exponent = carried ? magnitude + 1 : magnitude;
  const significand = widen(carried ? free.count >> 1n : free.count);
  const rounding = (free.inexact ? PE : 0) | (free.up ? C1 : 0);
  const at = (e: number) => encode(format, negative, e + bias(format), significand);

  if (exponent > highestExponent) {
    if ((masks & OE) !== 0) {
      const toInfinity = mode === 'nearest' || mode === (negative ? 'down' : 'up');
      const largest = encode(format, negative, maxField(format) - 1, widen((1n << BigInt(precision)) - 1n));
      return { bits: toInfinity ? infinity(format, negative) : largest, flags: OE | PE | (toInfinity ? C1 : 0) };
    }
    if (!toRegister) return { bits: undefined, flags: OE | rounding };
    const adjusted = exponent - ADJUSTMENT;
    if (adjusted > highestExponent) return { bits: infinity(format, negative), flags: OE | PE | C1 };
    return { bits: at(adjusted), flags: OE | rounding };
  }
  if (exponent < lowestExponent && (masks & UE) === 0) {
    if (!toRegister) return { bits: undefined, flags: UE | rounding };
    const adjusted = exponent + ADJUSTMENT;
    if (adjusted < lowestExponent) return { bits: encode(format, negative, 0, 0n), flags: UE | PE };
    return { bits: at(adjusted), flags: UE | rounding };
  }
  if (exponent < lowestExponent && flush) return { bits: encode(format, negative, 0, 0n), flags: UE | PE };
  if (magnitude >= lowestExponent) return { bits: at(exponent), flags: rounding };
  const fixed = roundTo(x, lowestExponent - (precision - 1), negative, mode);
  const tiny = exponent < lowestExponent;
  const value = widen(fixed.count);
  const normal = value >> BigInt(format.fraction) !== 0n;
  const flags = (fixed.inexact ? PE | (tiny ? UE : 0) : 0) | (fixed.up ? C1 : 0);
  return { bits: encode(format, negative, normal ? 1 : 0, value), flags };
}
