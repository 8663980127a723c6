import { Register, SegmentIndex } from '../../machine/layout';
import type { VmiMonitor } from './monitor';

/**
 * An argument on the guest's stack, `index` dwords above the return address: 0 is the 4th of regparm(3).
 * @throws Fault #PF where the stack is not mapped
 */
export function stackArgument({ state, cpu }: VmiMonitor, index: number): number {
  const start = state.segmentBase(SegmentIndex.SS) + state.reg(Register.ESP);
  return cpu.mmu.readSystem((start + 4 + 4 * index) >>> 0, 4);
}

/** Leaves a 64-bit result in EDX:EAX. */
export function setLongResult({ state }: VmiMonitor, value: bigint): void {
  state.setReg(Register.EAX, Number(value & 0xffffffffn));
  state.setReg(Register.EDX, Number((value >> 32n) & 0xffffffffn));
}
