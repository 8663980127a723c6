import type { ExprV128 } from '../wasm/expression';
import { FunctionBuilder } from '../wasm/function';
import type { ModuleBuilder } from '../wasm/module';
import { f32x4, i32x4, v128 } from '../wasm/simd';

/**
 * RCPPS and RSQRTPS (Intel SDM vol. 2B): the relative error is at most 1.5 * 2^-12, the bits differ from chip to chip. Here they
 * are the exact value's first 12 bits after the point, rounded, as a table of that width would give them. MXCSR has no part in
 * it: no flag is raised, denormal operands count as zeroes and denormal results become zeroes.
 */

const SIGN = () => i32x4.splat(0x80000000);
const LEAST_NORMAL = () => i32x4.splat(0x00800000);
const DEFAULT_NAN = () => i32x4.splat(0xffc00000);
const QUIET = () => i32x4.splat(0x00400000);
const ONE = () => i32x4.splat(0x3f800000);

/** Half of the last bit that is kept, and the bits that are kept. */
const HALF = () => i32x4.splat(0x400);
const KEPT = () => i32x4.splat(0xfffff800);

/** Denormals become zeroes of their sign. */
function flush(f: FunctionBuilder, a: ExprV128): ExprV128 {
  const tiny = f32x4.lt(f32x4.abs(a), LEAST_NORMAL());
  return f.hold(v128.choose(v128.and(a, SIGN()), a, tiny));
}

/** Rounds away the bits that a table would not have; infinities and zeroes stay. */
const shorten = (a: ExprV128): ExprV128 => v128.and(i32x4.add(a, HALF()), KEPT());

function define(m: ModuleBuilder, name: string, of: (f: FunctionBuilder, a: ExprV128) => ExprV128): void {
  const f = new FunctionBuilder(['v128'], ['v128']);
  const a = f.getAs('v128', 0);
  const result = flush(f, f.hold(shorten(of(f, flush(f, a)))));
  f.return(v128.choose(v128.or(a, QUIET()), result, f32x4.ne(a, a)));
  m.define({ index: m.indexOf(name), params: ['v128'], results: ['v128'] }, f);
}

export function defineApproximations(m: ModuleBuilder): void {
  define(m, 'f32x4Reciprocal', (_, a) => f32x4.div(ONE(), a));
  define(m, 'f32x4ReciprocalRoot', (f, a) => {
    const result = f.hold(f32x4.div(ONE(), f32x4.sqrt(a)));
    return v128.choose(DEFAULT_NAN(), result, f32x4.lt(a, v128.const(Array<number>(16).fill(0))));
  });
}
