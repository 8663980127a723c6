import type { GuestMachine } from '../../guest-machine';
import type { MonitorPart } from '../part';
import { type EntryValue, readEntry, withMarks, writeEntry } from './entry';

/** SetLazyMode: nothing waits. */
export const LAZY_NONE = 0;
/** Page-table updates may wait. */
export const LAZY_MMU = 1;
/** A context switch is going on; of what it changes nothing waits here. */
export const LAZY_CPU = 2;

/** Stores and invalidations that wait at most; one more, and all take effect. */
const LAZY_CAPACITY = 64;

/** A store into a page table that waits. */
interface WaitingStore {
  readonly address: number;
  readonly wide: boolean;
  readonly wanted: EntryValue;
  /** What the entry was when the guest asked. */
  readonly before: EntryValue;
}

interface LazyState {
  readonly mode: number;
  readonly stores: readonly WaitingStore[];
  readonly invalidations: readonly number[];
}

/**
 * What SetPxE and UpdatePxE with DEFER leave for later. Stores wait in lazy mode 1 only, and become visible with
 * whatever comes first: the end of the mode, a flush or invalidation, a new CR3, a page fault, any other update. The
 * translations that they and UpdatePxE make stale are dropped at the same events, page faults excepted, where the
 * processor has no translation to drop.
 */
export class LazyUpdates implements MonitorPart {
  readonly name = 'lazyUpdates';
  mode: number = LAZY_NONE;
  private stores: WaitingStore[] = [];
  private readonly invalidations = new Set<number>();

  constructor(
    private readonly machine: GuestMachine,
    /** Told of every entry that was stored. */
    private readonly stored: (address: number) => void,
  ) {}

  /** Lets a store wait. */
  deferStore(address: number, wide: boolean, wanted: EntryValue): void {
    const { memory } = this.machine;
    // The first of several stores to one entry knows what the processor may have marked since.
    const earlier = this.stores.find((store) => store.address === address && store.wide === wide);
    const before = earlier?.before ?? readEntry(memory, address, wide);
    this.stores = this.stores.filter((store) => store !== earlier);
    this.stores.push({ address, wide, wanted, before });
    if (this.stores.length > LAZY_CAPACITY) this.settle();
  }

  /** Lets the invalidation of a linear address wait. */
  deferInvalidation(linear: number): void {
    this.invalidations.add(linear >>> 12);
    if (this.invalidations.size > LAZY_CAPACITY) this.settle();
  }

  /** Carries out the stores, in their order. @returns whether there were any */
  storeAll(): boolean {
    const { stores } = this;
    if (stores.length === 0) return false;
    this.stores = [];
    const { memory } = this.machine;
    for (const { address, wide, wanted, before } of stores) {
      writeEntry(memory, address, wide, withMarks(wanted, before, readEntry(memory, address, wide)));
      this.stored(address);
    }
    return true;
  }

  /** Everything that waits takes effect. */
  settle(): void {
    this.storeAll();
    for (const page of this.invalidations) this.machine.cpu.mmu.invalidate(page << 12);
    this.invalidations.clear();
  }

  reset(): void {
    this.mode = LAZY_NONE;
    this.stores = [];
    this.invalidations.clear();
  }

  save(): LazyState {
    return { mode: this.mode, stores: [...this.stores], invalidations: [...this.invalidations] };
  }

  load(state: unknown): void {
    const { mode, stores, invalidations } = state as LazyState;
    this.mode = mode;
    this.stores = [...stores];
    this.invalidations.clear();
    for (const page of invalidations) this.invalidations.add(page);
  }
}
