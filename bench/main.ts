import { readFileSync } from 'node:fs';
import { Hypervisor } from '../src/hypervisor/hypervisor';
import { buildInterpreter } from '../src/machine/isa/interpreter/module';
import { MemoryBlockStore } from '../src/machine/devices/ide/block-store';
import { loadImage } from '../src/machine/loaders/load-image';
import { Machine } from '../src/machine/machine';
import { RunEnd } from '../src/machine/run';
import { PROGRAMS } from './programs';

/** How often each figure is taken; the median is printed. */
const ROUNDS = 5;

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

function repeat(measure: () => number): number {
  return median(Array.from({ length: ROUNDS }, measure));
}

function newMachine(): Machine {
  return new Machine({ cpu: 'pentium2', memoryMB: 16, startTime: 0 });
}

/** Loads code at 1 MiB in flat protected mode and runs it to its HLT; gives seconds and instructions. */
function runProgram(machine: Machine, code: readonly number[]): { seconds: number; instructions: number } {
  const image = { name: 'program', bytes: Uint8Array.from(code) };
  const { memory, cpu } = machine;
  loadImage({ memory, state: cpu.state, segmentation: cpu.segmentation }, image, { format: 'flat' });
  const before = machine.clock.instructions;
  const start = performance.now();
  for (let end = RunEnd.Budget; end === RunEnd.Budget; ) end = machine.run(1e9);
  return { seconds: (performance.now() - start) / 1000, instructions: machine.clock.instructions - before };
}

function speedTable(): void {
  const rows = PROGRAMS.map(({ name, code }) => {
    const mips = repeat(() => {
      const { seconds, instructions } = runProgram(newMachine(), code);
      return instructions / seconds / 1e6;
    });
    return { program: name, 'million instructions/s': Number(mips.toFixed(1)) };
  });
  console.log('\nInterpreter');
  console.table(rows);
}

/** Boots the sample under each mode and divides the host time that exits took by their number. */
function exitTable(): void {
  const elf = readFileSync('dist/guests/paravirt-io.elf');
  const disk = readFileSync('dist/guests/paravirt-io.img');
  const rows = (['none', 'trap', 'vtx', 'vmi'] as const).map((mode) => {
    let exits = 0;
    let hostNs = 0;
    const milliseconds = repeat(() => {
      const machine = new Machine({ cpu: 'pentium2', memoryMB: 64, startTime: 0, disks: [new MemoryBlockStore(disk)] });
      const nanoseconds = () => Number(process.hrtime.bigint());
      const hypervisor = new Hypervisor(machine, { mode, nanoseconds });
      machine.cpu.intercepts = hypervisor;
      const { memory, cpu } = machine;
      const image = { name: 'paravirt-io', bytes: elf };
      loadImage({ memory, state: cpu.state, segmentation: cpu.segmentation }, image, {});
      const start = performance.now();
      for (let end = RunEnd.Budget; end === RunEnd.Budget; ) end = machine.run(1e9);
      const totals = hypervisor.log.query(() => '').totals;
      exits = totals.samples;
      hostNs = totals.hostNs;
      return performance.now() - start;
    });
    const perExit = exits > 0 ? Math.round(hostNs / exits) : undefined;
    return { mode, 'boot ms': Math.round(milliseconds), exits, 'host ns per exit': perExit };
  });
  console.log('\nSample guest paravirt-io');
  console.table(rows);
}

function startTable(): void {
  const build = repeat(() => {
    const start = performance.now();
    buildInterpreter('pentium2');
    return performance.now() - start;
  });
  const machine = repeat(() => {
    const start = performance.now();
    newMachine();
    return performance.now() - start;
  });
  console.log('\nStart');
  console.table([
    { step: 'stage the interpreter', ms: Number(build.toFixed(1)) },
    { step: 'a machine with the interpreter staged', ms: Number(machine.toFixed(1)) },
  ]);
}

startTable();
speedTable();
exitTable();
