import type { AdapterHost, Engine } from '../../../debugAdapter/engine';
import type { Console } from '../console';
import { configurationFrom, MACHINE_OPTIONS, parseMode } from '../launch-options';
import { type Arguments, type OptionTable, single } from '../options';
import { ExitStatus, UsageError } from '../usage-error';
import { type Interruptible, type Measurement, measure } from './measure';
import { comparisonTable, differenceText, topLinesTable } from './report';

const DEFAULT_MODES = 'trap,vtx,vmi,vmi+disable_io_ops';

export const COMPARE_OPTIONS: OptionTable = {
  modes: { value: 'MODE,…', help: `Modes to run the guest in, in this order (${DEFAULT_MODES}); none is one as well.` },
  ...MACHINE_OPTIONS,
};

/** Runs that ended well in one mode and not in another have nothing to compare; the worst status is the answer. */
function worstStatus(measurements: readonly Measurement[]): number {
  const statuses = measurements.map(({ outcome }) =>
    outcome.by === 'guest' ? outcome.end.exitCode : ExitStatus.NotEnded,
  );
  return statuses.find((status) => status !== ExitStatus.Ended) ?? ExitStatus.Ended;
}

/** `ringside compare`. Returns the exit status. @throws UsageError */
export async function compare(args: Arguments, console: Console, engine: Engine, host: AdapterHost): Promise<number> {
  const names = (single(args, 'modes') ?? DEFAULT_MODES).split(',').map((name) => name.trim());
  const repeated = names.find((name, index) => names.indexOf(name) < index);
  if (repeated !== undefined) throw new UsageError(`--modes: ${repeated} is given twice.`);
  const configurations = names.map((name) => configurationFrom(args, parseMode(name, 'modes')));
  const interruptible: Interruptible = { current: undefined };
  let interrupted = false;
  const stopListening = console.onInterrupt(() => {
    interrupted = true;
    interruptible.current?.stop();
  });
  const measurements: Measurement[] = [];
  try {
    for (const [index, mode] of names.entries()) {
      const configuration = configurations[index];
      // The output is compared, so that it must be heard; nobody sees it.
      configuration.serial.com1 = 'console';
      const measurement = await measure(mode, configuration, engine, host, interruptible, (text) =>
        console.err(`${mode}: ${text}`),
      );
      if (interrupted) break;
      measurements.push(measurement);
      if (measurement.outcome.by === 'guest') console.err(`${mode}: ${measurement.outcome.end.text}`);
    }
  } finally {
    stopListening();
  }
  if (measurements.length > 0) {
    const parts = [comparisonTable(measurements), topLinesTable(measurements), differenceText(measurements)];
    console.out(`${parts.filter((part) => part).join('\n\n')}\n`);
  }
  if (!interrupted) return worstStatus(measurements);
  console.err('Interrupted.');
  return ExitStatus.Interrupted;
}
