import assert from 'node:assert/strict';
import { FpuRegisters, Tag } from '../../../src/machine/fpu/registers';
import { FLAG_AF, FLAG_CF, FLAG_OF, FLAG_PF, FLAG_SF, FLAG_ZF } from '../../../src/machine/layout';
import { DATA, Stepper } from '../isa/support/step';
import { at, FLD1, fldcw, FLDPI, FLDZ, FNINIT } from './support/code';

const ONE = '3fff:8000000000000000';
const TWO = '4000:8000000000000000';
const PI = '4000:c90fdaa22168c235';
const ZERO = '0000:0000000000000000';
const INDEFINITE = 'ffff:c000000000000000';

const IE = 0x01;
const ZE = 0x04;
const SF = 0x40;
const C0 = 0x100;
const C1 = 0x200;
const C2 = 0x400;
const C3 = 0x4000;

/** What is left: the stack from ST(0) down, and the status word without TOP. */
interface Outcome {
  readonly stack: readonly string[];
  readonly status: number;
}

function run(code: readonly (readonly number[])[], control = 0x037f): Outcome {
  const step = new Stepper();
  step.write(DATA, 2, control);
  step.write(DATA + 8, 4, 0x7f800001);
  const all = [FNINIT, fldcw(DATA), ...code];
  step.run(all.flat(), {}, 0, all.length);
  assert.equal(step.fault, -1);
  const registers = new FpuRegisters(step.machine.cpu.state);
  const stack = Array.from({ length: 8 }, (_, i) => registers.indexOf(i))
    .filter((physical) => registers.tag(physical) !== Tag.Empty)
    .map((physical) => {
      const { mantissa, exponent } = registers.physical(physical);
      return `${exponent.toString(16).padStart(4, '0')}:${mantissa.toString(16).padStart(16, '0')}`;
    });
  return { stack, status: registers.status & ~0x3800 };
}

const full = Array.from({ length: 8 }, () => FLD1);
const unmasked = 0x037e;

