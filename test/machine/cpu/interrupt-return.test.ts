import assert from 'node:assert/strict';
import * as layout from '../../../src/machine/layout';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import { Bench, CODE_RX, code, DATA_RW, data, descriptor, FREE, STACK } from './bench';

const { CS, SS, DS, ES, FS, GS } = SegmentIndex;
const IF = layout.FLAG_IF;
const NT = layout.FLAG_NT;
const VM = layout.FLAG_VM;
const RF = layout.FLAG_RF;
const IOPL3 = 0x3000;
const ALL = 0xffffffff;

describe('IRET in real mode', () => {
  it('pops IP, CS and FLAGS; a 16-bit one leaves the upper flags alone', () => {
    const bench = Bench.real();
    bench.state.eflags = layout.FLAG_AC | layout.FLAG_ID;
    bench.pushAll([0x1234, 0x4000, 0xffff], 2);
    bench.op.interruptReturn(2);
    assert.equal(bench.state.selector(CS), 0x4000);
    assert.equal(bench.state.eip, 0x1234);
    assert.equal(bench.state.reg(Register.ESP), 0x1000);
    assert.equal(bench.state.eflags, layout.FLAG_AC | layout.FLAG_ID | 0x7fd7);
  });

  it('does not enter V86 mode from a 32-bit image', () => {
    const bench = Bench.real();
    bench.pushAll([0x1234, 0x4000, ALL], 4);
    bench.op.interruptReturn(4);
    assert.equal(bench.state.eflags, 0x257fd7 & ~(layout.FLAG_VIF | layout.FLAG_VIP));
    assert.equal(bench.state.v86, false);
  });

  it('faults without effect on a bad target or stack', () => {
    const bench = Bench.real();
    bench.pushAll([0x10000, 0x4000, 0], 4);
    assert.equal(
      bench.fault(() => bench.op.interruptReturn(4)),
      '#GP(0x0)',
    );
    bench.state.setReg(Register.ESP, 0xfffd);
    assert.equal(
      bench.fault(() => bench.op.interruptReturn(2)),
      '#SS(0x0)',
    );
  });

  it('asks the run loop to look for interrupts when it sets IF', () => {
    const bench = Bench.real();
    bench.pushAll([0x1234, 0x4000, 0], 2);
    bench.op.interruptReturn(2);
    assert.equal(bench.state.get(layout.EXIT), 0);
    bench.pushAll([0x1234, 0x4000, IF], 2);
    bench.op.interruptReturn(2);
    assert.equal(bench.state.get(layout.EXIT), layout.EXIT_RECHECK);
  });
});

describe('IRET in V86 mode', () => {
  it('needs IOPL 3', () => {
    for (let iopl = 0; iopl < 4; iopl++) {
      const bench = Bench.v86(iopl);
      bench.pushAll([0x1234, 0x4000, 0], 2);
      assert.equal(
        bench.outcome(() => bench.op.interruptReturn(2)),
        iopl === 3 ? 'ok' : '#GP(0x0)',
      );
    }
  });

  it('keeps VM and IOPL, changes IF, and stays at CPL 3', () => {
    const bench = Bench.v86(3);
    bench.pushAll([0x1234, 0x4000, 0], 4);
    bench.op.interruptReturn(4);
    assert.equal(bench.state.eflags, VM | IOPL3 | 2);
    assert.equal(bench.state.cpl, 3);
    assert.equal(bench.state.segmentBase(CS), 0x40000);
    bench.pushAll([0x1234, 0x4000, NT | IF], 2);
    bench.op.interruptReturn(2);
    assert.equal(bench.state.eflags, VM | IOPL3 | NT | IF | 2);
  });
});

