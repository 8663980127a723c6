import assert from 'node:assert/strict';
import * as layout from '../../../src/machine/layout';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import { Bench, data, DATA_RW, descriptor, FREE, STACK } from './bench';
import { Runner } from './runner';

const CODE = 0x6000;
const { EAX, ESP, EBP, ESI, EDI } = Register;

/** Level 0 with flat DS; `stack16` makes SS a 16-bit segment of base 0. */
function prepared(bytes: readonly number[], registers: Partial<Record<Register, number>>, stack16 = false): Runner {
  const bench = Bench.protected(0);
  bench.enablePaging();
  bench.op.loadSegment(SegmentIndex.DS, data(0));
  if (stack16) {
    bench.gdt(FREE, descriptor({ type: DATA_RW, big: false }));
    bench.op.loadFarSegment(SegmentIndex.SS, FREE);
  }
  bench.clock.instructions = 2000;
  for (const [register, value] of Object.entries(registers)) bench.state.setReg(Number(register), value);
  bench.cpu.hooks.exception = () => true;
  return new Runner(bench).at(CODE, ...bytes);
}

/** Vector and error code of the exception that one instruction raises, with CR2; it must leave the registers alone. */
function faultOf(runner: Runner): [vector: number, errorCode: number, cr2: number] {
  const { bench } = runner;
  const before = Array.from({ length: 8 }, (_, i) => bench.state.reg(i));
  runner.run(1);
  assert.deepEqual(
    Array.from({ length: 8 }, (_, i) => bench.state.reg(i)),
    before,
  );
  assert.equal(bench.state.eip, CODE);
  return [bench.state.get(layout.FAULT) - 1, bench.state.get(layout.FAULT_ERROR), bench.state.cr(2)];
}

describe('stack instructions', () => {
  it('POP SS moves the stack pointer as the old stack was', () => {
    const runner = prepared([0x17], { [ESP]: 0x1fffe });
    runner.bench.write32(0x1fffe, FREE);
    runner.bench.gdt(FREE, descriptor({ type: DATA_RW, big: false }));
    runner.run(1);
    assert.equal(runner.bench.state.reg(ESP), 0x20002);
    assert.equal(runner.bench.state.get(layout.STACK_32), 0);
    const back = prepared([0x17], { [ESP]: 0x1fffe }, true);
    back.bench.write32(0xfffe, data(0));
    back.run(1);
    assert.equal(back.bench.state.reg(ESP), 0x10002, 'SP wraps, though the new stack is a big one');
    assert.equal(back.bench.state.get(layout.STACK_32), 1);
  });

  it('POP of a segment register reads its whole operand', () => {
    const runner = prepared([0x1f], { [ESP]: 0x20ffe });
    runner.bench.setPage(0x21000, 0);
    assert.deepEqual(faultOf(runner), [14, 0, 0x21000]);
    const word = prepared([0x66, 0x1f], { [ESP]: 0x20ffe });
    word.bench.setPage(0x21000, 0);
    word.bench.write16(0x20ffe, data(0));
    word.run(1);
    assert.equal(word.bench.state.reg(ESP), 0x21000);
  });

  it('PUSHA and POPA fault at either end of their frame, with nothing done', () => {
    for (const [bytes, esp, absent, expected] of [
      [[0x60], 0x2100c, 0x20000, [14, 2, 0x20ffc]],
      [[0x60], 0x2100c, 0x21000, [14, 2, 0x21008]],
      [[0x61], 0x20ff0, 0x20000, [14, 0, 0x20ff0]],
      [[0x61], 0x20ff0, 0x21000, [14, 0, 0x21000]],
      [[0x66, 0x60], 0x21004, 0x21000, [14, 2, 0x21002]],
    ] as const) {
      const runner = prepared(bytes, { [ESP]: esp, [EAX]: 1, [EDI]: 2 });
      runner.bench.setPage(absent, 0);
      assert.deepEqual(faultOf(runner), expected);
    }
  });

  it('PUSHA and POPA wrap at 64 KiB on a 16-bit stack', () => {
    const registers = { [EAX]: 0x11111111, [ESP]: 0x50008, [EBP]: 0x55555555, [ESI]: 0x66666666, [EDI]: 0x77777777 };
    const runner = prepared([0x60, 0x61], registers, true);
    runner.run(1);
    const { bench } = runner;
    assert.equal(bench.state.reg(ESP), 0x5ffe8);
    assert.deepEqual([bench.read32(4), bench.read32(0xfff4), bench.read32(0xffe8)], [0x11111111, 0x50008, 0x77777777]);
    bench.state.setReg(EAX, 0);
    runner.run(1);
    assert.deepEqual([bench.state.reg(EAX), bench.state.reg(ESP)], [0x11111111, 0x50008]);
  });

  it('ENTER keeps the upper half of ESP on a 16-bit stack, in EBP, too', () => {
    const runner = prepared([0xc8, 0x10, 0x00, 0x00], { [ESP]: 0x30002, [EBP]: 0x12345678 }, true);
    runner.run(1);
    const { bench } = runner;
    assert.deepEqual([bench.state.reg(EBP), bench.state.reg(ESP)], [0x3fffe, 0x3ffee]);
    assert.equal(bench.read32(0xfffe), 0x12345678);
  });

  it('ENTER with nesting copies the display and pushes the new frame pointer', () => {
    const runner = prepared([0xc8, 0x08, 0x00, 0x03], { [ESP]: STACK, [EBP]: STACK + 0x100 });
    const { bench } = runner;
    bench.write32(STACK + 0xfc, 0xaaaa);
    bench.write32(STACK + 0xf8, 0xbbbb);
    runner.run(1);
    assert.deepEqual([bench.state.reg(EBP), bench.state.reg(ESP)], [STACK - 4, STACK - 24]);
    assert.deepEqual(
      [4, 8, 12, 16].map((below) => bench.read32(STACK - below)),
      [STACK + 0x100, 0xaaaa, 0xbbbb, STACK - 4],
    );
  });

  it('ENTER faults in the middle of its copy and at the final stack pointer, with nothing done', () => {
    const copy = prepared([0xc8, 0x00, 0x00, 0x02], { [ESP]: STACK, [EBP]: 0x31000 });
    copy.bench.setPage(0x30000, 0);
    assert.deepEqual(faultOf(copy), [14, 0, 0x30ffc]);
    const final = prepared([0xc8, 0x00, 0x20, 0x00], { [ESP]: 0x24800, [EBP]: 1 });
    final.bench.setPage(0x22000, 0);
    assert.deepEqual(faultOf(final), [14, 2, 0x227fc]);
  });

  it('LEAVE takes BP or EBP as the stack is', () => {
    const wide = prepared([0xc9], { [ESP]: 0, [EBP]: STACK });
    wide.bench.write32(STACK, 0xcafe);
    wide.run(1);
    assert.deepEqual([wide.bench.state.reg(ESP), wide.bench.state.reg(EBP)], [STACK + 4, 0xcafe]);
    const narrow = prepared([0xc9], { [ESP]: 0x70000, [EBP]: 0x58000 }, true);
    narrow.bench.write32(0x8000, 0xcafe);
    narrow.run(1);
    assert.deepEqual([narrow.bench.state.reg(ESP), narrow.bench.state.reg(EBP)], [0x78004, 0xcafe]);
  });
});
