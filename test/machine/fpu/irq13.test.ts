import assert from 'node:assert/strict';
import type { CpuModel } from '../../../src/machine/isa/form';
import * as layout from '../../../src/machine/layout';
import { setRealMode } from '../../../src/machine/loaders/cpu-setup';
import { Machine } from '../../../src/machine/machine';
import { RunEnd } from '../../../src/machine/run';
import { at16, FDIVP, FLD1, FLDZ, FNCLEX, FNINIT, FNSTSW_AX, WAIT, word, ZERO_DIVIDE_UNMASKED } from './support/code';

/** Real mode: CS = DS = 0. */
const CODE = 0x1000;
const HANDLER = 0x2000;
const CONTROL = 0x3000;
/** How often the handler ran, and what it saw. */
const COUNT = 0x3002;
const STATUS = 0x3004;
const RETURN_ADDRESS = 0x3006;
const ANSWER = 0x3008;

const outb = (port: number, value: number): number[] => [0xb0, value, 0xe6, port];
const HLT = 0xf4;
const STI = 0xfb;
const CLI = 0xfa;

/** 8259s at vectors 8 and 0x70, as on a PC/AT; only the cascade and line 13 are open. */
const PICS = [
  ...[...outb(0x20, 0x11), ...outb(0x21, 0x08), ...outb(0x21, 0x04), ...outb(0x21, 0x01)],
  ...[...outb(0xa0, 0x11), ...outb(0xa1, 0x70), ...outb(0xa1, 0x02), ...outb(0xa1, 0x01)],
  ...[...outb(0x21, 0xfb), ...outb(0xa1, 0xdf)],
];
const END_OF_INTERRUPT = [...outb(0xa0, 0x20), ...outb(0x20, 0x20)];

/** push ax; push bp; mov bp, sp; mov ax, [bp+4]; mov [RETURN_ADDRESS], ax; pop bp; inc word [COUNT] */
const NOTE = [
  ...[0x50, 0x55, 0x89, 0xe5, 0x8b, 0x46, 0x04, 0xa3, ...word(RETURN_ADDRESS), 0x5d],
  ...[0xff, 0x06, ...word(COUNT)],
];
/** The handler of a PC: clears the request, looks at the unit, clears the exception. */
const PC_HANDLER = [
  ...[...NOTE, ...outb(0xf0, 0)],
  // FSTCW waits, so it is only executed because IGNNE# is active.
  ...[0x9b, ...at16(0xd9, 7, ANSWER)],
  ...[...FNSTSW_AX, 0xa3, ...word(STATUS), ...FNCLEX, ...END_OF_INTERRUPT, 0x58, 0xcf],
];

function machineWith(code: readonly number[], handler: readonly number[], cpu: CpuModel): Machine {
  const machine = new Machine({ cpu, memoryMB: 1, startTime: 0 });
  const { memory, cpu: processor } = machine;
  setRealMode({ memory, state: processor.state, segmentation: processor.segmentation }, 0, CODE, 0x8000);
  memory.poke(CODE, Uint8Array.from(code));
  memory.poke(HANDLER, Uint8Array.from(handler));
  memory.write(0x75 * 4, 4, HANDLER);
  memory.write(CONTROL, 2, ZERO_DIVIDE_UNMASKED);
  return machine;
}

const DIVIDE = [...FNINIT, ...at16(0xd9, 5, CONTROL), ...FLD1, ...FLDZ, ...FDIVP];
const PREPARED = [...PICS, STI, ...DIVIDE];

describe('floating-point errors as IRQ13', () => {
  for (const cpu of ['386', '486', 'pentium', 'pentium3'] as const) {
    it(`are handled as on a PC/AT (${cpu})`, () => {
      const code = [...PREPARED, 0x90, ...WAIT, ...FLD1, CLI, HLT];
      const machine = machineWith(code, PC_HANDLER, cpu);
      assert.equal(machine.run(10_000), RunEnd.Dead);
      const { memory } = machine;
      assert.equal(memory.read(COUNT, 2), 1);
      assert.equal(memory.read(ANSWER, 2), ZERO_DIVIDE_UNMASKED);
      assert.equal(memory.read(STATUS, 2), 0x8084 | (6 << 11));
      // A 387 raises ERROR# at once; later units report when the next instruction wants to begin.
      const waiting = CODE + PREPARED.length;
      assert.equal(memory.read(RETURN_ADDRESS, 2), cpu === '386' ? waiting : waiting + 1);
      assert.equal(machine.cpu.state.eip, CODE + code.length, 'the guest has gone on to its end');
      assert.equal(machine.cpu.state.get(layout.FPU_TOP), 5);
    });
  }

  it('keep the processor waiting while the line is masked', () => {
    const machine = machineWith([...PREPARED, ...WAIT, CLI, HLT], PC_HANDLER, 'pentium');
    machine.memory.poke(CODE + PICS.length - 3, Uint8Array.of(0xff));
    assert.equal(machine.run(10_000), RunEnd.Idle);
    assert.equal(machine.cpu.state.eip, CODE + PREPARED.length);
    assert.equal(machine.memory.read(COUNT, 2), 0);
  });

  it('are reported again when the next one happens', () => {
    const again = [0xdd, 0xd8, 0xdd, 0xd8, ...FLD1, ...FLDZ, ...FDIVP, ...WAIT];
    const machine = machineWith([...PREPARED, ...WAIT, ...again, CLI, HLT], PC_HANDLER, 'pentium');
    assert.equal(machine.run(10_000), RunEnd.Dead);
    assert.equal(machine.memory.read(COUNT, 2), 2);
  });

  it('are forgotten by a write to port 0xf0 without an error', () => {
    const machine = machineWith([...PICS, STI, ...outb(0xf0, 0), ...DIVIDE, ...WAIT, CLI, HLT], PC_HANDLER, 'pentium');
    assert.equal(machine.run(10_000), RunEnd.Dead);
    assert.equal(machine.memory.read(COUNT, 2), 1, 'and the next error is reported');
  });

  it('survive saving and loading the device', () => {
    const machine = machineWith([...PREPARED, ...WAIT, CLI, HLT], PC_HANDLER, 'pentium');
    const { fpuError } = machine.pc;
    fpuError.setError(true);
    fpuError.writePort();
    assert.equal(fpuError.ignored, true);
    const saved = fpuError.save();
    fpuError.reset();
    assert.equal(fpuError.ignored, false);
    fpuError.load(saved);
    assert.equal(fpuError.ignored, true);
    fpuError.setError(false);
    assert.equal(fpuError.ignored, false, 'IGNNE# ends with the error');
  });
});
