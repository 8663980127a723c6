import { CR0_PE } from '../../machine/cpu/control-bits';
import { Fault, Vector } from '../../machine/cpu/fault';
import * as layout from '../../machine/layout';
import { FLAG_IF, SegmentIndex } from '../../machine/layout';
import { reloadSegments } from './deprivileging/live-segments';
import { stackOfTask } from './deprivileging/kernel-stack';
import type { VmiMonitor } from './monitor';
import { placeOfGuest } from './place';

/*
 * What the hypervisor does with its own privilege for a kernel that has none: the same whether the kernel asks by a call
 * or executes the instruction and is trapped.
 */

/** MOV from CRn. @throws Fault #UD where the processor has no such register */
export function readControl(monitor: VmiMonitor, index: number): number {
  return monitor.cpu.atLevelZero(() => monitor.cpu.operations.readControl(index)) >>> 0;
}

/**
 * MOV to CRn. A deprivileged kernel cannot leave protected mode: its descriptors and levels are the hypervisor's now.
 * @throws Fault #GP(0) for values that the processor refuses, and for CR0.PE clear; #UD
 */
export function writeControl(monitor: VmiMonitor, index: number, value: number): void {
  const { report, machine, levels } = monitor;
  const shown = `0x${value.toString(16)} for CR${index} ${placeOfGuest(machine)}`;
  if (index === 0 && levels.kernelLevel > 0 && !(value & CR0_PE)) {
    report('vmi-leaves-protected-mode', `${shown} would leave protected mode, which VMI has no way for: #GP(0)`);
    throw new Fault(Vector.GP, 0);
  }
  try {
    monitor.cpu.atLevelZero(() => monitor.cpu.operations.writeControl(index, value));
  } catch (error) {
    if (error instanceof Fault) report(`vmi-cr${index}`, `the processor refuses ${shown}: ${error.message}`);
    throw error;
  }
}

/** LGDT from a pseudo-descriptor. Entries of the new table are adjusted. @throws Fault */
export function loadGdt(monitor: VmiMonitor, segment: SegmentIndex, offset: number, size: 2 | 4): void {
  monitor.cpu.atLevelZero(() => monitor.cpu.operations.loadGdt(segment, offset, size));
  monitor.tables.adjustGdt();
}

/** LIDT likewise. @throws Fault */
export function loadIdt(monitor: VmiMonitor, segment: SegmentIndex, offset: number, size: 2 | 4): void {
  monitor.cpu.atLevelZero(() => monitor.cpu.operations.loadIdt(segment, offset, size));
  monitor.tables.adjustIdt();
}

/** LLDT likewise. @throws Fault */
export function loadLdt(monitor: VmiMonitor, selector: number): void {
  monitor.cpu.atLevelZero(() => monitor.cpu.operations.loadLdt(selector));
  monitor.tables.adjustLdt();
}

/** LTR; the stack of its level 0 is that of the kernel until UpdateKernelStack names another. @throws Fault */
export function loadTask(monitor: VmiMonitor, selector: number): void {
  monitor.cpu.atLevelZero(() => monitor.cpu.operations.loadTask(selector));
  const stack = stackOfTask(monitor);
  if (!stack) return;
  monitor.levels.stackInTask = true;
  monitor.levels.stackSelector = stack.selector;
  monitor.levels.stackPointer = stack.pointer;
}

/** Loads segment registers again that hold selectors of a table: TI tells the LDT's (4) from the GDT's (0). */
export function reloadFrom(monitor: VmiMonitor, table: 0 | 4, index?: number): void {
  reloadSegments(monitor.machine, monitor.report, (selector) => {
    return (selector & 4) === table && (index === undefined || selector >>> 3 === index);
  });
}

/** Sets the virtual interrupt flag; what is pending is taken at the next instruction boundary. */
export function setInterruptFlag({ state }: VmiMonitor, on: boolean): void {
  const flags = state.get(layout.EFLAGS);
  state.set(layout.EFLAGS, on ? flags | FLAG_IF : flags & ~FLAG_IF);
  if (on && !(flags & FLAG_IF)) state.requestExit(layout.EXIT_RECHECK);
}

/**
 * IRET of the kernel. User mode and V86 mode always go on with interrupts on (VMI-ABI, section 8).
 * @param skip bytes on the stack above the frame
 * @throws Fault
 */
export function returnFromInterrupt(monitor: VmiMonitor, size: 2 | 4, skip: number): void {
  const { state, cpu, report } = monitor;
  cpu.returnFromKernel(size, skip);
  if (state.cpl < 3 || state.systemFlag(FLAG_IF)) return;
  report('vmi-user-without-interrupts', 'IRET to user mode with IF clear: user mode goes on with interrupts on');
  setInterruptFlag(monitor, true);
}

/** STI and SYSEXIT. @throws Fault #UD without the feature, #GP(0) if IA32_SYSENTER_CS is null */
export function systemExit(monitor: VmiMonitor): void {
  monitor.cpu.atLevelZero(() => monitor.cpu.operations.systemExit());
  setInterruptFlag(monitor, true);
}

/** HLT. */
export function halt({ state }: VmiMonitor): void {
  state.set(layout.HALTED, 1);
  state.requestExit(layout.EXIT_HALT);
}

/** True if a linear address begins the table that a register names: then live segments may depend on it. */
export function isLiveTable({ tables }: VmiMonitor, base: number, table: 0 | 4): boolean {
  return table === 0 ? tables.gdt.base === base : tables.ldt?.base === base;
}
