import type { Operations } from '../cpu/operations';
import * as layout from '../layout';
import {
  FLAG_AF,
  FLAG_CF,
  FLAG_OF,
  FLAG_PF,
  FLAG_SF,
  FLAG_ZF,
  FLAGS_ARITHMETIC,
  Register,
  SegmentIndex,
} from '../layout';
import type { Vector } from '../cpu/fault';
import type { FloatFunction } from './float/declare';
import type { PackedName } from './packed/functions';
import type { Size } from './size';
import * as w from './wasm/expression';
import type { Expr, Expr64, ExprV128, Operand } from './wasm/expression';
import type { FunctionBuilder, Label } from './wasm/function';
import { X87Registers } from './x87-registers';

/** Names of the small functions that every stage can call; the runtime module defines them. */
export type RuntimeFunction =
  | `read${Size}`
  | `update${Size}`
  | `write${Size}`
  | 'read64'
  | 'write64'
  | 'read128'
  | 'write128'
  | 'probeStore'
  | 'mmxUnavailable'
  | 'sseUnavailable'
  | 'settleFloat'
  | PackedName
  | `push${16 | 32}`
  | `carry`
  | `parity`
  | `adjust`
  | `zero`
  | `sign`
  | `overflow`
  | `arithmeticFlags`
  | `jump`
  | FloatFunction;

/** A condition code, 0-15, as in Jcc: O NO B NB Z NZ BE NBE S NS P NP L NL LE NLE. */
export type ConditionCode = number;

/** All ones in the given width. */
export function sizeMask(size: Size): number {
  return size === 32 ? -1 : (1 << size) - 1;
}

/**
 * What the semantics of an instruction are written against. A stage (interpreter, compiled block)
 * supplies how operands are found and how control leaves; everything else is common to all.
 *
 * Order matters: `load` and operand reads happen where they are written. A definition does all that can
 * fault before it changes registers or flags.
 */
export abstract class Emitter {
  constructor(
    readonly f: FunctionBuilder,
    /** Operand size in force: 16 or 32. */
    readonly operandSize: 16 | 32,
  ) {}

  /** Index of a runtime function in the module being built. */
  protected abstract runtime(name: RuntimeFunction): number;
  /** Index of an imported operation. */
  protected abstract operation(name: keyof Operations): number;
  /** Leaves the instruction at once. */
  abstract leave(): void;

  /** Evaluates now; the result may be used any number of times. */
  let(value: Operand): Expr {
    return this.f.let(value);
  }

  if(condition: Operand, then: () => void, otherwise?: () => void): void {
    this.f.if(condition, then, otherwise);
  }

  /**
   * What seldom happens, before the instruction has changed anything: a compiled block leaves the whole instruction to the
   * interpreter then.
   */
  unlikely(condition: Operand, then: () => void): void {
    this.if(condition, then);
  }

  loop(body: (again: Label) => void): void {
    this.f.loop(body);
  }

  /** A u32 field of the CPU state. */
  state(offset: number): Expr {
    return w.load32(offset);
  }

  setState(offset: number, value: Operand): void {
    this.f.emit(w.store32(offset, value));
  }

  /** Instructions that may still be retired, this one included: see `layout.REMAINING`. */
  remaining(): Expr {
    return w.load32(layout.REMAINING);
  }

  // Registers

  /** Reads a general register, zero-extended. 8-bit indices are in encoding order: AL CL DL BL AH CH DH BH. */
  reg(size: Size, index: Operand): Expr {
    return this.let(LOAD[size](registerAddress(size, index)));
  }

  setReg(size: Size, index: Operand, value: Operand): void {
    this.f.emit(STORE[size](registerAddress(size, index), value));
  }

  // Memory

  /** Reads memory at segment:offset; leaves the instruction if that faults. */
  load(size: Size, segment: Operand, offset: Operand): Expr {
    return this.checked(this.f.callValue(this.runtime(`read${size}`), [segment, offset]));
  }

  /** The same, and makes sure that a store of that size to the same place cannot fault. */
  loadForUpdate(size: Size, segment: Operand, offset: Operand): Expr {
    return this.checked(this.f.callValue(this.runtime(`update${size}`), [segment, offset]));
  }

