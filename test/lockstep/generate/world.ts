import { interesting, type Random } from '../../differential/support/random';
import {
  CODE,
  DATA,
  DATA_BYTES,
  FIRST_FREE_ENTRY,
  GDT,
  GDT_ENTRIES,
  HINTS,
  HINT_PAD,
  IDT,
  IDT_ENTRIES,
  LDT,
  LDT_ENTRIES,
  PAGE_DIRECTORY,
  PAGE_TABLE,
  STACKS,
  TSS_A,
  TSS_B,
  TSS_C,
  TSS_MAIN,
  TSS_MAIN_BYTES,
  WINDOW,
} from '../recorder/layout';
import {
  BIG,
  GRANULAR,
  INTERRUPT_GATE16,
  INTERRUPT_GATE32,
  LDT_TYPE,
  PRESENT,
  type Segment,
  TASK_GATE,
  TRAP_GATE32,
  TSS16,
  TSS32,
  TSS_FIELDS,
  Window,
} from '../recorder/window';
import {
  anySelector,
  CALL_GATES,
  codeSelector,
  dataSelector,
  FIRST_CALL_GATE,
  FIRST_RANDOM_ENTRY,
  FIRST_TASK_GATE,
  Kind,
  LDT_ENTRY,
  ringSelector,
  TASK_GATES,
  TSS_A_ENTRY,
  TSS_B_ENTRY,
  TSS_C_ENTRY,
} from './selectors';

/** Landing pads: where gates lead, in the upper half of the code page. */
const FIRST_PAD = 0x800;
export const PAD_BYTES = 0x20;
const PADS = 0x7f0 / PAD_BYTES;
const UD2 = [0x0f, 0x0b];

/** Linear address of the code page, base of the segments that lie over it. */
const CODE_BASE = WINDOW + CODE;
const DATA_BASE = WINDOW + DATA;
const STACK_BASE = WINDOW + STACKS;

/** Top of a ring's stack, as an offset in the stack page. */
export function stackTop(ring: number): number {
  return 0x400 * (ring + 1) - 0x40;
}

/** The offset that leads to a landing pad through a code selector. */
export function padOffset(random: Random, flat: boolean): number {
  return (flat ? CODE_BASE : 0) + FIRST_PAD + random.below(PADS) * PAD_BYTES;
}

/** True if a selector of `codeSelector` names a segment with base 0. */
function isFlat(selector: number): boolean {
  const entry = (selector >> 3) - FIRST_FREE_ENTRY;
  const kind: Kind = entry & 7;
  return entry < 0 || entry >= 32 || kind === Kind.FlatCode || kind === Kind.Conforming;
}

/** A code selector and an offset of a pad in it. */
export function farTarget(random: Random, ring: number): { selector: number; offset: number } {
  const selector = codeSelector(random, ring);
  return { selector, offset: padOffset(random, random.chance(0.97) === isFlat(selector)) };
}

function ringSegment(random: Random, ring: number, kind: Kind): Segment {
  // Paging is always on: it keeps programs within the window.
  const flat = { base: 0, limit: 0xfffff, flags: GRANULAR | BIG };
  const access = PRESENT | 0x10 | (ring << 5);
  const accessed = random.chance(0.5) ? 1 : 0;
  switch (kind) {
    case Kind.FlatCode:
      return { ...flat, access: access | 0xa | accessed };
    case Kind.FlatData:
      return { ...flat, access: access | 2 | accessed };
    case Kind.Code16:
      return { base: CODE_BASE, limit: 0xfff, access: access | 0xa | accessed, flags: 0 };
    case Kind.Data16:
      return { base: DATA_BASE, limit: random.pick([0xfff, 0x1fff, 0xffff]), access: access | 2 | accessed, flags: 0 };
    case Kind.Stack:
      return {
        base: STACK_BASE,
        limit: 0xfff,
        access: access | 2 | accessed,
        flags: random.chance(0.7) ? BIG : 0,
      };
    case Kind.Conforming:
      return { ...flat, access: access | 0xe | accessed };
    case Kind.ExecuteOnly:
      return { base: CODE_BASE, limit: 0xfff, access: access | 8 | accessed, flags: BIG };
    case Kind.Odd:
      return random.chance(0.5)
        ? { base: DATA_BASE, limit: 0x1fff, access: access | accessed, flags: BIG }
        : { base: DATA_BASE, limit: random.below(0x800), access: access | 6 | accessed, flags: random.pick([0, BIG]) };
  }
}

