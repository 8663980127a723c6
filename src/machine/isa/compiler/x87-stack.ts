import * as w from '../wasm/expression';
import type { Expr, Expr64, Operand } from '../wasm/expression';
import {
  type CombinedOperator,
  type MemoryBits,
  type StackRegister,
  type X87Operand,
  X87Registers,
  type X87Stage,
} from '../x87-registers';
import { NotInlined } from './not-inlined';
import type { X87Frame } from './x87-frame';
import type { X87Values } from './x87-values';

/** What the stack tells the emitter of a region. */
interface RegionStage extends X87Stage {
  /** Something of the guest's state changes. */
  noteChange(): void;
  /** The register stack moves, which must be known while compiling. */
  noteStackChange(): void;
  /** Remembers the instruction for exception handlers. */
  rememberX87(operand?: X87Operand): void;
}

/** The register stack of the x87 as one instruction of a region sees it: in locals. */
export class RegionX87 extends X87Registers {
  constructor(
    private readonly emitter: RegionStage,
    private readonly frame: X87Frame,
    readonly values: X87Values,
  ) {
    super(emitter);
  }

  override register(i: Operand): StackRegister {
    const { constant } = w.expr(i);
    if (constant === undefined) throw new NotInlined('a register that is not known before');
    const number = this.frame.numberOf(constant);
    const pointer = w.constant(this.frame.pointerOf(number));
    return { index: w.constant(number), pointer, empty: this.frame.isEmpty(number) };
  }

  override markUsed(register: StackRegister): void {
    this.mark(register, 'used');
  }

  override markEmpty(register: StackRegister): void {
    this.mark(register, 'empty');
  }

  private mark({ index }: StackRegister, state: 'used' | 'empty'): void {
    this.emitter.noteStackChange();
    this.frame.mark(index.constant as number, state);
  }

  override assume(registers: readonly StackRegister[], state: 'used' | 'empty'): void {
    for (const { index } of registers) this.frame.assume(index.constant as number, state);
  }

  override moveTop(by: 1 | -1): void {
    this.emitter.noteStackChange();
    this.frame.moveTop(by);
  }

  override pop(): void {
    this.markEmpty(this.register(0));
    this.moveTop(1);
  }

  override top(place: Operand): Expr {
    return this.emitter.f.get(this.values.locals(place).top);
  }

  override setTop(place: Operand, top: Operand): void {
    this.noteWrite(place);
    this.emitter.f.set(this.values.locals(place).top, top);
  }

  override significand(place: Operand): Expr64 {
    return this.emitter.f.getAs('i64', this.values.locals(place).significand);
  }

  override setSignificand(place: Operand, significand: Expr64): void {
    this.noteWrite(place);
    this.emitter.f.set(this.values.locals(place).significand, significand);
  }

  override combine(operator: CombinedOperator, register: StackRegister, operand: MemoryBits): Expr {
    this.noteWrite(register.pointer);
    return this.values.combine(operator, register.pointer, operand);
  }

  override compareWith(register: StackRegister, operand: MemoryBits): Expr {
    return this.values.compareWith(register.pointer, operand);
  }

  override remember(operand?: X87Operand): void {
    this.emitter.rememberX87(operand);
  }

  private noteWrite(place: Operand): void {
    const { constant } = w.expr(place);
    if (constant === undefined || this.frame.isRegister(constant)) this.emitter.noteChange();
  }
}
