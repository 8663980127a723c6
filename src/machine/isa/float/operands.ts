import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import { type Format, rebias } from './format';
import type { Classes, Unpacked } from './operation';

const ZERO = i64.const(0n);

/** Classes of an operand of a format, as they are now. */
export function classified(f: FunctionBuilder, format: Format, x: Unpacked): Unpacked & Classes {
  return {
    ...x,
    infinity: f.let(w.eq(x.exponent.value, format.maxExponent + rebias(format))),
    zero: f.let(i64.eqz(x.significand.value)),
  };
}

/** 1 for denormals and pseudo-denormals. */
export const isDenormal = (format: Format, x: Unpacked): Expr =>
  w.and(w.eq(x.exponent.value, rebias(format)), i64.ne(x.significand.value, ZERO));

/** Gives a denormal its top bit. A zero gets an exponent below that of any other number. */
export function normaliseOperand(f: FunctionBuilder, format: Format, x: Unpacked): void {
  const field = x.exponent.value;
  f.if(w.eq(field, rebias(format)), () => {
    const zeros = f.hold(i64.clz(x.significand.value));
    x.significand.value = i64.shl(x.significand.value, zeros);
    x.exponent.value = w.sub(rebias(format) + 1, i64.wrap(zeros));
  });
}
