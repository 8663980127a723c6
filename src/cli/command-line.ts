import type { Engine, HostFactory } from '../../debugAdapter/engine';
import { nearest } from '../../debugAdapter/schema/did-you-mean';
import { COMPARE_OPTIONS, compare } from './compare/compare';
import type { Console } from './console';
import { DAP_OPTIONS, dap } from './dap';
import { type Arguments, describeOptions, type OptionTable, parseOptions } from './options';
import { PROFILES_OPTIONS, profiles } from './profiles/profiles';
import { RUN_OPTIONS, run } from './run/run';
import { ExitStatus, UsageError } from './usage-error';

interface Command {
  readonly usage: string;
  readonly summary: string;
  readonly options: OptionTable;
  execute(args: Arguments, console: Console, engine: Engine, createHost: HostFactory): Promise<number>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  run: {
    usage: 'ringside run [PROGRAM] [options]',
    summary: 'Run a guest to its end; what it prints on COM1 comes out here.',
    options: RUN_OPTIONS,
    execute: (args, console, engine, createHost) => run(args, console, engine, createHost(undefined)),
  },
  compare: {
    usage: 'ringside compare PROGRAM [options]',
    summary: 'Run the same guest under several hypervisor modes and show what its exits cost, side by side.',
    options: COMPARE_OPTIONS,
    execute: (args, console, engine, createHost) => compare(args, console, engine, createHost(undefined)),
  },
  profiles: {
    usage: 'ringside profiles [NAME|FILE]',
    summary: 'Show the cost profiles, or every figure of one and where it comes from.',
    options: PROFILES_OPTIONS,
    execute: (args, console, _engine, createHost) => profiles(args, console, createHost(undefined)),
  },
  dap: {
    usage: 'ringside dap [options]',
    summary: 'Be a debug adapter (Debug Adapter Protocol) for an editor.',
    options: DAP_OPTIONS,
    execute: dap,
  },
};

const EXIT_STATUSES = `Exit status:
  0    the guest ended by itself, or --until-serial was reached
  1    it did not: a limit was reached, or it failed by a triple fault
  2    bad arguments, or a file that cannot be read
  130  interrupted
  A guest that writes V to port 0xf4 ends with (V<<1|1) & 0xff; V = 0x10 gives 0.`;

function overview(): string {
  const rows = Object.values(COMMANDS).map(({ usage, summary }) => `  ${usage.padEnd(36)}${summary}`);
  return `Ringside runs and debugs i386 guests, and shows what their exits cost.

Usage:
${rows.join('\n')}

"ringside COMMAND --help" tells more.

${EXIT_STATUSES}
`;
}

function helpPage({ usage, summary, options }: Command): string {
  return `Usage: ${usage}\n\n${summary}\n\nOptions:\n${describeOptions(options)}\n\n${EXIT_STATUSES}\n`;
}

async function dispatch(
  argv: readonly string[],
  console: Console,
  engine: Engine,
  createHost: HostFactory,
): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === 'help') {
    const asked = name !== undefined;
    if (asked) console.out(overview());
    else console.err(overview());
    return asked ? ExitStatus.Ended : ExitStatus.Usage;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    const near = nearest(name, Object.keys(COMMANDS));
    throw new UsageError(
      `There is no command "${name}"${near ? ` (did you mean "${near}"?)` : ''}; see ringside --help.`,
    );
  }
  const args = parseOptions(rest, command.options);
  if (args.options.has('help')) {
    console.out(helpPage(command));
    return ExitStatus.Ended;
  }
  return command.execute(args, console, engine, createHost);
}

/** Runs the command line `argv` (without node and script). Resolves with the exit status; never rejects. */
export async function commandLine(
  argv: readonly string[],
  console: Console,
  engine: Engine,
  createHost: HostFactory,
): Promise<number> {
  try {
    return await dispatch(argv, console, engine, createHost);
  } catch (error) {
    if (error instanceof UsageError) {
      console.err(`ringside: ${error.message}`);
      return ExitStatus.Usage;
    }
    console.err(`ringside: internal error: ${error instanceof Error ? error.message : String(error)}`);
    return ExitStatus.NotEnded;
  }
}
