import assert from 'node:assert/strict';
import * as layout from '../../../src/machine/layout';
import { SegmentIndex } from '../../../src/machine/layout';
import { Bench, code, gate, TSS } from './bench';

const { FLAG_IF: IF, FLAG_TF: TF, FLAG_VIF: VIF, FLAG_VIP: VIP, FLAG_VM: VM } = layout;
const VME = 1;
const PVI = 2;
const INTERRUPT_32 = 14;
const HANDLER = 0x5000;
const IO_MAP = 0x100;
const IOPL3 = 0x3000;

/** V86 mode with CR4.VME, an I/O map and a redirection bitmap of ones. */
function virtual(iopl: number, flags = 0): Bench {
  const bench = Bench.v86(iopl);
  bench.state.setCr(4, VME);
  bench.write16(TSS + 0x66, IO_MAP);
  for (let i = 0; i < 8; i++) bench.write32(TSS + IO_MAP - 32 + i * 4, 0xffffffff);
  bench.state.eflags = VM | (iopl << 12) | flags;
  return bench;
}

function redirect(bench: Bench, vector: number): void {
  const at = TSS + IO_MAP - 32 + (vector >>> 3);
  bench.memory.write(at, 1, bench.memory.read(at, 1) & ~(1 << (vector & 7)));
  bench.write32(vector * 4, 0x3000_1234);
}

describe('V86 mode extensions', () => {
  it('CLI and STI change VIF at IOPL < 3, IF at IOPL 3', () => {
    for (let iopl = 0; iopl < 4; iopl++) {
      const flag = iopl === 3 ? IF : VIF;
      const bench = virtual(iopl);
      bench.op.setInterruptFlag();
      assert.equal(bench.state.eflags & (IF | VIF), flag, `IOPL ${iopl}`);
      bench.state.eflags |= IF | VIF;
      bench.op.clearInterruptFlag();
      assert.equal(bench.state.eflags & (IF | VIF), (IF | VIF) & ~flag);
    }
  });

  it('STI reports a pending interrupt to the monitor', () => {
    const bench = virtual(0, VIP);
    assert.equal(
      bench.fault(() => bench.op.setInterruptFlag()),
      '#GP(0x0)',
    );
    assert.equal(
      bench.outcome(() => bench.op.clearInterruptFlag()),
      'ok',
    );
    const real = virtual(3, VIP);
    assert.equal(
      real.outcome(() => real.op.setInterruptFlag()),
      'ok',
      'IF is not virtual',
    );
  });

  it('PUSHF shows IOPL 3 and VIF as IF, with 16-bit operands only', () => {
    for (const [flags, expected] of [
      [0, 0x3002],
      [VIF, 0x3202],
      [IF, 0x3002],
      [IF | VIF | 0xc5, 0x32c7],
    ]) {
      const bench = virtual(0, flags);
      bench.op.pushFlags(2);
      assert.equal(bench.stack16(1)[0], expected);
      assert.equal(
        bench.fault(() => bench.op.pushFlags(4)),
        '#GP(0x0)',
      );
    }
  });

  it('POPF and IRET load VIF from IF, and neither IF nor IOPL', () => {
    for (const instruction of ['popf', 'iret'] as const) {
      for (const image of [0, IF, 0xffff & ~TF]) {
        const bench = virtual(1, IF);
        const frame = instruction === 'popf' ? [image] : [0x1234, 0x3000, image];
        bench.pushAll(frame, 2);
        if (instruction === 'popf') bench.op.popFlags(2);
        else bench.op.interruptReturn(2);
        const expected = VM | 0x1000 | IF | (image & IF ? VIF : 0) | (image & 0x4dd5) | 2;
        assert.equal(bench.state.eflags, expected, `${instruction} ${image.toString(16)}`);
        assert.equal(bench.state.reg16(4), 0x1000);
        if (instruction === 'iret') {
          assert.deepEqual([bench.state.selector(SegmentIndex.CS), bench.state.eip], [0x3000, 0x1234]);
        }
      }
    }
  });

  it('POPF and IRET refuse TF, IF while an interrupt is pending, and 32-bit operands', () => {
    for (const [flags, image, size, expected] of [
      [0, TF, 2, '#GP(0x0)'],
      [VIP, IF, 2, '#GP(0x0)'],
      [VIP, 0, 2, 'ok'],
      [0, IF, 2, 'ok'],
      [0, 0, 4, '#GP(0x0)'],
    ] as const) {
      const popf = virtual(2, flags);
      popf.pushAll([image], 2);
      assert.equal(
        popf.outcome(() => popf.op.popFlags(size)),
        expected,
      );
      const iret = virtual(2, flags);
      iret.pushAll([0x100, 0x1000, image], 2);
      assert.equal(
        iret.outcome(() => iret.op.interruptReturn(size)),
        expected,
      );
    }
  });

  it('INT n calls the handler of the program where the redirection bit is clear', () => {
    for (let iopl = 0; iopl < 4; iopl++) {
      const bench = virtual(iopl, IF | VIF | TF | 0xc5);
      redirect(bench, 0x21);
      bench.op.softwareInterrupt(0x21);
      const { state } = bench;
      assert.deepEqual([state.selector(SegmentIndex.CS), state.eip, state.v86, state.cpl], [0x3000, 0x1234, true, 3]);
      assert.deepEqual(bench.stack16(3), [0x105, 0x1000, 0x33c7]);
      const cleared = TF | (iopl === 3 ? IF : VIF);
      assert.equal(state.eflags, (VM | (iopl << 12) | IF | VIF | TF | 0xc7) & ~cleared);
    }
    const clear = virtual(0, IF);
    redirect(clear, 0);
    clear.op.softwareInterrupt(0);
    assert.equal(clear.stack16(3)[2], 0x3002, 'IF of the image is VIF');
  });

  it('INT n goes to the monitor where the bit is set: through its gate at IOPL 3, else as #GP', () => {
    for (let iopl = 0; iopl < 4; iopl++) {
      const bench = virtual(iopl);
      bench.idt(0x21, gate(INTERRUPT_32, code(0), HANDLER, 3));
      redirect(bench, 0x20);
      redirect(bench, 0x29);
      assert.equal(
        bench.outcome(() => bench.op.softwareInterrupt(0x21)),
        iopl === 3 ? 'ok' : '#GP(0x0)',
      );
      if (iopl === 3) assert.equal(bench.state.eip, HANDLER);
    }
  });

  it('INT n is #GP where the TSS has no bitmap; INT3 is never redirected', () => {
    for (const [map, type, expected] of [
      [0x10, 0xb, '#GP(0x0)'],
      [0xffff, 0xb, '#GP(0x0)'],
      [IO_MAP, 3, '#GP(0x0)'],
      [IO_MAP, 0xb, 'ok'],
    ] as const) {
      const bench = virtual(0);
      redirect(bench, 0x21);
      bench.write16(TSS + 0x66, map);
      bench.state.u32[(layout.SEG_ATTRIBUTES >>> 2) + SegmentIndex.TR] = 0x80 | type;
      assert.equal(
        bench.outcome(() => bench.op.softwareInterrupt(0x21)),
        expected,
      );
    }
    const bench = virtual(0);
    redirect(bench, 3);
    bench.idt(3, gate(INTERRUPT_32, code(0), HANDLER, 3));
    bench.op.breakpointInterrupt();
    assert.deepEqual([bench.state.eip, bench.state.cpl], [HANDLER, 0]);
  });

  it('need CR4.VME', () => {
    const bench = virtual(0);
    redirect(bench, 0x21);
    bench.state.setCr(4, PVI);
    for (const action of [
      () => bench.op.setInterruptFlag(),
      () => bench.op.clearInterruptFlag(),
      () => bench.op.pushFlags(2),
      () => bench.op.popFlags(2),
      () => bench.op.interruptReturn(2),
      () => bench.op.softwareInterrupt(0x21),
    ]) {
      assert.equal(bench.fault(action), '#GP(0x0)', action.toString());
    }
  });
});

