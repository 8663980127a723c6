import { CR4_PAE, CR4_PGE } from '../../../machine/cpu/control-bits';
import { Fault, Vector } from '../../../machine/cpu/fault';
import { PageKind } from '../../../machine/memory/physical';
import type { GuestMachine } from '../../guest-machine';
import type { VmiOptions } from '../options';
import type { MonitorPart, Report } from '../part';
import { type EntryValue, isPresent, readEntry, writeEntry } from './entry';
import { EntryPointers } from './entry-pointers';
import * as flag from './flags';
import { LAZY_CPU, LAZY_MMU, LAZY_NONE, LazyUpdates } from './lazy-updates';
import { LinearMappings } from './linear-mappings';
import { PageChecks } from './page-checks';
import { levelOf } from './page-types';
import { changesMapping } from './raw-writes';

/** Flags of FlushTLB. */
const FLUSH_TLB = 1;
const FLUSH_GLOBAL = 2;

/** Bytes of the pointer table that CR3 names with PAE. */
const POINTER_TABLE_BYTES = 32;

/** Entries of another page that AllocatePage takes over. */
interface PageClone {
  readonly frame: number;
  /** First entry, and how many. */
  readonly start: number;
  readonly count: number;
}

/** Calls by which a guest tells of its page tables: without one of them it cannot keep to the rules. */
const TELLING = ['SetPxE', 'SetPxELong', 'UpdatePxE', 'UpdatePxELong', 'AllocatePage', 'ReleasePage'];

function checksPages({ checkPages, answers }: Pick<VmiOptions, 'checkPages' | 'answers'>): boolean {
  const isThere = (call: string): boolean => answers[call] !== 'none' && answers[call] !== 'nop';
  return checkPages === 'report' && TELLING.every(isThere);
}

/**
 * VMI's MMU calls. The processor walks the guest's own tables, so there is nothing to shadow: a call stores, drops stale
 * translations, and keeps books of which page is what.
 */
export class VmiMmu implements MonitorPart {
  readonly name = 'mmu';
  private readonly mappings = new LinearMappings();
  private readonly lazy: LazyUpdates;
  private readonly pointers: EntryPointers;
  private readonly checks: PageChecks | undefined;
  private readonly parts: readonly MonitorPart[];

  /** @param place where the guest is, in words */
  constructor(
    private readonly machine: GuestMachine,
    private readonly report: Report,
    private readonly place: () => string,
    options: Pick<VmiOptions, 'checkPages' | 'answers'>,
  ) {
    this.lazy = new LazyUpdates(machine, (address) => this.entryChanged(address));
    this.pointers = new EntryPointers(machine, this.mappings, report, () => this.lazy.storeAll());
    this.checks = checksPages(options) ? new PageChecks(machine, report, place) : undefined;
    this.parts = [this.mappings, this.lazy, ...(this.checks ? [this.checks] : [])];
    machine.cpu.mmu.observer = {
      pageFault: () => this.lazy.storeAll(),
      directoryLoad: (cr3) => this.directoryLoad(cr3),
      watchedWrite: (physical, width, value) => this.checks?.watchedWrite(physical, width, value),
    };
  }

  /**
   * SetPxE, SetPxELong.
   * @param linear address of the entry in the guest's kernel
   * @throws Fault #PF, #GP(0) for an address where no entry can be; #GP(0) for a PAE pointer with reserved bits
   */
  setEntry(call: string, linear: number, wide: boolean, value: EntryValue, flags: number): void {
    const address = this.locate(call, linear, wide, true);
    this.checkLevel(call, flags);
    if (flags & flag.PAGE_PDP && wide) this.checkPointer(call, value);
    this.checks?.entrySet(address, wide, levelOf(flags) ?? flag.PAGE_PT, value);
    if (flags & flag.ENTRY_DEFER && this.lazy.mode === LAZY_MMU) {
      this.lazy.deferStore(address, wide, value);
    } else {
      this.lazy.storeAll();
      writeEntry(this.machine.memory, address, wide, value);
      this.entryChanged(address);
    }
    this.dropTranslation(flags);
  }

