import type { DebugProtocol } from '@vscode/debugprotocol';
import type {
  BreakpointStatus,
  EndEvent,
  OutputChannel,
  Session,
  SessionEvent,
  StopEvent,
} from '../../src/debugger/types';
import type { LaunchEnvironment } from '../environment';
import { breakpointForClient } from '../presentation/breakpoint';
import { THREAD_ID } from '../presentation/thread';
import type { OutputCategory, OutputStreams } from './output';
import type { SerialRouter } from './serial';

/** Where the engine's text goes, but for serial output: that depends on the UART. */
const CATEGORIES: Readonly<Record<Exclude<OutputChannel, 'serial'>, OutputCategory>> = {
  console: 'stdout',
  log: 'console',
  message: 'stderr',
};

type Surroundings = Pick<LaunchEnvironment, 'client' | 'breakpoints' | 'send' | 'onMoved'>;

type EventOf<T extends SessionEvent['type']> = Extract<SessionEvent, { type: T }>;

/** Passes the events of a session on to the client. */
export class SessionEvents {
  private listening = true;
  private onEnd: (() => void) | undefined;

  private readonly handlers: { [T in SessionEvent['type']]: (event: EventOf<T>) => void } = {
    stopped: ({ stop }) => this.stopped(stop),
    continued: () => this.continued(),
    // The client sees a running guest, which is what a sleeping one is.
    idle: () => {},
    output: (event) => this.outputArrived(event),
    ended: ({ end }) => this.ended(end),
    breakpoint: ({ breakpoint }) => this.breakpointChanged(this.surroundings.breakpoints.forClient(breakpoint)),
    exits: () => this.surroundings.send('ringside/exitsChanged', this.session.inspect.exitCount()),
  };

  constructor(
    private readonly session: Session,
    private readonly output: OutputStreams,
    private readonly serial: SerialRouter,
    private readonly surroundings: Surroundings,
  ) {
    session.onEvent((event) => {
      if (this.listening) (this.handlers[event.type] as (event: SessionEvent) => void)(event);
    });
  }

  /** No further event is passed on. */
  stop(): void {
    this.listening = false;
  }

  /** Nobody is there to see a stop any more: the guest goes on after each, and `onEnd` is called at its end. */
  detach(onEnd: () => void): void {
    this.onEnd = onEnd;
  }

  breakpointChanged(status: BreakpointStatus): void {
    this.surroundings.send('breakpoint', {
      reason: 'changed',
      breakpoint: breakpointForClient(status, this.surroundings.client),
    } satisfies DebugProtocol.BreakpointEvent['body']);
  }

  /** Says in one line how it ended, and that there is no debuggee any more. */
  announceEnd(text: string, exitCode?: number): void {
    this.listening = false;
    this.output.end();
    this.serial.flush();
    this.output.line('console', text);
    if (exitCode !== undefined) this.surroundings.send('exited', { exitCode });
    this.surroundings.send('terminated');
  }

  private stopped(stop: StopEvent): void {
    if (this.onEnd) {
      this.session.run();
      return;
    }
    this.output.flush();
    this.serial.flush();
    this.surroundings.onMoved();
    this.surroundings.send('stopped', {
      reason: stop.reason,
      description: stop.text,
      text: stop.text,
      threadId: THREAD_ID,
      allThreadsStopped: true,
      hitBreakpointIds: stop.breakpointIds.map((id) => this.surroundings.breakpoints.clientId(id)),
    } satisfies DebugProtocol.StoppedEvent['body']);
  }

  private continued(): void {
    this.surroundings.onMoved();
    this.surroundings.send('continued', { threadId: THREAD_ID, allThreadsContinued: true });
  }

  private outputArrived({ channel, port, data }: EventOf<'output'>): void {
    if (channel === 'serial') this.serial.write(port ?? 'com1', data);
    else this.output.push(channel, CATEGORIES[channel], data);
  }

  private ended(end: EndEvent): void {
    this.surroundings.onMoved();
    this.announceEnd(end.text, end.exitCode);
    this.onEnd?.();
  }
}
