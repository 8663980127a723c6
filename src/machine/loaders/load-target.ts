import type { Segmentation } from '../cpu/segmentation';
import type { CpuState } from '../cpu/state';
import type { PhysicalMemory } from '../memory/physical';

/** What a loader needs of a machine. */
export interface LoadTarget {
  readonly memory: PhysicalMemory;
  readonly state: CpuState;
  readonly segmentation: Segmentation;
}

/** A file to be loaded. */
export interface Image {
  /** Name without folders, for messages and for the guest. */
  readonly name: string;
  readonly bytes: Uint8Array;
}
