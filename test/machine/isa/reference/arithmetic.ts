import { FLAG_AF, FLAG_CF, FLAG_OF, FLAG_PF, FLAG_SF, FLAG_ZF } from '../../../../src/machine/layout';

/**
 * Plain reference functions for arithmetic, written with BigInt straight from the manual's definitions and
 * sharing nothing with the emitter's formulas.
 */

export type Bits = 8 | 16 | 32;

export interface Outcome {
  readonly result: bigint;
  readonly flags: number;
}

const bit = (value: bigint, index: number) => (value >> BigInt(index)) & 1n;
export const cut = (value: bigint, bits: Bits): bigint => BigInt.asUintN(bits, value);
export const signed = (value: bigint, bits: Bits): bigint => BigInt.asIntN(bits, value);

function resultFlags(result: bigint, bits: Bits): number {
  let flags = 0;
  if (result === 0n) flags |= FLAG_ZF;
  if (bit(result, bits - 1)) flags |= FLAG_SF;
  let ones = 0;
  for (let i = 0; i < 8; i++) ones += Number(bit(result, i));
  if (ones % 2 === 0) flags |= FLAG_PF;
  return flags;
}

const within = (value: bigint, bits: Bits) => value >= -(1n << BigInt(bits - 1)) && value < 1n << BigInt(bits - 1);

export function add(a: bigint, b: bigint, carry: bigint, bits: Bits): Outcome {
  const result = cut(a + b + carry, bits);
  let flags = resultFlags(result, bits);
  if ((a + b + carry) >> BigInt(bits)) flags |= FLAG_CF;
  if ((a & 15n) + (b & 15n) + carry > 15n) flags |= FLAG_AF;
  if (!within(signed(a, bits) + signed(b, bits) + carry, bits)) flags |= FLAG_OF;
  return { result, flags };
}

export function subtract(a: bigint, b: bigint, borrow: bigint, bits: Bits): Outcome {
  const result = cut(a - b - borrow, bits);
  let flags = resultFlags(result, bits);
  if (a < b + borrow) flags |= FLAG_CF;
  if ((a & 15n) < (b & 15n) + borrow) flags |= FLAG_AF;
  if (!within(signed(a, bits) - signed(b, bits) - borrow, bits)) flags |= FLAG_OF;
  return { result, flags };
}

export function logic(result: bigint, bits: Bits): Outcome {
  return { result, flags: resultFlags(result, bits) };
}

/** One bit at a time, as the manual describes shifts and rotates. OF is defined for a count of 1 only. */
export function shift(kind: string, a: bigint, count: number, carryIn: bigint, bits: Bits): Outcome {
  let value = a;
  let carry = carryIn;
  const top = bits - 1;
  const ring = kind === 'RCL' || kind === 'RCR' ? count % (bits + 1) : count;
  for (let i = 0; i < ring; i++) {
    const high = bit(value, top);
    const low = value & 1n;
    switch (kind) {
      case 'ROL':
        value = cut(value << 1n, bits) | high;
        carry = high;
        break;
      case 'ROR':
        value = (value >> 1n) | (low << BigInt(top));
        carry = low;
        break;
      case 'RCL':
        value = cut(value << 1n, bits) | carry;
        carry = high;
        break;
      case 'RCR':
        value = (value >> 1n) | (carry << BigInt(top));
        carry = low;
        break;
      case 'SHL':
        value = cut(value << 1n, bits);
        carry = high;
        break;
      case 'SHR':
        value >>= 1n;
        carry = low;
        break;
      default:
        value = (value >> 1n) | (high << BigInt(top));
        carry = low;
    }
  }
  const rotates = kind.startsWith('R');
  let flags = rotates ? 0 : resultFlags(value, bits);
  if (carry) flags |= FLAG_CF;
  const overflow =
    kind === 'ROL' || kind === 'RCL' || kind === 'SHL'
      ? bit(value, top) ^ carry
      : bit(value, top) ^ bit(value, top - 1);
  const overflowOfOne = kind === 'SHR' ? bit(a, top) : kind === 'SAR' ? 0n : overflow;
  if (overflowOfOne) flags |= FLAG_OF;
  return { result: value, flags };
}
