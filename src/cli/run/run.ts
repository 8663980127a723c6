import type { AdapterHost, Engine, Sink } from '../../../debugAdapter/engine';
import { messageOf } from '../../../debugAdapter/errors';
import type { Inspection } from '../../debugger/inspection/types';
import type { Console } from '../console';
import { configurationFrom, MACHINE_OPTIONS, parseMode } from '../launch-options';
import { type Arguments, type OptionTable, single } from '../options';
import { exitCostTable } from '../report/exit-costs';
import { ChromeTrace } from '../trace/chrome-trace';
import { ExitStatus, UsageError } from '../usage-error';
import { GuestRun, type RunOutcome } from './guest-run';
import { SerialMatch } from './serial-match';
import { wireSerial } from './serial-wiring';

export const RUN_OPTIONS: OptionTable = {
  hypervisor: { value: 'MODE', help: 'none, trap, vtx, vmi (the default), or vmi+disable_io_ops.' },
  ...MACHINE_OPTIONS,
  serial: {
    value: 'WHERE',
    help: 'COM1: stdio (the default: standard input feeds it too), a file, or none.',
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
  trace: { value: 'FILE.json', help: 'Write every exit in the Trace Event Format, for Perfetto or chrome://tracing.' },
};

/** Said of a run that would last for ever. */
export const ASLEEP = 'The guest sleeps in HLT, no timer is armed, and there is no input left that could wake it.';

const GROUPINGS = ['reason', 'port', 'hypercall', 'channel', 'function', 'line'] as const;

function serialExpression(text: string): RegExp {
  try {
    return new RegExp(text, 'm');
  } catch (error) {
    throw new UsageError(`--until-serial: ${messageOf(error)}.`);
  }
}

/** The rows of every grouping and the totals: what `--exit-costs json` writes. */
function exitCostsJson(inspect: Inspection): string {
  const rows = GROUPINGS.map((groupBy) => [groupBy, inspect.exitCosts({ groupBy }).rows] as const);
  const { totals } = inspect.exitCosts({ groupBy: 'reason' });
  return `${JSON.stringify({ totals, ...Object.fromEntries(rows) }, null, 2)}\n`;
}

async function reportExitCosts(form: string, inspect: Inspection, console: Console, host: AdapterHost): Promise<void> {
  if (form === 'table') console.out(`\n${exitCostTable('IO Port Access', inspect.exitCosts({ groupBy: 'port' }))}`);
  else if (form === 'json') console.out(exitCostsJson(inspect));
  else await host.writeFile(form, new TextEncoder().encode(exitCostsJson(inspect)));
}

/** Streams the exits of a run into a trace file. */
function openTrace(path: string, host: AdapterHost, title: string): { trace: ChromeTrace; sink: Sink } {
  try {
    if (!host.openSink) throw new Error(`${path}: cannot be written here`);
    const sink = host.openSink(path);
    const encoder = new TextEncoder();
    return { trace: new ChromeTrace((text) => sink.write(encoder.encode(text)), title), sink };
  } catch (error) {
    throw new UsageError(`--trace: ${messageOf(error)}.`);
  }
}

function exitStatus(outcome: RunOutcome, interrupted: boolean): number {
  if (interrupted) return ExitStatus.Interrupted;
  if (outcome.by === 'sleep') return ExitStatus.NotEnded;
  return outcome.by === 'guest' ? outcome.end.exitCode : ExitStatus.Ended;
}

/** `ringside run`. Returns the exit status. @throws UsageError */
export async function run(args: Arguments, console: Console, engine: Engine, host: AdapterHost): Promise<number> {
  const configuration = configurationFrom(args, parseMode(single(args, 'hypervisor') ?? 'vmi', 'hypervisor'));
  const until = single(args, 'until-serial');
  const match = until === undefined ? undefined : new SerialMatch(serialExpression(until));
  const serial = wireSerial(single(args, 'serial') ?? 'stdio', console, host);
  // A UART whose side is `none` is not heard; with `--until-serial` it must be.
  configuration.serial.com1 = serial.side === 'none' && match ? 'console' : serial.side;
  const guest = await GuestRun.create(engine, configuration, host);
  const tracePath = single(args, 'trace');
  const traced = tracePath === undefined ? undefined : openTrace(tracePath, host, configuration.program ?? 'guest');
  let interrupted = false;
  const stopListening = console.onInterrupt(() => {
    interrupted = true;
    guest.stop();
  });
  try {
    guest.setBreakpoints(args.options.get('break') ?? []);
    if (traced) guest.inspect.observeExits((record) => traced.trace.add(record));
    serial.attach(guest);
    const decoder = new TextDecoder();
    let matched = false;
    const outcome = await guest.run({
      serial: (port, data) => {
        if (matched) return;
        serial.output(port, data);
        matched = match?.push(port, data) ?? false;
        if (matched) guest.stop();
      },
      text: (channel, data) => {
        if (channel === 'console') console.out(data);
        else console.err(decoder.decode(data).replace(/\n$/, ''));
      },
      stopped: (stop) => console.err(stop.text),
    });
    guest.inspect.observeExits(undefined);
    if (interrupted) console.err('Interrupted.');
    if (outcome.by === 'guest') console.err(outcome.end.text);
    if (outcome.by === 'sleep') console.err(ASLEEP);
    if (until !== undefined && !matched && !interrupted) console.err(`The serial output never matched /${until}/.`);
    const form = single(args, 'exit-costs');
    if (form !== undefined) await reportExitCosts(form, guest.inspect, console, host);
    return exitStatus(outcome, interrupted);
  } finally {
    stopListening();
    traced?.trace.end();
    traced?.sink.close();
    serial.close();
    guest.dispose();
  }
}