  store(size: Size, segment: Operand, offset: Operand, value: Operand): void {
    this.f.call(this.runtime(`write${size}`), [segment, offset, value]);
    this.leaveIfFault();
  }

  /** Reads 8 bytes. */
  load64(segment: Operand, offset: Operand): Expr64 {
    const value = this.f.hold(this.f.callAs('i64', this.runtime('read64'), [segment, offset]));
    this.leaveIfFault();
    return value;
  }

  /** Stores 8 bytes: all or, if it faults, none. */
  store64(segment: Operand, offset: Operand, value: Expr64): void {
    this.f.call(this.runtime('write64'), [segment, offset, value]);
    this.leaveIfFault();
  }

  /** Reads 16 bytes; #GP(0) where the linear address is not a multiple of `alignment`. */
  load128(segment: Operand, offset: Operand, alignment: 1 | 16): ExprV128 {
    const value = this.f.hold(this.f.callAs('v128', this.runtime('read128'), [segment, offset, alignment - 1]));
    this.leaveIfFault();
    return value;
  }

  /** Stores 16 bytes: all or, if it faults, none; #GP(0) where the linear address is not a multiple of `alignment`. */
  store128(segment: Operand, offset: Operand, value: ExprV128, alignment: 1 | 16): void {
    this.f.call(this.runtime('write128'), [segment, offset, value, alignment - 1]);
    this.leaveIfFault();
  }

  /** Makes sure that stores within `bytes` bytes from segment:offset will not fault; for what is stored in parts. */
  probeStore(segment: Operand, offset: Operand, bytes: Operand): void {
    this.f.call(this.runtime('probeStore'), [segment, offset, bytes]);
    this.leaveIfFault();
  }

  // Floating point

  /** Calls a floating-point function with an i32 result: flags, or a result's bits. See float/declare.ts. */
  float(name: FloatFunction, args: readonly (Expr | Expr64 | number)[]): Expr {
    return this.let(this.f.callValue(this.runtime(name), args));
  }

  /** The same for an i64 result. */
  float64(name: FloatFunction, args: readonly (Expr | Expr64 | number)[]): Expr64 {
    return this.f.hold(this.f.callAs('i64', this.runtime(name), args));
  }

  /** The same without a result. */
  floatCall(name: FloatFunction, args: readonly (Expr | Expr64 | number)[]): void {
    this.f.call(this.runtime(name), args);
  }

  /** Calls a floating-point function of whole vectors: see packed/functions.ts. */
  packed(name: PackedName, args: readonly (ExprV128 | Operand)[]): ExprV128 {
    return this.f.hold(this.f.callAs('v128', this.runtime(name), args));
  }

  /** Takes the flags in FLOAT_FLAGS over into MXCSR; leaves with an exception if one of them is unmasked. */
  settleFloat(): void {
    this.f.call(this.runtime('settleFloat'));
    this.leaveIfFault();
  }

  /**
   * Runs the checks that an x87 instruction begins with: whether the x87 may be used, and whether an exception is pending.
   * A stage that has made sure of them, and that all exceptions are masked, has a cheaper test of its own.
   */
  beginX87(checks: () => void): void {
    checks();
  }

  /** Those of the x87's exceptions in `flags` that are not masked. */
  unmaskedX87(flags: Expr): Expr {
    return w.and(flags, w.not(this.state(layout.FPU_CONTROL)));
  }

  private memoryX87: X87Registers | undefined;

  /** The register stack of the x87. */
  get x87(): X87Registers {
    this.memoryX87 ??= new X87Registers(this);
    return this.memoryX87;
  }

  // Stack

  /** Mask of stack offsets: 0xFFFF or 0xFFFFFFFF by SS.B. */
  stackMask(): Expr {
    return this.let(w.select(this.state(layout.STACK_32), -1, 0xffff));
  }

  /** Stores a value below the stack pointer and moves it; nothing moves if the store faults. */
  push(size: 16 | 32, value: Operand): void {
    this.f.call(this.runtime(`push${size}`), [value]);
    this.leaveIfFault();
  }

  /** Value at SS:ESP + `displacement`. */
  peekStack(size: Size, displacement: Operand = 0): Expr {
    const offset = w.and(w.add(this.reg(32, Register.ESP), displacement), this.stackMask());
    return this.load(size, SegmentIndex.SS, offset);
  }

