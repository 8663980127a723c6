import assert from 'node:assert/strict';
import type { FloatFunction } from '../../../src/machine/isa/float/declare';
import { differences } from './support/campaign';
import { FloatModule, PLACES } from './support/module';
import { OPERATIONS } from './support/operations';
import { reference } from './support/reference';

const MASKED = 0x37f;
const ONE = 0x3fff_8000_0000_0000_0000n;
const MINUS = 1n << 79n;
const MINIMUM = 0x0001_8000_0000_0000_0000n;
const MAXIMUM = 0x7ffe_ffff_ffff_ffff_ffffn;
const INDEFINITE = 0xffff_c000_0000_0000_0000n;
const INFINITY = 0x7fff_8000_0000_0000_0000n;

interface Example {
  readonly title: string;
  readonly function: FloatFunction;
  readonly operands: readonly bigint[];
  readonly control?: number;
  readonly result: bigint;
  readonly flags: number;
}

const EXAMPLES: readonly Example[] = [
  {
    title: 'takes the QNaN rather than an SNaN with a larger payload, and raises IE',
    function: 'f80Add',
    operands: [0x7fff_b000_0000_0000_0000n, 0xffff_c000_0000_0000_0001n],
    result: 0xffff_c000_0000_0000_0001n,
    flags: 0x01,
  },
  {
    title: 'takes the QNaN with the larger significand, and raises nothing',
    function: 'f80Mul',
    operands: [0x7fff_c000_0000_0000_0002n, 0xffff_c000_0000_0000_0003n],
    result: 0xffff_c000_0000_0000_0003n,
    flags: 0,
  },
  {
    title: 'takes the positive one of two NaNs that differ in sign',
    function: 'f80Mul',
    operands: [0xffff_c000_0000_0000_0002n, 0x7fff_c000_0000_0000_0002n],
    result: 0x7fff_c000_0000_0000_0002n,
    flags: 0,
  },
  {
    title: 'takes an unnormal as invalid, even next to a QNaN',
    function: 'f80Sub',
    operands: [0x4000_4000_0000_0000_0000n, 0x7fff_c000_0000_0000_0003n],
    result: INDEFINITE,
    flags: 0x01,
  },
  {
    title: 'leaves the destination alone if IE is unmasked',
    function: 'f80Div',
    operands: [0n, 0n],
    control: MASKED & ~1,
    result: 0n,
    flags: 0x01,
  },
  {
    title: 'gives infinity for a division by zero',
    function: 'f80Div',
    operands: [ONE, MINUS],
    result: INFINITY | MINUS,
    flags: 0x04,
  },
  {
    title: 'gives a positive zero for a difference of zero',
    function: 'f80Sub',
    operands: [ONE, ONE],
    result: 0n,
    flags: 0,
  },
  {
    title: 'gives a negative zero for a difference of zero when it rounds down',
    function: 'f80Sub',
    operands: [ONE, ONE],
    control: MASKED | 0x400,
    result: MINUS,
    flags: 0,
  },
  {
    title: 'reads a pseudo-denormal as the smallest normal numbers, and raises DE',
    function: 'f80Add',
    operands: [0x0000_8000_0000_0000_0000n, 0n],
    result: MINIMUM,
    flags: 0x02,
  },
  {
    title: 'raises UE for an inexact denormal only',
    function: 'f80Div',
    operands: [MINIMUM, 0x4000_8000_0000_0000_0000n],
    result: 0x4000_0000_0000_0000n,
    flags: 0,
  },
  {
    title: 'raises an unmasked UE for an exact one too, with the exponent 24576 higher',
    function: 'f80Div',
    operands: [MINIMUM, 0x4000_8000_0000_0000_0000n],
    control: MASKED & ~0x10,
    result: 0x6000_8000_0000_0000_0000n,
    flags: 0x10,
  },
  {
    title: 'rounds up what is a little more than half of the smallest denormal',
    function: 'f80Mul',
    operands: [MINIMUM + 1n, 0x3fbe_ffff_ffff_ffff_ffffn],
    result: 1n,
    flags: 0x230,
  },
  {
    title: 'gives infinity for an overflow, rounded up',
    function: 'f80Add',
    operands: [MAXIMUM, MAXIMUM],
    result: INFINITY,
    flags: 0x228,
  },
  {
    title: 'gives the largest number for an overflow that is rounded to zero',
    function: 'f80Add',
    operands: [MAXIMUM, MAXIMUM],
    control: MASKED | 0xc00,
    result: MAXIMUM,
    flags: 0x28,
  },
  {
    title: 'gives an unmasked overflow with the exponent 24576 lower',
    function: 'f80Add',
    operands: [MAXIMUM, MAXIMUM],
    control: MASKED & ~8,
    result: 0x1fff_ffff_ffff_ffff_ffffn,
    flags: 0x08,
  },
  {
    title: 'rounds to single precision by PC, in the range of 15-bit exponents',
    function: 'f80Div',
    operands: [MINIMUM, 0x3ffe_aaaa_aaaa_aaaa_aaabn],
    control: 0x07f,
    result: 0x0001_c000_0000_0000_0000n,
    flags: 0x220,
  },
  {
    title: 'scales beyond any exponent to infinity',
    function: 'f80Scale',
    operands: [ONE, 0x7ffe_8000_0000_0000_0000n],
    result: INFINITY,
    flags: 0x228,
  },
];

