import assert from 'node:assert/strict';
import * as layout from '../../../src/machine/layout';
import { SegmentIndex } from '../../../src/machine/layout';
import {
  Bench,
  CODE_CONFORMING,
  CODE_CONFORMING_X,
  CODE_RX,
  CODE_X,
  DATA_DOWN,
  DATA_RO,
  DATA_RW,
  descriptor,
  FREE,
  GDT,
  LDT,
  LDT_SELECTOR,
} from './bench';

const { ES, SS, DS, FS, GS } = SegmentIndex;
const PLAIN = { ES, DS, FS, GS };

function load(bench: Bench, segment: SegmentIndex, selector: number): string {
  return bench.outcome(() => bench.op.loadSegment(segment, selector));
}

describe('segment loads: data segment registers', () => {
  const kinds = [
    { name: 'read-only data', type: DATA_RO, readable: true, conforming: false },
    { name: 'writable data', type: DATA_RW, readable: true, conforming: false },
    { name: 'expand-down data', type: DATA_DOWN, readable: true, conforming: false },
    { name: 'readable code', type: CODE_RX, readable: true, conforming: false },
    { name: 'execute-only code', type: CODE_X, readable: false, conforming: false },
    { name: 'readable conforming code', type: CODE_CONFORMING, readable: true, conforming: true },
    { name: 'execute-only conforming code', type: CODE_CONFORMING_X, readable: false, conforming: true },
    { name: 'an LDT', type: 0x02, readable: false, conforming: false },
    { name: 'a TSS', type: 0x09, readable: false, conforming: false },
    { name: 'a call gate', type: 0x0c, readable: false, conforming: false },
  ];
  for (const kind of kinds) {
    it(`loads ${kind.name} or refuses it, for every CPL, RPL, DPL and presence`, () => {
      const bench = Bench.protected(0);
      for (let i = 0; i < 128; i++) {
        const [cpl, rpl, dpl, present] = [i & 3, (i >>> 2) & 3, (i >>> 4) & 3, i >>> 6 === 1];
        bench.setLevel(cpl);
        const entry = descriptor({ type: kind.type, dpl, present, base: 0x123456, limit: 0x8765 });
        let expected = 'ok';
        if (!kind.readable || (!kind.conforming && (cpl > dpl || rpl > dpl))) expected = '#GP(0x60)';
        else if (!present) expected = '#NP(0x60)';
        for (const [name, segment] of Object.entries(PLAIN)) {
          const title = `${name} CPL ${cpl} RPL ${rpl} DPL ${dpl} P ${present}`;
          bench.gdt(FREE, entry);
          assert.equal(load(bench, segment, FREE | rpl), expected, title);
          const accessed = bench.read32(GDT + FREE + 4) ^ entry[1];
          assert.equal(accessed, expected === 'ok' ? 0x100 : 0, title);
          if (expected !== 'ok') continue;
          assert.equal(bench.state.selector(segment), FREE | rpl);
          assert.equal(bench.state.segmentBase(segment), 0x123456);
          assert.equal(bench.state.segmentLimit(segment), 0x8765);
        }
      }
    });
  }

  it('takes the null selectors 0-3 and then faults on use only', () => {
    const bench = Bench.protected(0);
    for (const segment of Object.values(PLAIN)) {
      for (let selector = 0; selector < 4; selector++) {
        assert.equal(load(bench, segment, selector), 'ok');
        assert.equal(bench.state.selector(segment), selector);
        assert.equal(
          bench.outcome(() => bench.cpu.segmentation.readSegmented(segment, 0, 1)),
          '#GP(0x0)',
        );
        assert.equal(
          bench.outcome(() => bench.cpu.segmentation.writeSegmented(segment, 0, 1, 0)),
          '#GP(0x0)',
        );
      }
    }
  });

  it('checks the limits of GDT and LDT to the last byte of the entry', () => {
    const bench = Bench.protected(0);
    bench.gdt(FREE, descriptor({ type: DATA_RW }));
    for (const [limit, expected] of [
      [FREE + 7, 'ok'],
      [FREE + 6, '#GP(0x60)'],
      [FREE - 1, '#GP(0x60)'],
    ] as const) {
      bench.state.set(layout.GDTR_LIMIT, limit);
      assert.equal(load(bench, DS, FREE), expected);
    }
    bench.state.set(layout.GDTR_LIMIT, 0x9f);
    bench.put(LDT + 0x10, descriptor({ type: DATA_RW, base: 0x7000 }));
    bench.gdt(LDT_SELECTOR, descriptor({ base: LDT, limit: 0x17, type: 2 }));
    bench.op.loadLdt(LDT_SELECTOR);
    assert.equal(load(bench, DS, 0x14), 'ok');
    assert.equal(bench.state.segmentBase(DS), 0x7000);
    assert.equal(load(bench, DS, 0x1c), '#GP(0x1c)');
    bench.gdt(LDT_SELECTOR, descriptor({ base: LDT, limit: 0x16, type: 2 }));
    bench.op.loadLdt(LDT_SELECTOR);
    assert.equal(load(bench, DS, 0x14), '#GP(0x14)');
    bench.op.loadLdt(0);
    assert.equal(load(bench, DS, 0x14), '#GP(0x14)', 'no LDT');
  });

  it('lets a page fault of the table through, with nothing loaded', () => {
    const bench = Bench.protected(0);
    bench.gdt(FREE, descriptor({ type: DATA_RW }));
    bench.enablePaging();
    bench.setPage(GDT, 0);
    assert.equal(load(bench, DS, FREE), '#PF(0x0)');
    bench.setPage(GDT, 5);
    bench.state.setCr(0, bench.state.cr(0) | 0x10000);
    bench.cpu.mmu.flush();
    assert.equal(load(bench, DS, FREE), '#PF(0x3)', 'the accessed bit cannot be set');
    bench.write32(GDT + FREE + 4, bench.read32(GDT + FREE + 4) | 0x100);
    assert.equal(load(bench, DS, FREE), 'ok', 'it is set already');
  });

  it('works out byte and page granular limits', () => {
    const bench = Bench.protected(0);
    for (const [limit, granular, expected] of [
      [0, false, 0],
      [0xfffff, false, 0xfffff],
      [0, true, 0xfff],
      [0x12345, true, 0x12345fff],
      [0xfffff, true, 0xffffffff],
    ] as const) {
      bench.gdt(FREE, descriptor({ type: DATA_RW, limit, granular, base: 0xfedcba98 }));
      bench.op.loadSegment(DS, FREE);
      assert.equal(bench.state.segmentLimit(DS), expected);
      assert.equal(bench.state.segmentBase(DS), 0xfedcba98);
    }
  });
});

