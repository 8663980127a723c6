import * as w from '../wasm/expression';
import type { Expr64 } from '../wasm/expression';
import { f64 } from '../wasm/float';
import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import { F80, INTEGER_BIT } from './format';
import type { UnaryOperation } from './operation';
import { variable64 } from './variable';

const ZERO = i64.const(0n);
const ONE = i64.const(1n);
const LOW32 = i64.const(0xffff_ffffn);

/** Integer square root of an i64 whose upper two bits are not both clear: 32 bits, from the host's f64 root. */
function root64(f: FunctionBuilder, value: Expr64): Expr64 {
  const root = variable64(f, f64.truncateToU64(f64.sqrt(f64.fromU64(value))));
  // Rounding on the way can make it one too high, but never too low: the square of a 32-bit root, rounded to 53 bits,
  // has that root to 53 bits, and every step is monotonic.
  f.if(w.or(i64.gtU(root.value, LOW32), i64.gtU(i64.mul(root.value, root.value), value)), () => {
    root.value = i64.sub(root.value, ONE);
  });
  return root.value;
}

/** Square root. */
export const SQRT: UnaryOperation = {
  invalid: (a) => w.and(a.sign.value, w.eqz(a.zero)),
  special: (f, a, outcome) => {
    f.if(a.zero, () => outcome.zero(a.sign.value));
    f.if(a.infinity, () => outcome.infinity(a.sign.value));
  },
  /** Zimmermann, Karatsuba Square Root (INRIA RR-3805): the root of the upper half, one division, one correction. */
  finite: (f, _, a, outcome) => {
    const unbiased = f.let(w.sub(a.exponent.value, F80.bias));
    const even = f.let(w.eqz(w.and(unbiased, 1)));
    // The radicand is a.significand * 2^63 or, for odd exponents, 2^64.
    const high = f.hold(i64.select(even, i64.shrU(a.significand.value, ONE), a.significand.value));
    const next = f.hold(i64.select(even, i64.shl(i64.and(a.significand.value, ONE), i64.const(31n)), ZERO));
    const upper = root64(f, high);
    const upperRest = f.hold(i64.sub(high, i64.mul(upper, upper)));
    // upperRest < 2^33, so that the dividend may need 65 bits: halve dividend and divisor.
    const dividend = f.hold(i64.or(i64.shl(upperRest, i64.const(31n)), i64.shrU(next, ONE)));
    const quotient = f.hold(i64.divU(dividend, upper));
    const remainder = f.hold(i64.sub(dividend, i64.mul(quotient, upper)));
    const root = variable64(f, i64.add(i64.shl(upper, i64.const(32n)), quotient));
    // rest = remainder * 2^33 - quotient^2, a signed number of up to 66 bits as high:low.
    const restHigh = variable64(f);
    const restLow = variable64(f);
    const square = f.hold(i64.mul(quotient, quotient));
    const minuend = f.hold(i64.shl(remainder, i64.const(33n)));
    restLow.value = i64.sub(minuend, square);
    // The quotient can be 2^32, whose square is in the upper half.
    const subtrahend = i64.add(i64.shrU(quotient, i64.const(32n)), i64.extendU(i64.ltU(minuend, square)));
    restHigh.value = i64.sub(i64.shrU(remainder, i64.const(31n)), subtrahend);
    f.if(i64.ltS(restHigh.value, ZERO), () => {
      root.value = i64.sub(root.value, ONE);
      // rest += 2 * root + 1
      const doubled = f.hold(i64.or(i64.shl(root.value, ONE), ONE));
      restLow.value = i64.add(restLow.value, doubled);
      const carry = i64.extendU(i64.ltU(restLow.value, doubled));
      restHigh.value = i64.add(i64.add(restHigh.value, i64.shrU(root.value, i64.const(63n))), carry);
    });
    // The root lies above the middle of two neighbours if rest > root: no root is at the middle.
    const above = w.or(i64.gtS(restHigh.value, ZERO), i64.gtU(restLow.value, root.value));
    const inexact = w.or(i64.ne(restHigh.value, ZERO), i64.ne(restLow.value, ZERO));
    const tail = i64.select(above, i64.const(INTEGER_BIT + 1n), i64.extendU(inexact));
    outcome.round(w.constant(0), w.add(w.shrS(unbiased, 1), F80.bias), root.value, tail);
  },
};
