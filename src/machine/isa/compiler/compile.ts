import { Register, TLB } from '../../layout';
import type { Emitter } from '../emitter';
import type { CpuModel, OperandAccess } from '../form';
import { FULL_WINDOW } from '../interpreter/dispatch';
import { decodeOperands, type ModRmTarget } from '../interpreter/operands';
import { scalesLoneBase } from '../table';
import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';
import { FunctionBuilder, type Label } from '../wasm/function';
import { ModuleBuilder } from '../wasm/module';
import { AccessForecast, stepOf } from './access-forecast';
import { decodeAddress, Rest } from './addresses';
import type { Instruction } from './decode';
import { RegionEmitter, type Transfer } from './emitter';
import { RegionFrame } from './frame';
import { addHelpers, type CodePage, type Helpers } from './helpers';
import { LoopNest } from './loop-nest';
import { Patience } from './memory-access';
import type { TierMode } from './mode';
import { NotInlined } from './not-inlined';
import { importOperations } from './operations';
import { type Block, type Region, successors } from './region';
import { structure, type Structure } from './structure';

function modRmTarget(e: RegionEmitter, frame: RegionFrame, instruction: Instruction, rest: Rest): ModRmTarget {
  const { modRm, addressSize, form } = instruction;
  if (modRm === undefined || modRm >= 0xc0 || form.operands.includes('Rd')) {
    return { kind: 'register', rm: w.constant((modRm ?? 0) & 7) };
  }
  const address = decodeAddress(instruction, modRm, rest, frame.scalesBase);
  const popped = form.addressAfterPop ? e.operandSize / 8 : 0;
  const parts = address.registers.map(({ index, shift }) => {
    const value = index === Register.ESP ? w.add(frame.reg(index), popped) : frame.reg(index);
    return w.shl(value, shift);
  });
  const sum = parts.length > 0 ? parts.reduce((a, b) => w.add(a, b)) : w.constant(0);
  const whole = w.add(sum, address.displacement);
  // A copy, even of a register alone: the register may change before the operand is used.
  const offset = e.f.hold(addressSize === 32 ? whole : w.and(whole, 0xffff));
  if (addressSize === 32 && popped === 0) e.nameAddress(offset, address);
  return { kind: 'memory', segment: w.constant(instruction.segment ?? address.segment), offset };
}

/** Instructions that need CF, to keep it or to read it, and those that have nothing to do with flags. */
const CARRY_USERS = new Set(['INC', 'DEC', 'ADC', 'SBB', 'RCL', 'RCR']);
const FLAG_STRANGERS = new Set(['MOV', 'LEA', 'MOVZX', 'MOVSX', 'PUSH', 'POP', 'XCHG', 'NOP', 'LODS', 'STOS', 'MOVS']);

/** Writes the function of one region. */
class RegionCompiler {
  private readonly frame: RegionFrame;
  private readonly structure: Structure;
  private readonly labels = new Map<number, Label>();
  private readonly needs = new Map<number, number>();
  private readonly forwardLabels = new Map<number, Label>();
  /** What all ways to a merge so far know of the flags. */
  private readonly met = new Map<number, { readonly knowledge: unknown }>();
  private readonly forecasts = new Map<Block, AccessForecast>();
  private readonly condition: number;
  private readonly targetEip: number;

  constructor(
    private readonly f: FunctionBuilder,
    private readonly region: Region,
    private readonly checks: readonly PageCheck[],
    mode: TierMode,
    helpers: Helpers,
    page: CodePage,
    scalesBase: boolean,
    private readonly patience: Patience,
  ) {
    const next = (node: number) => successors(region, this.block(node));
    this.structure = structure({ entry: region.entry, successors: next });
    const nest = new LoopNest(this.structure, next, (node) => this.block(node).instructions.length);
    this.frame = new RegionFrame(f, mode, region, helpers, page, scalesBase, nest);
    this.condition = f.local();
    this.targetEip = f.local();
  }

  /** Writes the function; gives the share of instructions that are left to the interpreter, 0-1. */
  compile(): number {
    for (const place of [...this.structure.order].reverse()) this.needs.set(place, this.budgetFrom(place));
    this.frame.around(() => {
      this.checkPages();
      if (!this.structure.loops.has(this.region.entry)) {
        this.frame.requireBudget(this.need(this.region.entry), this.region.entry);
      }
      this.emitTree(this.region.entry);
    });
    const all = this.structure.order.reduce((sum, place) => sum + this.block(place).instructions.length, 0);
    return this.frame.interpreted / all;
  }

