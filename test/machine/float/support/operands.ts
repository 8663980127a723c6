import type { Random } from '../../../differential/support/random';

/** Random operands, most of them at edges: of the range, of precisions, between classes. Numbers are their bits. */

const INTEGER_BIT = 1n << 63n;

/** 64 random bits. */
export function random64(random: Random): bigint {
  return (BigInt(random.u32()) << 32n) | BigInt(random.u32());
}

/** 64 bits that are likely to be halfway between two numbers of some precision, or next to that. */
function pattern(random: Random): bigint {
  switch (random.below(9)) {
    case 0:
      return 0n;
    case 1:
      return (1n << 64n) - 1n;
    case 2:
      return 1n << BigInt(random.below(64));
    case 3:
      return BigInt.asUintN(64, -(1n << BigInt(random.below(64))));
    case 4:
      return BigInt.asUintN(64, (1n << BigInt(random.below(64))) + BigInt(random.between(-2, 2)));
    case 5:
    case 6: {
      // Cut after a precision, then a half or what is next to it.
      const kept = BigInt(random.pick([24, 53, 64, 32, 23, 52, 12]));
      const top = (random64(random) >> (64n - kept)) << (64n - kept);
      const half = kept === 64n ? 0n : 1n << (63n - kept);
      return BigInt.asUintN(64, top + half + BigInt(random.pick([0, 0, 0, 1, -1])));
    }
    default:
      return random64(random);
  }
}

/** A biased 15-bit exponent. `near` is that of the other operand. */
function exponent80(random: Random, near: number): number {
  const inRange = (value: number) => Math.min(0x7ffe, Math.max(0, value));
  switch (random.below(10)) {
    case 0:
      return random.below(0x7fff);
    case 1:
      return random.below(3);
    case 2:
      return 0x7ffe - random.below(3);
    case 3:
      return inRange(near + random.between(-66, 66));
    case 4:
      return inRange(near + random.between(-2, 2));
    case 5:
      // The product lies at an end of the range.
      return inRange(random.pick([0, 0x7fff]) + 16383 - near + random.between(-70, 4));
    case 6:
      // So does the quotient.
      return inRange(near + random.pick([-16383, 16383]) + random.between(-70, 4));
    case 7:
      // Ends of the ranges of singles and doubles.
      return inRange(16383 + random.pick([-127, 127, -1023, 1023]) + random.between(-60, 4));
    default:
      return 16383 + random.between(-70, 70);
  }
}

/** Bits of an 80-bit number; `near` is one that it shall have to do with. */
export function operand80(random: Random, near?: bigint): bigint {
  const sign = BigInt(random.below(2)) << 79n;
  const nearExponent = near === undefined ? 16383 : Number((near >> 64n) & 0x7fffn);
  const number = (exponent: number, significand: bigint) => sign | (BigInt(exponent) << 64n) | significand;
  switch (random.below(20)) {
    case 0:
      return sign;
    case 1:
      return number(0x7fff, INTEGER_BIT);
    case 2:
      return number(0x7fff, INTEGER_BIT | (pattern(random) >> BigInt(random.below(4))) | BigInt(random.below(2)));
    case 3:
      return number(0, pattern(random) >> BigInt(1 + random.below(63)));
    case 4:
      return number(0, pattern(random) | INTEGER_BIT);
    case 5:
      return random.chance(0.3) ? number(random.below(0x8000), pattern(random)) : number(random.below(3), INTEGER_BIT);
    case 6:
      return near !== undefined && random.chance(0.7)
        ? near ^ (BigInt(random.below(2)) << 79n)
        : number(0x3fff, INTEGER_BIT);
    default:
      return number(exponent80(random, nearExponent), pattern(random) | INTEGER_BIT);
  }
}

/** A small number for FSCALE's second operand, or anything. */
export function scaleBy(random: Random): bigint {
  if (random.chance(0.3)) return operand80(random);
  const exponent = BigInt(16383 + random.between(-3, 17));
  return (BigInt(random.below(2)) << 79n) | (exponent << 64n) | pattern(random) | INTEGER_BIT;
}

