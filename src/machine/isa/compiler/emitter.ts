import type { Operations } from '../../cpu/operations';
import * as layout from '../../layout';
import { FLAGS_ARITHMETIC, Register, SegmentIndex } from '../../layout';
import { type ConditionCode, Emitter, type RuntimeFunction } from '../emitter';
import { type FloatFunction, isX87Function } from '../float/declare';
import type { Size } from '../size';
import * as w from '../wasm/expression';
import type { Expr, Expr64, ExprV128, Operand } from '../wasm/expression';
import type { Label } from '../wasm/function';
import { i64 } from '../wasm/i64';
import { type AddressParts, STACK_TOP } from './addresses';
import type { Instruction } from './decode';
import type { RegionFrame } from './frame';
import { NotInlined } from './not-inlined';
import type { X87Frame } from './x87-frame';
import { RegionX87 } from './x87-stack';
import { X87Values } from './x87-values';

/** Where an instruction sends control. */
export interface Transfer {
  /** Undefined if it always happens. */
  readonly condition: Expr | undefined;
  /** Place within the region's reach, if it is known; else the new EIP. */
  readonly target: { readonly place: number } | { readonly eip: Expr };
}

/** EIPs that are known as places. */
const places = new WeakMap<Expr, number>();

/** Stages one instruction of a region: operands are constants, registers and flags are locals. */
export class RegionEmitter extends Emitter {
  transfer: Transfer | undefined;
  /** What offsets are made of. */
  private readonly addresses = new Map<Expr, AddressParts>();
  private readonly conditions: Expr[] = [];
  /** Something has changed, so that the interpreter could no longer start over. */
  private changed = false;
  private readonly located: { segment: SegmentIndex; offset: Operand; size: Size; host: Expr }[] = [];

  constructor(
    private readonly frame: RegionFrame,
    private readonly instruction: Instruction,
    /** Instructions of the block from this one on. */
    private readonly left: number,
    /** Instructions that must still be possible after it before the budget is looked at again. */
    private readonly needed: number,
  ) {
    super(frame.f, instruction.operandSize);
  }

  protected runtime(name: RuntimeFunction): number {
    throw new NotInlined(name);
  }

  protected operation(name: keyof Operations): number {
    throw new NotInlined(name);
  }

  override call(name: keyof Operations, ...args: Operand[]): void {
    const { frame, changed, conditions } = this;
    if (frame.operation(name) === undefined || changed || conditions.length > 0) throw new NotInlined(name);
    frame.operate(
      name,
      args.map((arg) => w.expr(arg)),
      this.instruction,
      this.left,
      this.needed,
    );
    this.changed = true;
  }

  override callValue(name: keyof Operations): Expr {
    throw new NotInlined(name);
  }

  leave(): void {
    throw new NotInlined('leaves in the middle');
  }

  override fault(): void {
    this.giveUp();
  }

  override requestExit(): void {
    throw new NotInlined('raises EXIT');
  }

  override leaveIfFault(): void {
    throw new NotInlined('calls what may fault');
  }

  /** Leaves the region as it was before this instruction, which the interpreter then carries out. */
  private giveUp(exit: number = layout.REGION_INTERPRET): void {
    if (this.changed) throw new NotInlined('has changed something');
    this.frame.leaveBefore(this.instruction.at, this.left, exit);
  }

  override unlikely(condition: Operand): void {
    this.if(condition, () => this.giveUp());
  }

  override if(condition: Operand, then: () => void, otherwise?: () => void): void {
    const test = w.expr(condition);
    if (test.constant !== undefined) {
      super.if(test, then, otherwise);
      return;
    }
    const { flags } = this.frame;
    const before = flags.knowledge;
    const changedBefore = this.changed;
    const held = this.let(test);
    const start = this.f.position;
    let after = before;
    let changed = changedBefore;
    const branch = (body: () => void) => {
      flags.assume(before);
      this.changed = changedBefore;
      this.frame.memory.perhaps(body);
      if (flags.knowledge !== before) after = undefined;
      changed ||= this.changed;
    };
    this.conditions.push(held);
    let empty = 0;
    super.if(
      held,
      () => {
        empty = this.f.position;
        branch(then);
        if (this.f.position === empty) empty = 0;
      },
      otherwise && (() => branch(otherwise)),
    );
    this.conditions.pop();
    if (empty === 0 && !otherwise) this.f.rewind(start);
    flags.assume(after);
    this.changed = changed;
  }

