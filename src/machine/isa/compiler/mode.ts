import * as layout from '../../layout';
import { SegmentIndex } from '../../layout';
import type { CpuState } from '../../cpu/state';

/**
 * What compiled code takes for granted about the CPU. Whatever changes it drops the code window or is seen by the
 * interpreter, which looks compiled code up by `key`.
 */
export class TierMode {
  /** @param key as the interpreter's `mode` computes it */
  constructor(readonly key: number) {}

  static of(state: CpuState): TierMode {
    return new TierMode(
      state.get(layout.SEG_FLAT) |
        (state.get(layout.CODE_32) << 4) |
        (state.get(layout.STACK_32) << 5) |
        (state.get(layout.TLB_READ_MASK) << 6) |
        (state.get(layout.TLB_WRITE_MASK) << 10),
    );
  }

  get code32(): boolean {
    return (this.key & 0x10) !== 0;
  }

  get stack32(): boolean {
    return (this.key & 0x20) !== 0;
  }

  /** TLB entry bits that allow reads and writes; 0 while every access is checked. */
  get readMask(): number {
    return (this.key >> 6) & 15;
  }

  get writeMask(): number {
    return (this.key >> 10) & 15;
  }

  /** True if the segment spans 4 GiB from 0 and its type allows what its kind can. */
  isFlat(segment: SegmentIndex): boolean {
    return segment <= SegmentIndex.DS && ((this.key >> segment) & 1) !== 0;
  }
}
