import * as w from '../wasm/expression';
import type { Expr, Expr64 } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import type { ModuleBuilder } from '../wasm/module';
import { F80, INTEGER_BIT } from './format';
import type { BinaryOperation, Outcome, Unpacked } from './operation';
import { variable32, variable64 } from './variable';
import { multiplyWide, normalise, shiftRightSticky } from './wide';

/** The four operations. Results for infinities and zeros: SDM vol. 2, tables of FADD, FMUL, FDIV. */

const ZERO = i64.const(0n);
const ONE = i64.const(1n);
const TOP = i64.const(INTEGER_BIT);

/** Chooses the same side of several pairs. */
const choose = (f: FunctionBuilder, first: Expr, a: Unpacked, b: Unpacked): Unpacked => ({
  sign: variable32(f, w.select(first, a.sign.value, b.sign.value)),
  exponent: variable32(f, w.select(first, a.exponent.value, b.exponent.value)),
  significand: variable64(f, i64.select(first, a.significand.value, b.significand.value)),
});

function addFinite(f: FunctionBuilder, _: ModuleBuilder, a: Unpacked, b: Unpacked, outcome: Outcome): void {
  const sameExponent = w.eq(a.exponent.value, b.exponent.value);
  const bLarger = f.let(
    w.or(
      w.ltS(a.exponent.value, b.exponent.value),
      w.and(sameExponent, i64.ltU(a.significand.value, b.significand.value)),
    ),
  );
  const large = choose(f, bLarger, b, a);
  const small = choose(f, bLarger, a, b);
  const { sign, exponent } = large;
  const high = small.significand;
  const low = variable64(f, ZERO);
  const distance = f.let(w.sub(exponent.value, small.exponent.value));
  f.if(
    w.ltU(distance, 64),
    () => {
      const by = f.hold(i64.extendU(distance));
      low.value = i64.shl(i64.shl(high.value, ONE), i64.sub(i64.const(63n), by));
      high.value = i64.shrU(high.value, by);
    },
    () => shiftRightSticky(f, high, low, distance),
  );
  f.if(w.eq(sign.value, small.sign.value), () => {
    high.value = i64.add(high.value, large.significand.value);
    // With a carry, all moves down by one bit, and the one that falls out leaves its trace.
    const carry = f.hold(i64.extendU(i64.ltU(high.value, large.significand.value)));
    const fallen = i64.and(low.value, ONE);
    const lowest = i64.shl(i64.and(high.value, carry), i64.const(63n));
    low.value = i64.or(i64.or(i64.shrU(low.value, carry), fallen), lowest);
    high.value = i64.or(i64.shrU(high.value, carry), i64.shl(carry, i64.const(63n)));
    outcome.round(sign.value, w.add(exponent.value, i64.wrap(carry)), high.value, low.value);
  });
  const borrow = i64.extendU(i64.ne(low.value, ZERO));
  high.value = i64.sub(i64.sub(large.significand.value, high.value), borrow);
  low.value = i64.sub(ZERO, low.value);
  f.if(i64.eqz(i64.or(high.value, low.value)), () => outcome.zero(outcome.roundingDown()));
  const lost = normalise(f, high, low);
  outcome.round(sign.value, w.sub(exponent.value, lost), high.value, low.value);
}

/** a + b. */
export const ADD: BinaryOperation = {
  invalid: (a, b) => w.and(w.and(a.infinity, b.infinity), w.ne(a.sign.value, b.sign.value)),
  special: (f, a, b, outcome) => {
    f.if(a.infinity, () => outcome.infinity(a.sign.value));
    f.if(b.infinity, () => outcome.infinity(b.sign.value));
    f.if(w.and(a.zero, b.zero), () => {
      outcome.zero(w.select(w.eq(a.sign.value, b.sign.value), a.sign.value, outcome.roundingDown()));
    });
  },
  finite: addFinite,
};

/** a - b. */
export const SUB: BinaryOperation = { ...ADD, negateSecond: true };

const productSign = (a: Unpacked, b: Unpacked): Expr => w.xor(a.sign.value, b.sign.value);

/** a * b. */
export const MUL: BinaryOperation = {
  invalid: (a, b) => w.or(w.and(a.infinity, b.zero), w.and(a.zero, b.infinity)),
  special: (f, a, b, outcome) => {
    f.if(w.or(a.infinity, b.infinity), () => outcome.infinity(productSign(a, b)));
    f.if(w.or(a.zero, b.zero), () => outcome.zero(productSign(a, b)));
  },
  finite: (f, _, a, b, outcome) => {
    const product = multiplyWide(f, a.significand.value, b.significand.value);
    const high = variable64(f, product.high);
    const low = variable64(f, product.low);
    // Without branches: whether the product of two fractions reaches 2 is anyone's guess.
    const short = f.hold(i64.extendU(i64.geS(high.value, ZERO)));
    const next = i64.and(i64.shrU(low.value, i64.const(63n)), short);
    high.value = i64.or(i64.shl(high.value, short), next);
    low.value = i64.shl(low.value, short);
    const sum = w.sub(w.add(a.exponent.value, b.exponent.value), F80.bias - 1);
    outcome.round(productSign(a, b), f.let(w.sub(sum, i64.wrap(short))), high.value, low.value);
  },
};

/** What follows the 64 bits of a quotient: nothing if `rest` is 0, else less or more than one half, or one half. */
function tailOf(rest: Expr64, above: Expr, half: Expr): Expr64 {
  const below = i64.const(INTEGER_BIT - 1n);
  const beyond = i64.const(INTEGER_BIT + 1n);
  return i64.select(i64.eqz(rest), ZERO, i64.select(above, beyond, i64.select(half, TOP, below)));
}

/** a / b. */
export const DIV: BinaryOperation = {
  invalid: (a, b) => w.or(w.and(a.infinity, b.infinity), w.and(a.zero, b.zero)),
  zeroDivide: (a, b) => w.and(b.zero, w.eqz(a.infinity)),
  special: (f, a, b, outcome) => {
    f.if(a.infinity, () => outcome.infinity(productSign(a, b)));
    f.if(w.or(a.zero, b.infinity), () => outcome.zero(productSign(a, b)));
  },
  finite: (f, m, a, b, outcome) => {
    const divisor = b.significand.value;
    const high = variable64(f, i64.shrU(a.significand.value, ONE));
    const low = variable64(f, i64.shl(a.significand.value, i64.const(63n)));
    const exponent = variable32(f, w.add(w.sub(a.exponent.value, b.exponent.value), F80.bias));
    f.if(i64.ltU(a.significand.value, divisor), () => {
      high.value = a.significand.value;
      low.value = ZERO;
      exponent.value = w.sub(exponent.value, 1);
    });
    const [quotient, rest] = f.callMany(['i64', 'i64'], m.indexOf('divideWide'), [high.value, low.value, divisor]);
    const half = f.hold(i64.sub(divisor, rest));
    outcome.round(productSign(a, b), exponent.value, quotient, tailOf(rest, i64.gtU(rest, half), i64.eq(rest, half)));
  },
};
