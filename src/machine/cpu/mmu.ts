import * as layout from '../layout';
import {
  TLB_HELD_SUPERVISOR_WRITE,
  TLB_HELD_USER_WRITE,
  TLB_SUPERVISOR_READ,
  TLB_SUPERVISOR_WRITE,
  TLB_USER_READ,
  TLB_USER_WRITE,
} from '../layout';
import { PageKind, type PhysicalMemory } from '../memory/physical';
import { WriteWatch } from '../memory/write-watch';
import { Fault, Vector } from './fault';
import type { BreakpointConditions } from './breakpoint-conditions';
import { CR0_AM, CR0_WP, CR4_PAE, CR4_PGE } from './control-bits';
import type { CpuModel } from './models';
import { PAGE_USER, PAGE_WRITE, PageTables, type PageWalk, type Translation } from './paging';
import type { PagingObserver } from './paging-observer';
import type { CpuState } from './state';

/** Bytes of one memory access. */
export type MemoryWidth = 1 | 2 | 4;

/** Private bits of a TLB entry: the fast path looks at bits 0-3 only. */
const TLB_GLOBAL = 0x10;
const TLB_LARGE = 0x20;
/** The page is in the list of filled entries (and stays there until the next flush). */
const TLB_LISTED = 0x40;

const TLB_INDEX = layout.TLB >>> 2;
const PAGE_SIZE = 0x1000;
/** Pages in a 4 MiB page, and as a shift. */
const LARGE_PAGES = 0x400;
const LARGE_SHIFT = 10;
/** Nobody answers at physical addresses from here on, which PAE and PSE-36 can name. */
const FOUR_GIB = 2 ** 32;
/** In the place of a value or a physical address: a page fault, whose error code `PageTables.refusal` has. */
const REFUSED = -1;

/**
 * Linear memory: translation by the guest's page tables, the TLB that the interpreter's fast path reads,
 * and the slow path behind it (page faults, page crossings, devices, ROM, watched pages).
 * All values are unsigned; linear addresses are taken modulo 2^32.
 */
export class Mmu {
  /** Who looks on while the guest uses its page tables. */
  observer: PagingObserver | undefined;
  private readonly writeWatch = new WriteWatch();
  private readonly tables: PageTables;
  private readonly tlb: Uint32Array;
  private readonly view: DataView;
  /** Pages with a TLB entry, so that a flush costs what was filled; grows as needed. */
  private filled = new Uint32Array(0x1000);
  private filledCount = 0;
  /** By 4 MiB: 1 where a TLB entry may be of a large page, so that INVLPG elsewhere has one entry to look at. */
  private readonly largeRegions = new Uint8Array(0x100000 / LARGE_PAGES);

  constructor(
    private readonly state: CpuState,
    private readonly memory: PhysicalMemory,
    model: CpuModel,
    private readonly breakpoints: BreakpointConditions,
  ) {
    this.tlb = state.u32.subarray(TLB_INDEX, TLB_INDEX + 0x100000);
    this.view = new DataView(memory.memory.buffer);
    this.tables = new PageTables(state, memory, model, (physical) => (physical & state.get(layout.A20_MASK)) >>> 0);
    memory.onRemap = () => this.flush();
  }

  // --- accesses of the guest at its present privilege ---

  /** Reads for the interpreter, at the current privilege. @throws Fault #PF, #AC */
  slowRead(linear: number, width: MemoryWidth): number {
    return this.read(linear, width, this.user);
  }

  /** Writes for the interpreter, at the current privilege; all or nothing. @throws Fault #PF, #AC */
  slowWrite(linear: number, width: MemoryWidth, value: number): void {
    this.write(linear, width, value, this.user);
  }

  /**
   * Raises what a write would raise and sets accessed and dirty bits, but writes nothing. Operands of 2, 4 and 8
   * bytes must be aligned where alignment is checked.
   * @throws Fault #PF, #AC
   */
  probeWrite(linear: number, width: number): void {
    this.probe(linear, width, PAGE_WRITE | (this.user ? PAGE_USER : 0));
    if (width === 2 || width === 4 || width === 8) this.checkAlignment(linear, width);
  }

