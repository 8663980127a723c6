import assert from 'node:assert/strict';
import { FLAG_RF, FLAG_TF, Register, SegmentIndex } from '../../../src/machine/layout';
import * as layout from '../../../src/machine/layout';
import { RunEnd } from '../../../src/machine/run';
import { Bench, code, data, gate, STACK, TSS_NEW, TSS_NEW_SELECTOR } from './bench';
import { dword, Runner } from './runner';

const INTERRUPT_32 = 14;
const CODE = 0x6000;
const HANDLER = 0x7000;
const OTHER = 0x7100;
const DATA = 0x9000;
const LIST = 0xa000;
const { EAX, ECX, ESI, EDI } = Register;

/** DR7 for breakpoint `index`, enabled globally: R/W and LEN as encoded. */
const enable = (index: number, kind: number, length = 0): number =>
  (2 << (index * 2)) | (((length << 2) | kind) << (16 + index * 4));
const EXECUTE = 0;
const WRITE = 1;
const IO = 2;
const ACCESS = 3;

/** One #DB: offset of the return address in the code, DR6 without its fixed bits, RF of the saved flags. */
type Hit = [eip: number, dr6: number, rf: number];

interface Setup {
  dr?: readonly number[];
  dr7: number;
  de?: boolean;
  flags?: number;
  registers?: Partial<Record<Register, number>>;
}

/** Runs code at level 0 to its HLT and gives every #DB on the way. */
function hits(bytes: readonly number[], setup: Setup): Hit[] {
  const bench = Bench.protected(0);
  for (const segment of [SegmentIndex.DS, SegmentIndex.ES]) bench.op.loadSegment(segment, data(0));
  bench.idt(1, gate(INTERRUPT_32, code(0), HANDLER));
  const runner = new Runner(bench);
  // push eax; the return address, the flags and DR6 to the list; DR6 = 0; set RF in the image; pop eax; iret
  const store = [0x50, 0x8b, 0x44, 0x24, 0x04, 0xab, 0x8b, 0x44, 0x24, 0x0c, 0xab, 0x0f, 0x21, 0xf0, 0xab];
  const clear = [0x31, 0xc0, 0x0f, 0x23, 0xf0];
  const resume = [0x81, 0x4c, 0x24, 0x0c, ...dword(FLAG_RF)];
  runner.put(HANDLER, ...store, ...clear, ...resume, 0x58, 0xcf);
  runner.at(CODE, ...bytes, 0xf4);
  const { state } = bench;
  state.setReg(EDI, LIST);
  for (const [register, value] of Object.entries(setup.registers ?? {})) state.setReg(Number(register), value);
  if (setup.de) bench.op.writeControl(4, 8);
  setup.dr?.forEach((address, index) => bench.op.writeDebug(index, address));
  bench.op.writeDebug(7, setup.dr7);
  state.eip = CODE;
  state.eflags = setup.flags ?? 0;
  assert.equal(runner.run(), RunEnd.Dead);
  const count = (state.reg(EDI) - LIST) / 12;
  return Array.from({ length: count }, (_, i) => {
    const [eip, flags, dr6] = [0, 4, 8].map((offset) => bench.read32(LIST + i * 12 + offset));
    return [eip - CODE, (dr6 & ~0xffff0ff0) >>> 0, flags & FLAG_RF ? 1 : 0];
  });
}

const STORE_BYTE = [0xa2, ...dword(DATA)];
const LOAD = [0xa1, ...dword(DATA)];
const NOP = 0x90;

