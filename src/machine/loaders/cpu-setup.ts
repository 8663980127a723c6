import { REAL_ATTRIBUTES } from '../cpu/descriptor';
import { FpuRegisters } from '../fpu/registers';
import * as layout from '../layout';
import { Register, SegmentIndex } from '../layout';
import type { LoadTarget } from './load-target';

/** Attributes of flat 32-bit segments: present, accessed, 4 GiB; code that may be read, data that may be written. */
const FLAT_CODE = 0xc09b;
const FLAT_DATA = 0xc093;

const FLAT_CODE_DESCRIPTOR = 0x00cf9b000000ffffn;
const FLAT_DATA_DESCRIPTOR = 0x00cf93000000ffffn;

/** A GDT of flat segments, and the selectors to enter a guest with. */
export interface FlatSegments {
  readonly gdt: Uint8Array;
  readonly code: number;
  readonly data: number;
}

function flatSegments(code: number, data: number): FlatSegments {
  const gdt = new Uint8Array(data + 8);
  const view = new DataView(gdt.buffer);
  view.setBigUint64(code, FLAT_CODE_DESCRIPTOR, true);
  view.setBigUint64(data, FLAT_DATA_DESCRIPTOR, true);
  return { gdt, code, data };
}

export const CODE_SELECTOR = 0x08;
export const DATA_SELECTOR = 0x10;

/** Null, code, data. */
const FLAT_SEGMENTS = flatSegments(CODE_SELECTOR, DATA_SELECTOR);
export const FLAT_GDT = FLAT_SEGMENTS.gdt;

/** __BOOT_CS and __BOOT_DS of Linux (Documentation/x86/boot.rst, "32-bit Boot Protocol"). */
export const LINUX_SEGMENTS = flatSegments(0x10, 0x18);

const ALL_SEGMENTS = [
  SegmentIndex.ES,
  SegmentIndex.CS,
  SegmentIndex.SS,
  SegmentIndex.DS,
  SegmentIndex.FS,
  SegmentIndex.GS,
];

/** What a boot protocol leaves undefined: registers are zero, and the x87 is as the power-on self-test leaves it. */
function clearRegisters({ state }: LoadTarget): void {
  new FpuRegisters(state).initialize();
  for (let register = Register.EAX; register <= Register.EDI; register++) state.setReg(register, 0);
  state.eflags = 0;
}

function startAt({ state }: LoadTarget, eip: number): void {
  state.eip = eip;
  state.set(layout.IP_START, eip);
}

/**
 * Puts the CPU where multiboot (0.6.96, section 3.2) wants it, and Linux: protected mode without paging, flat 32-bit segments,
 * interrupts off, registers zero. The IDT is empty: an exception before the guest has its own is a triple fault.
 * @param gdt guest-physical address of a copy of `segments.gdt`
 */
export function setFlatProtectedMode(
  target: LoadTarget,
  gdt: number,
  entry: number,
  segments: FlatSegments = FLAT_SEGMENTS,
): void {
  const { state, segmentation } = target;
  clearRegisters(target);
  state.setCr(0, 0x11);
  state.set(layout.GDTR_BASE, gdt);
  state.set(layout.GDTR_LIMIT, segments.gdt.length - 1);
  state.set(layout.IDTR_BASE, 0);
  state.set(layout.IDTR_LIMIT, 0);
  for (const segment of ALL_SEGMENTS) {
    const code = segment === SegmentIndex.CS;
    const selector = code ? segments.code : segments.data;
    segmentation.setHidden(segment, selector, 0, 0xffffffff, code ? FLAT_CODE : FLAT_DATA);
  }
  segmentation.setCpl(0);
  startAt(target, entry);
}

/** Puts the CPU in real mode at CS:IP with the other segments zero, registers zero, and the given stack pointer. */
export function setRealMode(target: LoadTarget, cs: number, ip: number, sp: number): void {
  const { state, segmentation } = target;
  clearRegisters(target);
  state.setCr(0, 0x10);
  state.set(layout.IDTR_BASE, 0);
  state.set(layout.IDTR_LIMIT, 0x3ff);
  for (const segment of ALL_SEGMENTS) {
    const selector = segment === SegmentIndex.CS ? cs : 0;
    segmentation.setHidden(segment, selector, selector << 4, 0xffff, REAL_ATTRIBUTES);
  }
  segmentation.setCpl(0);
  state.setReg(Register.ESP, sp);
  startAt(target, ip);
}
