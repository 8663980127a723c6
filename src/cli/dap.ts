import type { Engine, HostFactory } from '../../debugAdapter/engine';
import { messageOf } from '../../debugAdapter/errors';
import type { Console } from './console';
import { type Arguments, type OptionTable, single } from './options';
import { ExitStatus, UsageError } from './usage-error';

export const DAP_OPTIONS: OptionTable = {
  port: {
    value: 'N',
    help: 'Listen on TCP port N of this host (0: any free one) instead of standard input and output.',
  },
};

function portNumber(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 0xffff)) throw new UsageError(`--port: expected a TCP port from 0 to 65535, got "${text}".`);
  return port;
}

/** `ringside dap`: serves one client over the standard streams, or any number over TCP until interrupted. */
export async function dap(args: Arguments, console: Console, engine: Engine, createHost: HostFactory): Promise<number> {
  if (args.positionals.length > 0) throw new UsageError(`dap takes no program; what is "${args.positionals[0]}"?`);
  const port = single(args, 'port');
  const { DebugAdapter } = await import('../../debugAdapter/adapter');
  const createAdapter = () => new DebugAdapter(engine, createHost);
  if (port === undefined) {
    const { serveStream } = await import('../../debugAdapter/transport/stream');
    await serveStream(createAdapter(), process.stdin, process.stdout);
    return ExitStatus.Ended;
  }
  const { listen } = await import('../../debugAdapter/transport/socket');
  const listener = await listen(portNumber(port), createAdapter).catch((error: unknown) => {
    throw new UsageError(`--port ${port}: ${messageOf(error)}.`);
  });
  console.err(`Listening on 127.0.0.1:${listener.port}.`);
  await new Promise<void>((resolve) => {
    const stopListening = console.onInterrupt(() => {
      stopListening();
      listener.close();
      resolve();
    });
  });
  return ExitStatus.Ended;
}
