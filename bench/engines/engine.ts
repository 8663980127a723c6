/** What happens to port accesses and hypercalls; only Ringside has more than `none`. */
export type Mode = 'none' | 'trap' | 'vtx' | 'vmi';

/** RAM of every guest of bench/guests, MiB. */
export const MEMORY_MB = 32;

/** One kernel of bench/guests, to be run once for each number of rounds, in a process that is new. */
export interface Job {
  /** Path of the guest, a multiboot ELF file. */
  readonly guest: string;
  readonly kernel: string;
  readonly rounds: readonly number[];
  readonly mode: Mode;
}

/** What running a kernel once gave. */
export interface Sample {
  readonly rounds: number;
  /** Processor seconds of the engine's process between the guest's marks, all threads counted. */
  readonly seconds: number;
  readonly checksum: string;
  /** Guest instructions between the marks, exact; undefined where the engine does not say. */
  readonly instructions?: number;
  /** The most memory that the process has had until then, bytes; undefined where the system does not tell. */
  readonly peakBytes?: number;
}

export interface Engine {
  readonly name: string;
  /** How it runs code: one that compiles for JavaScript's engine to compile again needs time to get to full speed. */
  readonly kind: 'interpreter' | 'compiler' | 'compiler in JavaScript';
  /** Rejects if the guest does not get through its work. */
  readonly run: (job: Job) => Promise<Sample[]>;
}

/** The words that tell the guest what to do. */
export function commandLine({ kernel, rounds }: Job): string {
  return [kernel, ...rounds].join(' ');
}
