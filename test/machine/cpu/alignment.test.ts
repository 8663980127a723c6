import assert from 'node:assert/strict';
import { FLAG_AC, Register, SegmentIndex } from '../../../src/machine/layout';
import * as layout from '../../../src/machine/layout';
import { RunEnd } from '../../../src/machine/run';
import { Bench, code, data, gate } from './bench';
import { dword, Runner } from './runner';

const AM = 0x40000;
const CODE = 0x6000;
const DATA = 0x9000;
const HANDLER = 0x7000;
const { EAX, ESP, EBP } = Register;

interface Setup {
  cpl?: number;
  am?: boolean;
  ac?: boolean;
  registers?: Partial<Record<Register, number>>;
  prepare?: (bench: Bench) => void;
}

/** A level with paging on, its data segments flat, alignment checked as asked. */
function prepared({ cpl = 3, am = true, ac = true, registers = {}, prepare }: Setup): Bench {
  const bench = Bench.protected(cpl);
  bench.enablePaging();
  for (const segment of [SegmentIndex.DS, SegmentIndex.ES]) bench.op.loadSegment(segment, data(3));
  bench.idt(1, gate(14, code(0), HANDLER));
  for (const [register, value] of Object.entries(registers)) bench.state.setReg(Number(register), value);
  bench.state.setCr(0, bench.state.cr(0) | (am ? AM : 0));
  bench.state.eflags = ac ? FLAG_AC : 0;
  bench.cpu.segmentation.updateAccessMasks();
  prepare?.(bench);
  return bench;
}

/** Runs code: its first exception as `vector(error code)`, or `none` if it gets to the INT1 behind it. */
function outcome(bytes: readonly number[], setup: Setup = {}): string {
  const bench = prepared(setup);
  const runner = new Runner(bench).at(CODE, ...bytes, 0xf1).put(HANDLER, 0xf4);
  let seen = 'none';
  bench.cpu.hooks.exception = (vector, errorCode) => {
    seen = `${vector}(${errorCode})`;
    return true;
  };
  assert.equal(runner.run(), seen === 'none' ? RunEnd.Dead : RunEnd.Stop);
  return seen;
}

const loadAt = (address: number): number[] => [0xa1, ...dword(address)];

