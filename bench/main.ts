import { readFileSync } from 'node:fs';
import { measure } from 'mitata';
import { Hypervisor } from '../src/hypervisor/hypervisor';
import { buildInterpreter } from '../src/machine/isa/interpreter/module';
import { MemoryBlockStore } from '../src/machine/devices/ide/block-store';
import { loadImage } from '../src/machine/loaders/load-image';
import { Machine } from '../src/machine/machine';
import { RunEnd } from '../src/machine/run';
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

await startTable();
await speedTable();
await exitTable();
