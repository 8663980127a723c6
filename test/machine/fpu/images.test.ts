import assert from 'node:assert/strict';
import { Vector } from '../../../src/machine/cpu/fault';
import { decodeEnvironment, encodeEnvironment, type Environment } from '../../../src/machine/fpu/environment';
import { FpuRegisters } from '../../../src/machine/fpu/registers';
import * as layout from '../../../src/machine/layout';
import { SegmentIndex } from '../../../src/machine/layout';
import { setRealMode } from '../../../src/machine/loaders/cpu-setup';
import { createBareMachine } from '../../conformance/bare-machine';
import { DATA, Stepper } from '../isa/support/step';
import { FLD1, fldcw, fldenv, FLDPI, FLDZ, FNINIT, fnsave, fnstenv, frstor, WAIT } from './support/code';

const IMAGE = DATA + 0x100;
const OPERAND_SIZE = 0x66;

/** A state in which every field has a value of its own. */
const SAMPLE: Environment = {
  control: 0x0f7f,
  status: 0x7129,
  tags: 0x1eff,
  instruction: { selector: 0x1234, offset: 0x56789abc },
  opcode: 0x5a5,
  operand: { selector: 0x4321, offset: 0x89abcdef },
};

/** Puts the sample into a unit. */
function fill(state: Stepper['machine']['cpu']['state'], { instruction, operand, ...words }: Environment): void {
  const registers = new FpuRegisters(state);
  registers.control = words.control;
  registers.status = words.status;
  registers.tags = words.tags;
  state.set(layout.FPU_CS, instruction.selector);
  state.set(layout.FPU_IP, instruction.offset);
  state.set(layout.FPU_OPCODE, words.opcode);
  state.set(layout.FPU_DS, operand.selector);
  state.set(layout.FPU_DP, operand.offset);
}

describe('x87 environment images', () => {
  it('have the four formats of the manual', () => {
    const image = (fieldBytes: 2 | 4, real: boolean): number[] => encodeEnvironment(SAMPLE, { fieldBytes, real });
    assert.deepEqual(image(4, false), [
      ...[0xffff0f7f, 0xffff7129, 0xffff1eff],
      ...[0x56789abc, 0x05a51234, 0x89abcdef, 0xffff4321],
    ]);
    assert.deepEqual(image(2, false), [0x0f7f, 0x7129, 0x1eff, 0x9abc, 0x1234, 0xcdef, 0x4321]);
    // 0x12340 + 0x56789abc, 0x43210 + 0x89abcdef
    assert.deepEqual(
      image(4, true),
      [
        ...[0xffff0f7f, 0xffff7129, 0xffff1eff],
        ...[0xffffbdfc, (0x5679 << 12) | 0x5a5, 0xffffffff, 0x089af000 | 0],
      ].map((field) => field >>> 0),
    );
    assert.deepEqual(image(2, true), [0x0f7f, 0x7129, 0x1eff, 0xbdfc, 0x95a5, 0xffff, 0xf000]);
  });

  it('are read back as far as the format has the fields', () => {
    for (const fieldBytes of [2, 4] as const) {
      for (const real of [false, true]) {
        const format = { fieldBytes, real };
        const fields = encodeEnvironment(SAMPLE, format);
        const back = decodeEnvironment(fields, format);
        assert.deepEqual([back.control, back.status, back.tags], [0x0f7f, 0x7129, 0x1eff]);
        assert.deepEqual(
          encodeEnvironment(back, format),
          fields.map((field, i) => (real || i !== 4 ? field : fields[4])),
        );
      }
    }
  });

  it('are chosen by operand size and mode', () => {
    const protectedMode = new Stepper();
    fill(protectedMode.machine.cpu.state, SAMPLE);
    protectedMode.run(fnstenv(IMAGE));
    assert.equal(protectedMode.read(IMAGE + 16, 4), 0x05a51234);
    fill(protectedMode.machine.cpu.state, SAMPLE);
    protectedMode.run([OPERAND_SIZE, ...fnstenv(IMAGE)]);
    assert.equal(protectedMode.read(IMAGE + 8, 2), 0x1234);
    assert.equal(protectedMode.read(IMAGE + 12, 2), 0x4321);

    const { cpu, memory, loop } = createBareMachine('486', 1 << 20);
    for (const prefix of [[], [OPERAND_SIZE]]) {
      setRealMode({ state: cpu.state, segmentation: cpu.segmentation, memory }, 0, 0x1000, 0x8000);
      fill(cpu.state, SAMPLE);
      memory.poke(0x1000, Uint8Array.of(...prefix, 0xd9, 0x36, 0x00, 0x20));
      loop.run(1);
      if (prefix.length === 0) assert.equal(memory.read(0x2000 + 8, 2), 0x95a5);
      else assert.equal(memory.read(0x2000 + 16, 4), (0x5679 << 12) | 0x5a5);
    }
  });

  it('have linear addresses in V86 mode', () => {
    const step = new Stepper();
    const { cpu, ram, loop } = step.machine;
    const { state, segmentation } = cpu;
    for (const segment of [SegmentIndex.ES, SegmentIndex.CS, SegmentIndex.SS, SegmentIndex.DS]) {
      segmentation.setV86(segment, 0x100);
    }
    segmentation.setCpl(3);
    fill(state, SAMPLE);
    state.eflags = layout.FLAG_VM | 2;
    state.eip = 0;
    ram.set([0xd9, 0x36, 0x00, 0x20], 0x1000);
    loop.run(1);
    assert.equal(step.read(0x3000 + 8, 2), 0x95a5);
  });

  it('mask all exceptions when they are stored', () => {
    const step = new Stepper();
    step.write(DATA, 2, 0x0340);
    step.run([...FNINIT, ...fldcw(DATA), ...fnstenv(IMAGE)], {}, 0, 3);
    assert.equal(step.read(IMAGE, 2), 0x0340, 'the image has the masks as they were');
    assert.equal(step.machine.cpu.state.get(layout.FPU_CONTROL), 0x037f);
  });
});

