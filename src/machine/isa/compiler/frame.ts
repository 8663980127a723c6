import type { Operations } from '../../cpu/operations';
import * as layout from '../../layout';
import { Register } from '../../layout';
import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';
import type { FunctionBuilder, Label } from '../wasm/function';
import type { Instruction } from './decode';
import { FlagTracker } from './flag-tracker';
import { type CodePage, emitReload, emitSpill, type Helpers, REGISTERS } from './helpers';
import type { LoopNest } from './loop-nest';
import { MemoryAccess } from './memory-access';
import type { TierMode } from './mode';
import { changesOf, emitBeforeOperation, emitCount, isLeftAfterOperation } from './operations';
import type { Region } from './region';
import { X87Frame } from './x87-frame';

const PAGE_MASK = ~0xfff;

/**
 * The locals of a region's function: general registers, flags, the instruction budget, and what is needed to give them
 * back to the CPU state.
 */
export class RegionFrame {
  readonly flags: FlagTracker;
  readonly memory: MemoryAccess;
  /** Instructions left to the interpreter so far. */
  interpreted = 0;
  /** Places so far where nothing stays known of memory. */
  disturbed = 0;
  private readonly registers: readonly number[];
  /** Instructions that may still be retired; those of the present block are taken off already. */
  private readonly budget: number;
  /** EIP of place 0. */
  private readonly base: number;
  private readonly exitEip: number;
  private readonly exitKind: number;
  private exit: Label | undefined;
  /** Undefined where no instruction of the region needs it. */
  readonly x87: X87Frame | undefined;

  constructor(
    readonly f: FunctionBuilder,
    readonly mode: TierMode,
    private readonly region: Region,
    private readonly helpers: Helpers,
    private readonly page: CodePage,
    /** See `scalesLoneBase`. */
    readonly scalesBase: boolean,
    nest: LoopNest,
  ) {
    this.registers = Array.from({ length: REGISTERS }, () => f.local());
    [this.budget, this.base, this.exitEip, this.exitKind] = Array.from({ length: 4 }, () => f.local());
    this.x87 = helpers.x87 && new X87Frame(f, helpers.x87);
    this.flags = new FlagTracker(f);
    this.memory = new MemoryAccess(f, mode, helpers, nest);
  }

  /** A general register; not a copy: it changes with the register. */
  reg(index: number): Expr {
    return this.f.get(this.registers[index]);
  }

  setReg(index: number, value: Expr): void {
    this.f.set(this.registers[index], value);
    this.memory.wrote(index);
  }

  /** EIP of a place. */
  eipOf(place: number): Expr {
    return w.add(this.f.get(this.base), place);
  }

  /** True if the region has a block that starts at a place. */
  reaches(place: number): boolean {
    return this.region.blocks.has(place);
  }

  /** The function's body between taking the state over and giving it back. */
  around(body: () => void): void {
    const { f } = this;
    const start = f.position;
    f.scope(() => {
      emitReload(f).forEach((value, i) => f.set(this.locals[i], value));
      this.memory.forget();
      f.set(this.budget, w.load32(layout.REMAINING));
      const ip = w.load32(layout.IP);
      f.set(this.base, w.sub(w.and(ip, PAGE_MASK), w.load32(layout.IP_DELTA)));
    });
    f.block((exit) => {
      this.exit = exit;
      body();
    });
    f.insert(start, () => this.x87?.loadAtEntry());
    f.scope(() => {
      this.x87?.storeAtExit(f.get(this.base));
      emitSpill(f, this.spilled(f.get(this.exitEip)), this.page);
      f.return(f.get(this.exitKind));
    });
  }

  /** Leaves at once, before anything is done. */
  refuse(): void {
    this.f.return(layout.REGION_INTERPRET);
  }

  /** Leaves before an instruction; `left` instructions of its block, itself included, are not done. @param exit a `REGION_*` */
  leaveBefore(place: number, left: number, exit: number = layout.REGION_INTERPRET): void {
    const { f } = this;
    if (exit !== layout.REGION_INTERPRET) f.set(this.exitKind, exit);
    f.set(this.budget, w.add(f.get(this.budget), left));
    f.set(this.exitEip, this.eipOf(place));
    this.x87?.noteExit();
    f.branch(this.exitLabel);
  }