describe('segment loads: SS', () => {
  it('demands writable data with RPL = DPL = CPL', () => {
    const types = { DATA_RO, DATA_RW, DATA_DOWN, CODE_RX, CODE_CONFORMING, LDT: 2, TSS: 9 };
    const bench = Bench.protected(0);
    for (const [name, type] of Object.entries(types)) {
      for (let i = 0; i < 128; i++) {
        const [cpl, rpl, dpl, present] = [i & 3, (i >>> 2) & 3, (i >>> 4) & 3, i >>> 6 === 1];
        bench.setLevel(cpl);
        bench.gdt(FREE, descriptor({ type, dpl, present }));
        const writable = type === DATA_RW || type === DATA_DOWN;
        let expected = 'ok';
        if (!writable || rpl !== cpl || dpl !== cpl) expected = '#GP(0x60)';
        else if (!present) expected = '#SS(0x60)';
        assert.equal(load(bench, SS, FREE | rpl), expected, `${name} CPL ${cpl} RPL ${rpl} DPL ${dpl} P ${present}`);
      }
    }
  });

  it('refuses null selectors', () => {
    const bench = Bench.protected(0);
    for (let selector = 0; selector < 4; selector++) assert.equal(load(bench, SS, selector), '#GP(0x0)');
  });

  it('sets the stack size from B', () => {
    const bench = Bench.protected(0);
    for (const big of [true, false]) {
      bench.gdt(FREE, descriptor({ type: DATA_RW, big }));
      bench.op.loadSegment(SS, FREE);
      assert.equal(bench.state.get(layout.STACK_32), big ? 1 : 0);
    }
  });

  it('keeps interrupts out for the next instruction; other segments do not', () => {
    const bench = Bench.protected(0);
    bench.op.loadSegment(DS, 0x10);
    assert.equal(bench.cpu.interruptShadowUntil, 0);
    bench.clock.instructions = 500;
    bench.op.loadSegment(SS, 0x10);
    assert.equal(bench.cpu.interruptShadowUntil, 502);
  });
});

