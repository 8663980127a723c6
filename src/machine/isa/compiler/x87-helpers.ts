import * as layout from '../../layout';
import { floatSignature, X87_FUNCTIONS } from '../float/declare';
import * as w from '../wasm/expression';
import type { Expr, Expr64, ValueType } from '../wasm/expression';
import { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import type { Declared, ModuleBuilder } from '../wasm/module';

/** Registers of the x87. */
export const X87_REGISTERS = 8;

/** Imports the x87's functions; gives their numbers. */
export function importFloat(m: ModuleBuilder): Map<string, number> {
  return new Map(
    X87_FUNCTIONS.map((name) => {
      const { params, results } = floatSignature(name);
      return [name, m.import(name, params, results).index];
    }),
  );
}

const repeat = (type: ValueType): ValueType[] => Array.from({ length: X87_REGISTERS }, () => type);

/** Significands, then tops. */
const VALUES: readonly ValueType[] = [...repeat('i64'), ...repeat('i32')];

/** Host pointer of a register, counted from register `base`. */
export function registerPointer(base: Expr, index: number): Expr {
  return w.add(w.shl(w.and(w.add(base, index), 7), 4), layout.FPU_REGS);
}

/** Reads a register. */
export function loadRegister(pointer: Expr): { readonly significand: Expr64; readonly top: Expr } {
  return { significand: i64.load(pointer), top: w.load16(pointer, 8) };
}

/** Writes a register. */
export function storeRegister(f: FunctionBuilder, pointer: Expr, significand: Expr64, top: Expr): void {
  f.emit(i64.store(pointer, significand));
  f.emit(w.store16(pointer, top, 8));
}

/** What a module of compiled code has for the x87 beside its region. */
export class X87Helpers {
  private readonly spill: Declared;
  private readonly reload: Declared;

  constructor(
    m: ModuleBuilder,
    /** Numbers of the floating-point functions. */
    readonly float: ReadonlyMap<string, number>,
  ) {
    this.spill = m.declare('x87 spill', ['i32', ...VALUES]);
    this.reload = m.declare('x87 reload', ['i32'], VALUES);
  }

  /** (base, values): writes the registers to the CPU state. */
  get spillIndex(): number {
    return this.spill.index;
  }

  /** (base) -> values. */
  get reloadIndex(): number {
    return this.reload.index;
  }

  /** Gives both functions their bodies, for the registers that the region touches. */
  defineHelpers(m: ModuleBuilder, touched: ReadonlySet<number>): void {
    const spill = new FunctionBuilder(this.spill.params);
    const reload = new FunctionBuilder(this.reload.params, this.reload.results);
    const values = Array.from({ length: X87_REGISTERS }, (_, i) => {
      if (!touched.has(i)) return { significand: i64.const(0n), top: w.constant(0) };
      const significand = spill.getAs('i64', 1 + i);
      storeRegister(
        spill,
        spill.let(registerPointer(spill.param(0), i)),
        significand,
        spill.param(1 + X87_REGISTERS + i),
      );
      return loadRegister(reload.let(registerPointer(reload.param(0), i)));
    });
    reload.returnMany([...values.map(({ significand }) => significand), ...values.map(({ top }) => top)]);
    m.define(this.spill, spill);
    m.define(this.reload, reload);
  }
}
