import type { PhysicalMemory } from '../memory/physical';
import { Fault, Vector } from './fault';
import type { CpuState } from './state';

/** Page-fault error code, which doubles as the description of an access (Intel SDM vol. 3A, 4.7). */
const PAGE_PRESENT = 1;
export const PAGE_WRITE = 2;
export const PAGE_USER = 4;
/** Error code only: a reserved bit was set in a paging entry. */
const PAGE_RESERVED = 8;

/** Bits of directory and table entries (Intel SDM vol. 3A, tables 4-4 to 4-6). */
const ENTRY_PRESENT = 1;
const ENTRY_WRITE = 2;
const ENTRY_USER = 4;
const ENTRY_ACCESSED = 0x20;
const ENTRY_DIRTY = 0x40;
const ENTRY_LARGE = 0x80;
const ENTRY_GLOBAL = 0x100;

/** CR0 and CR4 bits that steer paging. */
export const CR0_PG = 0x80000000;
export const CR0_WP = 0x10000;
export const CR4_PSE = 0x10;
export const CR4_PGE = 0x80;

/** One level of the tables. A paging mode is a list of them, so PAE is another list. */
interface PagingLevel {
  readonly name: 'PDE' | 'PTE';
  /** Lowest linear address bit that indexes this level's table. */
  readonly shift: number;
  readonly indexMask: number;
  /** CR4 bit that lets an entry map a page by itself, 0 if none does. */
  readonly largePages: number;
  /** Bits that must be zero in an entry that maps a large page. */
  readonly largeReserved: number;
}

/** 32-bit paging (Intel SDM vol. 3A, 4.3); no PSE-36, so address bits 12-21 of a 4 MiB page must be zero. */
const TWO_LEVELS: readonly PagingLevel[] = [
  { name: 'PDE', shift: 22, indexMask: 0x3ff, largePages: CR4_PSE, largeReserved: 0x3ff000 },
  { name: 'PTE', shift: 12, indexMask: 0x3ff, largePages: 0, largeReserved: 0 },
];

/** A finished translation. The walker reuses one object: copy what you keep. */
export interface Translation {
  /** Physical address before the A20 gate, unsigned. */
  physical: number;
  /** User-mode code may access the page. */
  user: boolean;
  /** The R/W bits of all levels allow writes. */
  writable: boolean;
  dirty: boolean;
  global: boolean;
  large: boolean;
}

/** One step of a page walk as a debugger shows it. */
interface WalkStep {
  readonly name: 'PDE' | 'PTE';
  /** Guest-physical address of the entry. */
  readonly address: number;
  readonly entry: number;
  readonly present: boolean;
  readonly writable: boolean;
  readonly user: boolean;
  readonly accessed: boolean;
  readonly dirty: boolean;
  readonly global: boolean;
  /** The entry maps a 4 MiB page itself. */
  readonly large: boolean;
}

/** A page walk: the steps taken, and where it ends unless an entry is absent. */
export interface PageWalk {
  readonly paging: boolean;
  readonly steps: readonly WalkStep[];
  /** Guest-physical address (A20 applied), or undefined where nothing is mapped. */
  readonly physical: number | undefined;
}

/** The guest's page tables as CR0, CR3 and CR4 name them. */
export class PageTables {
  private readonly found: Translation = {
    physical: 0,
    user: true,
    writable: true,
    dirty: true,
    global: false,
    large: false,
  };
  private readonly addresses = [0, 0];
  private readonly entries = [0, 0];

  constructor(
    private readonly state: CpuState,
    private readonly memory: PhysicalMemory,
    private readonly a20: (physical: number) => number,
  ) {}

