import type { CostParts } from './exit-record';
import { totalCycles } from './exit-table';

/** What one run of a guest came to. */
export interface RunTotals {
  /** Name of the run in the table: `vmi`, `vmi disable_io_ops`. */
  readonly label: string;
  readonly mode: string;
  /** Exits. */
  readonly samples: number;
  /** Port elements moved through exits. */
  readonly elements: number;
  /** Modelled cycles of all exits by part. */
  readonly parts: CostParts;
  /** Guest time of the whole run, in cycles. */
  readonly guestCycles: number;
  readonly instructions: number;
  /** What the exits cost on the host, in nanoseconds. */
  readonly hostNs: number;
}

/** The columns that are compared. */
type ComparedFigure = 'samples' | 'exitCycles' | 'cyclesPerExit' | 'guestCycles' | 'hostNs' | 'hostNsPerExit';

/** One run beside the others. */
export interface ComparisonRow extends RunTotals {
  /** Modelled cycles of all exits. */
  readonly exitCycles: number;
  /** Averages; 0 where there was no exit. */
  readonly cyclesPerExit: number;
  readonly hostNsPerExit: number;
  /** Share of the guest's time that exits took, 0-100. */
  readonly exitTimePct: number;
  /** Each figure over that of the baseline; undefined where the baseline's is zero. */
  readonly ratios: Readonly<Record<ComparedFigure, number | undefined>>;
}

type Figures = Readonly<Record<ComparedFigure, number>>;

function figuresOf(run: RunTotals): Figures {
  const exitCycles = totalCycles(run.parts);
  const perExit = (total: number): number => (run.samples === 0 ? 0 : total / run.samples);
  return {
    samples: run.samples,
    exitCycles,
    cyclesPerExit: perExit(exitCycles),
    guestCycles: run.guestCycles,
    hostNs: run.hostNs,
    hostNsPerExit: perExit(run.hostNs),
  };
}

/**
 * Puts runs of the same guest side by side, in the order given.
 * @param baseline index of the run that the ratios are over
 * @throws RangeError if there is no run with that index
 */
export function compareRuns(runs: readonly RunTotals[], baseline = 0): ComparisonRow[] {
  if (!(baseline in runs))
    throw new RangeError(`there is no run ${baseline} to compare with: ${runs.length} were given`);
  const base = figuresOf(runs[baseline]);
  return runs.map((run) => {
    const figures = figuresOf(run);
    const ratio = (name: ComparedFigure): number | undefined =>
      base[name] === 0 ? undefined : figures[name] / base[name];
    return {
      ...run,
      exitCycles: figures.exitCycles,
      cyclesPerExit: figures.cyclesPerExit,
      hostNsPerExit: figures.hostNsPerExit,
      exitTimePct: run.guestCycles === 0 ? 0 : (100 * figures.exitCycles) / run.guestCycles,
      ratios: {
        samples: ratio('samples'),
        exitCycles: ratio('exitCycles'),
        cyclesPerExit: ratio('cyclesPerExit'),
        guestCycles: ratio('guestCycles'),
        hostNs: ratio('hostNs'),
        hostNsPerExit: ratio('hostNsPerExit'),
      },
    };
  });
}
