import * as layout from '../layout';
import { FLAG_AF, FLAG_CF, FLAG_OF, FLAG_PF, FLAG_SF, FLAG_ZF } from '../layout';

/** The state's fields, by offset. */
interface Fields {
  get(offset: number): number;
}

/** True if the low byte has an even number of ones. */
function evenParity(byte: number): boolean {
  return ((0x9669 >>> ((byte ^ (byte >>> 4)) & 15)) & 1) !== 0;
}

/**
 * EFLAGS with the lazy arithmetic flags worked out, without changing the state. The formulas treat
 * a - b as a + ~b + 1 (LAZY_OP2 is stored complemented), so that one carry and one overflow formula serve both.
 */
export function materializeFlags(state: Fields): number {
  const lazy = state.get(layout.LAZY_MASK);
  const flags = state.get(layout.EFLAGS);
  if (lazy === 0) return flags | 2;
  const result = state.get(layout.LAZY_RESULT);
  const op1 = state.get(layout.LAZY_OP1);
  const op2 = state.get(layout.LAZY_OP2);
  const shift = state.get(layout.LAZY_SHIFT);
  const sub = state.get(layout.LAZY_SUB);
  let derived = 0;
  if (((((op1 & op2) | ((op1 | op2) & ~result)) >>> 31) ^ sub) & 1) derived |= FLAG_CF;
  if (evenParity((result >>> shift) & 0xff)) derived |= FLAG_PF;
  if ((((op1 ^ op2 ^ result) >>> (shift + 4)) ^ sub) & 1) derived |= FLAG_AF;
  if (result === 0) derived |= FLAG_ZF;
  if (result >>> 31) derived |= FLAG_SF;
  if (((op1 ^ result) & (op2 ^ result)) >>> 31) derived |= FLAG_OF;
  return ((flags & ~lazy) | (derived & lazy) | 2) >>> 0;
}
