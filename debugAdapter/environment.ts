import type { BreakpointStore } from './breakpoint-store';
import type { Client } from './client';
import type { AdapterHost, Engine } from './engine';

/** Sends one event to the client. */
export type SendEvent = (event: string, body?: object) => void;

/** What a guest is launched with, beside its configuration. */
export interface LaunchEnvironment {
  host: AdapterHost;
  engine: Engine;
  client: Client;
  breakpoints: BreakpointStore;
  send: SendEvent;
  /** Called when the guest has moved: frame and variable handles are stale. */
  onMoved: () => void;
  /** Called when a fault of Ringside's own has ended the guest. */
  onFailed: () => void;
}
