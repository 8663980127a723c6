import { Bytes } from './bytes';
import {
  type AnyExpr,
  type Code,
  Expr,
  type ExprOf,
  expr,
  type Operand,
  typed,
  unsignedLeb,
  VALUE_TYPES,
  type ValueType,
} from './expression';

const EMPTY_BLOCK = 0x40;

/** local.get of type i32 by index: asked for at every turn, and immutable. */
const GETS: Expr[] = [];

function localGet(local: number): Expr {
  return (GETS[local] ??= new Expr([0x20, ...unsignedLeb(local)]));
}

/** Where a branch goes: a block or loop that is open. Made by `block` and `loop`. */
export interface Label {
  readonly depth: number;
}

/** Writes the body of one WebAssembly function: statements in order, locals allocated as needed. */
export class FunctionBuilder {
  private readonly code = new Bytes();
  private readonly locals: ValueType[] = [];
  private depth = 0;
  /** Locals handed out in the present scope, and those of past scopes. */
  private lent: number[] | undefined;
  private readonly spare: Record<ValueType, number[]> = { i32: [], i64: [], f32: [], f64: [], v128: [] };

  constructor(
    readonly params: readonly ValueType[] = [],
    readonly results: readonly ValueType[] = [],
  ) {}

  /** A parameter of type i32 as an expression. */
  param(index: number): Expr {
    return this.get(index);
  }

  /** Appends a statement. */
  emit(code: Code): void {
    for (let i = 0; i < code.length; i++) {
      const piece = code[i];
      if (typeof piece === 'number') this.code.one(piece);
      else this.emit(piece);
    }
  }

  /** A new local variable; returns its index. */
  local(type: ValueType = 'i32'): number {
    const again = this.lent && this.spare[type].shift();
    if (again !== undefined) {
      this.lent?.push(again);
      return again;
    }
    this.locals.push(type);
    const local = this.params.length + this.locals.length - 1;
    this.lent?.push(local);
    return local;
  }

  /** Runs a body whose new locals are free for other scopes afterwards. */
  scope(body: () => void): void {
    const outer = this.lent;
    const lent: number[] = [];
    this.lent = lent;
    try {
      body();
    } finally {
      for (const local of lent) this.spare[this.typeOf(local)].push(local);
      this.lent = outer;
    }
  }

  /** Bytes of code so far; see `rewind`. */
  get position(): number {
    return this.code.length;
  }

  /** Takes back all code after a position that was read at the present depth. */
  rewind(position: number): void {
    this.code.length = position;
  }

  /** Puts code at an earlier position, outside all blocks that are open or were opened since. */
  insert(position: number, body: () => void): void {
    const behind = this.code.finish().slice(position);
    this.code.length = position;
    body();
    this.code.append(behind);
  }

  /** The present nesting, to be restored after code was given up in the middle. */
  get nesting(): number {
    return this.depth;
  }

  set nesting(depth: number) {
    this.depth = depth;
  }

  private typeOf(local: number): ValueType {
    return this.locals[local - this.params.length];
  }

  /** A local or parameter of type i32. */
  get(local: number): Expr {
    return localGet(local);
  }

  /** A local or parameter of any type. */
  getAs<T extends ValueType>(type: T, local: number): ExprOf<T> {
    return typed(type, localGet(local).code);
  }

  set(local: number, value: AnyExpr | number): void {
    this.emit(expr(value).code);
    this.instruction(0x21, local);
  }

  /** Evaluates now and gives back a cheap reference to the value. Constants stay constants. */
  let(value: Operand): Expr {
    const source = expr(value);
    if (source.constant !== undefined || (source.code[0] === 0x20 && source.code.length <= 3)) return source;
    const local = this.local();
    this.set(local, source);
    return this.get(local);
  }

  /** The same for a value of any type. */
  hold<T extends ValueType>(value: AnyExpr & { readonly type: T }): ExprOf<T> {
    const local = this.local(value.type);
    this.set(local, value);
    return this.getAs(value.type, local);
  }

  if(condition: Operand, then: () => void, otherwise?: () => void): void {
    const test = expr(condition);
    if (test.constant !== undefined) {
      if (test.constant !== 0) then();
      else otherwise?.();
      return;
    }
    this.emit(test.code);
    this.instruction(0x04, EMPTY_BLOCK);
    this.depth++;
    then();
    if (otherwise) {
      this.code.one(0x05);
      otherwise();
    }
    this.end();
  }

  /** A block that `branch` leaves. */
  block(body: (leave: Label) => void): void {
    this.instruction(0x02, EMPTY_BLOCK);
    this.depth++;
    body({ depth: this.depth });
    this.end();
  }

