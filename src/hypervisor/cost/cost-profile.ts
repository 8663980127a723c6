import type { CostParts } from '../exits/exit-record';

/** How a figure was come by. */
type Basis =
  /** Stands in the source as a measurement of that processor. */
  | 'measured'
  /** Worked out from measured figures; the note says how. */
  | 'derived'
  /** Nobody published it; the note says what was taken instead. */
  | 'assumed';

/** One figure of a profile, with where it comes from. */
export interface CostFigure {
  /** Cycles of the profile's processor, 0 or more. */
  readonly cycles: number;
  readonly basis: Basis;
  /** Source tag (see `SOURCES`) and what the figure is there, or how it was worked out. */
  readonly note: string;
}

export type PartFigures = Readonly<Record<keyof CostParts, CostFigure>>;

/** Operations that cost differently: IN/OUT, INS/OUTS (and the calls that stand for them), other hypercalls. */
export type OperationKind = 'port' | 'string' | 'call';

/**
 * What leaving the guest costs on one processor. Of a string instruction transition, decode and return count once,
 * device once per element.
 */
export interface CostProfile {
  /** Name in launch configurations: `pentium4-672`. */
  readonly name: string;
  readonly processor: string;
  readonly year: number;
  /** Clock of the machine that was measured, MHz. */
  readonly megahertz: number;
  /** What to keep in mind when reading results of this profile. */
  readonly doc: string;
  /** A port access on bare hardware, for mode `none`. */
  readonly native: CostFigure;
  readonly trap: Readonly<Record<'port' | 'string', PartFigures>>;
  readonly vtx: Readonly<Record<'port' | 'string', PartFigures>>;
  readonly hypercall: Readonly<Record<OperationKind, PartFigures>>;
}

/** The texts behind the figures. */
export const SOURCES: Readonly<Record<string, string>> = {
  AA06:
    'K. Adams, O. Agesen: A Comparison of Software and Hardware Techniques for x86 Virtualization, ASPLOS 2006, ' +
    'section 6.3, table 1 and appendix (Pentium 4 672 at 3.8 GHz; Core 2 Duo at 2.66 GHz where said)',
  AMRS12:
    'O. Agesen, J. Mattson, R. Rugina, J. Sheldon: Software Techniques for Avoiding Hardware Virtualization Exits, ' +
    'USENIX ATC 2012, table 1 (exit and resume, round trip)',
  SPLITX:
    'A. Landau, M. Ben-Yehuda, A. Gordon: SplitX: Split Guest/Hypervisor Execution on Multi-Core, WIOV 2011 ' +
    '(Xeon X5570 at 2.93 GHz, KVM of Linux 2.6.34)',
};

export function measured(cycles: number, note: string): CostFigure {
  return { cycles, basis: 'measured', note };
}

export function derived(cycles: number, note: string): CostFigure {
  return { cycles, basis: 'derived', note };
}

export function assumed(cycles: number, note: string): CostFigure {
  return { cycles, basis: 'assumed', note };
}

/** All parts scaled by a factor, because nobody measured them on that processor: `assumed`, in whole cycles. */
export function scaled(figures: PartFigures, factor: number, why: string): PartFigures {
  const scale = (figure: CostFigure): CostFigure =>
    figure.cycles === 0 ? figure : assumed(Math.round(figure.cycles * factor), `${why}; there: ${figure.note}`);
  return {
    transition: scale(figures.transition),
    decode: scale(figures.decode),
    device: scale(figures.device),
    return: scale(figures.return),
  };
}

/** The bare numbers of a set of figures. */
export function cyclesOf(figures: PartFigures): CostParts {
  return {
    transition: figures.transition.cycles,
    decode: figures.decode.cycles,
    device: figures.device.cycles,
    return: figures.return.cycles,
  };
}