  override loop(_body: (again: Label) => void): void {
    throw new NotInlined('loops');
  }

  override state(offset: number): Expr {
    if (offset === layout.STACK_32) return w.constant(this.frame.mode.stack32 ? 1 : 0);
    if (offset === layout.CODE_32) return w.constant(this.frame.mode.code32 ? 1 : 0);
    if (PLAIN_STATE.has(offset)) return super.state(offset);
    const field = this.frame.x87?.field(offset);
    if (field) return field;
    throw new NotInlined('reads the CPU state');
  }

  override setState(offset: number, value: Operand): void {
    this.changed = true;
    if (!this.frame.x87?.setField(offset, value)) throw new NotInlined('writes the CPU state');
  }

  override remaining(): Expr {
    return this.frame.budgetBefore(this.left);
  }

  // Floating point

  override beginX87(): void {
    this.x87Frame.begin((condition) => this.unlikely(condition));
  }

  private regionX87: RegionX87 | undefined;

  override get x87(): RegionX87 {
    this.regionX87 ??= new RegionX87(this, this.x87Frame, new X87Values(this.f, this.x87Frame));
    return this.regionX87;
  }

  private get x87Frame(): X87Frame {
    const { x87 } = this.frame;
    if (!x87) throw new NotInlined('an x87 that the region does not have');
    return x87;
  }

  /** Something of the guest's state changes. */
  noteChange(): void {
    this.changed = true;
  }

  /** The register stack moves, which must be known while compiling. */
  noteStackChange(): void {
    if (this.conditions.length > 0) throw new NotInlined('moves the stack now and then');
    this.changed = true;
  }

  /** Remembers this instruction for exception handlers. */
  rememberX87(operand?: { readonly segment: Expr; readonly offset: Expr }): void {
    this.changed = true;
    const { constant } = this.escapeOpcode();
    const at = operand && { segment: constantOf(operand.segment), offset: operand.offset };
    this.x87Frame.remember(this.instruction.at, constant as number, at);
  }

  override unmaskedX87(): Expr {
    return w.constant(0);
  }

  override float(name: FloatFunction, args: readonly (Expr | Expr64 | number)[]): Expr {
    return this.x87Call(name, args);
  }

  override floatCall(name: FloatFunction, args: readonly (Expr | Expr64 | number)[]): void {
    this.x87Call(name, args);
  }

  /** What is put aside does no harm if the interpreter starts over; a register does. */
  private x87Call(name: FloatFunction, args: readonly (Expr | Expr64 | number)[]): Expr {
    if (!isX87Function(name)) throw new NotInlined(name);
    const { values } = this.x87;
    if (values.registerWritten(name, args)) this.changed = true;
    return values.call(name, args);
  }

  // Registers

  override reg(size: Size, index: Operand): Expr {
    const number = constantOf(index);
    const { f } = this;
    if (size === 8 && number >= 4) return this.let(w.and(w.shrU(this.frame.reg(number - 4), 8), 0xff));
    const whole = this.frame.reg(number);
    if (size === 32) return f.hold(whole);
    return this.let(w.and(whole, size === 8 ? 0xff : 0xffff));
  }

  override setReg(size: Size, index: Operand, value: Operand): void {
    const number = constantOf(index);
    this.changed = true;
    if (size === 32) {
      this.frame.setReg(number, w.expr(value));
      return;
    }
    if (size === 16) {
      this.frame.setReg(number, w.or(w.and(this.frame.reg(number), ~0xffff), w.and(value, 0xffff)));
      return;
    }
    const high = number >= 4;
    const whole = this.frame.reg(number & 3);
    const byte = w.and(value, 0xff);
    this.frame.setReg(number & 3, high ? w.or(w.and(whole, ~0xff00), w.shl(byte, 8)) : w.or(w.and(whole, ~0xff), byte));
  }

