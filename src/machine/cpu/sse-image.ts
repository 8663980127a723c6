import type { FxImagePart } from '../fpu/fxsave';
import type { MemoryOperand } from '../fpu/memory-operand';
import * as layout from '../layout';
import { CR4_OSFXSR } from './control-bits';
import type { CpuCore } from './core';
import { FEATURE_SSE2 } from './features';
import { checkMxcsr, mxcsrMask } from './mxcsr';

/** Offsets in the image of FXSAVE (Intel SDM vol. 1, table 10-2). */
const MXCSR_AT = 24;
const MASK_AT = 28;
const XMM_AT = 160;

const XMM_DWORDS = (8 * layout.VECTOR_STRIDE) / 4;

/**
 * What FXSAVE and FXRSTOR move of SSE: MXCSR and the XMM registers. While CR4.OSFXSR is clear they leave it alone
 * (Intel SDM vol. 3A, 2.5).
 */
export class SseImage implements FxImagePart {
  constructor(private readonly core: CpuCore) {}

  store(memory: MemoryOperand): void {
    if (!this.enabled) return;
    const { state, model } = this.core;
    memory.write(MXCSR_AT, 4, state.get(layout.MXCSR));
    // The Pentium III writes 0 and means that there is no DAZ (Intel SDM vol. 1, 11.6.6).
    memory.write(MASK_AT, 4, model.features & FEATURE_SSE2 ? mxcsrMask(model) : 0);
    for (let i = 0; i < XMM_DWORDS; i++) memory.write(XMM_AT + i * 4, 4, state.get(layout.XMM_REGS + i * 4));
  }

  /** @throws Fault #GP(0) for bits that MXCSR does not have */
  load(memory: MemoryOperand): () => void {
    if (!this.enabled) return () => undefined;
    const { state, model } = this.core;
    const mxcsr = memory.read(MXCSR_AT, 4);
    checkMxcsr(model, mxcsr);
    const registers = Array.from({ length: XMM_DWORDS }, (_, i) => memory.read(XMM_AT + i * 4, 4));
    return () => {
      state.set(layout.MXCSR, mxcsr);
      for (const [i, value] of registers.entries()) state.set(layout.XMM_REGS + i * 4, value);
    };
  }

  private get enabled(): boolean {
    return (this.core.state.cr(4) & CR4_OSFXSR) !== 0;
  }
}
