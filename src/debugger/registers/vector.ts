import type { CpuState } from '../../machine/cpu/state';
import { FPU_REGS, MXCSR, VECTOR_STRIDE, XMM_REGS } from '../../machine/layout';
import { EvaluationError } from '../values/memory';
import type { RegisterDefinition } from './definition';

/** A register of MMX or SSE: bytes that instructions take for elements of several types. */
export interface VectorRegister {
  /** Lower case, as in expressions: `mm0`, `xmm7`. */
  readonly name: string;
  readonly doc: string;
  readonly bytes: 8 | 16;
  read(state: CpuState): Uint8Array;
  /** Writes some of its bytes. */
  write(state: CpuState, at: number, bytes: Uint8Array): void;
}

const COUNT = 8;

function register(kind: 'mm' | 'xmm', index: number): VectorRegister {
  const isXmm = kind === 'xmm';
  const start = (isXmm ? XMM_REGS : FPU_REGS) + index * VECTOR_STRIDE;
  const length = isXmm ? 16 : 8;
  return {
    name: `${kind}${index}`,
    doc: isXmm ? 'SSE register' : `MMX register, the significand of x87 register R${index}`,
    bytes: length,
    read: (state) => state.u8.slice(start, start + length),
    write: (state, at, bytes) => {
      state.u8.set(bytes, start + at);
      // As MMX instructions leave the x87 register.
      if (!isXmm) state.u16[(start + length) >>> 1] = 0xffff;
    },
  };
}

/** XMM0 to XMM7, MM0 to MM7. */
export const VECTOR_REGISTERS: readonly VectorRegister[] = (['xmm', 'mm'] as const).flatMap((kind) =>
  Array.from({ length: COUNT }, (_, index) => register(kind, index)),
);

const BY_NAME = new Map(VECTOR_REGISTERS.map((vector) => [vector.name, vector]));

/** A vector register by name; letter case is ignored. */
export function findVectorRegister(name: string): VectorRegister | undefined {
  return BY_NAME.get(name.toLowerCase());
}

/** Numbers of XMM0 and MM0 in debug information (i386 psABI, table 2.14). */
const DWARF_XMM = 21;
const DWARF_MM = DWARF_XMM + COUNT;

/** True for numbers of vector registers in debug information. */
export function isVectorNumber(number: number): boolean {
  return number >= DWARF_XMM && number < DWARF_MM + COUNT;
}

/** A vector register by its number in debug information. */
export function vectorByNumber(number: number): VectorRegister | undefined {
  return isVectorNumber(number) ? VECTOR_REGISTERS[number - DWARF_XMM] : undefined;
}

const MXCSR_MAX = 0xffff;

/** MXCSR, which is a plain number. */
export const MXCSR_REGISTER: RegisterDefinition = {
  name: 'mxcsr',
  group: 'vector',
  size: 4,
  doc: 'control and status of SSE',
  read: ({ state }) => state.get(MXCSR),
  write: ({ state }, value) => {
    if (value < 0 || value > MXCSR_MAX) throw new EvaluationError('mxcsr takes 0 to 0xffff');
    state.set(MXCSR, value);
  },
};