  // --- the same for the interpreter: a page fault is no exception of the host's, but left pending in the state ---

  /** As `slowRead`; 0 where a page fault is left pending. @throws Fault #AC */
  tryRead(linear: number, width: MemoryWidth): number {
    const { user } = this;
    const value = this.attemptRead(linear >>> 0, width, user);
    return value === REFUSED ? this.leavePending() : value;
  }

  /** As `slowWrite`. @throws Fault #AC */
  tryWrite(linear: number, width: MemoryWidth, value: number): void {
    if (!this.attemptWrite(linear >>> 0, width, value, this.user)) this.leavePending();
  }

  /** As `probeWrite`. @throws Fault #AC */
  tryProbeWrite(linear: number, width: number): void {
    if (!this.attemptProbe(linear, width, PAGE_WRITE | (this.user ? PAGE_USER : 0))) this.leavePending();
    else if (width === 2 || width === 4 || width === 8) this.checkAlignment(linear, width);
  }

  private leavePending(): 0 {
    this.state.leaveFault(Vector.PF, this.tables.refusal);
    return 0;
  }

  private pageFault(): Fault {
    return new Fault(Vector.PF, this.tables.refusal);
  }

  /** True where misaligned data accesses raise #AC: CR0.AM and EFLAGS.AC at CPL 3 (Intel SDM vol. 3A, 6.15). */
  get checksAlignment(): boolean {
    const { state } = this;
    return state.cpl === 3 && (state.cr(0) & CR0_AM) !== 0 && state.systemFlag(layout.FLAG_AC);
  }

  /** Checks one operand of the program; page faults go before. @throws Fault #AC(0) */
  checkAlignment(linear: number, alignment: number): void {
    if (linear & (alignment - 1) && this.checksAlignment) throw new Fault(Vector.AC, 0);
  }

  /**
   * Host pointer of an instruction byte, translated for a fetch at the current privilege.
   * Code can run from RAM and ROM only. Elsewhere a PC's bus floats high, so the CPU would see FF FF,
   * an undefined opcode: that is what the guest gets.
   * @throws Fault #PF, or #UD where neither RAM nor ROM answers
   */
  fetchPage(linear: number): number {
    const host = this.attemptFetch(linear >>> 0);
    if (host === REFUSED) throw this.pageFault();
    return host;
  }

  /** The same; 0 where a page fault is left pending. @throws Fault #UD where neither RAM nor ROM answers */
  tryFetch(linear: number): number {
    const host = this.attemptFetch(linear >>> 0);
    return host === REFUSED ? this.leavePending() : host;
  }

  private attemptFetch(at: number): number {
    const entry = this.tlb[at >>> 12];
    if (entry & (this.user ? TLB_USER_READ : TLB_SUPERVISOR_READ)) return ((entry & ~0xfff) + at) >>> 0;
    const physical = this.resolve(at, this.user ? PAGE_USER : 0);
    if (physical === REFUSED) return REFUSED;
    const kind = physical < FOUR_GIB ? this.memory.kindOf(physical) : undefined;
    if (kind === PageKind.Ram || kind === PageKind.Rom) return this.memory.hostPointer(physical);
    if (kind === PageKind.None) this.memory.onUnassigned?.(physical, false);
    throw new Fault(Vector.UD);
  }

  // --- accesses of the processor itself ---

  /** Reads as a supervisor whatever CPL is: descriptor tables, TSS, inner stacks. @throws Fault #PF */
  readSystem(linear: number, width: MemoryWidth): number {
    return this.read(linear, width, false);
  }

  /** Writes as a supervisor whatever CPL is. @throws Fault #PF */
  writeSystem(linear: number, width: MemoryWidth, value: number): void {
    this.write(linear, width, value, false);
  }

