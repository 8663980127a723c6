import { Register } from '../../../machine/layout';
import type { VmiActions } from '../monitor';
import { halt, setInterruptFlag } from '../privileged';

/** Reboot's argument for a reset of the whole machine; 0 is one of the processor, as by INIT. */
const HARD = 1;

/** The end of a run, and the level that user mode has for ports: 36, 37, 61. */
export const powerActions: VmiActions = {
  Reboot: ({ state, machine, report }) => {
    const how = state.reg(Register.EAX);
    if (how > HARD) report('vmi-reboot', `Reboot with 0x${how.toString(16)}, which is neither 0 nor 1: taken as hard`);
    machine.requestReset?.(how === 0 ? 'VMI call Reboot (soft)' : 'VMI call Reboot (hard)');
  },
  Shutdown: (monitor) => {
    setInterruptFlag(monitor, false);
    halt(monitor);
  },
  SetIOPLMask: ({ state, levels }) => {
    levels.portLevel = (state.reg(Register.EAX) >>> 12) & 3;
  },
};
