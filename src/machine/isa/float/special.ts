import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import type { ModuleBuilder } from '../wasm/module';
import { C0, C1, C2, C3, DE, IE, ZE } from './flags';
import { F80, INTEGER_BIT, QUIET_BIT } from './format';
import { roundToMagnitude, storeMagnitude } from './integer';
import { classified, isDenormal, normaliseOperand } from './operands';
import {
  DEFAULT_NAN_SIGNIFICAND,
  DEFAULT_NAN_TOP,
  isNan,
  isQuiet,
  isSpecial,
  isUnsupported,
  loadPlace,
  loadSignificand,
  loadTop,
  storePlace,
  unpackValue,
} from './place';
import type { Unpacked } from './operation';
import { variable32 } from './variable';
import { endIfNan, invalidOperation, returnUnmasked } from './x87';

/** x87 operations on exponents, integers in floating point, and classes of numbers. */

const ZERO = i64.const(0n);
const TOP = i64.const(INTEGER_BIT);
const INFINITY = F80.maxExponent;

const topOf = (sign: Expr, exponent: Expr | number): Expr => w.or(w.shl(sign, 15), exponent);

/** Body of f80RoundToInteger: FRNDINT. */
export function roundToInteger(f: FunctionBuilder, m: ModuleBuilder): void {
  const [dst, pa, control] = [0, 1, 2].map((index) => f.param(index));
  const a = loadPlace(f, pa);
  const before = variable32(f);
  f.if(isSpecial(a), () => {
    endIfNan(f, m, dst, pa, pa, control);
    before.value = w.select(isDenormal(F80, a), DE, 0);
    returnUnmasked(f, before.value, control);
  });
  f.if(w.geU(a.exponent.value, F80.bias + 63), () => {
    storePlace(f, dst, topOf(a.sign.value, a.exponent.value), a.significand.value);
    f.return(before.value);
  });
  const { magnitude, flags } = roundToMagnitude(f, control, a.sign.value, a.exponent.value, a.significand.value);
  storeMagnitude(f, dst, a.sign.value, magnitude.value);
  f.return(w.or(flags.value, before.value));
}

/** Exponents beyond this take any number out of the range, even after the bias adjustment. */
const SCALE_LIMIT_BITS = 16;

/** Body of f80Scale: SDM vol. 2, FSCALE. */
export function scale(f: FunctionBuilder, m: ModuleBuilder): void {
  const [dst, pa, pb, control] = [0, 1, 2, 3].map((index) => f.param(index));
  const a = loadPlace(f, pa);
  const b = loadPlace(f, pb);
  const flags = variable32(f);
  f.if(w.or(isSpecial(a), isSpecial(b)), () => {
    endIfNan(f, m, dst, pa, pb, control);
    const value = classified(f, F80, a);
    const by = classified(f, F80, b);
    const invalid = w.select(b.sign.value, value.infinity, value.zero);
    f.if(w.and(by.infinity, invalid), () => invalidOperation(f, dst, control));
    flags.value = w.select(w.or(isDenormal(F80, a), isDenormal(F80, b)), DE, 0);
    returnUnmasked(f, flags.value, control);
    f.if(w.or(value.infinity, value.zero), () => {
      storePlace(f, dst, topOf(a.sign.value, a.exponent.value), a.significand.value);
      f.return(flags.value);
    });
    f.if(by.infinity, () => {
      const top = topOf(a.sign.value, w.select(b.sign.value, 0, INFINITY));
      storePlace(f, dst, top, i64.select(b.sign.value, ZERO, TOP));
      f.return(flags.value);
    });
    normaliseOperand(f, F80, a);
  });
  const power = f.let(w.sub(b.exponent.value, F80.bias));
  const distance = variable32(f, w.constant(1 << SCALE_LIMIT_BITS));
  f.if(w.ltS(power, SCALE_LIMIT_BITS), () => {
    const whole = i64.wrap(i64.shrU(b.significand.value, i64.extendU(w.sub(63, power))));
    distance.value = w.select(w.ltS(power, 0), 0, whole);
  });
  const exponent = w.select(
    b.sign.value,
    w.sub(a.exponent.value, distance.value),
    w.add(a.exponent.value, distance.value),
  );
  const args = [dst, a.sign.value, exponent, a.significand.value, ZERO, control];
  f.return(w.or(f.callValue(m.indexOf('roundF80Extended'), args), flags.value));
}