  /** UpdatePxE, UpdatePxELong: the guest has written the entry itself. @throws Fault as `setEntry` */
  updateEntry(call: string, linear: number, wide: boolean, flags: number): void {
    const address = this.locate(call, linear, wide, false);
    this.checkLevel(call, flags);
    this.lazy.storeAll();
    const value = readEntry(this.machine.memory, address, wide);
    this.checks?.entrySet(address, wide, levelOf(flags) ?? flag.PAGE_PT, value);
    this.entryChanged(address);
    this.dropTranslation(flags);
  }

  /** AllocatePage. @throws Fault #GP(0) for frames that are not RAM */
  allocate(frame: number, flags: number, clone: PageClone | undefined): void {
    this.lazy.storeAll();
    this.checkFrame('AllocatePage', frame);
    this.checks?.allocated(frame, flags);
    if (clone) this.cloneEntries(frame, (flags & flag.PAGE_PAE) !== 0, clone);
  }

  /** ReleasePage. @throws Fault #GP(0) for a frame that is not RAM */
  release(frame: number, flags: number): void {
    this.lazy.storeAll();
    this.checkFrame('ReleasePage', frame);
    this.checks?.released(frame, flags);
  }

  /** InvalPage. */
  invalidate(linear: number): void {
    this.flushPoint();
    this.machine.cpu.mmu.invalidate(linear);
  }

  /** FlushTLB. */
  flush(what: number): void {
    this.flushPoint();
    if (what === 0 || what & ~(FLUSH_TLB | FLUSH_GLOBAL)) {
      const meaning = 'which is neither 1 nor 3: everything is flushed';
      this.report('vmi-flush-flags', `FlushTLB with 0x${what.toString(16)} ${this.place()}, ${meaning}`);
    }
    const keepGlobal = what === FLUSH_TLB && (this.machine.cpu.state.cr(4) & CR4_PGE) !== 0;
    this.machine.cpu.mmu.flush(keepGlobal);
  }

  /** SetLinearMapping: a hint, which is ignored with a report if it makes no sense. */
  setLinearMapping(slot: number, address: number, pages: number, frame: number): void {
    const fault = this.mappings.set(slot, address, pages, frame);
    if (!fault) return;
    const what = `SetLinearMapping ${slot}, 0x${address.toString(16)}, ${pages} pages, frame 0x${frame.toString(16)}`;
    this.report('vmi-linear-mapping', `${what} ${this.place()}: ${fault}; ignored`);
  }

  /** SetLazyMode: whatever waits takes effect first. A mode that does not exist is reported and means 0. */
  setLazyMode(mode: number): void {
    this.flushPoint();
    const known = mode === LAZY_MMU || mode === LAZY_CPU || mode === LAZY_NONE;
    if (!known) this.report('vmi-lazy-mode', `SetLazyMode ${mode} ${this.place()}: there is no such mode; 0 is taken`);
    this.lazy.mode = known ? mode : LAZY_NONE;
  }

  reset(): void {
    for (const part of this.parts) part.reset();
  }

  save(): unknown {
    return Object.fromEntries(this.parts.map((part) => [part.name, part.save()]));
  }

  load(state: unknown): void {
    for (const part of this.parts) part.load((state as Record<string, unknown>)[part.name]);
  }

  private get pae(): boolean {
    return (this.machine.cpu.state.cr(4) & CR4_PAE) !== 0;
  }

  /** Everything that waits takes effect, and the guest must have told of what it wrote itself. */
  private flushPoint(): void {
    this.lazy.settle();
    this.checks?.flushPoint();
  }

  /** A load of CR3 drops translations by itself, and may come in the middle of an instruction. */
  private directoryLoad(cr3: number): void {
    this.lazy.storeAll();
    this.checks?.directoryLoad(cr3);
  }

