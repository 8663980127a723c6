import * as layout from '../layout';
import {
  SEG_READ_FLAT,
  SEG_READABLE,
  SEG_WRITABLE,
  SEG_WRITE_FLAT,
  SegmentIndex,
  TLB_SUPERVISOR_READ,
  TLB_SUPERVISOR_WRITE,
  TLB_USER_READ,
  TLB_USER_WRITE,
} from '../layout';
import {
  ATTRIBUTE_ACCESSED,
  ATTRIBUTE_BIG,
  ATTRIBUTE_CODE,
  ATTRIBUTE_EXPAND_CONFORM,
  ATTRIBUTE_PRESENT,
  Descriptor,
  REAL_ATTRIBUTES,
  type SegmentImage,
  segmentRights,
  SystemType,
  V86_ATTRIBUTES,
  withinLimit,
} from './descriptor';
import { Fault, Vector } from './fault';
import { NO_COMPRESSION, type RingCompression } from './ring-compression';
import type { MemoryWidth, Mmu } from './mmu';
import { StackCursor } from './stack';
import type { CpuState } from './state';

/** Segment registers that a return to an outer level clears, and V86 entry and exit move. */
export const DATA_SEGMENTS = [SegmentIndex.ES, SegmentIndex.DS, SegmentIndex.FS, SegmentIndex.GS] as const;

/** Faults of a segment load: #GP, or #TS while a task is being switched or an inner stack is taken. */
export interface LoadContext {
  readonly vector: Vector.GP | Vector.TS;
  /** EXT bit of the error code: 1 while an exception or external interrupt is delivered. */
  readonly ext: 0 | 1;
}

/** Context of an ordinary instruction. */
export const INSTRUCTION: LoadContext = { vector: Vector.GP, ext: 0 };

/** True for the selectors 0-3, which name no segment. */
export function isNull(selector: number): boolean {
  return (selector & 0xfffc) === 0;
}

/** Error code that names a selector. */
export function selectorError(selector: number, ext: number): number {
  return (selector & 0xfffc) | ext;
}

/** Segment registers: descriptors, their checks, and memory seen through segments. */
export class Segmentation {
  /** The guest's levels, where they are not the hardware's. */
  rings: RingCompression = NO_COMPRESSION;

  constructor(
    private readonly state: CpuState,
    private readonly mmu: Mmu,
  ) {}

  // --- descriptors ---

  /**
   * The descriptor that a selector names, or undefined if it is outside its table (or there is no LDT).
   * The null selector reads entry 0 like any other: callers deal with it first.
   * @throws Fault #PF
   */
  findDescriptor(selector: number): Descriptor | undefined {
    const local = (selector & 4) !== 0;
    const index = selector & 0xfff8;
    if (local && !(this.state.segmentAttributes(SegmentIndex.LDTR) & ATTRIBUTE_PRESENT)) return undefined;
    const limit = local ? this.state.segmentLimit(SegmentIndex.LDTR) : this.state.get(layout.GDTR_LIMIT);
    if (index + 7 > limit) return undefined;
    const table = local ? this.state.segmentBase(SegmentIndex.LDTR) : this.state.get(layout.GDTR_BASE);
    const address = (table + index) >>> 0;
    return new Descriptor(this.mmu.readSystem(address, 4), this.mmu.readSystem(address + 4, 4), address);
  }

  /** A descriptor of the hardware's level 0 as one of the guest's kernel, under ring compression. */
  compress(descriptor: Descriptor): Descriptor {
    const { kernelLevel } = this.rings;
    return descriptor.dpl < kernelLevel ? descriptor.withDpl(kernelLevel) : descriptor;
  }

  /** A selector of the hardware's level 0 as one of the guest's kernel, under ring compression. */
  compressSelector(selector: number): number {
    const { kernelLevel } = this.rings;
    return (selector & 3) < kernelLevel ? (selector & ~3) | kernelLevel : selector;
  }