  /** Raises what a supervisor access to a range of at most 4096 bytes would raise. @throws Fault #PF */
  probeSystem(linear: number, bytes: number, write: boolean): void {
    this.probe(linear, bytes, write ? PAGE_WRITE : 0);
  }

  /** Reads as user or supervisor. @throws Fault #PF, #AC for the user */
  read(linear: number, width: MemoryWidth, user: boolean): number {
    const value = this.attemptRead(linear >>> 0, width, user);
    if (value === REFUSED) throw this.pageFault();
    return value;
  }

  /**
   * Writes as user or supervisor; both pages of a crossing access are checked before a byte is written.
   * @throws Fault #PF, #AC for the user
   */
  write(linear: number, width: MemoryWidth, value: number, user: boolean): void {
    if (!this.attemptWrite(linear >>> 0, width, value, user)) throw this.pageFault();
  }

  /** @returns the value, or REFUSED */
  private attemptRead(at: number, width: MemoryWidth, user: boolean): number {
    if (user && at & (width - 1)) this.refuseMisaligned(at, width, PAGE_USER);
    const value = this.readUnwatched(at, width, user ? PAGE_USER : 0, user ? TLB_USER_READ : TLB_SUPERVISOR_READ);
    if (this.breakpoints.watchesData && value !== REFUSED) this.breakpoints.noteAccess(at, width, false);
    return value;
  }

  /** @returns false for a page fault */
  private attemptWrite(at: number, width: MemoryWidth, value: number, user: boolean): boolean {
    if (user && at & (width - 1)) this.refuseMisaligned(at, width, PAGE_USER | PAGE_WRITE);
    const cut = width === 4 ? value >>> 0 : value & ((1 << (8 * width)) - 1);
    const done = this.writeUnwatched(at, width, cut, user);
    if (this.breakpoints.watchesData && done) this.breakpoints.noteAccess(at, width, true);
    return done;
  }

  private refuseMisaligned(at: number, width: number, access: number): void {
    if (!this.checksAlignment) return;
    this.probe(at, width, access);
    throw new Fault(Vector.AC, 0);
  }

  private readUnwatched(at: number, width: MemoryWidth, access: number, mask: number): number {
    const low = PAGE_SIZE - (at & 0xfff);
    if (low >= width) {
      const entry = this.tlb[at >>> 12];
      if (entry & mask) return this.readHost(((entry & ~0xfff) + at) >>> 0, width);
      const physical = this.resolve(at, access);
      return physical === REFUSED ? REFUSED : this.readPhysical(physical, width);
    }
    const first = this.resolve(at, access);
    const second = first === REFUSED ? REFUSED : this.resolve((at + low) >>> 0, access);
    if (second === REFUSED) return REFUSED;
    let value = 0;
    for (let i = 0; i < width; i++) {
      value |= this.readPhysical(i < low ? first + i : second + i - low, 1) << (8 * i);
    }
    return value >>> 0;
  }

  private writeUnwatched(at: number, width: MemoryWidth, value: number, user: boolean): boolean {
    const low = PAGE_SIZE - (at & 0xfff);
    const access = user ? PAGE_USER | PAGE_WRITE : PAGE_WRITE;
    if (low >= width) {
      const entry = this.tlb[at >>> 12];
      if (entry & (user ? TLB_USER_WRITE : TLB_SUPERVISOR_WRITE)) {
        this.writeHost(((entry & ~0xfff) + at) >>> 0, width, value);
      } else if (entry & (user ? TLB_HELD_USER_WRITE : TLB_HELD_SUPERVISOR_WRITE)) {
        this.writeHeld(at, width, value);
      } else {
        const physical = this.resolve(at, access);
        if (physical === REFUSED) return false;
        this.writePhysical(physical, width, value);
      }
      return true;
    }
    const first = this.resolve(at, access);
    const second = first === REFUSED ? REFUSED : this.resolve((at + low) >>> 0, access);
    if (second === REFUSED) return false;
    for (let i = 0; i < width; i++) {
      this.writePhysical(i < low ? first + i : second + i - low, 1, (value >>> (8 * i)) & 0xff);
    }
    return true;
  }