/** Body of f80Extract: SDM vol. 2, FXTRACT. */
export function extract(f: FunctionBuilder): void {
  const [exponentPlace, significandPlace, pa] = [0, 1, 2].map((index) => f.param(index));
  const a = loadPlace(f, pa);
  const flags = variable32(f);
  const both = (top: Expr | number, significand: ReturnType<typeof i64.const>) => {
    storePlace(f, exponentPlace, top, significand);
    storePlace(f, significandPlace, top, significand);
  };
  f.if(isSpecial(a), () => {
    f.if(isUnsupported(a.exponent.value, a.significand.value), () => {
      both(DEFAULT_NAN_TOP, DEFAULT_NAN_SIGNIFICAND);
      f.return(w.constant(IE));
    });
    f.if(isNan(a.exponent.value, a.significand.value), () => {
      const quiet = f.let(isQuiet(a.significand.value));
      both(topOf(a.sign.value, INFINITY), i64.or(a.significand.value, i64.const(QUIET_BIT)));
      f.return(w.select(quiet, 0, IE));
    });
    f.if(w.eq(a.exponent.value, INFINITY), () => {
      storePlace(f, exponentPlace, INFINITY, TOP);
      storePlace(f, significandPlace, topOf(a.sign.value, INFINITY), TOP);
      f.return(w.constant(0));
    });
    f.if(i64.eqz(a.significand.value), () => {
      storePlace(f, exponentPlace, topOf(w.constant(1), INFINITY), TOP);
      storePlace(f, significandPlace, w.shl(a.sign.value, 15), ZERO);
      f.return(w.constant(ZE));
    });
    flags.value = w.constant(DE);
    normaliseOperand(f, F80, a);
  });
  const power = f.let(w.sub(a.exponent.value, F80.bias));
  const negative = f.let(w.shrU(power, 31));
  const size = w.select(negative, w.sub(0, power), power);
  storeMagnitude(f, exponentPlace, negative, f.hold(i64.extendU(size)));
  storePlace(f, significandPlace, topOf(a.sign.value, F80.bias), a.significand.value);
  f.return(flags.value);
}

const UNORDERED = C0 | C2 | C3;

/** Body of f80Compare. */
export function comparePlaces(f: FunctionBuilder): void {
  compareNumbers(f, loadPlace(f, f.param(0)), loadPlace(f, f.param(1)), f.param(2));
}

/** Body of x87Compare. */
export function compareValues(f: FunctionBuilder): void {
  compareNumbers(f, unpackValue(f, 0, 1), unpackValue(f, 2, 3), f.param(4));
}

function compareNumbers(f: FunctionBuilder, a: Unpacked, b: Unpacked, quietly: Expr): void {
  const flags = variable32(f);
  f.if(w.or(isSpecial(a), isSpecial(b)), () => {
    const unsupported = w.or(
      isUnsupported(a.exponent.value, a.significand.value),
      isUnsupported(b.exponent.value, b.significand.value),
    );
    f.if(unsupported, () => f.return(w.constant(UNORDERED | IE)));
    const aNan = f.let(isNan(a.exponent.value, a.significand.value));
    const bNan = f.let(isNan(b.exponent.value, b.significand.value));
    f.if(w.or(aNan, bNan), () => {
      const signalling = w.or(
        w.and(aNan, w.eqz(isQuiet(a.significand.value))),
        w.and(bNan, w.eqz(isQuiet(b.significand.value))),
      );
      f.return(w.select(w.or(signalling, w.eqz(quietly)), UNORDERED | IE, UNORDERED));
    });
    flags.value = w.select(w.or(isDenormal(F80, a), isDenormal(F80, b)), DE, 0);
    f.if(i64.eqz(i64.or(a.significand.value, b.significand.value)), () => f.return(w.or(flags.value, C3)));
    // A pseudo-denormal is the number whose biased exponent is 1.
    for (const x of [a, b]) {
      f.if(i64.ltS(x.significand.value, ZERO), () => {
        x.exponent.value = w.select(x.exponent.value, x.exponent.value, 1);
      });
    }
  });
  f.if(w.ne(a.sign.value, b.sign.value), () => f.return(w.or(flags.value, w.select(a.sign.value, C0, 0))));
  const sameExponent = f.let(w.eq(a.exponent.value, b.exponent.value));
  const same = w.and(sameExponent, i64.eq(a.significand.value, b.significand.value));
  f.if(same, () => f.return(w.or(flags.value, C3)));
  const smaller = w.select(
    sameExponent,
    i64.ltU(a.significand.value, b.significand.value),
    w.ltS(a.exponent.value, b.exponent.value),
  );
  f.return(w.or(flags.value, w.select(w.xor(smaller, a.sign.value), C0, 0)));
}

/** Body of f80Examine: SDM vol. 2, FXAM. */
export function examine(f: FunctionBuilder): void {
  const place = f.param(0);
  const top = f.let(loadTop(place));
  const significand = f.hold(loadSignificand(place));
  const exponent = f.let(w.and(top, F80.maxExponent));
  const sign = f.let(w.select(w.shrU(top, 15), C1, 0));
  f.if(w.eqz(exponent), () => f.return(w.or(sign, w.select(i64.eqz(significand), C3, C3 | C2))));
  f.if(i64.geS(significand, ZERO), () => f.return(sign));
  f.if(w.ne(exponent, INFINITY), () => f.return(w.or(sign, C2)));
  f.return(w.or(sign, w.select(i64.eq(significand, TOP), C2 | C0, C0)));
}
