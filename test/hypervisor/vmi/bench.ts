import assert from 'node:assert/strict';
import { VMI_ABI } from '../../../src/hypervisor/abi/vmi/abi';
import { stubOffset, VMI_INIT_OFFSET, VMI_ROM_ADDRESS } from '../../../src/hypervisor/abi/vmi/rom';
import { Hypervisor, type HypervisorOptions } from '../../../src/hypervisor/hypervisor';
import type { CpuState } from '../../../src/machine/cpu/state';
import type { CpuModel } from '../../../src/machine/isa/form';
import * as layout from '../../../src/machine/layout';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import { Machine } from '../../../src/machine/machine';

/** The kernel sees all of RAM from here on, as Linux does. */
export const PAGE_OFFSET = 0xc0000000;
/** Physical places. All pages from `FREE` on are the test's own. */
export const DIRECTORY = 0x100000;
/** Maps 4 MiB of RAM, with PAE 2, at 0 and at `PAGE_OFFSET`. */
export const TABLE = 0x101000;
const POINTERS = 0x102000;
const CODE = 0x103000;
const STACK = 0x105000;
const GDT = 0x106000;
export const FREE = 0x110000;
export const START_TIME = Date.UTC(2007, 7, 22);

/** What a call did to the guest. */
interface CallOutcome {
  readonly eax: number;
  readonly edx: number;
  /** Exception that it raised, instead of returning. */
  readonly fault: { readonly vector: number; readonly errorCode: number; readonly cr2: number } | undefined;
}

interface BenchOptions {
  readonly cpu?: CpuModel;
  readonly pae?: boolean;
  readonly vmi?: HypervisorOptions['vmi'];
  readonly init?: boolean;
}

/** A PC with a hypervisor. Building one takes long, so that they are used again. */
interface Place {
  readonly machine: Machine;
  readonly hypervisor: Hypervisor;
  reports: string[];
}

/** By processor and options. */
const idle = new Map<string, Place[]>();
let lent: [key: string, place: Place][] = [];

function borrow(cpu: CpuModel, vmi: HypervisorOptions['vmi']): Place {
  const key = JSON.stringify([cpu, vmi]);
  const place = idle.get(key)?.pop() ?? build(cpu, vmi);
  lent.push([key, place]);
  place.reports = [];
  place.machine.reset();
  place.hypervisor.reset();
  place.machine.hooks.exception = undefined;
  place.machine.hooks.interrupt = undefined;
  place.machine.bus.watch.fill(0);
  place.machine.bus.observer = undefined;
  return place;
}

function build(cpu: CpuModel, vmi: HypervisorOptions['vmi']): Place {
  const machine = new Machine({ cpu, memoryMB: 8, startTime: START_TIME, tier: 'off' });
  const onReport = (message: string): number => place.reports.push(message);
  const hypervisor = new Hypervisor(machine, { mode: 'vmi', vmi, onReport });
  const place: Place = { machine, hypervisor, reports: [] };
  machine.cpu.intercepts = hypervisor;
  return place;
}

afterEach(() => {
  for (const [key, place] of lent) idle.set(key, [...(idle.get(key) ?? []), place]);
  lent = [];
});

/** A kernel with paging on, in a whole PC, up to the end of the test. After VMI_Init it runs at level 1 unless told otherwise. */
export class VmiBench {
  readonly machine: Machine;
  readonly hypervisor: Hypervisor;
  readonly reports: string[];
  readonly pae: boolean;

  constructor({ cpu = 'pentium3', pae = false, vmi = {}, init = true }: BenchOptions = {}) {
    this.pae = pae;
    const place = borrow(cpu, vmi);
    this.machine = place.machine;
    this.hypervisor = place.hypervisor;
    this.reports = place.reports;
    this.enterKernel();
    if (init) assert.equal(this.callAt(VMI_INIT_OFFSET).eax, 0);
  }

  get state(): CpuState {
    return this.machine.cpu.state;
  }

  /** Bytes of a paging entry. */
  get entryBytes(): 4 | 8 {
    return this.pae ? 8 : 4;
  }

  /** Calls by name: EAX, EDX and ECX, then what is on the stack. */
  call(name: string, registers: readonly number[] = [], stack: readonly number[] = []): CallOutcome {
    const call = VMI_ABI.calls.find((candidate) => candidate.name === name);
    assert.ok(call, name);
    [Register.EAX, Register.EDX, Register.ECX].forEach((register, i) => {
      this.state.setReg(register, registers[i] ?? 0);
    });
    return this.callAt(stubOffset(call.number), stack);
  }

  /** Makes a near call into the ROM and runs until it returns or faults. */
  callAt(offset: number, stack: readonly number[] = []): CallOutcome {
    this.enterRom(offset, stack);
    return this.finish(4);
  }

  /** Makes a near call into the ROM; nothing is executed there yet. */
  enterRom(offset: number, stack: readonly number[] = []): void {
    const { state } = this;
    let esp = PAGE_OFFSET + STACK;
    for (const dword of [...stack].reverse()) this.write((esp -= 4) - PAGE_OFFSET, dword);
    this.write((esp -= 4) - PAGE_OFFSET, PAGE_OFFSET + CODE);
    state.setReg(Register.ESP, esp);
    this.jump(PAGE_OFFSET + VMI_ROM_ADDRESS + offset);
  }

