import type { Operations } from '../../../cpu/operations';
import * as layout from '../../../layout';
import { FLAG_DF, FLAGS_ARITHMETIC, Register, type SegmentIndex } from '../../../layout';
import { type ConditionCode, Emitter, type RuntimeFunction } from '../../emitter';
import type { Size } from '../../size';
import * as w from '../../wasm/expression';
import type { Expr, Expr64, ExprV128, Operand } from '../../wasm/expression';
import type { FunctionBuilder, Label } from '../../wasm/function';
import { i64 } from '../../wasm/i64';
import type { Chain } from './chain';
import { QuickFlags } from './flags';

/** Thrown while staging an instruction that quick handlers leave to the general ones. */
export class NotQuick extends Error {}

/** Where in the instruction decoding has come to: a host pointer in a local, and bytes after it. */
export interface Cursor {
  readonly base: Expr;
  readonly bytes: number;
}

/**
 * Stages semantics under the assumptions of quick handlers (see handlers.ts). What cannot be done in place - a fault, a
 * page that the TLB does not have - makes the handler give up before it has changed anything; the general handler then
 * carries out the whole instruction.
 */
export class QuickEmitter extends Emitter {
  private readonly flags: QuickFlags;
  /** True once control has been sent on, so that nothing may follow. */
  ended = false;
  private target: Expr | undefined;
  /** Something has changed, so that the general handler could no longer start over. */
  private changed = false;
  private nesting = 0;
  private readonly located = new Map<Operand, { size: number; host: Expr }>();
  private readonly scaled = new Map<Operand, (size: Size) => Expr>();

  constructor(
    f: FunctionBuilder,
    private readonly chain: Chain,
    private readonly slow: Label,
    private cursor: Cursor,
    /** A jump is the last thing that the instruction does. */
    private readonly endsWithJump: boolean,
  ) {
    super(f, 32);
    this.flags = new QuickFlags(f);
  }

  /** The next bytes of the instruction as a value. */
  fetch(size: Size, signed = false): Expr {
    const { base, bytes } = this.cursor;
    this.cursor = { base, bytes: bytes + size / 8 };
    const raw = LOAD[size](base, bytes);
    return this.let(!signed || size === 32 ? raw : size === 8 ? w.extend8(raw) : w.extend16(raw));
  }

  /** Host pointer of what follows the bytes fetched so far. */
  private get next(): Expr {
    return w.add(this.cursor.base, this.cursor.bytes);
  }

  /** Sends control to the next instruction, unless the semantics have sent it elsewhere. */
  end(): void {
    if (this.ended) return;
    if (this.target) this.chain.transfer(this.target);
    else this.chain.next(this.next);
    this.ended = true;
  }

  /** The number in a field of the ModR/M byte, as an index of registers. */
  field(modRm: Expr, shift: 0 | 3): Expr {
    const number = w.and(w.shrU(modRm, shift), 7);
    const dword = shift === 3 ? w.and(w.shrU(modRm, 1), 0x1c) : w.shl(w.and(modRm, 7), 2);
    const low = shift === 3 ? w.and(w.shrU(modRm, 1), 0xc) : w.shl(w.and(modRm, 3), 2);
    const high = w.and(w.shrU(modRm, shift + 2), 1);
    this.scaled.set(number, (size) => (size === 8 ? w.or(low, high) : dword));
    return number;
  }

  private giveUp(): void {
    if (this.changed) throw new NotQuick('has changed something');
    this.f.branch(this.slow);
  }

  private giveUpIf(condition: Operand): void {
    if (this.changed) throw new NotQuick('has changed something');
    this.f.branchIf(condition, this.slow);
  }

  override unlikely(condition: Operand): void {
    this.giveUpIf(condition);
  }

