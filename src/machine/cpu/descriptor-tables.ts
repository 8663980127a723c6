import * as layout from '../layout';
import { FLAG_ZF, SegmentIndex } from '../layout';
import type { CpuCore } from './core';
import { type Descriptor, SystemType } from './descriptor';
import { Fault, Vector } from './fault';
import type { OperandSize } from './operations';
import { INSTRUCTION, isNull, selectorError } from './segmentation';

/** System descriptors that LAR and LSL accept (Intel SDM vol. 2A, tables 3-52 and 3-56). */
const LSL_TYPES: readonly SystemType[] = [
  SystemType.Tss16Available,
  SystemType.Ldt,
  SystemType.Tss16Busy,
  SystemType.Tss32Available,
  SystemType.Tss32Busy,
];
const LAR_TYPES: readonly SystemType[] = [
  ...LSL_TYPES,
  SystemType.CallGate16,
  SystemType.TaskGate,
  SystemType.CallGate32,
];

/** What LAR shows of a descriptor's second dword: `00FxFF00` in the manual; x is the limit's upper bits on processors. */
const ACCESS_RIGHTS = 0x00ffff00;

/** GDTR, IDTR, LDTR and TR, and the instructions that ask what a selector allows. */
export class DescriptorTables {
  constructor(private readonly core: CpuCore) {}

  /** LGDT. @throws Fault #GP(0), #SS(0), #PF */
  loadGdt(segment: SegmentIndex, offset: number, size: OperandSize): void {
    this.loadTable(layout.GDTR_BASE, layout.GDTR_LIMIT, segment, offset, size);
  }

  /** LIDT. @throws Fault #GP(0), #SS(0), #PF */
  loadIdt(segment: SegmentIndex, offset: number, size: OperandSize): void {
    this.loadTable(layout.IDTR_BASE, layout.IDTR_LIMIT, segment, offset, size);
  }

  /** SGDT. @throws Fault #GP(0), #SS(0), #PF */
  storeGdt(segment: SegmentIndex, offset: number, size: OperandSize): void {
    this.storeTable(layout.GDTR_BASE, layout.GDTR_LIMIT, segment, offset, size);
  }

  /** SIDT. @throws Fault #GP(0), #SS(0), #PF */
  storeIdt(segment: SegmentIndex, offset: number, size: OperandSize): void {
    this.storeTable(layout.IDTR_BASE, layout.IDTR_LIMIT, segment, offset, size);
  }

  /** LLDT. @throws Fault #UD outside protected mode, #GP, #NP */
  loadLdt(selector: number): void {
    this.checkProtected();
    this.core.checkPrivileged();
    this.core.segmentation.loadLdt(selector & 0xffff, INSTRUCTION);
  }

  /** LTR, which marks the TSS busy. @throws Fault #UD outside protected mode, #GP, #NP */
  loadTask(selector: number): void {
    this.checkProtected();
    this.core.checkPrivileged();
    const { state, mmu, segmentation } = this.core;
    const value = selector & 0xffff;
    if (isNull(value)) throw new Fault(Vector.GP, 0);
    const bad = new Fault(Vector.GP, selectorError(value, 0));
    if (value & 4) throw bad;
    const descriptor = segmentation.readDescriptor(value);
    const type = descriptor.systemType;
    if (type !== SystemType.Tss16Available && type !== SystemType.Tss32Available) throw bad;
    if (!descriptor.present) throw new Fault(Vector.NP, selectorError(value, 0));
    mmu.writeSystem(descriptor.address + 5, 1, (descriptor.attributes & 0xff) | 2);
    segmentation.setSystem(SegmentIndex.TR, value, descriptor);
    state.u32[(layout.SEG_ATTRIBUTES >>> 2) + SegmentIndex.TR] |= 2;
  }

  /** SLDT. @throws Fault #UD outside protected mode */
  storeLdt(): number {
    this.checkProtected();
    return this.core.state.selector(SegmentIndex.LDTR);
  }

  /** STR. @throws Fault #UD outside protected mode */
  storeTask(): number {
    this.checkProtected();
    return this.core.state.selector(SegmentIndex.TR);
  }

  /** LAR: rights with ZF set, or `old` with ZF clear. @throws Fault #UD outside protected mode, #PF */
  loadAccessRights(selector: number, old: number): number {
    const descriptor = this.visible(selector, LAR_TYPES);
    this.setZero(descriptor !== undefined);
    return descriptor ? (descriptor.high & ACCESS_RIGHTS) >>> 0 : old;
  }

  /** LSL: limit in bytes with ZF set, or `old` with ZF clear. @throws Fault #UD outside protected mode, #PF */
  loadSegmentLimit(selector: number, old: number): number {
    const descriptor = this.visible(selector, LSL_TYPES);
    this.setZero(descriptor !== undefined);
    return descriptor ? descriptor.limit : old;
  }

  /** VERR. @throws Fault #UD outside protected mode, #PF */
  verifyRead(selector: number): void {
    this.setZero(this.visible(selector, [])?.isReadable ?? false);
  }

  /** VERW. @throws Fault #UD outside protected mode, #PF */
  verifyWrite(selector: number): void {
    this.setZero(this.visible(selector, [])?.isWritableData ?? false);
  }

  private loadTable(base: number, limit: number, segment: SegmentIndex, offset: number, size: OperandSize): void {
    this.core.checkPrivileged();
    const { state, mmu, segmentation } = this.core;
    const linear = segmentation.checkSegment(segment, offset, 6, false);
    const newLimit = mmu.slowRead(linear, 2);
    const newBase = mmu.slowRead(linear + 2, 4);
    state.set(limit, newLimit);
    state.set(base, size === 4 ? newBase : newBase & 0xffffff);
  }

  private storeTable(base: number, limit: number, segment: SegmentIndex, offset: number, size: OperandSize): void {
    const { state, mmu, segmentation } = this.core;
    const linear = segmentation.checkSegment(segment, offset, 6, true);
    mmu.probeWrite(linear, 6);
    mmu.slowWrite(linear, 2, state.get(limit));
    mmu.slowWrite(linear + 2, 4, size === 4 ? state.get(base) : state.get(base) & 0xffffff);
  }

  /** The descriptor if the program may see it at CPL and RPL and its type is a segment or one of `types`. */
  private visible(selector: number, types: readonly SystemType[]): Descriptor | undefined {
    this.checkProtected();
    if (isNull(selector)) return undefined;
    const descriptor = this.core.segmentation.findDescriptor(selector & 0xffff);
    if (!descriptor) return undefined;
    const type = descriptor.systemType;
    if (type !== undefined && !types.includes(type)) return undefined;
    const privilege = Math.max(this.core.state.cpl, selector & 3);
    return descriptor.isConformingCode || privilege <= descriptor.dpl ? descriptor : undefined;
  }

  private setZero(on: boolean): void {
    const { state } = this.core;
    state.eflags = on ? state.eflags | FLAG_ZF : state.eflags & ~FLAG_ZF;
  }

  private checkProtected(): void {
    if (!this.core.usesDescriptors) throw new Fault(Vector.UD);
  }
}
