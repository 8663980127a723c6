/** Addresses of the native executor; the emulator uses the same. */
export const CODE = 0x40000;
export const DATA = 0x41000;
export const PAGE = 0x1000;

/** Bytes at the end of the data page that a case sets and a result tells. Nothing is mapped behind them. */
export const OPERAND_BYTES = 96;
export const OPERANDS = DATA + PAGE - OPERAND_BYTES;

/** Bytes that the code of a case takes, filled up with NOPs. */
export const CODE_BYTES = 24;

/** `trap` of a result without one. */
export const NO_TRAP = 0xff;

/** Offsets in the image that FXSAVE writes (Intel SDM vol. 1, table 10-2). */
export const IMAGE_BYTES = 512;
export const IMAGE = { control: 0, status: 2, tags: 4, mxcsr: 24, mask: 28, st: 32, xmm: 160, used: 288 } as const;

/** What the processor holds before or after an instruction. */
export interface VectorState {
  /** x87, MMX and SSE state as FXSAVE writes it. */
  readonly image: Uint8Array;
  /** EAX ECX EDX EBX ESP EBP ESI EDI; ESP does not take part. */
  readonly registers: readonly number[];
  readonly eflags: number;
  /** `OPERAND_BYTES` bytes at `OPERANDS`. */
  readonly operands: Uint8Array;
}

/** One instruction and the state that it finds. */
export interface VectorCase extends VectorState {
  readonly mnemonic: string;
  readonly code: readonly number[];
}

export interface VectorResult extends VectorState {
  /** Vector of the exception, or NO_TRAP. */
  readonly trap: number;
}

/** MMX registers have physical numbers, the image has the order of the stack: the byte offset of physical register i. */
export function registerOffset(image: Uint8Array, i: number): number {
  const top = (image[IMAGE.status + 1] >> 3) & 7;
  return IMAGE.st + ((i - top) & 7) * 16;
}