  override if(condition: Operand, then: () => void, otherwise?: () => void): void {
    const test = w.expr(condition);
    if (test.constant !== undefined) {
      super.if(test, then, otherwise);
      return;
    }
    const before = this.changed;
    let after = before;
    const branch = (body: () => void) => {
      this.changed = before;
      this.nesting++;
      body();
      this.nesting--;
      after ||= this.changed;
    };
    super.if(test, () => branch(then), otherwise && (() => branch(otherwise)));
    this.changed = after;
    this.ended = false;
  }

  override loop(): void {
    throw new NotQuick('loops');
  }

  protected runtime(name: RuntimeFunction): number {
    throw new NotQuick(name);
  }

  protected operation(name: keyof Operations): number {
    throw new NotQuick(name);
  }

  leave(): void {
    throw new NotQuick('leaves in the middle');
  }

  override fault(): void {
    this.giveUp();
  }

  override requestExit(): void {
    throw new NotQuick('raises EXIT');
  }

  override leaveIfFault(): void {
    throw new NotQuick('calls what may fault');
  }

  override remaining(): Expr {
    throw new NotQuick('looks at the budget');
  }

  override state(offset: number): Expr {
    if (offset === layout.STACK_32 || offset === layout.CODE_32) return w.constant(1);
    if (!PLAIN_STATE.has(offset)) throw new NotQuick('reads the CPU state');
    return super.state(offset);
  }

  override setState(offset: number, value: Operand): void {
    if (!PLAIN_STATE.has(offset)) throw new NotQuick('writes the CPU state');
    this.changed = true;
    super.setState(offset, value);
  }

  // Registers

  override reg(size: Size, index: Operand): Expr {
    return this.let(LOAD[size](this.offsetOf(size, index), layout.REGS));
  }

  override setReg(size: Size, index: Operand, value: Operand): void {
    this.changed = true;
    this.f.emit(STORE[size](this.offsetOf(size, index), value, layout.REGS));
  }

  /** Offset of a general register from the first. */
  private offsetOf(size: Size, index: Operand): Expr {
    const known = this.scaled.get(index);
    if (known) return known(size);
    if (size !== 8) return w.shl(index, 2);
    return w.add(w.shl(w.and(index, 3), 2), w.shrU(index, 2));
  }

  // Memory

  override load(size: Size, _segment: Operand, offset: Operand): Expr {
    return this.let(LOAD[size](this.locate(size, offset, layout.TLB_READ_MASK)));
  }

  override loadForUpdate(size: Size, _segment: Operand, offset: Operand): Expr {
    const host = this.locate(size, offset, layout.TLB_WRITE_MASK);
    this.located.set(offset, { size, host });
    return this.let(LOAD[size](host));
  }

  override store(size: Size, _segment: Operand, offset: Operand, value: Operand): void {
    const known = this.located.get(offset);
    const host = known?.size === size ? known.host : this.locate(size, offset, layout.TLB_WRITE_MASK);
    this.f.emit(STORE[size](host, value));
    this.changed = true;
  }

  override load64(_segment: Operand, offset: Operand): Expr64 {
    return this.f.hold(i64.load(this.locate(64, offset, layout.TLB_READ_MASK)));
  }

  override store64(_segment: Operand, offset: Operand, value: Expr64): void {
    this.f.emit(i64.store(this.locate(64, offset, layout.TLB_WRITE_MASK), value));
    this.changed = true;
  }

  override load128(): ExprV128 {
    throw new NotQuick('16 bytes');
  }

  override store128(): void {
    throw new NotQuick('16 bytes');
  }

  override probeStore(): void {
    throw new NotQuick('probes');
  }

  override push(size: 16 | 32, value: Operand): void {
    const held = this.let(value);
    const moved = this.let(w.sub(this.reg(32, Register.ESP), size / 8));
    this.store(size, 0, moved, held);
    this.setReg(32, Register.ESP, moved);
  }

