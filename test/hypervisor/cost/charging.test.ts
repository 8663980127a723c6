import assert from 'node:assert/strict';
import type { ModeName } from '../../../src/hypervisor/modes/mode';
import { PortVerdict } from '../../../src/machine/bus/port-access';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import { RunEnd } from '../../../src/machine/run';
import { TestGuest } from '../support';

describe('the cost of exits', () => {
  /** OUT DX,AL; IN AL,DX; REP OUTSW with three elements. */
  const PROGRAM = [0xee, 0xec, 0xf3, 0x66, 0x6f];
  const INSTRUCTIONS = 5;

  function run(mode: ModeName, slices: number[] = [INSTRUCTIONS]): TestGuest {
    const guest = new TestGuest({ mode });
    guest.enter('flat32');
    guest.load(PROGRAM);
    guest.setRegisters({ EDX: 0x44, ECX: 3, ESI: 0x200 });
    for (const slice of slices) assert.equal(guest.run(slice), RunEnd.Budget);
    assert.equal(guest.state.eip, 0x1000 + PROGRAM.length);
    return guest;
  }

  const expected = {
    // Five bus cycles of 3209.
    none: { passed: 5 * 3209, totals: [] },
    // 445 + 925 + 444 and 216 per element.
    trap: { passed: 2030 + 2030 + (1814 + 3 * 216), totals: [2030, 2030, 1814 + 3 * 216] },
    // 1554 + 11647 + 2409 and 216 per element; strings are decoded for another 925. All three words are in one page.
    vtx: { passed: 15826 + 15826 + (15610 + 925 + 3 * 216), totals: [15826, 15826, 15610 + 925 + 3 * 216] },
  };

  for (const mode of ['none', 'trap', 'vtx'] as const) {
    it(`is what the profile says, and becomes guest time, under ${mode}`, () => {
      const guest = run(mode);
      assert.equal(guest.clock.now, INSTRUCTIONS + expected[mode].passed);
      const costs = guest.hypervisor.log.records(0, 10).map(({ cost }) => cost);
      assert.deepEqual(
        costs.map((cost) => cost.transition + cost.decode + cost.device + cost.return),
        expected[mode].totals,
      );
    });

    it(`does not depend on how the run is sliced, under ${mode}`, () => {
      const whole = run(mode);
      const sliced = run(mode, [1, 1, 1, 1, 1]);
      assert.equal(sliced.clock.now, whole.clock.now);
      const strip = (guest: TestGuest): unknown =>
        guest.hypervisor.log.records(0, 10).map((record) => ({ ...record, hostNs: 0 }));
      assert.deepEqual(strip(sliced), strip(whole));
      assert.deepEqual(
        sliced.hypervisor.log.query(() => '').totals.totalCycles,
        whole.hypervisor.log.query(() => '').totals.totalCycles,
      );
    });
  }

  it('is not changed by a debugger that stops before every access', () => {
    const whole = run('trap');
    const guest = new TestGuest({ mode: 'trap' });
    guest.enter('flat32');
    guest.load(PROGRAM);
    guest.setRegisters({ EDX: 0x44, ECX: 3, ESI: 0x200 });
    let stop = true;
    let stops = 0;
    guest.bus.watch[0x44] = 1;
    guest.bus.observer = {
      before: () => {
        stop = !stop;
        return stop ? PortVerdict.Continue : PortVerdict.Stop;
      },
      after: () => PortVerdict.Continue,
    };
    while (guest.state.eip !== 0x1000 + PROGRAM.length) {
      if (guest.run(1) === RunEnd.Abort) stops++;
      assert.ok(stops < 10);
    }
    assert.equal(stops, 5);
    assert.equal(guest.clock.now, whole.clock.now);
    assert.deepEqual(guest.recorder.accesses, whole.recorder.accesses);
    const totals = (of: TestGuest): unknown => ({ ...of.hypervisor.log.query(() => '').totals, hostNs: 0 });
    assert.deepEqual(totals(guest), totals(whole));
  });

  it('leaves no trace of an access that the debugger gave up', () => {
    const guest = new TestGuest({ mode: 'trap' });
    guest.enter('flat32');
    guest.load([0xf3, 0x6e]);
    guest.setRegisters({ EDX: 0x44, ECX: 3, ESI: 0x200 });
    guest.bus.watch[0x44] = 1;
    guest.bus.observer = { before: () => PortVerdict.Stop, after: () => PortVerdict.Continue };
    assert.equal(guest.run(1), RunEnd.Abort);
    assert.equal(guest.hypervisor.log.nextSequence, 0);
    assert.equal(guest.clock.now, 0);
    assert.deepEqual([guest.state.eip, guest.state.reg(Register.ECX)], [0x1000, 3]);
  });

  it('records the elements done before the debugger stopped, and lets the exit go on', () => {
    const guest = new TestGuest({ mode: 'trap' });
    guest.enter('flat32');
    guest.load([0xf3, 0x6e]);
    guest.setRegisters({ EDX: 0x44, ECX: 3, ESI: 0x200 });
    let stop = true;
    guest.bus.watch[0x44] = 1;
    guest.bus.observer = {
      before: (access) => (access.count === 1 && stop ? PortVerdict.Stop : PortVerdict.Continue),
      after: () => PortVerdict.Continue,
    };
    assert.equal(guest.run(3), RunEnd.Abort);
    const partial = guest.hypervisor.log.records(0, 9);
    assert.deepEqual([partial.length, partial[0].repeat, partial[0].cost.device], [1, 2, 2 * 216]);
    assert.equal(guest.state.reg(Register.ECX), 1);
    stop = false;
    guest.run(1);
    const done = guest.hypervisor.log.records(0, 9);
    assert.deepEqual([done.length, done[0].repeat, done[0].cost.device], [1, 3, 3 * 216]);
    assert.equal(guest.clock.now, 3 + 1814 + 3 * 216);
  });

  it('makes a new exit of a string that a fault has interrupted', () => {
    const guest = new TestGuest({ mode: 'trap' });
    guest.enter('flat32');
    guest.load([0xf3, 0x6e]);
    guest.cpu.segmentation.setHidden(SegmentIndex.DS, 0x10, 0x40000, 0x201, 0x4093);
    guest.setRegisters({ EDX: 0x44, ECX: 3, ESI: 0x200 });
    guest.cpu.hooks.exception = () => true;
    assert.equal(guest.run(5), RunEnd.Stop);
    assert.deepEqual(
      guest.hypervisor.log.records(0, 9).map(({ repeat }) => repeat),
      [2],
    );
    assert.equal(guest.state.reg(Register.ECX), 1);
    assert.equal(guest.clock.now - guest.clock.instructions, 1814 + 2 * 216);
  });

  it('counts the host time of fetch, decode and access', () => {
    const guest = run('trap');
    // The fake clock moves on by 100 ns at each question: one at the start and one at the end of an exit.
    assert.deepEqual(
      guest.hypervisor.log.records(0, 9).map(({ hostNs }) => hostNs),
      [100, 100, 100],
    );
  });
});

