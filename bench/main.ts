/**
 * The benchmarks of `npm run bench -- [PART…] [--quick] [--kernel NAME] [--without PEER] [--json FILE] [--markdown FILE]`: all parts, or
 * those that are named, with tables on standard output and in files. docs/benchmarks.md says how to read them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { buildBenchGuest } from './build.mjs';
import { quickKernels } from './catalogue';
import type { Context, Part } from './context';
import { bochs, hasBochs } from './engines/bochs';
import { hasQemu, qemu } from './engines/qemu';
import { v86 } from './engines/v86';
import { guestKernels } from './guest-kernels';
import { type BenchOptions, parseOptions } from './options';
import { circumstances, describe } from './report/circumstances';
import { type Table, toMarkdown } from './report/table';
import { debugging } from './tables/debugging';
import { kernels } from './tables/kernels';
import { latency } from './tables/latency';
import { linux } from './tables/linux';
import { memory } from './tables/memory';
import { start } from './tables/start';
import { states } from './tables/states';
import { events, ports } from './tables/storms';

const PARTS: readonly Part[] = [kernels, ports, events, start, memory, debugging, latency, linux, states];

const THOROUGH = { runs: 3, seconds: 0.35 };
const QUICK = { runs: 1, seconds: 0.25 };

const HELP = `npm run bench -- [PART…] [OPTIONS]

Parts, all unless some are named:
${PARTS.map(({ name, about }) => `  ${name.padEnd(12)}${about}`).join('\n')}

Options:
  --quick           one short sample of most things, without Bochs
  --kernel NAME     only this kernel of the parts that run several; may be repeated
  --without PEER    leave out v86, QEMU or Bochs; may be repeated
  --json FILE       write the results as JSON
  --markdown FILE   write the tables as Markdown`;

function chosenParts({ parts, quick }: BenchOptions): Part[] {
  return PARTS.filter(({ name, long }) => (parts.length > 0 ? parts.includes(name) : !(quick && long)));
}

function chosenKernels(present: readonly string[], { quick, kernels: wanted }: BenchOptions): readonly string[] {
  if (wanted.length > 0) return present.filter((name) => wanted.includes(name));
  return quick ? quickKernels(present) : present;
}

async function createContext(options: BenchOptions): Promise<Context> {
  const { quick, without } = options;
  const guest = await buildBenchGuest(process.cwd());
  // Bochs takes its time to boot.
  const there = [v86, ...(hasQemu() ? [qemu] : []), ...(!quick && hasBochs() ? [bochs] : [])];
  return {
    ...(quick ? QUICK : THOROUGH),
    quick,
    guest,
    present: chosenKernels(guestKernels(readFileSync(guest)), options),
    peers: there.filter(({ name }) => !without.includes(name.toLowerCase())),
    progress: (text) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`),
  };
}

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(
    args,
    PARTS.map(({ name }) => name),
  );
  if (options.help) {
    console.log(HELP);
    return;
  }
  const where = circumstances(args);
  const context = await createContext(options);
  console.log(describe(where));
  const tables: Table[] = [];
  for (const part of chosenParts(options)) {
    for (const table of await part.run(context)) {
      tables.push(table);
      console.log(toMarkdown(table));
    }
  }
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ ...where, tables }, undefined, 2)}\n`);
  if (options.markdown) writeFileSync(options.markdown, [describe(where), ...tables.map(toMarkdown)].join('\n'));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
