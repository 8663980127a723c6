import { setTimeout } from 'node:timers/promises';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Context, Part } from '../context';
import { DebugClient } from '../debug-client';
import { MEMORY_MB } from '../engines/engine';
import type { Cell, Table } from '../report/table';
import { percentile } from '../statistics';

const STEPS = 400;
const PAUSES = 50;
const THREAD = 1;
/** Milliseconds that the guest runs before it is paused: enough to be at full speed. */
const RUNS_FOR = 30;
/** What a test of the whole does at `--quick`. */
const QUICK_FACTOR = 0.25;

type StackTrace = DebugProtocol.StackTraceResponse['body'];
type Scopes = DebugProtocol.ScopesResponse['body'];

/** Milliseconds that a task takes. */
async function timed(task: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await task();
  return performance.now() - start;
}

/** Goes on by a request and waits until the guest stands still again. */
async function untilStopped(client: DebugClient, command: string, args: object = {}): Promise<void> {
  const stopped = client.event('stopped');
  await client.request(command, { threadId: THREAD, ...args });
  await stopped;
}

/** Asks what an editor asks at every stop: the stack, the scopes of the top frame, what is in those that are open. */
async function look(client: DebugClient): Promise<void> {
  const { stackFrames } = await client.request<StackTrace>('stackTrace', {
    threadId: THREAD,
    startFrame: 0,
    levels: 20,
  });
  const { scopes } = await client.request<Scopes>('scopes', { frameId: stackFrames[0].id });
  for (const { expensive, variablesReference } of scopes)
    if (!expensive) await client.request('variables', { variablesReference });
}

async function steps(client: DebugClient, count: number, step: () => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++)
    times.push(
      await timed(async () => {
        await step();
        await look(client);
      }),
    );
  return times;
}

async function pauses(client: DebugClient, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    await client.request('continue', { threadId: THREAD });
    await setTimeout(RUNS_FOR);
    times.push(await timed(() => untilStopped(client, 'pause')));
  }
  return times;
}

function row(what: string, times: readonly number[]): Cell[] {
  return [what, times.length, percentile(times, 50), percentile(times, 95), Math.max(...times)];
}

async function run({ guest, quick, progress }: Context): Promise<Table[]> {
  progress('latency');
  const times = (count: number): number => Math.round(quick ? count * QUICK_FACTOR : count);
  const launch = (commandLine: string): object => ({
    ...{ program: guest, commandLine, memoryMB: MEMORY_MB, hypervisor: { mode: 'none' }, serial: { com1: 'none' } },
    stopOnEntry: false,
  });
  const rows: Cell[][] = [];
  const notes: string[] = [];
  const client = new DebugClient();
  try {
    const stopped = client.event('stopped');
    await client.launch(launch('mixed 1000000'), ['run_mixed']);
    await stopped;
    await look(client);
    const by = (command: string, granularity: string) => () => untilStopped(client, command, { granularity });
    rows.push(
      row('instruction step, with stack and variables', await steps(client, times(STEPS), by('stepIn', 'instruction'))),
    );
    rows.push(
      row('line step over, with stack and variables', await steps(client, times(STEPS) / 4, by('next', 'line'))),
    );
    if (client.capabilities.supportsStepBack) {
      rows.push(
        row(
          'step back, with stack and variables',
          await steps(client, times(STEPS) / 4, by('stepBack', 'instruction')),
        ),
      );
    } else {
      notes.push('The adapter offers no reverse stepping yet: no row.');
    }
    await client.request('setFunctionBreakpoints', { breakpoints: [] });
    rows.push(row('pause of a guest that computes', await pauses(client, times(PAUSES))));
  } finally {
    await client.close();
  }
  const storm = new DebugClient();
  try {
    const stopped = storm.event('stopped');
    await storm.launch({ ...launch('port 4000000000'), hypervisor: { mode: 'trap' } }, ['run_port']);
    await stopped;
    rows.push(row('pause of a guest that makes exits', await pauses(storm, times(PAUSES))));
  } finally {
    await storm.close();
  }
  return [
    {
      title: 'What a client of the debug adapter waits for, milliseconds',
      columns: [
        { title: 'what' },
        { title: 'times' },
        ...['median', '95 %', 'longest'].map((title) => ({ title, digits: 2 })),
      ],
      rows,
      notes: [
        'A client of `ringside dap` over its standard streams, by the clock: from sending the request until the stopped ' +
          'event has come and, for steps, stackTrace, scopes and the variables of all scopes that are not expensive have ' +
          'been answered, one after the other. Client and adapter are processes of their own.',
        ...notes,
      ],
    },
  ];
}

export const latency: Part = { name: 'latency', about: 'steps and pauses through the debug adapter', run };