  /** Moves the stack pointer, within SP or ESP by SS.B. */
  adjustStack(by: Operand): void {
    const moved = this.let(w.add(this.reg(32, Register.ESP), by));
    this.if(
      this.state(layout.STACK_32),
      () => this.setReg(32, Register.ESP, moved),
      () => this.setReg(16, Register.ESP, moved),
    );
  }

  // Flags

  /** Flags of `result = a + b (+ carry)`, all values in `size` bits. `_withCarry`: a carry may have come in. */
  flagsOfAdd(size: Size, a: Operand, b: Operand, result: Operand, _withCarry = false): void {
    this.setLazy(size, FLAGS_ARITHMETIC, a, b, result, 0);
  }

  /** Flags of `result = a - b (- borrow)`. `_withBorrow`: a borrow may have come in. */
  flagsOfSub(size: Size, a: Operand, b: Operand, result: Operand, _withBorrow = false): void {
    this.setLazy(size, FLAGS_ARITHMETIC, a, w.not(b), result, 1);
  }

  /** Flags of INC and DEC: as of adding or subtracting 1, but CF stays. */
  flagsOfStep(size: Size, a: Operand, direction: 1 | -1, result: Operand): void {
    const carry = this.flag(FLAG_CF);
    const value = w.or(w.and(this.state(layout.EFLAGS), ~FLAG_CF), carry);
    this.setState(layout.EFLAGS, value);
    const op2 = direction === 1 ? 1 : ~1;
    this.setLazy(size, FLAGS_ARITHMETIC & ~FLAG_CF, a, op2, result, direction === 1 ? 0 : 1);
  }

  /** SF, ZF, PF from the result; CF, OF and AF as given (default 0). */
  flagsOfLogic(size: Size, result: Operand, others: Operand = 0): void {
    this.setState(layout.EFLAGS, w.or(w.and(this.state(layout.EFLAGS), ~(FLAG_CF | FLAG_OF | FLAG_AF)), others));
    this.setState(layout.LAZY_MASK, FLAG_SF | FLAG_ZF | FLAG_PF);
    this.setState(layout.LAZY_RESULT, w.shl(result, 32 - size));
    this.setState(layout.LAZY_SHIFT, 32 - size);
  }

  /** Writes flags at once: the bits of `mask` become those of `value`, which has no others. None that the run loop must see. */
  setFlags(mask: number, value: Operand): void {
    this.setState(layout.EFLAGS, w.or(w.and(this.state(layout.EFLAGS), ~mask), value));
    if (mask & FLAGS_ARITHMETIC) this.setState(layout.LAZY_MASK, w.and(this.state(layout.LAZY_MASK), ~mask));
  }

  /** One flag as 0 or 1. */
  flag(mask: number): Expr {
    const helper = FLAG_FUNCTION.get(mask);
    if (helper) return this.let(this.f.callValue(this.runtime(helper)));
    return this.let(w.ne(w.and(this.state(layout.EFLAGS), mask), 0));
  }

  /** The six arithmetic flags in their EFLAGS places. */
  arithmeticFlags(): Expr {
    return this.let(this.f.callValue(this.runtime('arithmeticFlags')));
  }

  /** True (1) if the condition of Jcc, SETcc or CMOVcc holds. */
  condition(code: ConditionCode): Expr {
    const base = () => {
      switch (code >> 1) {
        case 0:
          return this.flag(FLAG_OF);
        case 1:
          return this.flag(FLAG_CF);
        case 2:
          return this.flag(FLAG_ZF);
        case 3:
          return w.or(this.flag(FLAG_CF), this.flag(FLAG_ZF));
        case 4:
          return this.flag(FLAG_SF);
        case 5:
          return this.flag(FLAG_PF);
        case 6:
          return w.xor(this.flag(FLAG_SF), this.flag(FLAG_OF));
        default:
          return w.or(w.xor(this.flag(FLAG_SF), this.flag(FLAG_OF)), this.flag(FLAG_ZF));
      }
    };
    return this.let(code & 1 ? w.eqz(base()) : base());
  }

  // Control

  /** Offset in CS of the next instruction. */
  nextEip(): Expr {
    return this.let(w.sub(this.state(layout.IP), this.state(layout.IP_DELTA)));
  }

