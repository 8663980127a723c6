import {
  GDT,
  IDT,
  KERNEL_CODE,
  KERNEL_DATA,
  PAGE_DIRECTORY,
  PAGE_TABLE,
  TASK_BYTES,
  TASKS,
  TSS_CASE_SELECTOR,
  TSS_DOUBLE_SELECTOR,
  TSS_INVALID_SELECTOR,
  TSS_MAIN,
  TSS_MAIN_BYTES,
  TSS_STEP_SELECTOR,
  WINDOW,
  WINDOW_BYTES,
} from './layout';

/** Access bytes and types (Intel SDM vol. 3A, 3.4.5 and 3.5). */
export const PRESENT = 0x80;
export const TSS32 = 0x89;
export const TSS16 = 0x81;
export const LDT_TYPE = 0x82;
export const TASK_GATE = 5;
export const INTERRUPT_GATE16 = 6;
export const INTERRUPT_GATE32 = 14;
export const TRAP_GATE32 = 15;
/** Flags of a descriptor, as they stand in its byte 6. */
export const GRANULAR = 0x80;
export const BIG = 0x40;

/** A segment descriptor in the making. */
export interface Segment {
  readonly base: number;
  /** As it stands in the descriptor: in bytes, or in pages with GRANULAR. 20 bits. */
  readonly limit: number;
  readonly access: number;
  readonly flags: number;
}

/** A gate in the making. */
export interface Gate {
  readonly selector: number;
  readonly offset: number;
  /** Type, DPL and present bit. */
  readonly access: number;
  /** Number of parameters, for call gates. */
  readonly count?: number;
}

/** Offsets in a TSS of the 386 (Intel SDM vol. 3A, figure 7-2) that are set by name. */
export const TSS_FIELDS = {
  link: 0,
  esp0: 4,
  ss0: 8,
  esp1: 0xc,
  ss1: 0x10,
  esp2: 0x14,
  ss2: 0x18,
  cr3: 0x1c,
  eip: 0x20,
  eflags: 0x24,
  registers: 0x28,
  segments: 0x48,
  ldt: 0x60,
  trap: 0x64,
} as const;

/** The memory that a case runs in: descriptor tables, TSSs, page tables, code, stacks, data. */
export class Window {
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(from?: Window) {
    this.bytes = from ? from.bytes.slice() : new Uint8Array(WINDOW_BYTES);
    this.view = new DataView(this.bytes.buffer);
  }

  copy(): Window {
    return new Window(this);
  }

  set32(offset: number, value: number): void {
    this.view.setUint32(offset, value, true);
  }

  get32(offset: number): number {
    return this.view.getUint32(offset, true);
  }

  set16(offset: number, value: number): void {
    this.view.setUint16(offset, value, true);
  }

  put(offset: number, bytes: readonly number[] | Uint8Array): void {
    this.bytes.set(bytes, offset);
  }

  segment(offset: number, { base, limit, access, flags }: Segment): void {
    this.set32(offset, ((limit & 0xffff) | (base << 16)) >>> 0);
    const high = ((base >>> 16) & 0xff) | (access << 8) | (limit & 0xf0000) | ((flags & 0xf0) << 16);
    this.set32(offset + 4, (high | (base & 0xff000000)) >>> 0);
  }

  gate(offset: number, { selector, offset: target, access, count }: Gate): void {
    this.set32(offset, ((target & 0xffff) | (selector << 16)) >>> 0);
    this.set32(offset + 4, ((target & 0xffff0000) | (access << 8) | ((count ?? 0) & 0xff)) >>> 0);
  }
}

const FLAT = { base: 0, limit: 0xfffff, flags: GRANULAR | BIG };
const PAGE_USER_RW = 7;
const PAGE_SUPERVISOR_RW = 3;

/** What all cases start from: the recorder's descriptors and gates, identity page tables, invalid code. */
export function template(): Window {
  const window = new Window();
  window.segment(GDT + KERNEL_CODE, { ...FLAT, access: 0x9b });
  window.segment(GDT + KERNEL_DATA, { ...FLAT, access: 0x93 });
  window.segment(GDT + TSS_CASE_SELECTOR, {
    base: WINDOW + TSS_MAIN,
    limit: TSS_MAIN_BYTES - 1,
    access: TSS32,
    flags: 0,
  });
  [TSS_STEP_SELECTOR, TSS_INVALID_SELECTOR, TSS_DOUBLE_SELECTOR].forEach((selector, i) => {
    window.segment(GDT + selector, { base: TASKS + i * TASK_BYTES, limit: 0x67, access: TSS32, flags: 0 });
  });
  // DPL 3: INT 1 and the like come to the recorder as the exceptions do.
  const taskGate = (vector: number, selector: number) =>
    window.gate(IDT + vector * 8, { selector, offset: 0, access: PRESENT | TASK_GATE });
  taskGate(1, TSS_STEP_SELECTOR);
  taskGate(6, TSS_INVALID_SELECTOR);
  taskGate(8, TSS_DOUBLE_SELECTOR);
  window.set32(PAGE_DIRECTORY, (WINDOW + PAGE_TABLE) | PAGE_USER_RW);
  // Nothing but the window and, for the processor's own accesses, the recorder's TSSs can be reached.
  for (let page = WINDOW >> 12; page < (WINDOW + WINDOW_BYTES) >> 12; page++) {
    window.set32(PAGE_TABLE + page * 4, (page << 12) | PAGE_USER_RW);
  }
  window.set32(PAGE_TABLE + (TASKS >> 12) * 4, (TASKS & ~0xfff) | PAGE_SUPERVISOR_RW);
  for (let at = 0x3000; at < 0x5000; at += 2) window.put(at, [0x0f, 0x0b]);
  return window;
}
