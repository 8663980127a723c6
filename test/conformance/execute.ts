import type { Cpu } from '../../src/machine/cpu/cpu';
import * as layout from '../../src/machine/layout';
import { Register, SegmentIndex } from '../../src/machine/layout';
import { RunEnd } from '../../src/machine/run';
import type { RunLoop } from '../../src/machine/run-loop';
import type { PhysicalMemory } from '../../src/machine/memory/physical';
import type { MooFile, MooTest, RegisterName } from './moo';

/** What the tests run on: a CPU alone, all memory RAM, ports that read ones. */
export interface BareMachine {
  readonly cpu: Cpu;
  readonly memory: PhysicalMemory;
  readonly loop: RunLoop;
}

const GENERAL: Partial<Record<RegisterName, Register>> = {
  ax: Register.EAX,
  bx: Register.EBX,
  cx: Register.ECX,
  dx: Register.EDX,
  sp: Register.ESP,
  bp: Register.EBP,
  si: Register.ESI,
  di: Register.EDI,
  eax: Register.EAX,
  ebx: Register.EBX,
  ecx: Register.ECX,
  edx: Register.EDX,
  esp: Register.ESP,
  ebp: Register.EBP,
  esi: Register.ESI,
  edi: Register.EDI,
};

const SEGMENTS: Partial<Record<RegisterName, SegmentIndex>> = {
  cs: SegmentIndex.CS,
  ss: SegmentIndex.SS,
  ds: SegmentIndex.DS,
  es: SegmentIndex.ES,
  fs: SegmentIndex.FS,
  gs: SegmentIndex.GS,
};

/** FLAGS bits that a 286 in real mode lacks: IOPL and NT stay zero there, and bits above do not exist. */
const FLAGS_16 = 0x0fd5;

function writeRegister(cpu: Cpu, name: RegisterName, value: number): void {
  const { state } = cpu;
  const general = GENERAL[name];
  if (general !== undefined) state.setReg(general, value);
  const segment = SEGMENTS[name];
  if (segment !== undefined) cpu.segmentation.setReal(segment, value);
  if (name === 'ip' || name === 'eip') state.eip = value;
  if (name === 'flags') state.eflags = value & FLAGS_16;
  if (name === 'eflags') state.eflags = value & 0x7fd5;
}

function readRegister(cpu: Cpu, name: RegisterName): number | undefined {
  const { state } = cpu;
  const general = GENERAL[name];
  if (general !== undefined) return name.length === 2 ? state.reg16(general) : state.reg(general);
  const segment = SEGMENTS[name];
  if (segment !== undefined) return state.selector(segment);
  // IP has 16 bits on the 286; on the 386 an instruction that ends at FFFF leaves 10000 in EIP.
  if (name === 'ip') return state.eip & 0xffff;
  if (name === 'eip') return state.eip;
  if (name === 'flags' || name === 'eflags') return state.eflags;
  return undefined;
}

/** A repeated string instruction on 64 KiB, and the HLT behind it. */
const MAX_INSTRUCTIONS = 0x10010;

/** Bits that are compared of FLAGS pushed or left by an instruction. */
export interface Comparison {
  /** EFLAGS bits that the instruction leaves undefined. */
  readonly undefinedFlags: number;
}

/** Where real mode has pushed FLAGS. The file's address is that of the bus, which is even. */
function pushedFlags(test: MooTest): number {
  const { ss, sp } = { ...test.initial.registers, ...test.final.registers };
  if (ss === undefined || sp === undefined) return (test.exception?.flagsAddress as number) >>> 0;
  return (ss << 4) + ((sp + 4) & 0xffff);
}

/** Runs one test; gives the differences in words, none if it passed. */
export function executeTest(machine: BareMachine, file: MooFile, test: MooTest, comparison: Comparison): string[] {
  const { cpu, memory, loop } = machine;
  const wide = file.cpu.startsWith('386');
  cpu.reset();
  cpu.mmu.flush();
  const registers = Object.entries(test.initial.registers) as [RegisterName, number][];
  for (const [name, value] of registers) writeRegister(cpu, name, value);
  for (const [address, value] of test.initial.memory) memory.poke(address, Uint8Array.of(value));
  cpu.state.set(layout.HALTED, 0);
  const end = loop.run(MAX_INSTRUCTIONS);
  const differences: string[] = [];
  if (end !== RunEnd.Dead && end !== RunEnd.Idle) differences.push(`did not reach HLT: ${end}`);
  const compare = (what: string, expected: number, actual: number, mask: number) => {
    if (((expected ^ actual) & mask) === 0) return;
    differences.push(`${what}: expected ${expected.toString(16)}, got ${actual.toString(16)}`);
  };
  const flagMask = (wide ? 0x7fd5 : FLAGS_16) & ~comparison.undefinedFlags;
  for (const [name, before] of registers) {
    const actual = readRegister(cpu, name);
    if (actual === undefined) continue;
    const expected = test.final.registers[name] ?? before;
    const isFlags = name === 'flags' || name === 'eflags';
    compare(name, expected, actual, isFlags ? flagMask : (file.mask[name] ?? 0xffffffff));
  }
  const flagsAt = test.exception && pushedFlags(test);
  const final = new Map(test.initial.memory.map(([address, value]) => [address, value]));
  for (const [address, value] of test.final.memory) final.set(address, value);
  for (const [address, value] of final) {
    const offset = flagsAt === undefined ? -1 : address - flagsAt;
    const mask = offset === 0 || offset === 1 ? (flagMask >>> (offset * 8)) & 0xff : 0xff;
    compare(`[${address.toString(16)}]`, value, memory.peek(address, 1)[0], mask);
  }
  if (differences.length > 0) memory.u8.fill(0, layout.RAM_BASE);
  else for (const [address] of final) memory.poke(address, Uint8Array.of(0));
  return differences;
}
