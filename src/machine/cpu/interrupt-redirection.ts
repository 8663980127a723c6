import { FLAG_IF, FLAG_RF, FLAG_TF, FLAG_VIF, SegmentIndex } from '../layout';
import { CR4_VME } from './control-bits';
import type { CpuCore } from './core';
import { Fault, Vector } from './fault';
import { virtualFlags } from './flag-operations';
import { hasTss32 } from './inner-stack';

/** Where the I/O map's offset is in a 386 TSS; the interrupt redirection bitmap ends where the I/O map begins. */
const TSS_IO_MAP_BASE = 0x66;
const TSS32_MINIMUM_LIMIT = 0x67;
const BITMAP_BYTES = 32;

/**
 * INT n in V86 mode with CR4.VME: where the vector's bit in the redirection bitmap of the TSS is clear, the program's
 * own handler is called through the vector table at linear address 0, as on an 8086 (Intel SDM vol. 3B, 20.3.3).
 * @returns false if the bit is set: then the interrupt goes the way of protected mode
 * @throws Fault #GP(0) if the TSS has no such bitmap; #SS(0), #PF, #AC of the frame, before anything changes
 */
export function redirectInterrupt(core: CpuCore, vector: number): boolean {
  const { state, mmu, segmentation } = core;
  if (!(state.cr(4) & CR4_VME)) return false;
  if (bitmapByte(core, vector >>> 3) & (1 << (vector & 7))) return false;
  const target = mmu.readSystem(vector * 4, 4);
  const flags = state.eflags;
  const virtual = state.iopl < 3;
  const stack = segmentation.stack();
  stack.push(virtual ? virtualFlags(flags) : flags, 2);
  stack.push(state.selector(SegmentIndex.CS), 2);
  stack.push(state.eip, 2);
  segmentation.commitStack(stack);
  segmentation.setV86(SegmentIndex.CS, target >>> 16);
  state.eip = target & 0xffff;
  core.setFlags(flags & ~(FLAG_TF | FLAG_RF | (virtual ? FLAG_VIF : FLAG_IF)));
  return true;
}

function bitmapByte(core: CpuCore, index: number): number {
  const { state, mmu } = core;
  const base = state.segmentBase(SegmentIndex.TR);
  const limit = state.segmentLimit(SegmentIndex.TR);
  if (!hasTss32(core) || limit < TSS32_MINIMUM_LIMIT) throw new Fault(Vector.GP, 0);
  const at = mmu.readSystem(base + TSS_IO_MAP_BASE, 2) - BITMAP_BYTES + index;
  if (at < 0 || at > limit) throw new Fault(Vector.GP, 0);
  return mmu.readSystem(base + at, 1);
}
