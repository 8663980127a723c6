import * as vscode from 'vscode';
import type { CustomRequests, ExitsChangedEvent } from '../../../debugAdapter/protocol';

/** `ended` is final: the adapter answers nothing any more. */
export type SessionState = 'running' | 'stopped' | 'ended';

type ArgumentsOf<K extends keyof CustomRequests> = CustomRequests[K]['arguments'] extends undefined
  ? []
  : [CustomRequests[K]['arguments']];

/** One debug session of type `ringside`, with its custom requests typed. */
export class RingsideSession {
  state: SessionState = 'running';
  /** Sequence number of the exit that comes next, as far as the adapter has told. */
  nextSequence = 0;
  /** `nextSequence` when the guest last went on: exits from here on happened since the stop before. */
  resumedAt = 0;
  readonly startedAt = new Date();

  constructor(readonly debugSession: vscode.DebugSession) {}

  get id(): string {
    return this.debugSession.id;
  }

  /** Launch attribute `hypervisor.mode` of this session; the adapter's default if it was left out. */
  get name(): string {
    return this.debugSession.name;
  }

  /**
   * Sends one of the requests of debugAdapter/protocol.ts.
   * @throws Error with the adapter's message, or that the session is over
   */
  async request<K extends keyof CustomRequests>(
    name: K,
    ...args: ArgumentsOf<K>
  ): Promise<CustomRequests[K]['response']> {
    return (await this.debugSession.customRequest(name, args[0])) as CustomRequests[K]['response'];
  }

  /** Takes note of `ringside/exitsChanged`. */
  noteExits(event: ExitsChangedEvent): void {
    // A restart begins at zero again.
    if (event.nextSequence < this.nextSequence) this.resumedAt = 0;
    this.nextSequence = event.nextSequence;
  }
}
