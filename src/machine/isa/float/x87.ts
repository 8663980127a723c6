import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import type { ModuleBuilder } from '../wasm/module';
import { DE, IE, ROUND_DOWN, ZE } from './flags';
import { F80, INTEGER_BIT, QUIET_BIT } from './format';
import type { BinaryOperation, Outcome, UnaryOperation } from './operation';
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
} from './place';
import { roundingControl } from './round';
import { type Variable, variable32 } from './variable';

/** Skeletons of the x87's arithmetic: what NaNs, exceptions and special operands do before the operation proper. */

const TOP = i64.const(INTEGER_BIT);
const ZERO = i64.const(0n);

/** Ends of x87 operations: the result goes to a place, the flags (with those raised before) are returned. */
class PlaceOutcome implements Outcome {
  constructor(
    private readonly f: FunctionBuilder,
    private readonly m: ModuleBuilder,
    private readonly dst: Expr,
    private readonly control: Expr,
    private readonly flags: Variable<'i32'>,
  ) {}

  round: Outcome['round'] = (sign, exponent, high, low) => {
    const args = [this.dst, sign, exponent, high, low, this.control];
    this.f.return(w.or(this.f.callValue(this.m.indexOf('roundF80'), args), this.flags.value));
  };

  infinity(sign: Expr): void {
    storePlace(this.f, this.dst, w.or(w.shl(sign, 15), F80.maxExponent), TOP);
    this.f.return(this.flags.value);
  }

  zero(sign: Expr): void {
    storePlace(this.f, this.dst, w.shl(sign, 15), ZERO);
    this.f.return(this.flags.value);
  }

  roundingDown(): Expr {
    return w.eq(roundingControl(this.control), ROUND_DOWN);
  }
}

/** Returns the flags raised so far if one of them is unmasked. */
export function returnUnmasked(f: FunctionBuilder, flags: Expr, control: Expr): void {
  f.if(w.and(flags, w.xor(control, -1)), () => f.return(flags));
}

/** Ends with IE and, if that is masked, the default NaN. */
export function invalidOperation(f: FunctionBuilder, dst: Expr, control: Expr): void {
  f.if(w.and(control, IE), () => storePlace(f, dst, DEFAULT_NAN_TOP, DEFAULT_NAN_SIGNIFICAND));
  f.return(w.constant(IE));
}

/** What `nanF80` returns if no operand is a NaN. */
const NO_NAN = -1;

/**
 * Ends with the result of an operation one of whose operands is a NaN or unsupported. Give the operand twice if there
 * is only one.
 */
export function endIfNan(f: FunctionBuilder, m: ModuleBuilder, dst: Expr, a: Expr, b: Expr, control: Expr): void {
  const flags = f.let(f.callValue(m.indexOf('nanF80'), [dst, a, b, control]));
  f.if(w.ne(flags, NO_NAN), () => f.return(flags));
}

/**
 * Body of nanF80: the result if an operand is a NaN or unsupported, else NO_NAN. Of two NaNs the quiet one
 * is taken, else the one with the larger significand, else the positive one: SDM vol. 1, table 4-7.
 */
export function nanOfPlaces(f: FunctionBuilder): void {
  const [dst, pa, pb, control] = [0, 1, 2, 3].map((index) => f.param(index));
  const read = (place: Expr) => {
    const top = f.let(loadTop(place));
    const significand = f.hold(loadSignificand(place));
    return { top, significand, exponent: f.let(w.and(top, F80.maxExponent)) };
  };
  const a = read(pa);
  const b = read(pb);
  f.if(w.or(isUnsupported(a.exponent, a.significand), isUnsupported(b.exponent, b.significand)), () =>
    invalidOperation(f, dst, control),
  );
  const aNan = f.let(isNan(a.exponent, a.significand));
  const bNan = f.let(isNan(b.exponent, b.significand));
  f.if(w.eqz(w.or(aNan, bNan)), () => f.return(w.constant(NO_NAN)));
  const aQuiet = f.let(isQuiet(a.significand));
  const bQuiet = f.let(isQuiet(b.significand));
  const signalling = w.or(w.and(aNan, w.eqz(aQuiet)), w.and(bNan, w.eqz(bQuiet)));
  const flags = f.let(w.select(signalling, IE, 0));
  returnUnmasked(f, flags, control);
  const larger = w.or(
    i64.gtU(a.significand, b.significand),
    w.and(i64.eq(a.significand, b.significand), w.ltU(a.top, b.top)),
  );
  const ofTwo = w.select(w.eq(aQuiet, bQuiet), larger, aQuiet);
  const first = f.let(w.select(bNan, w.and(aNan, ofTwo), 1));
  const quiet = i64.const(QUIET_BIT);
  const significand = i64.or(i64.select(first, a.significand, b.significand), quiet);
  storePlace(f, dst, w.select(first, a.top, b.top), significand);
  f.return(flags);
}

/** Body of (dst, a, b, control) -> flags. */
export function binaryOnPlaces(operation: BinaryOperation) {
  return (f: FunctionBuilder, m: ModuleBuilder): void => {
    const [dst, pa, pb, control] = [0, 1, 2, 3].map((index) => f.param(index));
    const a = loadPlace(f, pa);
    const b = loadPlace(f, pb);
    const flags = variable32(f);
    const outcome = new PlaceOutcome(f, m, dst, control, flags);
    if (operation.negateSecond) b.sign.value = w.xor(b.sign.value, 1);
    f.if(w.or(isSpecial(a), isSpecial(b)), () => {
      endIfNan(f, m, dst, pa, pb, control);
      const first = classified(f, F80, a);
      const second = classified(f, F80, b);
      f.if(operation.invalid(first, second), () => invalidOperation(f, dst, control));
      if (operation.zeroDivide) {
        f.if(operation.zeroDivide(first, second), () => {
          f.if(w.eqz(w.and(control, ZE)), () => f.return(w.constant(ZE)));
          flags.value = w.constant(ZE);
          outcome.infinity(w.xor(a.sign.value, b.sign.value));
        });
      }
      f.if(w.or(isDenormal(F80, a), isDenormal(F80, b)), () => {
        flags.value = w.constant(DE);
      });
      returnUnmasked(f, flags.value, control);
      operation.special(f, first, second, outcome);
      normaliseOperand(f, F80, a);
      normaliseOperand(f, F80, b);
    });
    operation.finite(f, m, a, b, outcome);
  };
}

/** Body of (dst, a, control) -> flags. */
export function unaryOnPlaces(operation: UnaryOperation) {
  return (f: FunctionBuilder, m: ModuleBuilder): void => {
    const [dst, pa, control] = [0, 1, 2].map((index) => f.param(index));
    const a = loadPlace(f, pa);
    const flags = variable32(f);
    const outcome = new PlaceOutcome(f, m, dst, control, flags);
    f.if(w.or(isSpecial(a), a.sign.value), () => {
      endIfNan(f, m, dst, pa, pa, control);
      const only = classified(f, F80, a);
      f.if(operation.invalid(only), () => invalidOperation(f, dst, control));
      f.if(isDenormal(F80, a), () => {
        flags.value = w.constant(DE);
      });
      returnUnmasked(f, flags.value, control);
      operation.special(f, only, outcome);
      normaliseOperand(f, F80, a);
    });
    operation.finite(f, m, a, outcome);
  };
}
