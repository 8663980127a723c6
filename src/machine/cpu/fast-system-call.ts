import * as layout from '../layout';
import { FLAG_IF, FLAG_RF, FLAG_VM, Register, SegmentIndex } from '../layout';
import type { CpuCore } from './core';
import { Fault, Vector } from './fault';
import { FEATURE_SEP } from './features';

/** Flat 32-bit code and data; the DPL is added. */
export const FLAT_CODE = 0xc09b;
export const FLAT_DATA = 0xc093;

/** SYSENTER and SYSEXIT (Intel SDM vol. 2B; vol. 3A, 5.8.7). */
export class FastSystemCall {
  constructor(private readonly core: CpuCore) {}

  /** @throws Fault #UD without the feature, #GP(0) in real mode or if IA32_SYSENTER_CS is null */
  enter(): void {
    const { state } = this.core;
    const selector = this.baseSelector();
    const flags = state.eflags & ~(FLAG_VM | FLAG_IF | FLAG_RF);
    this.core.setFlags(flags);
    const level = this.core.segmentation.rings.kernelLevel;
    this.setFlat((selector & 0xfffc) | level, ((selector & 0xfffc) + 8) | level, level);
    state.setReg(Register.ESP, state.get(layout.MSR_SYSENTER + 4));
    state.eip = state.get(layout.MSR_SYSENTER + 8);
  }

  /** @throws Fault #UD without the feature, #GP(0) unless CPL is 0 or if IA32_SYSENTER_CS is null */
  exit(): void {
    const { state } = this.core;
    const selector = this.baseSelector();
    this.core.checkPrivileged();
    this.setFlat((selector + 16) | 3, (selector + 24) | 3, 3);
    state.setReg(Register.ESP, state.reg(Register.ECX));
    state.eip = state.reg(Register.EDX);
  }

  private baseSelector(): number {
    const { state, model } = this.core;
    if (!(model.features & FEATURE_SEP)) throw new Fault(Vector.UD);
    const selector = state.get(layout.MSR_SYSENTER) & 0xffff;
    if (!state.protectedMode || (selector & 0xfffc) === 0) throw new Fault(Vector.GP, 0);
    return selector;
  }

  private setFlat(code: number, stack: number, level: number): void {
    const { segmentation } = this.core;
    const limit = segmentation.rings.flatLimit;
    segmentation.setHidden(SegmentIndex.CS, code, 0, limit, FLAT_CODE | (level << 5));
    segmentation.setHidden(SegmentIndex.SS, stack, 0, limit, FLAT_DATA | (level << 5));
    segmentation.setCpl(level);
  }
}
