import type { PlaceFunction, ValueFunction } from '../float/declare';
import { F32, F64, F80, type Format, rebias } from '../float/format';
import { FLAGS_SHIFT } from '../float/values';
import * as layout from '../../layout';
import * as w from '../wasm/expression';
import { type Expr, Expr64, type Operand } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import { NotInlined } from './not-inlined';
import type { CombinedOperator, MemoryBits } from '../x87-registers';
import type { ValueLocals, X87Frame } from './x87-frame';

/**
 * The floating-point functions of instruction definitions, staged for values in locals: the places in their arguments
 * stand for locals. What has no function of values goes through places in memory.
 */

type Argument = Expr | Expr64 | number;

const ZERO = i64.const(0n);
/** As two short constants: this is written at every load. */
const TOP = i64.shl(i64.const(1n), i64.const(63n));

/** Functions of the same on values: all operands are places, the last argument is the control word. */
const ARITHMETIC: ReadonlyMap<PlaceFunction, ValueFunction> = new Map([
  ['f80Add', 'x87Add'],
  ['f80Sub', 'x87Sub'],
  ['f80Mul', 'x87Mul'],
  ['f80Div', 'x87Div'],
  ['f80Sqrt', 'x87Sqrt'],
]);

/** Conversions for memory: their destinations are places in memory indeed. */
const TO_MEMORY: ReadonlyMap<PlaceFunction, { readonly name: ValueFunction; readonly wide: boolean }> = new Map([
  ['f80ToF32', { name: 'x87ToF32', wide: false }],
  ['f80ToF64', { name: 'x87ToF64', wide: true }],
  ['f80ToI16', { name: 'x87ToI16', wide: false }],
  ['f80ToI32', { name: 'x87ToI32', wide: false }],
  ['f80ToI64', { name: 'x87ToI64', wide: true }],
]);

/** Where operands are put for functions that have no form on values. */
const placeInMemory = (i: number): number => layout.FPU_SCRATCH + i * layout.VECTOR_STRIDE;

export class X87Values {
  constructor(
    private readonly f: FunctionBuilder,
    private readonly frame: X87Frame,
  ) {}

  /** Locals of a place that is known while compiling. */
  locals(place: Operand): ValueLocals {
    const locals = this.find(w.expr(place));
    if (!locals) throw new NotInlined('a place that is not known before');
    return locals;
  }

  /** Stages a call; gives the flags, 0 where there are none. */
  call(name: PlaceFunction, args: readonly Argument[]): Expr {
    const arithmetic = ARITHMETIC.get(name);
    if (arithmetic) return this.arithmetic(arithmetic, args);
    const conversion = TO_MEMORY.get(name);
    if (conversion) return this.toMemory(conversion.name, conversion.wide, args);
    switch (name) {
      case 'f80Compare':
        return this.f.let(this.f.callValue(this.number('x87Compare'), this.flattened(args)));
      case 'f80FromF64':
        return this.fromBits(F64, 'x87FromF64', args[0], args[1]);
      case 'f80FromF32':
        return this.fromBits(F32, 'x87FromF32', args[0], args[1]);
      case 'f80FromI32':
        return this.fromInteger(args[0], i64.extendS(args[1] as Expr));
      case 'f80FromI64':
        return this.fromInteger(args[0], args[1] as Expr64);
      default:
        return this.throughMemory(name, args);
    }
  }

  /** True if a call writes a register of the stack. */
  registerWritten(name: PlaceFunction, args: readonly Argument[]): boolean {
    if (name === 'f80Compare' || name === 'f80Examine') return false;
    const { constant } = w.expr(args[0] as Operand);
    return constant === undefined || this.frame.isRegister(constant);
  }

  private number(name: string): number {
    return this.frame.functionNumber(name);
  }

  private find(argument: Argument | Expr): ValueLocals | undefined {
    if (argument instanceof Expr64) return undefined;
    const { constant } = w.expr(argument);
    return constant === undefined ? undefined : this.frame.locals(constant);
  }

  /** Arguments with two values for each place. */
  private flattened(args: readonly Argument[]): Argument[] {
    return args.flatMap((argument) => {
      const locals = this.find(argument);
      return locals ? [this.f.getAs('i64', locals.significand), this.f.get(locals.top)] : [argument];
    });
  }

  /** Takes over what a function of values gave: a value, and a top with flags, which are returned. */
  private take({ significand, top }: ValueLocals, results: readonly [Expr64, Expr]): Expr {
    const { f } = this;
    f.set(significand, results[0]);
    f.set(top, w.and(results[1], 0xffff));
    return f.let(w.shrU(results[1], FLAGS_SHIFT));
  }

