import { readFileSync } from 'node:fs';
import { allKernels } from '../catalogue';
import type { Context, Part } from '../context';
import type { Mode } from '../engines/engine';
import type { Cell, Table } from '../report/table';
import { compareTiers } from '../state-hash';

const CHECKPOINTS = 12;
const QUICK_CHECKPOINTS = 3;
/** Instructions between checkpoints: prime, so that they fall everywhere in a loop. */
const SLICE = 499_979;
const BARE: readonly Mode[] = ['none'];

async function run({ guest, present, quick, progress }: Context): Promise<Table[]> {
  const elf = readFileSync(guest);
  const checkpoints = quick ? QUICK_CHECKPOINTS : CHECKPOINTS;
  const rows: Cell[][] = [];
  for (const { name, cold, modes = BARE } of allKernels(present)) {
    progress(`states of ${name}`);
    for (const mode of modes) {
      const commandLine = `${name} ${cold * 4}`;
      const result = compareTiers({ elf, commandLine, mode, slice: SLICE, checkpoints, tier: undefined });
      rows.push([name, mode, result.same, result.compilations, result.differsAt === undefined ? 'same' : 'DIFFERENT']);
    }
    await Promise.resolve();
  }
  return [
    {
      title: 'State of the compiled tier against the interpreter',
      columns: ['kernel', 'mode', 'checkpoints', 'pieces compiled', 'states'].map((title) => ({ title })),
      rows,
      notes: [
        `A hash of processor, x87, memory and time, every ${SLICE} instructions, ${checkpoints} times or until the ` +
          'guest ends.',
      ],
    },
  ];
}

export const states: Part = { name: 'states', about: 'the same state in both tiers', run };