describe('debug registers: code breakpoints', () => {
  it('fault before the instruction, once, as the handler sets RF', () => {
    assert.deepEqual(hits([NOP, NOP, NOP], { dr: [CODE + 1], dr7: enable(0, EXECUTE) }), [[1, 1, 0]]);
    assert.deepEqual(hits([NOP, NOP], { dr: [0, 0, 0, CODE], dr7: enable(3, EXECUTE) }), [[0, 8, 0]]);
  });

  it('are passed once with RF, which is clear after that instruction: a loop stops each time', () => {
    // mov ecx, 3; loop $
    const loop = [0xb9, ...dword(3), 0xe2, 0xfe];
    assert.deepEqual(
      hits(loop, { dr: [CODE + 5], dr7: enable(0, EXECUTE) }).map(([eip]) => eip),
      [5, 5, 5],
    );
  });

  it('need an enable bit, local or global, and report all that match', () => {
    assert.deepEqual(hits([NOP], { dr: [CODE], dr7: 0 }), []);
    assert.deepEqual(hits([NOP], { dr: [CODE], dr7: 1 }), [[0, 1, 0]]);
    assert.deepEqual(hits([NOP], { dr: [CODE, CODE + 1, CODE], dr7: 0x3f }), [
      [0, 5, 0],
      [1, 2, 0],
    ]);
  });

  it('stop at the first byte of an instruction only, prefixes included', () => {
    // rep stosb with ecx = 0
    assert.deepEqual(hits([0xf3, 0xaa, NOP], { dr: [CODE + 1], dr7: 2 }), []);
    assert.deepEqual(hits([0xf3, 0xaa, NOP], { dr: [CODE], dr7: 2 }), [[0, 1, 0]]);
  });

  it('do not stop again between the elements of a string once passed', () => {
    // rep lodsb; nop
    const found = hits([0xf3, 0xac, NOP], { dr: [CODE], dr7: 2, registers: { [ECX]: 4, [ESI]: DATA } });
    assert.deepEqual(found, [[0, 1, 0]]);
  });

  it('are passed by an instruction that faults, too: RF is set in the image of the fault', () => {
    const bench = Bench.protected(0);
    bench.idt(13, gate(INTERRUPT_32, code(0), OTHER));
    bench.idt(1, gate(INTERRUPT_32, code(0), HANDLER));
    const runner = new Runner(bench).at(CODE, 0xa1, ...dword(DATA));
    runner.put(OTHER, 0xf4).put(HANDLER, 0xf4);
    bench.op.writeDebug(0, CODE);
    bench.op.writeDebug(7, 2);
    bench.state.eip = CODE;
    bench.state.eflags = FLAG_RF;
    assert.equal(runner.run(), RunEnd.Dead);
    assert.equal(bench.state.eip, OTHER + 1, 'DS is null: #GP, no #DB');
    assert.equal(bench.stack32(4)[3] & FLAG_RF, FLAG_RF);
  });

  it('are not taken at the instruction after MOV SS', () => {
    // mov ss, eax; nop; nop
    const registers = { [EAX]: data(0) };
    assert.deepEqual(hits([0x8e, 0xd0, NOP, NOP], { dr: [CODE + 2], dr7: 2, registers }), []);
    assert.deepEqual(
      hits([0x8e, 0xd0, NOP, NOP], { dr: [CODE + 3], dr7: 2, registers }).map(([eip]) => eip),
      [3],
    );
  });

  it('live together with those of the debugger', () => {
    const bench = Bench.protected(0);
    bench.idt(1, gate(INTERRUPT_32, code(0), HANDLER));
    const runner = new Runner(bench).at(CODE, NOP, NOP, 0xf4).put(HANDLER, 0xf4);
    bench.op.writeDebug(0, CODE + 1);
    bench.op.writeDebug(7, 2);
    bench.cpu.codeFilter.set('debugger', [CODE]);
    bench.cpu.hooks.codeBreakpoint = (linear) => linear === CODE;
    bench.state.eip = CODE;
    assert.equal(runner.run(), RunEnd.Breakpoint);
    assert.equal(bench.state.eip, CODE);
    bench.cpu.codeFilter.set('debugger', []);
    assert.equal(runner.run(), RunEnd.Dead);
    assert.equal(bench.state.eip, HANDLER + 1);
  });

  it('cost nothing while DR7 is off', () => {
    const bench = Bench.protected(0);
    bench.op.writeDebug(0, CODE);
    assert.equal(bench.state.get(layout.BREAKPOINTS_ON), 0);
    bench.op.writeDebug(7, 2);
    assert.equal(bench.state.get(layout.BREAKPOINTS_ON), 1);
    bench.op.writeDebug(7, 0);
    assert.equal(bench.state.get(layout.BREAKPOINTS_ON), 0);
  });
});

