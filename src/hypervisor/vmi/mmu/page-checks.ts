import { CR4_PAE, CR4_PSE } from '../../../machine/cpu/control-bits';
import * as layout from '../../../machine/layout';
import { PageKind } from '../../../machine/memory/physical';
import type { GuestMachine } from '../../guest-machine';
import type { MonitorPart, Report } from '../part';
import { type EntryValue, frameOf, isPresent, readEntry } from './entry';
import { ENTRY_LARGE, ENTRY_PRESENT, PAGE_PAE, PAGE_PD, PAGE_PDP, PAGE_PT } from './flags';
import { levelName, levelOf, type PageLevel, type PageRecord, sameKind } from './page-types';
import { changesMapping, type RawWrite, RawWrites } from './raw-writes';

interface ChecksState {
  readonly active: boolean;
  readonly pages: readonly (readonly [frame: number, record: PageRecord])[];
  readonly rawWrites: readonly RawWrite[];
  readonly live: readonly number[];
}

/** Dwords in a page. */
const PAGE_DWORDS = 0x400;

const physicalName = (frame: number): string => `0x${(frame * 0x1000).toString(16)}`;
const entryName = ({ low, high }: EntryValue): string => `0x${high ? `${high.toString(16)}:` : ''}${low.toString(16)}`;

/**
 * Keeps the books of which frame is what to the page tables, as a hypervisor with shadow tables has to, and finds where
 * the guest breaks the rules (VMI-ABI sections 6 and 8): each kind is reported once, with its place.
 */
export class PageChecks implements MonitorPart {
  readonly name = 'pageChecks';
  private active = false;
  private readonly pages = new Map<number, PageRecord>();
  private readonly rawWrites = new RawWrites();
  /** Frames that were given a mapping by a call while they held entries that the guest has written itself. */
  private readonly live = new Set<number>();

  /** @param place where the guest is, in words */
  constructor(
    private readonly machine: GuestMachine,
    private readonly report: Report,
    private readonly place: () => string,
  ) {}

  /** AllocatePage. */
  allocated(frame: number, flags: number): void {
    this.start();
    const level = levelOf(flags);
    if (!level) {
      this.complain('vmi-page-level', `AllocatePage with flags 0x${flags.toString(16)}, which name no one level`);
      return;
    }
    const known = this.pages.get(frame);
    if (known && !known.adopted && !sameKind(known.level, level)) {
      const twice = `was allocated as ${levelName(known.level)} and now as ${levelName(level)}, without ReleasePage`;
      this.complain('vmi-page-retyped', `page ${physicalName(frame)} ${twice}`);
    }
    if (level === PAGE_PT && this.roots().includes(frame)) this.complainOfLevels(frame, level, PAGE_PD);
    this.forget(frame);
    this.record(frame, { level, wide: (flags & PAGE_PAE) !== 0, adopted: false });
  }

  /** ReleasePage. */
  released(frame: number, flags: number): void {
    this.start();
    const level = levelOf(flags);
    const known = this.pages.get(frame);
    const page = `page ${physicalName(frame)}`;
    if (!known) {
      this.complain('vmi-page-not-allocated', `${page} is released but was never allocated`);
      return;
    }
    if (level && !sameKind(known.level, level)) {
      const types = `as ${levelName(level)} but was allocated as ${levelName(known.level)}`;
      this.complain('vmi-page-release-type', `${page} is released ${types}`);
    }
    const user = this.userOf(frame);
    if (user) this.complain('vmi-page-in-use', `${page}, a ${levelName(known.level)}, is released while ${user}`);
    this.forget(frame);
  }

  /**
   * SetPxE stores a value, or UpdatePxE has found one.
   * @param address physical address of the entry
   * @param level as the guest's flags have it: Linux says PT for directory entries, too (2.6.32, set_pte)
   */
  entrySet(address: number, wide: boolean, level: PageLevel, value: EntryValue): void {
    this.start();
    this.rawWrites.settle(address);
    if (!isPresent(value)) return;
    const frame = address >>> 12;
    if (this.rawWrites.frames().includes(frame)) this.live.add(frame);
    const known = this.pages.get(frame);
    // Several pointer tables of 32 bytes may share a page, which then is not allocated at all.
    if (level === PAGE_PDP || (this.pae && frame === this.rootFrame)) {
      if (known?.level === PAGE_PD) this.record(frame, { ...known, level: PAGE_PDP });
      return;
    }
    if (!known) {
      const what = `entry ${entryName(value)} is set in page ${physicalName(frame)}`;
      this.complain('vmi-page-unallocated', `${what}, which was never allocated as a page table`);
      return;
    }
    if (known.level === PAGE_PD && !this.isLarge(value, wide)) this.checkLink(frame, value);
  }

