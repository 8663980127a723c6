import { join } from 'node:path';
import { MEMORY_MB } from './engine';
import type { GuestProcess } from './guest-process';

/** The product's command line, as `npm run build` makes it. */
export const CLI = join('dist', 'cli.js');

/**
 * A kernel run by `ringside run`: everything that the product does around the machine is in its figures. The debug
 * console comes on standard output, a few milliseconds late.
 * @param options further options of the command
 */
export function commandLineGuest(
  guest: string,
  commandLine: string,
  options: readonly string[] = [],
  mode = 'none',
): GuestProcess {
  const machine = ['--hypervisor', mode, '--memory', String(MEMORY_MB), '--serial', 'none', '--append', commandLine];
  return { program: process.execPath, args: [CLI, 'run', guest, ...machine, ...options] };
}
