import type { Cpu } from '../../src/machine/cpu/cpu';
import { vectorName } from '../../src/machine/cpu/fault';
import type { Register, SegmentIndex } from '../../src/machine/layout';
import { RunEnd } from '../../src/machine/run';
import type { BareMachine } from './bare-machine';
import { type MooFile, type MooTest, REGS_16, REGS_32, type RegisterSet } from './moo';

/** EFLAGS bits that exist in real mode: IOPL and NT stay zero on a 286, and bits above do not exist there. */
const FLAGS_286 = 0x0fd5;
const FLAGS_386 = 0x37fd5;
/** PG, TS, EM, MP and PE; a 386EX shows the other bits as constants. */
const CR0_386 = 0x8000000f;
/** The low 12 bits of CR3 are reserved on a 386. */
const CR3_386 = 0xfffff000;

/** How one register of a recording is set, read, and compared. */
interface RegisterPort {
  readonly name: string;
  /** Bits that mean something. */
  readonly bits: number;
  readonly isFlags: boolean;
  readonly set: (cpu: Cpu, value: number) => void;
  readonly get: (cpu: Cpu) => number;
}

const GENERAL = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'];
const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];

function portOf(name: string, wide: boolean): RegisterPort {
  const plain = { name, bits: 0xffffffff, isFlags: false };
  const number = GENERAL.indexOf(wide ? name.slice(1) : name);
  if (number >= 0) {
    const general: Register = number;
    return {
      ...plain,
      set: (cpu, value) => cpu.state.setReg(general, value),
      get: (cpu) => (wide ? cpu.state.reg(general) : cpu.state.reg16(general)),
    };
  }
  const order = SEGMENTS.indexOf(name);
  if (order >= 0) {
    const segment: SegmentIndex = order;
    return {
      ...plain,
      set: (cpu, value) => cpu.segmentation.setReal(segment, value),
      get: (cpu) => cpu.state.selector(segment),
    };
  }
  switch (name) {
    case 'ip':
    case 'eip':
      // IP has 16 bits on the 286; on the 386 an instruction that ends at FFFF leaves 10000 in EIP.
      return {
        ...plain,
        bits: wide ? 0xffffffff : 0xffff,
        set: (cpu, value) => (cpu.state.eip = value),
        get: (cpu) => cpu.state.eip,
      };
    case 'flags':
    case 'eflags': {
      const bits = wide ? FLAGS_386 : FLAGS_286;
      return {
        ...plain,
        bits,
        isFlags: true,
        set: (cpu, value) => (cpu.state.eflags = value & bits),
        get: (cpu) => cpu.state.eflags,
      };
    }
    case 'cr0':
      return {
        ...plain,
        bits: CR0_386,
        set: (cpu, value) => cpu.state.setCr(0, value & cpu.model.cr0),
        get: (cpu) => cpu.state.cr(0),
      };
    case 'cr3':
      return {
        ...plain,
        bits: CR3_386,
        set: (cpu, value) => cpu.state.setCr(3, value & CR3_386),
        get: (cpu) => cpu.state.cr(3),
      };
    default: {
      const index = Number(name.slice(2));
      return { ...plain, set: (cpu, value) => cpu.state.setDr(index, value), get: (cpu) => cpu.state.dr(index) };
    }
  }
}

const PORTS_16 = REGS_16.map((name) => portOf(name, false));
const PORTS_32 = REGS_32.map((name) => portOf(name, true));
const FLAGS_INDEX_16 = REGS_16.indexOf('flags');
const FLAGS_INDEX_32 = REGS_32.indexOf('eflags');

/** The instruction, perhaps one that comes from where an exception leads, and HLT; a repeated one on up to 64 KiB. */
const MAX_INSTRUCTIONS = 16;
const MAX_ELEMENTS = 0x10010;
const REPEATS = [0xf2, 0xf3];

/** One test carried out. */
export interface Outcome {
  /** What is not as recorded, in words; empty if the test has passed. */
  readonly differences: readonly string[];
  /** Exceptions that our processor raised, in order; software interrupts are none. */
  readonly raised: readonly number[];
  /** The only differences are in FLAGS or in their image on the stack. */
  readonly flagsOnly: boolean;
}

