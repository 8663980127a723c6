import { type ChildProcess, spawn } from 'node:child_process';
import type { Sample } from './engine';
import { MarkReader } from './mark-reader';
import { usageOf } from './process-time';

/** An emulator that needs longer for a job hangs. */
const PATIENCE_MS = 120_000;

export interface GuestProcess {
  readonly program: string;
  readonly args: readonly string[];
}

/** Ends a process and waits until it is gone. */
export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** The emulator is gone before the guest was done. */
export class EndedTooSoon extends Error {}

/**
 * Runs an emulator whose standard output is the guest's debug console until the guest has run for each number of
 * rounds, and ends it. It must not end by itself: the system forgets what a process used.
 * @throws EndedTooSoon
 * @throws Error with what it printed last if it does not start or hangs
 */
export async function runMarked({ program, args }: GuestProcess, rounds: readonly number[]): Promise<Sample[]> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const pid = child.pid ?? 0;
  const marks = new MarkReader(() => usageOf(pid));
  let said = '';
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (what: string, Kind: new (message: string) => Error = Error): void => {
        clearTimeout(timer);
        reject(new Kind(`${program} ${what}: ${said.slice(-500)}`));
      };
      const timer = setTimeout(() => fail('hangs'), PATIENCE_MS);
      child.on('error', () => fail('does not start'));
      child.on('close', () => fail('has ended too soon', EndedTooSoon));
      child.stderr.on('data', (data: Buffer) => (said += data.toString('latin1')));
      child.stdout.on('data', (data: Buffer) => {
        for (const byte of data) marks.push(byte);
        said += data.toString('latin1');
        if (marks.runs.length < rounds.length) return;
        clearTimeout(timer);
        resolve();
      });
    });
  } finally {
    await kill(child);
  }
  return marks.runs.map(({ start, end, checksum }, index) => ({
    rounds: rounds[index],
    seconds: end.seconds - start.seconds,
    peakBytes: end.peakBytes,
    checksum,
  }));
}
