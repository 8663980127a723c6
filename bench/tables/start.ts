import { spawn } from 'node:child_process';
import type { Context, Part } from '../context';
import { commandLineGuest } from '../engines/command-line-guest';
import { commandLine, type Job } from '../engines/engine';
import { type GuestProcess, kill } from '../engines/guest-process';
import { qemu, qemuProcess } from '../engines/qemu';
import { v86, v86Process } from '../engines/v86';
import type { Cell, Table } from '../report/table';
import { median } from '../statistics';

const RUNS = 11;
const QUICK_RUNS = 5;

/** Milliseconds of the clock until a process has ended, or has written its first byte. */
async function milliseconds({ program, args }: GuestProcess, until: 'end' | 'output'): Promise<number> {
  const start = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const duration = await new Promise<number>((resolve, reject) => {
    const done = (): void => resolve(performance.now() - start);
    child.on('error', reject);
    child.on('close', () => (until === 'end' ? done() : reject(new Error(`${program} has written nothing`))));
    if (until === 'output') child.stdout.once('data', done);
    else child.stdout.resume();
  });
  await kill(child);
  return duration;
}

async function run({ guest, peers, quick, progress }: Context): Promise<Table[]> {
  progress('start');
  const job: Job = { guest, kernel: 'empty', rounds: [1], mode: 'none' };
  const node = { program: process.execPath, args: ['-e', '0'] };
  const starts = [
    { name: 'Node alone, until it has ended', process: node, until: 'end' },
    { name: 'Ringside', process: commandLineGuest(guest, commandLine(job)), until: 'output' },
    ...(peers.includes(v86) ? [{ name: v86.name, process: v86Process(job), until: 'output' } as const] : []),
    ...(peers.includes(qemu) ? [{ name: qemu.name, process: qemuProcess(job), until: 'output' } as const] : []),
  ] as const;
  const samples: number[][] = starts.map(() => []);
  for (let round = 0; round < (quick ? QUICK_RUNS : RUNS); round++)
    for (const [index, { process, until }] of starts.entries()) samples[index].push(await milliseconds(process, until));
  const medians = samples.map(median);
  return [
    {
      title: 'From the start of the process to the first output of the guest',
      columns: [{ title: 'program' }, { title: 'ms', digits: 1 }, { title: 'x Node', digits: 2 }],
      rows: starts.map(({ name }, index): Cell[] => [name, medians[index], medians[index] / medians[0]]),
      notes: [
        'By the clock, medians. The guest writes a byte to the debug console as soon as it has found its kernel on the ' +
          'command line; Ringside is `ringside run`. Bochs is left out: it boots the guest by a BIOS.',
      ],
    },
  ];
}

export const start: Part = { name: 'start', about: 'process start to first guest instructions', run };
