import type { DebugProtocol } from '@vscode/debugprotocol';
import { AdapterContext } from './context';
import type { Engine, HostFactory } from './engine';
import { ErrorCode, messageOf, RequestError } from './errors';
import { REQUESTS } from './requests';
import { SchemaError } from './schema/schema';
import { didYouMean } from './schema/did-you-mean';

type Listener = (message: DebugProtocol.ProtocolMessage) => void;

/**
 * The debug adapter: takes protocol messages in, gives responses and events out, whatever carries them
 * (see transport/). One adapter serves one client. It has the shape of `vscode.DebugAdapter`, so that an
 * extension can run it inline.
 */
export class DebugAdapter {
  private readonly context: AdapterContext;
  private readonly listeners = new Set<Listener>();
  private readonly closeListeners = new Set<() => void>();
  private sequence = 1;
  private silent = false;

  constructor(engine: Engine, createHost: HostFactory) {
    this.context = new AdapterContext(
      engine,
      createHost,
      (event, body) => this.send({ type: 'event', event, ...(body === undefined ? {} : { body }) }),
      () => this.closed(),
    );
  }

  /** Registers a listener for responses and events. Disposing the result removes it. */
  readonly onDidSendMessage = (listener: Listener): { dispose(): void } => {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  };

  /** Registers a listener for the end of the session: the client has disconnected and nothing runs on. */
  readonly onDidClose = (listener: () => void): { dispose(): void } => {
    this.closeListeners.add(listener);
    return { dispose: () => this.closeListeners.delete(listener) };
  };

  /** Takes one message of the client. Every request is answered once, a malformed one with an error. */
  handleMessage(message: DebugProtocol.ProtocolMessage): void {
    if (message?.type === 'request') void this.handleRequest(message as DebugProtocol.Request);
  }

  /** Tells the client of something on its stream that is no request and so cannot be answered. */
  reportMalformed(problem: string): void {
    const output = `The client sent ${problem}.\n`;
    this.send({ type: 'event', event: 'output', body: { category: 'stderr', output } });
  }

  /** True while a guest runs on that its client has left behind. */
  get detached(): boolean {
    return this.context.detached;
  }

  /** Ends the guest, without a word: the client is gone. */
  dispose(): void {
    this.silent = true;
    this.context.closed = true;
    this.context.debuggee?.dispose();
    this.context.forgetDebuggee();
    this.listeners.clear();
  }

  private async handleRequest(request: DebugProtocol.Request): Promise<void> {
    try {
      const outcome = this.run(request);
      // Only what takes time is waited for: the answers to the rest keep their order.
      const body = outcome instanceof Promise ? ((await outcome) as object | undefined) : outcome;
      this.respond(request, { success: true, ...(body === undefined ? {} : { body }) });
    } catch (error) {
      this.context.dropAfterwards();
      this.respond(request, failure(request.command, error));
      return;
    }
    try {
      this.context.runAfterwards();
    } catch (error) {
      this.send({
        type: 'event',
        event: 'output',
        body: { category: 'important', output: `${String(request.command)}: ${messageOf(error)}\n` },
      });
    }
  }

  private run(request: DebugProtocol.Request): unknown {
    const { command } = request;
    if (typeof command !== 'string') throw new RequestError(ErrorCode.BadRequest, 'command: expected a string.');
    const handler = Object.hasOwn(REQUESTS, command) ? REQUESTS[command] : undefined;
    if (!handler) {
      const hint = didYouMean(command, Object.keys(REQUESTS));
      throw new RequestError(ErrorCode.UnknownCommand, `Unknown request "${command}"${hint}.`);
    }
    return handler.run(this.context, handler.schema.check(request.arguments ?? {}, 'arguments'));
  }

  private respond(request: DebugProtocol.Request, outcome: Outcome): void {
    this.send({ type: 'response', request_seq: request.seq, command: request.command, ...outcome });
  }

  private send(message: object): void {
    if (this.silent || this.context.detached) return;
    const complete = { seq: this.sequence++, ...message } as DebugProtocol.ProtocolMessage;
    for (const listener of this.listeners) listener(complete);
  }

  private closed(): void {
    this.silent = true;
    for (const listener of this.closeListeners) listener();
  }
}

type Outcome = { success: boolean; message?: string; body?: unknown };

/** An error response. Never carries more of an error than its message. */
function failure(command: string, error: unknown): Outcome {
  const known = classify(command, error);
  const format = known.message;
  return {
    success: false,
    message: format,
    // Braces in `format` are place holders in the protocol; the text goes in by a variable.
    body: {
      error: { id: known.code, format: '{_message}', variables: { _message: format }, showUser: known.showUser },
    },
  };
}

function classify(command: string, error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof SchemaError) return new RequestError(ErrorCode.BadRequest, `${command}: ${error.message}.`);
  return new RequestError(ErrorCode.Internal, `${command} failed: ${messageOf(error)}`, true);
}
