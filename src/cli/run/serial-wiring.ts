import type { AdapterHost, Sink } from '../../../debugAdapter/engine';
import { messageOf } from '../../../debugAdapter/errors';
import type { Console } from '../console';
import { UsageError } from '../usage-error';
import type { GuestRun } from './guest-run';

/** The port that `--serial` speaks of. */
const PORT = 'com1';

/** Where COM1 of a run goes, and where its input comes from. */
export interface SerialWiring {
  output(port: string, data: Uint8Array): void;
  /** Lets input flow to a guest. */
  attach(run: GuestRun): void;
  close(): void;
}

/**
 * Wires COM1 as `--serial` says: to the console, to a file, or to nowhere.
 * @throws UsageError if the file cannot be written
 */
export function wireSerial(choice: string, console: Console, host: AdapterHost): SerialWiring {
  if (choice === 'none') return { output: () => {}, attach: () => {}, close: () => {} };
  if (choice === 'stdio') return stdioWiring(console);
  const sink = openSink(choice, host);
  return {
    output: (port, data) => {
      if (port === PORT) sink.write(data);
    },
    attach: () => {},
    close: () => sink.close(),
  };
}

function stdioWiring(console: Console): SerialWiring {
  let detach = (): void => {};
  return {
    output: (port, data) => {
      if (port === PORT) console.out(data);
    },
    attach: (run) => {
      const leave = run.addTypist();
      detach = console.readInput((data) => run.type(PORT, data), leave);
    },
    close: () => detach(),
  };
}

function openSink(path: string, host: AdapterHost): Sink {
  try {
    if (!host.openSink) throw new Error(`${path}: cannot be written here`);
    return host.openSink(path);
  } catch (error) {
    throw new UsageError(`--serial: ${messageOf(error)}.`);
  }
}
