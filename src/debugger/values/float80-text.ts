import {
  classify,
  type Float80,
  Float80Class,
  isNegative,
  MAX_EXPONENT,
  EXPONENT_BIAS,
} from '../../machine/fpu/float80';

/** Enough decimal digits to tell any two values of 64 significant bits apart. */
const DIGITS = 21;
/** Numbers from 10^-5 up to 10^21 are written without an exponent. */
const LEAST_PLAIN = -5;

const NAMES: Partial<Record<Float80Class, string>> = {
  [Float80Class.Infinity]: 'infinity',
  [Float80Class.QuietNaN]: 'NaN',
  [Float80Class.SignalingNaN]: 'signalling NaN',
  [Float80Class.Unsupported]: 'unsupported',
};

/** `n / d` to the nearest integer. */
function divide(n: bigint, d: bigint): bigint {
  return (n * 2n + d) / (d * 2n);
}

/** The first digits of a positive number and its decimal exponent: `0.DDD… * 10^exponent`. */
function decimalDigits({ mantissa, exponent }: Float80): { digits: string; exponent: number } {
  const binary = Math.max(exponent & MAX_EXPONENT, 1) - EXPONENT_BIAS - 63;
  const bits = mantissa.toString(2).length + binary;
  for (let decimal = Math.floor((bits - 1) * Math.LOG10E * Math.LN2); ; decimal++) {
    const shift = DIGITS - 1 - decimal;
    const [n, d] = [
      mantissa * (binary > 0 ? 1n << BigInt(binary) : 1n) * (shift > 0 ? 10n ** BigInt(shift) : 1n),
      (binary < 0 ? 1n << BigInt(-binary) : 1n) * (shift < 0 ? 10n ** BigInt(-shift) : 1n),
    ];
    const digits = divide(n, d).toString();
    // The estimate may be one too low.
    if (digits.length <= DIGITS) return { digits, exponent: decimal + 1 };
  }
}

function numberText(value: Float80): string {
  const { digits, exponent } = decimalDigits(value);
  const trimmed = digits.replace(/0+$/, '');
  if (exponent > DIGITS || exponent < LEAST_PLAIN) {
    const fraction = trimmed.slice(1);
    return `${trimmed[0]}${fraction && `.${fraction}`}e${exponent - 1}`;
  }
  if (exponent <= 0) return `0.${'0'.repeat(-exponent)}${trimmed}`;
  return `${trimmed.slice(0, exponent).padEnd(exponent, '0')}.${trimmed.slice(exponent) || '0'}`;
}

/** An 80-bit value in decimal, with more digits than a double has. */
export function float80Text(value: Float80): string {
  const kind = classify(value);
  const sign = isNegative(value) ? '-' : '';
  if (kind === Float80Class.Zero) return `${sign}0.0`;
  return sign + (NAMES[kind] ?? numberText(value));
}

/** Its bits: sign and exponent, then the significand. */
export function float80Bits({ mantissa, exponent }: Float80): string {
  return `${exponent.toString(16).padStart(4, '0')}:${mantissa.toString(16).padStart(16, '0')}`;
}
