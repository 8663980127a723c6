import type { Host, LaunchConfiguration, Session } from '../src/debugger/types';

/** A file that serial output is appended to. */
export interface Sink {
  write(data: Uint8Array): void;
  close(): void;
}

/** What the adapter needs of the world beside what the engine needs. */
export interface AdapterHost extends Host {
  /**
   * Opens a file for the output of a UART and empties it. Left out where there are no files to write.
   * @throws Error whose message names the path and says what went wrong
   */
  openSink?(path: string): Sink;
}

/** The debugger behind the adapter: src/debugger, or a stand-in in tests. */
export interface Engine {
  /** @throws LaunchError with a message for the user */
  createSession(configuration: LaunchConfiguration, host: Host): Promise<Session>;
  /** Known before any session: clients ask for them first. */
  readonly exceptionFilters: Session['exceptionFilters'];
}

/** Gives the host of one debug session. `cwd` of its launch configuration resolves relative paths. */
export type HostFactory = (cwd: string | undefined) => AdapterHost;
