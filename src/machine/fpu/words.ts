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

/** Condition code C1: the result was rounded up in magnitude; or, with a stack fault, the direction of it. */
export const C1 = 0x200;
/** Condition code C2: the operand is out of range and the instruction has done nothing; or the reduction is not complete. */
export const C2 = 0x400;

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
