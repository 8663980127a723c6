import type { Mode } from './engines/engine';

/** The table in which a kernel of bench/guests is shown. */
export type Subject = 'kernels' | 'ports' | 'events';

export interface Kernel {
  readonly name: string;
  readonly subject: Subject;
  /** Rounds of the first, cold run: some ten million instructions, or about a hundred thousand accesses or events. */
  readonly cold: number;
  /** Accesses or events in a round (1). */
  readonly each?: number;
  /** Modes of the hypervisor in which Ringside runs it (`none`). */
  readonly modes?: readonly Mode[];
  /** It is among those that `--quick` runs. */
  readonly quick?: boolean;
}

/** Bytes that a round of a string kernel moves. */
const STRING = 4096;
/** What happens to instructions that access a port. */
const TRAPS: readonly Mode[] = ['none', 'trap', 'vtx'];
/** For hypercalls. */
const CALLS: readonly Mode[] = ['vmi'];

/**
 * What is known of the kernels of bench/guests, whether the guest at hand has them or not; what it has is asked of the
 * guest.
 */
const KERNELS: readonly Kernel[] = [
  { name: 'alu', subject: 'kernels', cold: 1_000_000, quick: true },
  { name: 'sieve', subject: 'kernels', cold: 1, quick: true },
  { name: 'crc', subject: 'kernels', cold: 20, quick: true },
  { name: 'chase', subject: 'kernels', cold: 500_000 },
  { name: 'copy', subject: 'kernels', cold: 100, quick: true },
  { name: 'rep_movsd', subject: 'kernels', cold: 300 },
  { name: 'lz', subject: 'kernels', cold: 3, quick: true },
  { name: 'mixed', subject: 'kernels', cold: 5, quick: true },
  { name: 'calls', subject: 'kernels', cold: 100 },
  { name: 'empty', subject: 'kernels', cold: 5_000_000 },
  { name: 'nbody', subject: 'kernels', cold: 1000, quick: true },
  { name: 'matrix_single', subject: 'kernels', cold: 3 },
  { name: 'matrix_double', subject: 'kernels', cold: 3 },
  { name: 'mandelbrot', subject: 'kernels', cold: 3 },
  { name: 'rewrite', subject: 'kernels', cold: 100_000 },
  { name: 'port', subject: 'ports', cold: 100_000, modes: TRAPS, quick: true },
  { name: 'port_out', subject: 'ports', cold: 100_000, modes: TRAPS, quick: true },
  { name: 'port_device', subject: 'ports', cold: 100_000, modes: TRAPS },
  { name: 'port_in', subject: 'ports', cold: 100_000, modes: TRAPS, quick: true },
  { name: 'port_outs', subject: 'ports', cold: 25, each: STRING, modes: TRAPS },
  { name: 'port_ins', subject: 'ports', cold: 25, each: STRING, modes: TRAPS },
  { name: 'port_call', subject: 'ports', cold: 100_000, modes: CALLS, quick: true },
  { name: 'port_call_in', subject: 'ports', cold: 100_000, modes: CALLS },
  { name: 'port_call_outs', subject: 'ports', cold: 25, each: STRING, modes: CALLS },
  { name: 'irq_flags', subject: 'events', cold: 100_000 },
  { name: 'int_trip', subject: 'events', cold: 100_000, quick: true },
  { name: 'ring_trip', subject: 'events', cold: 100_000 },
  { name: 'gate_trip', subject: 'events', cold: 100_000 },
  { name: 'sysenter_trip', subject: 'events', cold: 100_000 },
  { name: 'fault_storm', subject: 'events', cold: 50_000, quick: true },
  { name: 'switch_storm', subject: 'events', cold: 20_000 },
  { name: 'flag_storm', subject: 'events', cold: 100_000 },
  { name: 'segment_storm', subject: 'events', cold: 100_000 },
  { name: 'irq_storm', subject: 'events', cold: 50_000, quick: true },
  { name: 'timer_storm', subject: 'events', cold: 2000 },
];

/** Names of the kernels whose geometric mean is compared. */
export const MEAN_OF: ReadonlySet<string> = new Set(['alu', 'crc', 'sieve', 'copy', 'lz', 'mixed']);

/**
 * The kernels of a subject that the guest has.
 * @param present names of all that the guest has
 */
export function kernelsOf(subject: Subject, present: readonly string[]): Kernel[] {
  return allKernels(present).filter((kernel) => kernel.subject === subject);
}

/** The kernels of all subjects that the guest has. */
export function allKernels(present: readonly string[]): Kernel[] {
  return KERNELS.filter(({ name }) => present.includes(name));
}

/** Names of the kernels that `--quick` runs. */
export function quickKernels(present: readonly string[]): string[] {
  return allKernels(present)
    .filter(({ quick }) => quick)
    .map(({ name }) => name);
}

/** Those of a guest's kernels that no table would show. */
export function unknownKernels(present: readonly string[]): string[] {
  return present.filter((name) => !KERNELS.some((kernel) => kernel.name === name));
}
