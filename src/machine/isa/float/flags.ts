/**
 * Exception flags, the same places in the x87 status word and in MXCSR; masks are in the same order in the control word
 * (from bit 0) and in MXCSR (from bit 7). SDM vol. 1, 8.1.3, 8.1.5 and 10.2.3.
 */
export const IE = 0x01;
export const DE = 0x02;
export const ZE = 0x04;
export const OE = 0x08;
export const UE = 0x10;
export const PE = 0x20;

/** Condition codes in their places in the x87 status word. */
export const C0 = 0x100;
export const C1 = 0x200;
export const C2 = 0x400;
export const C3 = 0x4000;

/** Rounding control, as bits 10-11 of the x87 control word hold it. */
export const ROUND_NEAREST = 0;
export const ROUND_DOWN = 1;
export const ROUND_UP = 2;
export const ROUND_TO_ZERO = 3;

/**
 * In a control word that is made of MXCSR for the shared functions: results that are tiny become zero while UE is
 * masked. Above the 16 bits that the x87 control word has.
 */
export const CONTROL_FLUSH = 0x10000;
