import * as w from '../wasm/expression';
import type { Expr, Expr64 } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import { type Variable, variable64 } from './variable';

/** Arithmetic on 128 bits as pairs of i64. */

const LOW32 = i64.const(0xffff_ffffn);
const low32 = (a: Expr64): Expr64 => i64.and(a, LOW32);
const high32 = (a: Expr64): Expr64 => i64.shrU(a, i64.const(32n));
const flag64 = (a: Expr): Expr64 => i64.extendU(a);

/** 1 if the value is not zero, else 0: what is left of bits that only tell exact from inexact. */
export const sticky = (a: Expr64): Expr64 => flag64(i64.ne(a, i64.const(0n)));

/** Shifts high:low right by an i32 of at least 0. A bit that falls out leaves its trace in the lowest bit. */
export function shiftRightSticky(f: FunctionBuilder, high: Variable<'i64'>, low: Variable<'i64'>, by: Expr): void {
  const left = f.local();
  f.set(left, by);
  f.if(w.geU(f.get(left), 64), () => {
    low.value = i64.or(high.value, sticky(low.value));
    high.value = i64.const(0n);
    f.set(left, w.sub(f.get(left), 64));
    f.if(w.geU(f.get(left), 64), () => {
      low.value = sticky(low.value);
      f.set(left, w.constant(0));
    });
  });
  f.if(f.get(left), () => {
    const right = f.hold(i64.extendU(f.get(left)));
    const up = f.hold(i64.sub(i64.const(64n), right));
    low.value = i64.or(i64.or(i64.shl(high.value, up), i64.shrU(low.value, right)), sticky(i64.shl(low.value, up)));
    high.value = i64.shrU(high.value, right);
  });
}

/** Shifts high:low, which is not zero, left until its top bit is set; gives the distance. */
export function normalise(f: FunctionBuilder, high: Variable<'i64'>, low: Variable<'i64'>): Expr {
  const distance = f.local();
  f.set(distance, w.constant(0));
  f.if(i64.eqz(high.value), () => {
    high.value = low.value;
    low.value = i64.const(0n);
    f.set(distance, w.constant(64));
  });
  const zeros = f.hold(i64.clz(high.value));
  f.if(i64.ne(zeros, i64.const(0n)), () => {
    high.value = i64.or(i64.shl(high.value, zeros), i64.shrU(low.value, i64.sub(i64.const(64n), zeros)));
    low.value = i64.shl(low.value, zeros);
  });
  return f.let(w.add(f.get(distance), i64.wrap(zeros)));
}

/** The 128-bit product of two i64. */
export function multiplyWide(f: FunctionBuilder, a: Expr64, b: Expr64): { high: Expr64; low: Expr64 } {
  const a0 = f.hold(low32(a));
  const a1 = f.hold(high32(a));
  const b0 = f.hold(low32(b));
  const b1 = f.hold(high32(b));
  const low = f.hold(i64.mul(a0, b0));
  const first = f.hold(i64.add(i64.mul(a1, b0), high32(low)));
  const second = f.hold(i64.add(i64.mul(a0, b1), low32(first)));
  return {
    high: f.hold(i64.add(i64.add(i64.mul(a1, b1), high32(first)), high32(second))),
    low: f.hold(i64.or(i64.shl(second, i64.const(32n)), low32(low))),
  };
}

/**
 * Body of divideWide: quotient and remainder of 128 bits by 64. The divisor has its top bit set and is greater than
 * `high`. Two digits of 32 bits: Knuth, The Art of Computer Programming vol. 2, 4.3.1, algorithm D.
 */
export function divideWide(f: FunctionBuilder): void {
  const [high, low, divisor] = [0, 1, 2].map((index) => f.getAs('i64', index));
  const d1 = f.hold(high32(divisor));
  const d0 = f.hold(low32(divisor));
  const digit = (rest: Expr64, next: Expr64): { quotient: Expr64; remainder: Expr64 } => {
    const q = variable64(f, i64.divU(rest, d1));
    const r = variable64(f, i64.sub(rest, i64.mul(q.value, d1)));
    f.block((done) => {
      f.loop((again) => {
        const tooLarge = w.or(
          i64.gtU(q.value, LOW32),
          i64.gtU(i64.mul(q.value, d0), i64.or(i64.shl(r.value, i64.const(32n)), next)),
        );
        f.branchIf(w.eqz(tooLarge), done);
        q.value = i64.sub(q.value, i64.const(1n));
        r.value = i64.add(r.value, d1);
        f.branchIf(i64.leU(r.value, LOW32), again);
      });
    });
    const shifted = i64.or(i64.shl(rest, i64.const(32n)), next);
    return { quotient: q.value, remainder: f.hold(i64.sub(shifted, i64.mul(q.value, divisor))) };
  };
  const upper = digit(high, f.hold(high32(low)));
  const lower = digit(upper.remainder, f.hold(low32(low)));
  f.returnMany([i64.or(i64.shl(upper.quotient, i64.const(32n)), lower.quotient), lower.remainder]);
}
