import type { AdapterHost, Engine } from '../../../debugAdapter/engine';
import type { ExitCosts } from '../../debugger/inspection/types';
import type { LaunchConfiguration } from '../../debugger/types';
import { GuestRun, type RunOutcome } from '../run/guest-run';

/** What is known of one mode after its run. */
export interface Measurement {
  /** As the user named it: `vmi+disable_io_ops`. */
  readonly mode: string;
  readonly outcome: RunOutcome;
  /** All that the guest printed, through its UARTs and debug port 0xe9. */
  readonly printed: string;
  /** Elements that went over the port bus, exits or not; a string instruction moves one for each count. */
  readonly portElements: number;
  readonly byChannel: ExitCosts;
  readonly byLine: ExitCosts;
}

/** Lets `interrupt` end the run that is under way. */
export interface Interruptible {
  current: GuestRun | undefined;
}

/** Runs the guest in one mode. @throws UsageError if it cannot be launched */
export async function measure(
  mode: string,
  configuration: LaunchConfiguration,
  engine: Engine,
  host: AdapterHost,
  interruptible: Interruptible,
  onMessage: (text: string) => void,
): Promise<Measurement> {
  const guest = await GuestRun.create(engine, configuration, host);
  interruptible.current = guest;
  const chunks: Uint8Array[] = [];
  try {
    const outcome = await guest.run({
      serial: (_port, data) => void chunks.push(data.slice()),
      text: (channel, data) => {
        if (channel === 'console') chunks.push(data.slice());
        else onMessage(new TextDecoder().decode(data).trimEnd());
      },
      stopped: () => {},
    });
    const decoder = new TextDecoder();
    const printed = chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode();
    const byChannel = guest.inspect.exitCosts({ groupBy: 'channel' });
    const byLine = guest.inspect.exitCosts({ groupBy: 'line' });
    const portElements = guest.inspect.ports().ports.reduce((sum, { ins, outs }) => sum + ins + outs, 0);
    return { mode, outcome, printed, portElements, byChannel, byLine };
  } finally {
    interruptible.current = undefined;
    guest.dispose();
  }
}
