import { spawnSync } from 'node:child_process';
import { commandLine, type Engine, type Job, MEMORY_MB, type Sample } from './engine';
import { type GuestProcess, runMarked } from './guest-process';

/** QEMU's program. */
export const QEMU = 'qemu-system-i386';

/** True if QEMU is installed. */
export function hasQemu(): boolean {
  return spawnSync(QEMU, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** TCG, the debug console on standard output. There is no debug-exit port: the guest sleeps when it is done. */
export function qemuProcess(job: Job): GuestProcess {
  return {
    program: QEMU,
    args: [
      ...[
        '-accel',
        'tcg',
        '-cpu',
        'pentium3',
        '-m',
        String(MEMORY_MB),
        '-display',
        'none',
        '-no-reboot',
        '-nodefaults',
      ],
      ...['-kernel', job.guest, '-append', commandLine(job), '-debugcon', 'stdio'],
      ...['-serial', 'null'],
    ],
  };
}

export const qemu: Engine = {
  name: 'QEMU',
  kind: 'compiler',
  run: (job: Job): Promise<Sample[]> => runMarked(qemuProcess(job), job.rounds),
};
