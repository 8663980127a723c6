import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { kill } from './guest-process';

const PATIENCE_MS = 180_000;

/** Path of a program of the benchmarks' own, bundled by `npm run bench`. */
export function hostProgram(name: string): string {
  return join('out', 'bench', `${name}.mjs`);
}

/**
 * Runs a program of the benchmarks' own in a process of its own; it is given a request and answers with one line.
 * @throws Error with what it said if it fails or hangs
 */
export async function runHost<T>(name: string, request: unknown): Promise<T> {
  const child = spawn(process.execPath, [hostProgram(name), JSON.stringify(request)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let complaint = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (complaint += data.toString()));
  const timer = setTimeout(() => void kill(child), PATIENCE_MS);
  const status = await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  const how = child.signalCode === null ? `ended with ${String(status)}` : 'hangs';
  if (status !== 0) throw new Error(`${name} ${how}: ${complaint.slice(-500)}`);
  // Others may print to standard output before.
  return JSON.parse(output.trimEnd().split('\n').at(-1) ?? '') as T;
}
