import assert from 'node:assert/strict';
import type { CpuModel } from '../../../src/machine/isa/form';
import { Vector } from '../../../src/machine/cpu/fault';
import { FpuRegisters } from '../../../src/machine/fpu/registers';
import * as layout from '../../../src/machine/layout';
import { RunEnd } from '../../../src/machine/run';
import { DATA, Stepper } from '../isa/support/step';
import {
  ALL_MASKED,
  FADDP,
  FDIVP,
  FLD1,
  fld64,
  FLDPI,
  FLDZ,
  fldcw,
  fldenv,
  FNCLEX,
  FNINIT,
  fnsave,
  fnstcw,
  fnstenv,
  fnstsw,
  FNSTSW_AX,
  frstor,
  fstp64,
  INVALID_UNMASKED,
  WAIT,
  ZERO_DIVIDE_UNMASKED,
} from './support/code';

const PE = 0x1;
const MP = 0x2;
const EM = 0x4;
const TS = 0x8;
const ET = 0x10;
const NE = 0x20;

/** Leaves a division by zero pending: ST(1) = 1, ST(0) = 0. */
const DIVIDE_BY_ZERO = [...FNINIT, ...fldcw(DATA), ...FLD1, ...FLDZ, ...FDIVP];

function stepper(cr0: number, model: CpuModel = 'pentium2'): Stepper {
  const step = new Stepper(model);
  step.machine.cpu.state.setCr(0, PE | ET | cr0);
  step.write(DATA, 2, ZERO_DIVIDE_UNMASKED);
  return step;
}

function pending(cr0 = NE, model: CpuModel = 'pentium2'): Stepper {
  const step = stepper(cr0, model);
  step.run(DIVIDE_BY_ZERO, {}, 0, 5);
  assert.equal(step.fault, -1);
  return step;
}

describe('x87 availability', () => {
  it('is asked of EM and TS by ESC, of MP and TS together by WAIT', () => {
    for (let bits = 0; bits < 8; bits++) {
      const cr0 = (bits & 1 ? MP : 0) | (bits & 2 ? EM : 0) | (bits & 4 ? TS : 0);
      const outcome = (code: readonly number[]): number => {
        const step = stepper(cr0);
        step.run(code);
        return step.fault;
      };
      const escape = cr0 & (EM | TS) ? Vector.NM : -1;
      assert.equal(outcome(FLD1), escape, `FLD1, CR0 ${cr0}`);
      assert.equal(outcome(FNSTSW_AX), escape, `FNSTSW, CR0 ${cr0}`);
      assert.equal(outcome(FNINIT), escape, `FNINIT, CR0 ${cr0}`);
      assert.equal(outcome(WAIT), (cr0 & (MP | TS)) === (MP | TS) ? Vector.NM : -1, `WAIT, CR0 ${cr0}`);
      // FSTP to a page that is not there, and an encoding that does not exist: #NM comes first.
      assert.equal(outcome([0xd9, 0xd1]), cr0 & (EM | TS) ? Vector.NM : Vector.UD, `D9 D1, CR0 ${cr0}`);
    }
  });

  it('does not touch memory when it is refused', () => {
    const step = stepper(TS);
    step.write(DATA + 8, 4, 0x12345678);
    step.run(fstp64(DATA + 8));
    assert.equal(step.fault, Vector.NM);
    assert.equal(step.read(DATA + 8, 4), 0x12345678);
  });
});