describe('debug registers: data breakpoints', () => {
  it('trap after the instruction, on writes or on every access', () => {
    const twice = [...STORE_BYTE, ...LOAD];
    assert.deepEqual(hits(twice, { dr: [DATA], dr7: enable(0, WRITE) }), [[5, 1, 0]]);
    assert.deepEqual(hits(twice, { dr: [0, DATA], dr7: enable(1, ACCESS) }), [
      [5, 2, 0],
      [10, 2, 0],
    ]);
  });

  it('cover the aligned range of their length, and every byte of an access counts', () => {
    for (const [address, length, kind, expected] of [
      [DATA + 1, 0, WRITE, 0],
      [DATA + 3, 0, ACCESS, 1],
      [DATA + 4, 0, ACCESS, 0],
      [DATA + 1, 1, WRITE, 1],
      [DATA + 3, 3, WRITE, 1],
      [DATA + 4, 3, ACCESS, 0],
      [DATA - 1, 1, ACCESS, 0],
    ] as const) {
      const bytes = kind === WRITE ? STORE_BYTE : LOAD;
      const found = hits(bytes, { dr: [address], dr7: enable(0, kind, length) });
      assert.equal(found.length, expected, `${address.toString(16)} ${length}`);
    }
  });

  it('see stacks, read-modify-write, strings and accesses of the processor', () => {
    // push eax
    assert.deepEqual(hits([0x50, NOP], { dr: [STACK - 4], dr7: enable(0, WRITE, 3) }).slice(0, 1), [[1, 1, 0]]);
    // inc dword [DATA]
    assert.deepEqual(hits([0xff, 0x05, ...dword(DATA)], { dr: [DATA], dr7: enable(0, ACCESS, 3) }), [[6, 1, 0]]);
    // mov ds, ax: the descriptor is read
    const registers = { [EAX]: data(0) };
    assert.deepEqual(hits([0x8e, 0xd8], { dr: [0x1000 + data(0)], dr7: enable(0, ACCESS, 3), registers }), [[2, 1, 0]]);
  });

  it('trap after the element of a repeated string, with RF set while elements are left', () => {
    // rep lodsb over five bytes, the second and the last watched
    const registers = { [ESI]: DATA, [ECX]: 5 };
    const dr7 = enable(0, ACCESS) | enable(1, ACCESS);
    assert.deepEqual(hits([0xf3, 0xac, NOP], { dr: [DATA + 1, DATA + 4], dr7, registers }), [
      [0, 1, 1],
      [2, 2, 0],
    ]);
  });

  it('are forgotten if the instruction faults after its access', () => {
    const bench = Bench.protected(0);
    bench.op.loadSegment(SegmentIndex.DS, data(0));
    bench.idt(1, gate(INTERRUPT_32, code(0), HANDLER));
    bench.idt(13, gate(INTERRUPT_32, code(0), OTHER));
    // movsb: reads DS:ESI, then ES is null
    const runner = new Runner(bench).at(CODE, 0xa4).put(OTHER, NOP, 0xf4).put(HANDLER, 0xf4);
    bench.op.writeDebug(0, DATA);
    bench.op.writeDebug(7, enable(0, ACCESS));
    bench.state.setReg(ESI, DATA);
    bench.state.eip = CODE;
    assert.equal(runner.run(), RunEnd.Dead);
    assert.equal(bench.state.eip, OTHER + 2);
  });

  it('hit by MOV SS wait for the next instruction', () => {
    // mov ss, [DATA]; nop; nop
    const bench = Bench.protected(0);
    bench.op.loadSegment(SegmentIndex.DS, data(0));
    bench.idt(1, gate(INTERRUPT_32, code(0), HANDLER));
    const runner = new Runner(bench).at(CODE, 0x8e, 0x15, ...dword(DATA), NOP, NOP, 0xf4).put(HANDLER, 0xf4);
    bench.write16(DATA, data(0));
    bench.op.writeDebug(0, DATA);
    bench.op.writeDebug(7, enable(0, ACCESS));
    bench.state.eip = CODE;
    assert.equal(runner.run(), RunEnd.Dead);
    assert.equal(bench.state.eip, HANDLER + 1);
    assert.equal(bench.stack32(1)[0], CODE + 7);
  });

  it('hit while an event is delivered trap before the handler begins', () => {
    const bench = Bench.protected(0);
    bench.idt(1, gate(INTERRUPT_32, code(0), HANDLER));
    bench.idt(0x40, gate(INTERRUPT_32, code(0), OTHER));
    const runner = new Runner(bench).at(CODE, NOP).put(OTHER, NOP).put(HANDLER, 0xf4);
    bench.op.writeDebug(0, STACK - 4);
    bench.op.writeDebug(7, enable(0, WRITE, 3));
    bench.state.eip = CODE;
    bench.state.eflags = layout.FLAG_IF;
    runner.requests.push(0x40);
    assert.equal(runner.run(), RunEnd.Dead);
    assert.equal(bench.stack32(1)[0], OTHER);
  });

  it('take their pages off the fast path, and put them back', () => {
    const bench = Bench.protected(0);
    const cached = (): boolean => {
      bench.cpu.mmu.slowRead(DATA, 4);
      return bench.state.u32[(layout.TLB >>> 2) + (DATA >>> 12)] !== 0;
    };
    assert.equal(cached(), true);
    bench.op.writeDebug(0, DATA);
    bench.op.writeDebug(7, enable(0, WRITE));
    assert.equal(cached(), false);
    bench.op.writeDebug(7, 0);
    assert.equal(cached(), true);
  });
});