  // Memory

  override load(size: Size, segment: Operand, offset: Operand): Expr {
    return this.let(LOAD[size](this.locate(size, segment, offset, false)));
  }

  override loadForUpdate(size: Size, segment: Operand, offset: Operand): Expr {
    const host = this.locate(size, segment, offset, true);
    this.located.push({ segment: constantOf(segment), offset, size, host });
    return this.let(LOAD[size](host));
  }

  override store(size: Size, segment: Operand, offset: Operand, value: Operand): void {
    const number: SegmentIndex = constantOf(segment);
    const known = this.located.find(
      (place) => place.segment === number && place.offset === offset && place.size === size,
    );
    const host = known?.host ?? this.locate(size, segment, offset, true);
    this.f.emit(STORE[size](host, value));
    this.changed = true;
  }

  override load64(segment: Operand, offset: Operand): Expr64 {
    return this.f.hold(i64.load(this.locate(64, segment, offset, false)));
  }

  override store64(segment: Operand, offset: Operand, value: Expr64): void {
    const host = this.locate(64, segment, offset, true);
    this.f.emit(i64.store(host, value));
    this.changed = true;
  }

  override load128(): ExprV128 {
    throw new NotInlined('16 bytes');
  }

  override store128(): void {
    throw new NotInlined('16 bytes');
  }

  override probeStore(): void {
    throw new NotInlined('probes');
  }

  /** Says what an offset is made of. */
  nameAddress(offset: Expr, parts: AddressParts): void {
    this.addresses.set(offset, parts);
  }

  override peekStack(size: Size, displacement: Operand = 0): Expr {
    const { constant } = w.expr(displacement);
    if (!this.frame.mode.stack32 || constant === undefined) return super.peekStack(size, displacement);
    const offset = this.f.hold(w.add(this.frame.reg(Register.ESP), constant));
    this.nameAddress(offset, { registers: STACK_TOP, displacement: constant });
    return this.load(size, SegmentIndex.SS, offset);
  }

  override push(size: 16 | 32, value: Operand): void {
    const { stack32 } = this.frame.mode;
    const held = this.let(value);
    const moved = this.let(w.sub(this.reg(32, Register.ESP), size / 8));
    if (stack32) this.nameAddress(moved, { registers: STACK_TOP, displacement: -size / 8 });
    this.store(size, SegmentIndex.SS, stack32 ? moved : this.let(w.and(moved, 0xffff)), held);
    this.setReg(stack32 ? 32 : 16, Register.ESP, moved);
  }

  private locate(size: Size | 64, segment: Operand, offset: Operand, write: boolean): Expr {
    const number: SegmentIndex = constantOf(segment);
    const parts = this.addresses.get(w.expr(offset));
    const access = { segment: number, offset: this.let(offset), bytes: size / 8, write, parts };
    return this.frame.memory.locate(access, () => this.giveUp(layout.REGION_MISS));
  }

  // Flags

  override flagsOfAdd(size: Size, a: Operand, b: Operand, result: Operand, withCarry = false): void {
    this.changed = true;
    this.frame.flags.setAdd(size, a, b, result, withCarry);
  }

  override flagsOfSub(size: Size, a: Operand, b: Operand, result: Operand, withBorrow = false): void {
    this.changed = true;
    this.frame.flags.setSub(size, a, b, result, withBorrow, COMPARISONS.has(this.instruction.form.mnemonic));
  }

  override flagsOfStep(size: Size, a: Operand, direction: 1 | -1, result: Operand): void {
    this.changed = true;
    this.frame.flags.setStep(size, a, direction, result);
  }

  override flagsOfLogic(size: Size, result: Operand, others: Operand = 0): void {
    this.changed = true;
    this.frame.flags.setLogic(size, result, others);
  }