function randomSegment(random: Random): Segment {
  const system = random.chance(0.3);
  const access = system ? random.below(16) | (random.below(4) << 5) : random.below(16) | 0x10 | (random.below(4) << 5);
  return {
    base:
      WINDOW + random.pick([CODE, STACKS, DATA, DATA + 0x1000, DATA + 0xff8, 0]) + random.below(2) * random.below(64),
    limit: random.pick([0, 1, 3, 7, 0xff, 0x7ff, 0xffe, 0xfff, 0x1000]),
    access: access | (random.chance(0.85) ? PRESENT : 0),
    flags: random.pick([0, BIG, GRANULAR, GRANULAR | BIG]),
  };
}

/** Puts a random gate (of calls or interrupts) at an offset in the window. */
function anyGate(random: Random, window: Window, at: number, call: boolean): void {
  const ring = random.chance(0.75) ? 0 : random.below(4);
  const { selector, offset } = farTarget(random, ring);
  const types = call ? [4, 12, 12, 12] : [INTERRUPT_GATE16, 7, INTERRUPT_GATE32, TRAP_GATE32, TRAP_GATE32];
  const type = random.chance(0.03) ? random.below(16) : random.pick(types);
  const dpl = random.chance(0.7) ? 3 : random.below(4);
  // The upper half of the offset is reserved in gates of the 286.
  const small = (type & 8) === 0;
  window.gate(at, {
    selector: random.chance(0.1) ? anySelector(random) : selector,
    offset: small ? offset & 0xffff : offset,
    access: type | (dpl << 5) | (random.chance(0.96) ? PRESENT : 0),
    count: call ? random.pick([0, 0, 1, 2, 4, 31]) : 0,
  });
}

function taskGate(random: Random, window: Window, at: number): void {
  const selector = random.chance(0.9) ? random.pick([TSS_A_ENTRY, TSS_B_ENTRY, TSS_C_ENTRY]) << 3 : anySelector(random);
  window.gate(at, {
    selector: selector | (random.chance(0.2) ? random.below(4) : 0),
    offset: 0,
    access: TASK_GATE | (random.below(4) << 5) | (random.chance(0.95) ? PRESENT : 0),
  });
}

const KINDS_OF_SEGMENT: readonly Kind[] = [0, 1, 2, 3, 4, 5, 6, 7];

function fillGdt(random: Random, window: Window): void {
  for (let ring = 0; ring < 4; ring++) {
    for (const kind of KINDS_OF_SEGMENT) {
      window.segment(GDT + (ringSelector(ring, kind) & ~7), ringSegment(random, ring, kind));
    }
  }
  const system = (entry: number, base: number, limit: number, access: number) =>
    window.segment(GDT + entry * 8, { base: WINDOW + base, limit, access, flags: 0 });
  system(LDT_ENTRY, LDT, LDT_ENTRIES * 8 - 1, LDT_TYPE);
  const dpl = () => random.below(4) << 5;
  system(TSS_A_ENTRY, TSS_A, 0x67, TSS32 | dpl());
  system(TSS_B_ENTRY, TSS_B, random.chance(0.9) ? 0x7f : 0x66, (random.chance(0.9) ? TSS32 : 0x8b) | dpl());
  system(TSS_C_ENTRY, TSS_C, random.chance(0.9) ? 0x2b : 0x2a, TSS16 | dpl());
  for (let i = 0; i < CALL_GATES; i++) anyGate(random, window, GDT + (FIRST_CALL_GATE + i) * 8, true);
  for (let i = 0; i < TASK_GATES; i++) taskGate(random, window, GDT + (FIRST_TASK_GATE + i) * 8);
  for (let entry = FIRST_RANDOM_ENTRY; entry < GDT_ENTRIES; entry++) {
    window.segment(GDT + entry * 8, randomSegment(random));
  }
}

