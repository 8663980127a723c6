import * as layout from '../layout';
import { SegmentIndex } from '../layout';
import * as w from './wasm/expression';
import type { Expr, Expr64, Operand } from './wasm/expression';
import type { FunctionBuilder } from './wasm/function';
import { i64 } from './wasm/i64';

/** What the registers need of the emitter that they belong to. */
export interface X87Stage {
  readonly f: FunctionBuilder;
  let(value: Operand): Expr;
  state(offset: number): Expr;
  setState(offset: number, value: Operand): void;
  instructionEip(): Expr;
  escapeOpcode(): Expr;
}

/** Where an instruction's operand in memory is. */
export interface X87Operand {
  readonly segment: Expr;
  readonly offset: Expr;
}

/** A register of the x87's stack. */
export interface StackRegister {
  /** Physical number, or what the stage counts registers by. */
  readonly index: Expr;
  /** Where its value is: a place. */
  readonly pointer: Expr;
  /** Not zero if it is empty. */
  readonly empty: Expr;
}

/** A single (i32) or double (i64) as it is in memory. */
export type MemoryBits = Expr | Expr64;

/** Operations with ST(0) on the left, or on the right (R). */
export type CombinedOperator = 'Add' | 'Mul' | 'Sub' | 'SubR' | 'Div' | 'DivR';

/**
 * How a stage keeps the register stack of the x87, and places with 80-bit values. This one, the interpreter's, has both in
 * memory: a place is a host pointer to a u64 significand and a u16 sign and exponent.
 */
export class X87Registers {
  constructor(private readonly e: X87Stage) {}

  /** ST(i); -1 is what the next push will fill. */
  register(i: Operand): StackRegister {
    const { e } = this;
    const index = e.let(w.and(w.add(e.state(layout.FPU_TOP), i), 7));
    const pointer = e.let(w.add(w.shl(index, 4), layout.FPU_REGS));
    return { index, pointer, empty: w.and(e.state(layout.FPU_EMPTY), w.shl(1, index)) };
  }

  markUsed({ index }: StackRegister): void {
    const { e } = this;
    e.setState(layout.FPU_EMPTY, w.and(e.state(layout.FPU_EMPTY), w.not(w.shl(1, index))));
  }

  markEmpty({ index }: StackRegister): void {
    const { e } = this;
    e.setState(layout.FPU_EMPTY, w.or(e.state(layout.FPU_EMPTY), w.shl(1, index)));
  }

  /** Tells of registers that have been found used, or empty; a stage may spare itself further tests. */
  assume(_registers: readonly StackRegister[], _state: 'used' | 'empty'): void {}

  /** Makes a register next to ST(0) the new one: that above it (1), or that below (-1), where it is known already. */
  moveTop(by: 1 | -1, known?: StackRegister): void {
    const { e } = this;
    e.setState(layout.FPU_TOP, known ? known.index : w.and(w.add(e.state(layout.FPU_TOP), by), 7));
  }

  /** Marks ST(0) empty and makes ST(1) the new one. */
  pop(): void {
    const top = this.register(0);
    this.markEmpty(top);
    this.e.setState(layout.FPU_TOP, w.and(w.add(top.index, 1), 7));
  }

  /** Sign (bit 15) and exponent of a place. */
  top(place: Operand): Expr {
    return w.load16(place, 8);
  }

  setTop(place: Operand, top: Operand): void {
    this.e.f.emit(w.store16(place, top, 8));
  }

  significand(place: Operand): Expr64 {
    return i64.load(place);
  }

  setSignificand(place: Operand, significand: Expr64): void {
    this.e.f.emit(i64.store(place, significand));
  }

  /**
   * An operation of a register and a single or double in memory that replaces the register, in one: gives the flags. Undefined
   * where the stage has none, and the operand has to be converted first.
   */
  combine(_operator: CombinedOperator, _register: StackRegister, _operand: MemoryBits): Expr | undefined {
    return undefined;
  }

  /** The same for FCOM: gives flags and relation. */
  compareWith(_register: StackRegister, _operand: MemoryBits): Expr | undefined {
    return undefined;
  }

  /** Remembers the instruction for exception handlers. */
  remember(operand?: X87Operand): void {
    const { e } = this;
    e.setState(layout.FPU_IP, e.instructionEip());
    e.setState(layout.FPU_CS, e.state(layout.SEG_SELECTOR + SegmentIndex.CS * 4));
    e.setState(layout.FPU_OPCODE, e.escapeOpcode());
    if (!operand) return;
    e.setState(layout.FPU_DP, operand.offset);
    e.setState(layout.FPU_DS, w.load32(w.shl(operand.segment, 2), layout.SEG_SELECTOR));
  }
}