  /** Registers of the x87 that the region touches. */
  get x87Registers(): ReadonlySet<number> {
    return this.frame.x87?.touched ?? new Set();
  }

  private block(place: number): Block {
    return this.region.blocks.get(place) as Block;
  }

  private need(place: number): number {
    return this.needs.get(place) ?? 0;
  }

  /** Instructions on the longest way from a block to where the budget is looked at again. */
  private budgetFrom(place: number): number {
    return this.block(place).instructions.length + this.budgetAfter(place);
  }

  private budgetAfter(place: number): number {
    const { rank, loops } = this.structure;
    const onward = successors(this.region, this.block(place)).filter(
      (to) =>
        !loops.has(to) && !this.structure.isCut(place, to) && (rank.get(to) as number) > (rank.get(place) as number),
    );
    return Math.max(0, ...onward.map((to) => this.need(to)));
  }

  /** The code must still be where it was compiled from. */
  private checkPages(): void {
    const { f, frame } = this;
    f.scope(() => {
      for (const { place, host } of this.checks) {
        const linear = f.let(frame.eipOf(place));
        const entry = f.let(w.load32(w.shl(w.shrU(linear, 12), 2), TLB));
        const known = w.ne(w.and(entry, frame.mode.readMask), 0);
        const same = w.eq(w.add(w.and(entry, ~0xfff), linear), host);
        f.if(w.eqz(w.and(known, same)), () => frame.refuse());
      }
      if (!frame.mode.code32) f.if(w.gtU(frame.eipOf(0), 0xf000), () => frame.refuse());
    });
  }

  private emitTree(place: number): void {
    this.frame.x87?.startBlock(place);
    if (!this.structure.loops.has(place)) {
      this.emitWithin(place, () => this.emitBlock(this.block(place)));
      return;
    }
    if (!this.isTightLoop(place)) {
      this.emitLoop(place, () => this.emitWithin(place, () => this.emitBlock(this.block(place))));
    } else if (this.isJumpedBackTo(place)) {
      const plain = () => this.emitBlock(this.block(place));
      this.emitLoop(place, () => this.emitWithin(place, () => this.emitTightLoop(place, plain)));
    } else {
      const plain = () => this.emitLoop(place, () => this.emitBlock(this.block(place)));
      this.emitWithin(place, () => this.emitTightLoop(place, plain));
    }
  }

  private emitLoop(place: number, body: () => void): void {
    const { f } = this;
    const carry = this.wantsCarry(place);
    if (carry) this.frame.flags.makeCarryExplicit();
    this.frame.x87?.startBlock(place);
    f.loop((again) => {
      this.labels.set(place, again);
      if (carry) this.frame.flags.assumeCarryExplicit();
      else this.frame.flags.assume(undefined);
      this.frame.requireBudget(this.need(place), place);
      body();
    });
  }

  /** True for a loop of a single block that ends in a conditional jump to its start. */
  private isTightLoop(place: number): boolean {
    const { flow, end, instructions } = this.block(place);
    // What it gains is little beside the x87's work, and the host's compiler would be busy with three copies for long.
    if (instructions.filter(isX87).length > MAX_TIGHT_X87) return false;
    return flow.kind === 'branch' && flow.target === place && end !== place;
  }

  /** True if other blocks than itself jump back to a place. */
  private isJumpedBackTo(place: number): boolean {
    const { order, rank } = this.structure;
    return order
      .slice(rank.get(place))
      .some((from) => from !== place && successors(this.region, this.block(from)).includes(place));
  }

  /**
   * A loop of one block. Its first round is staged apart: then what the flags were derived from is known at the top of
   * all other rounds, and need not be carried around.
   * @param plain stages the loop where that cannot be done
   */
  private emitTightLoop(place: number, plain: () => void): void {
    const { f, frame } = this;
    const block = this.block(place);
    const { position } = f;
    const before = frame.flags.knowledge;
    const round = (): Expr | undefined => {
      frame.requireBudget(this.need(place), place);
      return this.emitInstructions(block)?.condition;
    };
    let after: unknown;
    let settled = true;
    f.block((leave) => {
      const { disturbed } = frame;
      let first: Expr | undefined;
      const groups = frame.memory.recordBlock(() => {
        first = round();
      });
      settled &&= first !== undefined && frame.x87?.fits(place) !== false;
      if (!first || !settled) return;
      f.branchIf(w.eqz(first), leave);
      after = frame.flags.knowledge;
      const next = () => {
        frame.flags.assume(after);
        const condition = this.emitInstructions(block)?.condition;
        settled &&= condition !== undefined && JSON.stringify(frame.flags.knowledge) === JSON.stringify(after);
      };
      f.loop((again) => {
        frame.requireBudget(this.need(place), place);
        if (groups.length === 0 || frame.disturbed > disturbed) next();
        else {
          // All accesses checked at once, where they go to the pages of the round before.
          const fit = frame.memory.groupsFit(groups, (index) => frame.reg(index));
          f.if(fit, () => frame.memory.withoutChecks(groups, next), next);
        }
        f.branchIf(f.get(this.condition), again);
      });
    });
    if (settled) {
      frame.flags.assume(after);
      this.branchTo(place, block.end);
      return;
    }
    f.rewind(position);
    frame.flags.assume(before);
    plain();
  }

