import { type ChildProcess, spawn } from 'node:child_process';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { encodeMessage, MessageReader } from '../debugAdapter/transport/framing';
import { CLI } from './engines/command-line-guest';
import { kill } from './engines/guest-process';

/** Nobody waits longer than this for an event, milliseconds. */
const PATIENCE_MS = 60_000;

interface Waiting {
  readonly event: string;
  readonly resolve: (body: unknown) => void;
}

/** A client of the real adapter: `ringside dap` in a process of its own, over its standard streams. */
export class DebugClient {
  /** What the adapter can do, by the answer to `initialize`. */
  capabilities: DebugProtocol.Capabilities = {};
  private readonly child: ChildProcess;
  private readonly answers = new Map<number, (response: DebugProtocol.Response) => void>();
  private waiting: Waiting[] = [];
  private sequence = 1;

  constructor() {
    this.child = spawn(process.execPath, [CLI, 'dap'], { stdio: ['pipe', 'pipe', 'ignore'] });
    const reader = new MessageReader(
      (message) => this.receive(message),
      (problem) => {
        throw new Error(`the adapter sends nonsense: ${problem}`);
      },
    );
    this.child.stdout?.on('data', (data: Buffer) => reader.push(data));
  }

  /** Process id of the adapter. */
  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Sends a request; resolves with the body of its response. Rejects if the adapter refuses. */
  request<T = unknown>(command: string, args: object = {}): Promise<T> {
    const seq = this.sequence++;
    const request = { seq, type: 'request', command, arguments: args };
    return new Promise((resolve, reject) => {
      this.answers.set(seq, ({ success, message, body }) => {
        if (success) resolve(body as T);
        else reject(new Error(`${command}: ${message ?? 'refused'}`));
      });
      this.child.stdin?.write(encodeMessage(request));
    });
  }

  /** The next event of a name from now on. */
  event(name: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no event ${name} came`)), PATIENCE_MS);
      const settle = (body: unknown): void => {
        clearTimeout(timer);
        resolve(body);
      };
      this.waiting.push({ event: name, resolve: settle });
    });
  }

  /** initialize, launch, breakpoints on functions, configurationDone. */
  async launch(configuration: object, functions: readonly string[] = []): Promise<void> {
    this.capabilities = await this.request('initialize', { adapterID: 'ringside', supportsVariableType: true });
    const initialized = this.event('initialized');
    await Promise.all([initialized, this.request('launch', configuration)]);
    await this.request('setFunctionBreakpoints', { breakpoints: functions.map((name) => ({ name })) });
    await this.request('configurationDone');
  }

  async close(): Promise<void> {
    await kill(this.child);
  }

  private receive(message: DebugProtocol.ProtocolMessage): void {
    if (message.type === 'response') {
      const response = message as DebugProtocol.Response;
      const answer = this.answers.get(response.request_seq);
      this.answers.delete(response.request_seq);
      answer?.(response);
    }
    if (message.type !== 'event') return;
    const { event, body } = message as Omit<DebugProtocol.Event, 'body'> & { body: unknown };
    const heard = this.waiting.filter((one) => one.event === event);
    this.waiting = this.waiting.filter((one) => one.event !== event);
    for (const { resolve } of heard) resolve(body);
  }
}