  /**
   * Runs a call until it returns or faults.
   * @param limit instructions at most; an element of a string counts as one
   */
  finish(limit: number): CallOutcome {
    const { state, machine } = this;
    let fault: CallOutcome['fault'];
    machine.cpu.hooks.exception = (vector, errorCode) => {
      fault = { vector, errorCode, cr2: state.cr(2) };
      return true;
    };
    for (let i = 0; i < limit && !fault && state.eip !== PAGE_OFFSET + CODE; i++) machine.run(1);
    machine.cpu.hooks.exception = undefined;
    if (fault) machine.cancelFault();
    else assert.equal(state.eip, PAGE_OFFSET + CODE, 'the call returned');
    return { eax: state.reg(Register.EAX), edx: state.reg(Register.EDX), fault };
  }

  /** `jmp` to a call's stub, for code at `linear`. */
  jumpTo(name: string, linear: number): number[] {
    const call = VMI_ABI.calls.find((candidate) => candidate.name === name);
    assert.ok(call, name);
    const stub = PAGE_OFFSET + VMI_ROM_ADDRESS + stubOffset(call.number);
    return [0xe9, ...bytesOf((stub - (linear + 5)) >>> 0)];
  }

  jump(linear: number): void {
    this.state.eip = linear;
    this.state.set(layout.IP_START, linear);
  }

  /** Stores code at the kernel's place and goes there; EIP of it is given back. */
  load(bytes: readonly number[]): number {
    this.machine.memory.poke(CODE, Uint8Array.from(bytes));
    this.jump(PAGE_OFFSET + CODE);
    return PAGE_OFFSET + CODE;
  }

  /** Runs code of the guest up to the HLT at its end. */
  execute(bytes: readonly number[], instructions = 1000): void {
    const end = this.load([...bytes, 0xf4]) + bytes.length + 1;
    this.state.eflags &= ~0x200;
    this.machine.run(instructions);
    assert.equal(this.state.eip, end, 'the code ran to its end');
    this.state.set(layout.HALTED, 0);
  }

  /** `mov dword [linear], value`, executed by the guest. */
  store(linear: number, value: number): void {
    this.execute([0xc7, 0x05, ...bytesOf(linear), ...bytesOf(value)]);
  }

  /** `mov eax, [linear]`, executed by the guest, so that the translation is cached. */
  fetch(linear: number): number {
    this.execute([0xa1, ...bytesOf(linear)]);
    return this.state.reg(Register.EAX);
  }

  write(physical: number, value: number): void {
    this.machine.memory.write(physical, 4, value >>> 0);
  }

  read(physical: number): number {
    return this.machine.memory.read(physical, 4);
  }

  /** Maps a linear page below the kernel's own by a page table that is there, without telling anybody. */
  mapQuietly(table: number, linear: number, entry: number): number {
    const index = this.pae ? (linear >>> 12) & 0x1ff : (linear >>> 12) & 0x3ff;
    const at = table + index * this.entryBytes;
    this.write(at, entry);
    if (this.pae) this.write(at + 4, 0);
    return at;
  }

  private enterKernel(): void {
    const { machine, state, pae } = this;
    const { segmentation, mmu } = machine.cpu;
    if (pae) this.buildPae();
    else this.buildTwoLevels();
    for (const segment of [SegmentIndex.ES, SegmentIndex.SS, SegmentIndex.DS, SegmentIndex.FS, SegmentIndex.GS]) {
      segmentation.setHidden(segment, 0x68, 0, 0xffffffff, 0xc093);
    }
    segmentation.setHidden(SegmentIndex.CS, 0x60, 0, 0xffffffff, 0xc09b);
    // Linux's kernel code and data, flat.
    for (const [selector, type] of [
      [0x60, 0x9b],
      [0x68, 0x93],
    ]) {
      this.write(GDT + selector, 0x0000ffff);
      this.write(GDT + selector + 4, 0x00cf0000 | (type << 8));
    }
    state.set(layout.GDTR_BASE, PAGE_OFFSET + GDT);
    state.set(layout.GDTR_LIMIT, 0xff);
    state.eflags = 2;
    state.setCr(0, 0x80050033);
    state.setCr(4, pae ? 0x20 : 0);
    if (pae) {
      state.setCr(3, POINTERS);
      mmu.loadPointers();
    } else state.setCr(3, DIRECTORY);
    segmentation.setCpl(0);
    segmentation.updateAccessMasks();
    mmu.flush();
    this.write(CODE, 0xf4f4f4f4);
  }

  private buildTwoLevels(): void {
    for (let i = 0; i < 0x400; i++) this.write(TABLE + 4 * i, (i << 12) | 3);
    this.write(DIRECTORY, TABLE | 3);
    this.write(DIRECTORY + 4 * (PAGE_OFFSET >>> 22), TABLE | 3);
  }

  /** The directory of the lowest gigabyte serves the kernel's, too. */
  private buildPae(): void {
    for (let i = 0; i < 0x200; i++) this.write(TABLE + 8 * i, (i << 12) | 3);
    this.write(DIRECTORY, TABLE | 3);
    for (const gigabyte of [0, 3]) this.write(POINTERS + 8 * gigabyte, DIRECTORY | 1);
  }
}

export function bytesOf(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}