  private emitWithin(place: number, body: () => void): void {
    const { merges, children, rank } = this.structure;
    const own = (children.get(place) ?? []).filter((child) => merges.has(child));
    const later = own.sort((a, b) => (rank.get(b) as number) - (rank.get(a) as number));
    const nest = (at: number): void => {
      if (at === later.length) {
        body();
        return;
      }
      const merge = later[at];
      this.f.block((leave) => {
        this.forwardLabels.set(merge, leave);
        nest(at + 1);
      });
      this.frame.flags.assume(this.met.get(merge)?.knowledge);
      this.emitTree(merge);
    };
    nest(0);
  }

  private branchTo(from: number, to: number): void {
    const { rank, merges } = this.structure;
    if (!this.structure.rank.has(to) || this.structure.isCut(from, to)) {
      this.frame.leaveTo(this.frame.eipOf(to));
      return;
    }
    this.frame.x87?.goTo(to);
    if ((rank.get(to) as number) <= (rank.get(from) as number)) {
      if (this.wantsCarry(to)) this.f.scope(() => this.frame.flags.makeCarryExplicit());
      this.f.branch(this.labels.get(to) as Label);
    } else if (merges.has(to)) {
      this.meet(to);
      this.f.branch(this.forwardLabels.get(to) as Label);
    } else {
      this.emitTree(to);
    }
  }

  /** Notes what is known of the flags on one of the ways to a merge. */
  private meet(merge: number): void {
    const { knowledge } = this.frame.flags;
    const before = this.met.get(merge);
    const same = before === undefined || before.knowledge === knowledge;
    this.met.set(merge, { knowledge: same ? knowledge : undefined });
  }

  /** True if a loop's first instruction that deals with flags needs CF. */
  private wantsCarry(place: number): boolean {
    for (const { form } of this.block(place).instructions) {
      if (CARRY_USERS.has(form.mnemonic)) return true;
      if (!FLAG_STRANGERS.has(form.mnemonic)) return false;
    }
    return false;
  }

  private emitBlock(block: Block): void {
    this.emitFlow(block, this.emitInstructions(block));
  }

  private emitInstructions(block: Block): Transfer | undefined {
    this.frame.spend(block.instructions.length);
    const forecast = this.patience === Patience.None ? this.forecast(block) : undefined;
    this.frame.memory.beginBlock(block.start, forecast);
    this.frame.x87?.startBlock(block.start);
    let transfer: Transfer | undefined;
    block.instructions.forEach((instruction, i) => {
      const left = block.instructions.length - i;
      this.f.scope(() => {
        const found = this.emitInstruction(instruction, left, left - 1 + this.budgetAfter(block.start));
        transfer = found && this.keep(found);
      });
    });
    return transfer;
  }

  /** Puts condition and target into locals that outlive the instruction's scope. */
  private keep({ condition, target }: Transfer): Transfer {
    const { f } = this;
    if (condition) f.set(this.condition, condition);
    if ('eip' in target) f.set(this.targetEip, target.eip);
    return {
      condition: condition && f.get(this.condition),
      target: 'eip' in target ? { eip: f.get(this.targetEip) } : target,
    };
  }

