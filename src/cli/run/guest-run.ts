import type { AdapterHost, Engine } from '../../../debugAdapter/engine';
import { guarded } from '../../../debugAdapter/host/guarded';
import type { Inspection } from '../../debugger/inspection/types';
import {
  type BreakpointStatus,
  type EndEvent,
  LaunchError,
  type LaunchConfiguration,
  type Session,
  type StopEvent,
} from '../../debugger/types';
import { UsageError } from '../usage-error';

/** What a command wants to hear of a run. */
export interface RunListener {
  serial(port: string, data: Uint8Array): void;
  /** Debug port 0xe9, log breakpoints, messages of the debugger. */
  text(channel: 'console' | 'log' | 'message', data: Uint8Array): void;
  /** A breakpoint stopped the guest; it goes on when this returns. */
  stopped(stop: StopEvent): void;
}

/** How a run came to its end. */
export type RunOutcome =
  | { by: 'guest'; end: EndEvent }
  /** It sleeps, and there is nobody who could wake it. */
  | { by: 'sleep' }
  | { by: 'request' };

/** One guest, run to its end without a debugger's client. */
export class GuestRun {
  private finish: (outcome: RunOutcome) => void = () => {};
  private idle = false;
  /** Sources that may still type something into the guest. */
  private typists = 0;

  private fail: (error: unknown) => void = () => {};

  private constructor(private readonly session: Session) {}

  /** @throws UsageError if the configuration cannot be launched: the message is the engine's */
  static async create(engine: Engine, configuration: LaunchConfiguration, host: AdapterHost): Promise<GuestRun> {
    let run: GuestRun | undefined;
    try {
      const session = await engine.createSession(
        configuration,
        guarded(host, (error) => run?.fail(error)),
      );
      run = new GuestRun(session);
      return run;
    } catch (error) {
      if (error instanceof LaunchError) throw new UsageError(error.message);
      throw error;
    }
  }

  get inspect(): Inspection {
    return this.session.inspect;
  }

  /** @throws UsageError for a spec that is not understood or names what the guest does not have */
  setBreakpoints(specs: readonly string[]): BreakpointStatus[] {
    const statuses = this.session.setSpecBreakpoints(specs.map((text) => ({ text })));
    statuses.forEach(({ verified, message }, index) => {
      if (!verified) throw new UsageError(`--break "${specs[index]}": ${message ?? 'this breakpoint cannot be set'}`);
    });
    return statuses;
  }

  /** Runs the guest until it ends or `stop` is called. Rejects if the engine fails. */
  run(listener: RunListener): Promise<RunOutcome> {
    return new Promise((resolve, reject: (error: unknown) => void) => {
      this.finish = resolve;
      this.fail = reject;
      this.session.onEvent((event) => {
        if (event.type === 'ended') resolve({ by: 'guest', end: event.end });
        if (event.type === 'idle') {
          this.idle = true;
          this.sleepForGood();
        }
        if (event.type === 'stopped') {
          listener.stopped(event.stop);
          this.session.run();
        }
        if (event.type === 'output') {
          if (event.channel === 'serial') listener.serial(event.port ?? 'com1', event.data);
          else listener.text(event.channel, event.data);
        }
      });
      this.session.run();
    });
  }

  /** Somebody may type: a sleeping guest is waited for until the returned function is called. */
  addTypist(): () => void {
    this.typists++;
    return () => {
      this.typists--;
      this.sleepForGood();
    };
  }

  type(port: string, data: Uint8Array): void {
    this.idle = false;
    this.session.serialInput(port, data);
  }

  private sleepForGood(): void {
    if (this.idle && this.typists === 0) this.finish({ by: 'sleep' });
  }

  /** Ends the run. The guest can still be inspected. */
  stop(): void {
    this.finish({ by: 'request' });
  }

  dispose(): void {
    this.session.dispose();
  }
}