describe('IRET in protected mode', () => {
  it('checks the target at every CPL, RPL, DPL and presence', () => {
    const bench = Bench.protected(0);
    for (let i = 0; i < 128; i++) {
      const [cpl, rpl, dpl, present] = [i & 3, (i >>> 2) & 3, (i >>> 4) & 3, i >>> 6 === 1];
      bench.setLevel(cpl);
      bench.state.setReg(Register.ESP, STACK);
      bench.at();
      bench.gdt(FREE, descriptor({ type: CODE_RX, dpl, present }));
      bench.pushAll([0x1234, FREE | rpl, 0, 0x18000, data(rpl)]);
      const expected = rpl < cpl || dpl !== rpl ? '#GP(0x60)' : present ? 'ok' : '#NP(0x60)';
      const title = `CPL ${cpl} RPL ${rpl} DPL ${dpl} P ${present}`;
      assert.equal(
        bench.outcome(() => bench.op.interruptReturn(4)),
        expected,
        title,
      );
      if (expected !== 'ok') continue;
      assert.equal(bench.state.cpl, rpl, title);
      assert.equal(bench.state.reg(Register.ESP), rpl === cpl ? STACK - 8 : 0x18000, title);
    }
  });

  it('lets each level change only its own flags', () => {
    // Intel SDM vol. 2A, IRET: IOPL, VIF and VIP at CPL 0 only, IF if CPL <= IOPL; VM never (at CPL 0 it means V86).
    for (let cpl = 0; cpl < 4; cpl++) {
      for (let iopl = 0; iopl < 4; iopl++) {
        for (const image of [0, ALL & ~VM]) {
          const bench = Bench.protected(cpl);
          bench.state.eflags = iopl << 12;
          bench.pushAll([0x1234, code(cpl), image]);
          bench.op.interruptReturn(4);
          let changeable = 0x4dd5 | layout.FLAG_AC | layout.FLAG_ID | RF;
          if (cpl === 0) changeable |= IOPL3 | layout.FLAG_VIF | layout.FLAG_VIP;
          if (cpl <= iopl) changeable |= IF;
          const expected = ((iopl << 12) & ~changeable) | (image & changeable) | 2;
          assert.equal(bench.state.eflags, expected >>> 0, `CPL ${cpl} IOPL ${iopl}`);
        }
      }
    }
  });

  it('decides about flags by the level it leaves, not the one it goes to', () => {
    const bench = Bench.protected(0);
    bench.pushAll([0x1234, code(3), IF | IOPL3, 0x18000, data(3)]);
    bench.op.interruptReturn(4);
    assert.equal(bench.state.eflags, IF | IOPL3 | 2);
    assert.equal(bench.state.cpl, 3);
  });

  it('leaves VM alone at CPL 1-3', () => {
    for (let cpl = 1; cpl < 4; cpl++) {
      const bench = Bench.protected(cpl);
      bench.pushAll([0x1234, code(cpl), VM]);
      bench.op.interruptReturn(4);
      assert.equal(bench.state.v86, false);
    }
  });

  it('leaves the upper flags alone with 16-bit operands, and clears RF', () => {
    const bench = Bench.protected(0);
    bench.state.eflags = layout.FLAG_AC | layout.FLAG_ID | RF;
    bench.pushAll([0x1234, code(0), 0], 2);
    bench.op.interruptReturn(2);
    assert.equal(bench.state.eflags, layout.FLAG_AC | layout.FLAG_ID | 2);
  });

  it('clears data segments that the outer level may not use', () => {
    const bench = Bench.protected(0);
    bench.op.loadSegment(DS, data(0));
    bench.op.loadSegment(ES, data(3));
    bench.pushAll([0x1234, code(3), 0, 0x18000, data(3)]);
    bench.op.interruptReturn(4);
    assert.equal(bench.state.selector(DS), 0);
    assert.equal(bench.state.selector(ES), data(3));
  });

  it('loads only SP on a 16-bit outer stack, so that the upper half of ESP leaks through', () => {
    const bench = Bench.protected(0);
    bench.gdt(FREE, descriptor({ type: DATA_RW, dpl: 3, big: false }));
    bench.state.setReg(Register.ESP, 0x00040000);
    bench.pushAll([0x1234, code(3), 0, 0xaaaa5555, FREE | 3]);
    bench.op.interruptReturn(4);
    assert.equal(bench.state.reg(Register.ESP), 0x00035555);
  });

  it('faults without effect on bad frames', () => {
    const bench = Bench.protected(0);
    bench.gdt(FREE, descriptor({ type: CODE_RX, limit: 0xfff }));
    bench.gdt(FREE + 8, descriptor({ type: DATA_RW, dpl: 3, present: false }));
    for (const [frame, expected] of [
      [[0, 0, 0], '#GP(0x0)'],
      [[0, 0x500, 0], '#GP(0x500)'],
      [[0, data(0), 0], '#GP(0x10)'],
      [[0x1000, FREE, 0], '#GP(0x0)'],
      [[0, code(3), 0, 0, 0], '#GP(0x0)'],
      [[0, code(3), 0, 0, data(2)], '#GP(0x30)'],
      [[0, code(3), 0, 0, code(3)], '#GP(0x38)'],
      [[0, code(3), 0, 0, (FREE + 8) | 3], '#SS(0x68)'],
    ] as const) {
      bench.state.setReg(Register.ESP, STACK);
      bench.pushAll([...frame]);
      assert.equal(
        bench.fault(() => bench.op.interruptReturn(4)),
        expected,
      );
    }
    bench.cpu.segmentation.setHidden(SS, data(0), 0, STACK + 10, 0x4093);
    bench.state.setReg(Register.ESP, STACK);
    assert.equal(
      bench.fault(() => bench.op.interruptReturn(4)),
      '#SS(0x0)',
    );
  });

  it('raises the page fault of an unreadable frame', () => {
    const bench = Bench.protected(3);
    bench.enablePaging();
    bench.state.setReg(Register.ESP, STACK);
    bench.setPage(STACK, 3);
    assert.equal(
      bench.fault(() => bench.op.interruptReturn(4)),
      '#PF(0x5)',
    );
  });
});

