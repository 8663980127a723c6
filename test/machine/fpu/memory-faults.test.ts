import assert from 'node:assert/strict';
import { Vector } from '../../../src/machine/cpu/fault';
import { x87Forms } from '../../../src/machine/isa/forms/x87';
import { allowsMod } from '../../../src/machine/isa/table';
import * as layout from '../../../src/machine/layout';
import { SegmentIndex } from '../../../src/machine/layout';
import { DATA, Stepper } from '../isa/support/step';
import { at, dword, FLD1, FLDPI, FNINIT } from './support/code';

const PAGE_DIRECTORY = 0x40000;
const PAGE_TABLE = 0x41000;
const PRESENT = 1;
const WRITABLE = 2;
/** Two pages that can be used, one that can only be read, one that is not there, one that can only be read. */
const READ_ONLY = DATA + 0x2000;
const ABSENT = DATA + 0x3000;

const CR0_PG_WP = 0x80010000;

function paged(): Stepper {
  const step = new Stepper();
  const { state, mmu } = step.machine.cpu;
  step.write(PAGE_DIRECTORY, 4, PAGE_TABLE | PRESENT | WRITABLE);
  for (let page = 0; page < 256; page++) {
    const address = page << 12;
    const flags = address === ABSENT ? 0 : address === READ_ONLY ? PRESENT : PRESENT | WRITABLE;
    step.write(PAGE_TABLE + page * 4, 4, address | flags);
  }
  state.setCr(3, PAGE_DIRECTORY);
  state.setCr(0, state.cr(0) | CR0_PG_WP);
  mmu.flush();
  step.run([...FNINIT, ...FLD1, ...FLDPI], {}, 0, 3);
  return step;
}

/** All of the state of the x87 but the places that have no meaning between instructions. */
const stateOf = (step: Stepper): string =>
  Buffer.from(step.machine.cpu.state.u8.subarray(layout.FPU_REGS, layout.FPU_SCRATCH)).toString('hex');

const MEMORY_FORMS = x87Forms().filter(
  (form) => form.map === 0 && form.operands[0] === 'M' && allowsMod(form, 'memory'),
);
const STORES = /^(FI?STP?|FBSTP|FN)/;

describe('x87 operands in memory', () => {
  for (const form of MEMORY_FORMS) {
    const { mnemonic, opcode, reg = 0 } = form;
    it(`change nothing when they fault: ${mnemonic} ${opcode.toString(16)} /${reg}`, () => {
      const step = paged();
      const before = stateOf(step);
      const stores = STORES.test(mnemonic);
      // The last byte of the page before is the first one of the operand.
      const places = stores ? [READ_ONLY - 1, READ_ONLY, ABSENT] : [ABSENT - 1, ABSENT];
      for (const place of places) {
        step.write(place - 1, 2, 0x5a5a);
        step.run(at(opcode, reg, place));
        assert.equal(step.fault, Vector.PF);
        assert.equal(stateOf(step), before);
        assert.equal(step.read(place - 1, 2), 0x5a5a, 'nothing is stored');
        assert.equal(step.machine.cpu.state.cr(2), place === READ_ONLY - 1 || place === ABSENT - 1 ? place + 1 : place);
      }
    });

    it(`heed the limit of their segment: ${mnemonic} ${opcode.toString(16)} /${reg}`, () => {
      const step = new Stepper();
      step.run([...FNINIT, ...FLD1, ...FLDPI], {}, 0, 3);
      const { segmentation } = step.machine.cpu;
      const before = stateOf(step);
      segmentation.setHidden(SegmentIndex.DS, 0x10, 0, DATA, 0x4093);
      step.write(DATA, 1, 0x5a);
      step.run(at(opcode, reg, DATA));
      assert.equal(step.fault, Vector.GP);
      assert.equal(stateOf(step), before);
      assert.equal(step.read(DATA, 1), 0x5a);
      // The same by way of SS.
      segmentation.setHidden(SegmentIndex.SS, 0x10, 0, DATA, 0x4093);
      step.run([0x36, ...at(opcode, reg, DATA)]);
      assert.equal(step.fault, Vector.SS);
    });
  }

  it('are all among the tested', () => {
    assert.equal(MEMORY_FORMS.length, 57);
  });
});

describe('FXSAVE and FXRSTOR', () => {
  const fx = (digit: number, address: number): number[] => [0x0f, 0xae, (digit << 3) | 5, ...dword(address)];

  it('move the state in their own format', () => {
    const step = new Stepper();
    step.run([...FNINIT, ...FLD1, ...FLDPI, ...at(0xdd, 0, DATA), ...fx(0, DATA + 0x200)], {}, 0, 5);
    const image = DATA + 0x200;
    assert.equal(step.read(image, 2), 0x037f);
    assert.equal(step.read(image + 2, 2), 5 << 11);
    assert.equal(step.read(image + 4, 2), 0xe0, 'one bit for each register that is not empty');
    assert.equal(step.read(image + 6, 2), 0x505);
    assert.equal(step.read(image + 8, 4), 0x10006);
    assert.equal(step.read(image + 12, 2), 8);
    assert.equal(step.read(image + 16, 4), DATA);
    assert.equal(step.read(image + 20, 2), 0x10);
    assert.equal(step.read(image + 32 + 16 + 8, 2), 0x4000, 'ST(1)');
    assert.equal(step.read(image + 32 + 16 + 10, 2), 0);
    const before = stateOf(step);
    step.run([...FNINIT, ...fx(1, image)], {}, 0, 2);
    assert.equal(stateOf(step), before);
  });

  it('want their operand aligned to 16 bytes', () => {
    const step = new Stepper();
    for (const digit of [0, 1]) {
      step.run(fx(digit, DATA + 8));
      assert.equal(step.fault, Vector.GP);
    }
  });

  it('change nothing when they fault', () => {
    const step = paged();
    const before = stateOf(step);
    for (const [digit, place] of [
      [0, READ_ONLY - 0x100],
      [1, ABSENT - 0x100],
    ]) {
      step.write(place, 4, 0x5a5a5a5a);
      step.run(fx(digit, place));
      assert.equal(step.fault, Vector.PF);
      assert.equal(stateOf(step), before);
      assert.equal(step.read(place, 4), 0x5a5a5a5a);
    }
  });

  it('came with the Pentium II', () => {
    const step = new Stepper('pentium');
    step.run(fx(0, DATA));
    assert.equal(step.fault, Vector.UD);
  });
});