describe('protected-mode virtual interrupts', () => {
  it('give level 3 a virtual interrupt flag for CLI and STI', () => {
    for (let cpl = 0; cpl < 4; cpl++) {
      for (let iopl = 0; iopl < 4; iopl++) {
        const bench = Bench.protected(cpl);
        bench.state.setCr(4, PVI);
        bench.state.eflags = iopl << 12;
        const flag = cpl <= iopl ? IF : cpl === 3 ? VIF : 0;
        assert.equal(
          bench.outcome(() => bench.op.setInterruptFlag()),
          flag ? 'ok' : '#GP(0x0)',
        );
        assert.equal(bench.state.eflags & (IF | VIF), flag);
        assert.equal(
          bench.outcome(() => bench.op.clearInterruptFlag()),
          flag ? 'ok' : '#GP(0x0)',
        );
        assert.equal(bench.state.eflags & (IF | VIF), 0);
      }
    }
  });

  it('report a pending interrupt at STI, and leave PUSHF and POPF alone', () => {
    const bench = Bench.protected(3);
    bench.state.setCr(4, PVI);
    bench.state.eflags = VIP;
    assert.equal(
      bench.fault(() => bench.op.setInterruptFlag()),
      '#GP(0x0)',
    );
    bench.state.eflags = VIF;
    bench.op.pushFlags(4);
    assert.equal(bench.stack32(1)[0], VIF | 2);
    bench.pushAll([IF | IOPL3]);
    bench.op.popFlags(4);
    assert.equal(bench.state.eflags, VIF | 2, 'neither IF nor VIF nor IOPL');
  });

  it('need CR4.PVI', () => {
    const bench = Bench.protected(3);
    bench.state.setCr(4, VME);
    assert.equal(
      bench.fault(() => bench.op.setInterruptFlag()),
      '#GP(0x0)',
    );
  });
});
