import { Register, SegmentIndex } from '../../machine/layout';
import { VMI_ROM_ADDRESS } from '../abi/vmi/rom';
import type { GuestMachine } from '../guest-machine';

/**
 * Where the guest is, in words for reports: at an instruction of its own, or, in the ROM, before the instruction to which
 * the present call returns (a stub is entered by a near call). Addresses are linear.
 */
export function placeOfGuest({ cpu, memory }: GuestMachine): string {
  const { state, mmu } = cpu;
  const code = state.segmentBase(SegmentIndex.CS);
  const name = (offset: number): string => `0x${((code + offset) >>> 0).toString(16)}`;
  const instruction = mmu.peek((code + state.eipStart) >>> 0);
  if (instruction === undefined || (instruction & ~0xfff) !== VMI_ROM_ADDRESS) return `at ${name(state.eipStart)}`;
  const top = mmu.peek((state.segmentBase(SegmentIndex.SS) + state.reg(Register.ESP)) >>> 0);
  if (top === undefined) return 'called from an unknown place';
  const [a, b, c, d] = memory.peek(top, 4);
  return `called before ${name((a | (b << 8) | (c << 16) | (d << 24)) >>> 0)}`;
}
