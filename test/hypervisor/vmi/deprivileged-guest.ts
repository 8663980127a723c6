import assert from 'node:assert/strict';
import { VMI_ABI } from '../../../src/hypervisor/abi/vmi/abi';
import {
  stubOffset,
  VMI_GET_RELOC_OFFSET,
  VMI_INIT_OFFSET,
  VMI_ROM_ADDRESS,
} from '../../../src/hypervisor/abi/vmi/rom';
import type { ExitRecord } from '../../../src/hypervisor/exits/exit-record';
import { Hypervisor, type HypervisorOptions } from '../../../src/hypervisor/hypervisor';
import type { CpuState } from '../../../src/machine/cpu/state';
import type { CpuModel } from '../../../src/machine/isa/form';
import * as layout from '../../../src/machine/layout';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import { Machine, type MachineOptions } from '../../../src/machine/machine';
import type { RunEnd } from '../../../src/machine/run';

/** Selectors as Linux has them. */
export const KERNEL_CODE = 0x60;
export const KERNEL_DATA = 0x68;
export const USER_CODE = 0x73;
export const USER_DATA = 0x7b;
export const TLS = 0x33;
export const TSS = 0x80;
export const LDT = 0x88;
export const FAULT_TSS = 0xf8;

/** Places in memory, which is not paged: physical is linear. */
export const GDT_BASE = 0x10000;
export const IDT_BASE = 0x11000;
export const TSS_BASE = 0x12000;
export const LDT_BASE = 0x13000;
export const FAULT_TSS_BASE = 0x14000;
/** Handler of vector n, 16 bytes each: HLT. */
export const HANDLERS = 0x20000;
export const CODE = 0x30000;
export const USER = 0x38000;
export const STACK = 0x50000;
/** Stack of the kernel for entries from user mode. */
export const KERNEL_STACK = 0x58000;
export const DATA = 0x60000;
const RETURN_TO = 0x3f000;
const HLT = 0xf4;

const FLAT_CODE = 0x00cf9b00;
const FLAT_DATA = 0x00cf9300;
const DPL3 = 0x6000;

export type Entry = readonly [low: number, high: number];

/** An exception that the guest, or a debugger, has seen. */
export interface SeenFault {
  readonly vector: number;
  readonly errorCode: number;
  readonly eip: number;
}

export interface GuestOptions {
  readonly vmi?: HypervisorOptions['vmi'];
  readonly tier?: MachineOptions['tier'];
  readonly cpu?: CpuModel;
  /** Makes VMI_Init; true if left out. */
  readonly init?: boolean;
}

/** A kernel with the tables of Linux, deprivileged by VMI_Init; without paging, which has its own tests. */
export class DeprivilegedGuest {
  readonly machine: Machine;
  readonly hypervisor: Hypervisor;
  readonly reports: string[] = [];
  readonly faults: SeenFault[] = [];
  /** Stops before an exception is delivered, as a debugger may. */
  stopAtFaults = false;

  constructor({ vmi = {}, tier = 'off', cpu = 'pentium3', init = true }: GuestOptions = {}) {
    this.machine = new Machine({ cpu, memoryMB: 2, startTime: 0, tier });
    this.hypervisor = new Hypervisor(this.machine, {
      mode: 'vmi',
      vmi: { checkPages: 'off', ...vmi },
      onReport: (message) => this.reports.push(message),
    });
    this.machine.cpu.intercepts = this.hypervisor;
    this.machine.cpu.hooks.exception = (vector, errorCode) => {
      this.faults.push({ vector, errorCode, eip: this.state.eip });
      return this.stopAtFaults;
    };
    this.buildTables();
    this.enterKernel();
    if (init) assert.equal(this.init(), 0);
  }

  get state(): CpuState {
    return this.machine.cpu.state;
  }

  /** Exits since the last `forget`. */
  get exits(): ExitRecord[] {
    return this.hypervisor.log.records(this.from, 1000);
  }
  private from = 0;

  forget(): void {
    this.from = this.hypervisor.log.nextSequence;
    this.faults.length = 0;
  }

  /** Makes VMI_Init; its result. */
  init(): number {
    this.callAt(VMI_INIT_OFFSET);
    return this.reg('EAX');
  }

