import assert from 'node:assert/strict';
import { Fault, Vector } from '../../../src/machine/cpu/fault';
import { combineFaults, TripleFault } from '../../../src/machine/cpu/interrupts';
import * as layout from '../../../src/machine/layout';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import {
  Bench,
  CODE_CONFORMING,
  CODE_RX,
  code,
  DATA_RW,
  data,
  describeFault,
  descriptor,
  EIP_NEXT,
  EIP_START,
  FREE,
  gate,
  INNER_STACK,
  STACK,
  TSS,
} from './bench';

const { CS, SS, DS, ES, FS, GS } = SegmentIndex;
const INTERRUPT_16 = 6;
const TRAP_16 = 7;
const INTERRUPT_32 = 14;
const TRAP_32 = 15;
const HANDLER = 0x5678;
const { FLAG_IF: IF, FLAG_TF: TF, FLAG_NT: NT, FLAG_RF: RF, FLAG_VM: VM } = layout;

const general = (errorCode = 0): Fault => new Fault(Vector.GP, errorCode);

describe('interrupts in real mode', () => {
  function create(): Bench {
    const bench = Bench.real();
    for (let vector = 0; vector < 256; vector++) bench.write32(vector * 4, (0x3000 << 16) | (0x100 + vector));
    return bench;
  }

  it('push FLAGS, CS and IP, clear IF and TF, and go through the vector table', () => {
    const bench = create();
    bench.state.eflags = IF | TF | 0x8d5;
    bench.op.softwareInterrupt(0x21);
    assert.equal(bench.state.selector(CS), 0x3000);
    assert.equal(bench.state.segmentBase(CS), 0x30000);
    assert.equal(bench.state.eip, 0x121);
    assert.deepEqual(bench.stack16(3), [EIP_NEXT, 0x1000, IF | TF | 0x8d7]);
    assert.equal(bench.state.eflags, 0x8d7);
  });

  it('return to the instruction after a fault, to the next one after INT and external interrupts; no error codes', () => {
    const bench = create();
    bench.cpu.raise(general(0x1234));
    assert.deepEqual(bench.stack16(3).slice(0, 2), [EIP_START, 0x1000]);
    assert.equal(bench.state.eip, 0x100 + Vector.GP);
    assert.equal(bench.state.reg(Register.ESP), 0x1000 - 6);
    bench.at();
    bench.cpu.interrupt(8);
    assert.deepEqual(bench.stack16(2), [EIP_NEXT, 0x3000]);
  });

  it('honour IDTR', () => {
    const bench = create();
    bench.state.set(layout.IDTR_BASE, 0x50000);
    bench.write32(0x50000 + 0x10 * 4, 0x40000042);
    bench.op.softwareInterrupt(0x10);
    assert.equal(bench.state.selector(CS), 0x4000);
    assert.equal(bench.state.eip, 0x42);
    bench.state.set(layout.IDTR_LIMIT, 0x10 * 4 + 2);
    assert.match(
      bench.fault(() => bench.op.softwareInterrupt(0x10)),
      /^#GP/,
    );
    bench.state.set(layout.IDTR_LIMIT, 0x10 * 4 + 3);
    assert.equal(
      bench.outcome(() => bench.op.softwareInterrupt(0x10)),
      'ok',
    );
  });

  it('shut down when the table has no room for #GP and #DF', () => {
    const bench = create();
    bench.state.set(layout.IDTR_LIMIT, 0);
    bench.cpu.raise(new Fault(Vector.UD));
    assert.match(bench.pending(), /^#GP/);
    bench.cpu.raise(general());
    assert.equal(bench.pending(), '#DF(0x0)');
    assert.throws(() => bench.cpu.raise(new Fault(Vector.DF, 0)), TripleFault);
  });

  it('wake the processor from HLT', () => {
    const bench = create();
    bench.op.halt();
    assert.equal(bench.state.get(layout.HALTED), 1);
    bench.cpu.interrupt(8);
    assert.equal(bench.state.get(layout.HALTED), 0);
    assert.deepEqual(bench.stack16(1), [EIP_NEXT]);
  });
});

describe('interrupt and trap gates', () => {
  for (const [type, name] of [
    [INTERRUPT_16, '16-bit interrupt gate'],
    [TRAP_16, '16-bit trap gate'],
    [INTERRUPT_32, '32-bit interrupt gate'],
    [TRAP_32, '32-bit trap gate'],
  ] as const) {
    const wide = type >= INTERRUPT_32;
    for (const cpl of [0, 3]) {
      for (const errorCode of [-1, 0x50]) {
        it(`${name} from CPL ${cpl} ${errorCode < 0 ? 'without' : 'with'} error code`, () => {
          const bench = Bench.protected(cpl);
          const vector = errorCode < 0 ? Vector.UD : Vector.GP;
          bench.idt(vector, gate(type, code(0), 0x12345678));
          bench.state.eflags = IF | TF | NT | 0x3000;
          bench.cpu.raise(new Fault(vector, errorCode));
          const size = wide ? 4 : 2;
          const frame = [EIP_START, code(cpl), (IF | TF | NT | 0x3000 | RF | 2) & (wide ? 0xffffffff : 0xffff)];
          if (errorCode >= 0) frame.unshift(errorCode);
          if (cpl === 3) frame.push(wide ? STACK : STACK & 0xffff, data(3));
          assert.deepEqual(wide ? bench.stack32(frame.length) : bench.stack16(frame.length), frame);
          assert.equal(bench.state.reg(Register.ESP), (cpl === 3 ? INNER_STACK : STACK) - frame.length * size);
          assert.equal(bench.state.eip, wide ? 0x12345678 : 0x5678);
          assert.equal(bench.state.selector(CS), code(0));
          assert.equal(bench.state.selector(SS), data(0));
          assert.equal(bench.state.cpl, 0);
          const masked = type === INTERRUPT_16 || type === INTERRUPT_32;
          assert.equal(bench.state.eflags, (masked ? 0 : IF) | 0x3002);
        });
      }
    }
  }

  it("check the handler's segment for every CPL, DPL and kind", () => {
    const bench = Bench.protected(0);
    for (let i = 0; i < 64; i++) {
      const [cpl, dpl, conforming, present] = [i & 3, (i >>> 2) & 3, ((i >>> 4) & 1) === 1, i >>> 5 === 1];
      bench.setLevel(cpl);
      bench.state.setReg(Register.ESP, STACK);
      bench.state.eflags = 0;
      bench.at();
      bench.gdt(FREE, descriptor({ type: conforming ? CODE_CONFORMING : CODE_RX, dpl, present }));
      bench.idt(0x80, gate(INTERRUPT_32, FREE, HANDLER, 3));
      const expected = dpl > cpl ? '#GP(0x60)' : present ? 'ok' : '#NP(0x60)';
      const title = `CPL ${cpl} DPL ${dpl} ${conforming ? 'conforming' : ''} P ${present}`;
      assert.equal(
        bench.outcome(() => bench.op.softwareInterrupt(0x80)),
        expected,
        title,
      );
      if (expected !== 'ok') continue;
      const level = conforming ? cpl : dpl;
      assert.equal(bench.state.cpl, level, title);
      assert.equal(bench.state.selector(CS), FREE | level);
      const frame = level < cpl ? [EIP_NEXT, code(cpl), 2, STACK, data(cpl)] : [EIP_NEXT, code(cpl), 2];
      assert.deepEqual(bench.stack32(frame.length), frame, title);
    }
  });

  it('set EXT in error codes for exceptions and external interrupts, but not for INT', () => {
    const causes: Record<string, (bench: Bench) => void> = {
      'beyond the IDT': (bench) => bench.state.set(layout.IDTR_LIMIT, 0x80 * 8 + 6),
      'not a gate': (bench) => bench.idt(0x80, descriptor({ type: DATA_RW })),
      'a call gate': (bench) => bench.idt(0x80, gate(12, code(0), HANDLER, 3)),
      absent: (bench) => bench.idt(0x80, gate(INTERRUPT_32, code(0), HANDLER, 3, false)),
      'null handler': (bench) => bench.idt(0x80, gate(INTERRUPT_32, 0, HANDLER, 3)),
      'handler outside': (bench) => bench.idt(0x80, gate(INTERRUPT_32, 0x500, HANDLER, 3)),
      'handler is data': (bench) => bench.idt(0x80, gate(INTERRUPT_32, data(0), HANDLER, 3)),
      'handler absent': (bench) => bench.idt(0x80, gate(INTERRUPT_32, FREE, HANDLER, 3)),
      'beyond the handler': (bench) => bench.idt(0x80, gate(INTERRUPT_32, FREE + 8, HANDLER, 3)),
      'null inner stack': (bench) => bench.write32(TSS + 8, 0),
      'wrong inner stack': (bench) => bench.write32(TSS + 8, data(1)),
      'absent inner stack': (bench) => bench.write32(TSS + 8, FREE + 16),
      'no room': (bench) => {
        bench.write32(TSS + 8, FREE + 24);
        bench.write32(TSS + 4, 19);
      },
      'short TSS': (bench) => {
        bench.state.u32[(layout.SEG_LIMIT >>> 2) + SegmentIndex.TR] = 8;
      },
    };
    const expected: Record<string, string> = {
      'beyond the IDT': '#GP(0x402)',
      'not a gate': '#GP(0x402)',
      'a call gate': '#GP(0x402)',
      absent: '#NP(0x402)',
      'null handler': '#GP(0x0)',
      'handler outside': '#GP(0x500)',
      'handler is data': '#GP(0x10)',
      'handler absent': '#NP(0x60)',
      'beyond the handler': '#GP(0x0)',
      'null inner stack': '#TS(0x0)',
      'wrong inner stack': '#TS(0x20)',
      'absent inner stack': '#SS(0x70)',
      'no room': '#SS(0x78)',
      'short TSS': '#TS(0x48)',
    };
    for (const [name, prepare] of Object.entries(causes)) {
      const create = (): Bench => {
        const bench = Bench.protected(3);
        bench.idt(0x80, gate(INTERRUPT_32, code(0), HANDLER, 3));
        bench.gdt(FREE, descriptor({ type: CODE_RX, present: false }));
        bench.gdt(FREE + 8, descriptor({ type: CODE_RX, limit: HANDLER - 1 }));
        bench.gdt(FREE + 16, descriptor({ type: DATA_RW, present: false }));
        bench.gdt(FREE + 24, descriptor({ type: DATA_RW, limit: 0xfff }));
        prepare(bench);
        return bench;
      };
      const software = create();
      assert.equal(
        software.fault(() => software.op.softwareInterrupt(0x80)),
        expected[name],
        name,
      );
      const external = create();
      external.cpu.interrupt(0x80);
      const withExt = expected[name].replace(/0x[0-9a-f]+/, (code) => `0x${(Number(code) | 1).toString(16)}`);
      assert.equal(external.pending(), withExt, name);
      assert.equal(external.state.get(layout.EXIT) & layout.EXIT_FAULT, layout.EXIT_FAULT);
      assert.equal(external.state.eipStart, EIP_NEXT, 'the fault belongs to the next instruction');
    }
  });

  it('refuse INT, INT3 and INTO through gates of a lower DPL, but not exceptions, INT1 or external interrupts', () => {
    for (let cpl = 0; cpl < 4; cpl++) {
      for (let dpl = 0; dpl < 4; dpl++) {
        const create = (): Bench => {
          const bench = Bench.protected(cpl);
          for (const vector of [1, 3, 4, 6, 0x80]) bench.idt(vector, gate(INTERRUPT_32, code(0), HANDLER, dpl));
          bench.state.eflags = layout.FLAG_OF;
          return bench;
        };
        const refused = (vector: number): string => (dpl < cpl ? `#GP(0x${(vector * 8 + 2).toString(16)})` : 'ok');
        const bench = create();
        for (const [vector, action] of [
          [0x80, () => bench.op.softwareInterrupt(0x80)],
          [3, () => bench.op.breakpointInterrupt()],
          [4, () => bench.op.overflowInterrupt()],
        ] as const) {
          bench.setLevel(cpl);
          bench.state.setReg(Register.ESP, STACK);
          bench.state.eflags = layout.FLAG_OF;
          assert.equal(bench.outcome(action), refused(vector));
        }
        const debug = create();
        assert.equal(
          debug.outcome(() => debug.op.debugInterrupt()),
          'ok',
        );
        const exception = create();
        exception.cpu.raise(new Fault(Vector.UD));
        assert.equal(exception.pending(), 'none');
        const external = create();
        external.cpu.interrupt(0x80);
        assert.equal(external.pending(), 'none');
      }
    }
  });

  it('INTO does nothing while OF is clear', () => {
    const bench = Bench.protected(0);
    const before = bench.visible();
    bench.op.overflowInterrupt();
    assert.deepEqual(bench.visible(), before);
  });

  it('push EIP past INT, at a fault, and past it for external interrupts and debug traps', () => {
    const bench = Bench.protected(0);
    for (const vector of [1, 3, 6, 0x80]) bench.idt(vector, gate(INTERRUPT_32, code(0), HANDLER, 0));
    for (const [action, eip, rf] of [
      [() => bench.op.softwareInterrupt(0x80), EIP_NEXT, false],
      [() => bench.op.breakpointInterrupt(), EIP_NEXT, false],
      [() => bench.op.debugInterrupt(), EIP_NEXT, false],
      [() => bench.cpu.raise(new Fault(Vector.UD)), EIP_START, true],
      [() => bench.cpu.interrupt(0x80), EIP_NEXT, false],
      [() => bench.cpu.debugTrap(0x4000), EIP_NEXT, false],
    ] as const) {
      bench.at();
      action();
      const [pushed, , flags] = bench.stack32(3);
      assert.equal(pushed, eip);
      assert.equal((flags & RF) !== 0, rf);
      assert.equal(bench.state.systemFlag(RF), false);
    }
  });

  it('report debug traps in DR6 and clear DR7.GD', () => {
    const bench = Bench.protected(0);
    bench.idt(1, gate(TRAP_32, code(0), HANDLER));
    bench.state.setDr(7, 0x2400);
    bench.cpu.debugTrap(0x4000);
    assert.equal(bench.state.dr(6), 0xffff4ff0);
    assert.equal(bench.state.dr(7), 0x400);
  });

  it('use the present stack with user rights at CPL 3, supervisor rights inside', () => {
    const inner = Bench.protected(3);
    inner.idt(6, gate(INTERRUPT_32, code(0), HANDLER));
    inner.enablePaging();
    inner.setPage(INNER_STACK - 0x1000, 3);
    inner.cpu.raise(new Fault(Vector.UD));
    assert.equal(inner.pending(), 'none');
    const same = Bench.protected(3);
    same.idt(6, gate(INTERRUPT_32, code(3), HANDLER));
    same.enablePaging();
    same.setPage(STACK - 0x1000, 3);
    same.cpu.raise(new Fault(Vector.UD));
    assert.equal(same.pending(), '#PF(0x7)');
    assert.equal(same.state.cr(2), STACK - 4);
  });
});

describe('the order of checks when an interrupt is delivered', () => {
  const LIMITED = FREE;
  const NARROW = FREE + 8;

  it('is: stack, then the offset of the handler', () => {
    for (const [room, offset, expected] of [
      [true, 0x100, 'ok'],
      [true, 0x1000, '#GP(0x0)'],
      [false, 0x100, '#SS(0x0)'],
      [false, 0x1000, '#SS(0x0)'],
    ] as const) {
      const bench = Bench.protected(0);
      bench.gdt(LIMITED, descriptor({ type: CODE_RX, limit: 0xfff, granular: false }));
      bench.gdt(NARROW, descriptor({ type: DATA_RW, limit: 0xfff, granular: false }));
      bench.idt(0x80, gate(INTERRUPT_32, LIMITED, offset));
      bench.op.loadFarSegment(SegmentIndex.SS, NARROW);
      bench.state.setReg(4, room ? 0x800 : 0x8);
      assert.equal(
        bench.outcome(() => bench.op.softwareInterrupt(0x80)),
        expected,
      );
    }
  });

  it('lets a frame go around the end of a 16-bit stack', () => {
    const bench = Bench.protected(0);
    bench.gdt(NARROW, descriptor({ type: DATA_RW, limit: 0xffff, granular: false, big: false }));
    bench.idt(0x80, gate(INTERRUPT_32, code(0), HANDLER));
    bench.op.loadFarSegment(SegmentIndex.SS, NARROW);
    bench.state.setReg(4, 0x50004);
    bench.op.softwareInterrupt(0x80);
    assert.equal(bench.state.reg(4), 0x5fff8);
    assert.deepEqual([bench.read32(0xfff8), bench.read32(0xfffc), bench.read32(0)], [EIP_NEXT, code(0), 2]);
  });

  it('is the same on the way to an inner level, where #SS names the new stack', () => {
    for (const [limit, offset, expected] of [
      [0xfffff, 0x100, 'ok'],
      [0xfffff, 0x1000, '#GP(0x0)'],
      [0x8, 0x1000, '#SS(0x68)'],
    ] as const) {
      const bench = Bench.protected(3);
      bench.gdt(LIMITED, descriptor({ type: CODE_RX, limit: 0xfff, granular: false }));
      bench.gdt(NARROW, descriptor({ type: DATA_RW, limit, granular: false }));
      bench.write32(TSS + 4, limit === 8 ? 8 : 0x800);
      bench.write32(TSS + 8, NARROW);
      bench.idt(0x80, gate(INTERRUPT_32, LIMITED, offset, 3));
      assert.equal(
        bench.outcome(() => bench.op.softwareInterrupt(0x80)),
        expected,
      );
    }
  });
});

describe('interrupts in V86 mode', () => {
  it('INT n needs IOPL 3; INT3, INTO and exceptions do not', () => {
    for (let iopl = 0; iopl < 4; iopl++) {
      const create = (): Bench => {
        const bench = Bench.v86(iopl);
        bench.state.eflags |= layout.FLAG_OF;
        for (const vector of [3, 4, 13, 0x21]) bench.idt(vector, gate(INTERRUPT_32, code(0), HANDLER, 3));
        return bench;
      };
      let bench = create();
      assert.equal(
        bench.outcome(() => bench.op.softwareInterrupt(0x21)),
        iopl === 3 ? 'ok' : '#GP(0x0)',
      );
      bench = create();
      assert.equal(
        bench.outcome(() => bench.op.softwareInterrupt(3)),
        iopl === 3 ? 'ok' : '#GP(0x0)',
        'CD 03',
      );
      bench = create();
      assert.equal(
        bench.outcome(() => bench.op.breakpointInterrupt()),
        'ok',
      );
      bench = create();
      assert.equal(
        bench.outcome(() => bench.op.overflowInterrupt()),
        'ok',
      );
      bench = create();
      bench.cpu.raise(general());
      assert.equal(bench.pending(), 'none');
    }
  });

  for (const [type, size] of [
    [INTERRUPT_16, 2],
    [INTERRUPT_32, 4],
  ] as const) {
    it(`push nine values and a possible error code of ${size} bytes, and clear the data segments`, () => {
      const bench = Bench.v86(0);
      bench.idt(13, gate(type, code(0), HANDLER));
      [ES, DS, FS, GS].forEach((segment, i) => bench.op.loadSegment(segment, 0x1001 + i));
      bench.cpu.raise(general(0x18));
      const eflags = (VM | IF | RF | 2) & (size === 2 ? 0xffff : 0xffffffff);
      const frame = [0x18, EIP_START, 0x1000, eflags, 0x1000, 0x2000, 0x1001, 0x1002, 0x1003, 0x1004];
      assert.deepEqual(size === 2 ? bench.stack16(10) : bench.stack32(10), frame);
      assert.equal(bench.state.reg(Register.ESP), INNER_STACK - 10 * size);
      assert.equal(bench.state.v86, false);
      assert.equal(bench.state.cpl, 0);
      assert.equal(bench.state.eflags, 2);
      assert.equal(bench.state.get(layout.CODE_32), 1);
      for (const segment of [ES, DS, FS, GS]) {
        assert.equal(bench.state.selector(segment), 0);
        assert.equal(bench.state.u32[(layout.SEG_RIGHTS >>> 2) + segment], 0);
      }
    });
  }

  it('come back with IRET', () => {
    const bench = Bench.v86(0);
    bench.idt(0x20, gate(INTERRUPT_32, code(0), HANDLER));
    const before = bench.visible();
    bench.cpu.interrupt(0x20);
    bench.op.interruptReturn(4);
    assert.deepEqual({ ...bench.visible(), eipStart: 0 }, { ...before, eipStart: 0 });
  });

  it('lead to ordinary code of level 0 only', () => {
    for (const [selector, expected] of [
      [code(0), 'none'],
      [code(1), '#GP(0x19)'],
      [code(3), '#GP(0x39)'],
      [FREE, '#GP(0x61)'],
    ] as const) {
      const bench = Bench.v86(0);
      bench.gdt(FREE, descriptor({ type: CODE_CONFORMING, dpl: 0 }));
      bench.idt(0x20, gate(INTERRUPT_32, selector, HANDLER));
      bench.cpu.interrupt(0x20);
      assert.equal(bench.pending(), expected);
    }
  });
});

describe('double faults', () => {
  const contributory = [Vector.DE, Vector.TS, Vector.NP, Vector.SS, Vector.GP];
  const benign = [Vector.DB, Vector.NMI, Vector.BP, Vector.OF, Vector.BR, Vector.UD, Vector.NM, Vector.MF, Vector.AC];
  const fault = (vector: Vector): Fault => new Fault(vector, vector === Vector.DE ? -1 : 0x28);

  it('follow the table of the manual', () => {
    const combine = (first: Vector, second: Vector): string => {
      try {
        const result = combineFaults(first, fault(second));
        return result.vector === second ? 'second' : describeFault(result);
      } catch (error) {
        assert.ok(error instanceof TripleFault);
        return 'shutdown';
      }
    };
    for (const first of benign) {
      for (const second of [...contributory, Vector.PF]) assert.equal(combine(first, second), 'second');
    }
    for (const first of contributory) {
      for (const second of contributory) assert.equal(combine(first, second), '#DF(0x0)');
      assert.equal(combine(first, Vector.PF), 'second');
    }
    for (const second of [...contributory, Vector.PF]) {
      assert.equal(combine(Vector.PF, second), '#DF(0x0)');
      assert.equal(combine(Vector.DF, second), 'shutdown');
    }
    for (const first of [...contributory, Vector.PF, Vector.DF]) {
      for (const second of benign) assert.equal(combine(first, second), 'second');
    }
  });

  it('arise from delivery, reach their handler with error code 0, and end in shutdown without one', () => {
    const bench = Bench.protected(0);
    bench.cpu.raise(new Fault(Vector.DE));
    assert.equal(bench.pending(), '#DF(0x0)', 'no gate for #DE, which is contributory');
    bench.idt(8, gate(INTERRUPT_32, code(0), HANDLER));
    bench.cpu.raise(new Fault(Vector.DF, 0));
    assert.equal(bench.state.eip, HANDLER);
    assert.deepEqual(bench.stack32(3).slice(0, 3), [0, EIP_START, code(0)]);
    bench.idt(8, [0, 0]);
    assert.throws(() => bench.cpu.raise(new Fault(Vector.DF, 0)), TripleFault);
  });

  it('do not arise from a page fault while a contributory fault is delivered', () => {
    const bench = Bench.protected(0);
    bench.enablePaging();
    bench.state.setReg(Register.ESP, STACK);
    bench.idt(13, gate(INTERRUPT_32, code(0), HANDLER));
    bench.setPage(STACK - 0x1000, 0);
    bench.cpu.raise(general());
    assert.equal(bench.pending(), '#PF(0x2)');
    assert.equal(bench.state.cr(2), STACK - 4);
    bench.cpu.raise(new Fault(Vector.PF, 2));
    assert.equal(bench.pending(), '#DF(0x0)');
    assert.throws(() => bench.cpu.raise(new Fault(Vector.DF, 0)), TripleFault);
  });

  it('do not arise from an external interrupt, whatever its vector', () => {
    for (const vector of [0x20, Vector.GP, Vector.DF]) {
      const bench = Bench.protected(0);
      bench.cpu.interrupt(vector);
      assert.equal(bench.pending(), `#GP(0x${(vector * 8 + 3).toString(16)})`);
    }
  });

  it('do not arise from INT n', () => {
    const bench = Bench.protected(0);
    assert.equal(
      bench.fault(() => bench.op.softwareInterrupt(13)),
      '#GP(0x6a)',
    );
  });

  it('change nothing while they are pending', () => {
    const bench = Bench.protected(3);
    bench.write32(TSS + 8, 0);
    bench.idt(13, gate(INTERRUPT_32, code(0), HANDLER));
    const before = { ...bench.visible(), eip: EIP_START };
    bench.cpu.raise(general());
    assert.equal(bench.pending(), '#DF(0x0)');
    assert.deepEqual(bench.visible(), before);
  });
});