  /** Offset in CS of this instruction. */
  instructionEip(): Expr {
    return w.sub(this.state(layout.IP_START), this.state(layout.IP_DELTA));
  }

  /** Target of a relative branch: the next instruction plus a (sign-extended) displacement. */
  branchTarget(displacement: Expr): Expr {
    return this.let(w.add(this.nextEip(), displacement));
  }

  /** Goes to an offset in CS (truncated to 16 bits with 16-bit operands); #GP if it is beyond the limit. */
  jump(target: Operand): void {
    this.f.call(this.runtime('jump'), [w.and(target, sizeMask(this.operandSize))]);
    this.leaveIfFault();
  }

  /** Raises an exception without error code (or with the given one) and leaves. */
  fault(vector: Vector, errorCode = -1): void {
    this.setState(layout.FAULT, vector + 1);
    this.setState(layout.FAULT_ERROR, errorCode);
    this.requestExit(layout.EXIT_FAULT);
    this.leave();
  }

  /** Raises what a runtime function finds to be in the way of MMX or SSE instructions, and leaves. */
  unavailable(set: 'mmx' | 'sse'): void {
    this.f.call(this.runtime(`${set}Unavailable`));
    this.leave();
  }

  requestExit(bits: number): void {
    this.setState(layout.EXIT, w.or(this.state(layout.EXIT), bits));
  }

  leaveIfFault(): void {
    this.if(this.state(layout.FAULT), () => this.leave());
  }

  /** Calls an operation; leaves if it faulted or was given up. */
  call(name: keyof Operations, ...args: Operand[]): void {
    this.f.call(this.operation(name), args);
    this.leaveIfGivenUp();
  }

  /** Calls an operation for its result. */
  callValue(name: keyof Operations, ...args: Operand[]): Expr {
    const value = this.let(this.f.callValue(this.operation(name), args));
    this.leaveIfGivenUp();
    return value;
  }

  /** 1 if addresses are 32 bits wide in this instruction. */
  abstract address32(): Expr;
  /** Segment register index: the override if there is one, else the given default. */
  abstract overriddenSegment(standard: SegmentIndex): Expr;
  /** 1 if a REP or REPNE prefix is there, and which. */
  abstract repeated(): Expr;
  abstract repeatedWhileNotEqual(): Expr;
  /** Puts EIP back to this instruction, to go on with it later. */
  abstract restart(): void;
  /** Opcode of an ESC instruction as the x87 remembers it: the low three bits of its first byte, then ModR/M. 11 bits. */
  abstract escapeOpcode(): Expr;

  private leaveIfGivenUp(): void {
    const bits = layout.EXIT_FAULT | layout.EXIT_ABORT;
    this.if(w.and(this.state(layout.EXIT), bits), () => this.leave());
  }

  private checked(value: Expr): Expr {
    const result = this.let(value);
    this.leaveIfFault();
    return result;
  }

  private setLazy(size: Size, mask: number, op1: Operand, op2: Operand, result: Operand, subtraction: 0 | 1): void {
    const shift = 32 - size;
    this.setState(layout.LAZY_MASK, mask);
    this.setState(layout.LAZY_RESULT, w.shl(result, shift));
    this.setState(layout.LAZY_OP1, w.shl(op1, shift));
    this.setState(layout.LAZY_OP2, w.shl(op2, shift));
    this.setState(layout.LAZY_SHIFT, shift);
    this.setState(layout.LAZY_SUB, subtraction);
  }
}

const LOAD = { 8: w.load8, 16: w.load16, 32: w.load32 } as const;
const STORE = { 8: w.store8, 16: w.store16, 32: w.store32 } as const;

const FLAG_FUNCTION = new Map<number, RuntimeFunction>([
  [FLAG_CF, 'carry'],
  [FLAG_PF, 'parity'],
  [FLAG_AF, 'adjust'],
  [FLAG_ZF, 'zero'],
  [FLAG_SF, 'sign'],
  [FLAG_OF, 'overflow'],
]);

/** Host pointer of a general register. */
function registerAddress(size: Size, index: Operand): Expr {
  if (size !== 8) return w.add(w.shl(index, 2), layout.REGS);
  return w.add(w.add(w.shl(w.and(index, 3), 2), w.shrU(index, 2)), layout.REGS);
}
