import { createServer, type Server, type Socket } from 'node:net';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { CustomEvents, CustomRequests, ExitCostRow, ExitLogEntry } from '../../debugAdapter/protocol';

type Answers = {
  [K in keyof CustomRequests]?: (args: CustomRequests[K]['arguments']) => CustomRequests[K]['response'];
};

/**
 * A debug adapter with nothing behind it, on a socket: the test says what happens. `debugServer` in a configuration
 * makes VS Code use it in place of the real one, so that views and panel meet exactly the data that a test wants.
 */
export class FakeAdapter {
  /** Requests seen, in order. */
  readonly requests: DebugProtocol.Request[] = [];
  private server: Server | undefined;
  private socket: Socket | undefined;
  private sequence = 1;
  private pending = Buffer.alloc(0);

  /** @param answers to custom requests; a test may replace them at any time */
  constructor(readonly answers: Answers = {}) {}

  /** @returns the port to name as `debugServer` */
  async start(): Promise<number> {
    const server = createServer((socket) => {
      this.socket = socket;
      this.pending = Buffer.alloc(0);
      socket.on('data', (data) => this.receive(data));
      socket.on('error', () => undefined);
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as { port: number }).port;
  }

  stop(): void {
    this.socket?.destroy();
    this.server?.close();
  }

  /** Sends a standard event. */
  event(event: string, body: unknown = {}): void {
    this.send({ type: 'event', event, body });
  }

  /** Sends one of Ringside's events. */
  custom<K extends keyof CustomEvents>(event: K, body: CustomEvents[K]): void {
    this.event(event, body);
  }

  /** Function breakpoints of the last `setFunctionBreakpoints`. */
  get functionBreakpoints(): DebugProtocol.FunctionBreakpoint[] {
    const last = this.requests.filter(({ command }) => command === 'setFunctionBreakpoints').at(-1);
    return (last?.arguments as DebugProtocol.SetFunctionBreakpointsArguments | undefined)?.breakpoints ?? [];
  }

  private receive(data: Buffer): void {
    this.pending = Buffer.concat([this.pending, data]);
    for (;;) {
      const head = this.pending.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.pending.toString('latin1', 0, head))?.[1]);
      const end = head + 4 + length;
      if (this.pending.length < end) return;
      const message = JSON.parse(this.pending.toString('utf8', head + 4, end)) as DebugProtocol.Request;
      this.pending = this.pending.subarray(end);
      this.requests.push(message);
      this.answer(message);
    }
  }

  private answer(request: DebugProtocol.Request): void {
    const custom = this.answers[request.command as keyof CustomRequests] as ((args: unknown) => unknown) | undefined;
    const respond = (body: unknown): void =>
      this.send({ type: 'response', request_seq: request.seq, command: request.command, success: true, body });
    if (custom) return respond(custom(request.arguments));
    switch (request.command) {
      case 'initialize':
        respond({ supportsFunctionBreakpoints: true, supportsConfigurationDoneRequest: true });
        return this.event('initialized');
      case 'setFunctionBreakpoints': {
        const { breakpoints } = request.arguments as DebugProtocol.SetFunctionBreakpointsArguments;
        return respond({ breakpoints: breakpoints.map((_, id) => ({ id, verified: true })) });
      }
      case 'threads':
        return respond({ threads: [{ id: 1, name: 'CPU' }] });
      case 'stackTrace':
        return respond({ stackFrames: [{ id: 1, name: 'start', line: 0, column: 0 }], totalFrames: 1 });
      case 'disconnect':
        respond({});
        return this.event('terminated');
      default:
        respond({});
    }
  }

  private send(message: object): void {
    const text = JSON.stringify({ seq: this.sequence++, ...message });
    this.socket?.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }
}

/** A row with consistent figures: `samples` exits at `cycles` each. */
export function costRow(
  key: string,
  samples: number,
  cycles: number,
  channel: ExitCostRow['channel'],
  more: Partial<ExitCostRow> = {},
): ExitCostRow {
  const total = samples * cycles;
  return {
    key,
    samples,
    samplesPct: 0,
    timePct: 0,
    minCycles: cycles,
    maxCycles: cycles,
    avgCycles: cycles,
    stdErrPct: 0,
    totalCycles: total,
    parts: { transition: total * 0.4, decode: total * 0.3, device: total * 0.2, return: total * 0.1 },
    hostNs: samples * 250,
    channel,
    ...more,
  };
}

/** A hypercall in the exit log. */
export function logEntry(sequence: number, more: Partial<ExitLogEntry> = {}): ExitLogEntry {
  return {
    sequence,
    instructions: 100 * sequence,
    time: 2000 * sequence,
    reason: 'VMCALL',
    channel: 'hypercall',
    abi: 'vmi',
    hypercall: 'OUTB',
    number: 56,
    repeat: 1,
    eip: '0x00101234',
    site: '0x00101234',
    symbol: 'uart_putc+0x1c',
    cpl: 1,
    cr3: '0x00000000',
    bytes: '',
    cost: { transition: 519, decode: 0, device: 216, return: 519 },
    hostNs: 250,
    ...more,
  };
}

/** What `cycles` of port accesses would come to by each channel, with the counts that go with it. */
export function reckoned(samples: number, total: number): Pick<ExitCostRow, 'whatIf' | 'operations'> {
  const prices = { trap: 4200, vtx: 2400, hypercall: 900 };
  return {
    whatIf: (['trap', 'vtx', 'hypercall'] as const).map((channel) => {
      const cycles = samples * prices[channel];
      return { channel, cycles, savedCycles: total - cycles, savedPct: (100 * (total - cycles)) / total };
    }),
    operations: { singles: samples, strings: 0, emptyStrings: 0, pageRuns: 0, stringElements: 0 },
  };
}

/** An answer to `ringside/exitCosts` with these rows; shares and totals are worked out. */
export function costAnswer(rows: ExitCostRow[], mode: string): CustomRequests['ringside/exitCosts']['response'] {
  const samples = rows.reduce((sum, row) => sum + row.samples, 0);
  const totalCycles = rows.reduce((sum, row) => sum + row.totalCycles, 0);
  return {
    rows: rows.map((row) => ({
      ...row,
      samplesPct: (100 * row.samples) / samples,
      timePct: (100 * row.totalCycles) / totalCycles,
    })),
    totals: {
      samples,
      totalCycles,
      hostNs: samples * 250,
      elements: samples,
      guestCycles: totalCycles * 2,
      exitTimePct: 50,
      instructions: samples * 20,
      costProfile: 'pentium4-672',
      ...reckoned(samples, totalCycles),
      mode,
      nextSequence: samples,
    },
  };
}
