import type { CostParts } from './cost-parts';

/** How a figure was come by. */
export type Basis =
  /** Stands in the source as a measurement of that processor. */
  | 'measured'
  /** Worked out from measured figures; the note says how. */
  | 'derived'
  /** Nobody published it; the note says what was taken instead. */
  | 'assumed'
  /** Stands in a profile of the user's own. */
  | 'given';

/** One figure of a profile, with where it comes from. */
export interface CostFigure {
  /** Cycles of the profile's processor, 0 or more. */
  readonly cycles: number;
  readonly basis: Basis;
  /** Source tag (see `SOURCES`) and what the figure is there, or how it was worked out. */
  readonly note: string;
}

export type PartFigures = Readonly<Record<keyof CostParts, CostFigure>>;

/** What makes a guest leave without asking for it. */
export const EXIT_KINDS = ['port', 'string', 'privileged', 'interrupt'] as const;
/** What a guest asks for by hypercall. */
export const CALL_KINDS = ['port', 'string', 'call'] as const;

/** IN/OUT; INS/OUTS; a privileged instruction (CLI, MOV to CR3, WRMSR …); an interrupt that the hypervisor delivers. */
export type ExitKind = (typeof EXIT_KINDS)[number];
/** The calls that stand for IN/OUT and for INS/OUTS; all others. */
export type CallKind = (typeof CALL_KINDS)[number];
/** Operations that cost differently. */
export type OperationKind = ExitKind | CallKind;
export const KINDS: readonly OperationKind[] = [...EXIT_KINDS, 'call'];

/**
 * How a hypercall gets into the hypervisor: by a call into code that the hypervisor has lent the guest (VMI), by an
 * instruction that exits (KVM's VMCALL), by one that faults and must be decoded like any other (VMware's backdoor), or
 * by a software interrupt, which leaves the guest as a fault does, but says what it wants (lguest).
 */
export type Transport = 'call' | 'exit' | 'trap' | 'interrupt';

/**
 * What leaving the guest costs on one processor. Of a string instruction transition, decode and return count once per
 * exit, device once per element; how many exits it takes depends on the hypervisor (docs/cost-profiles.md).
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
  /** A software VMM under which the guest runs deprivileged: all that is privileged faults. */
  readonly trap: Readonly<Record<ExitKind, PartFigures>>;
  /** A VMM on hardware assistance. */
  readonly vtx: Readonly<Record<ExitKind, PartFigures>>;
  /** Hypercalls by `Transport` `call`. */
  readonly hypercall: Readonly<Record<CallKind, PartFigures>>;
  /** Hypercalls by `Transport` `exit`. */
  readonly vmcall: Readonly<Record<CallKind, PartFigures>>;
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
  KVM19:
    'P. Bonzini: [PATCH 00/43] VMX optimizations, 2019: kvm-unit-tests vmexit.flat, nested (inl_from_kernel 13518 ' +
    'cycles, vmcall 13189, cpuid 13142): ratios, not absolute figures',
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

/** A call names what it wants. */
export const NO_DECODE = derived(0, 'the call names the operation: nothing is fetched or decoded');

/** All parts scaled by a factor, because nobody measured them on that processor: `assumed`, in whole cycles. */
export function scaled(figures: PartFigures, factor: number, why: string): PartFigures {
  const scale = (figure: CostFigure): CostFigure =>
    figure.cycles === 0 || factor === 1
      ? figure
      : assumed(Math.round(figure.cycles * factor), `${why}; there: ${figure.note}`);
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
