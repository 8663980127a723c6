import type { Context, Part } from '../context';
import { commandLineGuest } from '../engines/command-line-guest';
import { commandLine, type Job, MEMORY_MB } from '../engines/engine';
import { runMarked } from '../engines/guest-process';
import { qemu, qemuProcess } from '../engines/qemu';
import { v86, v86Process } from '../engines/v86';
import type { Cell, Table } from '../report/table';

/** What a kernel of each sort needs: one that computes, one that runs much code, one that rewrites it. */
const KERNELS: readonly { readonly kernel: string; readonly rounds: number }[] = [
  { kernel: 'crc', rounds: 500 },
  { kernel: 'mixed', rounds: 200 },
  { kernel: 'rewrite', rounds: 100_000 },
];

async function run({ guest, peers, progress }: Context): Promise<Table[]> {
  progress('memory');
  const engines = [
    { name: 'Ringside', start: (job: Job) => commandLineGuest(guest, commandLine(job)) },
    ...(peers.includes(v86) ? [{ name: v86.name, start: v86Process }] : []),
    ...(peers.includes(qemu) ? [{ name: qemu.name, start: qemuProcess }] : []),
  ];
  const rows: Cell[][] = [];
  for (const { kernel, rounds } of KERNELS) {
    const row: Cell[] = [kernel];
    for (const { start } of engines) {
      // The second run only keeps the process there until it has been asked.
      const job: Job = { guest, kernel, rounds: [rounds, 1], mode: 'none' };
      const peaks = (await runMarked(start(job), job.rounds)).flatMap(({ peakBytes }) => peakBytes ?? []);
      row.push(peaks.length > 0 ? Math.max(...peaks) / 2 ** 20 - MEMORY_MB : undefined);
    }
    rows.push(row);
  }
  return [
    {
      title: "Memory beyond the guest's, MiB",
      columns: [{ title: 'kernel' }, ...engines.map(({ name }) => ({ title: name }))],
      rows,
      notes: [
        `The most that the process has had resident at a time, less the ${MEMORY_MB} MiB of the guest, of which a kernel ` +
          'touches a part only. Ringside is `ringside run`.',
      ],
    },
  ];
}

export const memory: Part = { name: 'memory', about: 'peak memory beyond guest RAM', run };
