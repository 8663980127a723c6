import type { ShutdownCause } from '../../machine/machine';
import { RunEnd } from '../../machine/run';
import type { Guest } from '../guest/guest';
import type { EndEvent } from '../types';

/** Value for the debug-exit port that means success: QEMU's device could not give status 0, so guests agree on one. */
const EXIT_SUCCESS = 0x10;

/** Exit status of a write to the debug-exit port: as QEMU's isa-debug-exit gives it, but 0 for the agreed success. */
export function debugExitStatus(value: number): number {
  return value === EXIT_SUCCESS ? 0 : ((value << 1) | 1) & 0xff;
}

/**
 * The guest has ended by itself.
 * @param site linear address that caused what the instruction at `linear` does, past accessors and stubs
 */
export function endOf(
  how: RunEnd.Shutdown | RunEnd.Dead | RunEnd.TripleFault,
  guest: Guest,
  site: (linear: number) => number,
): EndEvent {
  const where = guest.nameAt(site(guest.pc));
  switch (how) {
    case RunEnd.Dead:
      return {
        how,
        exitCode: 0,
        text: `The guest halted with interrupts off at ${where}: it will never go on.${testCode(guest)}`,
      };
    case RunEnd.TripleFault:
      return { how, exitCode: 1, text: `Triple fault at ${where}: the processor shut down.${testCode(guest)}` };
    case RunEnd.Shutdown:
      return { how, ...shutdown(guest.machine.shutdown, where) };
  }
}

/** How far a test ROM came, if the guest is one. */
function testCode({ machine }: Guest): string {
  const code = machine.pc.post.testCode;
  return code === undefined ? '' : ` Its last POST code at port 0x190 was 0x${code.toString(16)}.`;
}

function shutdown(cause: ShutdownCause | undefined, where: string): { exitCode: number; text: string } {
  if (cause?.kind === 'crash') return { exitCode: 1, text: `${cause.message} at ${where}.` };
  if (cause?.kind !== 'debug-exit') {
    const by = cause ? ` through ${cause.by}` : '';
    return { exitCode: 0, text: `The guest reset the machine${by} at ${where}.` };
  }
  const exitCode = debugExitStatus(cause.value);
  return {
    exitCode,
    text: `The guest wrote 0x${cause.value.toString(16)} to the debug-exit port at ${where}: exit status ${exitCode}.`,
  };
}

/** The launch attribute `maxInstructions` has been reached. */
export function limitReached(limit: number, guest: Guest): EndEvent {
  const where = guest.nameAt(guest.pc);
  return { how: 'limit', exitCode: 1, text: `The limit of ${limit} instructions is reached, at ${where}.` };
}
