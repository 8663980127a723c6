import assert from 'node:assert/strict';
import type { PortAccess } from '../../../src/machine/bus/port-access';
import type { Clock, Timer } from '../../../src/machine/clock';
import { Cpu } from '../../../src/machine/cpu/cpu';
import { Descriptor } from '../../../src/machine/cpu/descriptor';
import { Fault, vectorName } from '../../../src/machine/cpu/fault';
import type { CpuModelName } from '../../../src/machine/cpu/models';
import type { CpuState } from '../../../src/machine/cpu/state';
import * as layout from '../../../src/machine/layout';
import { SegmentIndex } from '../../../src/machine/layout';
import { PhysicalMemory } from '../../../src/machine/memory/physical';

/** Where the bench puts its tables and stacks (linear addresses; identity-mapped where paging is on). */
export const GDT = 0x1000;
const IDT = 0x2000;
export const LDT = 0x3000;
export const TSS = 0x4000;
export const TSS_NEW = 0x8000;
export const STACK = 0x20000;
export const INNER_STACK = 0x30000;

/** Where the present instruction is and where the next one would be. */
export const EIP_START = 0x100;
export const EIP_NEXT = 0x105;

/** Selectors of the bench's GDT: flat 32-bit code and data for each level, TSSs, LDT, and free entries for tests. */
export const code = (level: number): number => 0x08 + level * 0x10 + level;
export const data = (level: number): number => 0x10 + level * 0x10 + level;
export const TSS_SELECTOR = 0x48;
export const TSS_NEW_SELECTOR = 0x50;
export const LDT_SELECTOR = 0x58;
/** First of eight entries that a test may fill. */
export const FREE = 0x60;

export interface DescriptorFields {
  base?: number;
  /** Raw 20-bit limit. */
  limit?: number;
  /** Type and S, the low 5 bits of the access byte. */
  type: number;
  dpl?: number;
  present?: boolean;
  big?: boolean;
  granular?: boolean;
}

/** Types with the S bit. */
export const DATA_RO = 0x10;
export const DATA_RW = 0x12;
export const DATA_DOWN = 0x16;
export const CODE_X = 0x18;
export const CODE_RX = 0x1a;
export const CODE_CONFORMING = 0x1e;
export const CODE_CONFORMING_X = 0x1c;

export function descriptor(fields: DescriptorFields): [number, number] {
  const { base = 0, limit = 0xfffff, type, dpl = 0, present = true, big = true, granular = limit === 0xfffff } = fields;
  const access = type | (dpl << 5) | (present ? 0x80 : 0);
  const low = ((base << 16) | (limit & 0xffff)) >>> 0;
  const flags = (granular ? 0x800000 : 0) | (big ? 0x400000 : 0);
  return [low, ((base & 0xff000000) | flags | (limit & 0xf0000) | (access << 8) | ((base >>> 16) & 0xff)) >>> 0];
}

export function gate(
  type: number,
  selector: number,
  offset: number,
  dpl = 0,
  present = true,
  parameters = 0,
): [number, number] {
  const access = type | (dpl << 5) | (present ? 0x80 : 0);
  return [((selector << 16) | (offset & 0xffff)) >>> 0, ((offset & 0xffff0000) | (access << 8) | parameters) >>> 0];
}

class FakeClock implements Clock {
  readonly startTime = 0;
  readonly stolen = 0;
  /** The clock of a run loop that drives the CPU. */
  driver: Clock | undefined;
  private time = 0;
  private count = 1000;

  get now(): number {
    return this.driver?.now ?? this.time;
  }

  set now(cycles: number) {
    this.time = cycles;
  }

  get instructions(): number {
    return this.driver?.instructions ?? this.count;
  }

  set instructions(count: number) {
    this.count = count;
  }

  timer(): Timer {
    throw new Error('the CPU arms no timers');
  }
  charge(): void {
    throw new Error('the CPU charges nothing');
  }
  steal(): void {
    throw new Error('the CPU is not a hypervisor');
  }
}

/** `#GP(0x8)`, or `#UD` where no error code belongs to it. */
export function describeFault(fault: { vector: number; errorCode: number }): string {
  return fault.errorCode < 0
    ? vectorName(fault.vector)
    : `${vectorName(fault.vector)}(0x${fault.errorCode.toString(16)})`;
}

/** A CPU with memory, a fake clock and a fake bus, and no interpreter. */
export class Bench {
  readonly memory = new PhysicalMemory(8 << 20, 1 << 16);
  readonly clock = new FakeClock();
  readonly cpu: Cpu;
  readonly state: CpuState;
  /** All port accesses so far (copies). */
  readonly accesses: PortAccess[] = [];
  /** What the bus does with an access; sets `value` of an `in`. */
  onAccess: (access: PortAccess) => void = (access) => {
    if (access.direction === 'in') access.value = 0xa0 + this.accesses.length;
  };

