import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeConformanceResults } from './results';
import { findMooFiles } from './suite';
import { runFiles } from './pool';
import { countReasons, formatTable, total } from './table';

const USAGE = `usage: npm run conformance -- FOLDER [--jobs N] [--show N] [--failed]

Runs every MOO file (80286 and 80386, gzipped or not) below FOLDER and prints a table by opcode.

  --jobs N    worker processes; as many as there are processors unless said otherwise
  --show N    describe the first N failures of each file (3)
  --failed    leave files without a failure out of the table`;

function fail(message: string): never {
  console.error(`${message}\n${USAGE}`);
  process.exit(2);
}

function count(name: string, text: string | undefined, standard: number, least: number): number {
  if (text === undefined) return standard;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) fail(`--${name} ${text}: expected a number from ${least}`);
  return value;
}

function readArguments(): { folder: string; jobs: number; show: number; failed: boolean } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { jobs: { type: 'string' }, show: { type: 'string' }, failed: { type: 'boolean', default: false } },
    });
    if (positionals.length !== 1) fail('one folder is needed');
    return {
      folder: resolve(positionals[0]),
      jobs: count('jobs', values.jobs, availableParallelism(), 1),
      show: count('show', values.show, 3, 0),
      failed: values.failed,
    };
  } catch (error) {
    return fail((error as Error).message);
  }
}

async function main(): Promise<void> {
  const { folder, jobs, show, failed } = readArguments();
  if (!existsSync(folder)) fail(`${folder} does not exist`);
  const paths = findMooFiles(folder);
  if (paths.length === 0) fail(`there is no MOO file below ${folder}`);
  const started = performance.now();
  const results = await runFiles(paths, jobs, show);
  const seconds = (performance.now() - started) / 1000;
  const shown = failed ? results.filter((result) => result.failed > 0) : results;
  if (shown.length > 0) console.log(formatTable(shown));
  for (const { cpu, name, failures, error } of results) {
    if (error) console.log(error);
    for (const failure of failures) console.log(`${cpu} ${name} ${failure}`);
  }
  for (const [reason, tests] of countReasons(results)) console.log(`${tests} differ on purpose: ${reason}`);
  const sums = total(results);
  if (sums.revoked > 0) console.log(`${sums.revoked} withdrawn by the suite's revocation list`);
  const all = sums.passed + sums.failed + sums.deliberate;
  console.log(`${all} tests in ${paths.length} files, ${Math.round(all / seconds)} a second`);
  console.log(`${sums.passed} passed, ${sums.failed} failed, ${sums.deliberate} differ on purpose`);
  writeConformanceResults(results);
  process.exitCode = sums.failed === 0 ? 0 : 1;
}

void main();
