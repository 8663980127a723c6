import { CYCLES_PER_SECOND, type Timer } from '../../machine/clock';
import { CR0_TS } from '../../machine/cpu/control-bits';
import * as layout from '../../machine/layout';
import { FLAG_IF, SegmentIndex } from '../../machine/layout';
import type { GuestMachine } from '../guest-machine';
import type { AbiHost } from './table';

/** Offsets in struct lguest_data (Linux 2.6.24 include/linux/lguest.h). */
const DATA = { time: 12, status: 20, ring: 84, reserveMem: 1108, tscKhz: 1112, kernelAddress: 1124, size: 1132 };
/** The ring of calls that wait: a status each, FF where there is none, and EAX, EBX, ECX, EDX. */
const RING_SIZE = 64;
const RING_ENTRY_BYTES = 16;
const RING_EMPTY = 0xff;

const MESSAGE_BYTES = 128;
/** Longest text that NOTIFY prints. */
const TEXT_BYTES = 4096;
const GDT_ENTRIES = 32;
const TLS_FIRST = 6;
const TLS_BYTES = 24;
/** NMI, double fault, the 8259's spurious interrupt, the hypercalls themselves. */
const UNCHANGED_GATES = new Set([2, 8, 15, 0x1f]);

const PAGE_PRESENT = 1;
const PAGE_LARGE = 0x80;
const ACCESSED_AND_DIRTY = 0x60;

/** Where SS0 and ESP0 are in a TSS. */
const TSS_ESP0 = 4;
const TSS_SS0 = 8;
const TSS32_TYPES = [0x9, 0xb];

const CYCLES_PER_NANOSECOND = CYCLES_PER_SECOND / 1e9;

/** A call that ends the guest. */
class BadCall extends Error {}

interface LguestState {
  readonly data: number;
  readonly next: number;
}

/** Carries one call out; the arguments are those in EDX, EBX and ECX. */
type Call = (arg1: number, arg2: number, arg3: number) => void;

const hex = (value: number): string => `0x${value.toString(16)}`;

/**
 * lguest's host as far as there is something to do under a machine that runs the guest at its own privilege on its own
 * tables: what lguest keeps shadows of is done to the real thing.
 */
export class LguestHost {
  /** Physical address of struct lguest_data; -1 before LGUEST_INIT. */
  private data = -1;
  /** Place in the ring that comes next. */
  private next = 0;
  private readonly machine: GuestMachine;
  private readonly timer: Timer;
  private readonly names: ReadonlyMap<number, string>;
  private readonly calls: Readonly<Record<string, Call>>;

  constructor(
    private readonly host: AbiHost,
    table: readonly { readonly number: number; readonly name: string }[],
  ) {
    this.machine = host.machine;
    this.timer = this.machine.clock.timer('lguest.clockevent', () => this.machine.pc?.timerLine.strike());
    this.names = new Map(table.map(({ number, name }) => [number, name]));
    this.calls = {
      FLUSH_ASYNC: () => undefined,
      LGUEST_INIT: () => this.fail('already have lguest_data'),
      CRASH: (message) => this.fail(`CRASH: ${this.text(message, MESSAGE_BYTES)}`),
      LOAD_GDT: (table, entries) => this.loadGdt(table, entries),
      NEW_PGTABLE: (directory) => this.machine.cpu.mmu.loadPageDirectory(this.inRam(directory, 4096)),
      FLUSH_TLB: (all) => this.machine.cpu.mmu.flush(all === 0),
      LOAD_IDT_ENTRY: (vector, low, high) => this.loadGate(vector, low, high),
      SET_STACK: (segment, esp, pages) => this.setStack(segment, esp, pages),
      TS: (set) => this.setTaskSwitched(set !== 0),
      SET_CLOCKEVENT: (delay) => this.setClockEvent(delay),
      HALT: () => this.halt(),
      SET_PTE: (directory, address, entry) => this.pageTableEntryChanged(directory, address, entry),
      SET_PMD: () => this.machine.cpu.mmu.flush(),
      LOAD_TLS: (descriptors) => this.loadTls(descriptors),
      NOTIFY: (text) => this.print(text),
    };
  }

