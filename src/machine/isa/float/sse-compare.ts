import * as w from '../wasm/expression';
import type { Expr, Expr64 } from '../wasm/expression';
import { f32, f64 } from '../wasm/float';
import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import type { ModuleBuilder } from '../wasm/module';
import { isDenormalBits, isNanBits, isSignallingBits, unalign } from './bits';
import { DE, IE } from './flags';
import { F64, type Format } from './format';
import { raise, readOperand } from './sse';

/** Comparisons of SSE and SSE2. */

/** Relations as COMISS sets ZF, PF and CF. */
const LESS = 0x01;
const EQUAL = 0x40;
const UNORDERED = 0x45;

function hostCompare(format: Format, relation: 'lt' | 'gt' | 'eq', a: Expr64, b: Expr64): Expr {
  if (format === F64) return f64[relation](f64.fromBits(a), f64.fromBits(b));
  const single = (x: Expr64) => f32.fromBits(unalign(format, x) as Expr);
  return f32[relation](single(a), single(b));
}

function operands(f: FunctionBuilder, format: Format, mxcsr: Expr): [Expr64, Expr64] {
  const type = format === F64 ? 'i64' : 'i32';
  const read = (index: number) => readOperand(f, format, f.getAs(type, index), mxcsr);
  return [read(0), read(1)];
}

const either = (test: (format: Format, x: Expr64) => Expr, format: Format, a: Expr64, b: Expr64): Expr =>
  w.or(test(format, a), test(format, b));

/** Body of f32Compare and f64Compare. */
export function compareBits(format: Format) {
  return (f: FunctionBuilder): void => {
    const [a, b] = operands(f, format, f.param(3));
    f.if(either(isNanBits, format, a, b), () => {
      f.if(w.or(f.param(2), either(isSignallingBits, format, a, b)), () => raise(f, IE));
      f.return(w.constant(UNORDERED));
    });
    f.if(either(isDenormalBits, format, a, b), () => raise(f, DE));
    const orEqual = w.select(hostCompare(format, 'eq', a, b), EQUAL, 0);
    f.return(w.select(hostCompare(format, 'lt', a, b), LESS, orEqual));
  };
}

/** Body of f32Predicate and f64Predicate. Predicates from 4 on are the opposites of 0 to 3; LT and LE signal QNaNs. */
export function predicateOfBits(format: Format) {
  return (f: FunctionBuilder, m: ModuleBuilder): void => {
    const type = format === F64 ? 'i64' : 'i32';
    const kind = f.let(w.and(f.param(2), 3));
    const signalling = w.ltU(w.sub(kind, 1), 2);
    const args = [f.getAs(type, 0), f.getAs(type, 1), signalling, f.param(3)];
    const relation = f.let(f.callValue(m.indexOf(`f${format === F64 ? 64 : 32}Compare`), args));
    const less = f.let(w.eq(relation, LESS));
    const equal = f.let(w.eq(relation, EQUAL));
    const ordered = w.select(w.eq(kind, 1), less, w.or(less, equal));
    const holds = w.select(kind, w.select(w.eq(kind, 3), w.eq(relation, UNORDERED), ordered), equal);
    f.return(w.xor(holds, w.shrU(w.and(f.param(2), 7), 2)));
  };
}

/**
 * Body of min (`lt`) and max (`gt`): the first operand if that relation holds, else, NaNs and zeros included, the
 * second.
 */
export function chooseBits(format: Format, relation: 'lt' | 'gt') {
  return (f: FunctionBuilder): void => {
    const [a, b] = operands(f, format, f.param(2));
    f.if(
      either(isNanBits, format, a, b),
      () => raise(f, IE),
      () => f.if(either(isDenormalBits, format, a, b), () => raise(f, DE)),
    );
    f.return(unalign(format, f.hold(i64.select(hostCompare(format, relation, a, b), a, b))));
  };
}