  /**
   * Translates for an access of the guest: checks it, and sets accessed and dirty bits.
   * Must only be called while paging is on.
   * @param access PAGE_WRITE and PAGE_USER as they apply
   * @throws Fault #PF, with CR2 set; then no entry has been changed
   */
  translate(linear: number, access: number): Translation {
    const cr4 = this.state.cr(4);
    const levels = this.levels();
    let table = this.state.cr(3) & 0xfffff000;
    let rights = ENTRY_WRITE | ENTRY_USER;
    let depth = 0;
    let large: boolean;
    for (; ; depth++) {
      const level = levels[depth];
      const address = this.entryAddress(table, linear, level);
      const entry = this.memory.read(address, 4);
      if (!(entry & ENTRY_PRESENT)) throw this.fault(linear, access);
      this.addresses[depth] = address;
      this.entries[depth] = entry;
      rights &= entry;
      large = (entry & ENTRY_LARGE) !== 0 && (cr4 & level.largePages) !== 0;
      if (large && entry & level.largeReserved) throw this.fault(linear, access | PAGE_PRESENT | PAGE_RESERVED);
      if (large || depth === levels.length - 1) break;
      table = entry & 0xfffff000;
    }
    if (!this.permitted(rights, access)) throw this.fault(linear, access | PAGE_PRESENT);
    for (let i = 0; i <= depth; i++) {
      this.mark(i, i === depth && access & PAGE_WRITE ? ENTRY_ACCESSED | ENTRY_DIRTY : ENTRY_ACCESSED);
    }
    return this.describe(linear, this.entries[depth], levels[depth].shift, rights, large);
  }

  /** Follows the tables without any side effect, whatever the rights are. */
  walk(linear: number): PageWalk {
    const steps: WalkStep[] = [];
    if (!this.state.paging) return { paging: false, steps, physical: this.a20(linear >>> 0) };
    let table = this.state.cr(3) & 0xfffff000;
    const levels = this.levels();
    for (const [depth, level] of levels.entries()) {
      const address = this.entryAddress(table, linear, level);
      const bytes = this.memory.peek(address, 4);
      const entry = (bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24)) >>> 0;
      const large = (entry & ENTRY_LARGE) !== 0 && (this.state.cr(4) & level.largePages) !== 0;
      const leaf = large || depth === levels.length - 1;
      steps.push({
        name: level.name,
        address,
        entry,
        present: (entry & ENTRY_PRESENT) !== 0,
        writable: (entry & ENTRY_WRITE) !== 0,
        user: (entry & ENTRY_USER) !== 0,
        accessed: (entry & ENTRY_ACCESSED) !== 0,
        dirty: leaf && (entry & ENTRY_DIRTY) !== 0,
        global: leaf && (entry & ENTRY_GLOBAL) !== 0,
        large,
      });
      if (!(entry & ENTRY_PRESENT)) break;
      if (leaf) return { paging: true, steps, physical: this.a20(pageAddress(entry, linear, level.shift)) };
      table = entry & 0xfffff000;
    }
    return { paging: true, steps, physical: undefined };
  }

  /** The tables' shape in the present mode; CR4.PAE would choose another list here. */
  private levels(): readonly PagingLevel[] {
    return TWO_LEVELS;
  }

  private entryAddress(table: number, linear: number, level: PagingLevel): number {
    return this.a20((table | (((linear >>> level.shift) & level.indexMask) << 2)) >>> 0);
  }

  /** Intel SDM vol. 3A, 4.6: a supervisor write ignores R/W unless CR0.WP is set. */
  private permitted(rights: number, access: number): boolean {
    if (access & PAGE_USER && !(rights & ENTRY_USER)) return false;
    if (!(access & PAGE_WRITE) || rights & ENTRY_WRITE) return true;
    return !(access & PAGE_USER) && (this.state.cr(0) & CR0_WP) === 0;
  }

  private mark(depth: number, bits: number): void {
    if ((this.entries[depth] & bits) === bits) return;
    this.entries[depth] |= bits;
    this.memory.write(this.addresses[depth], 4, this.entries[depth] >>> 0);
  }

  private describe(linear: number, entry: number, shift: number, rights: number, large: boolean): Translation {
    const found = this.found;
    found.physical = pageAddress(entry, linear, shift);
    found.user = (rights & ENTRY_USER) !== 0;
    found.writable = (rights & ENTRY_WRITE) !== 0;
    found.dirty = (entry & ENTRY_DIRTY) !== 0;
    found.global = (entry & ENTRY_GLOBAL) !== 0 && (this.state.cr(4) & CR4_PGE) !== 0;
    found.large = large;
    return found;
  }

  private fault(linear: number, errorCode: number): Fault {
    this.state.setCr(2, linear);
    return new Fault(Vector.PF, errorCode);
  }
}

/** Physical address of a linear one in the page (of 2^shift bytes) that `entry` maps. */
function pageAddress(entry: number, linear: number, shift: number): number {
  const offset = (1 << shift) - 1;
  return ((entry & 0xfffff000 & ~offset) | (linear & offset)) >>> 0;
}
