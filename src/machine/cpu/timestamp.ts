import * as layout from '../layout';
import type { CpuCore } from './core';

/** Cycles since the TSC was zero, as low and high dword. */
export function readTimestamp(core: CpuCore): readonly [number, number] {
  const cycles = Math.floor(core.clock.now + core.state.f64[layout.TSC_OFFSET >>> 3]);
  return [cycles >>> 0, Math.floor(cycles / 2 ** 32) >>> 0];
}

/** Lets the TSC go on from the given low dword; up to the P6 a write clears the high one (Intel SDM vol. 3B, 17.17). */
export function writeTimestamp(core: CpuCore, low: number): void {
  core.state.f64[layout.TSC_OFFSET >>> 3] = low - core.clock.now;
}
