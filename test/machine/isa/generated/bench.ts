import { CR0_PG, CR0_WP } from '../../../../src/machine/cpu/control-bits';
import * as layout from '../../../../src/machine/layout';
import { Register, SegmentIndex } from '../../../../src/machine/layout';
import type { CpuModel } from '../../../../src/machine/isa/form';
import { type BareMachine, createBareMachine } from '../../../conformance/bare-machine';

/** Where things are; all below 64 KiB, so that 16-bit addresses and branches reach them. */
export const GDT = 0x1000;
export const IDT = 0x1800;
export const TSS = 0x2000;
export const PAGE_DIRECTORY = 0x3000;
export const PAGE_TABLE = 0x4000;
export const CODE = 0x6000;
export const DATA = 0x8000;
/** The page behind DATA, which is absent where a test wants page faults. */
export const HOLE = 0x9000;
/** Bytes before and behind it are the stack's, and so is the next page. */
export const STACK = 0xb800;
export const HANDLERS = 0xd000;

export const CODE_0 = 0x08;
export const DATA_0 = 0x10;
export const CODE_3 = 0x1b;
export const DATA_3 = 0x23;
export const TASK = 0x28;
export const LOCAL_TABLE = 0x30;

const RAM = 1 << 20;
const CR4_SSE = 0x600;

/** State that only some instructions change, as ranges of the layout: control registers, x87 and MMX, SSE. */
const OTHERS = [
  [layout.CR, layout.CR + 8],
  [layout.CR + 12, layout.CR + 20],
  [layout.FPU_REGS, layout.FPU_SCRATCH],
  [layout.XMM_REGS, layout.XMM_REGS + 8 * layout.VECTOR_STRIDE],
] as const;

const DESCRIPTORS: Readonly<Record<number, readonly [number, number]>> = {
  [CODE_0]: [0x0000ffff, 0x00cf9b00],
  [DATA_0]: [0x0000ffff, 0x00cf9300],
  [CODE_3 & ~3]: [0x0000ffff, 0x00cffb00],
  [DATA_3 & ~3]: [0x0000ffff, 0x00cff300],
  [TASK]: [(TSS << 16) | 0x67, 0x00008900],
  [LOCAL_TABLE]: [(GDT << 16) | 0xff, 0x00008200],
};

/** Everything that an instruction may change, but memory. */
export interface Snapshot {
  /** In encoding order. */
  readonly registers: readonly number[];
  readonly eip: number;
  readonly eflags: number;
  readonly selectors: readonly number[];
  /** Control registers but CR2, and the x87, MMX and SSE state. */
  readonly others: Buffer;
}

const sameNumbers = (a: readonly number[], b: readonly number[]) => a.every((value, i) => value === b[i]);

/** True if two snapshots are alike. */
export function isSame(a: Snapshot, b: Snapshot): boolean {
  return (
    a.eip === b.eip &&
    a.eflags === b.eflags &&
    sameNumbers(a.registers, b.registers) &&
    sameNumbers(a.selectors, b.selectors) &&
    a.others.equals(b.others)
  );
}

/** A CPU in flat protected mode that executes one instruction at a time and keeps its exceptions pending. */
export class Bench {
  readonly machine: BareMachine;
  /** The lowest 64 KiB as a test finds them: tables, and zeros. */
  private readonly image: Uint8Array;

  constructor(readonly model: CpuModel) {
    this.machine = createBareMachine(model, RAM);
    this.machine.cpu.hooks.exception = () => true;
    this.writeTables();
    this.image = this.machine.ram.slice(0, 0x10000);
  }

  get state(): BareMachine['cpu']['state'] {
    return this.machine.cpu.state;
  }