  private locate(call: string, linear: number, wide: boolean, write: boolean): number {
    return this.pointers.locate(linear, wide ? 8 : 4, write, `${call} ${this.place()}`);
  }

  private checkLevel(call: string, flags: number): void {
    if (levelOf(flags & flag.PAGE_LEVELS)) return;
    const meaning = 'which name no one level: PT is taken';
    this.report('vmi-entry-level', `${call} ${this.place()} with flags 0x${flags.toString(16)}, ${meaning}`);
  }

  private checkPointer(call: string, value: EntryValue): void {
    const reserved = value.low & flag.POINTER_RESERVED || value.high & flag.POINTER_RESERVED_HIGH;
    if (!isPresent(value) || !reserved) return;
    this.report('vmi-entry-pointer', `${call} ${this.place()}: a PAE pointer with reserved bits set: #GP(0)`);
    throw new Fault(Vector.GP, 0);
  }

  /** With PAE the processor keeps the four pointers of CR3: after a change they are read again at once. */
  private entryChanged(address: number): void {
    const { mmu, state } = this.machine.cpu;
    const table = (state.cr(3) & -POINTER_TABLE_BYTES) >>> 0;
    if (!this.pae || !state.paging || address < table || address >= table + POINTER_TABLE_BYTES) return;
    try {
      mmu.loadPointers();
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      this.report('vmi-pointers', `a PAE pointer of CR3 has reserved bits set ${this.place()}: the old ones stay`);
    }
  }

  /** Only the current address space has translations, and only CURRENT_AS says for which address. */
  private dropTranslation(flags: number): void {
    if (!(flags & flag.ENTRY_CURRENT_AS)) return;
    const linear = (flags & 0xfffff000) >>> 0;
    if (flags & flag.ENTRY_DEFER) this.lazy.deferInvalidation(linear);
    else if (flags & (flag.PAGE_PD | flag.PAGE_PDP)) this.machine.cpu.mmu.flush();
    else this.machine.cpu.mmu.invalidate(linear);
  }

  private checkFrame(call: string, frame: number): void {
    const { memory } = this.machine;
    if (frame < 0x100000 && memory.kindOf(frame * 0x1000) === PageKind.Ram) return;
    this.report('vmi-page-frame', `${call} ${this.place()}: frame 0x${frame.toString(16)} is not RAM: #GP(0)`);
    throw new Fault(Vector.GP, 0);
  }

  /**
   * Takes over entries that the guest has not copied itself. Linux copies them before it calls, so that nothing is left
   * to do; a page that disagrees with its model keeps what it has, and is reported.
   */
  private cloneEntries(frame: number, wide: boolean, { frame: model, start, count }: PageClone): void {
    this.checkFrame('AllocatePage', model);
    const { memory } = this.machine;
    const size = wide ? 8 : 4;
    const entries = 0x1000 / size;
    if (start + count > entries) {
      const range = `entries ${start} to ${start + count} of ${entries}`;
      this.report('vmi-clone-range', `AllocatePage ${this.place()} is to clone ${range}: those that exist are taken`);
    }
    for (let i = start; i < Math.min(entries, start + count); i++) {
      const address = frame * 0x1000 + i * size;
      const wanted = readEntry(memory, model * 0x1000 + i * size, wide);
      const present = readEntry(memory, address, wide);
      if (present.low === 0 && present.high === 0) writeEntry(memory, address, wide, wanted);
      else if (changesMapping(present, wanted)) this.reportClone(frame, model, i);
    }
  }

  private reportClone(frame: number, model: number, entry: number): void {
    const pages = `page 0x${(frame * 0x1000).toString(16)} and its model 0x${(model * 0x1000).toString(16)}`;
    this.report('vmi-clone-differs', `AllocatePage ${this.place()}: ${pages} disagree in entry ${entry}, which stays`);
  }
}
