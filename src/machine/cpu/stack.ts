import { SEG_BIG, SEG_WRITABLE } from '../layout';
import { type SegmentImage, withinLimit } from './descriptor';
import { Fault, Vector } from './fault';
import type { Mmu } from './mmu';

/**
 * Pushes and pops on a stack that may not be the current one, without touching ESP: the caller takes over
 * `pointer` once nothing can fault any more. Bytes below a stack pointer that was not taken over do not matter.
 */
export class StackCursor {
  private readonly mask: number;
  private at: number;

  /**
   * @param pointer value of ESP; only SP counts where the segment is not big
   * @param user accesses are made with user rights
   * @param errorCode of the #SS where the limit is passed
   */
  constructor(
    private readonly mmu: Mmu,
    private readonly image: SegmentImage,
    pointer: number,
    private readonly user: boolean,
    private readonly errorCode = 0,
  ) {
    this.mask = image.rights & SEG_BIG ? 0xffffffff : 0xffff;
    this.at = pointer >>> 0;
  }

  /** The new ESP; bits above SP are as they were where the segment is not big. */
  get pointer(): number {
    return this.at;
  }

  /** @throws Fault #SS, #PF */
  push(value: number, size: 2 | 4): void {
    const offset = (this.at - size) & this.mask;
    this.mmu.write(this.linear(offset, size, true), size, value, this.user);
    this.move(offset);
  }

  /** @throws Fault #SS, #PF */
  pop(size: 2 | 4): number {
    const value = this.peek(0, size);
    this.skip(size);
    return value;
  }

  /** Value `distance` bytes above the top. @throws Fault #SS, #PF */
  peek(distance: number, size: 2 | 4): number {
    return this.mmu.read(this.linear((this.at + distance) & this.mask, size, false), size, this.user);
  }

  /** Drops bytes without reading them. */
  skip(bytes: number): void {
    this.move((this.at + bytes) & this.mask);
  }

  /** Checks that there is room for `count` more values, which may go around the end of a 16-bit stack. @throws Fault #SS */
  reserve(count: number, size: 2 | 4): void {
    for (let i = 1; i <= count; i++) this.linear((this.at - i * size) & this.mask, size, true);
  }

  private linear(offset: number, size: number, write: boolean): number {
    const fits = withinLimit(this.image, offset, size) && (!write || (this.image.rights & SEG_WRITABLE) !== 0);
    if (!fits || this.image.rights === 0) throw new Fault(Vector.SS, this.errorCode);
    return (this.image.base + (offset >>> 0)) >>> 0;
  }

  private move(offset: number): void {
    this.at = ((this.at & ~this.mask) | (offset & this.mask)) >>> 0;
  }
}
