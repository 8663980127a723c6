/**
 * Bits of the status and control words of the x87 (Intel SDM vol. 1, sections 8.1.3 and 8.1.5).
 * A mask bit of the control word has the place of its exception in the status word.
 */
export const Exception = {
  Invalid: 0x01,
  Denormal: 0x02,
  ZeroDivide: 0x04,
  Overflow: 0x08,
  Underflow: 0x10,
  Precision: 0x20,
} as const;

/** SF: the invalid operation was a register that is empty, or one that is not when something is pushed. */
export const STACK_FAULT = 0x40;
/** ES and B: an exception is pending that is not masked. B follows ES since the 80387. */
export const PENDING = 0x8080;
/** The six exceptions. */
export const EXCEPTIONS = 0x3f;
/** Exceptions that, when not masked, keep an instruction from changing its destination and the stack. */
export const PRECOMPUTATION_EXCEPTIONS = Exception.Invalid | Exception.Denormal | Exception.ZeroDivide;

/** Condition code C0. */
export const C0 = 0x100;
/** Condition code C1: the result was rounded up in magnitude; or, with a stack fault, the direction of it. */
export const C1 = 0x200;
/** Condition code C2: the operand is out of range and the instruction has done nothing; or the reduction is not complete. */
export const C2 = 0x400;

/** Condition code C3. */
export const C3 = 0x4000;
export const CONDITION_CODES = C0 | C1 | C2 | C3;

/** Control word after FNINIT: round to nearest, 64-bit precision, all exceptions masked. */
export const CONTROL_INITIAL = 0x037f;
/** Control word after RESET (Intel SDM vol. 3A, table 9-1). */
export const CONTROL_RESET = 0x0040;
/** Bits of the control word that can be set; bit 6 always reads as one. */
export const CONTROL_WRITABLE = 0x1f3f;
export const CONTROL_FIXED = 0x0040;

/** Rounding control, bits 10-11 of the control word. */
export enum Rounding {
  Nearest,
  Down,
  Up,
  Zero,
}

/** Reads the rounding control from a control word. */
export function roundingOf(control: number): Rounding {
  return (control >>> 10) & 3;
}