  reg(name: keyof typeof Register): number {
    return this.state.reg(Register[name]);
  }

  setRegisters(values: Partial<Record<keyof typeof Register, number>>): void {
    for (const [name, value] of Object.entries(values)) {
      this.state.setReg(Register[name as keyof typeof Register], value >>> 0);
    }
  }

  selector(name: keyof typeof SegmentIndex): number {
    return this.state.selector(SegmentIndex[name]);
  }

  /** Calls a function of the ROM by name; `stack` holds what follows the return address. */
  call(
    name: string,
    registers: Partial<Record<keyof typeof Register, number>> = {},
    stack: readonly number[] = [],
    instructions = 4,
  ): RunEnd {
    const call = VMI_ABI.calls.find((candidate) => candidate.name === name);
    assert.ok(call, name);
    this.setRegisters(registers);
    return this.callAt(stubOffset(call.number), stack, instructions);
  }

  /** What GetRelocationInfo answers for a call. */
  relocation(name: string): { eip: number; type: number } {
    const call = VMI_ABI.calls.find((candidate) => candidate.name === name);
    assert.ok(call, name);
    this.setRegisters({ EAX: call.number });
    this.callAt(VMI_GET_RELOC_OFFSET);
    return { eip: this.reg('EAX'), type: this.reg('EDX') };
  }

  /** Near call of a place in the ROM, up to the return to a HLT that is not executed. */
  callAt(offset: number, stack: readonly number[] = [], instructions = 4): RunEnd {
    let esp = this.reg('ESP');
    for (const dword of [...stack].reverse()) this.write((esp -= 4), dword);
    this.write((esp -= 4), RETURN_TO);
    this.setRegisters({ ESP: esp });
    this.jump(VMI_ROM_ADDRESS + offset);
    let end: RunEnd;
    let left = instructions;
    do end = this.machine.run(1);
    while (--left > 0 && this.state.eip !== RETURN_TO && this.state.get(layout.FAULT) === 0 && !this.halted);
    if (this.state.eip === RETURN_TO) this.setRegisters({ ESP: this.reg('ESP') + 4 * stack.length });
    return end;
  }

  get returned(): boolean {
    return this.state.eip === RETURN_TO;
  }

  get halted(): boolean {
    return this.state.get(layout.HALTED) !== 0;
  }

  /** Jumps to a function of the ROM, with a frame on top of the stack. */
  jumpTo(name: string, frame: readonly number[]): void {
    const call = VMI_ABI.calls.find((candidate) => candidate.name === name);
    assert.ok(call, name);
    let esp = this.reg('ESP');
    for (const dword of [...frame].reverse()) this.write((esp -= 4), dword);
    this.setRegisters({ ESP: esp });
    this.jump(VMI_ROM_ADDRESS + stubOffset(call.number));
    this.machine.run(1);
  }

  /** Executes code of the kernel; ends at a HLT, where the code has one with IF clear, or after so many instructions. */
  run(code: readonly number[], instructions = 1000, at = CODE): RunEnd {
    this.machine.memory.poke(at, Uint8Array.from(code));
    this.jump(at);
    return this.machine.run(instructions);
  }

  jump(eip: number): void {
    this.state.set(layout.HALTED, 0);
    this.state.eip = eip;
    this.state.set(layout.IP_START, eip);
  }

  /** Goes on in user mode, by way of IRET. */
  enterUser(eip = USER, esp = 0x48000, eflags = 0x202): void {
    this.jumpTo('IRET', [eip, USER_CODE, eflags, esp, USER_DATA]);
  }

  write(address: number, value: number): void {
    this.machine.memory.write(address, 4, value >>> 0);
  }

  read(address: number): number {
    return this.machine.memory.read(address, 4);
  }

  /** Dwords of the present stack, from its top. */
  stack(count: number): number[] {
    const top = this.state.segmentBase(SegmentIndex.SS) + this.reg('ESP');
    return Array.from({ length: count }, (_, i) => this.read(top + 4 * i));
  }

  setEntry(table: number, index: number, [low, high]: Entry): void {
    this.write(table + 8 * index, low);
    this.write(table + 8 * index + 4, high);
  }

  entry(table: number, index: number): Entry {
    return [this.read(table + 8 * index), this.read(table + 8 * index + 4)];
  }

