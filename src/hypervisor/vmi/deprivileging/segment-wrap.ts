import { FaultVerdict } from '../../../machine/cpu/intercepts';
import { Fault, Vector } from '../../../machine/cpu/fault';
import * as layout from '../../../machine/layout';
import { SEG_BIG, SEG_EXPAND_DOWN, SEG_READ_FLAT, SEG_WRITE_FLAT, SegmentIndex } from '../../../machine/layout';
import type { GuestCode } from '../../decoder/guest-code';
import type { GuestMachine } from '../../guest-machine';
import { truncatedLimit } from './descriptor-rules';
import type { GuestLevels } from './levels';

/** A segment whose lower end stands open for one instruction. */
interface OpenSegment {
  readonly segment: SegmentIndex;
  readonly limit: number;
  readonly rights: number;
}

/**
 * Offsets that wrap. Old C libraries keep a thread's data below the base of its segment, at offsets such as -4, which a
 * segment of 4 GiB allows and a truncated one does not. The access is none of the hypervisor's hole: it is carried out by
 * executing the instruction once with the segment's other part, the offsets that end below its base, in its place.
 * An instruction that needs both parts of the same segment faults.
 */
export class SegmentWrap {
  private open: OpenSegment | undefined;

  constructor(
    private readonly machine: GuestMachine,
    private readonly levels: GuestLevels,
    private readonly code: GuestCode,
  ) {}

  /** Opens the segment that the present instruction has failed at, if it is one that was truncated. */
  offer(vector: Vector): FaultVerdict {
    const { state } = this.machine.cpu;
    const segment = this.segmentOf(vector);
    const base = state.segmentBase(segment);
    const limit = state.segmentLimit(segment);
    const rightsAt = (layout.SEG_RIGHTS >>> 2) + segment;
    const rights = state.u32[rightsAt];
    const { virtualTop } = this.levels;
    const truncated = base > 0 && base < virtualTop && limit === truncatedLimit(base, virtualTop);
    if (state.v86 || rights === 0 || rights & SEG_EXPAND_DOWN || !truncated) return FaultVerdict.Deliver;
    this.open = { segment, limit, rights };
    state.u32[(layout.SEG_LIMIT >>> 2) + segment] = 2 ** 32 - base - 1;
    state.u32[rightsAt] = (rights & ~(SEG_READ_FLAT | SEG_WRITE_FLAT)) | SEG_EXPAND_DOWN | SEG_BIG;
    state.dropCodePage();
    return FaultVerdict.RestartOnce;
  }

  /** Closes it again, unless the instruction has loaded the segment register with something else. */
  close(): void {
    const { open } = this;
    if (!open) return;
    this.open = undefined;
    const { state } = this.machine.cpu;
    const rightsAt = (layout.SEG_RIGHTS >>> 2) + open.segment;
    if (!(state.u32[rightsAt] & SEG_EXPAND_DOWN)) return;
    state.u32[(layout.SEG_LIMIT >>> 2) + open.segment] = open.limit;
    state.u32[rightsAt] = open.rights;
    state.dropCodePage();
  }

  private segmentOf(vector: Vector): SegmentIndex {
    try {
      const override = this.code.segmentOverride();
      if (override !== undefined) return override;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
    return vector === Vector.SS ? SegmentIndex.SS : SegmentIndex.DS;
  }
}
