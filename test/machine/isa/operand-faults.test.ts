import assert from 'node:assert/strict';
import { Vector } from '../../../src/machine/cpu/fault';
import { FLAG_ZF, SegmentIndex } from '../../../src/machine/layout';
import { CODE, DATA, Stepper } from './support/step';

/** An offset that no segment of the stepper has after `limitData`. */
const BEYOND = 0x80000;

/** A flat CPU whose DS ends below BEYOND. */
function limited(cpl = 0): Stepper {
  const cpu = new Stepper();
  const { segmentation } = cpu.machine.cpu;
  segmentation.setHidden(SegmentIndex.DS, 0x10, 0, BEYOND - 1, 0x40f3);
  segmentation.setCpl(cpl);
  return cpu;
}

describe('faults of operands', () => {
  it('refuse segment registers that do not exist before memory is read', () => {
    for (const reg of [SegmentIndex.CS, 6, 7]) {
      const cpu = limited();
      const { state } = cpu.machine.cpu;
      const before = [1, 6, 7].map((index) => [state.selector(index), state.segmentBase(index)]);
      // mov Sreg, [BEYOND]; mov Sreg, ax
      cpu.run([0x8e, (reg << 3) | 5, 0x00, 0x00, 0x08, 0x00]);
      assert.equal(cpu.fault, Vector.UD, `reg ${reg}, memory`);
      cpu.run([0x8e, 0xc0 | (reg << 3)], { eax: 0x10 });
      assert.equal(cpu.fault, Vector.UD, `reg ${reg}, register`);
      assert.equal(state.eip, CODE);
      assert.deepEqual(
        [1, 6, 7].map((index) => [state.selector(index), state.segmentBase(index)]),
        before,
      );
    }
    const cpu = limited();
    // mov [BEYOND], Sreg 7
    cpu.run([0x8c, 0x3d, 0x00, 0x00, 0x08, 0x00]);
    assert.equal(cpu.fault, Vector.UD);
    cpu.run([0x8c, 0xc8], { eax: 0 });
    assert.deepEqual([cpu.fault, cpu.get('eax')], [-1, 8], 'CS can be read');
  });

  it('check the privilege of LLDT, LTR and LMSW before memory is read', () => {
    const cpu = limited(3);
    for (const [name, opcode, reg] of [
      ['LLDT', 0x00, 2],
      ['LTR', 0x00, 3],
      ['LMSW', 0x01, 6],
    ] as const) {
      cpu.machine.cpu.segmentation.setNull(SegmentIndex.SS, 0);
      // op ss:[DATA], through a null selector: reading it would be #SS
      cpu.run([0x36, 0x0f, opcode, (reg << 3) | 5, 0x00, 0x00, 0x02, 0x00]);
      assert.equal(cpu.fault, Vector.GP, name);
    }
  });

  it('let ARPL leave memory that it cannot write if the RPL need not be raised', () => {
    const cpu = limited(3);
    cpu.machine.cpu.segmentation.setHidden(SegmentIndex.DS, 0x10, 0, 0xffffffff, 0xc0f1);
    cpu.write(DATA, 2, 0x2b);
    // arpl [DATA], cx
    const bytes = [0x63, 0x0d, 0x00, 0x00, 0x02, 0x00];
    cpu.run(bytes, { ecx: 2 }, FLAG_ZF);
    assert.deepEqual([cpu.fault, cpu.flags & FLAG_ZF], [-1, 0]);
    cpu.write(DATA, 2, 0x28);
    cpu.run(bytes, { ecx: 2 });
    assert.deepEqual([cpu.fault, cpu.flags & FLAG_ZF, cpu.read(DATA, 2)], [Vector.GP, 0, 0x28]);
  });
});