/** Bits of a register that recordings declare worth comparing; all where they say nothing. */
function declaredMask(sets: readonly RegisterSet[], index: number): number {
  let mask = 0xffffffff;
  for (const { present, values } of sets) if ((present >>> index) & 1) mask &= values[index];
  return mask >>> 0;
}

/** True if the file or the test itself says which flags are worth comparing. */
export function masksFlags(file: MooFile, test: MooTest): boolean {
  const index = file.wide ? FLAGS_INDEX_32 : FLAGS_INDEX_16;
  return [...file.masks, ...test.masks].some(({ present }) => (present >>> index) & 1);
}

/** Runs recorded tests on one machine, which stays clean in between. */
export class TestRunner {
  /** What memory should hold after the test; zero between tests, as RAM is. */
  private readonly expected: Uint8Array;
  private readonly addressMask: number;
  private raised: number[] = [];

  constructor(private readonly machine: BareMachine) {
    this.expected = new Uint8Array(machine.ram.length);
    this.addressMask = machine.ram.length - 1;
    machine.cpu.hooks.exception = (vector) => {
      this.raised.push(vector);
      return false;
    };
  }

  /** @param undefinedFlags EFLAGS bits that the instruction leaves undefined, where the recording has no mask of its own */
  run(file: MooFile, test: MooTest, undefinedFlags: number): Outcome {
    const { machine, expected, addressMask } = this;
    const { ram } = machine;
    this.prepare(file, test);
    const { addresses, values } = test.initial.memory;
    for (let i = 0; i < addresses.length; i++) {
      const at = addresses[i] & addressMask;
      ram[at] = values[i];
      expected[at] = values[i];
    }
    for (let i = 0; i < test.final.memory.addresses.length; i++) {
      expected[test.final.memory.addresses[i] & addressMask] = test.final.memory.values[i];
    }
    const repeats = REPEATS.some((prefix) => test.bytes.includes(prefix));
    const end = machine.loop.run(repeats ? MAX_ELEMENTS : MAX_INSTRUCTIONS);
    const differences: string[] = [];
    if (end !== RunEnd.Dead && end !== RunEnd.Idle) differences.push(`did not reach HLT: ${end}`);
    const flagMask = this.flagMask(file, test, undefinedFlags);
    const inFlags = this.compareRegisters(file, test, flagMask, differences);
    this.compareException(test, differences);
    const inFrame = this.compareMemory(file, test, flagMask, differences);
    this.clean(test);
    return { differences, raised: this.raised, flagsOnly: differences.length === inFlags + inFrame };
  }

  /** Guest-physical addresses that hold something although no recording has named them: stray writes. */
  findStrayBytes(): number[] {
    const { ram } = this.machine;
    if (Buffer.compare(ram, this.expected) === 0) return [];
    const found: number[] = [];
    for (let at = ram.findIndex((byte) => byte !== 0); at < ram.length; at++) if (ram[at] !== 0) found.push(at);
    return found;
  }

  /** Makes RAM zero, whoever has written to it. */
  wipe(): void {
    this.machine.ram.fill(0);
  }

  /** Makes the memory that real mode reaches zero, after a test that may have written anywhere in it. */
  wipeRealMode(): void {
    this.machine.ram.fill(0, 0, 0x110000);
  }

  private prepare(file: MooFile, test: MooTest): void {
    const { cpu, loop } = this.machine;
    cpu.reset();
    loop.reset();
    this.raised = [];
    const ports = file.wide ? PORTS_32 : PORTS_16;
    const { present, values } = test.initial.registers;
    for (let i = 0; i < ports.length; i++) if ((present >>> i) & 1) ports[i].set(cpu, values[i]);
  }

  private flagMask(file: MooFile, test: MooTest, undefinedFlags: number): number {
    const index = file.wide ? FLAGS_INDEX_32 : FLAGS_INDEX_16;
    const bits = file.wide ? FLAGS_386 : FLAGS_286;
    if (!masksFlags(file, test)) return bits & ~undefinedFlags;
    return bits & declaredMask(file.masks, index) & declaredMask(test.masks, index);
  }

