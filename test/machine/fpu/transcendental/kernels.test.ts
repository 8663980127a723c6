import assert from 'node:assert/strict';
import type { Float80 } from '../../../../src/machine/fpu/float80';
import { angleOf } from '../../../../src/machine/fpu/transcendental/angle';
import { logarithmOf, logarithmOf1Plus } from '../../../../src/machine/fpu/transcendental/binary-logarithm';
import { circleOf } from '../../../../src/machine/fpu/transcendental/circle';
import { powerOfTwoLess1 } from '../../../../src/machine/fpu/transcendental/exponential';
import { fixed, type Scaled } from '../../../../src/machine/fpu/transcendental/fixed-point';
import { finiteOf, operandOf } from '../../../../src/machine/fpu/transcendental/operands';
import { Random } from '../../../differential/support/random';
import { EXACT, type Exact } from './support/exact';
import type { Range } from './support/instructions';
import { numberIn, PATTERNS } from './support/operands';

const CASES = 1000;

/** Bits that are right before rounding. With fewer, one result in many would be rounded wrongly, too few for a test to see. */
const PRECISION = 115;

/** Number of leading bits in which a magnitude agrees with a number. */
function agreement({ magnitude, scale }: Scaled, { units, places }: Exact): number {
  const common = Math.max(scale, places);
  const here = magnitude << BigInt(common - scale);
  const there = (units < 0n ? -units : units) << BigInt(common - places);
  const difference = here > there ? here - there : there - here;
  return there.toString(2).length - (difference === 0n ? 0 : difference.toString(2).length);
}

function positive({ mantissa, exponent }: Float80): Float80 {
  return { mantissa, exponent: exponent & 0x7fff };
}

const finite = (value: Float80) => finiteOf(operandOf(value));

/** A kernel on random operands, with the numbers that it stands for. */
interface Kernel {
  readonly st0: readonly Range[];
  readonly st1: Range;
  readonly compute: (st0: Float80, st1: Float80) => [Scaled, Exact][];
}

const one = PATTERNS.one;

const KERNELS: Readonly<Record<string, Kernel>> = {
  '2^x - 1': {
    st0: [
      [-8, -1],
      [-100, -1],
    ],
    st1: [0, 0],
    compute: (x) => [[powerOfTwoLess1(finite(x)), EXACT.F2XM1(x, one)[0]]],
  },
  'log2 x': {
    st0: [
      [-1, 0],
      [-100, 100],
    ],
    st1: [0, 0],
    compute: (signed) => {
      const x = positive(signed);
      const isOne = x.mantissa === one.mantissa && x.exponent === one.exponent;
      return isOne ? [] : [[logarithmOf(finite(x)), EXACT.FYL2X(x, one)[0]]];
    },
  },
  'log2(1 + x)': {
    st0: [
      [-9, -1],
      [-160, -1],
    ],
    st1: [0, 0],
    compute: (x) => [[logarithmOf1Plus(finite(x)), EXACT.FYL2XP1(x, one)[0]]],
  },
  'the angle of (x, y)': {
    st0: [
      [-3, 3],
      [-60, 60],
    ],
    st1: [-2, 2],
    compute: (x, y) => {
      const isLeft = (x.exponent & 0x8000) !== 0;
      return [[angleOf(finite(y), finite(x), isLeft), EXACT.FPATAN(x, y)[0]]];
    },
  },
  'sine and cosine': {
    st0: [[-35, -2]],
    st1: [0, 0],
    compute: (signed) => {
      const x = positive(signed);
      const { significand, exponent } = finite(x);
      const { sine, cosine } = circleOf({ magnitude: significand, scale: 63 - exponent });
      const exact = EXACT.FSINCOS(x, one);
      return [
        [sine, exact[0]],
        [fixed(cosine), exact[1]],
      ];
    },
  },
};

describe('the functions before rounding', () => {
  for (const [seed, [name, { st0, st1, compute }]] of Object.entries(KERNELS).entries()) {
    it(`${name} is right to ${PRECISION} bits`, () => {
      const random = new Random(seed + 50);
      let worst = Infinity;
      for (let i = 0; i < CASES; i++) {
        const x = numberIn(random, random.pick(st0));
        const y = numberIn(random, st1);
        for (const [result, exact] of compute(x, y)) worst = Math.min(worst, agreement(result, exact));
      }
      assert.ok(worst >= PRECISION && worst < Infinity, `${worst} bits`);
    });
  }
});