  /**
   * The descriptor that a selector names. While a task is switched or an inner stack is taken, which no hypervisor can
   * trap, ring compression is seen to here.
   * @throws Fault of the context's vector with the selector if it is null or outside its table
   */
  readDescriptor(selector: number, context = INSTRUCTION): Descriptor {
    const descriptor = isNull(selector) ? undefined : this.findDescriptor(selector);
    if (!descriptor) throw new Fault(context.vector, selectorError(selector, context.ext));
    return context.vector === Vector.TS ? this.compress(descriptor) : descriptor;
  }

  /** Sets the accessed bit in the table if it is clear; to be done before anything changes. @throws Fault #PF */
  markAccessed(descriptor: Descriptor): void {
    const access = (descriptor.high >>> 8) & 0xff;
    if (!(access & ATTRIBUTE_ACCESSED)) this.mmu.writeSystem(descriptor.address + 5, 1, access | ATTRIBUTE_ACCESSED);
  }

  // --- loading segment registers ---

  /** MOV, POP, LDS, LES, LFS, LGS, LSS in the present mode. @throws Fault #GP, #NP, #SS, #PF */
  load(segment: SegmentIndex, selector: number): void {
    const value = selector & 0xffff;
    if (!this.state.protectedMode) this.setReal(segment, value);
    else if (this.state.v86) this.setV86(segment, value);
    else this.loadProtected(segment, value, INSTRUCTION);
  }

  /** Loads ES, SS, DS, FS or GS from a descriptor with all checks. @throws Fault */
  loadProtected(segment: SegmentIndex, selector: number, context: LoadContext): void {
    if (segment !== SegmentIndex.SS && isNull(selector)) {
      this.setNull(segment, selector);
      return;
    }
    const descriptor =
      segment === SegmentIndex.SS
        ? this.checkStack(selector, this.state.cpl, context)
        : this.checkData(selector, context);
    this.markAccessed(descriptor);
    this.set(segment, selector, descriptor);
  }

  /**
   * Checks a stack segment for a privilege level (Intel SDM vol. 2, MOV: rules for SS).
   * @throws Fault of the context's vector; #SS(selector) if not present
   */
  checkStack(selector: number, cpl: number, context: LoadContext): Descriptor {
    const descriptor = this.readDescriptor(selector, context);
    if ((selector & 3) !== cpl || descriptor.dpl !== cpl || !descriptor.isWritableData) {
      throw new Fault(context.vector, selectorError(selector, context.ext));
    }
    if (!descriptor.present) throw new Fault(Vector.SS, selectorError(selector, context.ext));
    return descriptor;
  }

  /** Checks a segment for DS, ES, FS or GS. @throws Fault of the context's vector; #NP(selector) if not present */
  private checkData(selector: number, context: LoadContext): Descriptor {
    const descriptor = this.readDescriptor(selector, context);
    const privilege = Math.max(this.state.cpl, selector & 3);
    if (!descriptor.isReadable || (!descriptor.isConformingCode && privilege > descriptor.dpl)) {
      throw new Fault(context.vector, selectorError(selector, context.ext));
    }
    if (!descriptor.present) throw new Fault(Vector.NP, selectorError(selector, context.ext));
    return descriptor;
  }

  /** Sets a segment register from a checked code or data descriptor. No effect on CPL. */
  set(segment: SegmentIndex, selector: number, descriptor: Descriptor): void {
    const attributes = descriptor.attributes | ATTRIBUTE_ACCESSED;
    this.setHidden(segment, selector, descriptor.base, descriptor.limit, attributes);
  }

  /** Real mode: the limit and the default size stay as they are (`unreal mode`), the rest is fixed. */
  setReal(segment: SegmentIndex, selector: number): void {
    const kept = this.state.segmentAttributes(segment) & 0xf000;
    this.setHidden(segment, selector, selector << 4, this.state.segmentLimit(segment), kept | REAL_ATTRIBUTES);
  }