  constructor(model: CpuModelName = 'pentium3') {
    const access = (request: PortAccess): void => {
      this.onAccess(request);
      this.accesses.push({ ...request });
    };
    this.cpu = new Cpu({ memory: this.memory, bus: { access }, clock: this.clock, model });
    this.state = this.cpu.state;
    this.state.set(layout.REMAINING, 1000);
  }

  get op(): Cpu['operations'] {
    return this.cpu.operations;
  }

  /** Real mode at 1000:0100 with a stack at 2000:1000. */
  static real(model?: CpuModelName): Bench {
    const bench = new Bench(model);
    bench.cpu.segmentation.setReal(SegmentIndex.CS, 0x1000);
    bench.cpu.segmentation.setReal(SegmentIndex.SS, 0x2000);
    bench.state.setReg(4, 0x1000);
    bench.state.set(layout.IDTR_LIMIT, 0x3ff);
    bench.at();
    return bench;
  }

  /** Protected mode at a level with flat segments, an IDT, an LDT and a 386 TSS whose inner stacks are at INNER_STACK. */
  static protected(level = 0, model?: CpuModelName): Bench {
    const bench = new Bench(model);
    const { state } = bench;
    for (let i = 0; i < 4; i++) {
      bench.put(GDT + (code(i) & ~7), descriptor({ type: CODE_RX, dpl: i }));
      bench.put(GDT + (data(i) & ~7), descriptor({ type: DATA_RW, dpl: i }));
    }
    bench.put(GDT + TSS_SELECTOR, descriptor({ base: TSS, limit: 0x2fff, type: 0xb, big: false }));
    bench.put(GDT + TSS_NEW_SELECTOR, descriptor({ base: TSS_NEW, limit: 0x67, type: 0x9, big: false }));
    bench.put(GDT + LDT_SELECTOR, descriptor({ base: LDT, limit: 0xff, type: 0x2, big: false }));
    for (let i = 0; i < 3; i++) {
      bench.write32(TSS + 4 + i * 8, INNER_STACK + i * 0x1000);
      bench.write32(TSS + 8 + i * 8, data(i));
    }
    state.set(layout.GDTR_BASE, GDT);
    state.set(layout.GDTR_LIMIT, 0x9f);
    state.set(layout.IDTR_BASE, IDT);
    state.set(layout.IDTR_LIMIT, 0x7ff);
    state.setCr(0, state.cr(0) | 1);
    const { segmentation } = bench.cpu;
    segmentation.setSystem(SegmentIndex.TR, TSS_SELECTOR, bench.descriptorAt(GDT + TSS_SELECTOR));
    segmentation.setSystem(SegmentIndex.LDTR, LDT_SELECTOR, bench.descriptorAt(GDT + LDT_SELECTOR));
    bench.setLevel(level);
    state.setReg(4, STACK);
    bench.at();
    return bench;
  }

  /** V86 mode at 1000:0100 with a stack at 2000:1000; tables as in protected mode. */
  static v86(iopl: number, model?: CpuModelName): Bench {
    const bench = Bench.protected(3, model);
    const { state, cpu } = bench;
    state.eflags = layout.FLAG_VM | (iopl << 12) | layout.FLAG_IF;
    for (let segment = 0; segment < 6; segment++) cpu.segmentation.setV86(segment, 0x1000);
    cpu.segmentation.setV86(SegmentIndex.SS, 0x2000);
    state.setReg(4, 0x1000);
    bench.at();
    return bench;
  }

  /** Flat CS and SS of a level, null data segments. */
  setLevel(level: number): void {
    const { segmentation } = this.cpu;
    for (const segment of [SegmentIndex.ES, SegmentIndex.DS, SegmentIndex.FS, SegmentIndex.GS]) {
      segmentation.setNull(segment, 0);
    }
    segmentation.set(SegmentIndex.CS, code(level), this.descriptorAt(GDT + (code(level) & ~7)));
    segmentation.set(SegmentIndex.SS, data(level), this.descriptorAt(GDT + (data(level) & ~7)));
    segmentation.setCpl(level);
  }

  /** Puts the CPU in the middle of an instruction. */
  at(start = EIP_START, next = EIP_NEXT): void {
    this.state.eip = start;
    this.state.set(layout.IP_START, start);
    this.state.eip = next;
  }

  descriptorAt(address: number): Descriptor {
    return new Descriptor(this.read32(address), this.read32(address + 4), address);
  }

