import type { Random } from '../../differential/support/random';
import {
  FIRST_FREE_ENTRY,
  GDT_ENTRIES,
  KERNEL_CODE,
  KERNEL_DATA,
  LDT_ENTRIES,
  TSS_CASE_SELECTOR,
} from '../recorder/layout';

/** What the entries of a ring are, in their order in the GDT. */
export enum Kind {
  /** Base 0, 4 GiB, 32 bits. */
  FlatCode,
  FlatData,
  /** 16 bits, over the code page. */
  Code16,
  /** 64 KiB or less, over the data pages. */
  Data16,
  /** 32 bits, over the stack page. */
  Stack,
  Conforming,
  /** 32 bits, over the code page, execute only. */
  ExecuteOnly,
  /** Read only or expand-down, over the data pages. */
  Odd,
}
const KINDS_PER_RING = 8;

/** Selector of a ring's segment, with the ring as RPL. */
export function ringSelector(ring: number, kind: Kind): number {
  return ((FIRST_FREE_ENTRY + ring * KINDS_PER_RING + kind) << 3) | ring;
}

/** Entries behind those of the four rings. */
export const LDT_ENTRY = 40;
export const TSS_A_ENTRY = 41;
export const TSS_B_ENTRY = 42;
export const TSS_C_ENTRY = 43;
export const FIRST_CALL_GATE = 44;
export const CALL_GATES = 8;
export const FIRST_TASK_GATE = 52;
export const TASK_GATES = 3;
export const FIRST_RANDOM_ENTRY = 56;

const SPECIAL = [
  0,
  1,
  2,
  3,
  KERNEL_CODE,
  KERNEL_DATA,
  TSS_CASE_SELECTOR,
  0x1f8,
  0x200,
  0x207,
  0xfff8,
  0xffff,
  0xfc,
  0x104,
];

/** Any selector: mostly one that names something, in either table, with any RPL. */
export function anySelector(random: Random): number {
  if (random.chance(0.08)) return random.pick(SPECIAL);
  if (random.chance(0.2)) return (random.below(LDT_ENTRIES) << 3) | 4 | random.below(4);
  return (random.between(FIRST_FREE_ENTRY, GDT_ENTRIES - 1) << 3) | random.below(4);
}

/** A selector that a load into a data segment register mostly accepts at a privilege level. */
export function dataSelector(random: Random, cpl: number): number {
  if (random.chance(0.25)) return anySelector(random);
  const ring = random.between(cpl, 3);
  return (
    (ringSelector(ring, random.pick([Kind.FlatData, Kind.Data16, Kind.Stack, Kind.Odd])) & ~3) | random.between(0, ring)
  );
}

/** A selector that CS mostly accepts. */
export function codeSelector(random: Random, ring: number): number {
  if (random.chance(0.2)) return anySelector(random);
  return ringSelector(ring, random.pick([Kind.FlatCode, Kind.Code16, Kind.Conforming, Kind.ExecuteOnly]));
}
