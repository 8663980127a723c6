import type { DebugProtocol } from '@vscode/debugprotocol';
import type { LaunchConfiguration, Session } from '../src/debugger/types';
import type { LaunchEnvironment } from './environment';
import { messageOf } from './errors';
import { OutputStreams } from './events/output';
import { SerialRouter } from './events/serial';
import { SessionEvents } from './events/session-events';
import { guarded } from './host/guarded';
import { launchConfiguration } from './launch/configuration';

/** One launched guest: its session, where its output goes, and its events on their way to the client. */
export class Debuggee {
  private constructor(
    readonly session: Session,
    readonly noDebug: boolean,
    private readonly output: OutputStreams,
    private readonly serial: SerialRouter,
    private readonly events: SessionEvents,
  ) {}

  /** @throws LaunchError with a message for the user; nothing is left open then */
  static async launch(attributes: unknown, noDebug: boolean, environment: LaunchEnvironment): Promise<Debuggee> {
    const { engine, client, send } = environment;
    let launched: Debuggee | undefined;
    const host = guarded(environment.host, (error) => {
      launched?.fail(error);
      environment.onFailed();
    });
    const configuration: LaunchConfiguration = launchConfiguration(attributes, { com1: client.defaultSerialSide });
    if (noDebug) Object.assign(configuration, { stopOnEntry: false, breakpoints: [] });
    const output = new OutputStreams((body: DebugProtocol.OutputEvent['body']) => send('output', body));
    const serial = SerialRouter.open(configuration.serial, host, output, (body) => send('ringside/serialOutput', body));
    try {
      const session = await engine.createSession(configuration, host);
      const events = new SessionEvents(session, output, serial, environment);
      launched = new Debuggee(session, noDebug, output, serial, events);
      return launched;
    } catch (error) {
      serial.close();
      throw error;
    }
  }

  /** Starts the guest once the client's breakpoints are in place. */
  start(): void {
    this.session.run();
  }

  /** Ends the guest at the user's wish: says so, and that the debuggee is gone. */
  terminate(): void {
    if (!this.session.ended) this.events.announceEnd('Ended by request.');
    this.dispose();
  }

  /** Ends the guest because of a fault of Ringside's own. */
  private fail(error: unknown): void {
    this.events.stop();
    this.output.line('important', `Ringside failed and ended the guest: ${messageOf(error)}. Please report this.`);
    this.events.announceEnd('Ended by a failure of Ringside.');
    this.dispose();
  }

  /** Lets the guest run on with nobody watching. `onEnd` is called when it is over. */
  detach(onEnd: () => void): void {
    if (this.session.ended) {
      this.dispose();
      onEnd();
      return;
    }
    this.events.detach(() => {
      this.dispose();
      onEnd();
    });
    this.session.setSpecBreakpoints([]);
    this.session.setInstructionBreakpoints([]);
    this.session.setExceptionFilters([]);
    for (const path of this.session.inspect.sources()) this.session.setSourceBreakpoints(path, []);
    this.session.run();
  }

  /** Ends the session without a word and closes what is open. */
  dispose(): void {
    this.events.stop();
    this.session.dispose();
    this.output.end();
    this.serial.close();
  }
}
