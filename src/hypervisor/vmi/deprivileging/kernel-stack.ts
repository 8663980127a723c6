import { SystemType } from '../../../machine/cpu/descriptor';
import { SegmentIndex } from '../../../machine/layout';
import type { VmiMonitor } from '../monitor';

/** Where a stack begins. */
export interface StackStart {
  readonly selector: number;
  readonly pointer: number;
}

/** Offsets of ESP0 and SS0 in a 386 TSS (Intel SDM vol. 3A, figure 7-2), and the limit with room for them. */
const ESP0 = 4;
const SS0 = 8;
const MINIMUM_LIMIT = SS0 + 1;

/** The stack of level 0 in the TSS that TR names; undefined where that is no 386 TSS. @throws Fault #PF */
export function stackOfTask({ state, machine }: VmiMonitor): StackStart | undefined {
  const { mmu } = machine.cpu;
  const type: SystemType = state.segmentAttributes(SegmentIndex.TR) & 0x1f;
  const tss32 = type === SystemType.Tss32Available || type === SystemType.Tss32Busy;
  if (!tss32 || state.segmentLimit(SegmentIndex.TR) < MINIMUM_LIMIT) return undefined;
  const base = state.segmentBase(SegmentIndex.TR);
  if (mmu.peek(base) === undefined) return undefined;
  return { selector: mmu.readSystem(base + SS0, 2), pointer: mmu.readSystem(base + ESP0, 4) };
}

/** SS0 of a TSS at a linear address. @throws Fault #PF */
export function stackSelectorOf({ machine }: VmiMonitor, tss: number): number {
  return machine.cpu.mmu.readSystem((tss + SS0) >>> 0, 2);
}
