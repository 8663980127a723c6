import assert from 'node:assert/strict';
import type { ModeName } from '../../../src/hypervisor/modes/mode';
import { Register } from '../../../src/machine/layout';
import { TestGuest } from '../support';

/** RDTSC; MOV EBX,EAX; IN AL,DX; RDTSC; SUB EAX,EBX. */
const MEASURES_AN_IN = [0x0f, 0x31, 0x89, 0xc3, 0xec, 0x0f, 0x31, 0x29, 0xd8];
/** Instructions from one RDTSC to the other. */
const INSTRUCTIONS = 3;

function measured(mode: ModeName, charge?: boolean): { delta: number; guest: TestGuest } {
  const guest = new TestGuest({ mode, charge });
  guest.enter('flat32');
  guest.load(MEASURES_AN_IN);
  guest.setRegisters({ EDX: 0x44 });
  guest.run(5);
  return { delta: guest.state.reg(Register.EAX), guest };
}

describe('charging the guest for its exits', () => {
  for (const [mode, cycles] of [
    ['none', 3209],
    ['trap', 2030],
    ['vtx', 15826],
  ] as const) {
    it(`makes RDTSC differ by the cost of an IN under ${mode}, unless it is off`, () => {
      const charged = measured(mode);
      assert.equal(charged.delta, INSTRUCTIONS + cycles);
      assert.equal(measured(mode, true).delta, charged.delta);
      const free = measured(mode, false);
      assert.equal(free.delta, INSTRUCTIONS);
      assert.equal(free.guest.clock.now, 5);
      assert.equal(free.guest.clock.stolen, 0);
      assert.equal(free.guest.hypervisor.chargesTime, false);
      const records = ({ guest }: typeof free): unknown =>
        guest.hypervisor.log.records(0, 9).map((record) => ({ ...record, hostNs: 0 }));
      assert.deepEqual(records(free), records(charged), 'costs are recorded all the same');
    });
  }

  it('is the same twice, charged or not', () => {
    for (const charge of [true, false]) {
      assert.equal(measured('trap', charge).guest.clock.now, measured('trap', charge).guest.clock.now);
    }
  });
});
