import { Register } from '../../../machine/layout';
import { setLongResult, stackArgument } from '../arguments';
import type { VmiActions } from '../monitor';

const WORD = 2 ** 32;

/** GetCycleFrequency to WallclockUpdated: VMI-ABI section 9. */
export const timerActions: VmiActions = {
  GetCycleFrequency: (monitor) => setLongResult(monitor, BigInt(monitor.timers.frequency)),
  GetCycleCounter: (monitor) => {
    setLongResult(monitor, BigInt(monitor.timers.counter(monitor.state.reg(Register.EAX))));
  },
  SetAlarm: (monitor) => {
    const { state, timers } = monitor;
    const expiry = state.reg(Register.EDX) + state.reg(Register.ECX) * WORD;
    const period = stackArgument(monitor, 0) + stackArgument(monitor, 1) * WORD;
    timers.setAlarm(state.reg(Register.EAX), expiry, period);
  },
  CancelAlarm: ({ state, timers }) => {
    state.setReg(Register.EAX, timers.cancelAlarm(state.reg(Register.EAX)) ? 1 : 0);
  },
  GetWallclockTime: (monitor) => setLongResult(monitor, monitor.timers.wallclock()),
  WallclockUpdated: ({ state, timers }) => {
    state.setReg(Register.EAX, timers.wallclockUpdated() ? 1 : 0);
  },
};
