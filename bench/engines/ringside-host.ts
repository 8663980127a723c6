/** Runs a kernel on Ringside's machine, in slices as the debugger does, and prints the samples. */
import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { usePrebuiltInterpreters } from '../../src/cli/prebuilt-interpreters';
import { Hypervisor } from '../../src/hypervisor/hypervisor';
import { loadImage } from '../../src/machine/loaders/load-image';
import { Machine } from '../../src/machine/machine';
import { RunEnd } from '../../src/machine/run';
import { commandLine, MEMORY_MB, type Sample } from './engine';
import { MarkReader } from './mark-reader';
import { ownUsage } from './process-time';
import type { RingsideRequest } from './ringside';

/** Instructions between two turns of the event loop. */
const SLICE = 2_000_000;

async function run(request: RingsideRequest): Promise<Sample[]> {
  const marks = new MarkReader(() => ({ ...ownUsage(), instructions: machine.clock.instructions }));
  const machine: Machine = new Machine({
    cpu: 'pentium3',
    memoryMB: MEMORY_MB,
    startTime: 0,
    tier: request.compile ? undefined : 'off',
    onConsole: (byte) => marks.push(byte),
  });
  const { mode } = request;
  if (mode !== 'none') {
    const nanoseconds = (): number => Number(process.hrtime.bigint());
    machine.cpu.intercepts = new Hypervisor(machine, { mode, nanoseconds });
  }
  const { memory, cpu } = machine;
  const image = { name: 'kernels', bytes: readFileSync(request.guest) };
  loadImage({ memory, state: cpu.state, segmentation: cpu.segmentation }, image, { commandLine: commandLine(request) });
  let end = RunEnd.Budget;
  while (end === RunEnd.Budget) {
    end = machine.run(SLICE);
    await setImmediate();
  }
  if (marks.runs.length < request.rounds.length) throw new Error(`${request.kernel} ended with ${end}`);
  return marks.runs.map(({ start, end, checksum }, index) => ({
    rounds: request.rounds[index],
    seconds: end.seconds - start.seconds,
    instructions: end.instructions - start.instructions,
    peakBytes: end.peakBytes,
    checksum,
  }));
}

usePrebuiltInterpreters();
console.log(JSON.stringify(await run(JSON.parse(process.argv[2]) as RingsideRequest)));
