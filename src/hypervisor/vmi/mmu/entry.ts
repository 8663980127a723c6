import type { PhysicalMemory } from '../../../machine/memory/physical';
import { ENTRY_ACCESSED, ENTRY_DIRTY, ENTRY_PRESENT } from './flags';

/** A paging entry's value; `high` is 0 for one of 32 bits. */
export interface EntryValue {
  readonly low: number;
  readonly high: number;
}

export const isPresent = ({ low }: EntryValue): boolean => (low & ENTRY_PRESENT) !== 0;

/** Frame that an entry leads to. */
export const frameOf = ({ low, high }: EntryValue): number => (high & 0xf) * 0x100000 + (low >>> 12);

/** Reads an entry in RAM. @param wide whether it has 64 bits */
export function readEntry(memory: PhysicalMemory, address: number, wide: boolean): EntryValue {
  const bytes = memory.peek(address, wide ? 8 : 4);
  const dword = (at: number): number =>
    (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
  return { low: dword(0), high: wide ? dword(4) : 0 };
}

/** Stores an entry in RAM. One of 64 bits is never present with halves of two values. */
export function writeEntry(memory: PhysicalMemory, address: number, wide: boolean, { low, high }: EntryValue): void {
  if (wide) {
    memory.write(address, 4, 0);
    memory.write(address + 4, 4, high);
  }
  memory.write(address, 4, low);
}

/**
 * The value to store for one that had to wait: accessed and dirty bits that the processor has set in the meantime stay
 * set if the entry goes on mapping the same frame.
 * @param before what the entry was when the guest asked for the new value
 * @param now what it is
 */
export function withMarks(wanted: EntryValue, before: EntryValue, now: EntryValue): EntryValue {
  if (!isPresent(wanted) || !isPresent(now) || frameOf(wanted) !== frameOf(now)) return wanted;
  const marks = now.low & ~before.low & (ENTRY_ACCESSED | ENTRY_DIRTY);
  return { low: (wanted.low | marks) >>> 0, high: wanted.high };
}
