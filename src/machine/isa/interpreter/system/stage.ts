import type { Operations } from '../../../cpu/operations';
import * as layout from '../../../layout';
import * as w from '../../wasm/expression';
import type { Expr, Operand } from '../../wasm/expression';
import { FunctionBuilder } from '../../wasm/function';
import type { ModuleBuilder } from '../../wasm/module';
import { state } from '../runtime';

/** An operation whose common cases are staged in WebAssembly; all others are left to TypeScript. */
export interface StagedOperation {
  readonly name: keyof Operations;
  readonly params: number;
  readonly results: 0 | 1;
  /**
   * Writes the common cases, which end with a return. Nothing may have changed where `require` fails: then the operation is
   * carried out by TypeScript as if it had not been begun.
   */
  stage(s: Stage): void;
}

/** What staging a system operation needs: the function, and the way out of the common cases. */
export class Stage {
  constructor(
    readonly f: FunctionBuilder,
    readonly m: ModuleBuilder,
    private readonly giveUp: () => void,
  ) {}

  /** Goes on only if a condition holds. */
  require(condition: Operand): void {
    this.f.if(w.eqz(condition), this.giveUp);
  }

  /** Goes on only if a condition does not hold. */
  refuse(condition: Operand): void {
    this.f.if(condition, this.giveUp);
  }

  /** Goes on only where gates lead to where the guest's own tables say: see `layout.EVENTS_STAGED`. */
  requirePlainGates(): void {
    this.require(w.and(state(layout.EVENTS_STAGED), layout.STAGED_GATES));
  }

  /** A value, computed now. */
  let(value: Operand): Expr {
    return this.f.let(value);
  }

  /** Result of a function of the module. */
  call(name: string, ...args: Operand[]): Expr {
    return this.f.let(this.f.callValue(this.m.indexOf(name), args));
  }

  /** Calls a function without a result. */
  run(name: string, ...args: Operand[]): void {
    this.f.call(this.m.indexOf(name), args);
  }

  set(offset: number, value: Operand): void {
    this.f.emit(w.store32(offset, value));
  }

  requestExit(bits: number): void {
    this.set(layout.EXIT, w.or(state(layout.EXIT), bits));
  }
}

/** Defines a function of i32 parameters that gives 0 where the common cases do not apply. */
export function defineStaged(m: ModuleBuilder, name: string, body: (s: Stage) => void): void {
  const declared = m.declared(name);
  const f = new FunctionBuilder(declared.params, declared.results);
  body(new Stage(f, m, () => f.return(0)));
  m.define(declared, f);
}

/**
 * Puts the staged operations before those of TypeScript, which must have been imported: their names mean these from here
 * on. To be defined by the function that it gives.
 */
export function declareStagedOperations(m: ModuleBuilder, operations: readonly StagedOperation[]): () => void {
  const parts = operations.map((operation) => {
    const fallback = m.indexOf(operation.name);
    const params = Array.from({ length: operation.params }, () => 'i32' as const);
    const results = operation.results === 1 ? (['i32'] as const) : [];
    return { operation, fallback, declared: m.declare(operation.name, params, results) };
  });
  return () => {
    for (const { operation, fallback, declared } of parts) {
      const f = new FunctionBuilder(declared.params, declared.results);
      const args = declared.params.map((_, i) => f.param(i));
      f.block((leave) => {
        const s = new Stage(f, m, () => f.branch(leave));
        s.refuse(state(layout.OPERATIONS_WATCHED));
        operation.stage(s);
      });
      if (operation.results === 1) f.return(f.callValue(fallback, args));
      else f.call(fallback, args);
      m.define(declared, f);
    }
  };
}