  private arithmetic(name: ValueFunction, [dst, ...operands]: readonly Argument[]): Expr {
    const target = this.locals(dst as Operand);
    return this.take(target, this.f.callMany(['i64', 'i32'], this.number(name), this.flattened(operands)));
  }

  /** See `X87Registers`. */
  combine(operator: CombinedOperator, register: Operand, bits: MemoryBits): Expr {
    const target = this.locals(register);
    const number = this.number(`x87${operator}${bits instanceof Expr64 ? 'F64' : 'F32'}`);
    const args = [...this.flattened([register]), bits, this.frame.controlWord];
    return this.take(target, this.f.callMany(['i64', 'i32'], number, args));
  }

  /** See `X87Registers`. */
  compareWith(register: Operand, bits: MemoryBits): Expr {
    const number = this.number(`x87Compare${bits instanceof Expr64 ? 'F64' : 'F32'}`);
    return this.f.let(this.f.callValue(number, [...this.flattened([register]), bits]));
  }

  private toMemory(name: ValueFunction, wide: boolean, [dst, ...operands]: readonly Argument[]): Expr {
    const { f } = this;
    const args = this.flattened(operands);
    if (wide) {
      const [bits, flags] = f.callMany(['i64', 'i32'], this.number(name), args);
      f.emit(i64.store(dst as Operand, bits));
      return flags;
    }
    const [bits, flags] = f.callMany(['i32', 'i32'], this.number(name), args);
    f.emit(w.store32(dst as Operand, bits));
    return flags;
  }

  /** Normal numbers are put together here; the rest, which may raise flags, is left to a function. */
  private fromBits(format: Format, name: ValueFunction, dst: Argument, bits: Argument): Expr {
    const { f } = this;
    const { significand, top } = this.locals(dst as Operand);
    const flags = f.local();
    f.set(flags, 0);
    const wide = bits instanceof Expr64;
    const high = f.let(wide ? i64.wrap(i64.shrU(bits, i64.const(32n))) : bits);
    const fractionBits = wide ? 20 : 23;
    const exponent = f.let(w.and(w.shrU(high, fractionBits), format.maxExponent));
    const whole = f.hold(wide ? bits : i64.extendU(bits as Expr));
    f.if(
      w.ltU(w.sub(exponent, 1), format.maxExponent - 1),
      () => {
        f.set(significand, i64.or(i64.shl(whole, i64.const(BigInt(64 - format.precision))), TOP));
        f.set(top, w.or(w.and(w.shrU(high, 16), 0x8000), w.add(exponent, rebias(format))));
      },
      () => {
        const results = f.callMany(['i64', 'i32'], this.number(name), [bits]);
        f.set(flags, this.take({ significand, top }, results));
      },
    );
    return f.get(flags);
  }

  private fromInteger(dst: Argument, integer: Expr64): Expr {
    const { f } = this;
    const { significand, top } = this.locals(dst as Operand);
    const value = f.hold(integer);
    const negative = f.let(i64.ltS(value, ZERO));
    const magnitude = f.hold(i64.select(negative, i64.sub(ZERO, value), value));
    const zeros = f.hold(i64.clz(magnitude));
    const exponent = w.sub(F80.bias + 63, i64.wrap(zeros));
    // An integer zero is positive, with an exponent of zero.
    f.set(significand, i64.shl(magnitude, zeros));
    f.set(top, w.select(i64.eqz(magnitude), 0, w.or(w.shl(negative, 15), exponent)));
    return w.constant(0);
  }

  private throughMemory(name: PlaceFunction, args: readonly Argument[]): Expr {
    const { f } = this;
    const toMemory = name === 'f80ToBcd';
    const found = args.map((argument, i) => (toMemory && i === 0 ? undefined : this.find(argument)));
    const passed = args.map((argument, i) => {
      const locals = found[i];
      if (!locals) return argument;
      const place = placeInMemory(i);
      f.emit(i64.store(place, f.getAs('i64', locals.significand)));
      f.emit(w.store16(place, f.get(locals.top), 8));
      return place;
    });
    const number = this.number(name);
    if (name === 'f80FromBcd') f.call(number, passed);
    const flags = name === 'f80FromBcd' ? w.constant(0) : f.let(f.callValue(number, passed));
    if (!toMemory && name !== 'f80Examine') {
      const written = name === 'f80Extract' ? [0, 1] : [0];
      for (const i of written) {
        const locals = this.locals(args[i] as Operand);
        f.set(locals.significand, i64.load(placeInMemory(i)));
        f.set(locals.top, w.load16(placeInMemory(i), 8));
      }
    }
    return flags;
  }
}
