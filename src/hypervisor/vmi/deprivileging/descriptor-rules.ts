/** The two dwords of a descriptor or gate. */
export interface Entry {
  readonly low: number;
  readonly high: number;
}

/** What a hypervisor changes in the guest's entries. */
export interface EntryRules {
  /** Level of the guest's kernel: none may be more privileged. */
  readonly kernelLevel: number;
  /** Where segments end at the latest; 0 is no limit. */
  readonly virtualTop: number;
}

// Bits of the second dword (Intel SDM vol. 3A, figure 3-8).
const PRESENT = 0x8000;
const DPL_SHIFT = 13;
const DPL = 3 << DPL_SHIFT;
const SEGMENT = 0x1000;
const CODE = 0x800;
const EXPAND_DOWN = 0x400;
const GRANULARITY = 0x800000;
const LIMIT = 0xf0000;

const PAGE = 0x1000;

/** Types of gates that an IDT may hold: task gate, and interrupt and trap gates of 286 and 386. */
const IDT_GATES: readonly number[] = [5, 6, 7, 0xe, 0xf];

function raise(high: number, level: number): number {
  return ((high & DPL) >>> DPL_SHIFT < level ? (high & ~DPL) | (level << DPL_SHIFT) : high) >>> 0;
}

/** True for code and data. */
export function isSegment({ high }: Entry): boolean {
  return (high & SEGMENT) !== 0;
}

function baseOf({ low, high }: Entry): number {
  return ((low >>> 16) | ((high & 0xff) << 16) | (high & 0xff000000)) >>> 0;
}

function limitOf({ low, high }: Entry): number {
  const raw = (low & 0xffff) | (high & LIMIT);
  return high & GRANULARITY ? raw * PAGE + PAGE - 1 : raw;
}

function withLimit({ low, high }: Entry, raw: number, pages: boolean): Entry {
  const rest = high & ~(LIMIT | GRANULARITY);
  return {
    low: ((low & 0xffff0000) | (raw & 0xffff)) >>> 0,
    high: (rest | (raw & LIMIT) | (pages ? GRANULARITY : 0)) >>> 0,
  };
}

/**
 * Ends a segment below `virtualTop`; one that begins there is not present. Expand-down segments have no upper end that
 * could be moved and stay.
 */
function truncate(entry: Entry, virtualTop: number): Entry {
  const expandsDown = (entry.high & (CODE | EXPAND_DOWN)) === EXPAND_DOWN;
  const base = baseOf(entry);
  if (expandsDown || base + limitOf(entry) < virtualTop) return entry;
  if (base >= virtualTop) return { low: entry.low, high: (entry.high & ~PRESENT) >>> 0 };
  const bytes = virtualTop - base;
  return bytes >= PAGE && entry.high & GRANULARITY
    ? withLimit(entry, Math.floor(bytes / PAGE) - 1, true)
    : withLimit(entry, bytes - 1, false);
}

/** A descriptor of the GDT or of an LDT as a deprivileged guest may have it. System descriptors stay as they are. */
export function adjustDescriptor(entry: Entry, { kernelLevel, virtualTop }: EntryRules): Entry {
  if (!isSegment(entry)) return entry;
  const raised = { low: entry.low, high: raise(entry.high, kernelLevel) };
  return virtualTop === 0 ? raised : truncate(raised, virtualTop);
}

/** An entry of the IDT likewise: INT n of the kernel must reach what level 0 could. */
export function adjustGate(entry: Entry, { kernelLevel }: EntryRules): Entry {
  const isGate = !isSegment(entry) && IDT_GATES.includes((entry.high >>> 8) & 0xf);
  return isGate ? { low: entry.low, high: raise(entry.high, kernelLevel) } : entry;
}

/** Any entry with its level raised: a gate or a TSS that the guest has put into its table by itself, too. */
export function raiseLevel({ low, high }: Entry, { kernelLevel }: EntryRules): Entry {
  return { low, high: raise(high, kernelLevel) };
}

/** Largest limit that a segment of 4 GiB at a base keeps. */
export function truncatedLimit(base: number, virtualTop: number): number {
  const flat = { low: ((base << 16) | 0xffff) >>> 0, high: ((base >>> 16) & 0xff) | (base & 0xff000000) | 0x8f9300 };
  return limitOf(truncate({ low: flat.low, high: flat.high >>> 0 }, virtualTop)) >>> 0;
}
