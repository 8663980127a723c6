import type { Operations } from '../../cpu/operations';
import * as layout from '../../layout';
import { FLAGS_ARITHMETIC } from '../../layout';
import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';
import { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import type { ModuleBuilder } from '../wasm/module';
import type { TierMode } from './mode';
import { importFloat, X87Helpers } from './x87-helpers';

/**
 * Functions that a module of compiled code may have beside its region, so that what is rare is not written out at
 * each place.
 */

export const REGISTERS = 8;
/** `kind`, first and second operand, result, explicit bits: see `FlagTracker`. */
export const FLAG_LOCALS = 5;
/** Where LAZY_SHIFT and LAZY_SUB are in `kind`; LAZY_MASK is in the low bits. */
export const SHIFT_AT = 16;
export const SUB_AT = 24;
/** Where `kind` says which of the values has to be derived from the other two. */
export const DERIVED_AT = 25;
export enum Derived {
  Nothing = 0,
  Result = 1,
  FirstOperand = 2,
}
/** Tag of no page: further from every linear address than a page is long. */
export const NO_PAGE = 1n << 40n;

/** The page of a region's entry. */
export interface CodePage {
  /** Host pointer of its first byte. */
  readonly host: number;
  /** Bytes from there on at which instructions may start that are within the page for sure. */
  readonly window: number;
}

/** Numbers of the functions that regions call. */
export interface Helpers {
  /** (registers, flags, budget, eip, EIP of the page): gives everything to the CPU state. */
  readonly spill: number;
  /** () -> registers, flags: takes them from the CPU state. */
  readonly reload: number;
  /** (linear) -> host pointer or 0, page to remember or `NO_PAGE`; by bytes and direction. Only where TypeScript is asked. */
  readonly locate: ((bytes: number, write: boolean) => number) | undefined;
  /** Lets the interpreter do one instruction. */
  readonly step: number;
  /** Undefined where no instruction of the region needs them. */
  readonly x87: X87Helpers | undefined;
  /** The operations that instructions of the region call. */
  readonly operations: ReadonlyMap<keyof Operations, number>;
}

const i32 = (count: number) => Array.from({ length: count }, () => 'i32' as const);

/** Gives registers, flags and budget to the CPU state. */
export function emitValues(f: FunctionBuilder, values: readonly Expr[]): void {
  const set = (offset: number, value: Expr | number) => f.emit(w.store32(offset, value));
  for (let i = 0; i < REGISTERS; i++) set(layout.REGS + i * 4, values[i]);
  const [kind, op1, op2, result, explicit, budget] = values.slice(REGISTERS);
  const shift = f.let(w.and(w.shrU(kind, SHIFT_AT), 31));
  const sub = f.let(w.and(w.shrU(kind, SUB_AT), 1));
  const derived = f.let(w.shrU(kind, DERIVED_AT));
  const addend = f.let(w.add(w.xor(op2, w.neg(sub)), sub));
  const first = f.let(w.select(w.eq(derived, Derived.FirstOperand), w.sub(result, addend), op1));
  const last = w.select(w.eq(derived, Derived.Result), w.add(op1, addend), result);
  set(layout.LAZY_MASK, w.and(kind, FLAGS_ARITHMETIC));
  set(layout.LAZY_SHIFT, shift);
  set(layout.LAZY_SUB, sub);
  set(layout.LAZY_RESULT, w.shl(last, shift));
  set(layout.LAZY_OP1, w.shl(first, shift));
  set(layout.LAZY_OP2, w.shl(w.xor(op2, w.neg(sub)), shift));
  set(layout.EFLAGS, w.or(w.and(w.load32(layout.EFLAGS), ~FLAGS_ARITHMETIC), explicit));
  set(layout.REMAINING, budget);
}

/** The same, and EIP. */
export function emitSpill(f: FunctionBuilder, values: readonly Expr[], page: CodePage): void {
  const set = (offset: number, value: Expr | number) => f.emit(w.store32(offset, value));
  emitValues(f, values);
  const [eip, base] = values.slice(REGISTERS + FLAG_LOCALS + 1);
  const place = f.let(w.sub(eip, base));
  f.if(
    w.leU(place, page.window),
    () => {
      const ip = f.let(w.add(place, page.host));
      set(layout.IP, ip);
      set(layout.IP_START, ip);
      set(layout.IP_DELTA, w.sub(page.host, base));
      set(layout.CODE_START, page.host);
      set(layout.CODE_END, page.host + page.window);
    },
    () => {
      // As `CpuState.eip`: to be resolved again.
      set(layout.IP, eip);
      set(layout.IP_START, eip);
      set(layout.IP_DELTA, 0);
      set(layout.CODE_START, -1);
      set(layout.CODE_END, 0);
    },
  );
}

/** Registers and flags from the CPU state, in the order of `emitSpill`. */
export function emitReload(f: FunctionBuilder): Expr[] {
  const shift = f.let(w.load32(layout.LAZY_SHIFT));
  const sub = f.let(w.load32(layout.LAZY_SUB));
  return [
    ...Array.from({ length: REGISTERS }, (_, i) => w.load32(layout.REGS + i * 4)),
    w.or(w.or(w.load32(layout.LAZY_MASK), w.shl(shift, SHIFT_AT)), w.shl(sub, SUB_AT)),
    w.shrU(w.load32(layout.LAZY_OP1), shift),
    w.xor(w.shrU(w.load32(layout.LAZY_OP2), shift), w.neg(sub)),
    w.shrU(w.load32(layout.LAZY_RESULT), shift),
    w.and(w.load32(layout.EFLAGS), FLAGS_ARITHMETIC),
  ];
}

function defineSpill(m: ModuleBuilder, page: CodePage): number {
  const params = i32(REGISTERS + FLAG_LOCALS + 3);
  const f = new FunctionBuilder(params);
  emitSpill(
    f,
    params.map((_, i) => f.param(i)),
    page,
  );
  const declared = m.declare('spill', params);
  m.define(declared, f);
  return declared.index;
}

function defineReload(m: ModuleBuilder): number {
  const results = i32(REGISTERS + FLAG_LOCALS);
  const f = new FunctionBuilder([], results);
  f.returnMany(emitReload(f));
  const declared = m.declare('reload', [], results);
  m.define(declared, f);
  return declared.index;
}

/** Looks into the TLB, then asks TypeScript. */
function defineLocate(m: ModuleBuilder, mode: TierMode, refill: number, bytes: number, write: boolean): number {
  const f = new FunctionBuilder(['i32'], ['i32', 'i64']);
  const linear = f.param(0);
  const entry = f.let(w.load32(w.shl(w.shrU(linear, 12), 2), layout.TLB));
  const allowed = w.and(entry, write ? mode.writeMask : mode.readMask);
  const fits = bytes === 1 ? allowed : w.and(w.ne(allowed, 0), w.leU(w.and(linear, 0xfff), 0x1000 - bytes));
  const page = i64.extendU(w.and(linear, ~0xfff));
  f.if(fits, () => f.returnMany([w.add(w.and(entry, ~0xfff), linear), page]));
  f.returnMany([f.callValue(refill, [linear, bytes, write ? 1 : 0]), i64.const(NO_PAGE)]);
  const declared = m.declare(`locate ${bytes} ${write}`, ['i32'], ['i32', 'i64']);
  m.define(declared, f);
  return declared.index;
}

function defineLocates(m: ModuleBuilder, mode: TierMode): Helpers['locate'] {
  const refill = m.import('refill', ['i32', 'i32', 'i32'], ['i32']).index;
  const located = new Map<number, number>();
  return (bytes, write) => {
    const key = bytes * 2 + (write ? 1 : 0);
    let index = located.get(key);
    if (index === undefined) located.set(key, (index = defineLocate(m, mode, refill, bytes, write)));
    return index;
  };
}

/**
 * Adds the functions to a module: imports at once, those of the x87 and those that ask TypeScript where they are needed;
 * the module's own when they are first called.
 */
export function addHelpers(
  m: ModuleBuilder,
  mode: TierMode,
  page: CodePage,
  {
    usesX87,
    asks,
    operations,
  }: { readonly usesX87: boolean; readonly asks: boolean; readonly operations: Helpers['operations'] },
): Helpers {
  const step = m.import('step', []).index;
  const float = usesX87 ? importFloat(m) : undefined;
  const locate = asks ? defineLocates(m, mode) : undefined;
  const x87 = float && new X87Helpers(m, float);
  let [spill, reload]: (number | undefined)[] = [];
  return {
    get spill() {
      return (spill ??= defineSpill(m, page));
    },
    get reload() {
      return (reload ??= defineReload(m));
    },
    locate,
    step,
    x87,
    operations,
  };
}
