import type { CpuCore } from '../cpu/core';
import type { SegmentIndex } from '../layout';

/**
 * A range of the guest's memory that an instruction of the x87 reads or writes as a whole: the checks of its
 * segment and pages come before the first byte, so that a fault leaves everything as it was.
 */
export class MemoryOperand {
  private constructor(
    private readonly core: CpuCore,
    readonly linear: number,
  ) {}

  /**
   * @param bytes at most 4096
   * @throws Fault #GP(0), #SS(0), #PF
   */
  static open(core: CpuCore, segment: SegmentIndex, offset: number, bytes: number, write: boolean): MemoryOperand {
    const linear = core.segmentation.checkSegment(segment, offset >>> 0, bytes, write);
    if (write) core.mmu.probeWrite(linear, bytes);
    return new MemoryOperand(core, linear);
  }

  /** Reads at an offset from the start. Reads may fault: do them all before anything changes. @throws Fault #PF */
  read(at: number, width: 1 | 2 | 4): number {
    return this.core.mmu.slowRead((this.linear + at) >>> 0, width);
  }

  write(at: number, width: 1 | 2 | 4, value: number): void {
    this.core.mmu.slowWrite((this.linear + at) >>> 0, width, value);
  }
}
