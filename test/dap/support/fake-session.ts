import type { Engine } from '../../../debugAdapter/engine';
import type { Inspection } from '../../../src/debugger/inspection/types';
import type {
  BreakpointStatus,
  EndEvent,
  Frame,
  Host,
  LaunchConfiguration,
  Session,
  SessionEvent,
  Value,
} from '../../../src/debugger/types';

const FILTERS: Session['exceptionFilters'] = [
  { id: '#GP', label: 'General protection (#GP)', description: 'Any #GP', default: false },
  { id: 'triple', label: 'Triple fault', description: 'Before the machine resets', default: true },
];

/**
 * A session without a machine, for tests of the adapter alone: it records what it is asked and sends the
 * events that a test tells it to send.
 */
export class FakeSession implements Session {
  running = false;
  ended: EndEvent | undefined;
  disposed = false;
  readonly calls: string[] = [];
  readonly exceptionFilters = FILTERS;
  readonly memory = new Uint8Array(0x1000);
  readonly registers: Record<string, number> = { eax: 0x41, eip: 0x100000 };
  typed: number[] = [];
  private listener: (event: SessionEvent) => void = () => {};
  private nextId = 100;

  constructor(
    readonly configuration: LaunchConfiguration,
    /** What the guest does when it is run, each time. */
    private readonly guest: ((session: FakeSession) => void) | undefined,
  ) {}

  onEvent(listener: (event: SessionEvent) => void): void {
    this.listener = listener;
  }

  emit(event: SessionEvent): void {
    if (event.type === 'stopped') this.running = false;
    if (event.type === 'ended') {
      this.running = false;
      this.ended = event.end;
    }
    this.listener(event);
  }

  print(channel: Extract<SessionEvent, { type: 'output' }>['channel'], text: string | Uint8Array, port?: string): void {
    this.emit({
      type: 'output',
      channel,
      port,
      data: typeof text === 'string' ? new TextEncoder().encode(text) : text,
    });
  }

  stop(reason: Extract<SessionEvent, { type: 'stopped' }>['stop']['reason'], text: string, ids: number[] = []): void {
    this.emit({ type: 'stopped', stop: { reason, text, breakpointIds: ids } });
  }

  run(): void {
    this.calls.push('run');
    this.running = true;
    if (this.guest) setImmediate(this.guest, this);
  }

  pause(): void {
    this.calls.push('pause');
    this.stop('pause', 'Paused');
  }

  step(kind: string, granularity: string): void {
    this.calls.push(`step ${kind} ${granularity}`);
    this.registers.eip++;
    this.stop('step', 'Stepped');
  }

  async restart(): Promise<void> {
    this.calls.push('restart');
    await Promise.resolve();
    this.running = true;
  }

  dispose(): void {
    this.disposed = true;
    this.running = false;
  }

  private statuses(what: string, requests: { line?: number; text?: string; address?: number }[]): BreakpointStatus[] {
    this.calls.push(`${what} ${JSON.stringify(requests)}`);
    return requests.map((request) => ({
      id: this.nextId++,
      verified: !request.text?.includes('?'),
      ...(request.text?.includes('?') ? { message: `cannot parse "${request.text}" at 1` } : {}),
      ...(request.line === undefined ? {} : { source: { path: '/guest/main.c', line: request.line } }),
      ...(request.address === undefined ? {} : { address: request.address }),
      hits: 0,
    }));
  }

  setSourceBreakpoints(path: string, requests: { line: number }[]): BreakpointStatus[] {
    return this.statuses(`source ${path}`, requests);
  }

  setSpecBreakpoints(requests: { text: string }[]): BreakpointStatus[] {
    return this.statuses('specs', requests);
  }

  setInstructionBreakpoints(requests: { address: number }[]): BreakpointStatus[] {
    return this.statuses('instructions', requests);
  }

  setExceptionFilters(filters: { id: string; condition?: string }[]): BreakpointStatus[] {
    return this.statuses('exceptions', filters as object[]);
  }

  breakpointLocations(_path: string, line: number, endLine: number): { line: number }[] {
    return Array.from({ length: endLine - line + 1 }, (_, index) => ({ line: line + index }));
  }

  stack(): Frame[] {
    return [
      {
        name: 'main',
        address: this.registers.eip,
        source: { path: '/guest/main.c', line: 12, column: 3 },
        inlined: false,
        selector: 8,
      },
      { name: 'start32+0x1c', address: 0x10001c, inlined: false, selector: 8 },
    ];
  }

  private register(name: string, hex = false): Value {
    const value = this.registers[name];
    return {
      name,
      text: hex ? `0x${value.toString(16)}` : `${value}`,
      type: 'u32',
      expression: name,
      kind: 'register',
      assign: (text) => {
        if (Number.isNaN(Number(text))) throw new Error(`${name}: "${text}" is no number`);
        this.registers[name] = Number(text);
        return text;
      },
    };
  }

