import { CR0_EM, CR0_TS } from '../../cpu/control-bits';
import { EXCEPTIONS, PENDING } from '../../fpu/words';
import * as layout from '../../layout';
import { SegmentIndex } from '../../layout';
import * as w from '../wasm/expression';
import type { Expr, Expr64, Operand } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import { loadRegister, registerPointer, storeRegister, X87_REGISTERS, type X87Helpers } from './x87-helpers';

/** Locals that hold an 80-bit value. */
export interface ValueLocals {
  readonly significand: number;
  /** Sign (bit 15) and exponent. */
  readonly top: number;
}

/** What is known while compiling, where it holds for sure. */
interface Knowledge {
  /** TOP minus what it was when the registers were loaded. */
  depth: number;
  /** Registers that are not empty, and that are, as bits. */
  used: number;
  empty: number;
  /** That x87 instructions may be done here: see `ready`. */
  ready: boolean;
}

/** Host pointers of the places that instructions put values aside at. */
const SCRATCH = [0, 1, 2].map((i) => layout.FPU_SCRATCH + i * layout.VECTOR_STRIDE);
/** `last`: place plus this, then the opcode below. */
const PLACE_BIAS = 1 << 15;
const OPCODE_BITS = 11;

/** Turns a byte to the right, or left by `8 - by`. */
const rotateByte = (byte: Expr, by: Operand): Expr => w.and(w.shrU(w.or(byte, w.shl(byte, 8)), by), 0xff);

/**
 * The x87 in a region's locals: registers, which of them are empty, control and status word, and what the last instruction
 * was. Registers are counted from what was TOP when they were loaded, so that how far TOP has moved since is known
 * while compiling: FXCH and loads from the stack are mere changes of names then.
 *
 * Where ways meet with TOP at different places, and after the interpreter has been at work, registers are loaded anew.
 */
export class X87Frame {
  /** Registers that the region reads or writes. */
  readonly touched = new Set<number>();
  private readonly values: readonly ValueLocals[];
  private readonly aside: readonly ValueLocals[];
  private readonly depths = new Map<number, number>();
  private known: Knowledge = { depth: 0, used: 0, empty: 0, ready: false };
  /** TOP when the registers were loaded. */
  private readonly base: number;
  /** Bit i is set while register `base + i` is empty. */
  private readonly emptyBits: number;
  private readonly status: number;
  private readonly control: number;
  /** 1 while no instruction raises #NM, no exception is pending, and all are masked, so that none will be. */
  private readonly isReady: number;
  /** The last instruction to be remembered, 0 for none; its operand's offset and, plus one, segment. */
  private readonly last: number;
  private readonly operand: number;
  private readonly operandSegment: number;
  /** `depth` where the region is left. */
  private readonly exitDepth: number;

  constructor(
    private readonly f: FunctionBuilder,
    private readonly helpers: X87Helpers,
  ) {
    const value = () => ({ significand: f.local('i64'), top: f.local() });
    this.values = Array.from({ length: X87_REGISTERS }, value);
    this.aside = SCRATCH.map(value);
    [this.base, this.emptyBits, this.status, this.control, this.isReady] = Array.from({ length: 5 }, () => f.local());
    [this.last, this.operand, this.operandSegment, this.exitDepth] = Array.from({ length: 4 }, () => f.local());
  }

  /** Number of a floating-point function. */
  functionNumber(name: string): number {
    return this.helpers.float.get(name) as number;
  }

  // What is known

  /** To be given back to `restore` where the code after it is given up, or where another way begins at the same place. */
  save(): unknown {
    return { ...this.known };
  }

  restore(saved: unknown): void {
    this.known = { ...(saved as Knowledge) };
  }

  /** A block begins: only the depth is the same on all ways to it. */
  startBlock(place: number): void {
    // Nothing has gone to the entry yet.
    const depth = this.depths.get(place) ?? 0;
    this.depths.set(place, depth);
    this.known = { depth, used: 0, empty: 0, ready: false };
  }

  /** True if going from here to a block needs nothing. */
  fits(place: number): boolean {
    return this.depths.get(place) === this.known.depth;
  }

  /** Prepares for going to a block: its depth is that of the first way to it. */
  goTo(place: number): void {
    const { depth } = this.known;
    const wanted = this.depths.get(place);
    if (wanted === undefined) this.depths.set(place, depth);
    else if (wanted !== depth) this.rebase(wanted);
  }

