import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { loadImage } from '../src/machine/loaders/load-image';
import { Machine, type MachineOptions } from '../src/machine/machine';
import { RunEnd } from '../src/machine/run';

/** One kernel of bench/guests and how many rounds take about a second. */
export const KERNELS: readonly { readonly name: string; readonly rounds: number }[] = [
  { name: 'alu', rounds: 200_000_000 },
  { name: 'crc', rounds: 2000 },
  { name: 'sieve', rounds: 50 },
  { name: 'copy', rounds: 7500 },
  { name: 'rep_movsd', rounds: 10_000 },
  { name: 'chase', rounds: 10_000_000 },
  { name: 'lz', rounds: 150 },
  { name: 'mixed', rounds: 300 },
  { name: 'calls', rounds: 30 },
  { name: 'empty', rounds: 400_000_000 },
  { name: 'nbody', rounds: 10_000 },
  { name: 'matrix_single', rounds: 60 },
  { name: 'matrix_double', rounds: 60 },
  { name: 'mandelbrot', rounds: 120 },
  { name: 'port', rounds: 1_000_000 },
  { name: 'rewrite', rounds: 100_000 },
  { name: 'int_trip', rounds: 1_000_000 },
  { name: 'ring_trip', rounds: 1_000_000 },
  { name: 'gate_trip', rounds: 1_000_000 },
  { name: 'sysenter_trip', rounds: 1_000_000 },
  { name: 'fault_storm', rounds: 300_000 },
  { name: 'switch_storm', rounds: 100_000 },
  { name: 'flag_storm', rounds: 1_000_000 },
  { name: 'segment_storm', rounds: 1_000_000 },
  { name: 'irq_storm', rounds: 300_000 },
  { name: 'timer_storm', rounds: 20_000 },
];

/** Names of the kernels whose geometric mean is compared. */
export const MEAN_OF: ReadonlySet<string> = new Set(['alu', 'crc', 'sieve', 'copy', 'lz', 'mixed']);

/** What one run of a kernel gave. */
export interface KernelRun {
  /** Guest instructions between the marks; 0 where the engine does not say. */
  readonly instructions: number;
  readonly seconds: number;
  readonly checksum: string;
}

/** CPU seconds of this thread so far, where the system tells; else of the clock. */
function threadSeconds(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e9;
  } catch {
    return performance.now() / 1000;
  }
}

/** Runs a kernel on our machine. @throws Error if the guest does not end by itself */
export function runHere(elf: Uint8Array, name: string, rounds: number, tier: MachineOptions['tier']): KernelRun {
  let output = '';
  const marks: { seconds: number; instructions: number }[] = [];
  const machine: Machine = new Machine({
    cpu: 'pentium2',
    memoryMB: 32,
    startTime: 0,
    tier,
    onConsole: (byte) => {
      output += String.fromCharCode(byte);
      if (marks.length < 2) marks.push({ seconds: threadSeconds(), instructions: machine.clock.instructions });
    },
  });
  const { memory, cpu } = machine;
  const target = { memory, state: cpu.state, segmentation: cpu.segmentation };
  loadImage(target, { name: 'kernels', bytes: elf }, { commandLine: `${name} ${rounds}` });
  let end = RunEnd.Budget;
  while (end === RunEnd.Budget) end = machine.run(5_000_000);
  if (end !== RunEnd.Shutdown || marks.length < 2) throw new Error(`${name} ended with ${end}: ${output}`);
  const [start, stop] = marks;
  return {
    instructions: stop.instructions - start.instructions,
    seconds: stop.seconds - start.seconds,
    checksum: output.slice(2).trim(),
  };
}

const QEMU = 'qemu-system-i386';

/** True if QEMU is installed. */
export function hasQemu(): boolean {
  return spawnSync(QEMU, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** CPU seconds of child processes so far, from `/proc/self/stat`. */
function childSeconds(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
  // cutime and cstime in ticks of 10 ms (proc(5)).
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

/** Runs a kernel on QEMU; `idle` is what QEMU takes to start and end without work. */
export function runQemu(elfPath: string, name: string, rounds: number, idle: number): KernelRun {
  const before = childSeconds();
  const { stdout } = spawnSync(QEMU, [
    ...['-kernel', elfPath, '-append', `${name} ${rounds}`, '-m', '32', '-display', 'none', '-no-reboot'],
    ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=1', '-debugcon', 'stdio'],
  ]);
  const seconds = Math.max(childSeconds() - before - idle, 0.01);
  return { instructions: 0, seconds, checksum: stdout.toString().slice(2).trim() };
}
