import { FLAG_RF, FLAG_VM } from '../../../src/machine/layout';
import { CODE, PAGE_DIRECTORY, STACKS, TSS_CASE_SELECTOR, TSS_MAIN, WINDOW } from '../recorder/layout';
import type { RecordedEvent } from '../recorder/record';
import { TSS_FIELDS } from '../recorder/window';
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
  /** Differing bits by field, where the two part at an event. */
  readonly fields: ReadonlyMap<string, number>;
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
  /** RF is not compared at a step between two iterations of a repeated instruction. */
  readonly noRepeatFlag?: boolean;
  /** Bits of the u32 at an offset in the window that are not compared. */
  ignoredMemory(offset: number): number;
  readonly rules: readonly Rule[];
}

const taskOf = (events: readonly RecordedEvent[], i: number) => (i < 0 ? TSS_CASE_SELECTOR : events[i]?.task);
const STEP = 1;
const EFLAGS = 9;
const CS = 19;
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
  // B0 to B3 of DR6 are set for addresses that match but are not enabled in DR7.
  ignored: { eflags: FLAG_RF, dr6: 0xf },
  // Accessed bits of code and data descriptors are set by some loads of segment registers and not by others.
  ignoredMemory: (offset) => (offset < TABLES_END ? FLAG_RF | ACCESSED : FLAG_RF),
  rules: [
    ASTRAY,
    {
      name: 'segment limits',
      reason: 'TCG checks neither limits nor types of segments when memory is accessed',
      explains: ({ segmentFault }) => segmentFault,
    },
    {
      name: 'step after STI, LSS',
      reason: 'no single step after STI and LSS; on processors that is so after MOV SS and POP SS only',
      explains: ({ ours, theirs, event }) =>
        ours[event]?.vector === STEP && theirs[event]?.vector === STEP && theirs[event].tss[8] > ours[event].tss[8],
    },
    {
      name: 'RPL of conforming code',
      reason: 'a call gate to conforming code leaves RPL 0 in CS; it has to be CPL',
      explains: ({ fields }) => fields.size === 1 && (fields.get('cs') ?? 4) < 4,
    },
    {
      name: 'gates out of V86 mode',
      reason: 'an interrupt in V86 mode may lead to levels 1 to 3; the manual has #GP with the selector',
      explains: ({ ours, theirs, event }) =>
        theirs[event] !== undefined &&
        (theirs[event].tss[CS] & 3) !== 0 &&
        ours.slice(0, event + 1).some(({ tss }) => (tss[EFLAGS] & FLAG_VM) !== 0),
    },
    {
      name: 'read before write',
      reason:
        'instructions that change memory fault as reads, with W clear in the error code; on processors they are writes',
      explains: ({ memory }) =>
        memory.length > 0 && memory.every((place) => isOnStack(place) && place.difference === 2),
    },
    {
      name: 'selectors on the stack',
      reason: 'PUSH of a segment register with 32-bit operands writes zeros above the selector',
      explains: ({ memory }) =>
        memory.length > 0 && memory.every((place) => isOnStack(place) && (place.difference & 0xffff) === 0),
    },
    {
      name: 'LAR',
      reason: 'bits 16 to 19 of the result, undefined in the manual, are zero; on processors they are the limit',
      explains: ({ fields, mnemonics }) =>
        mnemonics.includes('LAR') && fields.size > 0 && [...fields.values()].every((bits) => (bits & ~0xf0000) === 0),
    },
  ],
};

export const BOCHS: Reference = {
  name: 'bochs',
  ignored: {},
  // The manual has RF set in the image (vol. 3B, 18.3.1.1), Bochs does not set it.
  noRepeatFlag: true,
  // The case's EFLAGS where it is stopped for good between two iterations.
  ignoredMemory: (offset) => (offset === TSS_MAIN + TSS_FIELDS.eflags ? FLAG_RF : 0),
  rules: [
    ASTRAY,
    {
      name: 'step into a task',
      reason: 'a task switch drops the single-step trap of the instruction that caused it',
      explains: ({ ours, event }) => ours[event]?.vector === STEP && taskOf(ours, event) !== taskOf(ours, event - 1),
    },
    {
      name: 'order in a task switch',
      reason:
        'CS is checked after the data segments, and so are its accessed bit and error code; the manual has CS first',
      explains: ({ ours, event, mnemonics }) =>
        mnemonics.includes('LTR') ||
        ours.slice(0, event + 1).some(({ vector }, i) => vector !== STEP && taskOf(ours, i) !== taskOf(ours, i - 1)),
    },
    {
      name: 'CR2 of a far return',
      reason: 'CS is popped before EIP, and SS before both, so that a fault names an address up to 16 bytes higher',
      explains: ({ ours, theirs, event }) =>
        ours[event] !== undefined &&
        theirs[event] !== undefined &&
        (theirs[event].cr2 - ours[event].cr2) >>> 0 <= 16 &&
        theirs[event].cr2 !== ours[event].cr2,
    },
    {
      name: 'accessed bits',
      reason: 'they are set in another order when a transfer or a task switch is refused half way',
      explains: ({ memory }) => memory.length > 0 && memory.every(isAccessedBit),
    },
    {
      name: 'partial frames',
      reason: 'values are pushed one by one before a stack turns out to be too small; the manual checks for room first',
      explains: ({ ours, fields, memory }) =>
        ours.some(({ vector }) => vector === DOUBLE_FAULT) &&
        (memory.length > 0 || (fields.size === 1 && fields.has('cr2'))) &&
        memory.every((place) => isAccessedBit(place) || isPageBit(place) || isOnStack(place)),
    },
    {
      name: 'accessed page directory entries',
      reason: 'the bit is not set where the page table entry then refuses; the manual leaves that open',
      explains: ({ memory }) => memory.length > 0 && memory.every(isPageBit),
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
