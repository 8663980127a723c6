import * as w from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import type { ModuleBuilder } from '../wasm/module';
import { C0, C1, C2, C3, DE } from './flags';
import { F80 } from './format';
import { classified, isDenormal, normaliseOperand } from './operands';
import { isSpecial, loadPlace, storePlace } from './place';
import { variable32, variable64 } from './variable';
import { endIfNan, invalidOperation, returnUnmasked } from './x87';

const ZERO = i64.const(0n);
const ONE = i64.const(1n);

/** Exponents that differ by less are reduced in one step. */
const STEP = 64;

/**
 * Body of f80Remainder: SDM vol. 2, FPREM and FPREM1. A reduction that is incomplete takes N bits off, where the SDM
 * leaves N open between 32 and 63: processors choose it so that a multiple of 32 remains.
 */
export function remainder(f: FunctionBuilder, m: ModuleBuilder): void {
  const [dst, pa, pb, control, toNearest] = [0, 1, 2, 3, 4].map((index) => f.param(index));
  const a = loadPlace(f, pa);
  const b = loadPlace(f, pb);
  const flags = variable32(f);
  const unchanged = () => {
    storePlace(f, dst, w.or(w.shl(a.sign.value, 15), a.exponent.value), a.significand.value);
    f.return(flags.value);
  };
  f.if(w.or(isSpecial(a), isSpecial(b)), () => {
    endIfNan(f, m, dst, pa, pb, control);
    const dividend = classified(f, F80, a);
    const divisor = classified(f, F80, b);
    f.if(w.or(dividend.infinity, divisor.zero), () => invalidOperation(f, dst, control));
    flags.value = w.select(w.or(isDenormal(F80, a), isDenormal(F80, b)), DE, 0);
    returnUnmasked(f, flags.value, control);
    f.if(dividend.zero, unchanged);
    f.if(divisor.infinity, () => {
      // Through the rounding, as a denormal is tiny.
      b.exponent.value = w.constant(2 * F80.maxExponent);
    });
    normaliseOperand(f, F80, a);
    f.if(w.eqz(divisor.infinity), () => normaliseOperand(f, F80, b));
  });
  const sign = a.sign;
  const rest = a.significand;
  const divisor = b.significand.value;
  const exponent = a.exponent;
  const difference = f.let(w.sub(a.exponent.value, b.exponent.value));
  const conditions = variable32(f);
  const quotient = variable64(f, ZERO);
  const finish = () => {
    f.if(i64.eqz(rest.value), () => {
      storePlace(f, dst, w.shl(sign.value, 15), ZERO);
      f.return(w.or(flags.value, conditions.value));
    });
    const zeros = f.hold(i64.clz(rest.value));
    const args = [dst, sign.value, w.sub(exponent.value, i64.wrap(zeros)), i64.shl(rest.value, zeros), ZERO, control];
    const rounded = f.callValue(m.indexOf('roundF80Extended'), args);
    f.return(w.or(w.or(rounded, flags.value), conditions.value));
  };
  const complete = () => {
    const bit = (place: number, condition: number) =>
      w.select(w.and(i64.wrap(quotient.value), 1 << place), condition, 0);
    conditions.value = w.or(w.or(bit(2, C0), bit(1, C3)), bit(0, C1));
    finish();
  };
  f.if(w.ltS(difference, 0), () => {
    const closerToOne = w.and(w.eq(difference, -1), i64.gtU(rest.value, divisor));
    f.if(w.and(toNearest, closerToOne), () => {
      quotient.value = ONE;
      rest.value = i64.sub(divisor, i64.sub(rest.value, divisor));
      sign.value = w.xor(sign.value, 1);
    });
    complete();
  });
  const partial = f.let(w.geS(difference, STEP));
  const bits = f.let(w.select(partial, w.or(w.and(difference, 31), 32), difference));
  f.if(i64.geU(rest.value, divisor), () => {
    rest.value = i64.sub(rest.value, divisor);
    quotient.value = ONE;
  });
  f.if(bits, () => {
    const distance = f.hold(i64.extendU(bits));
    const args = [i64.shrU(rest.value, i64.sub(i64.const(64n), distance)), i64.shl(rest.value, distance), divisor];
    const [digits, left] = f.callMany(['i64', 'i64'], m.indexOf('divideWide'), args);
    rest.value = left;
    quotient.value = i64.or(i64.shl(quotient.value, distance), digits);
  });
  exponent.value = w.sub(exponent.value, bits);
  f.if(partial, () => {
    conditions.value = w.constant(C2);
    finish();
  });
  const missing = f.hold(i64.sub(divisor, rest.value));
  const odd = i64.ne(i64.and(quotient.value, ONE), ZERO);
  const above = w.or(i64.gtU(rest.value, missing), w.and(i64.eq(rest.value, missing), odd));
  f.if(w.and(toNearest, above), () => {
    rest.value = missing;
    quotient.value = i64.add(quotient.value, ONE);
    sign.value = w.xor(sign.value, 1);
  });
  complete();
}
