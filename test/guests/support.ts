import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ElfFile } from '../../src/machine/loaders/elf';

export const ROOT = join(import.meta.dirname, '..', '..');
export const GUESTS = ['faults', 'hello-bootsector', 'paravirt-io', 'ports', 'rom-tests', 'vmi-kernel'] as const;

/** dist/guests/NAME.json. */
export interface BuiltGuest {
  name: string;
  kind: 'multiboot' | 'boot-sector' | 'rom';
  description: string;
  program: string;
  symbols: string;
  drives: { file: string; kind: string }[];
}

export interface ProcessResult {
  status: number | null;
  output: string;
  messages: string;
}

/**
 * Runs a program to its end.
 * @throws Error if it takes longer than `timeout` milliseconds, or cannot be started
 */
export function run(program: string, args: readonly string[], timeout: number): Promise<ProcessResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let messages = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${program} did not end; it said: ${output}${messages}`));
    }, timeout);
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (messages += text));
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (status) => {
      clearTimeout(timer);
      resolve({ status, output, messages });
    });
  });
}

/** `node scripts/build-guests.mjs NAME…`. The first build of all takes a while. */
export function buildGuests(...names: string[]): Promise<ProcessResult> {
  return run(process.execPath, [join(ROOT, 'scripts', 'build-guests.mjs'), ...names], 240_000);
}

export function outputPath(file: string): string {
  return join(ROOT, 'dist', 'guests', file);
}

export function readOutput(file: string): Uint8Array {
  return readFileSync(outputPath(file));
}

export function readBuilt(name: string): BuiltGuest {
  return JSON.parse(readFileSync(outputPath(`${name}.json`), 'utf8')) as BuiltGuest;
}

export function readElf(name: string): ElfFile {
  return new ElfFile(readOutput(`${name}.elf`));
}
