import * as layout from '../../../layout';
import type { CpuModel } from '../../form';
import { ESCAPE_OPCODE, type OpcodeEntry } from '../../table';
import * as w from '../../wasm/expression';
import type { Expr } from '../../wasm/expression';
import { FunctionBuilder, type Label } from '../../wasm/function';
import type { ModuleBuilder } from '../../wasm/module';
import { type Chain, HANDLER_PARAMS, HANDLER_RESULTS, QUICK_GENERAL, QUICK_LEFT } from './chain';
import { emitQuickHandler } from './handlers';
import { HOT_OPCODES } from './hot-opcodes';

/** Where the loop goes on. */
interface LoopLabels {
  readonly again: Label;
  /** Budget or window are used up; IP and REMAINING are to be stored. */
  readonly stop: Label;
  /** IP and REMAINING are stored. */
  readonly left: Label;
  /** The general handler is needed. */
  readonly general: Label;
}

/** The ends of handlers that are parts of the loop. */
class LoopChain implements Chain {
  readonly ip: Expr;
  private readonly left: Expr;

  constructor(
    private readonly f: FunctionBuilder,
    private readonly m: ModuleBuilder,
    private readonly labels: LoopLabels,
  ) {
    this.ip = f.param(0);
    this.left = f.param(1);
  }

  next(ip: Expr): void {
    this.count(ip);
    this.f.branchIf(w.leU(this.ip, w.load32(layout.CODE_END)), this.labels.again);
    this.f.branch(this.labels.stop);
  }

  transfer(ip: Expr): void {
    const { f, m, labels } = this;
    this.count(ip);
    f.if(w.load32(layout.TIER_THRESHOLD), () => {
      f.branchIf(f.callValue(m.indexOf('quickTransfer'), [this.ip, this.left]), labels.left);
    });
    this.goOnInWindow();
  }

  giveUp(): void {
    this.f.branch(this.labels.general);
  }

  /** Has a handler that is a function carry out the instruction. */
  call(element: Expr): void {
    const { f, m, labels } = this;
    const type = m.type(HANDLER_PARAMS, HANDLER_RESULTS);
    const to = f.let(f.callIndirectValue(type, element, [this.ip, this.left]));
    f.if(w.leU(to, QUICK_GENERAL), () => {
      f.branchIf(w.eq(to, QUICK_LEFT), labels.left);
      f.branch(labels.general);
    });
    this.count(to);
    this.goOnInWindow();
  }

  private count(to: Expr): void {
    const { f } = this;
    f.set(0, to);
    f.set(1, w.sub(this.left, 1));
    f.branchIf(w.eqz(this.left), this.labels.stop);
  }

  private goOnInWindow(): void {
    this.f.branchIf(w.ltU(this.ip, w.load32(layout.CODE_START)), this.labels.stop);
    this.f.branchIf(w.leU(this.ip, w.load32(layout.CODE_END)), this.labels.again);
    this.f.branch(this.labels.stop);
  }
}

/** True for an opcode that the loop has all of, so that no function is needed. */
export function isInLoop(key: number): boolean {
  return HOT_OPCODES.get(key) === 'both';
}

/**
 * `quickLoop` (ip, remaining) -> QUICK_LEFT or QUICK_GENERAL: executes instructions as long as quick handlers can, those of
 * the hot opcodes within the loop. IP and REMAINING are in the CPU state afterwards.
 */
export function defineQuickLoop(m: ModuleBuilder, model: CpuModel, opcodes: ReadonlyMap<number, OpcodeEntry>): void {
  const f = new FunctionBuilder(HANDLER_PARAMS, HANDLER_RESULTS);
  const ip = f.param(0);
  const leave = (why: number) => {
    f.emit(w.store32(layout.IP, ip));
    f.emit(w.store32(layout.REMAINING, f.param(1)));
    f.return(why);
  };
  /** All opcodes of one map. */
  const row = (chain: LoopChain, first: 0 | 0x100, special?: ReadonlyMap<number, Label>) => {
    const opcode = w.load8(ip, first >> 8);
    f.block((function_) => {
      const emit = (key: number) => {
        const elsewhere = special?.get(key);
        const entry = opcodes.get(key);
        if (elsewhere || !entry || !HOT_OPCODES.has(key)) {
          f.branch(elsewhere ?? function_);
          return;
        }
        const onMemory = isInLoop(key) ? undefined : () => f.branch(function_);
        const start = { base: ip, bytes: 1 + (first >> 8) };
        f.scope(() => emitQuickHandler(f, chain, model, entry, key & 0xff, start, onMemory));
      };
      f.switch(
        opcode,
        Array.from({ length: 0x100 }, (_, i) => () => emit(first + i)),
      );
    });
    chain.call(w.add(opcode, first));
  };
  f.block((left) => {
    f.block((general) => {
      f.block((stop) => {
        f.loop((again) => {
          const chain = new LoopChain(f, m, { again, stop, left, general });
          f.block((second) => row(chain, 0, new Map([[ESCAPE_OPCODE, second]])));
          row(chain, 0x100);
        });
      });
      leave(QUICK_LEFT);
    });
    leave(QUICK_GENERAL);
  });
  f.return(QUICK_LEFT);
  m.define(m.declared('quickLoop'), f);
}
