import * as w from '../wasm/expression';
import type { Expr, Expr64 } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import type { ModuleBuilder } from '../wasm/module';
import { align, packBits, unpackBits } from './bits';
import { DE, IE, OE, UE } from './flags';
import { F64, F80, type Format, INTEGER_BIT, QUIET_BIT, rebias } from './format';
import { isDenormal, normaliseOperand } from './operands';
import { DEFAULT_NAN_SIGNIFICAND, isNan, isQuiet, isSpecial, isUnsupported, loadPlace, storePlace } from './place';
import { variable32 } from './variable';
import { returnUnmasked } from './x87';

/** Singles and doubles to 80-bit places and back. */

const TOP = i64.const(INTEGER_BIT);
const QUIET = i64.const(QUIET_BIT);

/** Body of f80FromF32 and f80FromF64. */
export function placeFromBits(format: Format) {
  return (f: FunctionBuilder): void => {
    const dst = f.param(0);
    const bits = f.getAs(format === F64 ? 'i64' : 'i32', 1);
    const x = unpackBits(f, format, f.hold(align(format, bits)));
    const flags = variable32(f);
    const field = w.sub(x.exponent.value, rebias(format));
    f.if(w.eq(field, format.maxExponent), () => {
      x.exponent.value = w.constant(F80.maxExponent);
      const number = i64.eq(x.significand.value, TOP);
      f.if(w.eqz(w.or(number, isQuiet(x.significand.value))), () => {
        flags.value = w.constant(IE);
        x.significand.value = i64.or(x.significand.value, QUIET);
      });
    });
    f.if(isDenormal(format, x), () => {
      flags.value = w.constant(DE);
    });
    f.if(
      i64.eqz(x.significand.value),
      () => {
        x.exponent.value = w.constant(0);
      },
      () => normaliseOperand(f, format, x),
    );
    storePlace(f, dst, w.or(w.shl(x.sign.value, 15), x.exponent.value), x.significand.value);
    f.return(flags.value);
  };
}

/** Body of f80ToF32 and f80ToF64. */
export function placeToBits(format: Format) {
  return (f: FunctionBuilder, m: ModuleBuilder): void => {
    const [dst, place, control] = [0, 1, 2].map((index) => f.param(index));
    const store = (bits: Expr | Expr64) => f.emit(bits.type === 'i64' ? i64.store(dst, bits) : w.store32(dst, bits));
    const a = loadPlace(f, place);
    f.if(isSpecial(a), () => {
      f.if(isUnsupported(a.exponent.value, a.significand.value), () => {
        returnUnmasked(f, w.constant(IE), control);
        store(packBits(format, w.constant(1), w.constant(format.maxExponent), DEFAULT_NAN_SIGNIFICAND));
        f.return(w.constant(IE));
      });
      f.if(w.eq(a.exponent.value, F80.maxExponent), () => {
        const nan = f.let(isNan(a.exponent.value, a.significand.value));
        const flags = f.let(w.select(w.and(nan, w.eqz(isQuiet(a.significand.value))), IE, 0));
        returnUnmasked(f, flags, control);
        f.if(nan, () => {
          a.significand.value = i64.or(a.significand.value, QUIET);
        });
        store(packBits(format, a.sign.value, w.constant(format.maxExponent), a.significand.value));
        f.return(flags);
      });
      f.if(i64.eqz(a.significand.value), () => {
        store(packBits(format, a.sign.value, w.constant(0), a.significand.value));
        f.return(w.constant(0));
      });
      normaliseOperand(f, F80, a);
    });
    const args = [a.sign.value, a.exponent.value, a.significand.value, i64.const(0n), w.and(control, 0xffff)];
    const type = format === F64 ? 'i64' : 'i32';
    const [bits, flags] = f.callMany([type, 'i32'], m.indexOf(`round${format.name}`), args);
    returnUnmasked(f, w.and(flags, OE | UE), control);
    store(bits);
    f.return(flags);
  };
}