describe('the trap path', () => {
  it('fetches an instruction that crosses into another page, wherever that page is', () => {
    const guest = new TestGuest({ mode: 'trap' });
    guest.enter('flat32');
    const entry = (at: number, value: number): void => guest.memory.write(at, 4, value);
    for (let page = 0; page < 1024; page++) entry(0x81000 + 4 * page, (page << 12) | 3);
    entry(0x80000, 0x81003);
    // Linear page 2 is at physical 90000.
    entry(0x81000 + 8, 0x90003);
    guest.state.setCr(3, 0x80000);
    guest.state.setCr(0, 0x80000001);
    guest.cpu.mmu.flush();
    guest.memory.poke(0x1fff, Uint8Array.of(0x66));
    guest.memory.poke(0x90000, Uint8Array.of(0xe5, 0x48));
    guest.jump(0x1fff);
    guest.run(1);
    const [record] = guest.hypervisor.log.records(0, 1);
    assert.deepEqual([...record.bytes], [0x66, 0xe5, 0x48]);
    assert.deepEqual([record.port, record.width, record.cr3], [0x48, 2, 0x80000]);
  });

  it('tells of a stale translation: the tables no longer show what the processor executed', () => {
    const guest = new TestGuest({ mode: 'trap' });
    guest.enter('flat32');
    const entry = (at: number, value: number): void => guest.memory.write(at, 4, value);
    for (let page = 0; page < 1024; page++) entry(0x81000 + 4 * page, (page << 12) | 3);
    entry(0x80000, 0x81003);
    guest.state.setCr(3, 0x80000);
    guest.state.setCr(0, 0x80000001);
    guest.cpu.mmu.flush();
    // NOP loads the translation; then page 1 is mapped elsewhere with no INVLPG.
    guest.load([0x90, 0xee, 0xee]);
    guest.memory.poke(0x92000, new Uint8Array(0x1000).fill(0x90));
    guest.setRegisters({ EDX: 0x44 });
    guest.run(1);
    entry(0x81000 + 4, 0x92003);
    let raised = -1;
    guest.cpu.hooks.exception = (vector) => {
      raised = vector;
      return true;
    };
    guest.run(1);
    assert.equal(raised, 6);
    assert.equal(guest.recorder.accesses.length, 0);
    assert.match(guest.reports[0], /no I\/O instruction at 0x1001/);
  });
});