/** A number at the end of an integer range of some width, with a fraction. */
export function nearInteger(random: Random): bigint {
  if (random.chance(0.3)) return operand80(random);
  const exponent = BigInt(
    16383 + random.pick([-2, -1, 0, 1, 8, 13, 14, 15, 16, 29, 30, 31, 32, 58, 59, 60, 61, 62, 63, 64]),
  );
  return (BigInt(random.below(2)) << 79n) | (exponent << 64n) | pattern(random) | INTEGER_BIT;
}

/** Bits of a single (32) or double (64). */
export function operandBits(random: Random, width: 32 | 64, near?: bigint): bigint {
  const [fraction, bias, max] = width === 32 ? [23, 127, 255] : [52, 1023, 2047];
  const sign = BigInt(random.below(2)) << BigInt(width - 1);
  const nearExponent = near === undefined ? bias : Number((near >> BigInt(fraction)) & BigInt(max));
  const part = pattern(random) >> BigInt(64 - fraction);
  const number = (exponent: number, bits: bigint) => {
    const field = Math.min(max - 1, Math.max(0, exponent));
    return sign | (BigInt(field) << BigInt(fraction)) | bits;
  };
  const infinity = BigInt(max) << BigInt(fraction);
  switch (random.below(16)) {
    case 0:
      return sign;
    case 1:
      return sign | infinity;
    case 2:
      return sign | infinity | (part >> BigInt(random.below(3))) | BigInt(random.below(2));
    case 3:
      return sign | (part >> BigInt(random.below(fraction)));
    case 4:
      return number(random.below(max), part);
    case 5:
      return number(random.pick([1, 2, max - 1, max - 2]), part);
    case 6:
      return near !== undefined ? near ^ sign : number(bias, 0n);
    case 7:
      return number(bias - nearExponent + random.pick([0, max - 1]) + random.between(-fraction, 3), part);
    case 8:
      return number(nearExponent + random.pick([-bias, bias]) + random.between(-fraction, 3), part);
    case 9:
      return number(nearExponent + random.between(-fraction - 2, fraction + 2), part);
    case 10:
      // Doubles at the ends of the range of singles; integers at the end of theirs.
      return number(bias + random.pick([127, -127, 31, 32, 30, 0]) + random.between(-30, 3), part);
    default:
      return number(nearExponent + random.between(-3, 3), part);
  }
}

/** An integer of a width in bits, as bits. */
export function integerBits(random: Random, width: 32 | 64): bigint {
  return pattern(random) >> BigInt(64 - width + (random.chance(0.5) ? random.below(width) : 0));
}

/** Ten bytes of packed decimal with valid digits. */
export function packedDecimal(random: Random): bigint {
  let digits = 0n;
  for (let i = 0; i < 18; i++)
    digits = (digits << 4n) | BigInt(random.chance(0.3) ? random.pick([0, 9]) : random.below(10));
  return (BigInt(random.pick([0, 0x80, 0x7f, 0xff])) << 72n) | (digits >> BigInt(4 * random.below(19)));
}

/** A control word: any rounding and precision, exceptions masked or some of them not. */
export function controlWord(random: Random): number {
  const masks = random.chance(0.7) ? 0x3f : random.below(0x40);
  return (random.below(4) << 10) | (random.pick([0, 2, 3, 3]) << 8) | 0x40 | masks;
}

/** The same for MXCSR, with FTZ and DAZ; flags may be set already. */
export function mxcsr(random: Random): number {
  const masks = random.chance(0.7) ? 0x1f80 : random.below(0x40) << 7;
  const rounding = random.chance(0.5) ? 0 : random.below(4) << 13;
  const zeros = random.chance(0.3) ? random.pick([0x40, 0x8000, 0x8040]) : 0;
  return rounding | masks | zeros | (random.chance(0.5) ? 0x20 : 0);
}
