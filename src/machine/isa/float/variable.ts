import type { AnyExpr, Expr, Expr64, ExprOf, ValueType } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';

/**
 * A local of a function that changes while the function runs. Reading `value` gives an expression, setting it emits
 * code.
 */
export class Variable<T extends ValueType> {
  private readonly local: number;

  constructor(
    private readonly f: FunctionBuilder,
    private readonly type: T,
    initial?: AnyExpr & { readonly type: T },
  ) {
    this.local = f.local(type);
    if (initial) f.set(this.local, initial);
  }

  get value(): ExprOf<T> {
    return this.f.getAs(this.type, this.local);
  }

  set value(value: ExprOf<T>) {
    this.f.set(this.local, value);
  }
}

export const variable32 = (f: FunctionBuilder, initial?: Expr): Variable<'i32'> => new Variable(f, 'i32', initial);
export const variable64 = (f: FunctionBuilder, initial?: Expr64): Variable<'i64'> => new Variable(f, 'i64', initial);
