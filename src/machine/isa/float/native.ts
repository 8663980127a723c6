import type { Expr, Expr64 } from '../wasm/expression';
import { f32, f64 } from '../wasm/float';
import { F64, type Format } from './format';

/** Arithmetic of the host: to nearest even, flags unknown. */
export type NativeBinary = 'add' | 'sub' | 'mul' | 'div';
export type NativeUnary = 'sqrt';

/** Result bits of an operation on bits. */
export function nativeBinary(format: Format, name: NativeBinary, a: Expr | Expr64, b: Expr | Expr64): Expr | Expr64 {
  return format === F64
    ? f64.bits(f64[name](f64.fromBits(a as Expr64), f64.fromBits(b as Expr64)))
    : f32.bits(f32[name](f32.fromBits(a as Expr), f32.fromBits(b as Expr)));
}

/** The same for one operand. */
export function nativeUnary(format: Format, name: NativeUnary, a: Expr | Expr64): Expr | Expr64 {
  return format === F64 ? f64.bits(f64[name](f64.fromBits(a as Expr64))) : f32.bits(f32[name](f32.fromBits(a as Expr)));
}
