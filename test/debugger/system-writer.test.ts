import assert from 'node:assert/strict';
import { CpuSystemWriter } from '../../src/debugger/guest/system-writer';
import { Machine } from '../../src/machine/machine';

describe('system registers set by the debugger', () => {
  for (const cpl of [0, 1, 3]) {
    it(`whatever the program may do itself: at level ${cpl}`, () => {
      const { cpu } = new Machine({ cpu: 'pentium3', memoryMB: 1, startTime: 0, tier: 'off' });
      cpu.state.setCr(0, 0x11);
      cpu.segmentation.setCpl(cpl);
      const writer = new CpuSystemWriter(cpu);
      writer.control(3, 0x123000);
      writer.control(4, 0x10);
      writer.debug(0, 0x4321);
      assert.deepEqual([cpu.state.cr(3), cpu.state.cr(4), cpu.state.dr(0)], [0x123000, 0x10, 0x4321]);
      assert.equal(cpu.state.cpl, cpl);
      assert.throws(() => writer.control(4, 0x80000000), /CR4 = 0x80000000 is refused by the processor with #GP/);
      assert.equal(cpu.state.cpl, cpl, 'after a refusal, too');
    });
  }
});