describe('alignment checks', () => {
  it('raise #AC(0) for misaligned operands of 2 and 4 bytes, read, written or both', () => {
    for (let offset = 0; offset < 8; offset++) {
      const at = dword(DATA + offset);
      const four = offset % 4 === 0 ? 'none' : '17(0)';
      const two = offset % 2 === 0 ? 'none' : '17(0)';
      assert.equal(outcome([0xa1, ...at]), four, 'mov eax, m32');
      assert.equal(outcome([0xa3, ...at]), four, 'mov m32, eax');
      assert.equal(outcome([0xff, 0x05, ...at]), four, 'inc m32');
      assert.equal(outcome([0x66, 0xa1, ...at]), two, 'mov ax, m16');
      assert.equal(outcome([0x66, 0xa3, ...at]), two, 'mov m16, ax');
      assert.equal(outcome([0xa0, ...at]), 'none', 'mov al, m8');
    }
  });

  it('raise it for operands of 8 bytes that are aligned to 4 only', () => {
    for (let offset = 0; offset < 16; offset++) {
      const at = dword(DATA + offset);
      const eight = offset % 8 === 0 ? 'none' : '17(0)';
      assert.equal(outcome([0xdd, 0x05, ...at]), eight, 'fld m64');
      assert.equal(outcome([0xdd, 0x1d, ...at]), eight, 'fstp m64');
    }
  });

  it('take far pointers as offset and selector, and descriptor-table registers as limit and base', () => {
    for (const [bytes, aligned, misaligned] of [
      // les eax, m16:32; les ax, m16:16; sgdt
      [
        [0xc4, 0x05],
        [0, 4],
        [1, 2, 3],
      ],
      [
        [0x66, 0xc4, 0x05],
        [0, 2],
        [1, 3],
      ],
      [
        [0x0f, 0x01, 0x05],
        [2, 6],
        [0, 1, 3],
      ],
    ] as const) {
      for (const offset of aligned) assert.equal(outcome([...bytes, ...dword(DATA + offset)]), 'none');
      for (const offset of misaligned) assert.equal(outcome([...bytes, ...dword(DATA + offset)]), '17(0)');
    }
  });

  it('see the stack', () => {
    for (const bytes of [[0x50], [0x58], [0x60], [0x61], [0x9c], [0x68, ...dword(0)]]) {
      assert.equal(outcome(bytes, { registers: { [ESP]: DATA + 0x100 } }), 'none');
      assert.equal(outcome(bytes, { registers: { [ESP]: DATA + 0x102 } }), '17(0)');
    }
    assert.equal(outcome([0xc9], { registers: { [EBP]: DATA + 1 } }), '17(0)', 'leave');
    assert.equal(outcome([0x66, 0x50], { registers: { [ESP]: DATA + 0x102 } }), 'none', 'push ax');
  });

  it('are for level 3 with CR0.AM and EFLAGS.AC only', () => {
    assert.equal(outcome(loadAt(DATA + 1), { am: false }), 'none');
    assert.equal(outcome(loadAt(DATA + 1), { ac: false }), 'none');
    for (const cpl of [0, 1, 2]) assert.equal(outcome(loadAt(DATA + 1), { cpl }), 'none');
  });

  it('begin and end with POPF', () => {
    // push AC; popf; mov eax, [DATA + 1]
    const on = [0x68, ...dword(FLAG_AC), 0x9d, ...loadAt(DATA + 1)];
    assert.equal(outcome(on, { ac: false }), '17(0)');
    // push 0; popf; mov eax, [DATA + 1]
    assert.equal(outcome([0x6a, 0x00, 0x9d, ...loadAt(DATA + 1)]), 'none');
  });

  it('come after page faults, also those of the second page', () => {
    const absent = (bench: Bench): void => bench.setPage(0xa000, 6);
    assert.equal(outcome(loadAt(0xa001), { prepare: absent }), '14(4)');
    assert.equal(outcome(loadAt(0x9ffe), { prepare: absent }), '14(4)');
    assert.equal(outcome([0xa3, ...dword(0x9ffe)], { prepare: absent }), '14(6)');
    assert.equal(outcome(loadAt(0x9ffd)), '17(0)');
  });

  it('do not concern what the processor reads for itself', () => {
    // mov ds, ax through a descriptor table at an odd address
    const prepare = (bench: Bench): void => {
      for (let i = 0; i < 0x50; i += 4) bench.write32(0x9801 + i, bench.read32(0x1000 + i));
      bench.state.set(layout.GDTR_BASE, 0x9801);
      bench.cpu.mmu.flush();
    };
    assert.equal(outcome([0x8e, 0xd8], { prepare, registers: { [EAX]: data(3) } }), 'none');
  });

  it('know operands of 8 bytes where they are asked', () => {
    const bench = prepared({});
    assert.equal(
      bench.outcome(() => bench.cpu.mmu.probeWrite(DATA + 8, 8)),
      'ok',
    );
    assert.equal(
      bench.fault(() => bench.cpu.mmu.probeWrite(DATA + 4, 8)),
      '#AC(0x0)',
    );
    assert.equal(
      bench.fault(() => bench.cpu.mmu.checkAlignment(DATA + 4, 8)),
      '#AC(0x0)',
    );
  });

  it('cost nothing while they are off: the fast path is open', () => {
    assert.equal(prepared({ ac: false }).state.get(layout.TLB_READ_MASK), layout.TLB_USER_READ);
    assert.equal(prepared({}).state.get(layout.TLB_READ_MASK), 0);
  });
});
