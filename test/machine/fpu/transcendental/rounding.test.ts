import assert from 'node:assert/strict';
import { INTEGER_BIT } from '../../../../src/machine/fpu/float80';
import { type Real, round } from '../../../../src/machine/fpu/transcendental/rounding';
import { C1, Exception } from '../../../../src/machine/fpu/words';
import { PATTERNS } from './support/operands';

const MASKED = 0x37f;
const { Overflow, Underflow, Precision } = Exception;

/** Nearest, down, up, towards zero. */
const CONTROLS = [0, 1, 2, 3].map((rounding) => MASKED | (rounding << 10));

/** A significand of 64 bits with more of them behind, times 2^exponent. */
function real(significand: bigint, behind: string, exponent: number, exact = true, negative = false): Real {
  const magnitude = (significand << BigInt(behind.length)) | BigInt(`0b0${behind}`);
  return { magnitude, scale: 63 + behind.length - exponent, exact, negative };
}

/** What is added to the significand in each mode; C1 tells the same. */
function increments(number: Real, significand: bigint): bigint[] {
  return CONTROLS.map((control) => {
    const { value, flags } = round(number, control);
    const increment = value.mantissa - significand;
    assert.equal(flags, Precision | (increment > 0n ? C1 : 0));
    assert.equal(value.exponent, (number.negative ? 0x8000 : 0) | 0x3fff);
    return increment;
  });
}

describe('rounding to extended precision', () => {
  const even = INTEGER_BIT | 4n;
  const odd = INTEGER_BIT | 5n;

  it('rounds ties to the even one', () => {
    assert.deepEqual(increments(real(even, '1000', 0), even), [0n, 0n, 1n, 0n]);
    assert.deepEqual(increments(real(odd, '1000', 0), odd), [1n, 0n, 1n, 0n]);
    assert.deepEqual(increments(real(odd, '1', 0, true, true), odd), [1n, 1n, 0n, 0n]);
  });

  it('sees what lies below the bits that are given', () => {
    assert.deepEqual(increments(real(even, '1000', 0, false), even), [1n, 0n, 1n, 0n]);
    assert.deepEqual(increments(real(even, '0000', 0, false), even), [0n, 0n, 1n, 0n]);
    assert.deepEqual(increments(real(even, '', 0, false), even), [0n, 0n, 1n, 0n]);
    assert.deepEqual(increments(real(even, '', 0, false, true), even), [0n, 1n, 0n, 0n]);
    assert.deepEqual(increments(real(even, '0111', 0, false), even), [0n, 0n, 1n, 0n]);
    assert.deepEqual(increments(real(even, '1001', 0), even), [1n, 0n, 1n, 0n]);
  });

  it('leaves a number of the format as it is, with PE as processors report it', () => {
    assert.deepEqual(increments(real(odd, '', 0), odd), [0n, 0n, 0n, 0n]);
    const short = round({ magnitude: 5n, scale: 2, exact: true, negative: false }, MASKED);
    assert.deepEqual(short, { value: { mantissa: 5n << 61n, exponent: 0x3fff }, flags: Precision });
  });

  it('carries into the exponent', () => {
    const { value, flags } = round(real((1n << 64n) - 1n, '11', 0), MASKED);
    assert.deepEqual(value, PATTERNS.two);
    assert.equal(flags, Precision | C1);
    const over = round(real((1n << 64n) - 1n, '1', 0x3fff), MASKED);
    assert.deepEqual(over, { value: PATTERNS.infinity, flags: Overflow | Precision | C1 });
  });

  it('counts bits of numbers next to powers of two', () => {
    for (const bits of [1n, 64n, 65n, 100n, 128n, 300n]) {
      const below = round({ magnitude: (1n << bits) - 1n, scale: 0, exact: true, negative: false }, CONTROLS[3]);
      assert.equal(below.value.exponent, 0x3fff + Number(bits) - 1);
      const power = round({ magnitude: 1n << bits, scale: 0, exact: true, negative: false }, CONTROLS[3]);
      assert.deepEqual(power.value, { mantissa: INTEGER_BIT, exponent: 0x3fff + Number(bits) });
    }
  });

  it('rounds denormals to the bits that they have', () => {
    const half = real(INTEGER_BIT | 3n, '', -16383);
    const results = CONTROLS.map((control) => round(half, control));
    const [low, high] = [(INTEGER_BIT | 3n) >> 1n, ((INTEGER_BIT | 3n) >> 1n) + 1n];
    assert.deepEqual(
      results.map(({ value }) => value),
      [high, low, high, low].map((mantissa) => ({ mantissa, exponent: 0 })),
    );
    assert.deepEqual(
      results.map(({ flags }) => flags),
      [C1, 0, C1, 0].map((c1) => Underflow | Precision | c1),
    );
  });

  it('is tiny by the value after rounding to 64 bits, even where the denormal becomes the smallest normal number', () => {
    const almost = real((1n << 64n) - 1n, '', -16383);
    assert.deepEqual(round(almost, MASKED), { value: PATTERNS.smallestNormal, flags: Underflow | Precision | C1 });
    const closer = real((1n << 64n) - 1n, '1', -16383);
    assert.deepEqual(round(closer, MASKED), { value: PATTERNS.smallestNormal, flags: Precision | C1 });
    const down = round(closer, CONTROLS[1]);
    assert.deepEqual(down, { value: PATTERNS.largestDenormal, flags: Underflow | Precision });
  });

  it('goes to zero or the smallest denormal from far below', () => {
    for (const exponent of [-16447, -17000, -32000, -40000]) {
      const number = real(INTEGER_BIT | 1n, '1', exponent);
      const mantissas = CONTROLS.map((control) => round(number, control).value.mantissa);
      assert.deepEqual(mantissas, [0n, 0n, 1n, 0n], `2^${exponent}`);
    }
    assert.equal(round(real(INTEGER_BIT, '', -16446), MASKED).value.mantissa, 0n);
    assert.equal(round(real(INTEGER_BIT, '', -16446, false), MASKED).value.mantissa, 1n);
  });

  it('wraps the exponent where overflow or underflow is unmasked', () => {
    const large = round(real(odd, '', 0x4000, true, true), MASKED & ~Overflow);
    assert.deepEqual(large, { value: { mantissa: odd, exponent: 0x8000 | 0x1fff }, flags: Overflow | Precision });
    const small = round(real(odd, '', -20000), MASKED & ~Underflow);
    const exponent = 0x3fff - 20000 + 0x6000;
    assert.deepEqual(small, { value: { mantissa: odd, exponent }, flags: Underflow | Precision });
  });
});
