import * as layout from '../layout';
import type { PhysicalMemory } from '../memory/physical';
import { CR0_WP, CR4_PAE, CR4_PGE, CR4_PSE } from './control-bits';
import { Fault, Vector } from './fault';
import { FEATURE_PAT, FEATURE_PSE36 } from './features';
import type { CpuModel } from './models';
import type { CpuState } from './state';

/** Page-fault error code, which doubles as the description of an access (Intel SDM vol. 3A, 4.7). */
const PAGE_PRESENT = 1;
export const PAGE_WRITE = 2;
export const PAGE_USER = 4;
/** Error code only: a reserved bit was set in a paging entry. */
const PAGE_RESERVED = 8;

/** Bits of directory and table entries (Intel SDM vol. 3A, tables 4-4 to 4-11). */
const ENTRY_PRESENT = 1;
const ENTRY_WRITE = 2;
const ENTRY_USER = 4;
const ENTRY_ACCESSED = 0x20;
const ENTRY_DIRTY = 0x40;
const ENTRY_LARGE = 0x80;
const ENTRY_GLOBAL = 0x100;

/** PAE: address bits 32-35 in the high dword of an entry; all others there are reserved. */
const HIGH_ADDRESS = 0xf;
/** Low dword of a page-directory-pointer entry: what must be zero (Intel SDM vol. 3A, table 4-8). */
const PDPTE_RESERVED = 0x1e6;

/** First physical address that the 32-bit address space does not reach. */
const FOUR_GIB = 2 ** 32;

/** One level of the tables. */
interface PagingLevel {
  readonly name: 'PDE' | 'PTE';
  /** Lowest linear address bit that indexes this level's table. */
  readonly shift: number;
  readonly indexMask: number;
  /** Bytes of an entry, as a shift. */
  readonly entryShift: 2 | 3;
}

/** 32-bit paging (Intel SDM vol. 3A, 4.3) and PAE paging below the four pointer entries (4.4). */
const TWO_LEVELS: readonly PagingLevel[] = [
  { name: 'PDE', shift: 22, indexMask: 0x3ff, entryShift: 2 },
  { name: 'PTE', shift: 12, indexMask: 0x3ff, entryShift: 2 },
];
const PAE_LEVELS: readonly PagingLevel[] = [
  { name: 'PDE', shift: 21, indexMask: 0x1ff, entryShift: 3 },
  { name: 'PTE', shift: 12, indexMask: 0x1ff, entryShift: 3 },
];
const PDPT_SHIFT = 30;

/** A finished translation. The walker reuses one object: copy what you keep. */
export interface Translation {
  /** Physical address of up to 36 bits before the A20 gate. */
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
  readonly name: 'PDPTE' | 'PDE' | 'PTE';
  /** Guest-physical address of the entry. */
  readonly address: number;
  /** 32 bits, with PAE up to 64 (reserved high bits may be rounded). */
  readonly entry: number;
  readonly present: boolean;
  readonly writable: boolean;
  readonly user: boolean;
  readonly accessed: boolean;
  readonly dirty: boolean;
  readonly global: boolean;
  /** The entry maps a page of 4 MiB, with PAE 2 MiB, itself. */
  readonly large: boolean;
  /** Bytes that the entry maps or leads to. */
  readonly span: number;
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

  constructor(
    private readonly state: CpuState,
    private readonly memory: PhysicalMemory,
    private readonly model: CpuModel,
    private readonly a20: (physical: number) => number,
  ) {}

  /** Error code of the last access that `translate` refused. */
  refusal = 0;

  /**
   * Translates for an access of the guest: checks it, and sets accessed and dirty bits. The accessed bit of a directory
   * entry is set when it is used, even if the page table then refuses (the manual leaves that open).
   * Must only be called while paging is on.
   * @param access PAGE_WRITE and PAGE_USER as they apply
   * @returns undefined for a page fault: CR2 is set, the error code is in `refusal`
   */
  translate(linear: number, access: number): Translation | undefined {
    const levels = this.levels();
    const top = this.topTable(linear);
    if (top === undefined) return this.refuse(linear, access);
    let table = top;
    let rights = ENTRY_WRITE | ENTRY_USER;
    for (let depth = 0; ; depth++) {
      const level = levels[depth];
      const address = this.entryAddress(table, linear, level);
      const low = this.read(address);
      const high = level.entryShift === 3 ? this.read(address + 4) : 0;
      if (!(low & ENTRY_PRESENT)) return this.refuse(linear, access);
      const large = this.isLarge(level, low);
      const leaf = large || depth === levels.length - 1;
      if (this.hasReserved(level, low, high, large)) {
        return this.refuse(linear, access | PAGE_PRESENT | PAGE_RESERVED);
      }
      rights &= low;
      if (leaf && !this.permitted(rights, access)) return this.refuse(linear, access | PAGE_PRESENT);
      const marked = low | ENTRY_ACCESSED | (leaf && access & PAGE_WRITE ? ENTRY_DIRTY : 0);
      if (marked !== low) this.memory.write(address, 4, marked >>> 0);
      if (leaf) return this.describe(linear, marked, high, level, rights, large);
      table = tableAddress(low, high);
    }
  }