  /** Leaves with control at an EIP. */
  leaveTo(eip: Expr): void {
    const { f } = this;
    f.set(this.exitEip, eip);
    f.set(this.exitKind, layout.REGION_TRANSFER);
    this.x87?.noteExit();
    f.branch(this.exitLabel);
  }

  /** Leaves before a place if fewer instructions than that may be retired. */
  requireBudget(instructions: number, place: number): void {
    const { f } = this;
    f.if(w.ltU(f.get(this.budget), instructions), () => this.leaveBefore(place, 0));
  }

  /** The budget before an instruction; `left` instructions of its block, itself included, are not done. */
  budgetBefore(left: number): Expr {
    return w.add(this.f.get(this.budget), left);
  }

  /** Takes instructions off the budget. */
  spend(instructions: number): void {
    this.f.set(this.budget, w.sub(this.f.get(this.budget), instructions));
  }

  /**
   * Lets the interpreter do an instruction, and leaves if control is elsewhere after it, if something was changed that the
   * region takes for granted, or if the budget is now too small.
   * @param left instructions of the block from this one on
   * @param needed instructions that must still be possible after it before the budget is looked at again
   */
  interpret(place: number, next: number, left: number, needed: number): void {
    const { f } = this;
    this.interpreted++;
    this.disturbed++;
    f.set(this.budget, w.add(f.get(this.budget), left));
    this.store(this.eipOf(place));
    f.call(this.helpers.step);
    const eip = w.sub(w.load32(layout.IP), w.load32(layout.IP_DELTA));
    const elsewhere = w.ne(eip, this.eipOf(next));
    const dropped = w.or(w.eqz(w.load32(layout.CODE_END)), w.ne(w.load32(layout.TLB_READ_MASK), this.mode.readMask));
    const short = w.ltU(w.load32(layout.REMAINING), needed);
    f.if(w.or(w.or(w.load32(layout.EXIT), elsewhere), w.or(dropped, short)), () => f.return(layout.REGION_INTERPRET));
    this.load();
    f.set(this.budget, w.sub(w.load32(layout.REMAINING), left - 1));
  }

  /** Number of an operation that the region calls itself; undefined where the interpreter does the instruction. */
  operation(name: keyof Operations): number | undefined {
    return this.helpers.operations.get(name);
  }

  /**
   * Calls an operation, and leaves as after `interpret`. What is known of flags and memory stays known where it changes
   * the accumulator only.
   */
  operate(name: keyof Operations, args: readonly Expr[], instruction: Instruction, left: number, needed: number): void {
    const { f, mode, page } = this;
    f.set(this.budget, w.add(f.get(this.budget), left));
    this.x87?.store(f.get(this.base));
    emitBeforeOperation(f, this.spilled(f.get(this.base)), instruction, f.get(this.base), page, mode);
    f.call(this.helpers.operations.get(name) as number, args);
    f.if(isLeftAfterOperation(instruction, page, mode, needed + 1), () => {
      emitCount(f);
      f.return(layout.REGION_INTERPRET);
    });
    if (changesOf(name) === 'everything') {
      this.disturbed++;
      this.load();
    } else {
      this.setReg(Register.EAX, w.load32(layout.REGS + Register.EAX * 4));
      this.x87?.load();
    }
    f.set(this.budget, w.sub(w.load32(layout.REMAINING), left));
  }

  private load(): void {
    this.f.callInto(this.locals, this.helpers.reload);
    this.flags.assume(undefined);
    this.memory.forget();
    this.x87?.load();
  }

  private store(eip: Expr): void {
    this.x87?.store(this.f.get(this.base));
    this.f.call(this.helpers.spill, this.spilled(eip));
  }

  /** Registers and flags, in the order that spilling and reloading have. */
  private get locals(): number[] {
    return [...this.registers, ...this.flags.locals];
  }

  private spilled(eip: Expr): Expr[] {
    const { f } = this;
    return [...[...this.locals, this.budget].map((local) => f.get(local)), eip, f.get(this.base)];
  }

  private get exitLabel(): Label {
    if (!this.exit) throw new Error('the region is left outside its body');
    return this.exit;
  }
}
