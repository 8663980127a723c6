import { SEG_BIG, SEG_EXPAND_DOWN, SEG_READ_FLAT, SEG_READABLE, SEG_WRITABLE, SEG_WRITE_FLAT } from '../layout';

/** System descriptor types (Intel SDM vol. 3A, table 3-2). */
export enum SystemType {
  Tss16Available = 1,
  Ldt = 2,
  Tss16Busy = 3,
  CallGate16 = 4,
  TaskGate = 5,
  InterruptGate16 = 6,
  TrapGate16 = 7,
  Tss32Available = 9,
  Tss32Busy = 0xb,
  CallGate32 = 0xc,
  InterruptGate32 = 0xe,
  TrapGate32 = 0xf,
}

/** Bits of SEG_ATTRIBUTES, the second dword of a descriptor shifted right by 8 (Intel SDM vol. 3A, figure 3-8). */
export const ATTRIBUTE_ACCESSED = 0x01;
/** Data: writable. Code: readable. */
const ATTRIBUTE_READ_WRITE = 0x02;
/** Data: expand down. Code: conforming. */
export const ATTRIBUTE_EXPAND_CONFORM = 0x04;
export const ATTRIBUTE_CODE = 0x08;
/** Set for code and data, clear for system descriptors. */
const ATTRIBUTE_SEGMENT = 0x10;
export const ATTRIBUTE_PRESENT = 0x80;
/** D of code, B of data: 32-bit code, 32-bit stack pointer, or 4 GiB upper bound of expand-down data. */
export const ATTRIBUTE_BIG = 0x4000;
const ATTRIBUTE_GRANULARITY = 0x8000;

/** Attributes of every segment in real mode, and of those in V86 mode (DPL 3): present, writable, accessed data. */
export const REAL_ATTRIBUTES = 0x93;
export const V86_ATTRIBUTES = 0xf3;

/** One entry of the GDT, LDT or IDT. */
export class Descriptor {
  /**
   * @param low first dword
   * @param high second dword
   * @param address linear address of the entry
   */
  constructor(
    readonly low: number,
    readonly high: number,
    readonly address: number,
  ) {}

  // --- segments and TSS ---

  get base(): number {
    return ((this.low >>> 16) | ((this.high & 0xff) << 16) | (this.high & 0xff000000)) >>> 0;
  }

  /** Last valid offset in bytes, granularity applied. */
  get limit(): number {
    const raw = (this.low & 0xffff) | (this.high & 0xf0000);
    return this.attributes & ATTRIBUTE_GRANULARITY ? ((raw << 12) | 0xfff) >>> 0 : raw;
  }

  /** As in SEG_ATTRIBUTES: access byte in bits 0-7, AVL, L, D/B and G in 12-15. */
  get attributes(): number {
    return (this.high >>> 8) & 0xf0ff;
  }

  get dpl(): number {
    return (this.high >>> 13) & 3;
  }

  /** The same with another privilege level. */
  withDpl(dpl: number): Descriptor {
    return new Descriptor(this.low, ((this.high & ~0x6000) | (dpl << 13)) >>> 0, this.address);
  }

  get present(): boolean {
    return (this.high & 0x8000) !== 0;
  }

  /** Type of a system descriptor, or undefined for code and data. */
  get systemType(): SystemType | undefined {
    return this.attributes & ATTRIBUTE_SEGMENT ? undefined : (this.high >>> 8) & 0xf;
  }

  get isCode(): boolean {
    return (this.attributes & (ATTRIBUTE_SEGMENT | ATTRIBUTE_CODE)) === (ATTRIBUTE_SEGMENT | ATTRIBUTE_CODE);
  }

  get isConformingCode(): boolean {
    return this.isCode && (this.attributes & ATTRIBUTE_EXPAND_CONFORM) !== 0;
  }

  /** Data of any kind, or readable code. */
  get isReadable(): boolean {
    return (
      (this.attributes & ATTRIBUTE_SEGMENT) !== 0 && (!this.isCode || (this.attributes & ATTRIBUTE_READ_WRITE) !== 0)
    );
  }

  get isWritableData(): boolean {
    return (
      (this.attributes & (ATTRIBUTE_SEGMENT | ATTRIBUTE_CODE | ATTRIBUTE_READ_WRITE)) ===
      (ATTRIBUTE_SEGMENT | ATTRIBUTE_READ_WRITE)
    );
  }

  // --- gates (Intel SDM vol. 3A, figures 5-8, 6-2 and 7-6) ---

  get gateSelector(): number {
    return this.low >>> 16;
  }

  /** 386 gates and TSSs have 32-bit frames; 286 ones have 16-bit frames. */
  get is32(): boolean {
    return (this.high & 0x800) !== 0;
  }

  get gateOffset(): number {
    return this.is32 ? ((this.low & 0xffff) | (this.high & 0xffff0000)) >>> 0 : this.low & 0xffff;
  }

  /** Parameters that a call gate copies: words or dwords. */
  get gateParameters(): number {
    return this.high & 0x1f;
  }
}

/** The hidden part of a segment register as far as an access needs it. */
export interface SegmentImage {
  readonly base: number;
  readonly limit: number;
  /** `SEG_*` bits of the layout. */
  readonly rights: number;
}

/** Works out SEG_RIGHTS for a present code or data segment. */
export function segmentRights(attributes: number, limit: number): number {
  const code = (attributes & ATTRIBUTE_CODE) !== 0;
  const readWrite = (attributes & ATTRIBUTE_READ_WRITE) !== 0;
  const big = attributes & ATTRIBUTE_BIG ? SEG_BIG : 0;
  const rights = (code && !readWrite ? 0 : SEG_READABLE) | (!code && readWrite ? SEG_WRITABLE : 0) | big;
  if (!code && attributes & ATTRIBUTE_EXPAND_CONFORM) return rights | SEG_EXPAND_DOWN;
  if (limit !== 0xffffffff) return rights;
  return rights | (rights & SEG_READABLE ? SEG_READ_FLAT : 0) | (rights & SEG_WRITABLE ? SEG_WRITE_FLAT : 0);
}

/** True if `width` bytes at `offset` are inside the segment's limits (Intel SDM vol. 3A, 5.3). */
export function withinLimit(image: SegmentImage, offset: number, width: number): boolean {
  const first = offset >>> 0;
  if (image.rights & SEG_EXPAND_DOWN) {
    return first > image.limit && first + width - 1 <= (image.rights & SEG_BIG ? 0xffffffff : 0xffff);
  }
  return image.limit === 0xffffffff || first + width - 1 <= image.limit;
}
