import * as layout from '../layout';
import type { CpuCore } from './core';
import { Fault, Vector } from './fault';
import { FEATURE_SSE2 } from './features';
import type { CpuModel } from './models';

/** MXCSR after reset: every exception masked (Intel SDM vol. 3A, table 9-1). */
export const MXCSR_RESET = 0x1f80;

/** "Denormals are zeros", which came with the Pentium 4. */
const DAZ = 0x40;

/** The bits of MXCSR that exist (Intel SDM vol. 1, 11.6.6). FXSAVE tells it, but for the Pentium III's, which it gives as 0. */
export const mxcsrMask = (model: CpuModel): number => (model.features & FEATURE_SSE2 ? 0xffff : 0xffff & ~DAZ);

/** Checks a value for MXCSR. @throws Fault #GP(0) for bits that do not exist */
export function checkMxcsr(model: CpuModel, value: number): void {
  if (value & ~mxcsrMask(model)) throw new Fault(Vector.GP, 0);
}

/** LDMXCSR. @throws Fault #GP(0) */
export function loadMxcsr(core: CpuCore, value: number): void {
  checkMxcsr(core.model, value);
  core.state.set(layout.MXCSR, value);
}