describe('FNSAVE and FRSTOR', () => {
  it('move all of the state, in the order of the stack', () => {
    const step = new Stepper();
    step.run([...FNINIT, ...FLD1, ...FLDPI, ...FLDZ, ...fnsave(IMAGE)], {}, 0, 5);
    assert.equal(step.read(IMAGE + 4, 2), 5 << 11);
    assert.equal(step.read(IMAGE + 8, 2), 0x07ff, 'R5 is zero, R6 and R7 are valid');
    assert.equal(step.read(IMAGE + 28 + 8, 2), 0, 'ST(0)');
    assert.equal(step.read(IMAGE + 38 + 8, 2), 0x4000, 'ST(1)');
    assert.equal(step.read(IMAGE + 48 + 8, 2), 0x3fff, 'ST(2)');
    const registers = new FpuRegisters(step.machine.cpu.state);
    assert.deepEqual([registers.control, registers.status, registers.tags], [0x037f, 0, 0xffff], 'as after FNINIT');
    step.run(frstor(IMAGE));
    assert.deepEqual([registers.control, registers.status, registers.tags], [0x037f, 5 << 11, 0x07ff]);
    assert.equal(registers.physical(6).mantissa, 0xc90fdaa22168c235n);
  });

  it('have 94 bytes with 16-bit operands', () => {
    const step = new Stepper();
    for (let i = 0; i < 120; i++) step.write(IMAGE + i, 1, 0xee);
    step.run([...FNINIT, ...FLD1, OPERAND_SIZE, ...fnsave(IMAGE)], {}, 0, 3);
    assert.equal(step.read(IMAGE + 14 + 8, 2), 0x3fff);
    assert.equal(step.read(IMAGE + 93, 1), 0);
    assert.equal(step.read(IMAGE + 94, 1), 0xee);
    const registers = new FpuRegisters(step.machine.cpu.state);
    step.run([OPERAND_SIZE, ...frstor(IMAGE)]);
    assert.equal(registers.top, 7);
    assert.equal(registers.physical(7).exponent, 0x3fff);
  });

  it('load an exception that the next instruction reports', () => {
    const step = new Stepper();
    step.machine.cpu.state.setCr(0, 0x31);
    step.run([...FNINIT, ...fnstenv(IMAGE)], {}, 0, 2);
    step.write(IMAGE, 2, 0x037e);
    step.write(IMAGE + 4, 2, 0x0001);
    step.run(fldenv(IMAGE));
    assert.equal(step.fault, -1);
    assert.equal(new FpuRegisters(step.machine.cpu.state).status, 0x8081, 'ES and B follow');
    step.run(WAIT);
    assert.equal(step.fault, Vector.MF);
  });
});

describe('the x87 after RESET', () => {
  it('holds valid zeroes and masks nothing', () => {
    const { cpu } = createBareMachine('pentium', 1 << 20);
    const registers = new FpuRegisters(cpu.state);
    assert.deepEqual([registers.control, registers.status, registers.tags], [0x0040, 0, 0x5555]);
  });
});