  /** A write to a page that compiled code was made from. */
  private writeHeld(at: number, width: MemoryWidth, value: number): void {
    const page = at >>> 12;
    const host = ((this.tlb[page] & ~0xfff) + at) >>> 0;
    this.writeHost(host, width, value);
    this.memory.code.noteWrite(host, width);
    if (!this.memory.code.marked[host >>> 12]) this.tlb[page] = releaseWrites(this.tlb[page]);
  }

  private readPhysical(physical: number, width: MemoryWidth): number {
    if (physical < FOUR_GIB) return this.memory.read(physical, width);
    return width === 4 ? 0xffffffff : (1 << (8 * width)) - 1;
  }

  private writePhysical(physical: number, width: MemoryWidth, value: number): void {
    if (physical >= FOUR_GIB) return;
    if (this.writeWatch.has(physical)) this.observer?.watchedWrite?.(physical, width, value);
    this.memory.write(physical, width, value);
  }

  // --- watched pages ---

  /**
   * Tells the observer of every write of the guest to a physical page, or no longer. The accessed and dirty bits that
   * the processor sets in paging entries are none of the guest's writes, nor is what devices store.
   */
  watchWrites(physical: number, on: boolean): void {
    if (this.writeWatch.has(physical) === on) return;
    this.writeWatch.set(physical, on);
    if (!on) return;
    const host = this.memory.hostPointer(physical & ~0xfff) >>> 12;
    this.changeEntriesOf(host, (entry) => entry & ~(WRITES | HELD_WRITES));
  }

  /** Watches no page any more. */
  unwatchWrites(): void {
    this.writeWatch.clear();
  }

  // --- compiled code ---

  /**
   * Host pointer for an access that compiled code does in place, at the present privilege; or 0 where the interpreter
   * has to do it: faults, devices, watched pages, writes to code, accesses across pages. Nothing changes but what
   * the interpreter would change in any case: accessed and dirty bits, the TLB.
   */
  inPlace(linear: number, bytes: number, write: boolean): number {
    const page = linear >>> 12;
    if ((linear & 0xfff) + bytes > PAGE_SIZE) return 0;
    const mask = this.state.get(write ? layout.TLB_WRITE_MASK : layout.TLB_READ_MASK);
    if (mask === 0) return 0;
    const held = write ? (this.user ? TLB_HELD_USER_WRITE : TLB_HELD_SUPERVISOR_WRITE) : 0;
    if (!(this.tlb[page] & (mask | held)) && !this.resolvesQuietly(linear, write)) return 0;
    const entry = this.tlb[page];
    const host = ((entry & ~0xfff) + linear) >>> 0;
    if (entry & mask) return host;
    return entry & held && !this.memory.code.touches(host, bytes) ? host : 0;
  }

  /** Takes the page with these bytes off the fast path for writes: compiled code is made from it. */
  holdWrites(host: number): void {
    this.changeEntriesOf(host >>> 12, heldWrites);
  }

  /** Changes all entries that lead to a page of the machine's memory. */
  private changeEntriesOf(hostPage: number, change: (entry: number) => number): void {
    for (let i = 0; i < this.filledCount; i++) {
      const page = this.filled[i];
      const entry = this.tlb[page];
      if (((entry & ~0xfff) + (page << 12)) >>> 12 === hostPage) this.tlb[page] = change(entry);
    }
  }

  private resolvesQuietly(linear: number, write: boolean): boolean {
    const cr2 = this.state.cr(2);
    if (this.resolve(linear, (write ? PAGE_WRITE : 0) | (this.user ? PAGE_USER : 0)) !== REFUSED) return true;
    this.state.setCr(2, cr2);
    return false;
  }

  // --- translation without access ---

