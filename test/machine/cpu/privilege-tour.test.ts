import assert from 'node:assert/strict';
import * as layout from '../../../src/machine/layout';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import { RunEnd } from '../../../src/machine/run';
import { RunLoop } from '../../../src/machine/run-loop';
import { VirtualClock } from '../../../src/machine/virtual-clock';
import { Bench, code, data, gate, STACK, TSS } from './bench';

const { EAX, EBX, ECX, EDX, ESP } = Register;
const INTERRUPT_32 = 14;
const USER_CODE = 0x6000;
const SYSTEM_CALL = 0x7000;
const PAGE_FAULT = 0x7100;
const PROTECTION_FAULT = 0x7200;
const DEBUG = 0x7300;
const ABSENT = 0x300000;

const dword = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);

function run(bench: Bench, instructions = 1000): { end: RunEnd; retired: number } {
  const clock = new VirtualClock(bench.state, 0);
  const loop = new RunLoop(bench.cpu, clock, { pending: false, acknowledge: () => 0, lineOf: () => -1 });
  return { end: loop.run(instructions), retired: clock.instructions };
}

describe('CPU and interpreter together', () => {
  it('run user code through a system call, a page that is mapped on demand and a protection fault', () => {
    const bench = Bench.protected(3);
    bench.op.loadSegment(SegmentIndex.DS, data(3));
    bench.enablePaging();
    bench.write32(ABSENT, 0x600df00d);
    bench.setPage(ABSENT, 0);
    bench.idt(0x80, gate(INTERRUPT_32, code(0), SYSTEM_CALL, 3));
    bench.idt(14, gate(INTERRUPT_32, code(0), PAGE_FAULT));
    bench.idt(13, gate(INTERRUPT_32, code(0), PROTECTION_FAULT));
    const put = (address: number, ...bytes: number[]): void => void bench.memory.poke(address, Uint8Array.from(bytes));
    // mov eax, 1; int 0x80; mov ebx, [ABSENT]; hlt
    put(USER_CODE, 0xb8, ...dword(1), 0xcd, 0x80, 0x8b, 0x1d, ...dword(ABSENT), 0xf4);
    // add eax, 0x41; iret
    put(SYSTEM_CALL, 0x83, 0xc0, 0x41, 0xcf);
    // mov ecx, cr2; mov dword [PTE], ABSENT | 7; invlpg [ecx]; add esp, 4; iret
    const map = [0xc7, 0x05, ...dword(bench.pte(ABSENT)), ...dword(ABSENT | 7)];
    put(PAGE_FAULT, 0x0f, 0x20, 0xd1, ...map, 0x0f, 0x01, 0x39, 0x83, 0xc4, 0x04, 0xcf);
    // mov edx, [esp + 4]; hlt
    put(PROTECTION_FAULT, 0x8b, 0x54, 0x24, 0x04, 0xf4);
    bench.state.eip = USER_CODE;
    const { end, retired } = run(bench);
    assert.equal(end, RunEnd.Dead);
    const { state } = bench;
    assert.deepEqual(
      [EAX, EBX, ECX, EDX].map((register) => state.reg(register)),
      [0x42, 0x600df00d, ABSENT, USER_CODE + 13],
    );
    assert.equal(state.cpl, 0);
    assert.equal(retired, 12, 'the two faulting instructions did not retire');
  });

  it('single-step user code with TF', () => {
    const bench = Bench.protected(0);
    bench.op.loadSegment(SegmentIndex.DS, data(0));
    bench.idt(1, gate(INTERRUPT_32, code(0), DEBUG));
    // inc ecx; iret
    bench.memory.poke(DEBUG, Uint8Array.of(0x41, 0xcf));
    // four nops; hlt
    bench.memory.poke(USER_CODE, Uint8Array.of(0x90, 0x90, 0x90, 0x90, 0xf4));
    bench.pushAll([USER_CODE, code(3), layout.FLAG_TF, STACK, data(3)]);
    bench.op.interruptReturn(4);
    bench.idt(13, gate(INTERRUPT_32, code(0), PROTECTION_FAULT));
    bench.memory.poke(PROTECTION_FAULT, Uint8Array.of(0xf4));
    assert.equal(run(bench).end, RunEnd.Dead);
    assert.equal(bench.state.reg(ECX), 4);
    assert.equal(bench.state.dr(6) & 0x4000, 0x4000);
  });

  it('run V86 code whose INT is reflected by a #GP monitor', () => {
    const bench = Bench.v86(0);
    bench.idt(13, gate(INTERRUPT_32, code(0), PROTECTION_FAULT));
    // mov eax, 0x1234 (16-bit); int 0x21; inc ax; int 0x22
    bench.memory.poke(0x10200, Uint8Array.of(0xb8, 0x34, 0x12, 0xcd, 0x21, 0x40, 0xcd, 0x22));
    // add dword ss:[esp + 4], 2 (skip the INT); inc ebx; cmp ebx, 2; je +4; add esp, 4; iret; hlt
    const monitor = [
      0x36, 0x83, 0x44, 0x24, 0x04, 0x02, 0x43, 0x83, 0xfb, 0x02, 0x74, 0x04, 0x83, 0xc4, 0x04, 0xcf, 0xf4,
    ];
    bench.memory.poke(PROTECTION_FAULT, Uint8Array.from(monitor));
    bench.state.eip = 0x200;
    assert.equal(run(bench).end, RunEnd.Dead);
    assert.equal(bench.state.reg(EAX), 0x1235);
    assert.equal(bench.state.reg(EBX), 2);
    assert.equal(bench.read32(bench.state.reg(ESP) + 4), 0x208);
  });

  it('end in a triple fault where nobody handles anything', () => {
    const bench = Bench.protected(3);
    bench.memory.poke(USER_CODE, Uint8Array.of(0x0f, 0x0b));
    bench.state.set(layout.IDTR_LIMIT, 0);
    bench.write32(TSS + 8, 0);
    bench.state.eip = USER_CODE;
    assert.equal(run(bench).end, RunEnd.TripleFault);
  });
});