  /** Starts afresh: tables in memory, flat segments, privilege level 0 or 3, paging with or without the hole. */
  reset({ cpl = 0, hole = false }: { cpl?: 0 | 3; hole?: boolean } = {}): void {
    const { cpu, loop, ram } = this.machine;
    ram.set(this.image);
    cpu.reset();
    loop.reset();
    const { state, segmentation } = cpu;
    state.set(layout.GDTR_BASE, GDT);
    state.set(layout.GDTR_LIMIT, 0xff);
    state.set(layout.IDTR_BASE, IDT);
    state.set(layout.IDTR_LIMIT, 0x7ff);
    state.setCr(0, state.cr(0) | 1);
    this.mapPages(hole);
    const [code, data] = cpl === 0 ? [CODE_0, DATA_0] : [CODE_3, DATA_3];
    const rights = cpl === 0 ? 0 : 0x60;
    for (let segment = SegmentIndex.ES; segment <= SegmentIndex.GS; segment++) {
      segmentation.setHidden(segment, data, 0, 0xffffffff, 0xc093 | rights);
    }
    segmentation.setHidden(SegmentIndex.CS, code, 0, 0xffffffff, 0xc09b | rights);
    segmentation.setHidden(SegmentIndex.TR, TASK, TSS, 0x67, 0x8b);
    segmentation.setCpl(cpl);
    // The operating system saves SSE registers and takes their exceptions.
    state.setCr(4, CR4_SSE & cpu.model.cr4);
    state.setReg(Register.ESP, STACK);
    cpu.state.eip = CODE;
  }

  /** Executes one instruction (one element of a repeated one) of the bytes at CODE. */
  step(bytes: readonly number[]): void {
    const { memory, loop, cpu } = this.machine;
    memory.poke(CODE, Uint8Array.from(bytes));
    loop.cancelFault();
    cpu.state.eip = CODE;
    this.again();
  }

  /** Goes on where it is for one instruction. */
  again(): void {
    this.machine.loop.passHere();
    this.machine.loop.run(1);
  }

  /** Vector of the pending exception, or -1. */
  get fault(): number {
    return this.state.get(layout.FAULT) - 1;
  }

  get errorCode(): number {
    return this.state.get(layout.FAULT_ERROR) | 0;
  }

  snapshot(): Snapshot {
    const { state } = this;
    return {
      registers: Array.from({ length: 8 }, (_, i) => state.reg(i)),
      eip: state.eip,
      eflags: state.eflags,
      selectors: Array.from({ length: 6 }, (_, i) => state.selector(i)),
      others: Buffer.concat(OTHERS.map(([from, to]) => state.u8.subarray(from, to))),
    };
  }

  /** A copy of the pages that instructions of the tests write to, DATA first. */
  memory(): Buffer {
    return Buffer.from(this.machine.ram.subarray(DATA, HANDLERS));
  }

  /** True if those pages are as given. */
  hasMemory(expected: Buffer): boolean {
    return expected.equals(this.machine.ram.subarray(DATA, HANDLERS));
  }

  read(address: number, width: 1 | 2 | 4): number {
    return this.machine.memory.read(address, width);
  }

  write(address: number, width: 1 | 2 | 4, value: number): void {
    this.machine.memory.write(address, width, value >>> 0);
  }

  private writeTables(): void {
    for (const [selector, [low, high]] of Object.entries(DESCRIPTORS)) {
      this.write(GDT + Number(selector), 4, low);
      this.write(GDT + Number(selector) + 4, 4, high);
    }
    for (let vector = 0; vector < 256; vector++) {
      this.write(IDT + vector * 8, 4, (CODE_0 << 16) | HANDLERS);
      this.write(IDT + vector * 8 + 4, 4, 0x0000ee00);
    }
    this.write(TSS + 4, 4, STACK + 0x400);
    this.write(TSS + 8, 4, DATA_0);
    this.write(TSS + 0x66, 2, 0x68);
    // Everything is accessed and dirty, so that page tables stay as they are.
    this.write(PAGE_DIRECTORY, 4, PAGE_TABLE | 0x27);
    for (let page = 0; page < 0x100; page++) this.write(PAGE_TABLE + page * 4, 4, (page << 12) | 0x67);
  }

  private mapPages(hole: boolean): void {
    const { cpu } = this.machine;
    if (!hole) return;
    this.write(PAGE_TABLE + (HOLE >>> 12) * 4, 4, 0);
    cpu.state.setCr(3, PAGE_DIRECTORY);
    cpu.state.setCr(0, cpu.state.cr(0) | CR0_PG | (cpu.model.family > 3 ? CR0_WP : 0));
    cpu.mmu.flush();
  }
}
