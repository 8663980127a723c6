import type { Engine } from './engines/engine';
import type { Table } from './report/table';

/** How thoroughly things are measured. */
export interface Thoroughness {
  /** Samples of each engine; the median counts. */
  readonly runs: number;
  /** Seconds that a sample at full speed shall last. */
  readonly seconds: number;
}

/** What all parts of the suite are given. */
export interface Context extends Thoroughness {
  readonly quick: boolean;
  /** Path of the guest of bench/guests. */
  readonly guest: string;
  /** Names of the kernels that it has and that are to be run. */
  readonly present: readonly string[];
  /** Other emulators that are there. */
  readonly peers: readonly Engine[];
  /** Says what is being done. */
  readonly progress: (text: string) => void;
}

/** A part of the suite that can be asked for by name. */
export interface Part {
  readonly name: string;
  readonly about: string;
  /** Too long for `--quick`, unless it is named. */
  readonly long?: boolean;
  readonly run: (context: Context) => Promise<Table[]>;
}