describe('debug registers: I/O breakpoints', () => {
  const OUT = [0xe6, 0x40];
  const IN_WORD = [0x66, 0xe5, 0x40];

  it('trap after port accesses with CR4.DE, and mean nothing without', () => {
    assert.deepEqual(hits([...OUT, ...IN_WORD], { dr: [0x40], dr7: enable(0, IO), de: true }), [
      [2, 1, 0],
      [5, 1, 0],
    ]);
    assert.deepEqual(hits(OUT, { dr: [0x40], dr7: enable(0, IO) }), []);
    assert.deepEqual(hits(OUT, { dr: [0x42], dr7: enable(0, IO, 1), de: true }), []);
    assert.deepEqual(hits(IN_WORD, { dr: [0x41], dr7: enable(0, IO), de: true }), [[3, 1, 0]]);
    assert.deepEqual(hits(OUT, { dr: [0x43], dr7: enable(0, IO, 3), de: true }), [[2, 1, 0]]);
  });

  it('trap after each element of INS and OUTS', () => {
    // rep outsb
    const registers = { [ECX]: 2, [ESI]: DATA, [Register.EDX]: 0x40 };
    assert.deepEqual(hits([0xf3, 0x6e], { dr: [0x40], dr7: enable(0, IO), de: true, registers }), [
      [0, 1, 1],
      [2, 1, 0],
    ]);
  });
});

