import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createSession } from '../../src/debugger/create-session';
import type {
  EndEvent,
  Host,
  LaunchConfiguration,
  Session,
  SessionEvent,
  StepGranularity,
  StepKind,
  StopEvent,
} from '../../src/debugger/types';

const modules = createRequire(import.meta.url);

/** Where flat images are loaded. */
export const ORIGIN = 0x100000;

/** Files by name, and a clock that only tests of pausing rely on. */
export class TestHost implements Host {
  readonly files = new Map<string, Uint8Array>();
  readonly written = new Map<string, Uint8Array>();

  readFile(path: string): Promise<Uint8Array> {
    const file = this.files.get(path);
    return file ? Promise.resolve(file.slice()) : Promise.reject(new Error(`${path}: cannot be read: no such file`));
  }

  writeFile(path: string, data: Uint8Array): Promise<void> {
    this.written.set(path, data);
    return Promise.resolve();
  }

  async readAsset(name: string): Promise<Uint8Array> {
    return new Uint8Array(await readFile(modules.resolve(`iced-x86/${name}`)));
  }

  /** Times that the engine asked to rest rather than go on at once. */
  rests = 0;

  defer(task: () => void, milliseconds = 0): void {
    if (milliseconds > 0) this.rests++;
    setImmediate(task);
  }

  nanoseconds(): number {
    return Number(process.hrtime.bigint());
  }

  wallClock(): number {
    return Date.UTC(2007, 7, 22);
  }
}

/** A configuration with defaults, as the adapter would make it. */
export function configuration(overrides: Partial<LaunchConfiguration> = {}): LaunchConfiguration {
  return {
    symbols: [],
    sourceMap: {},
    commandLine: '',
    memoryMB: 8,
    cpu: 'pentium',
    drives: [],
    hypervisor: { mode: 'none', disableIoOps: false, costProfile: 'default', abis: [] },
    stopOnEntry: false,
    serial: { com1: 'console', com2: 'none', com3: 'none', com4: 'none', virtio0: 'none' },
    record: { enabled: false, memoryMB: 16 },
    breakpoints: [],
    portMaps: [],
    maxInstructions: 200_000_000,
    ...overrides,
  };
}

export type Outcome = { stop: StopEvent; end?: undefined } | { end: EndEvent; stop?: undefined };

/** A session that a test drives one stop at a time. */
export class Harness {
  readonly logs: string[] = [];
  readonly messages: string[] = [];
  serial = '';
  exitEvents = 0;
  private waiting: ((outcome: Outcome) => void) | undefined;
  private readonly arrived: Outcome[] = [];

  private constructor(
    readonly session: Session,
    readonly host: TestHost,
  ) {
    session.onEvent((event) => this.take(event));
  }

  static async create(config: LaunchConfiguration, host = new TestHost()): Promise<Harness> {
    return new Harness(await createSession(config, host), host);
  }

  /** A flat 32-bit program at `ORIGIN`. */
  static async flat(code: readonly number[], overrides: Partial<LaunchConfiguration> = {}): Promise<Harness> {
    const host = new TestHost();
    host.files.set('code.bin', Uint8Array.from(code));
    return Harness.create(configuration({ program: 'code.bin', format: 'flat', ...overrides }), host);
  }

  /** The next stop or end. */
  next(): Promise<Outcome> {
    const ready = this.arrived.shift();
    if (ready) return Promise.resolve(ready);
    return new Promise((resolve) => (this.waiting = resolve));
  }

  async run(): Promise<Outcome> {
    this.session.run();
    return this.next();
  }

  /** Runs to a stop. */
  async stop(): Promise<StopEvent> {
    const { stop, end } = await this.run();
    assert.ok(stop, `ended: ${end?.text}`);
    return stop;
  }

  /** Runs to the end. */
  async end(): Promise<EndEvent> {
    const { stop, end } = await this.run();
    assert.ok(end, `stopped: ${stop?.text}`);
    return end;
  }

  async step(kind: StepKind, granularity: StepGranularity = 'statement'): Promise<StopEvent> {
    this.session.step(kind, granularity);
    const { stop, end } = await this.next();
    assert.ok(stop, `ended: ${end?.text}`);
    return stop;
  }

  specs(...texts: string[]): void {
    for (const status of this.session.setSpecBreakpoints(texts.map((text) => ({ text })))) {
      assert.ok(status.verified, status.message);
    }
  }

  /** Hits of the spec breakpoints as they are now. */
  hits(...texts: string[]): number[] {
    return this.session.setSpecBreakpoints(texts.map((text) => ({ text }))).map((status) => status.hits);
  }

  /** EIP relative to `ORIGIN`. */
  get at(): number {
    return this.number('eip') - ORIGIN;
  }

  number(expression: string): number {
    return Number.parseInt(this.session.evaluate(expression, 0, { hex: true }).text, 16);
  }

  /** `file:line` of frame 0. */
  get line(): string {
    const [{ source, name }] = this.session.stack();
    return source ? `${source.path.replace(/^.*\//, '')}:${source.line}` : name;
  }

  private take(event: SessionEvent): void {
    if (event.type === 'output') {
      const text = new TextDecoder('latin1').decode(event.data);
      if (event.channel === 'serial') this.serial += text;
      else if (event.channel === 'log') this.logs.push(text.trimEnd());
      else if (event.channel === 'message') this.messages.push(text.trimEnd());
    }
    if (event.type === 'exits') this.exitEvents++;
    const outcome: Outcome | undefined =
      event.type === 'stopped' ? { stop: event.stop } : event.type === 'ended' ? { end: event.end } : undefined;
    if (!outcome) return;
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting) waiting(outcome);
    else this.arrived.push(outcome);
  }
}
