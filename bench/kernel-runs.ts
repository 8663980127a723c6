import type { Kernel } from './catalogue';
import type { Thoroughness } from './context';
import type { Engine, Mode, Sample } from './engines/engine';
import { geometricMean, median } from './statistics';

/** A sample that lasts shorter than this says little: marks take their time to be heard of. */
const SHORTEST_SECONDS = 0.2;
/** A sample may last so many times longer than asked for before there are fewer rounds in the next. */
const PATIENCE = 2.5;
/** Attempts to find a number of rounds that lasts long enough. */
const ATTEMPTS = 5;
const MOST_ROUNDS = 4_000_000_000;
/** How much the rounds grow at most from one attempt to the next. */
const GROWTH = 200;
/** Rounds that a contestant of unknown speed begins with, in cold runs. */
const FIRST_GUESS = 10;

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

/** What is known of one contestant and one kernel. */
interface Score {
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

/** Measures kernels on contestants, and learns on the way how many rounds each can do. */
export class Competition {
  /** Rounds of the kernels so far, in cold runs, by the contestant's title. */
  private readonly pace = new Map<string, number[]>();

  /** @param guest path of the guest */
  constructor(
    private readonly guest: string,
    private readonly thoroughness: Thoroughness,
  ) {}

  /**
   * Runs a kernel on all contestants in turn, as often as asked for. One that fails is left out from then on, and the
   * result says why.
   */
  async measure(kernel: Kernel, contestants: readonly Contestant[]): Promise<KernelResult[]> {
    const scores = contestants.map((contestant): Score => {
      const pace = this.pace.get(contestant.title) ?? [FIRST_GUESS];
      const rounds = Math.min(MOST_ROUNDS, Math.max(1, Math.round(kernel.cold * geometricMean(pace))));
      return { contestant, cold: [], warm: [], rounds };
    });
    for (let turn = 0; turn < this.thoroughness.runs; turn++) {
      // What interprets has as many samples in its one process as others have processes.
      for (const score of scores.filter(({ contestant }) => turn === 0 || contestant.engine.kind !== 'interpreter')) {
        if (score.failure !== undefined) continue;
        try {
          await this.turn(kernel, score);
        } catch (error) {
          score.failure = error instanceof Error ? error.message : String(error);
        }
      }
    }
    for (const { contestant, rounds, warm } of scores)
      if (warm.length > 0)
        this.pace.set(contestant.title, [...(this.pace.get(contestant.title) ?? []), rounds / kernel.cold]);
    return scores.map(({ contestant, cold, warm, failure }) => ({ engine: contestant.title, cold, warm, failure }));
  }

  /** One process: a cold run, one to get warm where the engine needs it, and what counts if it lasts long enough. */
  private async turn(kernel: Kernel, score: Score): Promise<void> {
    const { engine, mode } = score.contestant;
    const { seconds, runs } = this.thoroughness;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const { rounds } = score;
      const warmUp = engine.kind === 'compiler in JavaScript' ? [rounds, rounds] : [];
      const counted = Array.from({ length: engine.kind === 'interpreter' ? runs : 1 }, () => rounds);
      const plan = [kernel.cold, ...warmUp, ...counted];
      const samples = await engine.run({ guest: this.guest, kernel: kernel.name, rounds: plan, mode });
      score.cold.push(samples[0]);
      const last = samples[samples.length - 1];
      const short = last.seconds < SHORTEST_SECONDS;
      if (!short) score.warm.push(...samples.slice(1 + warmUp.length));
      if (short || last.seconds > PATIENCE * seconds) score.rounds = scaled(last, seconds);
      if (!short || score.rounds === rounds) return;
    }
    throw new Error(`${kernel.name} never lasts long enough on ${engine.name}`);
  }
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
  const others = results.filter(({ cold }) => expected && cold.some(({ checksum }) => checksum !== expected));
  const differences = others.map(
    ({ engine, cold }) => `${kernel.name}: the checksum is ${expected}, on ${engine} ${cold[0].checksum}.`,
  );
  return [...failures, ...differences];
}