  /** V86 mode: everything is fixed, as on an 8086. */
  setV86(segment: SegmentIndex, selector: number): void {
    this.setHidden(segment, selector, selector << 4, 0xffff, V86_ATTRIBUTES);
  }

  /** A null selector, or one whose hidden part is not loaded yet: every access through it faults. */
  setNull(segment: SegmentIndex, selector: number): void {
    this.store(segment, selector, 0, 0, 0, 0);
  }

  /** Sets all parts of a code or data segment register; CODE_32 and STACK_32 follow. */
  setHidden(segment: SegmentIndex, selector: number, base: number, limit: number, attributes: number): void {
    this.store(segment, selector, base, limit, attributes, segmentRights(attributes, limit));
  }

  /** Sets LDTR or TR, or clears it where the descriptor is left out. */
  setSystem(segment: SegmentIndex.LDTR | SegmentIndex.TR, selector: number, descriptor?: Descriptor): void {
    if (!descriptor) this.store(segment, selector, 0, 0, 0, 0);
    else this.store(segment, selector, descriptor.base, descriptor.limit, descriptor.attributes, 0);
  }

  /** Loads LDTR. @throws Fault of the context's vector; #NP(selector) if not present (#TS in a task switch) */
  loadLdt(selector: number, context: LoadContext): void {
    if (isNull(selector)) {
      this.setSystem(SegmentIndex.LDTR, selector);
      return;
    }
    const bad = new Fault(context.vector, selectorError(selector, context.ext));
    if (selector & 4) throw bad;
    const descriptor = this.readDescriptor(selector, context);
    if (descriptor.systemType !== SystemType.Ldt) throw bad;
    if (!descriptor.present) {
      throw context.vector === Vector.TS ? bad : new Fault(Vector.NP, selectorError(selector, context.ext));
    }
    this.setSystem(SegmentIndex.LDTR, selector, descriptor);
  }

  /** After a return to an outer level: data segments that are now too privileged become null. */
  dropInaccessible(): void {
    for (const segment of DATA_SEGMENTS) {
      const attributes = this.state.segmentAttributes(segment);
      const conforming = ATTRIBUTE_CODE | ATTRIBUTE_EXPAND_CONFORM;
      if ((attributes & conforming) === conforming) continue;
      if (((attributes >>> 5) & 3) < this.state.cpl) this.setNull(segment, 0);
    }
  }

  private store(
    segment: SegmentIndex,
    selector: number,
    base: number,
    limit: number,
    attributes: number,
    rights: number,
  ): void {
    const u32 = this.state.u32;
    u32[(layout.SEG_SELECTOR >>> 2) + segment] = selector & 0xffff;
    u32[(layout.SEG_BASE >>> 2) + segment] = base;
    u32[(layout.SEG_LIMIT >>> 2) + segment] = limit;
    u32[(layout.SEG_ATTRIBUTES >>> 2) + segment] = attributes;
    u32[(layout.SEG_RIGHTS >>> 2) + segment] = rights;
    const big = attributes & ATTRIBUTE_BIG ? 1 : 0;
    if (segment === SegmentIndex.SS) this.state.set(layout.STACK_32, big);
    if (segment === SegmentIndex.CS) this.state.set(layout.CODE_32, big);
    if (segment <= SegmentIndex.DS) this.noteFlat(segment, base === 0 ? rights : 0);
    if (segment === SegmentIndex.CS || segment === SegmentIndex.SS) this.state.dropCodePage();
  }

  /** Keeps SEG_FLAT; compiled code that took it for granted is left. */
  private noteFlat(segment: SegmentIndex, rights: number): void {
    const wanted = segment === SegmentIndex.CS ? SEG_READ_FLAT : SEG_READ_FLAT | SEG_WRITE_FLAT;
    const flat = (rights & wanted) === wanted ? 1 << segment : 0;
    const before = this.state.get(layout.SEG_FLAT);
    const after = (before & ~(1 << segment)) | flat;
    if (after === before) return;
    this.state.set(layout.SEG_FLAT, after);
    this.state.dropCodePage();
  }

