import type { Float80 } from '../float80';
import { C2, Exception } from '../words';

/**
 * What an instruction did. The caller clears C1 (and C2 for FSIN, FCOS, FSINCOS and FPTAN), sets `flags` in the status word,
 * stores the values, pops for the instructions with two operands, and sees to unmasked exceptions.
 */
export interface TranscendentalResult {
  /**
   * Replaces the operand: ST(0), or ST(1) before the pop for FYL2X, FYL2XP1 and FPATAN. Undefined if registers and stack
   * stay as they are: an unmasked IE, DE or ZE, or C2.
   */
  readonly value?: Float80;
  /** Pushed thereafter: 1.0 by FPTAN, the cosine by FSINCOS. */
  readonly pushed?: Float80;
  /** Status word bits to set: exceptions, C1, C2. */
  readonly flags: number;
}

/**
 * The masked answer to exceptions that are found before anything is computed, or none of it if one of them is unmasked.
 * @param flags Invalid, Denormal, ZeroDivide
 */
export function withFlags(flags: number, control: number, masked: () => TranscendentalResult): TranscendentalResult {
  if (flags & ~control) return { flags };
  const result = masked();
  return { ...result, flags: result.flags | flags };
}

/** A result that no exception goes with. */
export function plain(value: Float80): TranscendentalResult {
  return { value, flags: 0 };
}

/** The operand is out of range: nothing happens but C2. */
export const OUT_OF_RANGE: TranscendentalResult = { flags: C2 };

/** The answer to an invalid operation, with its value where that is masked. */
export function invalid(control: number, value: Float80): TranscendentalResult {
  return withFlags(Exception.Invalid, control, () => plain(value));
}