  /** Follows the tables without any side effect, whatever the rights are. */
  walk(linear: number): PageWalk {
    const steps: WalkStep[] = [];
    if (!this.state.paging) return { paging: false, steps, physical: this.a20(linear >>> 0) };
    const levels = this.levels();
    if (this.pae) steps.push(this.pointerStep(linear));
    let table = this.topTable(linear);
    for (let depth = 0; table !== undefined; depth++) {
      const level = levels[depth];
      const address = this.entryAddress(table, linear, level);
      const low = this.peek(address);
      const high = level.entryShift === 3 ? this.peek(address + 4) : 0;
      const large = this.isLarge(level, low);
      const leaf = large || depth === levels.length - 1;
      steps.push(describeStep(level.name, address, { low, high }, leaf, large, 2 ** level.shift));
      if (!(low & ENTRY_PRESENT)) break;
      if (leaf) {
        const physical = this.pageAddress(low, high, linear, level, large);
        return { paging: true, steps, physical: physical < FOUR_GIB ? this.a20(physical) : physical };
      }
      table = tableAddress(low, high);
    }
    return { paging: true, steps, physical: undefined };
  }

  /**
   * Where `walk` ends, without its steps: no allocation.
   * @returns guest-physical address (A20 applied), or undefined where nothing is mapped
   */
  locate(linear: number): number | undefined {
    if (!this.state.paging) return this.a20(linear >>> 0);
    const levels = this.levels();
    let table = this.topTable(linear);
    for (let depth = 0; table !== undefined; depth++) {
      const level = levels[depth];
      const address = this.entryAddress(table, linear, level);
      const low = this.peek(address);
      if (!(low & ENTRY_PRESENT)) return undefined;
      const high = level.entryShift === 3 ? this.peek(address + 4) : 0;
      const large = this.isLarge(level, low);
      if (large || depth === levels.length - 1) {
        const physical = this.pageAddress(low, high, linear, level, large);
        return physical < FOUR_GIB ? this.a20(physical) : physical;
      }
      table = tableAddress(low, high);
    }
    return undefined;
  }

  /**
   * PAE: loads the four page-directory-pointer entries that a value of CR3 names. To be called with the new CR3 where
   * PAE paging is, or comes, in force (Intel SDM vol. 3A, 4.4.1).
   * @throws Fault #GP(0) if a present one has reserved bits set; then the old ones stay
   */
  loadPointers(cr3: number): void {
    const entries: number[] = [];
    for (let i = 0; i < 4; i++) {
      const address = this.a20(((cr3 & 0xffffffe0) + i * 8) >>> 0);
      const low = this.memory.read(address, 4);
      const high = this.memory.read(address + 4, 4);
      if (low & ENTRY_PRESENT && (low & PDPTE_RESERVED || high & ~HIGH_ADDRESS)) throw new Fault(Vector.GP, 0);
      entries.push(low, high);
    }
    entries.forEach((dword, i) => this.state.set(layout.PDPTE + i * 4, dword));
  }

  private get pae(): boolean {
    return (this.state.cr(4) & CR4_PAE) !== 0;
  }

  private levels(): readonly PagingLevel[] {
    return this.pae ? PAE_LEVELS : TWO_LEVELS;
  }

  /** Address of the page directory, or undefined where the PAE pointer entry is not present. */
  private topTable(linear: number): number | undefined {
    if (!this.pae) return (this.state.cr(3) & 0xfffff000) >>> 0;
    const pointer = layout.PDPTE + (linear >>> PDPT_SHIFT) * 8;
    const low = this.state.get(pointer);
    return low & ENTRY_PRESENT ? tableAddress(low, this.state.get(pointer + 4)) : undefined;
  }

  private pointerStep(linear: number): WalkStep {
    const index = linear >>> PDPT_SHIFT;
    const pointer = layout.PDPTE + index * 8;
    const entry = { low: this.state.get(pointer), high: this.state.get(pointer + 4) };
    const address = this.a20(((this.state.cr(3) & 0xffffffe0) + index * 8) >>> 0);
    const step = describeStep('PDPTE', address, entry, false, false, 2 ** PDPT_SHIFT);
    // These entries restrict nothing.
    return { ...step, writable: true, user: true };
  }