  /**
   * Physical address for an access of the guest, with all its effects (accessed and dirty bits, TLB, CR2).
   * @throws Fault #PF
   */
  translate(linear: number, access: { write?: boolean; user?: boolean } = {}): number {
    const physical = this.resolve(linear >>> 0, (access.write ? PAGE_WRITE : 0) | (access.user ? PAGE_USER : 0));
    if (physical === REFUSED) throw this.pageFault();
    return physical;
  }

  /** Physical address without any side effect or permission check, or undefined where nothing is mapped. */
  peek(linear: number): number | undefined {
    return this.tables.locate(linear >>> 0);
  }

  /** The levels of the page tables for a linear address, for a page-walk view. */
  walk(linear: number): PageWalk {
    return this.tables.walk(linear >>> 0);
  }

  // --- the TLB ---

  /** Drops cached translations, all or all but the global ones, and the current code page. */
  flush(keepGlobal = false): void {
    let kept = 0;
    for (let i = 0; i < this.filledCount; i++) {
      const page = this.filled[i];
      if (keepGlobal && this.tlb[page] & TLB_GLOBAL) this.filled[kept++] = page;
      else this.tlb[page] = 0;
    }
    this.filledCount = kept;
    if (!keepGlobal) this.largeRegions.fill(0);
    this.state.dropCodePage();
  }

  /** Drops the translation of one page, of 4 KiB, 2 MiB or 4 MiB, global or not (INVLPG), and the current code page. */
  invalidate(linear: number): void {
    const page = linear >>> 12;
    this.tlb[page] &= TLB_LISTED;
    if (this.largeRegions[page >>> LARGE_SHIFT]) {
      const region = page & ~(LARGE_PAGES - 1);
      for (let i = region; i < region + LARGE_PAGES; i++) {
        if (this.tlb[i] & TLB_LARGE) this.tlb[i] &= TLB_LISTED;
      }
    }
    this.state.dropCodePage();
  }

  /**
   * Loads CR3, which drops all translations that are not global.
   * @throws Fault #GP(0) where PAE pointer entries have reserved bits set
   */
  loadPageDirectory(value: number): void {
    this.observer?.directoryLoad?.(value >>> 0);
    if (this.state.paging && this.state.cr(4) & CR4_PAE) this.tables.loadPointers(value);
    this.state.setCr(3, value);
    this.flush((this.state.cr(4) & CR4_PGE) !== 0);
  }

  /** Loads the PAE pointer entries of CR3 because CR0 or CR4 changes. @throws Fault #GP(0) for reserved bits */
  loadPointers(): void {
    this.tables.loadPointers(this.state.cr(3));
  }

  /** Opens or closes the A20 gate: closed, bit 20 of every physical address is zero. */
  setA20(open: boolean): void {
    const mask = open ? 0xffffffff : 0xffefffff;
    if (this.state.get(layout.A20_MASK) === mask) return;
    this.state.set(layout.A20_MASK, mask);
    this.flush();
  }

  private get user(): boolean {
    return this.state.cpl === 3;
  }

  private probe(linear: number, bytes: number, access: number): void {
    if (!this.attemptProbe(linear, bytes, access)) throw this.pageFault();
  }

  /** @returns false for a page fault */
  private attemptProbe(linear: number, bytes: number, access: number): boolean {
    const at = linear >>> 0;
    if (this.resolve(at, access) === REFUSED) return false;
    const last = (at + bytes - 1) >>> 0;
    // A fault on the second page reports the first byte of that page.
    return last >>> 12 === at >>> 12 || this.resolve((last & ~0xfff) >>> 0, access) !== REFUSED;
  }

  private readHost(pointer: number, width: MemoryWidth): number {
    if (width === 4) return this.view.getUint32(pointer, true);
    return width === 2 ? this.view.getUint16(pointer, true) : this.view.getUint8(pointer);
  }

  private writeHost(pointer: number, width: MemoryWidth, value: number): void {
    if (width === 4) this.view.setUint32(pointer, value, true);
    else if (width === 2) this.view.setUint16(pointer, value, true);
    else this.view.setUint8(pointer, value);
  }

