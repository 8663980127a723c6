import { fork } from 'node:child_process';
import { extname, join } from 'node:path';
import { ConformanceSuite, type FileResult } from './suite';

/** The worker's file: a source next to this one, or a bundle next to the bundle that this one is in. */
const EXTENSION = extname(import.meta.filename);
const WORKER = join(import.meta.dirname, `worker${EXTENSION}`);
const LOADER = EXTENSION === '.ts' ? ['--import=tsx'] : [];

/** Asks a worker process for one file. */
export interface Job {
  readonly path: string;
  readonly show: number;
}

/**
 * Runs files in this process, or in worker processes that take the next file when they are done with one.
 * Results come in the order of the files. A worker that dies fails the file that it was at.
 */
export async function runFiles(paths: readonly string[], jobs: number, show: number): Promise<FileResult[]> {
  if (jobs <= 1 || paths.length <= 1) {
    const suite = new ConformanceSuite();
    return paths.map((path) => suite.runFile(path, show));
  }
  const results = new Array<FileResult>(paths.length);
  let next = 0;
  const work = () =>
    new Promise<void>((resolve) => {
      let at = -1;
      const child = fork(WORKER, { execArgv: LOADER });
      const advance = () => {
        if (next === paths.length) {
          at = -1;
          child.disconnect();
          return;
        }
        at = next++;
        child.send({ path: paths[at], show } satisfies Job);
      };
      child.on('message', (result) => {
        results[at] = result as FileResult;
        advance();
      });
      child.on('exit', (code) => {
        if (at >= 0) results[at] = lost(paths[at], `its process ended with ${code}`);
        resolve();
      });
      advance();
    });
  await Promise.all(Array.from({ length: Math.min(jobs, paths.length) }, work));
  // Files that no worker was left for.
  return paths.map((path, i) => results[i] ?? lost(path, 'no process was left to run it'));
}

function lost(path: string, why: string): FileResult {
  const nothing = { passed: 0, failed: 1, deliberate: {}, revoked: 0, failures: [] };
  return { path, cpu: '', name: path, ...nothing, error: `${path}: ${why}` };
}
