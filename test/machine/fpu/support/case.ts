/** Bytes of what FRSTOR reads with 32-bit operands. */
export const IMAGE_BYTES = 108;
/** Bytes of memory that a case has, at EBX. */
export const MEMORY_BYTES = 640;
/** Room for its code, RET included. */
export const CODE_BYTES = 64;

/** x87 code with everything that it can see. */
export interface X87Case {
  /** What FRSTOR loads before the code runs. */
  readonly image: Buffer;
  readonly eax: number;
  readonly eflags: number;
  /** At EBX, aligned to 16 bytes. */
  readonly memory: Buffer;
  readonly instructions: readonly X87Instruction[];
}

export interface X87Instruction {
  readonly mnemonic: string;
  readonly bytes: readonly number[];
}

export interface X87Outcome {
  /** What FNSAVE stores thereafter. */
  readonly image: Buffer;
  readonly eax: number;
  readonly eflags: number;
  readonly memory: Buffer;
}
