import { FLAG_RF, FLAG_VM } from '../../../src/machine/layout';
import { CODE, PAGE_DIRECTORY, STACKS, TSS_CASE_SELECTOR, WINDOW } from '../recorder/layout';
import type { RecordedEvent } from '../recorder/record';
import { TSS16_ENTRY } from './fields';

/** A u32 of the window that differs. */
export interface MemoryPlace {
  readonly offset: number;
  readonly difference: number;
}

/** What is known where two processors part. */
export interface Parting {
  /** Our events and the reference's. */
  readonly ours: readonly RecordedEvent[];
  readonly theirs: readonly RecordedEvent[];
  /** Index of the first event that differs; the number of events if only memory does. */
  readonly event: number;
  /** Offsets in the window of the u32 that differ, where only memory does. */
  readonly memory: readonly MemoryPlace[];
  /** True if one of our faults was for a segment limit or type. */
  readonly segmentFault: boolean;
  /** The program's instructions. */
  readonly mnemonics: readonly string[];
}

/** A known deviation of a reference: cases that part by it are counted, not reported. */
export interface Rule {
  readonly name: string;
  readonly reason: string;
  explains(parting: Parting): boolean;
}

/** A processor that ours is compared with, and what is known to be otherwise there. */
export interface Reference {
  readonly name: string;
  /** Bits of an event's fields that are not compared, by field. */
  readonly ignored: Readonly<Record<string, number>>;
  /** Bits of memory that are not compared. */
  readonly ignoredMemory: number;
  readonly rules: readonly Rule[];
}

const taskOf = (events: readonly RecordedEvent[], i: number) => (i < 0 ? TSS_CASE_SELECTOR : events[i]?.task);
const STEP = 1;
const DOUBLE_FAULT = 8;
const ACCESSED = 0x100;
const TABLES_END = 0x500;

const isAccessedBit = ({ offset, difference }: MemoryPlace) => offset < TABLES_END && difference === ACCESSED;
/** Accessed and dirty bits of page table entries. */
const isPageBit = ({ offset, difference }: MemoryPlace) =>
  offset >= PAGE_DIRECTORY && offset < CODE && (difference & ~0x60) === 0;
const isOnStack = ({ offset }: MemoryPlace) => offset >= STACKS && offset < STACKS + 0x1000;

/** Where the program, the landing pads and code segments over the code page are; all else nobody has generated. */
function isAstray(event: RecordedEvent | undefined): boolean {
  if (!event || event.task >> 3 === TSS16_ENTRY) return false;
  const page = event.tss[8] >>> 12;
  return page !== 0 && page !== (WINDOW + CODE) >>> 12;
}

const ASTRAY: Rule = {
  name: 'astray',
  reason: 'a transfer has led into bytes that are not code: they may be any instruction, of devices among them',
  explains: ({ ours, theirs, event }) =>
    [ours[event - 1], ours[event], theirs[event]].some(isAstray) || ours.slice(0, event).some(isAstray),
};

export const QEMU: Reference = {
  name: 'qemu',
  // TCG saves EFLAGS as they are when it delivers a fault, without RF (target/i386/tcg/seg_helper.c).
  ignored: { eflags: FLAG_RF },
  ignoredMemory: FLAG_RF,
  rules: [
    ASTRAY,
    {
      name: 'segment limits',
      reason: 'TCG checks neither limits nor types of segments when memory is accessed',
      explains: ({ segmentFault }) => segmentFault,
    },
  ],
};

export const BOCHS: Reference = {
  name: 'bochs',
  ignored: {},
  ignoredMemory: 0,
  rules: [
    ASTRAY,
    {
      name: 'step into a task',
      reason: 'a task switch drops the single-step trap of the instruction that caused it',
      explains: ({ ours, event }) => ours[event]?.vector === STEP && taskOf(ours, event) !== taskOf(ours, event - 1),
    },
    {
      name: 'accessed bits',
      reason: 'they are set in another order when a transfer or a task switch is refused half way',
      explains: ({ memory }) => memory.length > 0 && memory.every(isAccessedBit),
    },
    {
      name: 'partial frames',
      reason: 'values are pushed one by one before a stack turns out to be too small; the manual checks for room first',
      explains: ({ ours, memory }) =>
        memory.length > 0 &&
        memory.every((place) => isAccessedBit(place) || isPageBit(place) || isOnStack(place)) &&
        ours.some(({ vector }) => vector === DOUBLE_FAULT),
    },
    {
      name: 'near call',
      reason:
        'the return address is pushed before the target is compared with the limit of CS; the manual has it the other way',
      explains: ({ memory, mnemonics }) =>
        memory.length > 0 && mnemonics.includes('CALL') && memory.filter((place) => !isPageBit(place)).length <= 1,
    },
    {
      name: 'V86 far return',
      reason: 'an offset above FFFF is taken by RETF and IRET with 32-bit operands; the manual has #GP(0)',
      explains: ({ theirs, event }) =>
        theirs[event] !== undefined && (theirs[event].tss[9] & FLAG_VM) !== 0 && theirs[event].tss[8] > 0xffff,
    },
  ],
};