describe('segment loads: real and V86 mode', () => {
  it('takes any selector as a paragraph in real mode and keeps the limit', () => {
    const bench = Bench.real();
    for (const segment of [ES, SS, DS, FS, GS]) {
      bench.op.loadSegment(segment, 0xffff);
      assert.equal(bench.state.segmentBase(segment), 0xffff0);
      assert.equal(bench.state.segmentLimit(segment), 0xffff);
    }
    bench.cpu.segmentation.setHidden(DS, 0x10, 0, 0xffffffff, 0xcf93);
    bench.op.loadSegment(DS, 0x2000);
    assert.equal(bench.state.segmentLimit(DS), 0xffffffff, 'unreal mode');
    bench.write32(0x120000, 0x1badb002);
    assert.equal(bench.cpu.segmentation.readSegmented(DS, 0x100000, 4), 0x1badb002);
  });

  it('fixes everything in V86 mode', () => {
    const bench = Bench.v86(3);
    bench.cpu.segmentation.setHidden(DS, 0x10, 0, 0xffffffff, 0xcf93);
    bench.op.loadSegment(DS, 0x1234);
    assert.equal(bench.state.segmentBase(DS), 0x12340);
    assert.equal(bench.state.segmentLimit(DS), 0xffff);
    assert.equal(bench.state.segmentAttributes(DS), 0xf3);
  });
});

describe('segment limits', () => {
  interface Case {
    readonly what: string;
    readonly type: number;
    readonly limit: number;
    readonly big?: boolean;
    readonly granular?: boolean;
    /** Offset, width, and whether it is inside. */
    readonly accesses: readonly (readonly [number, number, boolean])[];
  }
  const cases: Case[] = [
    {
      what: 'expand-up, 0x1000 bytes',
      type: DATA_RW,
      limit: 0xfff,
      accesses: [
        [0, 4, true],
        [0xfff, 1, true],
        [0xffe, 2, true],
        [0xffc, 4, true],
        [0xfff, 2, false],
        [0xffd, 4, false],
        [0x1000, 1, false],
        [0xffffffff, 1, false],
        [0xffffffff, 2, false],
        [0xfffffffd, 4, false],
      ],
    },
    {
      what: 'expand-up, one byte',
      type: DATA_RW,
      limit: 0,
      accesses: [
        [0, 1, true],
        [0, 2, false],
        [1, 1, false],
      ],
    },
    {
      what: 'expand-up, 4 GiB',
      type: DATA_RW,
      limit: 0xfffff,
      granular: true,
      accesses: [
        [0, 4, true],
        [0xfffffffc, 4, true],
        [0xffffffff, 1, true],
        [0xffffffff, 4, true],
      ],
    },
    {
      what: 'expand-up, 4 GiB less a page',
      type: DATA_RW,
      limit: 0xffffe,
      granular: true,
      accesses: [
        [0xffffeffc, 4, true],
        [0xffffeffd, 4, false],
        [0xffffffff, 1, false],
        [0xfffffffd, 4, false],
      ],
    },
    {
      what: 'expand-down, 32-bit',
      type: DATA_DOWN,
      limit: 0xfff,
      big: true,
      accesses: [
        [0, 1, false],
        [0xfff, 1, false],
        [0xfff, 4, false],
        [0x1000, 1, true],
        [0x1000, 4, true],
        [0x12345678, 4, true],
        [0xffffffff, 1, true],
        [0xfffffffc, 4, true],
        [0xfffffffd, 4, false],
        [0xffffffff, 2, false],
      ],
    },
    {
      what: 'expand-down, 16-bit',
      type: DATA_DOWN,
      limit: 0xfff,
      big: false,
      accesses: [
        [0xfff, 1, false],
        [0x1000, 1, true],
        [0xffff, 1, true],
        [0xfffe, 2, true],
        [0xffff, 2, false],
        [0xfffd, 4, false],
        [0x10000, 1, false],
      ],
    },
  ];
  for (const { what, type, limit, big = true, granular = false, accesses } of cases) {
    for (const [offset, width, inside] of accesses) {
      it(`${what}: ${width} bytes at 0x${offset.toString(16)} are ${inside ? 'inside' : 'outside'}`, () => {
        const bench = Bench.protected(0);
        bench.gdt(FREE, descriptor({ type, limit, big, granular, base: 0x10000 }));
        for (const [segment, vector] of [
          [DS, '#GP(0x0)'],
          [SS, '#SS(0x0)'],
        ] as const) {
          bench.op.loadSegment(segment, FREE);
          for (const write of [false, true]) {
            const check = (): number => bench.cpu.segmentation.checkSegment(segment, offset, width, write);
            assert.equal(bench.outcome(check), inside ? 'ok' : vector);
            if (inside) assert.equal(check(), (0x10000 + offset) >>> 0);
          }
        }
      });
    }
  }

  it('checks what the type allows', () => {
    for (const [type, readable, writable] of [
      [DATA_RO, true, false],
      [DATA_RW, true, true],
      [CODE_RX, true, false],
      [CODE_CONFORMING, true, false],
    ] as const) {
      const bench = Bench.protected(0);
      for (const limit of [0xfff, 0xfffff]) {
        bench.gdt(FREE, descriptor({ type, limit }));
        bench.op.loadSegment(ES, FREE);
        const check = (write: boolean): string =>
          bench.outcome(() => bench.cpu.segmentation.checkSegment(ES, 0x10, 4, write));
        assert.equal(check(false), readable ? 'ok' : '#GP(0x0)');
        assert.equal(check(true), writable ? 'ok' : '#GP(0x0)');
      }
    }
    const bench = Bench.protected(0);
    bench.cpu.segmentation.setHidden(SegmentIndex.CS, 0x60, 0, 0xffffffff, 0xc099);
    assert.equal(
      bench.outcome(() => bench.cpu.segmentation.readSegmented(SegmentIndex.CS, 0, 4)),
      '#GP(0x0)',
    );
  });

  it('gives the rights bits that spare the fast path a check to flat segments only', () => {
    const bench = Bench.protected(0);
    const flat = layout.SEG_READ_FLAT | layout.SEG_WRITE_FLAT;
    const rights = (fields: Parameters<typeof descriptor>[0]): number => {
      bench.gdt(FREE, descriptor(fields));
      bench.op.loadSegment(DS, FREE);
      return bench.state.u32[(layout.SEG_RIGHTS >>> 2) + DS];
    };
    const both = layout.SEG_READABLE | layout.SEG_WRITABLE;
    assert.equal(rights({ type: DATA_RW, base: 0x1000 }), flat | both | layout.SEG_BIG);
    assert.equal(rights({ type: DATA_RO }), layout.SEG_READ_FLAT | layout.SEG_READABLE | layout.SEG_BIG);
    assert.equal(rights({ type: DATA_RW, limit: 0xffffe, granular: true, big: false }), both);
    assert.equal(rights({ type: DATA_DOWN }), both | layout.SEG_EXPAND_DOWN | layout.SEG_BIG);
    assert.equal(rights({ type: CODE_RX, big: false }), layout.SEG_READ_FLAT | layout.SEG_READABLE);
  });
});

