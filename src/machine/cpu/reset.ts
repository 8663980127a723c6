import * as layout from '../layout';
import { Register, SegmentIndex } from '../layout';
import { DR6_ONES, DR7_ONES } from './control-bits';
import type { CpuCore } from './core';
import { REAL_ATTRIBUTES, SystemType } from './descriptor';
import { FEATURE_SSE } from './features';
import { MXCSR_RESET } from './mxcsr';

/** Bookkeeping of the run loop and the board among the CPU's fields: a processor reset leaves it alone. */
const KEPT = [layout.REMAINING, layout.EXIT, layout.BREAKPOINTS_ON, layout.A20_MASK];

/** Present system segments with which LDTR and TR wake up. */
const RESET_LDT = 0x80 | SystemType.Ldt;
const RESET_TSS = 0x80 | SystemType.Tss16Busy;

/**
 * The processor's state after RESET (Intel SDM vol. 3A, table 9-1): real mode, CS:EIP = F000:FFF0 with base FFFF0000.
 */
export function resetCpu(core: CpuCore): void {
  const { state, mmu, segmentation, model, clock } = core;
  const kept = KEPT.map((field) => state.get(field));
  state.u8.fill(0, layout.CPU_BASE, layout.CPU_END);
  KEPT.forEach((field, i) => state.set(field, kept[i]));
  if (state.get(layout.A20_MASK) === 0) state.set(layout.A20_MASK, 0xffffffff);

  state.eflags = 0;
  state.setReg(Register.EDX, model.signature);
  state.setCr(0, model.cr0Reset);
  state.setDr(6, DR6_ONES);
  state.setDr(7, DR7_ONES);
  if (model.features & FEATURE_SSE) state.set(layout.MXCSR, MXCSR_RESET);
  state.set(layout.GDTR_LIMIT, 0xffff);
  state.set(layout.IDTR_LIMIT, 0xffff);
  for (let segment = SegmentIndex.ES; segment <= SegmentIndex.GS; segment++) {
    segmentation.setHidden(segment, 0, 0, 0xffff, REAL_ATTRIBUTES);
  }
  segmentation.setHidden(SegmentIndex.CS, 0xf000, 0xffff0000, 0xffff, REAL_ATTRIBUTES);
  for (const [segment, attributes] of [
    [SegmentIndex.LDTR, RESET_LDT],
    [SegmentIndex.TR, RESET_TSS],
  ]) {
    state.u32[(layout.SEG_LIMIT >>> 2) + segment] = 0xffff;
    state.u32[(layout.SEG_ATTRIBUTES >>> 2) + segment] = attributes;
  }
  segmentation.setCpl(0);
  state.f64[layout.TSC_OFFSET >>> 3] = -clock.now;
  core.debugChanged();
  mmu.flush();
  core.restartAt(0xfff0);
}
