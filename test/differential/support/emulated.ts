import type { PortAccess } from '../../../src/machine/bus/port-access';
import { Cpu } from '../../../src/machine/cpu/cpu';
import { CpuState } from '../../../src/machine/cpu/state';
import * as layout from '../../../src/machine/layout';
import { SegmentIndex } from '../../../src/machine/layout';
import { PhysicalMemory } from '../../../src/machine/memory/physical';
import { RunEnd } from '../../../src/machine/run';
import { RunLoop } from '../../../src/machine/run-loop';
import { VirtualClock } from '../../../src/machine/virtual-clock';
import { type Outcome, type TestCase, TIMED_OUT } from './case';
import { MODEL } from './generator';
import { baseline, descriptorOf, type Segment, type Window, WINDOWS } from './layout';

/** The kernel's part of the address space: one linear page after the other, for the supervisor only. */
const SYSTEM = 0xe1230000;
const SYSTEM_BYTES = 0x6000;
const GDT = SYSTEM;
const LDT = SYSTEM + 0x800;
const IDT = SYSTEM + 0x1000;
const TSS = SYSTEM + 0x2000;
const KERNEL_STACK_TOP = SYSTEM + 0x5000;
/** One HLT per vector: where the CPU sleeps tells which exception it took. */
const HANDLERS = SYSTEM + 0x5000;
const HLT = 0xf4;

/** Physical places: page directory, page tables, then the frames of all linear pages that exist. */
const PAGE_DIRECTORY = 0x10000;
const PAGE_TABLES = 0x11000;
const FRAMES = 0x40000;
const RAM = 1 << 20;

const PRESENT = 1;
const WRITABLE = 2;
const USER = 4;

const KERNEL_CODE = 0x08;
const KERNEL_DATA = 0x18;
const TSS_SELECTOR = 0x40;
const LDT_SELECTOR = 0x50;

/** Linux's GDT as far as user code can tell (arch/x86/kernel/cpu/common.c, gdt_page); 64-bit segments are left out. */
const GDT_ENTRIES: readonly (readonly [selector: number, low: number, high: number])[] = [
  [KERNEL_CODE, 0x0000ffff, 0x00cf9b00],
  [KERNEL_DATA, 0x0000ffff, 0x00cf9300],
  [0x20, 0x0000ffff, 0x00cffb00],
  [0x28, 0x0000ffff, 0x00cff300],
];
const GDT_LIMIT = 0x7f;

/** User mode may use exactly these vectors by INT. */
const USER_VECTORS = new Set([3, 4]);
const VECTORS = 32;
/** Vectors that push an error code (Intel SDM vol. 3A, table 6-1). */
const WITH_ERROR_CODE = new Set([8, 10, 11, 12, 13, 14, 17]);

const MAX_INSTRUCTIONS = 20000;

export interface EmulatedOutcome extends Outcome {
  /** Instructions executed, elements of strings among them. */
  readonly retired: number;
}

/** The interpreter, with a stand-in for the kernel around user code: page tables, descriptor tables, exception handlers. */
export class EmulatedProcessor {
  private readonly memory = new PhysicalMemory(RAM);
  private readonly cpu: Cpu;
  private readonly loop: RunLoop;
  private readonly clock: VirtualClock;
  private readonly frames = new Map<number, number>();
  private nextFrame = FRAMES;
  private nextTable = PAGE_TABLES;
  private readonly windows: readonly { window: Window; frame: number; baseline: Uint8Array }[];
  private readonly host: Buffer;

  /** @param windows those that the native side has too */
  constructor(windows: ReadonlySet<Window>, segments: ReadonlySet<Segment>) {
    this.host = Buffer.from(this.memory.memory.buffer);
    this.clock = new VirtualClock(new CpuState(this.memory.memory), 0);
    const { clock } = this;
    const bus = { access: (access: PortAccess) => void (access.value = 0) };
    this.cpu = new Cpu({ memory: this.memory, bus, clock, model: MODEL });
    this.loop = new RunLoop(this.cpu, clock, { pending: false, acknowledge: () => 0, lineOf: () => -1 });
    for (let page = 0; page < SYSTEM_BYTES; page += 0x1000) this.map(SYSTEM + page, PRESENT | WRITABLE);
    this.windows = WINDOWS.filter((window) => windows.has(window)).map((window) => {
      const frame = this.nextFrame;
      for (let page = 0; page < window.bytes; page += 0x1000) {
        this.map(window.address + page, PRESENT | USER | (window.writable ? WRITABLE : 0));
      }
      const content = baseline(window);
      this.memory.poke(frame, content);
      return { window, frame, baseline: content };
    });
    this.buildTables(segments);
    this.enterSystem();
  }

  /** Runs a case until it traps. */
  run(test: TestCase): EmulatedOutcome {
    const { cpu, clock } = this;
    this.prepare(test);
    const before = clock.instructions;
    const end = this.loop.run(MAX_INSTRUCTIONS);
    if (end !== RunEnd.Dead) return { ...this.registers(), trap: TIMED_OUT, error: 0, cr2: 0, retired: 0 };
    const trap = cpu.state.eip - 1 - HANDLERS;
    let frame = cpu.state.reg(layout.Register.ESP);
    const pop = () => {
      const value = this.memory.read(this.physical(frame), 4);
      frame += 4;
      return value >>> 0;
    };
    const error = WITH_ERROR_CODE.has(trap) ? pop() : 0;
    const [eip, cs, eflags, esp, ss] = [pop(), pop(), pop(), pop(), pop()];
    const left = this.registers();
    left.registers[layout.Register.ESP] = esp;
    left.selectors[SegmentIndex.CS] = cs & 0xffff;
    left.selectors[SegmentIndex.SS] = ss & 0xffff;
    return { ...left, trap, error, cr2: cpu.state.cr(2), eip, eflags, retired: clock.instructions - before };
  }

