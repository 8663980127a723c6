import assert from 'node:assert/strict';
import { Vector } from '../../../../src/machine/cpu/fault';
import type { CpuModel } from '../../../../src/machine/isa/form';
import * as layout from '../../../../src/machine/layout';
import { DATA, Stepper } from '../support/step';

const OSFXSR = 0x200;
const FXSAVE = [0x0f, 0xae, 0x05, 0x00, 0x00, 0x02, 0x00];
const FXRSTOR = [0x0f, 0xae, 0x0d, 0x00, 0x00, 0x02, 0x00];

const MXCSR_AT = 24;
const MASK_AT = 28;
const XMM_AT = 160;
const END = 288;
const FILLED = 0xa5a5a5a5;

/** A processor whose XMM registers count upwards, in front of an image area that is filled. */
function prepared(model: CpuModel, cr4: number): Stepper {
  const cpu = new Stepper(model);
  const { state } = cpu.machine.cpu;
  state.setCr(4, cr4);
  for (let i = 0; i < 32; i++) state.set(layout.XMM_REGS + i * 4, 0x1000 + i);
  for (let at = 0; at < 512; at += 4) cpu.write(DATA + at, 4, FILLED);
  return cpu;
}

const registersOf = (cpu: Stepper): number[] =>
  Array.from({ length: 32 }, (_, i) => cpu.machine.cpu.state.get(layout.XMM_REGS + i * 4));

const counting = (from: number): number[] => Array.from({ length: 32 }, (_, i) => from + i);

describe('SSE state in the image of FXSAVE', () => {
  it('is MXCSR, its mask and the XMM registers', () => {
    for (const [model, mask] of [
      ['pentium3', 0],
      ['pentium4', 0xffff],
    ] as const) {
      const cpu = prepared(model, OSFXSR);
      cpu.machine.cpu.state.set(layout.MXCSR, 0x1fa5);
      cpu.run(FXSAVE);
      assert.equal(cpu.fault, -1);
      assert.deepEqual([cpu.read(DATA + MXCSR_AT, 4), cpu.read(DATA + MASK_AT, 4)], [0x1fa5, mask], model);
      const saved = Array.from({ length: 32 }, (_, i) => cpu.read(DATA + XMM_AT + i * 4, 4));
      assert.deepEqual(saved, counting(0x1000));
      assert.equal(cpu.read(DATA + END, 4), FILLED, 'what is reserved is not written');
    }
  });

  it('comes back by FXRSTOR', () => {
    const cpu = prepared('pentium4', OSFXSR);
    cpu.run(FXSAVE);
    for (let i = 0; i < 32; i++) cpu.write(DATA + XMM_AT + i * 4, 4, 0x2000 + i);
    cpu.write(DATA + MXCSR_AT, 4, 0x3f80);
    cpu.run(FXRSTOR);
    assert.equal(cpu.fault, -1);
    assert.deepEqual(registersOf(cpu), counting(0x2000));
    assert.equal(cpu.machine.cpu.state.get(layout.MXCSR), 0x3f80);
  });

  it('is refused as a whole if MXCSR has bits that do not exist', () => {
    const cpu = prepared('pentium4', OSFXSR);
    cpu.run(FXSAVE);
    const { state } = cpu.machine.cpu;
    const control = state.get(layout.FPU_CONTROL);
    cpu.write(DATA, 2, control ^ 0x300);
    cpu.write(DATA + XMM_AT, 4, 0);
    cpu.write(DATA + MXCSR_AT, 4, 0x10000);
    cpu.run(FXRSTOR);
    assert.equal(cpu.fault, Vector.GP);
    assert.deepEqual(registersOf(cpu), counting(0x1000));
    assert.equal(state.get(layout.FPU_CONTROL), control);
  });

  it('has no part in it without CR4.OSFXSR, nor on a Pentium II', () => {
    for (const [model, cr4] of [
      ['pentium4', 0],
      ['pentium2', OSFXSR],
    ] as const) {
      const cpu = prepared(model, cr4);
      cpu.run(FXSAVE);
      assert.deepEqual([cpu.fault, cpu.read(DATA + XMM_AT, 4), cpu.read(DATA + MXCSR_AT, 4)], [-1, FILLED, FILLED]);
      cpu.run(FXRSTOR);
      assert.equal(cpu.fault, -1);
      assert.deepEqual(registersOf(cpu), counting(0x1000));
    }
  });
});

describe('MXCSR', () => {
  it('masks all exceptions after reset, where it exists', () => {
    for (const [model, value] of [
      ['pentium2', 0],
      ['pentium3', 0x1f80],
      ['pentium4', 0x1f80],
    ] as const) {
      assert.equal(new Stepper(model).machine.cpu.state.get(layout.MXCSR), value, model);
    }
  });
});
