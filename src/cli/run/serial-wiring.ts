import type { AdapterHost, Sink } from '../../../debugAdapter/engine';
import { messageOf } from '../../../debugAdapter/errors';
import type { Console } from '../console';
import { UsageError } from '../usage-error';
import type { GuestRun } from './guest-run';

/** A stream of bytes with an option of its own. */
export interface SerialLine {
  readonly port: string;
  /** Name of the option. */
  readonly option: string;
  /** Standard input feeds it, where it goes to `stdio`. */
  readonly typed: boolean;
}

/** Where a line of a run goes, and where its input comes from. */
export interface SerialWiring {
  output(port: string, data: Uint8Array): void;
  /** Lets input flow to a guest. */
  attach(run: GuestRun): void;
  close(): void;
}

/**
 * Wires a line as its option says: to the console, to a file, or to nowhere.
 * @throws UsageError if the file cannot be written
 */
export function wireSerial(line: SerialLine, choice: string, console: Console, host: AdapterHost): SerialWiring {
  if (choice === 'none') return { output: () => {}, attach: () => {}, close: () => {} };
  if (choice === 'stdio') return stdioWiring(line, console);
  const sink = openSink(line, choice, host);
  return {
    output: (port, data) => {
      if (port === line.port) sink.write(data);
    },
    attach: () => {},
    close: () => sink.close(),
  };
}

function stdioWiring(line: SerialLine, console: Console): SerialWiring {
  let detach = (): void => {};
  return {
    output: (port, data) => {
      if (port === line.port) console.out(data);
    },
    attach: (run) => {
      if (!line.typed) return;
      const leave = run.addTypist();
      detach = console.readInput((data) => run.type(line.port, data), leave);
    },
    close: () => detach(),
  };
}

function openSink(line: SerialLine, path: string, host: AdapterHost): Sink {
  try {
    if (!host.openSink) throw new Error(`${path}: cannot be written here`);
    return host.openSink(path);
  } catch (error) {
    throw new UsageError(`--${line.option}: ${messageOf(error)}.`);
  }
}
