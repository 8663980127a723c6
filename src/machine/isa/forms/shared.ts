import type { Size } from '../size';
import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';

/** Suffixes of Jcc, SETcc and CMOVcc in the order of their condition codes, 0-15. */
export const CONDITION_NAMES: readonly string[] = [
  ...['O', 'NO', 'B', 'NB', 'Z', 'NZ', 'BE', 'NBE'],
  ...['S', 'NS', 'P', 'NP', 'L', 'NL', 'LE', 'NLE'],
];

/** A value of the given width, sign-extended to 32 bits. */
export function signExtend(size: Size, value: Expr): Expr {
  if (size === 8) return w.extend8(value);
  return size === 16 ? w.extend16(value) : value;
}