  /** Host pointer of an access; all segments are flat. */
  private locate(size: Size | 64, offset: Operand, mask: number): Expr {
    const linear = this.let(offset);
    const entry = this.let(w.load32(w.shl(w.shrU(linear, 12), 2), layout.TLB));
    this.giveUpIf(w.eqz(w.and(entry, w.load32(mask))));
    if (size > 8) this.giveUpIf(w.gtU(w.and(linear, 0xfff), 0x1000 - size / 8));
    return this.let(w.add(w.and(entry, ~0xfff), linear));
  }

  // Flags

  override flagsOfAdd(size: Size, a: Operand, b: Operand, result: Operand): void {
    this.changed = true;
    this.flags.set('add', size, a, b, result);
  }

  override flagsOfSub(size: Size, a: Operand, b: Operand, result: Operand): void {
    this.changed = true;
    this.flags.set('sub', size, a, b, result);
  }

  override flagsOfStep(size: Size, a: Operand, direction: 1 | -1, result: Operand): void {
    this.changed = true;
    this.flags.setStep(size, a, direction, result);
  }

  override flagsOfLogic(size: Size, result: Operand, others: Operand = 0): void {
    this.changed = true;
    // CF, OF and AF are clear as after an addition of 0.
    if (w.expr(others).constant === 0) this.flags.set('logic', size, result, 0, result);
    else super.flagsOfLogic(size, result, others);
  }

  override setFlags(mask: number, value: Operand): void {
    if (mask & ~(FLAGS_ARITHMETIC | FLAG_DF)) throw new NotQuick('writes system flags');
    super.setFlags(mask, value);
  }

  override flag(mask: number): Expr {
    if (mask & FLAGS_ARITHMETIC) return this.flags.read(mask);
    return this.let(w.ne(w.and(w.load32(layout.EFLAGS), mask), 0));
  }

  override arithmeticFlags(): Expr {
    return this.flags.readAll();
  }

  override condition(code: ConditionCode): Expr {
    return this.flags.condition(code);
  }

  // Control

  override nextEip(): Expr {
    return this.let(w.sub(this.next, w.load32(layout.IP_DELTA)));
  }

  override instructionEip(): Expr {
    return w.sub(this.chain.ip, w.load32(layout.IP_DELTA));
  }

  /** Not evaluated: `jump` wants the host pointer. */
  override branchTarget(displacement: Expr): Expr {
    const pointer = w.add(this.next, displacement);
    const eip = w.sub(pointer, w.load32(layout.IP_DELTA));
    hostPointers.set(eip, pointer);
    return eip;
  }

  override jump(target: Operand): void {
    const eip = w.expr(target);
    const pointer = hostPointers.get(eip) ?? w.add(eip, w.load32(layout.IP_DELTA));
    if (this.endsWithJump) {
      this.chain.transfer(pointer);
      this.ended = true;
      return;
    }
    if (this.nesting > 0) throw new NotQuick('jumps in the middle');
    this.target = this.let(pointer);
  }

  address32(): Expr {
    return w.constant(1);
  }

  overriddenSegment(standard: SegmentIndex): Expr {
    return w.constant(standard);
  }

  repeated(): Expr {
    return w.constant(0);
  }

  repeatedWhileNotEqual(): Expr {
    return w.constant(0);
  }

  restart(): void {
    throw new NotQuick('restarts');
  }

  escapeOpcode(): Expr {
    throw new NotQuick('x87');
  }
}

/** Host pointers of EIPs that were made from them. */
const hostPointers = new WeakMap<Expr, Expr>();

/** Fields of the CPU state that have no effect but on the instructions that use them. */
const PLAIN_STATE: ReadonlySet<number> = new Set([
  layout.EFLAGS,
  layout.LAZY_MASK,
  layout.LAZY_RESULT,
  layout.LAZY_OP1,
  layout.LAZY_OP2,
  layout.LAZY_SHIFT,
  layout.LAZY_SUB,
]);

const LOAD = { 8: w.load8, 16: w.load16, 32: w.load32 } as const;
const STORE = { 8: w.store8, 16: w.store16, 32: w.store32 } as const;
