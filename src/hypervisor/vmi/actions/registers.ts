import { Register } from '../../../machine/layout';
import type { VmiAction, VmiActions, VmiMonitor } from '../monitor';
import { readControl, writeControl } from '../privileged';

const { EAX, EDX } = Register;

const set =
  (index: number): VmiAction =>
  (monitor) =>
    writeControl(monitor, index, monitor.state.reg(EAX));

const get =
  (index: number): VmiAction =>
  (monitor) =>
    monitor.state.setReg(EAX, readControl(monitor, index));

/** Operations that take and leave everything in the registers in which the call has it. */
type PlainOperation =
  | 'cpuid'
  | 'readMsr'
  | 'writeMsr'
  | 'readCounter'
  | 'readTimestamp'
  | 'writeBackCaches'
  | 'clearTaskSwitched';

const plain =
  (operation: PlainOperation): VmiAction =>
  (monitor) =>
    monitor.cpu.atLevelZero(() => monitor.cpu.operations[operation]());

function writeDebug(monitor: VmiMonitor): void {
  const { state, cpu } = monitor;
  monitor.cpu.atLevelZero(() => cpu.operations.writeDebug(state.reg(EAX) & 7, state.reg(EDX)));
}

function readDebug(monitor: VmiMonitor): void {
  const { state, cpu } = monitor;
  state.setReg(
    EAX,
    monitor.cpu.atLevelZero(() => cpu.operations.readDebug(state.reg(EAX) & 7)),
  );
}

/** Identification, control, debug and model-specific registers, counters and caches: 0-2, 15-28. */
export const registerActions: VmiActions = {
  CPUID: plain('cpuid'),
  WRMSR: plain('writeMsr'),
  RDMSR: plain('readMsr'),
  SetCR0: set(0),
  SetCR2: set(2),
  SetCR3: set(3),
  SetCR4: set(4),
  GetCR0: get(0),
  GetCR2: get(2),
  GetCR3: get(3),
  GetCR4: get(4),
  WBINVD: plain('writeBackCaches'),
  SetDR: writeDebug,
  GetDR: readDebug,
  RDPMC: plain('readCounter'),
  RDTSC: plain('readTimestamp'),
  CLTS: plain('clearTaskSwitched'),
};