describe('x87 errors as #MF', () => {
  it('are reported by the next instruction that waits', () => {
    const waiting: [string, readonly number[]][] = [
      ['WAIT', WAIT],
      ['FLD1', FLD1],
      ['FADDP', FADDP],
      ['FLDCW', fldcw(DATA)],
      ['FLDENV', fldenv(DATA + 16)],
      ['FRSTOR', frstor(DATA + 16)],
      ['FNOP', [0xd9, 0xd0]],
      ['FFREE', [0xdd, 0xc0]],
      ['FLD m64', fld64(DATA)],
    ];
    for (const [name, code] of waiting) {
      const step = pending();
      step.run(code);
      assert.equal(step.fault, Vector.MF, name);
      assert.equal(step.length, 0, `${name} is to be restarted`);
      assert.equal(step.machine.cpu.state.get(layout.FAULT_ERROR) | 0, -1, 'without an error code');
    }
  });

  it('are not reported by those that do not wait', () => {
    const others: [string, readonly number[]][] = [
      ['FNSTSW AX', FNSTSW_AX],
      ['FNSTSW', fnstsw(DATA + 16)],
      ['FNSTCW', fnstcw(DATA + 16)],
      ['FNCLEX', FNCLEX],
      ['FNINIT', FNINIT],
      ['FNSTENV', fnstenv(DATA + 16)],
      ['FNSAVE', fnsave(DATA + 16)],
      ['FNENI', [0xdb, 0xe0]],
      ['FNDISI', [0xdb, 0xe1]],
      ['FNSETPM', [0xdb, 0xe4]],
      ['FXSAVE', [0x0f, 0xae, 0x05, 0x00, 0x10, 0x02, 0x00]],
    ];
    for (const [name, code] of others) {
      const step = pending();
      step.run(code);
      assert.equal(step.fault, -1, name);
    }
  });

  it('keep operands and stack as they were', () => {
    const step = pending();
    const registers = new FpuRegisters(step.machine.cpu.state);
    // ES, B and ZE; TOP is 6.
    assert.equal(registers.status, 0x8084 | (6 << 11));
    assert.equal(registers.tags, 0x1fff, 'zero over one, nothing popped');
  });

  it('end with FNCLEX, and with FLDCW that masks them', () => {
    const step = pending();
    step.run([...FNCLEX, ...WAIT, ...FADDP], {}, 0, 3);
    assert.equal(step.fault, -1);
    const masked = pending();
    masked.write(DATA + 2, 2, ALL_MASKED);
    // FLDCW itself would report the error, so the environment is loaded after FNSTENV, which masks everything.
    masked.run([...fnstenv(DATA + 16), ...WAIT, ...FADDP], {}, 0, 3);
    assert.equal(masked.fault, -1);
    assert.equal(new FpuRegisters(masked.machine.cpu.state).status & 0x80ff, 4, 'ZE stays, ES and B go');
  });

  it('begin with FLDCW when an old exception is unmasked', () => {
    const step = stepper(NE);
    step.write(DATA + 2, 2, ALL_MASKED);
    step.run([...FNINIT, ...FLD1, ...FLDZ, ...FDIVP, ...fldcw(DATA)], {}, 0, 5);
    assert.equal(step.fault, -1);
    assert.equal(new FpuRegisters(step.machine.cpu.state).status & 0x80ff, 0x8084);
    step.run(WAIT);
    assert.equal(step.fault, Vector.MF);
  });

  it('leave a destination in memory alone', () => {
    const step = stepper(NE);
    step.write(DATA, 2, INVALID_UNMASKED);
    step.write(DATA + 8, 4, 0x12345678);
    // The stack is empty.
    step.run([...FNINIT, ...fldcw(DATA), ...fstp64(DATA + 8)], {}, 0, 3);
    assert.equal(step.fault, -1);
    assert.equal(step.read(DATA + 8, 4), 0x12345678);
    const registers = new FpuRegisters(step.machine.cpu.state);
    assert.equal(registers.top, 0);
    assert.equal(registers.status & 0x82ff, 0x80c1, 'IE, SF, ES; C1 is clear for an underflow');
  });

  it('remember the instruction and its operand', () => {
    const step = stepper(NE);
    const { state } = step.machine.cpu;
    step.run([...FNINIT, ...FLD1, 0x90, ...fld64(DATA + 8), ...fnstcw(DATA), ...FNSTSW_AX], {}, 0, 6);
    assert.equal(state.get(layout.FPU_IP), 0x10000 + 5, 'control instructions do not count');
    assert.equal(state.get(layout.FPU_CS), 8);
    assert.equal(state.get(layout.FPU_OPCODE), 0x505);
    assert.equal(state.get(layout.FPU_DP), DATA + 8);
    assert.equal(state.get(layout.FPU_DS), 0x10);
    // The pointer is at the first prefix.
    step.run([0x2e, 0xdd, 0x05, 0, 0, 1, 0]);
    assert.equal(state.get(layout.FPU_IP), 0x10000);
    assert.equal(state.get(layout.FPU_DS), 8);
  });
});

describe('x87 errors without CR0.NE', () => {
  it('stop the processor before the next instruction that waits', () => {
    const step = pending(0);
    assert.equal(step.run(FLDPI, {}, 0, 10), RunEnd.Dead, 'no interrupt can come');
    assert.equal(step.fault, -1);
    assert.equal(step.machine.cpu.state.get(layout.HALTED), 1);
    assert.equal(step.length, 0, 'it is before the instruction');
    assert.equal(new FpuRegisters(step.machine.cpu.state).top, 6, 'which has not been executed');
  });

  it('do not stop those that do not wait', () => {
    const step = pending(0);
    step.run([...FNSTSW_AX, ...FNCLEX, ...FLDPI], {}, 0, 3);
    assert.equal(step.machine.cpu.state.get(layout.HALTED), 0);
    assert.equal(step.length, 6);
  });
});