describe('IRET to V86 mode', () => {
  const frame = [0x1234, 0x1111, VM | IF | 2, 0xfff0, 0x2222, 0x3333, 0x4444, 0x5555, 0x6666];

  it('loads all segments as on an 8086 and drops to CPL 3', () => {
    const bench = Bench.protected(0);
    bench.pushAll(frame);
    bench.op.interruptReturn(4);
    const { state } = bench;
    assert.equal(state.v86, true);
    assert.equal(state.cpl, 3);
    assert.equal(state.eip, 0x1234);
    assert.equal(state.eflags, VM | IF | 2);
    assert.equal(state.reg(Register.ESP), 0xfff0);
    assert.deepEqual(
      [CS, SS, ES, DS, FS, GS].map((segment) => state.selector(segment)),
      [0x1111, 0x2222, 0x3333, 0x4444, 0x5555, 0x6666],
    );
    for (const segment of [CS, SS, ES, DS, FS, GS]) {
      assert.equal(state.segmentBase(segment), state.selector(segment) * 16);
      assert.equal(state.segmentLimit(segment), 0xffff);
    }
    assert.equal(state.get(layout.CODE_32), 0);
    assert.equal(state.get(layout.STACK_32), 0);
    assert.equal(state.get(layout.TLB_READ_MASK), layout.TLB_USER_READ);
  });

  it('drops the upper half of EIP', () => {
    const bench = Bench.protected(0);
    bench.pushAll([0xabcd1234, ...frame.slice(1)]);
    bench.op.interruptReturn(4);
    assert.equal(bench.state.eip, 0x1234);
  });

  it('is not what a 16-bit IRET does', () => {
    const bench = Bench.protected(0);
    bench.pushAll([0x1234, code(0), 0], 2);
    bench.op.interruptReturn(2);
    assert.equal(bench.state.v86, false);
  });
});
