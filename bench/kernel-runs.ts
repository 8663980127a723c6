import type { Kernel } from './catalogue';
import type { Thoroughness } from './context';
import type { Engine, Mode, Sample } from './engines/engine';
import { median } from './statistics';

/** A sample that lasts shorter than this says little: clocks tick, marks take their time. */
const SHORTEST_SECONDS = 0.25;
/** Attempts to find a number of rounds that lasts long enough. */
const ATTEMPTS = 4;
const MOST_ROUNDS = 4_000_000_000;
/** How much the rounds grow at most from one attempt to the next. */
const GROWTH = 200;

/** What one engine did with one kernel. */
export interface KernelResult {
  readonly engine: string;
  /** The first runs in new processes, all of the kernel's `cold` rounds. */
  readonly cold: readonly Sample[];
  /** Runs at full speed, of as many rounds as the engine does in the time that was asked for. */
  readonly warm: readonly Sample[];
  /** Why there is less than there should be. */
  readonly failure?: string;
}

/** An engine under a mode of hypervisor. */
export interface Contestant {
  readonly engine: Engine;
  readonly mode: Mode;
  /** What its column is called. */
  readonly title: string;
}

interface Record {
  readonly contestant: Contestant;
  readonly cold: Sample[];
  readonly warm: Sample[];
  /** Rounds that last long enough, by what is known so far. */
  rounds: number;
  failure?: string;
}

/** The rounds that take so many seconds at the speed of a sample. */
function scaled({ rounds, seconds }: Sample, target: number): number {
  const factor = Math.min(target / Math.max(seconds, 1e-6), GROWTH);
  return Math.max(1, Math.min(MOST_ROUNDS, Math.round(rounds * factor)));
}

/** One process: a cold run, one to get warm where the engine needs it, and one that counts if it lasts long enough. */
async function runOnce(record: Record, guest: string, kernel: Kernel, target: number): Promise<void> {
  const { engine, mode } = record.contestant;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { rounds } = record;
    const plan = engine.warmsUp ? [kernel.cold, rounds, rounds] : [kernel.cold, rounds];
    const samples = await engine.run({ guest, kernel: kernel.name, rounds: plan, mode });
    record.cold.push(samples[0]);
    const last = samples[samples.length - 1];
    const short = last.seconds < Math.min(SHORTEST_SECONDS, target);
    if (!short) record.warm.push(last);
    if (short || last.seconds > 2 * target) record.rounds = scaled(last, target);
    if (!short || record.rounds === rounds) return;
  }
  throw new Error(`${kernel.name} never lasts long enough on ${engine.name}`);
}

/**
 * Runs a kernel on all contestants in turn, as often as asked for. One that fails is left out from then on, and the
 * result says why.
 */
export async function measureKernel(
  kernel: Kernel,
  contestants: readonly Contestant[],
  guest: string,
  { runs, seconds }: Thoroughness,
): Promise<KernelResult[]> {
  const records: Record[] = contestants.map((contestant) => ({
    contestant,
    cold: [],
    warm: [],
    rounds: kernel.cold * 4,
  }));
  for (let run = 0; run < runs; run++) {
    for (const record of records) {
      if (record.failure !== undefined) continue;
      try {
        await runOnce(record, guest, kernel, seconds);
      } catch (error) {
        record.failure = error instanceof Error ? error.message : String(error);
      }
    }
  }
  return records.map(({ contestant, cold, warm, failure }) => ({ engine: contestant.title, cold, warm, failure }));
}

/**
 * Guest instructions that a kernel takes for a number of rounds: so many for what comes before, and so many for each
 * round. Worked out from the exact counts of two runs.
 */
export class InstructionModel {
  private readonly perRound: number;
  private readonly before: number;

  constructor(few: Sample, many: Sample) {
    const [less, more] = [few.instructions ?? 0, many.instructions ?? 0];
    this.perRound = many.rounds === few.rounds ? more / many.rounds : (more - less) / (many.rounds - few.rounds);
    this.before = more - this.perRound * many.rounds;
  }

  count(rounds: number): number {
    return this.before + this.perRound * rounds;
  }
}

/** The median over samples of what `value` makes of each; undefined without samples. */
export function medianOf(samples: readonly Sample[], value: (sample: Sample) => number): number | undefined {
  return samples.length > 0 ? median(samples.map(value)) : undefined;
}

/** What is to be said of results: engines that failed, and checksums that differ from those of the first engine. */
export function remarks(kernel: Kernel, results: readonly KernelResult[]): string[] {
  const failures = results.flatMap(({ engine, failure }) =>
    failure === undefined ? [] : [`${kernel.name} on ${engine}: ${failure.trim().split('\n')[0]}`],
  );
  const expected = results[0]?.cold[0]?.checksum;
  const others = results.filter(({ cold }) => cold.some(({ checksum }) => checksum !== expected));
  const differences = others.map(
    ({ engine, cold }) => `${kernel.name}: the checksum is ${expected}, on ${engine} ${cold[0].checksum}.`,
  );
  return [...failures, ...differences];
}