  /** A loop that `branch` repeats; falling off its end leaves it. */
  loop(body: (again: Label) => void): void {
    this.instruction(0x03, EMPTY_BLOCK);
    this.depth++;
    body({ depth: this.depth });
    this.end();
  }

  branch(label: Label): void {
    this.instruction(0x0c, this.depth - label.depth);
  }

  branchIf(condition: Operand, label: Label): void {
    this.emit(expr(condition).code);
    this.instruction(0x0d, this.depth - label.depth);
  }

  /** Runs one of the cases by index; an index beyond them runs none. */
  switch(index: Operand, cases: readonly (() => void)[]): void {
    const first = this.depth;
    for (let i = 0; i <= cases.length; i++) {
      this.instruction(0x02, EMPTY_BLOCK);
      this.depth++;
    }
    this.emit(expr(index).code);
    this.instruction(0x0e, cases.length);
    for (let i = 0; i <= cases.length; i++) this.code.leb(i);
    for (let i = 0; i < cases.length; i++) {
      this.end();
      cases[i]();
      this.branch({ depth: first + 1 });
    }
    this.end();
  }

  return(value?: AnyExpr | number): void {
    if (value !== undefined) this.emit(expr(value).code);
    this.code.one(0x0f);
  }

  /** A call as a statement. */
  call(index: number, args: readonly (AnyExpr | number)[] = []): void {
    this.emit(this.callCode(index, args));
  }

  /** A call whose i32 result is used. It is evaluated where the expression is placed: `let` it. */
  callValue(index: number, args: readonly (AnyExpr | number)[] = []): Expr {
    return new Expr(this.callCode(index, args));
  }

  /** The same for a result of any type. */
  callAs<T extends ValueType>(type: T, index: number, args: readonly (AnyExpr | number)[] = []): ExprOf<T> {
    return typed(type, this.callCode(index, args));
  }

  /** Calls a function of several results now and gives back all of them, in order. */
  callMany<const T extends readonly ValueType[]>(
    types: T,
    index: number,
    args: readonly (AnyExpr | number)[] = [],
  ): { [K in keyof T]: ExprOf<T[K]> } {
    this.emit(this.callCode(index, args));
    const locals = types.map((type) => this.local(type));
    this.setBackwards(locals);
    return types.map((type, i) => this.getAs(type, locals[i])) as unknown as { [K in keyof T]: ExprOf<T[K]> };
  }

  /** The same, with the results put into the given locals. */
  callInto(locals: readonly number[], index: number, args: readonly (AnyExpr | number)[] = []): void {
    this.emit(this.callCode(index, args));
    this.setBackwards(locals);
  }

  /** Leaves the function with the values of several results. */
  returnMany(values: readonly (AnyExpr | number)[]): void {
    for (const value of values) this.emit(expr(value).code);
    this.code.one(0x0f);
  }

  /** Calls a function of type [] -> [] through table 0. */
  callIndirect(type: number, element: Operand): void {
    this.emit([expr(element).code, 0x11, unsignedLeb(type), 0]);
  }

  /** The same for a function with one result of type i32. */
  callIndirectValue(type: number, element: Operand, args: readonly Operand[] = []): Expr {
    return new Expr([...args.map((arg) => expr(arg).code), expr(element).code, 0x11, unsignedLeb(type), 0]);
  }

  /** The finished body: local declarations, code, end. */
  finish(): Uint8Array {
    const groups: { type: ValueType; count: number }[] = [];
    for (const type of this.locals) {
      const last = groups.at(-1);
      if (last?.type === type) last.count++;
      else groups.push({ type, count: 1 });
    }
    const body = new Bytes();
    body.leb(groups.length);
    for (const group of groups) {
      body.leb(group.count);
      body.one(VALUE_TYPES[group.type]);
    }
    body.append(this.code.finish());
    body.one(0x0b);
    return body.finish();
  }

  private end(): void {
    this.code.one(0x0b);
    this.depth--;
  }

  /** An opcode and its immediate. */
  private instruction(opcode: number, immediate: number): void {
    this.code.one(opcode);
    this.code.leb(immediate);
  }

  /** Takes values off the stack, the last one first. */
  private setBackwards(locals: readonly number[]): void {
    for (let i = locals.length - 1; i >= 0; i--) this.instruction(0x21, locals[i]);
  }

  private callCode(index: number, args: readonly (AnyExpr | number)[]): Code {
    return [...args.map((arg) => expr(arg).code), 0x10, unsignedLeb(index)];
  }
}