  /** @returns how many of the differences are in FLAGS */
  private compareRegisters(file: MooFile, test: MooTest, flagMask: number, differences: string[]): number {
    const ports = file.wide ? PORTS_32 : PORTS_16;
    const { cpu } = this.machine;
    const { initial, final } = test;
    let inFlags = 0;
    for (let i = 0; i < ports.length; i++) {
      const changed = (final.registers.present >>> i) & 1;
      if (!changed && !((initial.registers.present >>> i) & 1)) continue;
      const port = ports[i];
      const expected = changed ? final.registers.values[i] : initial.registers.values[i];
      const actual = port.get(cpu);
      if (actual === expected) continue;
      const declared = declaredMask(file.masks, i) & declaredMask(test.masks, i);
      const mask = port.isFlags ? flagMask : port.bits & declared;
      if (((actual ^ expected) & mask) === 0) continue;
      if (port.isFlags) inFlags++;
      differences.push(difference(port.name, expected, actual, mask));
    }
    return inFlags;
  }

  /** The recording names exceptions and software interrupts alike; ours are compared where we raised any. */
  private compareException(test: MooTest, differences: string[]): void {
    const { raised } = this;
    const last = raised.at(-1);
    if (last === undefined || last === test.exception?.vector) return;
    const recorded = test.exception ? vectorName(test.exception.vector) : 'nothing';
    differences.push(`raised ${raised.map(vectorName).join(' ')}, recorded was ${recorded}`);
  }

  /** @returns how many of the differences are in an image of FLAGS on the stack */
  private compareMemory(file: MooFile, test: MooTest, flagMask: number, differences: string[]): number {
    const { machine, expected, addressMask } = this;
    const flagsAt = test.exception ? pushedFlags(file, test) & addressMask : -2;
    let inFrame = 0;
    for (const { memory } of [test.initial, test.final]) {
      for (const address of memory.addresses) {
        const at = address & addressMask;
        const actual = machine.ram[at];
        if (actual === expected[at]) continue;
        const high = at === flagsAt + 1;
        const mask = at === flagsAt || high ? (flagMask >>> (high ? 8 : 0)) & 0xff : 0xff;
        if (((actual ^ expected[at]) & mask) === 0) continue;
        if (mask !== 0xff || at === flagsAt || high) inFrame++;
        differences.push(difference(`[${at.toString(16)}]`, expected[at], actual, mask));
        // An address that stands in both lists is reported once.
        expected[at] = actual;
      }
    }
    return inFrame;
  }

  private clean(test: MooTest): void {
    for (const { memory } of [test.initial, test.final]) {
      for (const address of memory.addresses) {
        const at = address & this.addressMask;
        this.machine.ram[at] = 0;
        this.expected[at] = 0;
      }
    }
  }
}

function difference(what: string, expected: number, actual: number, mask: number): string {
  const bits = mask >>> 0 === 0xffffffff || mask === 0xff ? '' : ` under ${(mask >>> 0).toString(16)}`;
  return `${what}: recorded ${expected.toString(16)}, got ${(actual >>> 0).toString(16)}${bits}`;
}

/**
 * Where real mode has pushed FLAGS. The file has the address as it was on the bus, which is even; the frame itself
 * may begin at an odd one.
 */
function pushedFlags(file: MooFile, test: MooTest): number {
  const names: readonly string[] = file.wide ? REGS_32 : REGS_16;
  const value = (name: string) => {
    const index = names.indexOf(name);
    const { present, values } = test.final.registers;
    return (present >>> index) & 1 ? values[index] : test.initial.registers.values[index];
  };
  const frame = (value('ss') << 4) + ((value(file.wide ? 'esp' : 'sp') + 4) & 0xffff);
  const onBus = test.exception?.flagsAddress ?? frame;
  return (frame & ~1) === (onBus & ~1) ? frame : onBus;
}