  /** True if the address belongs to this side's kernel stand-in. */
  static ownsAddress(linear: number): boolean {
    return linear >= SYSTEM && linear < SYSTEM + SYSTEM_BYTES;
  }

  private registers() {
    const { state } = this.cpu;
    return {
      registers: Array.from({ length: 8 }, (_, i) => state.reg(i)),
      selectors: Array.from({ length: 6 }, (_, i) => state.selector(i)),
      eflags: state.eflags,
      eip: state.eip,
      changes: this.changes(),
    };
  }

  private changes(): Map<number, number> {
    const changes = new Map<number, number>();
    for (const { window, frame, baseline: before } of this.windows) {
      if (!window.writable) continue;
      const start = layout.RAM_BASE + frame;
      if (this.host.compare(before, 0, window.bytes, start, start + window.bytes) === 0) continue;
      const now = new Uint32Array(this.host.buffer, start, window.bytes / 4);
      const then = new Uint32Array(before.buffer);
      for (let i = 0; i < now.length; i++) if (now[i] !== then[i]) changes.set(window.address + i * 4, now[i]);
    }
    return changes;
  }

  private prepare(test: TestCase): void {
    const { cpu } = this;
    const { state, segmentation } = cpu;
    for (const { window, frame, baseline: content } of this.windows) {
      if (window.writable) this.memory.u8.set(content, layout.RAM_BASE + frame);
    }
    for (const { address, bytes } of test.patches) {
      for (const [i, byte] of bytes.entries()) this.memory.u8[layout.RAM_BASE + this.physical(address + i)] = byte;
    }
    state.set(layout.HALTED, 0);
    segmentation.setCpl(3);
    for (const [segment, selector] of test.selectors.entries()) {
      if ((selector & 0xfffc) === 0) {
        segmentation.setNull(segment, selector);
        continue;
      }
      const descriptor = segmentation.readDescriptor(selector);
      segmentation.set(segment, selector, descriptor);
    }
    for (const [i, value] of test.registers.entries()) state.setReg(i, value);
    state.eflags = test.eflags;
    state.eip = test.eip;
  }

  private map(linear: number, flags: number): void {
    const directoryEntry = PAGE_DIRECTORY + (linear >>> 22) * 4;
    if (this.memory.read(directoryEntry, 4) === 0) {
      this.memory.write(directoryEntry, 4, this.nextTable | PRESENT | WRITABLE | USER);
      this.nextTable += 0x1000;
    }
    const table = this.memory.read(directoryEntry, 4) & ~0xfff;
    this.memory.write(table + ((linear >>> 12) & 0x3ff) * 4, 4, this.nextFrame | flags);
    this.frames.set(linear >>> 12, this.nextFrame);
    this.nextFrame += 0x1000;
  }

  private physical(linear: number): number {
    const frame = this.frames.get(linear >>> 12);
    if (frame === undefined) throw new Error(`no page at ${linear.toString(16)}`);
    return frame + (linear & 0xfff);
  }

  private writeDescriptor(address: number, low: number, high: number): void {
    this.memory.write(this.physical(address), 4, low);
    this.memory.write(this.physical(address + 4), 4, high);
  }

  private buildTables(segments: ReadonlySet<Segment>): void {
    for (const [selector, low, high] of GDT_ENTRIES) this.writeDescriptor(GDT + selector, low, high);
    for (const segment of segments) this.writeDescriptor(LDT + segment.entry * 8, ...descriptorOf(segment));
    const system = (base: number, limit: number, access: number): [number, number] => [
      (limit | (base << 16)) >>> 0,
      (((base >>> 16) & 0xff) | (access << 8) | (base & 0xff000000)) >>> 0,
    ];
    this.writeDescriptor(GDT + TSS_SELECTOR, ...system(TSS, 0x67, 0x8b));
    this.writeDescriptor(GDT + LDT_SELECTOR, ...system(LDT, 0xff, 0x82));
    for (let vector = 0; vector < VECTORS; vector++) {
      const handler = HANDLERS + vector;
      const access = USER_VECTORS.has(vector) ? 0xee00 : 0x8e00;
      const low = ((KERNEL_CODE << 16) | (handler & 0xffff)) >>> 0;
      this.writeDescriptor(IDT + vector * 8, low, ((handler & 0xffff0000) | access) >>> 0);
      this.memory.poke(this.physical(handler), Uint8Array.of(HLT));
    }
    const tss = this.physical(TSS);
    this.memory.write(tss + 4, 4, KERNEL_STACK_TOP);
    this.memory.write(tss + 8, 4, KERNEL_DATA);
    // The I/O bitmap begins beyond the limit: no port is allowed.
    this.memory.write(tss + 0x66, 2, 0xffff);
  }

  private enterSystem(): void {
    const { state, segmentation } = this.cpu;
    state.setCr(3, PAGE_DIRECTORY);
    // PG, WP, MP, ET, PE
    state.setCr(0, 0x80010013);
    this.cpu.mmu.flush();
    state.set(layout.GDTR_BASE, GDT);
    state.set(layout.GDTR_LIMIT, GDT_LIMIT);
    state.set(layout.IDTR_BASE, IDT);
    state.set(layout.IDTR_LIMIT, VECTORS * 8 - 1);
    segmentation.setSystem(SegmentIndex.TR, TSS_SELECTOR, segmentation.readDescriptor(TSS_SELECTOR));
    segmentation.setSystem(SegmentIndex.LDTR, LDT_SELECTOR, segmentation.readDescriptor(LDT_SELECTOR));
  }
}
