import type { DebugProtocol } from '@vscode/debugprotocol';
import { DebugAdapter } from '../../../debugAdapter/adapter';
import type { Engine, HostFactory } from '../../../debugAdapter/engine';
import type { CustomEvents, CustomRequests } from '../../../debugAdapter/protocol';

/** Bodies of responses by command. */
interface Bodies {
  initialize: DebugProtocol.Capabilities;
  threads: DebugProtocol.ThreadsResponse['body'];
  stackTrace: DebugProtocol.StackTraceResponse['body'];
  scopes: DebugProtocol.ScopesResponse['body'];
  variables: DebugProtocol.VariablesResponse['body'];
  setVariable: DebugProtocol.SetVariableResponse['body'];
  setExpression: DebugProtocol.SetExpressionResponse['body'];
  evaluate: DebugProtocol.EvaluateResponse['body'];
  completions: DebugProtocol.CompletionsResponse['body'];
  setBreakpoints: DebugProtocol.SetBreakpointsResponse['body'];
  setFunctionBreakpoints: DebugProtocol.SetFunctionBreakpointsResponse['body'];
  setInstructionBreakpoints: DebugProtocol.SetInstructionBreakpointsResponse['body'];
  setExceptionBreakpoints: { breakpoints: DebugProtocol.Breakpoint[] };
  breakpointLocations: DebugProtocol.BreakpointLocationsResponse['body'];
  exceptionInfo: DebugProtocol.ExceptionInfoResponse['body'];
  readMemory: NonNullable<DebugProtocol.ReadMemoryResponse['body']>;
  writeMemory: NonNullable<DebugProtocol.WriteMemoryResponse['body']>;
  disassemble: NonNullable<DebugProtocol.DisassembleResponse['body']>;
  modules: DebugProtocol.ModulesResponse['body'];
  loadedSources: DebugProtocol.LoadedSourcesResponse['body'];
  source: DebugProtocol.SourceResponse['body'];
}
type CustomBodies = { [C in keyof CustomRequests]: CustomRequests[C]['response'] };
type BodyOf<C extends string> = C extends keyof Bodies
  ? Bodies[C]
  : C extends keyof CustomBodies
    ? CustomBodies[C]
    : unknown;

/** Bodies of events by name. */
interface EventBodies extends CustomEvents {
  stopped: DebugProtocol.StoppedEvent['body'];
  continued: DebugProtocol.ContinuedEvent['body'];
  output: DebugProtocol.OutputEvent['body'];
  breakpoint: DebugProtocol.BreakpointEvent['body'];
  exited: DebugProtocol.ExitedEvent['body'];
  terminated: undefined;
  initialized: undefined;
  invalidated: DebugProtocol.InvalidatedEvent['body'];
  memory: DebugProtocol.MemoryEvent['body'];
}

export type ErrorBody = { error: DebugProtocol.Message };
type EventWith<B> = Omit<DebugProtocol.Event, 'body'> & { body: B };
type Response = Omit<DebugProtocol.Response, 'body'> & { body?: unknown };

/** A client in the same process: sends requests to an adapter and keeps all that comes back. */
export class Client {
  readonly adapter: DebugAdapter;
  readonly log: DebugProtocol.ProtocolMessage[] = [];
  private sequence = 1;
  private readonly waiting = new Map<number, (response: Response) => void>();
  private readonly watchers = new Set<() => void>();
  private readonly taken = new Map<string, number>();

  constructor(engine: Engine, createHost: HostFactory) {
    this.adapter = new DebugAdapter(engine, createHost);
    this.adapter.onDidSendMessage((message) => {
      this.log.push(JSON.parse(JSON.stringify(message)) as DebugProtocol.ProtocolMessage);
      if (message.type === 'response') {
        const response = message as Response;
        this.waiting.get(response.request_seq)?.(response);
        this.waiting.delete(response.request_seq);
      }
      for (const watcher of [...this.watchers]) watcher();
    });
  }

  /** Sends a request; resolves with its response, successful or not. */
  ask(command: string, args?: unknown): Promise<Response> {
    const seq = this.sequence++;
    return new Promise((resolve) => {
      this.waiting.set(seq, resolve);
      this.adapter.handleMessage({ seq, type: 'request', command, arguments: args } as DebugProtocol.Request);
    });
  }

  /** Sends a request that must succeed; resolves with its body. */
  async body<C extends string>(command: C, args?: unknown): Promise<BodyOf<C>> {
    const response = await this.ask(command, args);
    if (!response.success) throw new Error(`${command}: ${response.message}`);
    return response.body as BodyOf<C>;
  }

  /** Sends a request that must fail; resolves with its message. */
  async refusal(command: string, args?: unknown): Promise<string> {
    const response = await this.ask(command, args);
    if (response.success) throw new Error(`${command} succeeded`);
    return response.message ?? '';
  }

  get unanswered(): number {
    return this.waiting.size;
  }

  events<E extends keyof EventBodies>(name: E): EventWith<EventBodies[E]>[] {
    const events = this.log.filter((message) => message.type === 'event') as EventWith<EventBodies[E]>[];
    return events.filter(({ event }) => event === name);
  }

  /** The next event of a name that has not been waited for yet. */
  async event<E extends keyof EventBodies>(name: E): Promise<EventBodies[E]> {
    const seen = this.taken.get(name) ?? 0;
    this.taken.set(name, seen + 1);
    while (this.events(name).length <= seen) {
      await new Promise<void>((resolve) => {
        const watcher = (): void => {
          this.watchers.delete(watcher);
          resolve();
        };
        this.watchers.add(watcher);
      });
    }
    return this.events(name)[seen].body;
  }

  /** Text of all output events of a category. */
  output(category: string): string {
    return this.events('output')
      .filter(({ body }) => body.category === category)
      .map(({ body }) => body.output)
      .join('');
  }

  /** initialize, launch, configurationDone. */
  async start(configuration: object, traits: object = {}): Promise<void> {
    await this.body('initialize', { adapterID: 'ringside', clientID: 'test', ...traits });
    await this.body('launch', configuration);
    await this.event('initialized');
    await this.body('configurationDone');
  }
}
