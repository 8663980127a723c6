import type { AdapterHost, Engine } from '../../../debugAdapter/engine';
import { messageOf } from '../../../debugAdapter/errors';
import type { Console } from '../console';
import { configurationFrom, MACHINE_OPTIONS, parseMode } from '../launch-options';
import { type Arguments, type OptionTable, single } from '../options';
import { reportExitCosts } from '../report/exit-cost-report';
import { TraceFile } from '../trace/trace-file';
import { ExitStatus, UsageError } from '../usage-error';
import { GuestRun, type RunListener, type RunOutcome } from './guest-run';
import { SerialMatch } from './serial-match';
import { type SerialWiring, wireSerial } from './serial-wiring';

export const RUN_OPTIONS: OptionTable = {
  hypervisor: { value: 'MODE', help: 'none, trap, vtx, vmi (the default), or vmi+disable_io_ops.' },
  ...MACHINE_OPTIONS,
  serial: {
    value: 'WHERE',
    help: 'COM1: stdio (the default: standard input feeds it too), a file, or none.',
  },
  'virtio-console': {
    value: 'WHERE',
    help: 'Give the guest a virtio console: stdio, a file, or none (the default: there is no such device). Standard input feeds it if --serial is not stdio.',
  },
  break: {
    value: 'SPEC',
    multiple: true,
    help: 'A breakpoint, e.g. "out 0x3f8 if value == 0x0a". Each stop prints a line on standard error and the guest goes on; with log "…" the text instead.',
  },
  'until-serial': {
    value: 'REGEX',
    help: 'End with status 0 once serial output matches (multi-line, ends of lines are \\n).',
  },
  'exit-costs': { value: 'FORM', help: 'After the run: table or json on standard output, or JSON into a file.' },
  trace: {
    value: 'FILE',
    help: 'Write every exit: FILE.cpuprofile as a CPU profile by function and line, for VS Code or Chrome DevTools; FILE.json in the Trace Event Format, for Perfetto or chrome://tracing.',
  },
};

/** Said of a run that would last for ever. */
const ASLEEP = 'The guest sleeps in HLT, no timer is armed, and there is no input left that could wake it.';

function serialMatch(text: string | undefined): SerialMatch | undefined {
  if (text === undefined) return undefined;
  try {
    return new SerialMatch(new RegExp(text, 'm'));
  } catch (error) {
    throw new UsageError(`--until-serial: ${messageOf(error)}.`);
  }
}

/** Passes what the guest has to say to the console, and ends the run where the serial output matches. */
function listener(
  guest: GuestRun,
  lines: readonly SerialWiring[],
  match: SerialMatch | undefined,
  console: Console,
): RunListener {
  const decoder = new TextDecoder();
  return {
    serial: (port, data) => {
      if (match?.found) return;
      for (const line of lines) line.output(port, data);
      if (match?.push(port, data)) guest.stop();
    },
    text: (channel, data) => {
      if (channel === 'console') console.out(data);
      else console.err(decoder.decode(data).trimEnd());
    },
    stopped: (stop) => console.err(stop.text),
  };
}

/** Says how the run ended. Returns the exit status. */
function conclude(outcome: RunOutcome, console: Console): number {
  switch (outcome.by) {
    case 'guest':
      console.err(outcome.end.text);
      return outcome.end.exitCode;
    case 'sleep':
      console.err(ASLEEP);
      return ExitStatus.NotEnded;
    case 'request':
      return ExitStatus.Ended;
  }
}

/** `ringside run`. Returns the exit status. @throws UsageError */
export async function run(args: Arguments, console: Console, engine: Engine, host: AdapterHost): Promise<number> {
  const configuration = configurationFrom(args, parseMode(single(args, 'hypervisor') ?? 'vmi', 'hypervisor'));
  const until = single(args, 'until-serial');
  const match = serialMatch(until);
  const serialChoice = single(args, 'serial') ?? 'stdio';
  // A UART whose side is `none` is not heard; with `--until-serial` it must be.
  configuration.serial.com1 = serialChoice === 'none' && !match ? 'none' : 'console';
  const consoleChoice = single(args, 'virtio-console') ?? 'none';
  configuration.serial.virtio0 = consoleChoice === 'none' ? 'none' : 'console';
  // No file is touched before it is clear that there is a guest to run.
  const guest = await GuestRun.create(engine, configuration, host);
  const lines: SerialWiring[] = [];
  let trace: TraceFile | undefined;
  let interrupted = false;
  const stopListening = console.onInterrupt(() => {
    interrupted = true;
    guest.stop();
  });
  try {
    const com1 = { port: 'com1', option: 'serial', typed: true };
    const virtio0 = { port: 'virtio0', option: 'virtio-console', typed: serialChoice !== 'stdio' };
    lines.push(wireSerial(com1, serialChoice, console, host), wireSerial(virtio0, consoleChoice, console, host));
    const tracePath = single(args, 'trace');
    if (tracePath !== undefined) trace = TraceFile.open(tracePath, host, configuration.program ?? 'guest');
    trace?.observe(guest.inspect);
    guest.setBreakpoints(args.options.get('break') ?? []);
    for (const line of lines) line.attach(guest);
    const outcome = await guest.run(listener(guest, lines, match, console));
    guest.inspect.observeExits(undefined);
    if (interrupted) console.err('Interrupted.');
    const status = interrupted ? ExitStatus.Interrupted : conclude(outcome, console);
    if (match && !match.found && !interrupted) console.err(`The serial output never matched /${until}/.`);
    const form = single(args, 'exit-costs');
    if (form !== undefined) await reportExitCosts(form, guest.inspect, console, host);
    return status;
  } finally {
    stopListening();
    trace?.close();
    for (const line of lines) line.close();
    guest.dispose();
  }
}