  override setFlags(mask: number, value: Operand): void {
    this.changed = true;
    const system = mask & ~FLAGS_ARITHMETIC;
    if (system !== 0) {
      const kept = w.and(w.load32(layout.EFLAGS), ~system);
      this.f.emit(w.store32(layout.EFLAGS, w.or(kept, w.and(value, system))));
    }
    const arithmetic = mask & FLAGS_ARITHMETIC;
    if (arithmetic !== 0) this.frame.flags.setExplicit(arithmetic, system === 0 ? value : w.and(value, arithmetic));
  }

  override flag(mask: number): Expr {
    if (mask & FLAGS_ARITHMETIC) return this.frame.flags.read(mask);
    return this.let(w.ne(w.and(w.load32(layout.EFLAGS), mask), 0));
  }

  override arithmeticFlags(): Expr {
    return this.frame.flags.readAll();
  }

  override condition(code: ConditionCode): Expr {
    const compared = this.frame.flags.compare(code >> 1);
    if (!compared) return super.condition(code);
    return this.let(code & 1 ? w.eqz(compared) : compared);
  }

  // Control

  override instructionEip(): Expr {
    return this.frame.eipOf(this.instruction.at);
  }

  override nextEip(): Expr {
    return this.let(this.frame.eipOf(this.instruction.at + this.instruction.length));
  }

  override branchTarget(displacement: Expr): Expr {
    const place = this.instruction.at + this.instruction.length + constantOf(displacement);
    // Not evaluated: where the place is within reach the number is not needed.
    const eip = this.frame.eipOf(place);
    places.set(eip, place);
    return eip;
  }

  override jump(target: Operand): void {
    if (this.transfer || this.conditions.length > 1) throw new NotInlined('jumps twice');
    if (this.operandSize === 16 && this.frame.mode.code32) throw new NotInlined('cuts EIP');
    const eip = w.expr(target);
    const place = places.get(eip);
    if (place !== undefined && this.frame.reaches(place)) {
      this.transfer = { condition: this.conditions[0], target: { place } };
      return;
    }
    const cut = this.operandSize === 16 ? this.let(w.and(eip, 0xffff)) : eip;
    if (!this.frame.mode.isFlat(SegmentIndex.CS)) {
      this.f.if(w.gtU(cut, w.load32(layout.SEG_LIMIT + SegmentIndex.CS * 4)), () => this.giveUp());
    }
    this.transfer = { condition: this.conditions[0], target: { eip: cut } };
  }

  override address32(): Expr {
    return w.constant(this.instruction.addressSize === 32 ? 1 : 0);
  }

  override overriddenSegment(standard: SegmentIndex): Expr {
    return w.constant(this.instruction.segment ?? standard);
  }

  override repeated(): Expr {
    if (this.instruction.repeat) throw new NotInlined('repeats');
    return w.constant(0);
  }

  override repeatedWhileNotEqual(): Expr {
    return w.constant(this.instruction.repeat === 'F2' ? 1 : 0);
  }

  restart(): void {
    throw new NotInlined('restarts');
  }

  escapeOpcode(): Expr {
    return w.constant(((this.instruction.opcode & 7) << 8) | (this.instruction.modRm ?? 0));
  }
}

/** Fields of the CPU state that are not kept in locals, and that have no effect but on the instructions that use them. */
const PLAIN_STATE: ReadonlySet<number> = new Set([layout.EFLAGS, layout.SEG_SELECTOR + SegmentIndex.CS * 4]);

/** Subtractions for their flags only. */
const COMPARISONS = new Set(['CMP', 'CMPS', 'SCAS', 'CMPXCHG']);

function constantOf(operand: Operand): number {
  const { constant } = w.expr(operand);
  if (constant === undefined) throw new NotInlined('not known before');
  return constant;
}

const LOAD = { 8: w.load8, 16: w.load16, 32: w.load32 } as const;
const STORE = { 8: w.store8, 16: w.store16, 32: w.store32 } as const;
