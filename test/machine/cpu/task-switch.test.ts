import assert from 'node:assert/strict';
import { Fault, Vector } from '../../../src/machine/cpu/fault';
import * as layout from '../../../src/machine/layout';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import {
  Bench,
  CODE_CONFORMING,
  CODE_RX,
  code,
  DATA_RW,
  data,
  descriptor,
  EIP_NEXT,
  EIP_START,
  FREE,
  GDT,
  gate,
  LDT,
  LDT_SELECTOR,
  PAGE_DIRECTORY,
  TSS,
  TSS_NEW,
  TSS_NEW_SELECTOR,
  TSS_SELECTOR,
} from './bench';

const { ES, CS, SS, DS, FS, GS, TR, LDTR } = SegmentIndex;
const { FLAG_NT: NT, FLAG_IF: IF, FLAG_VM: VM } = layout;
const TASK_GATE = 5;
const BUSY = 0x200;
const NEW = `0x${TSS_NEW_SELECTOR.toString(16)}`;

const busy = (bench: Bench, selector: number): boolean => (bench.read32(GDT + selector + 4) & BUSY) !== 0;

/** Fills the new TSS: registers 0x1000 + index, flat level-0 segments, EIP 0x4000. */
function fill32(
  bench: Bench,
  change: Partial<Record<'eflags' | 'cs' | 'ss' | 'ds' | 'ldt' | 'cr3' | 'trap' | 'eip', number>> = {},
): void {
  const at = (offset: number, value: number): void => bench.write32(TSS_NEW + offset, value);
  at(0x1c, change.cr3 ?? PAGE_DIRECTORY);
  at(0x20, change.eip ?? 0x4000);
  at(0x24, change.eflags ?? 0);
  for (let i = 0; i < 8; i++) at(0x28 + i * 4, 0x10000 + i * 0x100);
  const segments = [data(0), change.cs ?? code(0), change.ss ?? data(0), change.ds ?? data(0), 0, data(3)];
  segments.forEach((selector, i) => at(0x48 + i * 4, selector));
  at(0x60, change.ldt ?? 0);
  at(0x64, change.trap ?? 0);
}

function create(level = 0, change = {}): Bench {
  const bench = Bench.protected(level);
  fill32(bench, change);
  bench.gdt(TSS_NEW_SELECTOR, descriptor({ base: TSS_NEW, limit: 0x67, type: 9, dpl: 3, big: false }));
  return bench;
}

