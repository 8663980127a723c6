import { readFileSync } from 'node:fs';
import { measure } from 'mitata';
import { Hypervisor } from '../src/hypervisor/hypervisor';
import { buildInterpreter } from '../src/machine/isa/interpreter/module';
import { MemoryBlockStore } from '../src/machine/devices/ide/block-store';
import { loadImage } from '../src/machine/loaders/load-image';
import { Machine } from '../src/machine/machine';
import { RunEnd } from '../src/machine/run';
import { buildBenchGuest } from './build.mjs';
import { hasQemu, KERNELS, MEAN_OF, runHere, runQemu } from './kernels';
import { PROGRAMS } from './programs';

/** Median milliseconds of a task, each figure taken a few times. */
async function milliseconds(task: () => unknown): Promise<number> {
  const { p50 } = await measure(task, { min_samples: 5, min_cpu_time: 0, warmup_samples: 1 });
  return p50 / 1e6;
}

function newMachine(): Machine {
  return new Machine({ cpu: 'pentium2', memoryMB: 16, startTime: 0 });
}

/** Loads code at 1 MiB in flat protected mode and runs it to its HLT; gives the instructions it took. */
function runProgram(code: readonly number[]): number {
  const machine = newMachine();
  const image = { name: 'program', bytes: Uint8Array.from(code) };
  const { memory, cpu } = machine;
  loadImage({ memory, state: cpu.state, segmentation: cpu.segmentation }, image, { format: 'flat' });
  for (let end = RunEnd.Budget; end === RunEnd.Budget; ) end = machine.run(1e9);
  return machine.clock.instructions;
}

async function speedTable(): Promise<void> {
  console.log('\nInterpreter');
  const rows = [];
  for (const { name, code } of PROGRAMS) {
    const instructions = runProgram(code);
    const ms = await milliseconds(() => runProgram(code));
    rows.push({ program: name, 'million instructions/s': Number((instructions / ms / 1000).toFixed(1)) });
  }
  console.table(rows);
}

/** Boots the sample under one mode. */
function bootSample(mode: 'none' | 'trap' | 'vtx' | 'vmi', elf: Uint8Array, disk: Uint8Array): Hypervisor {
  const machine = new Machine({ cpu: 'pentium2', memoryMB: 64, startTime: 0, disks: [new MemoryBlockStore(disk)] });
  const hypervisor = new Hypervisor(machine, { mode, nanoseconds: () => Number(process.hrtime.bigint()) });
  machine.cpu.intercepts = hypervisor;
  const { memory, cpu } = machine;
  const image = { name: 'paravirt-io', bytes: elf };
  loadImage({ memory, state: cpu.state, segmentation: cpu.segmentation }, image, {});
  for (let end = RunEnd.Budget; end === RunEnd.Budget; ) end = machine.run(1e9);
  return hypervisor;
}

/** Boots the sample under each mode and divides the host time that exits took by their number. */
async function exitTable(): Promise<void> {
  console.log('\nSample guest paravirt-io');
  const elf = readFileSync('dist/guests/paravirt-io.elf');
  const disk = readFileSync('dist/guests/paravirt-io.img');
  const rows = [];
  for (const mode of ['none', 'trap', 'vtx', 'vmi'] as const) {
    const ms = await milliseconds(() => bootSample(mode, elf, disk));
    const { samples, hostNs } = bootSample(mode, elf, disk).log.query(() => '').totals;
    const perExit = samples > 0 ? Math.round(hostNs / samples) : undefined;
    rows.push({ mode, 'boot ms': Math.round(ms), exits: samples, 'host ns per exit': perExit });
  }
  console.table(rows);
}

async function startTable(): Promise<void> {
  console.log('\nStart');
  console.table([
    { step: 'stage the interpreter', ms: (await milliseconds(() => buildInterpreter('pentium2'))).toFixed(1) },
    { step: 'a machine with the interpreter staged', ms: (await milliseconds(newMachine)).toFixed(1) },
  ]);
}

/** The middle one of some values. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

const RUNS = 3;

/**
 * The kernels of bench/guests, each engine in turn in every run: CPU seconds, medians, and the ratio to QEMU where it
 * is installed. The tiers must give the same checksum and count.
 */
async function kernelTable(): Promise<void> {
  console.log('\nKernels, million guest instructions a second of CPU time');
  const path = await buildBenchGuest(process.cwd());
  const elf = readFileSync(path);
  const qemu = hasQemu();
  const idle = qemu ? runQemu(path, 'alu', 1, 0).seconds : 0;
  const ratios: number[] = [];
  const rows = [];
  for (const { name, rounds } of KERNELS) {
    const ours: number[] = [];
    const theirs: number[] = [];
    let instructions = 0;
    for (let run = 0; run < RUNS; run++) {
      const here = runHere(elf, name, rounds, { threshold: 200 });
      instructions = here.instructions;
      ours.push(here.seconds);
      if (!qemu) continue;
      const there = runQemu(path, name, rounds, idle);
      if (there.checksum !== here.checksum) throw new Error(`${name}: ${here.checksum}, QEMU says ${there.checksum}`);
      theirs.push(there.seconds);
    }
    const few = Math.max(1, Math.round(rounds / 50));
    const plain = runHere(elf, name, few, 'off');
    const speed = (seconds: number) => Math.round(instructions / seconds / 1e6);
    const ratio = qemu ? median(theirs) / median(ours) : undefined;
    if (ratio !== undefined && MEAN_OF.has(name)) ratios.push(ratio);
    rows.push({
      kernel: name,
      'million instructions': Math.round(instructions / 1e6),
      compiled: speed(median(ours)),
      interpreter: Math.round(plain.instructions / plain.seconds / 1e6),
      QEMU: qemu ? speed(median(theirs)) : undefined,
      'ratio to QEMU': ratio === undefined ? undefined : Number(ratio.toFixed(2)),
    });
  }
  console.table(rows);
  if (ratios.length === 0) return;
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  console.log(`geometric mean of ${[...MEAN_OF].join(', ')} against QEMU: ${mean.toFixed(2)}`);
}

await startTable();
await kernelTable();
await speedTable();
await exitTable();
