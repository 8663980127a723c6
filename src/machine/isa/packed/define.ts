import * as w from '../wasm/expression';
import type { AnyExpr, Expr, Expr64, ExprV128 } from '../wasm/expression';
import { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import type { ModuleBuilder } from '../wasm/module';
import { f32x4, f64x2, i32x4, i64x2, v128, ZERO_V128 } from '../wasm/simd';
import { defineApproximations } from './approximation';
import { type Element, PACKED_FUNCTIONS, type PackedFunction, packedParameters } from './functions';

function extract(element: Element, vector: ExprV128, lane: number): Expr | Expr64 {
  return element === 'f64' ? i64x2.extract(vector, lane) : i32x4.extract(vector, lane);
}

function replace(element: Element, vector: ExprV128, lane: number, value: AnyExpr): ExprV128 {
  return element === 'f64' ? i64x2.replace(vector, lane, value as Expr64) : i32x4.replace(vector, lane, value as Expr);
}

/** MXCSR: rounding to nearest, everything masked, PE set. Then a result that is inexact changes nothing else. */
const NATIVE_MASK = 0x7fa0;
const NATIVE_VALUE = 0x1fa0;

/** Least normal and greatest finite numbers. */
const LIMITS = {
  f32: { least: () => i32x4.splat(0x00800000), greatest: () => i32x4.splat(0x7f7fffff) },
  f64: {
    least: () => i64x2.splat(i64.const(0x0010000000000000n)),
    greatest: () => i64x2.splat(i64.const(0x7fefffffffffffffn)),
  },
} as const;

/**
 * All elements at once where no flag but PE can come of it: operands are zeroes or not denormal, and results finite and
 * safely above the denormals. Sums of zero are exact, and so are products, quotients and roots of zero.
 */
function nativeFirst(f: FunctionBuilder, packed: PackedFunction, operands: readonly ExprV128[], mxcsr: Expr): void {
  const { native } = packed;
  if (!native) return;
  const { lanes, limits } =
    packed.from === 'f32' ? { lanes: f32x4, limits: LIMITS.f32 } : { lanes: f64x2, limits: LIMITS.f64 };
  f.if(w.eq(w.and(mxcsr, NATIVE_MASK), NATIVE_VALUE), () => {
    const result = f.hold(native === 'sqrt' ? lanes.sqrt(operands[0]) : lanes[native](operands[0], operands[1]));
    const magnitude = f.hold(lanes.abs(result));
    const least = f.hold(limits.least());
    const isZero = (a: ExprV128) => lanes.eq(a, ZERO_V128);
    let fine = v128.and(lanes.gt(magnitude, least), lanes.le(magnitude, limits.greatest()));
    const zeroAmongOperands = () => operands.map(isZero).reduce(v128.or);
    const exact = native === 'add' || native === 'sub';
    fine = v128.or(fine, exact ? isZero(result) : v128.and(isZero(result), zeroAmongOperands()));
    for (const operand of operands) {
      fine = v128.and(fine, v128.or(lanes.ge(lanes.abs(operand), least), isZero(operand)));
    }
    f.if(w.eqz(v128.anyTrue(v128.not(fine))), () => f.return(result));
  });
}

function definePackedFunction(m: ModuleBuilder, packed: PackedFunction): void {
  const params = packedParameters(packed);
  const f = new FunctionBuilder(params, ['v128']);
  const operands = Array.from({ length: packed.operands }, (_, i) => f.getAs('v128', i));
  const mxcsr = f.param(params.length - 1);
  nativeFirst(f, packed, operands, mxcsr);
  const result = f.local('v128');
  for (let lane = 0; lane < packed.count; lane++) {
    const args: AnyExpr[] = operands.map((operand) => extract(packed.from, operand, lane));
    if (packed.predicate) args.push(f.param(packed.operands));
    const index = m.indexOf(packed.each);
    args.push(mxcsr);
    f.set(result, replace(packed.to, f.getAs('v128', result), lane, valueOf(f, packed, index, args)));
  }
  f.return(f.getAs('v128', result));
  m.define({ index: m.indexOf(packed.name), params, results: ['v128'] }, f);
}

/** One element of the result. */
function valueOf(f: FunctionBuilder, packed: PackedFunction, index: number, args: readonly AnyExpr[]): AnyExpr {
  if (!packed.predicate) return f.callAs(packed.to === 'f64' ? 'i64' : 'i32', index, args);
  const mask = w.neg(f.callAs('i32', index, args));
  return packed.to === 'f64' ? i64.extendS(mask) : mask;
}

/** Gives all functions of `declarePacked` their bodies. */
export function definePacked(m: ModuleBuilder): void {
  for (const packed of PACKED_FUNCTIONS) definePackedFunction(m, packed);
  defineApproximations(m);
}