describe('debug registers: other causes', () => {
  it('combine: a single step over a data breakpoint is one #DB', () => {
    // mov [DATA], al; push 0; popf
    const found = hits([...STORE_BYTE, 0x6a, 0x00, 0x9d], { dr: [DATA], dr7: enable(0, WRITE), flags: FLAG_TF });
    assert.deepEqual(found, [
      [5, 0x4001, 0],
      [7, 0x4000, 0],
      [8, 0x4000, 0],
    ]);
  });

  it('replace breakpoint bits in DR6 and keep all others', () => {
    const bench = Bench.protected(0);
    bench.idt(1, gate(INTERRUPT_32, code(0), HANDLER));
    const runner = new Runner(bench).at(CODE, NOP).put(HANDLER, 0xf4);
    bench.op.writeDebug(6, 0x4002);
    bench.op.writeDebug(0, CODE);
    bench.op.writeDebug(7, 2);
    bench.state.eip = CODE;
    runner.run();
    assert.equal(bench.state.dr(6), 0xffff4ff1);
  });

  it('INT1 leaves DR6 as it is', () => {
    const bench = Bench.protected(0);
    bench.idt(1, gate(INTERRUPT_32, code(0), HANDLER));
    bench.op.writeDebug(6, 0x4002);
    bench.op.debugInterrupt();
    assert.equal(bench.state.dr(6), 0xffff4ff2);
  });

  it('a task switch clears the local enables, a new task with T set traps before it begins', () => {
    const bench = Bench.protected(0);
    bench.idt(1, gate(INTERRUPT_32, code(0), HANDLER));
    // jmp TSS_NEW_SELECTOR:0
    const runner = new Runner(bench).at(CODE, 0xea, ...dword(0), TSS_NEW_SELECTOR, 0).put(HANDLER, 0xf4);
    bench.write32(TSS_NEW + 0x20, OTHER);
    bench.write32(TSS_NEW + 0x38, STACK);
    bench.write32(TSS_NEW + 0x4c, code(0));
    bench.write32(TSS_NEW + 0x50, data(0));
    bench.write32(TSS_NEW + 0x64, 1);
    bench.op.writeDebug(0, OTHER);
    bench.op.writeDebug(1, 0x1234);
    bench.op.writeDebug(7, 1 | 0x100 | 8);
    bench.state.eip = CODE;
    assert.equal(runner.run(), RunEnd.Dead);
    assert.deepEqual([bench.state.eip, bench.stack32(1)[0]], [HANDLER + 1, OTHER]);
    assert.equal(bench.state.dr(6), 0xffff8ff0);
    assert.equal(bench.state.dr(7), 0x408);
  });

  it('GD reports BD, #UD and #GP go before it', () => {
    const bench = Bench.protected(0);
    bench.op.writeControl(4, 8);
    bench.op.writeDebug(7, 0x2000);
    for (const index of [4, 5]) {
      assert.equal(
        bench.fault(() => bench.op.readDebug(index)),
        '#UD',
      );
      assert.equal(
        bench.fault(() => bench.op.writeDebug(index, 0)),
        '#UD',
      );
    }
    assert.equal(
      bench.fault(() => bench.op.readDebug(6)),
      '#DB',
    );
    assert.equal(bench.state.dr(6), 0xffff2ff0);
    bench.cpu.segmentation.setCpl(3);
    assert.equal(
      bench.fault(() => bench.op.readDebug(6)),
      '#GP(0x0)',
    );
    assert.equal(
      bench.fault(() => bench.op.readDebug(4)),
      '#UD',
    );
  });

  it('are decoded again when the state comes from outside', () => {
    const bench = Bench.protected(0);
    bench.state.setDr(0, CODE);
    bench.state.setDr(7, 0x402);
    bench.cpu.stateReplaced();
    assert.equal(bench.state.get(layout.BREAKPOINTS_ON), 1);
    bench.cpu.reset();
    assert.equal(bench.state.get(layout.BREAKPOINTS_ON), 0);
  });
});

describe('debug traps that MOV SS holds back', () => {
  function handlers(...after: number[]): number {
    const bench = Bench.protected(0);
    for (const segment of [SegmentIndex.DS, SegmentIndex.ES]) bench.op.loadSegment(segment, data(0));
    bench.idt(1, gate(INTERRUPT_32, code(0), HANDLER));
    // inc ecx; iret
    const runner = new Runner(bench).put(HANDLER, 0x41, 0xcf);
    // mov ss, [DATA], which is watched
    runner.at(CODE, 0x8e, 0x15, ...dword(DATA), ...after, 0xf4);
    bench.write16(DATA, data(0));
    bench.op.writeDebug(1, DATA);
    bench.op.writeDebug(7, enable(1, ACCESS, 3));
    bench.state.eip = CODE;
    assert.equal(runner.run(), RunEnd.Dead);
    assert.equal(bench.state.dr(6), 0xffff0ff2);
    return bench.state.reg(ECX);
  }

  it('come together with that of INT1', () => {
    assert.equal(handlers(0xf1), 1);
  });

  it('come by themselves with INT n', () => {
    assert.equal(handlers(0xcd, 0x01), 2);
  });
});

describe('debug traps and the debugger', () => {
  it('are shown before they are delivered, and may be dropped', () => {
    const bench = Bench.protected(0);
    bench.idt(1, gate(INTERRUPT_32, code(0), HANDLER));
    const runner = new Runner(bench).at(CODE, NOP, NOP, 0xf4).put(HANDLER, 0xf4);
    bench.state.eflags = FLAG_TF;
    const seen: number[] = [];
    bench.cpu.hooks.exception = (vector) => seen.push(vector) > 0;
    assert.equal(runner.run(), RunEnd.Stop);
    assert.deepEqual([bench.state.eip, seen], [CODE + 1, [1]]);
    runner.loop.cancelFault();
    assert.equal(runner.run(), RunEnd.Stop);
    assert.deepEqual([bench.state.eip, seen], [CODE + 2, [1, 1]]);
    assert.equal(runner.run(), RunEnd.Dead);
    assert.deepEqual([bench.state.eip, bench.stack32(1)[0], seen], [HANDLER + 1, CODE + 2, [1, 1]]);
  });
});
