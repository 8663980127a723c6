import type { Context, Part } from '../context';
import { commandLineGuest } from '../engines/command-line-guest';
import { runMarked } from '../engines/guest-process';
import type { Mode, Sample } from '../engines/engine';
import type { Cell, Table } from '../report/table';
import { median, percentile } from '../statistics';

/** A kernel with a name for what is switched on, beside the same kernel with nothing switched on. */
interface Overhead {
  readonly what: string;
  readonly kernel: string;
  readonly mode: Mode;
  readonly options: readonly string[];
  /** Rounds, where not as many as fit into the time. */
  readonly rounds?: number;
}

const TRACE = 'out/bench/trace.json';

/** The kernels lie side by side in the same pages. */
const OVERHEADS: readonly Overhead[] = [
  { what: 'a breakpoint on a function beside it', kernel: 'crc', mode: 'none', options: ['--break', 'run_sieve'] },
  { what: 'a breakpoint on a function beside it', kernel: 'lz', mode: 'none', options: ['--break', 'run_calls'] },
  { what: 'a breakpoint on another port', kernel: 'port', mode: 'none', options: ['--break', 'out 0x3f8'] },
  { what: 'a breakpoint on another port', kernel: 'port', mode: 'trap', options: ['--break', 'out 0x3f8'] },
  { what: 'a fault breakpoint', kernel: 'crc', mode: 'none', options: ['--break', 'fault #GP'] },
  // Some 300 bytes an exit.
  { what: 'every exit written to a trace', kernel: 'port', mode: 'trap', options: ['--trace', TRACE], rounds: 50_000 },
];

/** Something that is done for every access in a loop of port writes. */
interface Rate {
  readonly what: string;
  readonly mode: Mode;
  readonly options: readonly string[];
}

const RATES: readonly Rate[] = [
  { what: 'exits decoded, charged and recorded', mode: 'trap', options: [] },
  { what: 'exits charged and recorded', mode: 'vtx', options: [] },
  {
    what: 'conditions of a port breakpoint evaluated',
    mode: 'none',
    options: ['--break', 'out 0x80 if value == 0x55 && eax == 1'],
  },
  {
    what: 'conditions of a port breakpoint evaluated, on exits',
    mode: 'trap',
    options: ['--break', 'out 0x80 if value == 0x55 && eax == 1'],
  },
  { what: 'log breakpoints', mode: 'none', options: ['--break', 'out 0x80 log "value {value:x} at {eip:x}"'] },
];

/** Rounds for the first try, and what a sample must not last less than. */
const FIRST_ROUNDS: Readonly<Record<string, number>> = { crc: 100, lz: 15, port: 100_000 };
const SHORTEST_SECONDS = 0.1;

/** One process: the work once to get warm, then again. */
async function sample(guest: string, { kernel, mode, options }: Overhead, rounds: number): Promise<Sample> {
  const plan = [rounds, rounds];
  const samples = await runMarked(commandLineGuest(guest, [kernel, ...plan].join(' '), options, mode), plan);
  return samples[1];
}

/** Rounds that take about so many seconds. */
async function enoughRounds(guest: string, overhead: Overhead, seconds: number): Promise<number> {
  let rounds = FIRST_ROUNDS[overhead.kernel];
  for (;;) {
    const { seconds: taken } = await sample(guest, overhead, rounds);
    const factor = Math.min(100, seconds / Math.max(taken, 1e-3));
    rounds = Math.max(1, Math.round(rounds * factor));
    if (taken >= SHORTEST_SECONDS) return rounds;
  }
}

async function overheadTable({ guest, runs, seconds, quick, present, progress }: Context): Promise<Table> {
  const rows: Cell[][] = [];
  /** By kernel and mode. */
  const known = new Map<string, number>();
  for (const overhead of OVERHEADS.filter(({ kernel }) => present.includes(kernel))) {
    progress(`${overhead.what}: ${overhead.kernel}`);
    const plain = { ...overhead, options: [] };
    const key = `${overhead.kernel} ${overhead.mode}`;
    const rounds =
      overhead.rounds ?? known.get(key) ?? (await enoughRounds(guest, plain, quick ? seconds : 2 * seconds));
    if (overhead.rounds === undefined) known.set(key, rounds);
    const [without, withIt]: number[][] = [[], []];
    for (let run = 0; run < (quick ? runs : runs + 2); run++) {
      without.push((await sample(guest, plain, rounds)).seconds);
      withIt.push((await sample(guest, overhead, rounds)).seconds);
    }
    const [before, after] = [median(without), median(withIt)];
    const { what, kernel, mode } = overhead;
    const spread = (percentile(without, 75) - percentile(without, 25)) / before;
    rows.push([what, kernel, mode, before * 1000, after * 1000, (after / before - 1) * 100, spread * 100]);
  }
  return {
    title: 'What debugging costs',
    columns: [
      ...['with', 'kernel', 'mode'].map((title) => ({ title })),
      { title: 'ms without' },
      { title: 'ms with' },
      { title: '% more', digits: 1 },
      { title: '% spread without', digits: 1 },
    ],
    rows,
    notes: [
      'Processor time of `ringside run` with `--break` and the like, and of the same without, in turn; medians. Nothing of ' +
        'what is set ever fires. The spread is that of the middle half of the samples without: a difference below it says ' +
        'nothing.',
    ],
  };
}

async function rateTable({ guest, runs, seconds, present, progress }: Context): Promise<Table[]> {
  if (!present.includes('port')) return [];
  const rows: Cell[][] = [];
  for (const { what, mode, options } of RATES) {
    progress(`${what}: ${mode}`);
    const loop: Overhead = { what, kernel: 'port', mode, options };
    const rounds = await enoughRounds(guest, loop, seconds);
    const rates: number[] = [];
    for (let run = 0; run < runs; run++) rates.push(rounds / (await sample(guest, loop, rounds)).seconds / 1e6);
    rows.push([what, mode, median(rates)]);
  }
  return [
    {
      title: 'What is done at port accesses, million times a second',
      columns: [{ title: 'what' }, { title: 'mode' }, { title: 'million a second', digits: 2 }],
      rows,
      notes: ['A loop of `out 0x80, al`, the loop itself included. Processor time of `ringside run`, medians.'],
    },
  ];
}

export const debugging: Part = {
  name: 'debugging',
  about: 'what breakpoints, records and logs cost',
  run: async (context) => [await overheadTable(context), ...(await rateTable(context))],
};
