import { FLAG_IF, Register } from '../../../machine/layout';
import type { VmiActions } from '../monitor';
import { halt, setInterruptFlag } from '../privileged';

const { EAX } = Register;

/** The virtual interrupt flag, and sleep: 29-32, 35. A pending interrupt is taken at the stub's return. */
export const interruptActions: VmiActions = {
  EnableInterrupts: (monitor) => setInterruptFlag(monitor, true),
  DisableInterrupts: (monitor) => setInterruptFlag(monitor, false),
  GetInterruptMask: ({ state }) => state.setReg(EAX, state.systemFlag(FLAG_IF) ? FLAG_IF : 0),
  SetInterruptMask: (monitor) => setInterruptFlag(monitor, (monitor.state.reg(EAX) & FLAG_IF) !== 0),
  Halt: (monitor) => {
    setInterruptFlag(monitor, true);
    halt(monitor);
  },
};
