import assert from 'node:assert/strict';
import { Register } from '../../src/machine/layout';
import { loadImage } from '../../src/machine/loaders/load-image';
import { Machine } from '../../src/machine/machine';
import { RunEnd } from '../../src/machine/run';

const dword = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
/** MOV EAX, [address] and MOV DWORD [address], value */
const load = (address: number): number[] => [0xa1, ...dword(address)];
const store = (address: number, value: number): number[] => [0xc7, 0x05, ...dword(address), ...dword(value)];
const WRMSR = [0x0f, 0x30];
const CPUID_1 = [0xb8, ...dword(1), 0x0f, 0xa2];
const END = [0xfa, 0xf4];
const APIC = 0xfee00000;

/** Runs flat 32-bit code at 1 MiB to its end. */
function run(...code: number[][]): Machine {
  const machine = new Machine({ cpu: 'pentium3', memoryMB: 4, startTime: 0 });
  const { memory, cpu } = machine;
  const target = { memory, state: cpu.state, segmentation: cpu.segmentation };
  loadImage(target, { name: 'code', bytes: Uint8Array.from(code.flat()) }, { format: 'flat' });
  let end = RunEnd.Budget;
  while (end === RunEnd.Budget) end = machine.run(10_000);
  assert.equal(end, RunEnd.Dead);
  return machine;
}

describe('the local APIC in the machine', () => {
  it('is announced by CPUID and answers in memory', () => {
    const machine = run(CPUID_1, load(APIC + 0x30), END);
    assert.ok(machine.cpu.state.reg(Register.EDX) & (1 << 9));
    assert.equal(machine.cpu.state.reg(Register.EAX), 0x00040011);
  });

  it('moves and vanishes by IA32_APIC_BASE', () => {
    const setBase = (low: number): number[] => [0xb9, ...dword(0x1b), 0xb8, ...dword(low), 0x31, 0xd2, ...WRMSR];
    const moved = run(setBase(0xfec20900), load(0xfec20030), END);
    assert.equal(moved.cpu.state.reg(Register.EAX), 0x00040011);
    const away = run(setBase(0xfee00100), CPUID_1, load(APIC + 0x30), END);
    assert.equal(away.cpu.state.reg(Register.EDX) & (1 << 9), 0);
    assert.equal(away.cpu.state.reg(Register.EAX), 0xffffffff);
  });

  it('interrupts HLT by its timer', () => {
    // A gate for vector 0x40 at 0x3000, whose handler at 0x2000 sets EBX and ends the interrupt.
    const handler = [0xbb, ...dword(0x600d), ...store(APIC + 0xb0, 0), 0xcf];
    const words = [...handler, 0x90, 0x90, 0x90].reduce<number[]>((result, _, i, bytes) => {
      if (i % 4 === 0) result.push(bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24));
      return result;
    }, []);
    const selector = 0x08;
    const machine = run(
      [0xbc, ...dword(0x80000)],
      ...words.map((word, i) => store(0x2000 + 4 * i, word)),
      store(0x3000 + 0x40 * 8, (selector << 16) | 0x2000),
      store(0x3000 + 0x40 * 8 + 4, 0x8e00),
      store(0x1000, 0x30000000 | 0x7ff),
      store(0x1004, 0),
      [0x0f, 0x01, 0x1d, ...dword(0x1000)],
      // The 8259s stay silent.
      [0xb0, 0xff, 0xe6, 0x21, 0xe6, 0xa1],
      store(APIC + 0xf0, 0x1ff),
      store(APIC + 0x3e0, 0xb),
      store(APIC + 0x320, 0x40),
      store(APIC + 0x380, 5000),
      [0xfb, 0xf4],
      END,
    );
    assert.equal(machine.cpu.state.reg(Register.EBX), 0x600d);
    assert.ok(machine.clock.now >= 50_000);
  });
});