  private entryAddress(table: number, linear: number, level: PagingLevel): number {
    const address = table + (((linear >>> level.shift) & level.indexMask) << level.entryShift);
    return address < FOUR_GIB ? this.a20(address) : address;
  }

  /** Nobody answers above 4 GiB, so that an entry there reads as ones. */
  private read(address: number): number {
    return address < FOUR_GIB ? this.memory.read(address, 4) : 0xffffffff;
  }

  private peek(address: number): number {
    return address < FOUR_GIB ? this.memory.peekDword(address) : 0xffffffff;
  }

  private isLarge(level: PagingLevel, low: number): boolean {
    return level.name === 'PDE' && (low & ENTRY_LARGE) !== 0 && (this.pae || (this.state.cr(4) & CR4_PSE) !== 0);
  }

  /** Intel SDM vol. 3A, 4.3 and 4.4.2. Without PAE and PSE no bit is reserved. */
  private hasReserved(level: PagingLevel, low: number, high: number, large: boolean): boolean {
    if (level.entryShift === 3) return (high & ~HIGH_ADDRESS) !== 0 || (large && (low & 0x1fe000) !== 0);
    if (!(this.state.cr(4) & CR4_PSE)) return false;
    const withPat = (this.model.features & FEATURE_PAT) !== 0;
    if (level.name === 'PTE') return !withPat && (low & ENTRY_LARGE) !== 0;
    if (!large) return false;
    const address = this.model.features & FEATURE_PSE36 ? 0x3e0000 : 0x3fe000;
    return (low & (withPat ? address : address | 0x1000)) !== 0;
  }

  /** Intel SDM vol. 3A, 4.6: a supervisor write ignores R/W unless CR0.WP is set. */
  private permitted(rights: number, access: number): boolean {
    if (access & PAGE_USER && !(rights & ENTRY_USER)) return false;
    if (!(access & PAGE_WRITE) || rights & ENTRY_WRITE) return true;
    return !(access & PAGE_USER) && (this.state.cr(0) & CR0_WP) === 0;
  }

  private describe(
    linear: number,
    low: number,
    high: number,
    level: PagingLevel,
    rights: number,
    large: boolean,
  ): Translation {
    const found = this.found;
    found.physical = this.pageAddress(low, high, linear, level, large);
    found.user = (rights & ENTRY_USER) !== 0;
    found.writable = (rights & ENTRY_WRITE) !== 0;
    found.dirty = (low & ENTRY_DIRTY) !== 0;
    found.global = (low & ENTRY_GLOBAL) !== 0 && (this.state.cr(4) & CR4_PGE) !== 0;
    found.large = large;
    return found;
  }

  /** Physical address of a linear one in the page that `entry` maps; PSE-36 keeps bits 32-35 in bits 13-16. */
  private pageAddress(low: number, high: number, linear: number, level: PagingLevel, large: boolean): number {
    const offset = (1 << level.shift) - 1;
    const below = ((low & 0xfffff000 & ~offset) | (linear & offset)) >>> 0;
    const pse36 = large && level.entryShift === 2 && this.model.features & FEATURE_PSE36;
    const above = pse36 ? (low >>> 13) & 0xf : high & HIGH_ADDRESS;
    return above === 0 ? below : above * FOUR_GIB + below;
  }

  private refuse(linear: number, errorCode: number): undefined {
    this.state.setCr(2, linear);
    this.refusal = errorCode;
    return undefined;
  }
}

/** Physical address of the table that an entry names. */
function tableAddress(low: number, high: number): number {
  const below = (low & 0xfffff000) >>> 0;
  return high & HIGH_ADDRESS ? (high & HIGH_ADDRESS) * FOUR_GIB + below : below;
}

function describeStep(
  name: WalkStep['name'],
  address: number,
  { low, high }: { readonly low: number; readonly high: number },
  leaf: boolean,
  large: boolean,
  span: number,
): WalkStep {
  return {
    name,
    address,
    entry: high * FOUR_GIB + low,
    present: (low & ENTRY_PRESENT) !== 0,
    writable: (low & ENTRY_WRITE) !== 0,
    user: (low & ENTRY_USER) !== 0,
    accessed: (low & ENTRY_ACCESSED) !== 0,
    dirty: leaf && (low & ENTRY_DIRTY) !== 0,
    global: leaf && (low & ENTRY_GLOBAL) !== 0,
    large,
    span,
  };
}