function fillLdt(random: Random, window: Window): void {
  for (let entry = 0; entry < LDT_ENTRIES; entry++) {
    const at = LDT + entry * 8;
    if (random.chance(0.15)) anyGate(random, window, at, true);
    else if (random.chance(0.3)) window.segment(at, randomSegment(random));
    else {
      const segment = ringSegment(random, random.below(4), random.below(8));
      window.segment(at, random.chance(0.1) ? { ...segment, access: segment.access & ~PRESENT } : segment);
    }
  }
}

/** Vectors that the recorder keeps for itself. */
const RESERVED = new Set([1, 6, 8]);

function fillIdt(random: Random, window: Window): void {
  for (let vector = 0; vector < IDT_ENTRIES; vector++) {
    if (RESERVED.has(vector)) continue;
    const at = IDT + vector * 8;
    if (random.chance(0.06)) taskGate(random, window, at);
    else if (random.chance(vector < 0x20 ? 0.3 : 0.7)) anyGate(random, window, at, false);
    else {
      const dpl = random.below(4) << 5;
      const type = random.pick([INTERRUPT_GATE32, TRAP_GATE32]);
      const selector = ringSelector(0, Kind.FlatCode);
      window.gate(at, { selector, offset: padOffset(random, true), access: PRESENT | dpl | type });
    }
  }
}

/** What is done at a landing pad behind its UD2. */
function fillPads(random: Random, window: Window): void {
  const popError = [0x83, 0xc4, 0x04];
  const tails: readonly (readonly number[])[] = [
    UD2,
    UD2,
    UD2,
    [0xcf],
    [0xcf],
    [0x66, 0xcf],
    [0xcb],
    [0x66, 0xcb],
    [0xca, 4, 0],
    [...popError, 0xcf],
    [0x9c, 0x9d, 0xcf],
    [0xc3],
    [0x1e, 0x06, 0x07, 0x1f, 0xcf],
  ];
  for (let pad = 0; pad < PADS; pad++) {
    const at = CODE + FIRST_PAD + pad * PAD_BYTES;
    window.put(at, UD2);
    window.bytes[HINTS + FIRST_PAD + pad * PAD_BYTES] = HINT_PAD;
    window.put(at + 2, [...random.pick(tails), ...UD2]);
  }
}

/** Stack pointers and selectors of the inner rings. */
function fillInnerStacks(random: Random, window: Window, tss: number): void {
  for (let ring = 0; ring < 3; ring++) {
    const flat = random.chance(0.4);
    const at = tss + TSS_FIELDS.esp0 + ring * 8;
    const top = random.chance(0.95) ? stackTop(ring) : random.pick([0, 4, 10, 18, 0xffe]);
    const selector = ringSelector(ring, flat ? Kind.FlatData : Kind.Stack);
    window.set32(at, (flat ? STACK_BASE : 0) + top);
    window.set16(at + 4, random.chance(0.95) ? selector : anySelector(random));
  }
}

/** Registers, segments and flags of a task of the 386 that starts at a landing pad. */
function fillTask(random: Random, window: Window, tss: number): void {
  const ring = random.below(4);
  const { selector, offset } = farTarget(random, ring);
  const { cr3, eip, eflags, registers, segments, ldt, trap } = TSS_FIELDS;
  fillInnerStacks(random, window, tss);
  window.set32(tss + cr3, WINDOW + PAGE_DIRECTORY);
  window.set32(tss + eip, offset);
  window.set32(tss + eflags, (random.u32() & 0x3ed5) | 2 | (random.chance(0.1) ? 0x4000 : 0));
  for (let i = 0; i < 8; i++) window.set32(tss + registers + i * 4, interesting(random));
  window.set32(tss + registers + 16, stackTop(ring));
  [0, 1, 2, 3, 4, 5].forEach((index) => window.set16(tss + segments + index * 4, dataSelector(random, ring)));
  window.set16(tss + segments + 4, selector);
  window.set16(tss + segments + 8, random.chance(0.95) ? ringSelector(ring, Kind.Stack) : anySelector(random));
  window.set16(tss + ldt, random.chance(0.8) ? LDT_ENTRY << 3 : random.chance(0.5) ? 0 : anySelector(random));
  window.set16(tss + trap, random.chance(0.1) ? 1 : 0);
  window.set16(tss + trap + 2, 0x68);
}