  /** Descriptor privilege level of an entry. */
  dpl(table: number, index: number): number {
    return (this.entry(table, index)[1] >>> 13) & 3;
  }

  /** Keeps the guest as it is now; what is given back puts it there again. */
  checkpoint(): () => void {
    const { machine, hypervisor, state } = this;
    const bytes = state.u8.slice();
    const saved = [structuredClone(hypervisor.save()), machine.clock.save()] as const;
    return () => {
      state.u8.set(bytes);
      hypervisor.load(saved[0]);
      machine.clock.load(saved[1]);
      machine.shutdown = undefined;
      machine.cancelFault();
      machine.cpu.stateReplaced();
      this.stopAtFaults = false;
      this.forget();
    };
  }

  private buildTables(): void {
    const gdt: Record<number, Entry> = {
      [KERNEL_CODE]: [0xffff, FLAT_CODE],
      [KERNEL_DATA]: [0xffff, FLAT_DATA],
      [USER_CODE & ~7]: [0xffff, FLAT_CODE | DPL3],
      [USER_DATA & ~7]: [0xffff, FLAT_DATA | DPL3],
      [TSS]: system(TSS_BASE, 0x2073, 0x89),
      [LDT]: system(LDT_BASE, 0x3f, 0x82),
      [FAULT_TSS]: system(FAULT_TSS_BASE, 0x67, 0x89),
    };
    for (const [selector, entry] of Object.entries(gdt)) this.setEntry(GDT_BASE, Number(selector) >>> 3, entry);
    for (let vector = 0; vector < 0x100; vector++) {
      const handler = HANDLERS + 16 * vector;
      const dpl = vector === 0x80 ? DPL3 : 0;
      this.setEntry(IDT_BASE, vector, [
        (KERNEL_CODE << 16) | (handler & 0xffff),
        (handler & 0xffff0000) | 0x8e00 | dpl,
      ]);
      this.machine.memory.poke(handler, Uint8Array.of(HLT));
    }
    this.write(TSS_BASE + 4, KERNEL_STACK);
    this.write(TSS_BASE + 8, KERNEL_DATA);
    // An I/O map that allows nothing.
    this.write(TSS_BASE + 0x64, 0x680000);
    for (let i = 0x68; i < 0x2074; i += 4) this.write(TSS_BASE + i, 0xffffffff);
    this.machine.memory.poke(RETURN_TO, Uint8Array.of(HLT));
  }

  private enterKernel(): void {
    const { state, machine } = this;
    state.setCr(0, 0x11);
    state.set(layout.GDTR_BASE, GDT_BASE);
    state.set(layout.GDTR_LIMIT, 0xff);
    state.set(layout.IDTR_BASE, IDT_BASE);
    state.set(layout.IDTR_LIMIT, 0x7ff);
    const { segmentation } = machine.cpu;
    segmentation.setHidden(SegmentIndex.CS, KERNEL_CODE, 0, 0xffffffff, 0xc09b);
    segmentation.setHidden(SegmentIndex.SS, KERNEL_DATA, 0, 0xffffffff, 0xc093);
    for (const segment of [SegmentIndex.DS, SegmentIndex.ES]) {
      segmentation.setHidden(segment, USER_DATA, 0, 0xffffffff, 0xc0f3);
    }
    segmentation.setNull(SegmentIndex.FS, 0);
    segmentation.setNull(SegmentIndex.GS, 0);
    segmentation.setCpl(0);
    machine.cpu.operations.loadTask(TSS);
    state.eflags = 0x3002;
    this.setRegisters({ ESP: STACK });
  }
}

/** A system descriptor. */
export function system(base: number, limit: number, access: number): Entry {
  return [(base << 16) | limit, ((base >>> 16) & 0xff) | (base & 0xff000000) | (access << 8)];
}

/** A descriptor of code or data. */
export function segment(base: number, limit: number, access: number, flags = 0xc): Entry {
  return [
    ((base << 16) | (limit & 0xffff)) >>> 0,
    (((base >>> 16) & 0xff) | (base & 0xff000000) | (access << 8) | (limit & 0xf0000) | (flags << 20)) >>> 0,
  ];
}

/** Little-endian bytes of a dword. */
export function dword(value: number): number[] {
  return [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
}
