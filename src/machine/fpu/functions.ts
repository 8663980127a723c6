import type { CpuState } from '../cpu/state';
import * as layout from '../layout';
import type { Float80 } from './float80';
import { readFloat80, writeFloat80 } from './registers';
import { fpatan } from './transcendental/arctangent';
import { f2xm1 } from './transcendental/exponential';
import { fyl2x, fyl2xp1 } from './transcendental/logarithm';
import type { TranscendentalResult } from './transcendental/result';
import { fcos, fptan, fsin, fsincos } from './transcendental/trigonometric';

type Unary = (st0: Float80, control: number) => TranscendentalResult;
type Binary = (st0: Float80, st1: Float80, control: number) => TranscendentalResult;

const UNARY = { F2XM1: f2xm1, FSIN: fsin, FCOS: fcos, FSINCOS: fsincos, FPTAN: fptan } as const satisfies Record<
  string,
  Unary
>;
const BINARY = { FYL2X: fyl2x, FYL2XP1: fyl2xp1, FPATAN: fpatan } as const satisfies Record<string, Binary>;

export type TranscendentalName = keyof typeof UNARY | keyof typeof BINARY;

/** In a fixed order: the place of a name is the number by which the instruction table calls it. */
export const TRANSCENDENTALS: readonly TranscendentalName[] = [
  ...(Object.keys(UNARY) as (keyof typeof UNARY)[]),
  ...(Object.keys(BINARY) as (keyof typeof BINARY)[]),
];

function compute(name: TranscendentalName, state: CpuState, st0: number, st1: number): TranscendentalResult {
  const control = state.get(layout.FPU_CONTROL);
  const x = readFloat80(state, st0);
  if (name in UNARY) return UNARY[name as keyof typeof UNARY](x, control);
  return BINARY[name as keyof typeof BINARY](x, readFloat80(state, st1), control);
}

/**
 * Computes a transcendental function of ST(0) and ST(1): the value goes to the first place of FPU_SCRATCH, what is
 * pushed to the second.
 *
 * @param number index in `TRANSCENDENTALS`
 * @param st0 host pointer of ST(0); `st1` likewise
 * @returns status word bits: exceptions, C1, C2. With C2, or an unmasked IE, DE or ZE, the places hold nothing.
 */
export function computeTranscendental(state: CpuState, number: number, st0: number, st1: number): number {
  const { value, pushed, flags } = compute(TRANSCENDENTALS[number], state, st0, st1);
  if (value) writeFloat80(state, layout.FPU_SCRATCH, value);
  if (pushed) writeFloat80(state, layout.FPU_SCRATCH + layout.VECTOR_STRIDE, pushed);
  return flags;
}