  // State of the CPU

  /** Takes everything from the CPU state. The depth stays, so that the same code can follow. */
  load(): void {
    this.f.scope(() => {
      this.loadFields();
      this.reloadValues();
    });
    this.known = { depth: this.known.depth, used: 0, empty: 0, ready: false };
  }

  /** The same at the entry; comes when it is known which registers the region touches. */
  loadAtEntry(): void {
    const { f } = this;
    this.known = { depth: 0, used: 0, empty: 0, ready: false };
    f.scope(() => {
      this.loadFields();
      for (const i of this.touched) {
        const { significand, top } = loadRegister(f.let(registerPointer(f.get(this.base), i)));
        f.set(this.values[i].significand, significand);
        f.set(this.values[i].top, top);
      }
    });
  }

  /** Gives everything to the CPU state. */
  store(eipBase: Expr): void {
    this.f.scope(() => {
      this.storeFields(eipBase, this.known.depth);
      this.spillValues();
    });
  }

  /** The same where the region is left, when it is known which registers it touches. */
  storeAtExit(eipBase: Expr): void {
    const { f } = this;
    f.scope(() => {
      this.storeFields(eipBase, f.get(this.exitDepth));
      for (const i of this.touched) {
        const { significand, top } = this.values[i];
        storeRegister(f, f.let(registerPointer(f.get(this.base), i)), f.getAs('i64', significand), f.get(top));
      }
    });
  }

  /** The region is left here. */
  noteExit(): void {
    this.f.set(this.exitDepth, this.known.depth);
  }

  private loadFields(): void {
    const { f } = this;
    f.set(this.base, w.and(w.sub(w.load32(layout.FPU_TOP), this.known.depth), 7));
    f.set(this.emptyBits, rotateByte(f.let(w.load32(layout.FPU_EMPTY)), f.get(this.base)));
    f.set(this.status, w.load32(layout.FPU_STATUS));
    f.set(this.control, w.load32(layout.FPU_CONTROL));
    f.set(this.last, 0);
    f.set(this.operandSegment, 0);
    this.checkReady();
  }

  private storeFields(eipBase: Expr, depth: Operand): void {
    const { f } = this;
    const set = (offset: number, value: Operand) => f.emit(w.store32(offset, value));
    const base = f.get(this.base);
    set(layout.FPU_TOP, w.and(w.add(base, depth), 7));
    set(layout.FPU_EMPTY, rotateByte(f.get(this.emptyBits), w.sub(8, base)));
    set(layout.FPU_STATUS, f.get(this.status));
    set(layout.FPU_CONTROL, f.get(this.control));
    const last = f.get(this.last);
    f.if(last, () => {
      set(layout.FPU_IP, w.add(eipBase, w.sub(w.shrU(last, OPCODE_BITS), PLACE_BIAS)));
      set(layout.FPU_OPCODE, w.and(last, (1 << OPCODE_BITS) - 1));
      set(layout.FPU_CS, w.load32(layout.SEG_SELECTOR + SegmentIndex.CS * 4));
    });
    const segment = f.get(this.operandSegment);
    f.if(segment, () => {
      set(layout.FPU_DP, f.get(this.operand));
      set(layout.FPU_DS, w.load32(w.shl(segment, 2), layout.SEG_SELECTOR - 4));
    });
  }

  private spillValues(): void {
    const { f } = this;
    const significands = this.values.map(({ significand }) => f.getAs('i64', significand));
    const tops = this.values.map(({ top }) => f.get(top));
    f.call(this.helpers.spillIndex, [f.get(this.base), ...significands, ...tops]);
  }

  private reloadValues(): void {
    const locals = [...this.values.map(({ significand }) => significand), ...this.values.map(({ top }) => top)];
    this.f.callInto(locals, this.helpers.reloadIndex, [this.f.get(this.base)]);
  }

  /** Counts registers anew, so that the present TOP has another depth. */
  private rebase(depth: number): void {
    const { f, known } = this;
    const by = (known.depth - depth) & 7;
    f.scope(() => {
      this.spillValues();
      f.set(this.base, w.and(w.add(f.get(this.base), by), 7));
      f.set(this.emptyBits, rotateByte(f.get(this.emptyBits), by));
      this.reloadValues();
    });
  }