  /** Stores a descriptor in the GDT at a selector's entry. */
  gdt(selector: number, entry: [number, number]): void {
    this.put(GDT + (selector & ~7), entry);
  }

  idt(vector: number, entry: [number, number]): void {
    this.put(IDT + vector * 8, entry);
  }

  put(address: number, [low, high]: [number, number]): void {
    this.write32(address, low);
    this.write32(address + 4, high);
  }

  read32(address: number): number {
    return this.memory.read(address, 4);
  }

  read16(address: number): number {
    return this.memory.read(address, 2);
  }

  write32(address: number, value: number): void {
    this.memory.write(address, 4, value);
  }

  write16(address: number, value: number): void {
    this.memory.write(address, 2, value);
  }

  /** Dwords on the stack from the top. */
  stack32(count: number): number[] {
    const top = this.state.segmentBase(SegmentIndex.SS) + this.state.reg(4);
    return Array.from({ length: count }, (_, i) => this.read32(top + i * 4));
  }

  stack16(count: number): number[] {
    const pointer = this.state.get(layout.STACK_32) ? this.state.reg(4) : this.state.reg16(4);
    const top = this.state.segmentBase(SegmentIndex.SS) + pointer;
    return Array.from({ length: count }, (_, i) => this.read16(top + i * 2));
  }

  /** Puts values on the stack, the last one deepest. */
  pushAll(values: number[], size: 2 | 4 = 4): void {
    for (const value of [...values].reverse()) this.cpu.segmentation.push(value, size);
  }

  /** What the guest can see of the registers. */
  visible(): Record<string, number | number[]> {
    const { state } = this;
    const words = (offset: number, count: number): number[] =>
      Array.from(state.u32.subarray(offset >>> 2, (offset >>> 2) + count));
    return {
      registers: words(layout.REGS, 8),
      selectors: words(layout.SEG_SELECTOR, 8),
      bases: words(layout.SEG_BASE, 8),
      limits: words(layout.SEG_LIMIT, 8),
      attributes: words(layout.SEG_ATTRIBUTES, 8),
      rights: words(layout.SEG_RIGHTS, 8),
      eip: state.eip,
      eipStart: state.eipStart,
      eflags: state.eflags,
      cpl: state.cpl,
      masks: words(layout.TLB_READ_MASK, 2),
      cr0: state.cr(0),
      cr3: state.cr(3),
      cr4: state.cr(4),
      tables: words(layout.GDTR_BASE, 4),
    };
  }

  /** Runs something that must fault and change nothing that the guest sees but CR2; gives the fault in words. */
  fault(action: () => void): string {
    const before = this.visible();
    const fault = this.faultInNewContext(action);
    assert.deepEqual(this.visible(), before, `${fault} changed the visible state`);
    return fault;
  }

  /** Runs something that must fault, after changes that stay (a task switch). */
  faultInNewContext(action: () => void): string {
    try {
      action();
    } catch (error) {
      if (error instanceof Fault) return describeFault(error);
      throw error;
    }
    assert.fail('no fault');
  }

  /** `ok` or the fault in words. */
  outcome(action: () => void): string {
    const before = this.visible();
    try {
      action();
      return 'ok';
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      assert.deepEqual(this.visible(), before, `${describeFault(error)} changed the visible state`);
      return describeFault(error);
    }
  }

  /** The exception that delivery left pending, or `none`. */
  pending(): string {
    const vector = this.state.get(layout.FAULT);
    if (vector === 0) return 'none';
    return describeFault({ vector: vector - 1, errorCode: this.state.get(layout.FAULT_ERROR) | 0 });
  }

  /** Turns paging on with the first 8 MiB mapped one to one, writable and for users; tables from 0x100000. */
  enablePaging(): void {
    for (let directory = 0; directory < 2; directory++) {
      const table = PAGE_TABLES + directory * 0x1000;
      this.write32(PAGE_DIRECTORY + directory * 4, table | 7);
      for (let i = 0; i < 1024; i++) this.write32(table + i * 4, ((directory << 22) | (i << 12) | 7) >>> 0);
    }
    this.state.setCr(3, PAGE_DIRECTORY);
    this.state.setCr(0, this.state.cr(0) | 0x80000000);
    this.cpu.mmu.flush();
  }

  /** Physical address of the table entry of a linear address below 8 MiB. */
  pte(linear: number): number {
    return PAGE_TABLES + (linear >>> 12) * 4;
  }

  /** Replaces the attribute bits of a page and drops the TLB. */
  setPage(linear: number, bits: number): void {
    this.write32(this.pte(linear), ((linear & 0xfffff000) | bits) >>> 0);
    this.cpu.mmu.flush();
  }
}

export const PAGE_DIRECTORY = 0x100000;
const PAGE_TABLES = 0x101000;