  private array(): Value {
    const children = (format?: { hex?: boolean }): Value[] =>
      [10, 20, 30, 40].map((value, index) => ({
        name: `[${index}]`,
        text: format?.hex ? `0x${value.toString(16)}` : `${value}`,
        kind: 'variable',
        address: 0x200 + index * 4,
      }));
    return { name: 'table', text: 'int[4]', type: 'int[4]', kind: 'variable', indexed: 4, address: 0x200, children };
  }

  scopes(frame: number): ReturnType<Session['scopes']> {
    return [
      { name: 'Locals', expensive: false, kind: 'locals', values: () => (frame === 0 ? [this.array()] : []) },
      {
        name: 'Registers',
        expensive: false,
        kind: 'registers',
        values: (format) => Object.keys(this.registers).map((name) => this.register(name, format?.hex)),
      },
    ];
  }

  evaluate(expression: string, _frame: number, format?: { hex?: boolean }): Value {
    if (expression === 'table') return this.array();
    if (!(expression in this.registers)) throw new Error(`"${expression}" is neither a register nor a symbol`);
    return this.register(expression, format?.hex);
  }

  assign(expression: string, value: string, frame: number): Value {
    const target = this.evaluate(expression, frame);
    if (!target.assign) throw new Error(`${expression} cannot be assigned to`);
    target.assign(value);
    return this.evaluate(expression, frame);
  }

  completions(text: string, column: number): ReturnType<Session['completions']> {
    return [{ label: 'eax', kind: 'register', start: column - 1, length: text.length }];
  }

  disassemble(address: number, offset: number, count: number): ReturnType<Session['disassemble']> {
    return Array.from({ length: count }, (_, index) => ({
      address: address + offset + index,
      bytes: '90',
      text: 'nop',
    }));
  }

  readMemory(linear: number, count: number): Uint8Array {
    return this.memory.slice(linear, linear + count);
  }

  writeMemory(linear: number, bytes: Uint8Array): number {
    const fitting = bytes.subarray(0, Math.max(0, this.memory.length - linear));
    if (fitting.length > 0) this.memory.set(fitting, linear);
    return fitting.length;
  }

  exceptionInfo(): { id: string; description: string } | undefined {
    return { id: '#GP', description: 'General protection, error code 0x18' };
  }

  serialInput(_port: string, data: Uint8Array): void {
    this.typed.push(...data);
  }

  readonly inspect: Inspection = {
    exitCosts: () => ({
      rows: [],
      totals: {
        samples: 3,
        totalCycles: 0,
        hostNs: 0,
        elements: 0,
        guestCycles: 0,
        exitTimePct: 0,
        instructions: 0,
        costProfile: 'fake',
        mode: 'vmi',
        nextSequence: 3,
      },
    }),
    ports: () => ({
      ports: [{ port: 0x3f8, name: 'COM1.THR', device: 'COM1', ins: 0, outs: 1, fields: [], breakpoints: [100] }],
    }),
    hypercalls: () => ({ available: true, calls: [] }),
    exitLog: () => ({ entries: [], first: 0, next: 0 }),
    exitTimeline: () => ({ spanCycles: 1024, channels: [{ channel: 'trap', cycles: [0, 300] }] }),
    devices: () => ({ devices: [] }),
    descriptorTables: () => ({ gdt: [], ldt: [], idt: [] }),
    pageWalk: (address) => {
      if (typeof address === 'string') throw new Error(`"${address}" is no address`);
      return { linear: `0x${address.toString(16)}`, levels: [] };
    },
    modules: () => [
      { id: '1', name: 'guest.elf', path: '/guest/guest.elf', address: 0x100000, size: 0x1000, symbols: 'DWARF' },
    ],
    sources: () => ['/guest/main.c'],
    exitCount: () => ({ samples: 3, nextSequence: 3 }),
    observeExits: () => {},
  };
}

/** An engine that makes FakeSessions and keeps the last one. */
export class FakeEngine implements Engine {
  readonly exceptionFilters = FILTERS;
  session!: FakeSession;
  /** Set to make the next launch fail. */
  failure: Error | undefined;

  constructor(private readonly guest?: (session: FakeSession) => void) {}

  /** Runs a task as a time slice of the last session. */
  defer: (task: () => void) => void = () => {};

  async createSession(configuration: LaunchConfiguration, host: Host): Promise<Session> {
    await Promise.resolve();
    this.defer = (task) => host.defer(task);
    if (this.failure) throw this.failure;
    this.session = new FakeSession(configuration, this.guest);
    return this.session;
  }
}