const CASES: readonly { name: string; code: readonly (readonly number[])[]; control?: number; expected: Outcome }[] = [
  { name: 'FLD pushes', code: [FLD1, FLDPI], expected: { stack: [PI, ONE], status: 0 } },
  { name: 'FLD ST(0) copies', code: [FLDPI, [0xd9, 0xc0]], expected: { stack: [PI, PI], status: 0 } },
  {
    name: 'the ninth FLD overflows',
    code: [...full, FLDZ],
    expected: { stack: [INDEFINITE, ...full.slice(1).map(() => ONE)], status: IE | SF | C1 },
  },
  {
    name: 'the ninth FLD changes nothing where that is not masked',
    code: [...full, FLDZ],
    control: unmasked,
    expected: { stack: full.map(() => ONE), status: 0x8080 | IE | SF | C1 },
  },
  {
    name: 'FADD with an empty register underflows',
    code: [FLD1, [0xd8, 0xc1]],
    expected: { stack: [INDEFINITE], status: IE | SF },
  },
  {
    name: 'FADDP fills the register that it adds to',
    code: [FLD1, [0xde, 0xc1]],
    expected: { stack: [INDEFINITE], status: IE | SF },
  },
  {
    name: 'FADDP changes nothing where that is not masked',
    code: [FLD1, [0xde, 0xc1]],
    control: unmasked,
    expected: { stack: [ONE], status: 0x8080 | IE | SF },
  },
  {
    name: 'FADD ST(1), ST(0) leaves ST(0)',
    code: [FLD1, FLD1, [0xdc, 0xc1]],
    expected: { stack: [ONE, TWO], status: 0 },
  },
  { name: 'FSUBP has ST(1) on the left', code: [FLD1, FLDZ, [0xde, 0xe9]], expected: { stack: [ONE], status: 0 } },
  { name: 'FSUBRP has ST(0) on the left', code: [FLDZ, FLD1, [0xde, 0xe1]], expected: { stack: [ONE], status: 0 } },
  {
    name: 'FDIVP by zero gives infinity',
    code: [FLD1, FLDZ, [0xde, 0xf9]],
    expected: { stack: ['7fff:8000000000000000'], status: ZE },
  },
  {
    name: 'FDIVP by zero changes nothing where that is not masked',
    code: [FLD1, FLDZ, [0xde, 0xf9]],
    control: 0x037b,
    expected: { stack: [ZERO, ONE], status: 0x8080 | ZE },
  },
  { name: 'FXCH exchanges', code: [FLD1, FLDPI, [0xd9, 0xc9]], expected: { stack: [ONE, PI], status: 0 } },
  {
    name: 'FXCH fills what is empty',
    code: [FLD1, [0xd9, 0xc9]],
    expected: { stack: [INDEFINITE, ONE], status: IE | SF },
  },
  ...[0xdd, 0xdf].map((opcode) => ({
    name: `${opcode.toString(16)} c9 is FXCH, too`,
    code: [FLD1, FLDPI, [opcode, 0xc9]],
    expected: { stack: [ONE, PI], status: 0 },
  })),
  { name: 'FST copies', code: [FLD1, FLDPI, [0xdd, 0xd1]], expected: { stack: [PI, PI], status: 0 } },
  ...[
    [0xdd, 0xd9],
    [0xd9, 0xd9],
    [0xdf, 0xd1],
    [0xdf, 0xd9],
  ].map((bytes) => ({
    name: `${bytes.map((byte) => byte.toString(16)).join(' ')} copies and pops`,
    code: [FLD1, FLDPI, bytes],
    expected: { stack: [PI], status: 0 },
  })),
  { name: 'FFREE empties', code: [FLD1, FLDPI, [0xdd, 0xc1]], expected: { stack: [PI], status: 0 } },
  { name: 'FFREEP empties and pops', code: [FLD1, FLDPI, [0xdf, 0xc1]], expected: { stack: [], status: 0 } },
  { name: 'FINCSTP turns', code: [FLD1, FLDPI, [0xd9, 0xf7]], expected: { stack: [ONE, PI], status: 0 } },
  { name: 'FDECSTP turns back', code: [FLD1, [0xd9, 0xf7], [0xd9, 0xf6]], expected: { stack: [ONE], status: 0 } },
  { name: 'FCOMPP pops both', code: [FLD1, FLDPI, [0xde, 0xd9]], expected: { stack: [], status: 0 } },
  { name: 'FCOM tells less', code: [FLDPI, FLD1, [0xd8, 0xd1]], expected: { stack: [ONE, PI], status: C0 } },
  { name: 'FTST tells zero', code: [FLDZ, [0xd9, 0xe4]], expected: { stack: [ZERO], status: C3 } },
  {
    name: 'FTST of nothing is unordered',
    code: [[0xd9, 0xe4]],
    expected: { stack: [], status: IE | SF | C0 | C2 | C3 },
  },
  { name: 'FXAM tells an empty register', code: [[0xd9, 0xe5]], expected: { stack: [], status: C0 | C3 } },
  {
    name: 'FXAM tells a normal one',
    code: [FLD1, [0xd9, 0xe0], [0xd9, 0xe5]],
    expected: { stack: ['bfff:8000000000000000'], status: C1 | C2 },
  },
  {
    name: 'FXTRACT pushes the significand',
    code: [FLDPI, [0xd9, 0xf4]],
    expected: { stack: ['3fff:c90fdaa22168c235', ONE], status: 0 },
  },
  {
    name: 'FLD m32 makes a signalling NaN quiet',
    code: [at(0xd9, 0, DATA + 8)],
    expected: { stack: ['7fff:c000010000000000'], status: IE },
  },
  {
    name: 'FLD m32 of a signalling NaN pushes nothing where that is not masked',
    code: [at(0xd9, 0, DATA + 8)],
    control: unmasked,
    expected: { stack: [], status: 0x8080 | IE },
  },
];

describe('the register stack of the x87', () => {
  for (const { name, code, control, expected } of CASES) {
    it(name, () => assert.deepEqual(run(code, control), expected));
  }

  it('sets EFLAGS by FCOMI and moves by them with FCMOV', () => {
    const flags = (code: readonly (readonly number[])[]): number => {
      const step = new Stepper();
      const all = [FNINIT, ...code];
      step.run(all.flat(), {}, FLAG_OF | FLAG_SF | FLAG_AF, all.length);
      return step.flags & (FLAG_CF | FLAG_PF | FLAG_ZF | FLAG_OF | FLAG_SF | FLAG_AF);
    };
    assert.equal(flags([FLD1, FLDPI, [0xdb, 0xf1]]), 0, 'greater; OF, SF and AF are clear');
    assert.equal(flags([FLDPI, FLD1, [0xdb, 0xf1]]), FLAG_CF);
    assert.equal(flags([FLD1, FLD1, [0xdf, 0xf1]]), FLAG_ZF);
    assert.equal(flags([[0xdb, 0xe9]]), FLAG_CF | FLAG_PF | FLAG_ZF, 'unordered');
    assert.deepEqual(run([FLDPI, FLD1, [0xdb, 0xf1], [0xda, 0xc1]]).stack, [PI, PI], 'FCMOVB');
    assert.deepEqual(run([FLDPI, FLD1, [0xdb, 0xf1], [0xdb, 0xc1]]).stack, [ONE, PI], 'FCMOVNB');
  });

  it('loads constants by the rounding control', () => {
    const pi = (rounding: number): string => run([FLDPI], 0x037f | (rounding << 10)).stack[0];
    assert.deepEqual([0, 1, 2, 3].map(pi), [PI, '4000:c90fdaa22168c234', PI, '4000:c90fdaa22168c234']);
  });
});
