import type { CpuState } from '../machine/cpu/state';
import type { PortWidth } from '../machine/devices/device';
import { Register } from '../machine/layout';

/** AL, AX or EAX, the data register of IN and OUT, unsigned. */
export function accumulator(state: CpuState, width: PortWidth): number {
  if (width === 1) return state.reg8(Register.EAX);
  return width === 2 ? state.reg16(Register.EAX) : state.reg(Register.EAX);
}

/** Changes AL, AX or EAX and leaves the rest of EAX as it is. */
export function setAccumulator(state: CpuState, width: PortWidth, value: number): void {
  if (width === 1) state.setReg8(Register.EAX, value);
  else if (width === 2) state.setReg16(Register.EAX, value);
  else state.setReg(Register.EAX, value);
}
