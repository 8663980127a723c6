import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { classify, Float80Class, MAX_EXPONENT, SIGN_BIT, type Float80 } from '../../../../src/machine/fpu/float80';
import { LOAD_CONSTANT } from '../../../../src/machine/fpu/transcendental/constants';
import { C1, C2, Exception } from '../../../../src/machine/fpu/words';
import { Random } from '../../../differential/support/random';
import { type Instruction, INSTRUCTIONS } from './support/instructions';
import { type NativeCase, type NativeOutcome, NativeX87 } from './support/native';
import { nearRightAngle, operand, PATTERNS } from './support/operands';

/** Of each instruction, and for each kind of control word. */
const CASES = 3000;

const ALL_EXCEPTIONS = 0x3f;
const EXTENDED_PRECISION = 0x300;

const CONTROLS: Readonly<Record<string, (random: Random) => number>> = {
  'all exceptions masked': (random) => EXTENDED_PRECISION | (random.below(4) << 10) | ALL_EXCEPTIONS,
  'exceptions unmasked': (random) => EXTENDED_PRECISION | (random.below(4) << 10) | random.below(ALL_EXCEPTIONS + 1),
  'single precision control': (random) => (random.below(4) << 10) | ALL_EXCEPTIONS,
};

/**
 * Flags that mean the same to all makers. They differ in whether exact results come with PE, and so with UE; ours are those of
 * the AMD family 19h.
 */
const ARCHITECTURAL = Exception.Invalid | Exception.Denormal | Exception.ZeroDivide | Exception.Overflow | C2;

function comparedFlags(): number {
  const isAmd = readFileSync('/proc/cpuinfo', 'latin1').includes('AuthenticAMD');
  return isAmd ? ARCHITECTURAL | Exception.Precision | Exception.Underflow : ARCHITECTURAL;
}

/** False where the documentation leaves the result to the processor. */
function isDefined({ name }: Instruction, { st0 }: NativeCase): boolean {
  const biased = st0.exponent & MAX_EXPONENT;
  const finite = classify(st0) === Float80Class.Normal;
  if (name === 'F2XM1') return classify(st0) !== Float80Class.Infinity && (!finite || biased < 0x3fff);
  return name !== 'FYL2XP1' || !finite || biased < 0x3ffd;
}

function show({ mantissa, exponent }: Float80): string {
  return `${exponent.toString(16).padStart(4, '0')}:${mantissa.toString(16).padStart(16, '0')}`;
}

/** The place of a number among all numbers of its sign. */
function ordinal({ mantissa, exponent }: Float80): bigint {
  const biased = Math.max(exponent & MAX_EXPONENT, 1);
  return (BigInt(biased) << 63n) + mantissa;
}

/** How many numbers lie between two, or undefined if their signs differ. */
function distance(a: Float80, b: Float80): bigint | undefined {
  if ((a.exponent ^ b.exponent) & SIGN_BIT) return undefined;
  const difference = ordinal(a) - ordinal(b);
  return difference < 0n ? -difference : difference;
}

/** The registers as our functions and their contract leave them. */
function emulate(instruction: Instruction, { st0, st1, control }: NativeCase): NativeOutcome {
  const { value, pushed, flags } = instruction.execute(st0, st1, control);
  if (!value) return { status: flags, st0, st1, pushed: 0 };
  if (pushed) return { status: flags, st0: pushed, st1: value, pushed: 1 };
  return instruction.operands === 2
    ? { status: flags, st0: value, st1: PATTERNS.zero, pushed: -1 }
    : { status: flags, st0: value, st1, pushed: 0 };
}

describe('the transcendental functions of the x87, next to the processor of this computer', function () {
  this.timeout(120_000);
  let native: NativeX87;
  let flagMask: number;

  before(async function () {
    const started = await NativeX87.start();
    if (typeof started === 'string') {
      console.log(`    skipped: ${started}`);
      this.skip();
    }
    native = started;
    flagMask = comparedFlags();
  });

  function compare(instruction: Instruction, test: NativeCase, there: NativeOutcome): boolean {
    const here = emulate(instruction, test);
    const what =
      `${instruction.name} of ${show(test.st0)}, ${show(test.st1)} with control word ${test.control.toString(16)}: ` +
      `here ${show(here.st0)} ${show(here.st1)} ${here.status.toString(16)}, ` +
      `there ${show(there.st0)} ${show(there.st1)} ${there.status.toString(16)}`;
    assert.equal(here.pushed, there.pushed, `the stack differs: ${what}`);
    assert.equal(here.status & flagMask, there.status & flagMask, `the flags differ: ${what}`);
    const distances = [distance(here.st0, there.st0)];
    if (here.pushed >= 0) distances.push(distance(here.st1, there.st1));
    for (const it of distances) assert.ok(it !== undefined && it <= 1n, `more than a unit apart: ${what}`);
    return distances.every((it) => it === 0n);
  }

  for (const [kind, control] of Object.entries(CONTROLS)) {
    for (const [seed, instruction] of INSTRUCTIONS.entries()) {
      it(`${instruction.name} gives the same, ${kind}`, async () => {
        const random = new Random(seed + 100);
        const cases = Array.from({ length: CASES }, () => ({
          opcode: instruction.opcode,
          control: control(random),
          st0: instruction.reduces && random.chance(0.2) ? nearRightAngle(random) : operand(random, instruction.st0),
          st1: operand(random, [[-70, 70]]),
        })).filter((test) => isDefined(instruction, test));
        const outcomes = await native.run(cases);
        const same = cases.filter((test, i) => compare(instruction, test, outcomes[i])).length;
        assert.ok(cases.length > CASES / 2);
        assert.ok(same > cases.length * 0.85, `${same} of ${cases.length} results are the same to the bit`);
      });
    }
  }

  it('combines all special operands alike', async () => {
    const patterns = Object.values(PATTERNS).flatMap((it) => [it, { ...it, exponent: it.exponent | SIGN_BIT }]);
    for (const instruction of INSTRUCTIONS) {
      const second = instruction.operands === 2 ? patterns : [PATTERNS.one];
      const cases = patterns
        .flatMap((st0) => second.map((st1) => ({ opcode: instruction.opcode, control: 0x37f, st0, st1 })))
        .filter((test) => isDefined(instruction, test));
      const outcomes = await native.run(cases);
      for (const [i, test] of cases.entries()) compare(instruction, test, outcomes[i]);
    }
  });

  it('loads the same constants in every rounding mode', async () => {
    const opcodes = { fld1: 0xe8, fldl2t: 0xe9, fldl2e: 0xea, fldpi: 0xeb, fldlg2: 0xec, fldln2: 0xed, fldz: 0xee };
    for (const name of Object.keys(LOAD_CONSTANT) as (keyof typeof LOAD_CONSTANT)[]) {
      for (let rounding = 0; rounding < 4; rounding++) {
        const control = 0x37f | (rounding << 10);
        const [outcome] = await native.run([
          { opcode: opcodes[name], control, st0: PATTERNS.half, st1: PATTERNS.half },
        ]);
        assert.deepEqual(LOAD_CONSTANT[name](control), outcome.st0, `${name}, rounding ${rounding}`);
        assert.equal(outcome.status & (ALL_EXCEPTIONS | C1), 0);
        assert.equal(outcome.pushed, 1);
      }
    }
  });
});