describe('task switch', () => {
  it('saves every register of the old task and loads every one of the new', () => {
    const bench = create(0, { ldt: LDT_SELECTOR, eflags: IF });
    for (let i = 0; i < 8; i++) bench.state.setReg(i, 0xa0000000 + i);
    bench.state.eflags = 0x3ad5;
    bench.op.loadSegment(FS, data(2));
    bench.op.farJump(TSS_NEW_SELECTOR, 0x1234, 4);
    assert.equal(bench.read32(TSS + 0x20), EIP_NEXT);
    assert.equal(bench.read32(TSS + 0x24), 0x3ad7);
    for (let i = 0; i < 8; i++) assert.equal(bench.read32(TSS + 0x28 + i * 4), 0xa0000000 + i);
    const saved = Array.from({ length: 6 }, (_, i) => bench.read16(TSS + 0x48 + i * 4));
    assert.deepEqual(saved, [0, code(0), data(0), 0, data(2), 0]);

    for (let i = 0; i < 8; i++) assert.equal(bench.state.reg(i), 0x10000 + i * 0x100);
    assert.equal(bench.state.eip, 0x4000);
    assert.equal(bench.state.eipStart, 0x4000);
    assert.equal(bench.state.eflags, IF | 2);
    assert.deepEqual(
      [ES, CS, SS, DS, FS, GS, LDTR, TR].map((segment) => bench.state.selector(segment)),
      [data(0), code(0), data(0), data(0), 0, data(3), LDT_SELECTOR, TSS_NEW_SELECTOR],
    );
    assert.equal(bench.state.segmentBase(TR), TSS_NEW);
    assert.equal(bench.state.segmentBase(LDTR), LDT);
    assert.equal(bench.state.segmentLimit(DS), 0xffffffff);
    assert.equal(bench.state.cr(0) & 8, 8, 'CR0.TS');
  });

  // Intel SDM vol. 3A, table 7-2: effect on busy flags, NT and the link.
  for (const cause of ['jump', 'call', 'interrupt'] as const) {
    it(`by ${cause}: busy bits, NT and the link`, () => {
      const bench = create();
      bench.write32(TSS_NEW, 0xdead);
      bench.idt(0x40, gate(TASK_GATE, TSS_NEW_SELECTOR, 0));
      if (cause === 'jump') bench.op.farJump(TSS_NEW_SELECTOR, 0, 4);
      else if (cause === 'call') bench.op.farCall(TSS_NEW_SELECTOR, 0, 4);
      else bench.cpu.interrupt(0x40);
      const nests = cause !== 'jump';
      assert.equal(busy(bench, TSS_SELECTOR), nests);
      assert.equal(busy(bench, TSS_NEW_SELECTOR), true);
      assert.equal(bench.state.systemFlag(NT), nests);
      assert.equal(bench.read16(TSS_NEW), nests ? TSS_SELECTOR : 0xdead);
      assert.equal(bench.read32(TSS + 0x24) & NT, 0);
    });
  }

  it('returns by IRET: the task left is available again, with NT clear in its TSS', () => {
    const bench = create();
    bench.state.setReg(Register.EBX, 0x12345678);
    bench.op.farCall(TSS_NEW_SELECTOR, 0, 4);
    bench.at(0x4000, 0x4001);
    bench.op.interruptReturn(4);
    assert.equal(busy(bench, TSS_SELECTOR), true);
    assert.equal(busy(bench, TSS_NEW_SELECTOR), false);
    assert.equal(bench.read32(TSS_NEW + 0x24) & NT, 0);
    assert.equal(bench.read32(TSS_NEW + 0x20), 0x4001, 'it goes on after its IRET next time');
    assert.equal(bench.state.selector(TR), TSS_SELECTOR);
    assert.equal(bench.state.eip, EIP_NEXT);
    assert.equal(bench.state.reg(Register.EBX), 0x12345678);
    assert.equal(bench.state.systemFlag(NT), false);
  });

  it('refuses an IRET whose link is not a busy TSS', () => {
    for (const [link, expected] of [
      [0, '#TS(0x0)'],
      [TSS_NEW_SELECTOR, `#TS(${NEW})`],
      [LDT_SELECTOR, '#TS(0x58)'],
      [TSS_SELECTOR | 4, '#TS(0x4c)'],
      [0x400, '#TS(0x400)'],
      [FREE, '#NP(0x60)'],
    ] as const) {
      const bench = create();
      bench.gdt(FREE, descriptor({ base: TSS_NEW, limit: 0x67, type: 0xb, present: false }));
      bench.state.eflags = NT;
      bench.write16(TSS, link);
      assert.equal(
        bench.fault(() => bench.op.interruptReturn(4)),
        expected,
      );
    }
  });

  it('checks privilege, presence, busy bit and size of the TSS before anything changes', () => {
    const go = (fields: Parameters<typeof descriptor>[0]): string => {
      const bench = create();
      bench.gdt(TSS_NEW_SELECTOR, descriptor({ base: TSS_NEW, limit: 0x67, big: false, ...fields }));
      const jump = bench.outcome(() => bench.op.farJump(TSS_NEW_SELECTOR, 0, 4));
      const other = create();
      other.gdt(TSS_NEW_SELECTOR, descriptor({ base: TSS_NEW, limit: 0x67, big: false, ...fields }));
      assert.equal(
        other.outcome(() => other.op.farCall(TSS_NEW_SELECTOR, 0, 4)),
        jump,
      );
      return jump;
    };
    assert.equal(go({ type: 9 }), 'ok');
    assert.equal(go({ type: 0xb }), `#GP(${NEW})`);
    assert.equal(go({ type: 3 }), `#GP(${NEW})`);
    assert.equal(go({ type: 9, present: false }), `#NP(${NEW})`);
    assert.equal(go({ type: 9, limit: 0x66 }), `#TS(${NEW})`);
    assert.equal(go({ type: 1, limit: 0x2a }), `#TS(${NEW})`);
    for (let cpl = 0; cpl < 4; cpl++) {
      for (let rpl = 0; rpl < 4; rpl++) {
        for (let dpl = 0; dpl < 4; dpl++) {
          const bench = create(cpl);
          bench.gdt(TSS_NEW_SELECTOR, descriptor({ base: TSS_NEW, limit: 0x67, type: 9, dpl, big: false }));
          const expected = dpl >= cpl && dpl >= rpl ? 'ok' : `#GP(${NEW})`;
          assert.equal(
            bench.outcome(() => bench.op.farJump(TSS_NEW_SELECTOR | rpl, 0, 4)),
            expected,
          );
        }
      }
    }
  });

  it('goes through task gates in the GDT, whose DPL alone counts', () => {
    const go = (selector: number, dpl = 3, present = true): string => {
      const bench = create(3);
      bench.gdt(TSS_NEW_SELECTOR, descriptor({ base: TSS_NEW, limit: 0x67, type: 9, dpl: 0, big: false }));
      bench.gdt(FREE, gate(TASK_GATE, selector, 0, dpl, present));
      return bench.outcome(() => bench.op.farCall(FREE, 0, 4));
    };
    assert.equal(go(TSS_NEW_SELECTOR), 'ok');
    assert.equal(go(TSS_NEW_SELECTOR, 2), '#GP(0x60)');
    assert.equal(go(TSS_NEW_SELECTOR, 3, false), '#NP(0x60)');
    assert.equal(go(TSS_NEW_SELECTOR | 4), '#GP(0x54)');
    assert.equal(go(TSS_SELECTOR), '#GP(0x48)', 'busy');
    assert.equal(go(code(0)), '#GP(0x8)');
    assert.equal(go(0x500), '#GP(0x500)');
    assert.equal(go(0), '#GP(0x0)');
  });

  it('delivers exceptions with their error code on the new stack, and EXT in its own errors', () => {
    const bench = create();
    bench.idt(13, gate(TASK_GATE, TSS_NEW_SELECTOR, 0));
    bench.cpu.raise(new Fault(Vector.GP, 0x128));
    assert.equal(bench.pending(), 'none');
    assert.equal(bench.state.selector(TR), TSS_NEW_SELECTOR);
    assert.deepEqual(bench.stack32(1), [0x128]);
    assert.equal(bench.state.reg(Register.ESP), 0x10400 - 4);
    assert.equal(bench.read32(TSS + 0x20), EIP_START);
    const wrong = create();
    wrong.idt(13, gate(TASK_GATE, TSS_SELECTOR, 0));
    wrong.cpu.interrupt(13);
    assert.equal(wrong.pending(), '#GP(0x49)');
  });

  it('switches CR3 with paging on only', () => {
    const flat = create(0, { cr3: 0x700000 });
    flat.op.farJump(TSS_NEW_SELECTOR, 0, 4);
    assert.equal(flat.state.cr(3), 0);
    const bench = create(0, { cr3: 0x700000 });
    bench.enablePaging();
    bench.memory.poke(0x700000, bench.memory.peek(PAGE_DIRECTORY, 0x1000));
    bench.op.farJump(TSS_NEW_SELECTOR, 0, 4);
    assert.equal(bench.state.cr(3), 0x700000);
  });

  it('changes nothing if a page of either TSS is missing', () => {
    for (const [page, expected] of [
      [TSS, '#PF(0x2)'],
      [TSS_NEW, '#PF(0x0)'],
      [GDT, '#PF(0x0)'],
    ] as const) {
      const bench = create();
      bench.enablePaging();
      bench.setPage(page, 0);
      assert.equal(
        bench.fault(() => bench.op.farJump(TSS_NEW_SELECTOR, 0, 4)),
        expected,
      );
    }
    const bench = create();
    bench.enablePaging();
    bench.setPage(TSS_NEW, 0);
    assert.equal(
      bench.fault(() => bench.op.farCall(TSS_NEW_SELECTOR, 0, 4)),
      '#PF(0x2)',
      'the link is written',
    );
  });

  it("raises faults of the new task's segments in the new task", () => {
    for (const [change, expected] of [
      [{ cs: 0 }, '#TS(0x0)'],
      [{ cs: data(0) }, '#TS(0x10)'],
      [{ cs: code(0) | 3 }, '#TS(0x8)'],
      [{ cs: 0x800 }, '#TS(0x800)'],
      [{ cs: FREE }, '#NP(0x60)'],
      [{ ss: 0 }, '#TS(0x0)'],
      [{ ss: code(0) }, '#TS(0x8)'],
      [{ ss: data(3) }, '#TS(0x40)'],
      [{ ss: FREE + 8 }, '#SS(0x68)'],
      [{ ds: FREE + 8 }, '#NP(0x68)'],
      [{ ds: 0x900 }, '#TS(0x900)'],
      [{ ds: TSS_SELECTOR }, '#TS(0x48)'],
      [{ ldt: code(0) }, '#TS(0x8)'],
      [{ ldt: 0x5c }, '#TS(0x5c)'],
      [{ ldt: FREE + 16 }, '#TS(0x70)'],
      [{ cs: FREE + 24, eip: 0x1000 }, '#GP(0x0)'],
    ] as const) {
      const bench = create(0, change);
      bench.gdt(FREE, descriptor({ type: CODE_RX, present: false }));
      bench.gdt(FREE + 8, descriptor({ type: DATA_RW, present: false }));
      bench.gdt(FREE + 16, descriptor({ type: 2, present: false }));
      bench.gdt(FREE + 24, descriptor({ type: CODE_RX, limit: 0xfff }));
      const title = JSON.stringify(change);
      assert.equal(
        bench.faultInNewContext(() => bench.op.farJump(TSS_NEW_SELECTOR, 0, 4)),
        expected,
        title,
      );
      assert.equal(bench.state.selector(TR), TSS_NEW_SELECTOR, title);
      assert.equal(bench.state.eipStart, 'eip' in change ? change.eip : 0x4000, 'restarts in the new task');
      assert.equal(bench.state.reg(Register.EAX), 0x10000, title);
    }
  });

  it('accepts conforming code of a lower DPL', () => {
    const bench = create(0, { cs: FREE | 3, ss: data(3), ds: data(3) });
    bench.gdt(FREE, descriptor({ type: CODE_CONFORMING, dpl: 1 }));
    // ES of the new task is level-0 data, which level 3 may not load.
    bench.write32(TSS_NEW + 0x48, 0);
    bench.op.farJump(TSS_NEW_SELECTOR, 0, 4);
    assert.equal(bench.state.cpl, 3);
    assert.equal(bench.state.selector(CS), FREE | 3);
  });

  it('enters V86 mode by EFLAGS.VM in a 386 TSS', () => {
    const bench = create(0, { eflags: VM | IF, cs: 0x1234, ss: 0x2000, ds: 0x3000, eip: 0x100 });
    bench.op.farJump(TSS_NEW_SELECTOR, 0, 4);
    assert.equal(bench.state.v86, true);
    assert.equal(bench.state.cpl, 3);
    assert.equal(bench.state.segmentBase(CS), 0x12340);
    assert.equal(bench.state.segmentBase(DS), 0x30000);
    assert.equal(bench.state.segmentLimit(SS), 0xffff);
  });

  it('handles 286 TSSs on both sides', () => {
    const bench = create();
    bench.gdt(TSS_NEW_SELECTOR, descriptor({ base: TSS_NEW, limit: 0x2b, type: 1, big: false }));
    const at = (offset: number, value: number): void => bench.write16(TSS_NEW + offset, value);
    at(0x0e, 0x4000);
    at(0x10, IF);
    for (let i = 0; i < 8; i++) at(0x12 + i * 2, 0x5000 + i);
    [data(0), code(0), data(0), data(3)].forEach((selector, i) => at(0x22 + i * 2, selector));
    at(0x2a, 0);
    bench.op.loadSegment(FS, data(0));
    bench.op.farCall(TSS_NEW_SELECTOR, 0, 4);
    assert.equal(bench.state.eip, 0x4000);
    assert.equal(bench.state.eflags, IF | NT | 2);
    assert.equal(bench.state.reg(Register.EBX), 0xffff5003);
    assert.equal(bench.state.selector(FS), 0);
    assert.equal(bench.state.selector(DS), data(3));
    assert.equal(bench.read16(TSS_NEW), TSS_SELECTOR);
    bench.state.setReg(Register.ECX, 0x7777);
    bench.at(0x4000, 0x4002);
    bench.op.interruptReturn(2);
    assert.equal(bench.read16(TSS_NEW + 0x14), 0x7777);
    assert.equal(bench.read16(TSS_NEW + 0x0e), 0x4002);
    assert.equal(bench.state.selector(TR), TSS_SELECTOR);
    assert.equal(bench.state.eip, EIP_NEXT);
  });

  it('asks for a debug trap if the new TSS has T set, and clears local breakpoints', () => {
    const bench = create(0, { trap: 1 });
    bench.state.setDr(7, 0x7ff);
    bench.op.farJump(TSS_NEW_SELECTOR, 0, 4);
    assert.equal(bench.state.get(layout.PENDING_DEBUG), 0x8000);
    assert.equal(bench.state.get(layout.EXIT) & layout.EXIT_RECHECK, layout.EXIT_RECHECK);
    assert.equal(bench.state.dr(7), 0x6aa);
    const quiet = create();
    quiet.op.farJump(TSS_NEW_SELECTOR, 0, 4);
    assert.equal(quiet.state.get(layout.PENDING_DEBUG), 0);
  });
});
