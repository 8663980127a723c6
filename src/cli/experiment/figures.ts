import { findCostProfile } from '../../hypervisor/cost/profiles';
import type { Result } from './run-setting';

/** Finds results by what they are of. */
export class Results {
  constructor(readonly all: readonly Result[]) {}

  /** Names in the order of the runs. */
  get profiles(): string[] {
    return [...new Set(this.all.map(({ profile }) => profile))];
  }

  get workloads(): string[] {
    return [...new Set(this.all.map(({ workload }) => workload.name))];
  }

  /** Undefined where the driver does not do that work. */
  find(profile: string, workload: string, world: string): Result | undefined {
    return this.all.find(
      (result) => result.profile === profile && result.workload.name === workload && result.world.id === world,
    );
  }

  /** All worlds of a workload, in the order of the runs. */
  of(profile: string, workload: string): Result[] {
    return this.all.filter((result) => result.profile === profile && result.workload.name === workload);
  }

  /** Guest time of a world over that of another; undefined if one of them was not run. */
  ratio(profile: string, workload: string, world: string, reference: string): number | undefined {
    const a = this.find(profile, workload, world);
    const b = this.find(profile, workload, reference);
    return a && b && a.stretch.guestCycles / b.stretch.guestCycles;
  }

  /** What a world takes less than another, in percent of the other's guest time. */
  savedPct(profile: string, workload: string, world: string, reference: string): number | undefined {
    const ratio = this.ratio(profile, workload, world, reference);
    return ratio === undefined ? undefined : 100 * (1 - ratio);
  }
}

/**
 * Guest time of a run if the device model took another time for an element of a string: reckoned, not run.
 * @param cycles of an element, in place of the profile's
 */
export function withElementCost({ profile, stretch, world }: Result, cycles: number): number {
  const found = findCostProfile(profile);
  if (!found) throw new RangeError(`there is no profile ${profile}`);
  const figures = world.mode === 'vmi' ? found.hypercall : found.trap;
  const { stringElements } = stretch.ports.operations;
  return stretch.guestCycles + stringElements * (cycles - figures.string.device.cycles);
}

/**
 * The same data moved in every world.
 * @throws Error naming the run that differs
 */
export function checkChecksums(results: readonly Result[]): void {
  const first = new Map<string, Result>();
  for (const result of results) {
    const { workload, world, profile, guest } = result;
    const reference = first.get(workload.name) ?? result;
    first.set(workload.name, reference);
    if (guest.checksum !== reference.guest.checksum) {
      throw new Error(
        `${workload.name}: checksum ${guest.checksum} under ${world.id} (${profile}), but ` +
          `${reference.guest.checksum} under ${reference.world.id} (${reference.profile})`,
      );
    }
  }
}