  // Fields

  /** Makes sure that x87 instructions can be done here; else `giveUp` leaves the region. */
  begin(giveUp: (condition: Expr) => void): void {
    if (this.known.ready) return;
    giveUp(w.eqz(this.f.get(this.isReady)));
    this.known.ready = true;
  }

  /** Finds out whether x87 instructions can be done without the interpreter, after something it hangs on has changed. */
  private checkReady(): void {
    const { f } = this;
    const unavailable = w.and(w.load32(layout.CR), CR0_EM | CR0_TS);
    const pending = w.and(f.get(this.status), PENDING);
    const unmasked = w.and(w.xor(f.get(this.control), EXCEPTIONS), EXCEPTIONS);
    f.set(this.isReady, w.eqz(w.or(w.or(unavailable, pending), unmasked)));
    this.known.ready = false;
  }

  /** The control word. */
  get controlWord(): Expr {
    return this.f.get(this.control);
  }

  /** A field of the CPU state that is kept here; undefined for others. */
  field(offset: number): Expr | undefined {
    const { f } = this;
    switch (offset) {
      case layout.FPU_STATUS:
        return f.hold(f.get(this.status));
      case layout.FPU_CONTROL:
        return f.hold(f.get(this.control));
      case layout.FPU_TOP:
        return f.let(w.and(w.add(f.get(this.base), this.known.depth), 7));
      default:
        return undefined;
    }
  }

  /** Writes a field; false if it is not kept here. */
  setField(offset: number, value: Operand): boolean {
    if (offset !== layout.FPU_STATUS && offset !== layout.FPU_CONTROL) return false;
    this.f.set(offset === layout.FPU_STATUS ? this.status : this.control, value);
    if (offset === layout.FPU_CONTROL) this.checkReady();
    return true;
  }

  /** Remembers an instruction. */
  remember(place: number, opcode: number, operand?: { readonly segment: number; readonly offset: Expr }): void {
    const { f } = this;
    f.set(this.last, ((place + PLACE_BIAS) << OPCODE_BITS) | opcode);
    if (!operand) return;
    f.set(this.operand, operand.offset);
    f.set(this.operandSegment, operand.segment + 1);
  }

  // Registers

  /** Number of ST(i). */
  numberOf(i: number): number {
    return (this.known.depth + i) & 7;
  }

  /** Not zero if a register is empty. */
  isEmpty(number: number): Expr {
    const bit = 1 << number;
    if (this.known.used & bit) return w.constant(0);
    if (this.known.empty & bit) return w.constant(bit);
    return w.and(this.f.get(this.emptyBits), bit);
  }

  /** Notes that a register has been found used or empty. */
  assume(number: number, state: 'used' | 'empty'): void {
    const bit = 1 << number;
    this.known.used = state === 'used' ? this.known.used | bit : this.known.used & ~bit;
    this.known.empty = state === 'empty' ? this.known.empty | bit : this.known.empty & ~bit;
  }

  mark(number: number, state: 'used' | 'empty'): void {
    const { f } = this;
    const bit = 1 << number;
    const known = state === 'used' ? this.known.used : this.known.empty;
    if (known & bit) return;
    const bits = f.get(this.emptyBits);
    f.set(this.emptyBits, state === 'used' ? w.and(bits, ~bit) : w.or(bits, bit));
    this.assume(number, state);
  }

  moveTop(by: number): void {
    this.known.depth = (this.known.depth + by) & 7;
  }

  /** What stands for a register's host pointer in `locals`. */
  pointerOf(number: number): number {
    return layout.FPU_REGS + number * layout.VECTOR_STRIDE;
  }

  /** The locals that stand for a place; undefined if it is none. */
  locals(place: number): ValueLocals | undefined {
    const scratch = SCRATCH.indexOf(place);
    if (scratch >= 0) return this.aside[scratch];
    const number = (place - layout.FPU_REGS) / layout.VECTOR_STRIDE;
    if (!Number.isInteger(number) || number < 0 || number >= X87_REGISTERS) return undefined;
    this.touched.add(number);
    return this.values[number];
  }

  /** True if a place is a register of the stack. */
  isRegister(place: number): boolean {
    return place < layout.FPU_SCRATCH;
  }

  significand({ significand }: ValueLocals): Expr64 {
    return this.f.getAs('i64', significand);
  }
}
