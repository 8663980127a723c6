import * as layout from '../../layout';
import { FLAG_AF, FLAG_CF, FLAG_OF, FLAG_PF, FLAG_SF, FLAG_ZF } from '../../layout';
import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';

const result = (): Expr => w.load32(layout.LAZY_RESULT);
const op1 = (): Expr => w.load32(layout.LAZY_OP1);
const op2 = (): Expr => w.load32(layout.LAZY_OP2);
const shift = (): Expr => w.load32(layout.LAZY_SHIFT);
const inverted = (): Expr => w.load32(layout.LAZY_SUB);

const carries = (): Expr => w.or(w.and(op1(), op2()), w.and(w.or(op1(), op2()), w.not(result())));
const carry = (): Expr => w.xor(w.shrU(carries(), 31), inverted());
const lowByte = (): Expr => w.and(w.shrU(result(), shift()), 0xff);
const halfCarry = (): Expr => w.shrU(w.xor(w.xor(op1(), op2()), result()), w.add(shift(), 4));
const zero = (): Expr => w.eqz(result());
/** Bit 31 is the overflow. */
const overflow = (): Expr => w.and(w.xor(op1(), result()), w.xor(op2(), result()));
const less = (): Expr => w.shrU(w.xor(result(), overflow()), 31);

/** How a lazy flag is derived; see `materializeFlags` for the formulas. `derive` gives 0 or 1. */
export interface LazyFlag {
  readonly mask: number;
  readonly bit: number;
  readonly derive: () => Expr;
}

/** By the names of the functions that give them. */
export const LAZY_FLAGS = {
  carry: { mask: FLAG_CF, bit: 0, derive: carry },
  parity: { mask: FLAG_PF, bit: 2, derive: () => w.xor(w.and(w.popcnt(lowByte()), 1), 1) },
  adjust: { mask: FLAG_AF, bit: 4, derive: () => w.and(w.xor(halfCarry(), inverted()), 1) },
  zero: { mask: FLAG_ZF, bit: 6, derive: zero },
  sign: { mask: FLAG_SF, bit: 7, derive: () => w.shrU(result(), 31) },
  overflow: { mask: FLAG_OF, bit: 11, derive: () => w.shrU(overflow(), 31) },
} as const satisfies Record<string, LazyFlag>;

/** Conditions of Jcc by their code / 2, where all flags that they depend on are lazy: 0 or 1. */
export const LAZY_CONDITIONS: readonly { readonly flags: number; readonly derive: () => Expr }[] = [
  { flags: FLAG_OF, derive: LAZY_FLAGS.overflow.derive },
  { flags: FLAG_CF, derive: carry },
  { flags: FLAG_ZF, derive: zero },
  { flags: FLAG_CF | FLAG_ZF, derive: () => w.or(carry(), zero()) },
  { flags: FLAG_SF, derive: LAZY_FLAGS.sign.derive },
  { flags: FLAG_PF, derive: LAZY_FLAGS.parity.derive },
  { flags: FLAG_SF | FLAG_OF, derive: less },
  { flags: FLAG_SF | FLAG_OF | FLAG_ZF, derive: () => w.or(less(), zero()) },
];