  /** Translates, checks and caches. @returns the physical address, or REFUSED */
  private resolve(linear: number, access: number): number {
    const a20 = this.state.get(layout.A20_MASK);
    if (!this.state.paging) {
      const physical = (linear & a20) >>> 0;
      this.fill(linear, physical, TLB_SUPERVISOR_READ | TLB_USER_READ, TLB_SUPERVISOR_WRITE | TLB_USER_WRITE);
      return physical;
    }
    const found = this.lookUp(linear, access);
    if (!found) return REFUSED;
    if (found.physical >= FOUR_GIB) return found.physical;
    const physical = (found.physical & a20) >>> 0;
    const read =
      TLB_SUPERVISOR_READ |
      (found.user ? TLB_USER_READ : 0) |
      (found.global ? TLB_GLOBAL : 0) |
      (found.large ? TLB_LARGE : 0);
    let write = 0;
    if (found.dirty) {
      if (found.writable || !(this.state.cr(0) & CR0_WP)) write |= TLB_SUPERVISOR_WRITE;
      if (found.writable && found.user) write |= TLB_USER_WRITE;
    }
    this.fill(linear, physical, read, write);
    return physical;
  }

  /** Walks the tables, once more if the observer has changed them because the access is refused. */
  private lookUp(linear: number, access: number): Translation | undefined {
    const { observer } = this;
    if (!observer?.pageFault) return this.tables.translate(linear, access);
    const cr2 = this.state.cr(2);
    const found = this.tables.translate(linear, access);
    if (found || !observer.pageFault()) return found;
    this.state.setCr(2, cr2);
    return this.tables.translate(linear, access);
  }

  /** Puts a page on the fast path: RAM for reads and permitted writes, ROM for reads, nothing else. */
  private fill(linear: number, physical: number, read: number, write: number): void {
    const kind = this.memory.kindOf(physical);
    if ((kind !== PageKind.Ram && kind !== PageKind.Rom) || this.memory.isWatched(physical)) return;
    const page = linear >>> 12;
    if (this.breakpoints.watchesData && this.breakpoints.watchesPage(page)) return;
    if (!(this.tlb[page] & TLB_LISTED)) this.list(page);
    const distance = this.memory.hostPointer(physical & ~0xfff) - (linear & ~0xfff);
    const writes = kind === PageKind.Ram && !this.writeWatch.has(physical) ? write : 0;
    const entry = (distance & ~0xfff) | read | writes | TLB_LISTED;
    if (read & TLB_LARGE) this.largeRegions[page >>> LARGE_SHIFT] = 1;
    this.tlb[page] = this.memory.code.marked[this.memory.hostPointer(physical) >>> 12] ? heldWrites(entry) : entry;
  }

  private list(page: number): void {
    if (this.filledCount === this.filled.length) {
      const longer = new Uint32Array(this.filled.length * 2);
      longer.set(this.filled);
      this.filled = longer;
    }
    this.filled[this.filledCount++] = page;
  }
}

const WRITES = TLB_SUPERVISOR_WRITE | TLB_USER_WRITE;
const HELD_WRITES = TLB_HELD_SUPERVISOR_WRITE | TLB_HELD_USER_WRITE;

/** A TLB entry whose rights to write are held back. */
function heldWrites(entry: number): number {
  return (
    (entry & ~WRITES) |
    (entry & TLB_SUPERVISOR_WRITE ? TLB_HELD_SUPERVISOR_WRITE : 0) |
    (entry & TLB_USER_WRITE ? TLB_HELD_USER_WRITE : 0)
  );
}

/** A TLB entry whose rights to write are no longer held back. */
function releaseWrites(entry: number): number {
  return (
    (entry & ~HELD_WRITES) |
    (entry & TLB_HELD_SUPERVISOR_WRITE ? TLB_SUPERVISOR_WRITE : 0) |
    (entry & TLB_HELD_USER_WRITE ? TLB_USER_WRITE : 0)
  );
}
