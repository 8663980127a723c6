import assert from 'node:assert/strict';
import * as layout from '../../../src/machine/layout';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import { RunEnd } from '../../../src/machine/run';
import { RunLoop } from '../../../src/machine/run-loop';
import { VirtualClock } from '../../../src/machine/virtual-clock';
import { Bench, code, data, gate, STACK } from './bench';

const INTERRUPT_32 = 14;
const USER_CODE = 0x6000;
const SYSTEM_CALL = 0x7000;
const DEBUG = 0x7300;
const PROTECTION_FAULT = 0x7200;
const POINTER = 0x8000;

/** Runs user code with TF set until it executes HLT; gives how often #DB was raised, from which EIPs. */
function stepsOf(...bytes: number[]): number[] {
  const bench = Bench.protected(0);
  bench.op.loadSegment(SegmentIndex.DS, data(0));
  bench.idt(1, gate(INTERRUPT_32, code(0), DEBUG));
  bench.idt(3, gate(INTERRUPT_32, code(0), SYSTEM_CALL, 3));
  bench.idt(0x80, gate(INTERRUPT_32, code(0), SYSTEM_CALL, 3));
  bench.idt(13, gate(INTERRUPT_32, code(0), PROTECTION_FAULT));
  // pop [edi]; push [edi]; add edi, 4; iret: a list of the EIPs that #DB would return to
  bench.memory.poke(DEBUG, Uint8Array.of(0x8f, 0x07, 0xff, 0x37, 0x83, 0xc7, 0x04, 0xcf));
  bench.memory.poke(SYSTEM_CALL, Uint8Array.of(0x90, 0xcf));
  bench.memory.poke(PROTECTION_FAULT, Uint8Array.of(0xf4));
  bench.memory.poke(USER_CODE, Uint8Array.of(...bytes, 0x90, 0xf4));
  bench.write32(POINTER, STACK);
  bench.write32(POINTER + 4, data(3));
  bench.pushAll([USER_CODE, code(3), layout.FLAG_TF, STACK, data(3)]);
  bench.op.interruptReturn(4);
  bench.op.loadSegment(SegmentIndex.DS, data(3));
  const list = 0x9000;
  bench.state.setReg(Register.EDI, list);
  bench.state.setReg(Register.EAX, data(3));
  const clock = new VirtualClock(bench.state, 0);
  bench.clock.driver = clock;
  const loop = new RunLoop(bench.cpu, clock, { pending: false, acknowledge: () => 0, lineOf: () => -1 });
  assert.equal(loop.run(1000), RunEnd.Dead);
  const count = (bench.state.reg(Register.EDI) - list) / 4;
  return Array.from({ length: count }, (_, i) => bench.read32(list + i * 4) - USER_CODE);
}

describe('single steps', () => {
  it('come after every instruction', () => {
    assert.deepEqual(stepsOf(0x90, 0x40, 0x90), [1, 2, 3, 4]);
  });

  it('do not come between INT and its handler, but after the instruction that follows it', () => {
    // int 0x80; nop
    assert.deepEqual(stepsOf(0xcd, 0x80), [3]);
    assert.deepEqual(stepsOf(0xcc), [2]);
  });

  it('wait one instruction after MOV SS and POP SS, not after LSS', () => {
    // mov ss, eax; nop
    assert.deepEqual(stepsOf(0x8e, 0xd0), [3]);
    // push eax; pop ss; nop
    assert.deepEqual(stepsOf(0x50, 0x17), [1, 3]);
    // lss esp, [POINTER]; nop
    assert.deepEqual(stepsOf(0x0f, 0xb2, 0x25, 0x00, 0x80, 0x00, 0x00), [7, 8]);
  });
});
