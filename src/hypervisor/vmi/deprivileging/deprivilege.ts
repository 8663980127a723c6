import { FLAG_IOPL, Register, SegmentIndex } from '../../../machine/layout';
import type { VmiMonitor } from '../monitor';
import { stackOfTask } from './kernel-stack';
import { reloadSegments } from './live-segments';

/** Level of the kernel of a deprivileged guest; user mode is 3, as ever. */
const KERNEL_LEVEL = 1;

/**
 * Takes level 0 from the guest, at VMI_Init: what its tables have at level 0 moves to the kernel's level, the segment
 * registers with it, and IOPL falls below that level, so that CLI, STI, IN and OUT of the kernel fault
 * (VMware's "Paravirtualization API", part 2.1). IF stays the hardware's: it is the virtual interrupt flag, too. This is
 * sound because every way to change it ends in the hypervisor: CLI and STI fault, POPF and IRET leave it alone at a
 * level above IOPL, calls and gates set it. So frames on the stack and PUSHF show the virtual flag, as guests expect.
 */
export function deprivilege(monitor: VmiMonitor): void {
  const { state, levels, tables, machine, report } = monitor;
  const { segmentation } = machine.cpu;
  if (levels.kernelLevel === 0) {
    const current = { selector: state.selector(SegmentIndex.SS), pointer: state.reg(Register.ESP) };
    const ofTask = stackOfTask(monitor);
    const stack = ofTask ?? current;
    levels.stackInTask = ofTask !== undefined;
    levels.stackSelector = stack.selector;
    levels.stackPointer = stack.pointer;
  }
  levels.kernelLevel = KERNEL_LEVEL;
  tables.adjustGdt();
  tables.adjustLdt();
  tables.adjustIdt();
  state.eflags &= ~FLAG_IOPL;
  segmentation.setCpl(KERNEL_LEVEL);
  for (const segment of [SegmentIndex.CS, SegmentIndex.SS] as const) keepAtLevel(monitor, segment);
  reloadSegments(machine, report);
}

/** Selector and hidden part of CS or SS at the kernel's level, should the table no longer have its descriptor. */
function keepAtLevel({ state, machine, levels }: VmiMonitor, segment: SegmentIndex.CS | SegmentIndex.SS): void {
  const { segmentation } = machine.cpu;
  const attributes = (state.segmentAttributes(segment) & ~0x60) | (KERNEL_LEVEL << 5);
  const base = state.segmentBase(segment);
  const room = levels.flatLimit - base;
  const limit = Math.min(state.segmentLimit(segment), room < 0 ? 0 : room);
  segmentation.setHidden(segment, segmentation.compressSelector(state.selector(segment)), base, limit, attributes);
}