/** The same for the 286 (Intel SDM vol. 3A, figure 7-10). */
function fillTask16(random: Random, window: Window, tss: number): void {
  const ring = random.below(4);
  for (let inner = 0; inner < 3; inner++) {
    window.set16(tss + 2 + inner * 4, stackTop(inner));
    window.set16(tss + 4 + inner * 4, ringSelector(inner, Kind.Stack));
  }
  const selector = ringSelector(ring, Kind.Code16);
  window.set16(tss + 0x0e, padOffset(random, false));
  window.set16(tss + 0x10, (random.u32() & 0x3ed5) | 2);
  for (let i = 0; i < 8; i++) window.set16(tss + 0x12 + i * 2, random.u32());
  window.set16(tss + 0x1a, stackTop(ring));
  [dataSelector(random, ring), selector, ringSelector(ring, Kind.Stack), dataSelector(random, ring)].forEach(
    (value, i) => window.set16(tss + 0x22 + i * 2, value),
  );
  window.set16(tss + 0x2a, random.chance(0.8) ? LDT_ENTRY << 3 : 0);
}

/** Random page table entries for the stack and data pages, and a second view of everything from 4 MiB on. */
export function randomPaging(random: Random, window: Window, largePages: boolean): void {
  const entryOf = (page: number) => PAGE_TABLE + ((WINDOW >> 12) + page) * 4;
  const flags = () => random.pick([7, 7, 7, 5, 3, 1, 0x27, 0x67, 0x65, 6, 0]);
  for (const page of [6, 7]) {
    window.set32(entryOf(page), (WINDOW + page * 0x1000) | flags());
  }
  if (random.chance(0.3)) window.set32(entryOf(5), (WINDOW + STACKS) | flags());
  if (random.chance(0.1)) window.set32(entryOf(4), (WINDOW + CODE) | random.pick([7, 5, 0x27]));
  if (random.chance(0.2)) window.set32(PAGE_DIRECTORY, (WINDOW + PAGE_TABLE) | random.pick([7, 5, 3, 0x27]));
  const large = largePages && random.chance(0.5);
  const second = random.pick([7, 5, 3, 1, 0x27, 0]);
  window.set32(PAGE_DIRECTORY + 4, large ? 0x80 | second : (WINDOW + PAGE_TABLE) | second);
}

/** Fills everything but the program and its registers. */
export function buildWorld(random: Random, window: Window): void {
  fillGdt(random, window);
  fillLdt(random, window);
  fillIdt(random, window);
  fillPads(random, window);
  for (let at = STACKS; at < DATA + DATA_BYTES; at += 4) {
    window.set32(at, random.chance(0.3) ? interesting(random) : random.u32());
  }
  fillInnerStacks(random, window, TSS_MAIN);
  window.set32(TSS_MAIN + TSS_FIELDS.cr3, WINDOW + PAGE_DIRECTORY);
  window.set16(TSS_MAIN + TSS_FIELDS.ldt, random.chance(0.9) ? LDT_ENTRY << 3 : 0);
  window.set16(TSS_MAIN + TSS_FIELDS.trap + 2, random.chance(0.9) ? 0x68 : random.below(0x110));
  for (let at = 0x68; at < TSS_MAIN_BYTES; at++)
    window.bytes[TSS_MAIN + at] = random.chance(0.5) ? 0 : random.below(256);
  fillTask(random, window, TSS_A);
  fillTask(random, window, TSS_B);
  fillTask16(random, window, TSS_C);
}
