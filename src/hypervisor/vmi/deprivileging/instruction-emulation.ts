import { SegmentIndex } from '../../../machine/layout';
import { effectiveOffset } from '../../decoder/memory-operand';
import type { PrivilegedInstruction, PrivilegedName } from '../../decoder/privileged-instruction';
import type { VmiMonitor } from '../monitor';
import {
  halt,
  loadGdt,
  loadIdt,
  loadLdt,
  loadTask,
  readControl,
  returnFromInterrupt,
  setInterruptFlag,
  writeControl,
} from '../privileged';

type Emulation = (monitor: VmiMonitor, instruction: PrivilegedInstruction) => void;

/** Operations without operands, or with operands in fixed registers. */
type PlainOperation =
  | 'setInterruptFlag'
  | 'clearTaskSwitched'
  | 'writeBackCaches'
  | 'readMsr'
  | 'writeMsr'
  | 'readCounter'
  | 'readTimestamp';

const plain =
  (operation: PlainOperation): Emulation =>
  (monitor) =>
    monitor.cpu.atLevelZero(() => monitor.cpu.operations[operation]());

/** A 16-bit operand in a register or in memory. @throws Fault */
function wordOperand({ state, cpu }: VmiMonitor, { memory, rm }: PrivilegedInstruction): number {
  if (!memory) return state.reg16(rm);
  return cpu.segmentation.readSegmented(memory.segment, effectiveOffset(state, memory), 2);
}

/** The place of an operand that must be in memory. */
function place({ state }: VmiMonitor, { memory }: PrivilegedInstruction): { segment: SegmentIndex; offset: number } {
  return memory
    ? { segment: memory.segment, offset: effectiveOffset(state, memory) }
    : { segment: SegmentIndex.DS, offset: 0 };
}

/** SS with a selector of level 0 means the kernel's own level. Interrupts wait for one instruction, as after any MOV SS. */
function loadStackSegment({ cpu }: VmiMonitor, selector: number): void {
  cpu.operations.loadSegment(SegmentIndex.SS, cpu.segmentation.compressSelector(selector));
}

const fromRegister =
  (operation: 'readDebug' | 'readTest'): Emulation =>
  (monitor, { reg, rm }) =>
    monitor.state.setReg(
      rm,
      monitor.cpu.atLevelZero(() => monitor.cpu.operations[operation](reg)),
    );

const toRegister =
  (operation: 'writeDebug' | 'writeTest'): Emulation =>
  (monitor, { reg, rm }) =>
    monitor.cpu.atLevelZero(() => monitor.cpu.operations[operation](reg, monitor.state.reg(rm)));

function popStackSegment(monitor: VmiMonitor, { operandSize }: PrivilegedInstruction): void {
  const { cpu } = monitor;
  const stack = cpu.segmentation.stack();
  loadStackSegment(monitor, stack.pop(operandSize) & 0xffff);
  cpu.segmentation.commitStack(stack);
}

function loadFarStack(monitor: VmiMonitor, instruction: PrivilegedInstruction): void {
  const { state, cpu } = monitor;
  const { operandSize, reg } = instruction;
  const { segment, offset } = place(monitor, instruction);
  const pointer = cpu.segmentation.readSegmented(segment, offset, operandSize);
  const selector = cpu.segmentation.readSegmented(segment, (offset + operandSize) >>> 0, 2);
  cpu.operations.loadFarSegment(SegmentIndex.SS, cpu.segmentation.compressSelector(selector));
  if (operandSize === 4) state.setReg(reg, pointer);
  else state.setReg16(reg, pointer);
}

function loadMachineStatus(monitor: VmiMonitor, instruction: PrivilegedInstruction): void {
  // PE, MP, EM and TS; PE cannot be cleared.
  const status = wordOperand(monitor, instruction) & 0xf;
  writeControl(monitor, 0, ((readControl(monitor, 0) & ~0xe) | status) >>> 0);
}

function invalidatePage(monitor: VmiMonitor, instruction: PrivilegedInstruction): void {
  const { segment, offset } = place(monitor, instruction);
  monitor.cpu.atLevelZero(() => monitor.cpu.operations.invalidatePage(segment, offset));
}

/** The effect of each instruction, which is that of the call that stands for it. EIP is past the instruction. */
const EMULATIONS: Readonly<Record<PrivilegedName, Emulation>> = {
  CLI: (monitor) => setInterruptFlag(monitor, false),
  STI: plain('setInterruptFlag'),
  HLT: (monitor) => halt(monitor),
  IRET: (monitor, { operandSize }) => returnFromInterrupt(monitor, operandSize, 0),
  RETF: ({ cpu }, { operandSize, immediate }) => cpu.farReturnFromKernel(operandSize, immediate),
  POP_SS: popStackSegment,
  MOV_SS: (monitor, instruction) => loadStackSegment(monitor, wordOperand(monitor, instruction)),
  LSS: loadFarStack,
  LLDT: (monitor, instruction) => loadLdt(monitor, wordOperand(monitor, instruction)),
  LTR: (monitor, instruction) => loadTask(monitor, wordOperand(monitor, instruction)),
  LGDT: (monitor, instruction) => {
    const { segment, offset } = place(monitor, instruction);
    loadGdt(monitor, segment, offset, instruction.operandSize);
  },
  LIDT: (monitor, instruction) => {
    const { segment, offset } = place(monitor, instruction);
    loadIdt(monitor, segment, offset, instruction.operandSize);
  },
  LMSW: loadMachineStatus,
  INVLPG: invalidatePage,
  CLTS: plain('clearTaskSwitched'),
  INVD: plain('writeBackCaches'),
  WBINVD: plain('writeBackCaches'),
  MOV_FROM_CR: (monitor, { reg, rm }) => monitor.state.setReg(rm, readControl(monitor, reg)),
  MOV_FROM_DR: fromRegister('readDebug'),
  MOV_CR: (monitor, { reg, rm }) => writeControl(monitor, reg, monitor.state.reg(rm)),
  MOV_DR: toRegister('writeDebug'),
  MOV_FROM_TR: fromRegister('readTest'),
  MOV_TR: toRegister('writeTest'),
  WRMSR: plain('writeMsr'),
  RDTSC: plain('readTimestamp'),
  RDMSR: plain('readMsr'),
  RDPMC: plain('readCounter'),
  SYSEXIT: (monitor) => monitor.cpu.atLevelZero(() => monitor.cpu.operations.systemExit()),
};

/** Moves to and from special registers, which the exit log tells apart by number: `MOV_CR3`. */
const NUMBERED: ReadonlySet<PrivilegedName> = new Set<PrivilegedName>([
  'MOV_CR',
  'MOV_FROM_CR',
  'MOV_DR',
  'MOV_FROM_DR',
  'MOV_TR',
  'MOV_FROM_TR',
]);

/** Why there is an exit, for its record: `CLI`, `MOV_CR3`. */
export function reasonOf({ name, reg }: PrivilegedInstruction): string {
  return NUMBERED.has(name) ? `${name}${reg}` : name;
}

/**
 * Carries out an instruction for a kernel that lacks the privilege; EIP moves past it first.
 * @throws Fault of the instruction, as a processor would raise it at level 0
 */
export function emulate(monitor: VmiMonitor, instruction: PrivilegedInstruction): void {
  const { state } = monitor;
  state.eip = (state.eipStart + instruction.bytes.length) >>> 0;
  EMULATIONS[instruction.name](monitor, instruction);
}
