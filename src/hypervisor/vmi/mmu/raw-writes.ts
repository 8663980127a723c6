import type { PhysicalMemory } from '../../../machine/memory/physical';
import { type EntryValue, isPresent, readEntry } from './entry';
import { ENTRY_INCIDENTAL, ENTRY_PRESENT } from './flags';

/** Entries remembered at most: a guest that changes more without a word is told of these. */
const CAPACITY = 4096;

/** An entry that the guest has written itself and not told of yet. */
export interface RawWrite {
  /** Physical address of the entry. */
  readonly address: number;
  readonly wide: boolean;
  /** What it was before the first such write. */
  readonly before: EntryValue;
  /** Where the guest was, in words. */
  readonly place: string;
}

/** True if a mapping was made, changed or taken away; accessed, dirty and the guest's own bits do not count. */
export function changesMapping(before: EntryValue, now: EntryValue): boolean {
  if (!isPresent(before) && !isPresent(now)) return false;
  return ((before.low ^ now.low) & ~ENTRY_INCIDENTAL) !== 0 || before.high !== now.high;
}

/** Entries in page-table pages that the guest has written itself, up to the UpdatePxE that has to follow. */
export class RawWrites {
  private entries = new Map<number, RawWrite>();

  /**
   * Takes note of a write before it happens. Entries that are not present and stay so are the guest's own affair.
   * @param width bytes of the write, which stays within a page
   */
  note(
    memory: PhysicalMemory,
    written: { physical: number; width: number; value: number },
    wide: boolean,
    place: () => string,
  ): void {
    const size = wide ? 8 : 4;
    const last = written.physical + written.width - 1;
    for (let address = written.physical - (written.physical % size); address <= last; address += size) {
      if (this.entries.has(address) || this.entries.size >= CAPACITY) continue;
      const before = readEntry(memory, address, wide);
      const low = merge(before.low, address, written);
      if (isPresent(before) || low & ENTRY_PRESENT)
        this.entries.set(address, { address, wide, before, place: place() });
    }
  }

  /** The guest has told of an entry, or the hypervisor has written it. */
  settle(address: number): void {
    this.entries.delete(address);
  }

  /** Forgets, and gives, what a frame holds. */
  takeFrame(frame: number): RawWrite[] {
    const found = [...this.entries.values()].filter(({ address }) => address >>> 12 === frame);
    for (const { address } of found) this.entries.delete(address);
    return found;
  }

  /** Remembers an entry again that was taken. */
  putBack(write: RawWrite): void {
    this.entries.set(write.address, write);
  }

  /** Frames with such entries. */
  frames(): number[] {
    return [...new Set([...this.entries.keys()].map((address) => address >>> 12))];
  }

  get empty(): boolean {
    return this.entries.size === 0;
  }

  clear(): void {
    this.entries.clear();
  }

  save(): readonly RawWrite[] {
    return [...this.entries.values()];
  }

  load(state: readonly RawWrite[]): void {
    this.entries = new Map(state.map((write) => [write.address, write]));
  }
}

/** Low half of the entry at `address` once a write is done. */
function merge(
  low: number,
  address: number,
  { physical, width, value }: { physical: number; width: number; value: number },
): number {
  let merged = low;
  for (let i = 0; i < width; i++) {
    const byte = physical + i - address;
    if (byte < 0 || byte > 3) continue;
    merged = (merged & ~(0xff << (8 * byte))) | (((value >>> (8 * i)) & 0xff) << (8 * byte));
  }
  return merged >>> 0;
}