  /** The guest has made LGUEST_INIT. */
  get isReady(): boolean {
    return this.data >= 0;
  }

  /** One call, after those that wait in the ring. A bad one ends the run. */
  call(number: number, arg1: number, arg2: number, arg3: number): void {
    try {
      if (this.isReady) {
        this.serveRing();
        this.perform(number, arg1, arg2, arg3);
      } else if (this.names.get(number) === 'LGUEST_INIT') {
        this.initialise(arg1);
      } else {
        this.refuse(number);
      }
    } catch (error) {
      if (!(error instanceof BadCall)) throw error;
      this.host.crash(`lguest: ${error.message}`);
    }
  }

  /** A call that needs LGUEST_INIT to be made before: the run ends. */
  refuse(number: number): void {
    this.host.crash(`lguest: hypercall ${number} before INIT`);
  }

  reset(): void {
    this.data = -1;
    this.next = 0;
    this.timer.disarm();
  }

  /** The armed clock event is part of the clock's state. */
  save(): LguestState {
    return { data: this.data, next: this.next };
  }

  load(state: unknown): void {
    const { data, next } = state as LguestState;
    this.data = data;
    this.next = next;
  }

  private fail(message: string): never {
    throw new BadCall(message);
  }

  private perform(number: number, arg1: number, arg2: number, arg3: number): void {
    const name = this.names.get(number);
    const call = name === undefined ? undefined : this.calls[name];
    if (!call) this.fail(`Bad hypercall ${number}`);
    call(arg1, arg2, arg3);
  }

  private initialise(data: number): void {
    const { clock, memory } = this.machine;
    this.inRam(data, DATA.size);
    const now = clock.startTime * 1e6 + Math.floor(clock.now / CYCLES_PER_NANOSECOND);
    memory.write(data + DATA.time, 4, Math.floor(now / 1e9) >>> 0);
    memory.write(data + DATA.time + 4, 4, now % 1e9);
    memory.write(data + DATA.reserveMem, 4, 0);
    memory.write(data + DATA.tscKhz, 4, CYCLES_PER_SECOND / 1000);
    this.data = data;
    this.next = 0;
  }

  /** Calls that the guest has left in the ring, in their order, once round at most. */
  private serveRing(): void {
    const { memory } = this.machine;
    for (let i = 0; i < RING_SIZE; i++) {
      const status = this.data + DATA.status + this.next;
      if (memory.read(status, 1) === RING_EMPTY) return;
      const entry = this.data + DATA.ring + this.next * RING_ENTRY_BYTES;
      this.next = (this.next + 1) % RING_SIZE;
      const [eax, ebx, ecx, edx] = [0, 4, 8, 12].map((offset) => memory.read(entry + offset, 4));
      this.perform(eax, edx, ebx, ecx);
      memory.write(status, 1, RING_EMPTY);
    }
  }

  /** @returns the address. A range that is not in RAM ends the run. */
  private inRam(address: number, bytes: number): number {
    if (address + bytes > this.machine.memory.ramBytes) this.fail(`bad guest address ${hex(address)}`);
    return address;
  }

  private text(address: number, longest: number): string {
    const { memory } = this.machine;
    this.inRam(address, 1);
    const bytes = memory.peek(address, Math.min(longest, memory.ramBytes - address));
    const end = bytes.indexOf(0);
    return String.fromCharCode(...(end < 0 ? bytes : bytes.subarray(0, end)));
  }

  private loadGdt(table: number, entries: number): void {
    const { state, mmu } = this.machine.cpu;
    if (entries === 0 || entries > GDT_ENTRIES) this.fail(`too many gdt entries ${entries}`);
    this.inRam(table, entries * 8);
    const base = state.paging ? (this.machine.memory.read(this.data + DATA.kernelAddress, 4) + table) >>> 0 : table;
    if (mmu.peek(base) !== table) this.fail(`gdt ${hex(table)} is not mapped at ${hex(base)}`);
    state.set(layout.GDTR_BASE, base);
    state.set(layout.GDTR_LIMIT, entries * 8 - 1);
  }