describe('stack helpers', () => {
  it('use SP or ESP as SS.B says, and wrap in 16 bits', () => {
    const bench = Bench.protected(0);
    const { state, cpu } = bench;
    cpu.segmentation.setHidden(SS, 0x10, 0x50000, 0xffff, 0x93);
    state.setReg(4, 0xabcd0002);
    cpu.segmentation.push(0x1234, 2);
    assert.equal(state.reg(4), 0xabcd0000);
    cpu.segmentation.push(0x5678, 2);
    assert.equal(state.reg(4), 0xabcdfffe);
    assert.equal(bench.read16(0x5fffe), 0x5678);
    assert.equal(cpu.segmentation.pop(2), 0x5678);
    assert.equal(cpu.segmentation.pop(2), 0x1234);
    assert.equal(state.reg(4), 0xabcd0002);
    cpu.segmentation.setHidden(SS, 0x10, 0x50000, 0xffffffff, 0xcf93);
    state.setReg(4, 0x10000);
    cpu.segmentation.push(0x9abcdef0, 4);
    assert.equal(state.reg(4), 0xfffc);
    assert.equal(cpu.segmentation.pop(4), 0x9abcdef0);
  });

  it('raise #SS(0) at the limits and leave ESP alone', () => {
    const bench = Bench.protected(0);
    const { state, cpu } = bench;
    cpu.segmentation.setHidden(SS, 0x10, 0x50000, 0xfff, 0x4093);
    state.setReg(4, 0x1002);
    assert.equal(
      bench.fault(() => cpu.segmentation.push(1, 4)),
      '#SS(0x0)',
    );
    assert.equal(
      bench.fault(() => cpu.segmentation.pop(2)),
      '#SS(0x0)',
    );
    state.setReg(4, 2);
    assert.equal(
      bench.fault(() => cpu.segmentation.push(1, 4)),
      '#SS(0x0)',
    );
    bench.enablePaging();
    state.setReg(4, 0x800);
    bench.setPage(0x50000, 0);
    assert.equal(
      bench.fault(() => cpu.segmentation.push(1, 4)),
      '#PF(0x2)',
    );
  });
});

describe('privilege', () => {
  it('keeps the TLB masks in step with CPL', () => {
    const bench = Bench.protected(0);
    for (let level = 0; level < 4; level++) {
      bench.cpu.segmentation.setCpl(level);
      assert.equal(
        bench.state.get(layout.TLB_READ_MASK),
        level === 3 ? layout.TLB_USER_READ : layout.TLB_SUPERVISOR_READ,
      );
      assert.equal(
        bench.state.get(layout.TLB_WRITE_MASK),
        level === 3 ? layout.TLB_USER_WRITE : layout.TLB_SUPERVISOR_WRITE,
      );
    }
  });
});
