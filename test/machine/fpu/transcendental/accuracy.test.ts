import assert from 'node:assert/strict';
import {
  classify,
  Float80Class,
  INTEGER_BIT,
  isNegative,
  MAX_EXPONENT,
  type Float80,
} from '../../../../src/machine/fpu/float80';
import { C1, Exception, Rounding } from '../../../../src/machine/fpu/words';
import { Random } from '../../../differential/support/random';
import { deviation, EXACT, type Exact } from './support/exact';
import { type Instruction, INSTRUCTIONS } from './support/instructions';
import { anyNumber, denormal, nearRightAngle, numberIn, PATTERNS } from './support/operands';

const ALL_MASKED = 0x37f;
const ROUNDINGS = [Rounding.Nearest, Rounding.Down, Rounding.Up, Rounding.Zero];

/** Cases of each instruction with operands in its ranges, and with operands of any size. */
const USUAL = 1500;
const EXTREME = 16;

interface Case {
  readonly st0: Float80;
  readonly st1: Float80;
}

function casesOf(instruction: Instruction, random: Random): Case[] {
  const usual = Array.from({ length: USUAL }, () => ({
    st0:
      instruction.reduces && random.chance(0.2)
        ? nearRightAngle(random)
        : numberIn(random, random.pick(instruction.st0)),
    st1: numberIn(random, [-70, 70]),
  }));
  const extreme = Array.from({ length: EXTREME }, (_, i) => ({
    st0: i % 2 ? denormal(random) : anyNumber(random),
    st1: i % 4 < 2 ? denormal(random) : anyNumber(random),
  }));
  const edges = [PATTERNS.below1, PATTERNS.above1, PATTERNS.rightAngle, PATTERNS.pi, PATTERNS.largestAngle];
  const ends = [PATTERNS.belowSeriesEnd, PATTERNS.aboveSeriesEnd, PATTERNS.smallestNormal, PATTERNS.smallestDenormal];
  return [...usual, ...extreme, ...[...edges, ...ends].map((st0) => ({ st0, st1: PATTERNS.one }))];
}

/** What the documentation leaves undefined, or what is no number. */
function isDefined({ name }: Instruction, { st0 }: Case): boolean {
  const exponent = (st0.exponent & MAX_EXPONENT) - 0x3fff;
  if (name === 'F2XM1') return exponent < 0;
  if (name === 'FYL2XP1') return exponent < -1;
  if (name === 'FYL2X') return !isNegative(st0) && (st0.mantissa !== INTEGER_BIT || exponent !== 0);
  return name === 'FPATAN' || exponent < 63;
}

function show({ mantissa, exponent }: Float80): string {
  return `${exponent.toString(16).padStart(4, '0')}:${mantissa.toString(16).padStart(16, '0')}`;
}

/** Checks a result against the number that it stands for. @returns what is wrong with it */
function complaint(result: Float80, exact: Exact, rounding: Rounding, flags: number | undefined): string | undefined {
  const { ulps, outwards } = deviation(result, exact);
  // The reference is exact enough to tell a half from anything else.
  if (Math.abs(ulps) >= (rounding === Rounding.Nearest ? 0.5000001 : 1)) return `is off by ${ulps} ulp`;
  if (rounding === Rounding.Zero && outwards > 0) return 'is not rounded towards zero';
  const upwards = isNegative(result) ? -outwards : outwards;
  if (rounding === Rounding.Down && upwards > 0) return 'is not rounded down';
  if (rounding === Rounding.Up && upwards < 0) return 'is not rounded up';
  if (flags === undefined) return undefined;
  if (((flags & C1) !== 0) !== outwards > 0) return 'has the wrong C1';
  if (!(flags & Exception.Precision)) return 'comes without PE';
  const tiny = (result.exponent & MAX_EXPONENT) === 0;
  // The smallest normal number may be a rounded denormal.
  const either = result.mantissa === INTEGER_BIT && (result.exponent & MAX_EXPONENT) === 1;
  return !either && ((flags & Exception.Underflow) !== 0) !== tiny ? 'has the wrong UE' : undefined;
}

function check(instruction: Instruction, { st0, st1 }: Case, exact: Exact[], rounding: Rounding): void {
  const outcome = instruction.execute(st0, st1, ALL_MASKED | (rounding << 10));
  const results = [outcome.value, outcome.pushed];
  for (const [i, number] of exact.entries()) {
    const result = results[i];
    assert.ok(result);
    if (classify(result) === Float80Class.Infinity || outcome.flags & Exception.Overflow) {
      assert.ok(outcome.flags & Exception.Overflow, `${instruction.name} of ${show(st0)}, ${show(st1)}: overflow`);
      assert.ok(number.units.toString(2).length - number.places > 0x3fff);
      continue;
    }
    const wrong = complaint(result, number, rounding, i === 0 ? outcome.flags : undefined);
    const what = `${instruction.name} of ${show(st0)}, ${show(st1)}, rounding ${Rounding[rounding]}: ${show(result)}`;
    assert.equal(wrong, undefined, `${what} ${wrong}`);
  }
}

describe('the transcendental functions of the x87, next to slow exact ones', function () {
  this.timeout(120_000);

  for (const [seed, instruction] of INSTRUCTIONS.entries()) {
    it(`${instruction.name} is rounded correctly in every mode`, () => {
      let checked = 0;
      for (const operands of casesOf(instruction, new Random(seed + 1))) {
        if (!isDefined(instruction, operands)) continue;
        const exact = EXACT[instruction.name](operands.st0, operands.st1);
        for (const rounding of ROUNDINGS) check(instruction, operands, exact, rounding);
        checked++;
      }
      assert.ok(checked > USUAL * 0.4, `${checked} cases`);
    });
  }

  it('FPTAN next to a right angle is rounded correctly, where it is a reciprocal but for its last bits', () => {
    const fptan = INSTRUCTIONS[2];
    const random = new Random(77);
    for (let i = 0; i < USUAL; i++) {
      const mantissa = PATTERNS.rightAngle.mantissa + BigInt(random.between(-0x20000000, 0x20000000));
      const st0 = { ...PATTERNS.rightAngle, mantissa };
      const exact = EXACT.FPTAN(st0, PATTERNS.one);
      for (const rounding of ROUNDINGS) check(fptan, { st0, st1: PATTERNS.one }, exact, rounding);
    }
  });

  it('tells a result that is one unit off', () => {
    const [exact] = EXACT.FSIN(PATTERNS.one, PATTERNS.one);
    const { value } = INSTRUCTIONS[6].execute(PATTERNS.one, PATTERNS.one, ALL_MASKED);
    assert.ok(value);
    assert.equal(complaint(value, exact, Rounding.Nearest, undefined), undefined);
    for (const step of [-1n, 1n]) {
      const wrong = { ...value, mantissa: value.mantissa + step };
      assert.match(complaint(wrong, exact, Rounding.Nearest, undefined) ?? '', /off by/);
    }
  });
});
