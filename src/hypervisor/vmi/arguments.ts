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

/** Linear address to which the present call returns, in words, for reports. The stub was entered by a near call. */
export function placeOfCall({ state, cpu, machine }: VmiMonitor): string {
  const top = (state.segmentBase(SegmentIndex.SS) + state.reg(Register.ESP)) >>> 0;
  const physical = cpu.mmu.peek(top);
  if (physical === undefined) return 'called from an unknown place';
  const [a, b, c, d] = machine.memory.peek(physical, 4);
  const offset = (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
  return `called before 0x${((state.segmentBase(SegmentIndex.CS) + offset) >>> 0).toString(16)}`;
}

/** Leaves a 64-bit result in EDX:EAX. */
export function setLongResult({ state }: VmiMonitor, value: bigint): void {
  state.setReg(Register.EAX, Number(value & 0xffffffffn));
  state.setReg(Register.EDX, Number((value >> 32n) & 0xffffffffn));
}
