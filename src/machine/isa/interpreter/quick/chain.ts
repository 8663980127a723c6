import * as layout from '../../../layout';
import * as w from '../../wasm/expression';
import type { Expr } from '../../wasm/expression';
import type { FunctionBuilder } from '../../wasm/function';
import type { ModuleBuilder } from '../../wasm/module';

/** How a quick handler sends control on. Each of the methods ends the handler. */
export interface Chain {
  /** Host pointer of the instruction's first byte. */
  readonly ip: Expr;
  /** To the instruction that follows. */
  next(ip: Expr): void;
  /** To the target of a jump. */
  transfer(ip: Expr): void;
  /** Has somebody else carry out the instruction. */
  giveUp(): void;
}

/** A quick handler that is a function: (ip, instructions that may still be retired) -> next ip, or one of these. */
export const HANDLER_PARAMS = ['i32', 'i32'] as const;
export const HANDLER_RESULTS = ['i32'] as const;
/** IP and REMAINING are in the CPU state, and the run loop must look around. */
export const QUICK_LEFT = 0;
/** Nothing has been done: the general handler must. */
export const QUICK_GENERAL = 1;

/** The ends of handlers that are functions of their own. */
export class HandlerChain implements Chain {
  readonly ip: Expr;

  constructor(
    private readonly f: FunctionBuilder,
    private readonly m: ModuleBuilder,
  ) {
    this.ip = f.param(0);
  }

  next(ip: Expr): void {
    this.f.return(ip);
  }

  transfer(target: Expr): void {
    const { f, m } = this;
    const ip = f.let(target);
    f.if(w.load32(layout.TIER_THRESHOLD), () => {
      f.if(f.callValue(m.indexOf('quickTransfer'), [ip, w.sub(f.param(1), 1)]), () => f.return(QUICK_LEFT));
    });
    f.return(ip);
  }

  giveUp(): void {
    this.f.return(QUICK_GENERAL);
  }
}
