import type { CostParts } from './cost-parts';
import {
  type CallKind,
  type CostProfile,
  cyclesOf,
  type ExitKind,
  type OperationKind,
  type PartFigures,
  type Transport,
} from './cost-profile';

/** Cycles of every kind of operation that comes one way. */
export type KindCosts = Readonly<Record<OperationKind, CostParts>>;

/** The bare cycles of a profile, square, so that a lookup needs no test. */
export interface CostTable {
  readonly trap: KindCosts;
  readonly vtx: KindCosts;
  readonly hypercall: Readonly<Record<Transport, KindCosts>>;
}

/** A trap of what is only ever a call costs what a privileged instruction does. */
function exitCosts(figures: Readonly<Record<ExitKind, PartFigures>>): KindCosts {
  const { port, string, privileged, interrupt } = figures;
  return {
    port: cyclesOf(port),
    string: cyclesOf(string),
    privileged: cyclesOf(privileged),
    interrupt: cyclesOf(interrupt),
    call: cyclesOf(privileged),
  };
}

/** A call that stands for a privileged instruction, or that asks for an interrupt, is a call like any other. */
function callCosts(figures: Readonly<Record<CallKind, PartFigures>>): KindCosts {
  const { port, string, call } = figures;
  const cycles = cyclesOf(call);
  return { port: cyclesOf(port), string: cyclesOf(string), privileged: cycles, interrupt: cycles, call: cycles };
}

/** The same for an exit that says what it wants. */
function undecoded(cost: CostParts): CostParts {
  return { ...cost, decode: 0 };
}

export function costTable({ trap, vtx, hypercall, vmcall }: CostProfile): CostTable {
  const trapped = exitCosts(trap);
  return {
    trap: trapped,
    vtx: exitCosts(vtx),
    hypercall: {
      call: callCosts(hypercall),
      exit: callCosts(vmcall),
      trap: trapped,
      interrupt: {
        port: undecoded(trapped.port),
        string: undecoded(trapped.string),
        privileged: undecoded(trapped.privileged),
        interrupt: undecoded(trapped.interrupt),
        call: undecoded(trapped.call),
      },
    },
  };
}