  // --- privilege ---

  /** Changes CPL and with it which TLB entries the fast path may use. */
  setCpl(cpl: number): void {
    this.state.set(layout.CPL, cpl);
    this.updateAccessMasks();
    this.state.dropCodePage();
  }

  /**
   * Works out which TLB entries the fast path may use; to be called after a change of CPL, CR0.AM or EFLAGS.AC. While
   * alignment is checked there are none, so that every access takes the slow path, which checks it.
   */
  updateAccessMasks(): void {
    const user = this.state.cpl === 3;
    const fast = !this.mmu.checksAlignment;
    this.state.set(layout.TLB_READ_MASK, fast ? (user ? TLB_USER_READ : TLB_SUPERVISOR_READ) : 0);
    this.state.set(layout.TLB_WRITE_MASK, fast ? (user ? TLB_USER_WRITE : TLB_SUPERVISOR_WRITE) : 0);
  }

  // --- memory through segments ---

  /** The hidden part of a segment register as it is now. */
  image(segment: SegmentIndex): SegmentImage {
    return {
      base: this.state.segmentBase(segment),
      limit: this.state.segmentLimit(segment),
      rights: this.state.u32[(layout.SEG_RIGHTS >>> 2) + segment],
    };
  }

  /**
   * Checks type and limit for an access of `width` bytes (any number) and gives its linear address.
   * @throws Fault #GP(0), for SS #SS(0)
   */
  checkSegment(segment: SegmentIndex, offset: number, width: number, write: boolean): number {
    const rights = this.state.u32[(layout.SEG_RIGHTS >>> 2) + segment];
    if (!(rights & (write ? SEG_WRITE_FLAT : SEG_READ_FLAT))) {
      const allowed = (rights & (write ? SEG_WRITABLE : SEG_READABLE)) !== 0;
      if (!allowed || !withinLimit(this.image(segment), offset, width)) {
        throw new Fault(segment === SegmentIndex.SS ? Vector.SS : Vector.GP, 0);
      }
    }
    return (this.state.segmentBase(segment) + (offset >>> 0)) >>> 0;
  }

  /** Reads at the current privilege. @throws Fault #GP(0), #SS(0), #PF */
  readSegmented(segment: SegmentIndex, offset: number, width: MemoryWidth): number {
    return this.mmu.slowRead(this.checkSegment(segment, offset, width, false), width);
  }

  /** Writes at the current privilege. @throws Fault #GP(0), #SS(0), #PF */
  writeSegmented(segment: SegmentIndex, offset: number, width: MemoryWidth, value: number): void {
    this.mmu.slowWrite(this.checkSegment(segment, offset, width, true), width, value);
  }

  // --- the current stack ---

  /** A cursor on the current stack at the current privilege; ESP changes with `commitStack`. */
  stack(errorCode = 0): StackCursor {
    const pointer = this.state.reg(layout.Register.ESP);
    return new StackCursor(this.mmu, this.image(SegmentIndex.SS), pointer, this.state.cpl === 3, errorCode);
  }

  commitStack(cursor: StackCursor): void {
    this.state.setReg(layout.Register.ESP, cursor.pointer);
  }

  /** Pushes one value, honouring the stack's size. @throws Fault #SS, #PF */
  push(value: number, size: 2 | 4): void {
    const cursor = this.stack();
    cursor.push(value, size);
    this.commitStack(cursor);
  }

  /** Pops one value. @throws Fault #SS, #PF */
  pop(size: 2 | 4): number {
    const cursor = this.stack();
    const value = cursor.pop(size);
    this.commitStack(cursor);
    return value;
  }
}