describe('floating-point rules', () => {
  const module = new FloatModule();

  function run(example: Example, dst: number): void {
    const places = [PLACES.a, PLACES.b];
    for (const [i, operand] of example.operands.entries()) module.setPlace(places[i], operand);
    if (dst === PLACES.dst) module.setPlace(dst, example.operands[0]);
    const flags = module.call(example.function, dst, ...places, example.control ?? MASKED);
    const unmasked = (example.flags & ~(example.control ?? MASKED) & 7) !== 0;
    if (!unmasked || dst !== PLACES.b) assert.equal(module.place(dst).toString(16), example.result.toString(16));
    assert.equal(flags, example.flags);
  }

  for (const example of EXAMPLES) {
    it(`${example.function} ${example.title}`, () => {
      for (const dst of [PLACES.dst, PLACES.a, PLACES.b]) run(example, dst);
    });
  }

  it('FPREM takes 32 to 63 bits at a time and says when it is done', () => {
    const dividend = 0x8000_0000_0000_0001n;
    const divisor = 0xc000_0000_0000_0001n;
    module.setPlace(PLACES.a, (0x7ffen << 64n) | dividend);
    module.setPlace(PLACES.b, (0x3fffn << 64n) | divisor);
    let steps = 0;
    let flags = 0x400;
    for (; (flags & 0x400) !== 0; steps++) {
      const before = Number(module.place(PLACES.a) >> 64n);
      flags = module.call('f80Remainder', PLACES.a, PLACES.a, PLACES.b, MASKED, 0) as number;
      const taken = before - Number(module.place(PLACES.a) >> 64n);
      assert.ok((flags & 0x400) === 0 || taken >= 32, `${taken} bits`);
    }
    // Both in units of 2^-63.
    const expected = (dividend << 16383n) % divisor;
    const shift = BigInt(64 - expected.toString(2).length);
    assert.equal(module.place(PLACES.a), ((16383n - shift) << 64n) | (expected << shift));
    assert.ok(steps > 250 && steps < 520, `${steps} steps`);
  });

  it('SSE keeps the first NaN and makes it quiet, and uses the second operand where MIN finds none smaller', () => {
    module.takeFlags();
    assert.equal((module.call('f32Add', 0x7f800001, 0x7fc00002, 0x1f80) as number) >>> 0, 0x7fc00001);
    assert.equal(module.takeFlags(), 1);
    assert.equal((module.call('f32Min', 0x7fc00001, 0x3f800000, 0x1f80) as number) >>> 0, 0x3f800000);
    assert.equal(module.takeFlags(), 1);
    assert.equal((module.call('f32Max', 0, 0x80000000 | 0, 0x1f80) as number) >>> 0, 0x80000000);
    assert.equal(module.takeFlags(), 0);
  });

  it('SSE flushes tiny results and reads denormals as zeros when told to', () => {
    const tiny = 0x00800000;
    const half = 0x3f000000;
    assert.equal(module.call('f32Mul', tiny, half, 0x1f80), 0x00400000);
    assert.equal(module.takeFlags(), 0);
    assert.equal(module.call('f32Mul', tiny, half, 0x9f80), 0);
    assert.equal(module.takeFlags(), 0x30);
    assert.equal(module.call('f32Add', 0x00400000, 0, 0x1fc0), 0);
    assert.equal(module.takeFlags(), 0);
  });

  it('are compared in results and in flags', async () => {
    const [operation] = OPERATIONS;
    const wrong = [
      { flags: 0x200, result: 0n, second: 0n },
      { flags: 0, result: 1n, second: 0n },
      { flags: 0, result: 0n, second: 1n },
    ];
    for (const { flags, result, second } of wrong) {
      const altered: typeof reference = async (...request) =>
        (await reference(...request)).map((outcome) => ({
          flags: outcome.flags ^ flags,
          result: outcome.result ^ result,
          second: outcome.second ^ second,
        }));
      assert.equal((await differences(module, altered, operation, 1, 50)).length, 50);
    }
  });
});