  private loadGate(vector: number, low: number, high: number): void {
    const { state, mmu } = this.machine.cpu;
    if (UNCHANGED_GATES.has(vector)) return;
    if (vector > 0xff) this.fail(`Setting idt entry ${vector}`);
    if (vector * 8 + 7 > state.get(layout.IDTR_LIMIT)) {
      this.host.report('lguest-idt', `LOAD_IDT_ENTRY ${vector} is beyond the limit of the IDT: nothing is stored`);
      return;
    }
    const at = state.get(layout.IDTR_BASE) + vector * 8;
    mmu.probeSystem(at, 8, true);
    mmu.writeSystem(at, 4, low);
    mmu.writeSystem(at + 4, 4, high);
  }

  private setStack(segment: number, esp: number, pages: number): void {
    const { state, mmu } = this.machine.cpu;
    if ((segment & 3) !== state.cpl) this.fail(`bad stack segment ${segment}`);
    if (pages > 2) this.fail(`bad stack pages ${pages}`);
    if (!TSS32_TYPES.includes(state.segmentAttributes(SegmentIndex.TR) & 0x1f)) {
      this.host.report('lguest-tss', 'SET_STACK without a TSS of 32 bits in TR: nothing is stored');
      return;
    }
    const base = state.segmentBase(SegmentIndex.TR);
    mmu.probeSystem(base + TSS_ESP0, 8, true);
    mmu.writeSystem(base + TSS_ESP0, 4, esp);
    mmu.writeSystem(base + TSS_SS0, 2, segment & 0xffff);
  }

  private setTaskSwitched(set: boolean): void {
    const { state } = this.machine.cpu;
    const rest = state.cr(0) & ~CR0_TS;
    state.setCr(0, (set ? rest | CR0_TS : rest) >>> 0);
  }

  private setClockEvent(delay: number): void {
    if (delay === 0) this.timer.disarm();
    else this.timer.arm(this.machine.clock.now + delay * CYCLES_PER_NANOSECOND);
  }

  private halt(): void {
    const { state } = this.machine.cpu;
    state.set(layout.EFLAGS, state.get(layout.EFLAGS) | FLAG_IF);
    state.set(layout.HALTED, 1);
    state.requestExit(layout.EXIT_HALT);
  }

  private pageTableEntryChanged(directory: number, address: number, entry: number): void {
    const { memory, cpu } = this.machine;
    cpu.mmu.invalidate(address);
    this.inRam(directory, 4096);
    const directoryEntry = memory.read((directory & ~0xfff) + (address >>> 22) * 4, 4);
    if ((directoryEntry & (PAGE_PRESENT | PAGE_LARGE)) !== PAGE_PRESENT) return;
    const table = (directoryEntry & ~0xfff) >>> 0;
    if (table >= memory.ramBytes) return;
    const found = memory.read(table + ((address >>> 12) & 0x3ff) * 4, 4);
    if (((found ^ entry) & ~ACCESSED_AND_DIRTY) === 0) return;
    this.host.report(
      'lguest-pte',
      `SET_PTE says that the entry for ${hex(address)} is ${hex(entry)}, but the page table has ${hex(found)}`,
    );
  }

  private loadTls(descriptors: number): void {
    const { memory, cpu } = this.machine;
    const { state, mmu } = cpu;
    this.inRam(descriptors, TLS_BYTES);
    if (state.get(layout.GDTR_LIMIT) < TLS_FIRST * 8 + TLS_BYTES - 1) this.fail('no room for tls in the gdt');
    const target = state.get(layout.GDTR_BASE) + TLS_FIRST * 8;
    mmu.probeSystem(target, TLS_BYTES, true);
    for (let i = 0; i < TLS_BYTES; i += 4) mmu.writeSystem(target + i, 4, memory.read(descriptors + i, 4));
  }

  private print(address: number): void {
    if (address >= this.machine.memory.ramBytes) this.fail(`Bad NOTIFY ${hex(address)}`);
    for (const character of this.text(address, TEXT_BYTES)) this.host.print(character.charCodeAt(0));
  }
}
