import assert from 'node:assert/strict';
import * as layout from '../../../src/machine/layout';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import { RunEnd } from '../../../src/machine/run';
import { Bench, code, data, gate } from './bench';
import { Runner } from './runner';

const CODE = 0x6000;
const NMI = 0x7000;
const IRQ = 0x7100;
const HLT = 0xf4;
const NOP = 0x90;
const IRET = 0xcf;

function prepared(...bytes: number[]): Runner {
  const bench = Bench.protected(0);
  bench.op.loadSegment(SegmentIndex.DS, data(0));
  bench.idt(2, gate(14, code(0), NMI));
  bench.idt(0x40, gate(14, code(0), IRQ));
  return new Runner(bench)
    .at(CODE, ...bytes)
    .put(NMI, NOP, IRET)
    .put(IRQ, NOP, IRET);
}

describe('non-maskable interrupts', () => {
  it('are taken at the next instruction boundary whatever IF is, before external interrupts', () => {
    const runner = prepared(NOP, NOP);
    runner.bench.state.eflags = layout.FLAG_IF;
    runner.requests.push(0x40);
    runner.bench.cpu.requestNmi();
    // The handler's NOP; its IRET, after which the external interrupt comes at once; that one's NOP and IRET.
    assert.deepEqual(runner.trace(4), [NMI + 1, IRQ, IRQ + 1, CODE]);
    assert.equal(runner.bench.state.systemFlag(layout.FLAG_IF), true);
  });

  it('wait for IRET while one is handled, and only one waits', () => {
    const runner = prepared(NOP, NOP);
    runner.bench.cpu.requestNmi();
    assert.deepEqual(runner.trace(1), [NMI + 1]);
    runner.bench.cpu.requestNmi();
    runner.bench.cpu.requestNmi();
    assert.deepEqual(runner.trace(4), [NMI, NMI + 1, CODE, CODE + 1]);
  });

  it('are let in by an IRET that faults, too', () => {
    const runner = prepared(NOP);
    runner.bench.idt(13, gate(14, code(0), IRQ));
    runner.bench.cpu.requestNmi();
    runner.trace(1);
    runner.bench.write32(runner.bench.state.reg(Register.ESP) + 4, 0);
    runner.run(1);
    assert.equal(runner.bench.state.get(layout.NMI_BLOCKED), 0);
  });

  it('end HLT with interrupts off', () => {
    const runner = prepared(HLT, NOP, HLT);
    assert.equal(runner.run(), RunEnd.Dead);
    runner.bench.cpu.requestNmi();
    assert.deepEqual(runner.trace(3), [NMI + 1, CODE + 1, CODE + 2]);
  });

  it('wait for the instruction after MOV SS', () => {
    const runner = prepared(0x8e, 0xd0, NOP, NOP);
    runner.bench.state.setReg(Register.EAX, data(0));
    runner.trace(1);
    runner.bench.cpu.requestNmi();
    assert.deepEqual(runner.trace(1), [NMI]);
    assert.equal(runner.bench.stack32(1)[0], CODE + 3);
  });
});

describe('the shadow of STI and MOV SS', () => {
  function taken(...bytes: number[]): number {
    const runner = prepared(...bytes, NOP, NOP, NOP);
    runner.bench.state.setReg(Register.EAX, data(0));
    runner.put(IRQ, HLT);
    runner.requests.push(0x40);
    assert.equal(runner.run(), RunEnd.Dead);
    return runner.bench.stack32(1)[0] - CODE;
  }
  const STI = 0xfb;
  const MOV_SS = [0x8e, 0xd0];

  it('is one instruction long', () => {
    assert.equal(taken(STI), 2);
    assert.equal(taken(STI, NOP, NOP), 2);
    assert.equal(taken(STI, ...MOV_SS), 3, 'only the first of several counts');
    assert.equal(taken(NOP, STI), 3);
  });

  it('ends with an exception', () => {
    const runner = prepared(STI, 0x0f, 0xff);
    runner.bench.idt(6, gate(15, code(0), NMI));
    runner.put(IRQ, HLT);
    runner.requests.push(0x40);
    assert.equal(runner.run(), RunEnd.Dead);
    assert.equal(runner.bench.stack32(1)[0], NMI, 'the interrupt came before the handler of #UD began');
  });

  it('does not come from STI if IF is set already', () => {
    const runner = prepared(STI, STI, NOP, NOP);
    runner.put(IRQ, HLT);
    runner.trace(2);
    runner.requests.push(0x40);
    assert.equal(runner.run(), RunEnd.Dead);
    assert.equal(runner.bench.stack32(1)[0] - CODE, 2);
  });

  it('lets interrupts between the elements of a string, with RF in the image', () => {
    const runner = prepared(0xf3, 0xac, NOP, NOP);
    const { state } = runner.bench;
    state.setReg(Register.ECX, 3);
    state.setReg(Register.ESI, 0x9000);
    state.eflags = layout.FLAG_IF;
    runner.put(IRQ, HLT);
    runner.run(1);
    runner.requests.push(0x40);
    assert.equal(runner.run(), RunEnd.Dead);
    assert.deepEqual(runner.bench.stack32(3), [CODE, code(0), layout.FLAG_IF | layout.FLAG_RF | 2]);
    assert.equal(state.reg(Register.ECX), 2);
  });
});