  /** Stages an instruction in place, or has the interpreter do it. */
  private emitInstruction(instruction: Instruction, left: number, needed: number): Transfer | undefined {
    const { f, frame } = this;
    const { position, nesting } = f;
    const { knowledge } = frame.flags;
    const x87 = frame.x87?.save();
    const e = new RegionEmitter(frame, instruction, left, needed);
    try {
      const rest = new Rest(instruction.rest);
      const target = modRmTarget(e, frame, instruction, rest);
      const operands = decodeOperands(e, instruction.form.operands, {
        opcode: instruction.opcode,
        reg: w.constant(((instruction.modRm ?? 0) >> 3) & 7),
        target,
        fetch: (size, signed) => w.constant(rest.next(size, signed)),
      });
      (instruction.form.semantics as (e: Emitter, ...operands: OperandAccess[]) => void)(e, ...operands);
      this.noteStep(instruction);
      return e.transfer;
    } catch (thrown) {
      if (!(thrown instanceof NotInlined)) throw thrown;
      f.rewind(position);
      f.nesting = nesting;
      frame.flags.assume(knowledge);
      frame.x87?.restore(x87);
      frame.interpret(instruction.at, instruction.at + instruction.length, left, needed);
      return undefined;
    }
  }

  private forecast(block: Block): AccessForecast {
    let found = this.forecasts.get(block);
    if (!found) this.forecasts.set(block, (found = new AccessForecast(block.instructions, this.frame.scalesBase)));
    return found;
  }

  private noteStep(instruction: Instruction): void {
    const step = stepOf(instruction);
    if (!step || (step.register === Register.ESP && !this.frame.mode.stack32)) return;
    this.frame.memory.moved(step.register, step.by);
  }

  /** Sends control on after the last instruction of a block. */
  private emitFlow(block: Block, transfer: Transfer | undefined): void {
    const { f } = this;
    const flags = this.frame.flags.knowledge;
    const x87 = this.frame.x87?.save();
    const onward = () => {
      this.frame.flags.assume(flags);
      this.frame.x87?.restore(x87);
      this.branchTo(block.start, block.end);
    };
    if (!transfer) {
      // The interpreter has done a jump that leads nowhere else.
      if (block.flow.kind === 'next' || block.flow.kind === 'branch') onward();
      else this.frame.leaveTo(this.frame.eipOf(block.end));
      return;
    }
    const taken = () => this.emitTarget(block, transfer.target);
    if (!transfer.condition) {
      taken();
      return;
    }
    f.if(transfer.condition, taken);
    onward();
  }

  private emitTarget(block: Block, target: Transfer['target']): void {
    if ('place' in target) {
      this.branchTo(block.start, target.place);
      return;
    }
    const flags = this.frame.flags.knowledge;
    const x87 = this.frame.x87?.save();
    for (const site of this.region.targets.get(block.start) ?? []) {
      if (!this.region.blocks.has(site)) continue;
      this.f.if(w.eq(target.eip, this.frame.eipOf(site)), () => {
        this.frame.flags.assume(flags);
        this.branchTo(block.start, site);
      });
      this.frame.x87?.restore(x87);
    }
    this.frame.leaveTo(target.eip);
  }
}

/** A page of the region besides the first: its place, and its host pointer. */
export interface PageCheck {
  readonly place: number;
  readonly host: number;
}

/** Most x87 instructions in a block that is staged several times as a tight loop. */
const MAX_TIGHT_X87 = 16;

/** Escape opcodes D8 to DF, and WAIT. */
function isX87({ form, opcode }: Instruction): boolean {
  return form.map === 0 && ((opcode & 0xf8) === 0xd8 || opcode === 0x9b);
}

function usesX87(region: Region): boolean {
  return [...region.blocks.values()].some(({ instructions }) => instructions.some(isX87));
}

/** Beyond this share of instructions left to the interpreter a region costs more than it saves. */
const MAX_INTERPRETED = 0.25;

/**
 * Compiles a region to a module that exports its function as `run`; undefined if it is not worth it.
 * @param host host pointer of the page that the entry is in
 */
export function compileRegion(
  region: Region,
  host: number,
  checks: readonly PageCheck[],
  mode: TierMode,
  model: CpuModel,
  patience: Patience,
): Uint8Array<ArrayBuffer> | undefined {
  const m = new ModuleBuilder();
  const page = { host, window: FULL_WINDOW };
  const operations = importOperations(m, region);
  const asks = patience === Patience.Asking;
  const helpers = addHelpers(m, mode, page, { usesX87: usesX87(region), asks, operations });
  const run = m.declare('run', [], ['i32']);
  const f = new FunctionBuilder([], ['i32']);
  const compiler = new RegionCompiler(f, region, checks, mode, helpers, page, scalesLoneBase(model), patience);
  if (compiler.compile() > MAX_INTERPRETED) return undefined;
  m.define(run, f);
  m.export('run', run);
  helpers.x87?.defineHelpers(m, compiler.x87Registers);
  return m.finish();
}
