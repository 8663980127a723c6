import { Fault, Vector } from '../../../machine/cpu/fault';
import { Register, SegmentIndex } from '../../../machine/layout';
import { stackArgument } from '../arguments';
import type { Entry } from '../deprivileging/descriptor-rules';
import { stackSelectorOf } from '../deprivileging/kernel-stack';
import type { VmiAction, VmiActions, VmiMonitor } from '../monitor';
import { placeOfGuest } from '../place';
import { isLiveTable, loadGdt, loadIdt, loadLdt, loadTask, reloadFrom } from '../privileged';

const { EAX, ECX, EDX } = Register;

/** Entries of the largest GDT or LDT, and of the IDT. */
const DESCRIPTORS = 0x2000;
const GATES = 0x100;

/** Selectors have 16 bits: UpdateKernelStack's first argument is one in Linux, and the address of a TSS in the text of 2006. */
const LARGEST_SELECTOR = 0xffff;

/**
 * Stores an entry of a table, adjusted. It is written with the kernel's own rights, as the instructions that it stands
 * for would.
 * @throws Fault #GP(0) for an index that no such table has; #PF
 */
function writeEntry(monitor: VmiMonitor, call: string, entries: number, adjust: (entry: Entry) => Entry): void {
  const { state, cpu, report, machine } = monitor;
  const index = state.reg(EDX);
  if (index >= entries) {
    report('vmi-entry-index', `${call} of entry ${index} ${placeOfGuest(machine)}, of at most ${entries}: #GP(0)`);
    throw new Fault(Vector.GP, 0);
  }
  const { low, high } = adjust({ low: state.reg(ECX), high: stackArgument(monitor, 0) });
  const address = (state.reg(EAX) + index * 8) >>> 0;
  cpu.mmu.probeSystem(address, 8, true);
  cpu.mmu.writeSystem(address, 4, low);
  cpu.mmu.writeSystem((address + 4) >>> 0, 4, high);
}

/** WriteGDTEntry and WriteLDTEntry: a segment register that uses the entry gets the new one at once. */
const writeDescriptor =
  (table: 0 | 4): VmiAction =>
  (monitor, _context, { name }) => {
    const { state, tables } = monitor;
    writeEntry(monitor, name, DESCRIPTORS, (entry) => tables.descriptor(entry));
    if (isLiveTable(monitor, state.reg(EAX), table)) reloadFrom(monitor, table, state.reg(EDX));
  };

function updateKernelStack(monitor: VmiMonitor): void {
  const { state, levels } = monitor;
  const where = state.reg(EAX);
  levels.stackInTask = false;
  levels.stackSelector = where > LARGEST_SELECTOR ? stackSelectorOf(monitor, where) : where;
  levels.stackPointer = state.reg(EDX);
}

const store =
  (operation: 'storeGdt' | 'storeIdt'): VmiAction =>
  ({ state, cpu }) =>
    cpu.operations[operation](SegmentIndex.DS, state.reg(EAX), 4);

/** Descriptor tables, the task register and the kernel's stack: 3-14. */
export const tableActions: VmiActions = {
  SetGDT: (monitor) => {
    loadGdt(monitor, SegmentIndex.DS, monitor.state.reg(EAX), 4);
    reloadFrom(monitor, 0);
  },
  SetLDT: (monitor) => {
    loadLdt(monitor, monitor.state.reg16(EAX));
    reloadFrom(monitor, 4);
  },
  SetIDT: (monitor) => loadIdt(monitor, SegmentIndex.DS, monitor.state.reg(EAX), 4),
  SetTR: (monitor) => loadTask(monitor, monitor.state.reg16(EAX)),
  GetGDT: store('storeGdt'),
  GetLDT: ({ state, cpu }) => state.setReg(EAX, cpu.operations.storeLdt()),
  GetIDT: store('storeIdt'),
  GetTR: ({ state, cpu }) => state.setReg(EAX, cpu.operations.storeTask()),
  WriteGDTEntry: writeDescriptor(0),
  WriteLDTEntry: writeDescriptor(4),
  WriteIDTEntry: (monitor, _context, { name }) =>
    writeEntry(monitor, name, GATES, (entry) => monitor.tables.gate(entry)),
  UpdateKernelStack: updateKernelStack,
};