  /** CR3 is about to be loaded. */
  directoryLoad(cr3: number): void {
    if (!this.active) return;
    this.flushPoint();
    const frame = cr3 >>> 12;
    const known = this.pages.get(frame);
    if (known?.level === PAGE_PT) {
      this.complain('vmi-page-root', `CR3 is loaded with page ${physicalName(frame)}, a ${levelName(PAGE_PT)}`);
    } else if (this.pae) {
      if (known?.level === PAGE_PD) this.record(frame, { ...known, level: PAGE_PDP });
    } else if (!known) {
      const what = `CR3 is loaded with page ${physicalName(frame)}`;
      this.complain('vmi-page-root', `${what}, which was never allocated as a page directory`);
    } else if (known.suspect) {
      this.complainOfWrite(frame, known.level, `was written ${known.suspect}`);
      this.record(frame, { level: known.level, wide: known.wide, adopted: known.adopted });
    }
  }

  /** The guest is about to write to a page that is watched. */
  watchedWrite(physical: number, width: number, value: number): void {
    const known = this.pages.get(physical >>> 12);
    if (known) this.rawWrites.note(this.machine.memory, { physical, width, value }, known.wide, this.place);
  }

  /** By now the guest must have told of all entries that it has written itself. */
  flushPoint(): void {
    if (this.rawWrites.empty) return;
    for (const frame of this.rawWrites.frames()) this.settleFrame(frame);
  }

  reset(): void {
    this.active = false;
    this.pages.clear();
    this.rawWrites.clear();
    this.live.clear();
    this.machine.cpu.mmu.unwatchWrites();
  }

  save(): ChecksState {
    return { active: this.active, pages: [...this.pages], rawWrites: this.rawWrites.save(), live: [...this.live] };
  }

  load(state: unknown): void {
    const { active, pages, rawWrites, live } = state as ChecksState;
    this.reset();
    this.active = active;
    for (const [frame, record] of pages) this.record(frame, record);
    this.rawWrites.load(rawWrites);
    for (const frame of live) this.live.add(frame);
  }

  // --- the books ---

  /**
   * The guest makes a call for page tables. From the first one on it is held to the rules; tables in use by then need
   * not be announced. A guest that makes none looks after its tables itself, and the processor follows it.
   */
  private start(): void {
    const { state } = this.machine.cpu;
    if (this.active) return;
    this.active = true;
    if (!state.paging) return;
    const wide = this.pae;
    for (const directory of this.roots().filter((frame) => this.isRam(frame))) {
      this.record(directory, { level: PAGE_PD, wide, adopted: true });
      for (const table of this.tablesOf(directory, wide)) this.record(table, { level: PAGE_PT, wide, adopted: true });
    }
  }

  private get pae(): boolean {
    return (this.machine.cpu.state.cr(4) & CR4_PAE) !== 0;
  }

  private get rootFrame(): number {
    return this.machine.cpu.state.cr(3) >>> 12;
  }

  /** Frames of the page directories in force. */
  private roots(): number[] {
    const { state } = this.machine.cpu;
    if (!state.paging) return [];
    if (!this.pae) return [this.rootFrame];
    const pointers = [0, 1, 2, 3].map((i) => ({
      low: state.get(layout.PDPTE + 8 * i),
      high: state.get(layout.PDPTE + 8 * i + 4),
    }));
    return [...new Set(pointers.filter(isPresent).map(frameOf))];
  }

  /** Frames of the page tables that a directory leads to. */
  private tablesOf(directory: number, wide: boolean): number[] {
    const tables = new Set<number>();
    const step = wide ? 8 : 4;
    for (let at = 0; at < 0x1000; at += step) {
      const entry = readEntry(this.machine.memory, directory * 0x1000 + at, wide);
      if (isPresent(entry) && !this.isLarge(entry, wide)) tables.add(frameOf(entry));
    }
    return [...tables];
  }

  private isLarge({ low }: EntryValue, wide: boolean): boolean {
    return (low & ENTRY_LARGE) !== 0 && (wide || (this.machine.cpu.state.cr(4) & CR4_PSE) !== 0);
  }

  private record(frame: number, record: PageRecord): void {
    this.pages.set(frame, record);
    this.watch(frame, record.level !== PAGE_PDP && !record.suspect);
  }

  private forget(frame: number): void {
    this.rawWrites.takeFrame(frame);
    this.live.delete(frame);
    this.pages.delete(frame);
    this.watch(frame, false);
  }

  private watch(frame: number, on: boolean): void {
    if (this.isRam(frame)) this.machine.cpu.mmu.watchWrites(frame * 0x1000, on);
  }

  private isRam(frame: number): boolean {
    return frame < 0x100000 && this.machine.memory.kindOf(frame * 0x1000) === PageKind.Ram;
  }

  // --- the rules ---

  /** A directory entry leads to a table, which must have been announced as one. */
  private checkLink(directory: number, value: EntryValue): void {
    const target = this.pages.get(frameOf(value));
    if (!target) {
      const what = `the directory ${physicalName(directory)} is given the page table ${physicalName(frameOf(value))}`;
      this.complain('vmi-page-link', `${what}, which was never allocated`);
    } else if (target.level !== PAGE_PT) {
      this.complainOfLevels(frameOf(value), PAGE_PT, target.level);
    }
  }

  private settleFrame(frame: number): void {
    const known = this.pages.get(frame);
    const wasLive = this.live.delete(frame);
    const changed = this.rawWrites
      .takeFrame(frame)
      .map((write) => ({ ...write, now: readEntry(this.machine.memory, write.address, write.wide) }))
      .filter(({ before, now }) => changesMapping(before, now));
    // Linux takes the mappings of a dying process away without a word (2.6.22-2.6.36, ptep_get_and_clear_full) and releases
    // the tables some time later. In a table that lives on it is a mistake.
    const kept = changed.filter(({ now }) => !isPresent(now) && !wasLive);
    for (const { address, wide, before, place } of kept) this.rawWrites.putBack({ address, wide, before, place });
    const wrong = changed.find((write) => !kept.includes(write));
    if (!known || !wrong) return;
    const { address, before, now, place } = wrong;
    // A directory that is not in use may be ordinary memory by now: some kernels free them without a word (2.6.25).
    if (known.level === PAGE_PD && !this.roots().includes(frame)) {
      this.record(frame, { ...known, suspect: place });
      return;
    }
    const entry = `entry 0x${address.toString(16)} became ${entryName(now)} from ${entryName(before)}`;
    this.complainOfWrite(frame, known.level, `was written ${place} (${entry})`);
  }

  /** Who still refers to a frame that is released, in words; undefined if nobody does. */
  private userOf(frame: number): string | undefined {
    const { state } = this.machine.cpu;
    if (state.paging && (this.rootFrame === frame || this.roots().includes(frame))) return 'CR3 still leads to it';
    for (const [directory, { level, wide, suspect }] of this.pages) {
      if (level !== PAGE_PD || suspect || directory === frame) continue;
      if (this.refersTo(directory, wide, frame)) return `the directory ${physicalName(directory)} still leads to it`;
    }
    return undefined;
  }

  private refersTo(directory: number, wide: boolean, frame: number): boolean {
    const { cpu, memory } = this.machine;
    const start = memory.hostPointer(directory * 0x1000) >>> 2;
    const step = wide ? 2 : 1;
    for (let i = start; i < start + PAGE_DWORDS; i += step) {
      const low = cpu.state.u32[i];
      if (!(low & ENTRY_PRESENT)) continue;
      const value = { low, high: wide ? cpu.state.u32[i + 1] : 0 };
      if (frameOf(value) === frame && !this.isLarge(value, wide)) return true;
    }
    return false;
  }

  private complainOfLevels(frame: number, one: PageLevel, other: PageLevel): void {
    const both = `${levelName(one)} and ${levelName(other)} at once`;
    this.complain('vmi-page-two-levels', `page ${physicalName(frame)} is used as ${both}`);
  }

  private complainOfWrite(frame: number, level: PageLevel, how: string): void {
    const what = `page ${physicalName(frame)}, a ${levelName(level)}, ${how} without UpdatePxE`;
    this.complain('vmi-page-raw-write', `${what}; found`);
  }

  private complain(kind: string, message: string): void {
    this.report(kind, `VMI: ${message} ${this.place()}`);
  }
}
