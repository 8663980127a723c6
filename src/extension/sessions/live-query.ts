import * as vscode from 'vscode';
import type { CustomRequests } from '../../../debugAdapter/protocol';
import { Refresher } from './refresher';
import type { RingsideSession } from './ringside-session';
import type { SessionRegistry } from './session-registry';

/** Names of the custom requests that take no arguments and describe the present state of the guest. */
export type QueryName = 'ringside/ports';

/**
 * The answer to a custom request of the current session, asked for again when counts or state change. While nobody
 * looks (`enabled` is false) nothing is asked, except once at the end of the session: that answer is kept.
 */
export class LiveQuery<K extends QueryName> implements vscode.Disposable {
  private answer: { session: RingsideSession; value: CustomRequests[K]['response'] } | undefined;
  private isEnabled = false;
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly refresher = new Refresher(() => this.fetch());
  private readonly subscription: vscode.Disposable;

  readonly onDidChange = this.changed.event;

  constructor(
    private readonly registry: SessionRegistry,
    private readonly request: K,
  ) {
    this.subscription = registry.onDidChange(({ session, what }) => {
      if (session !== registry.current) return;
      // At the end there is one chance, and it is now: see SessionRegistry.follow.
      if (what === 'state' && session.state === 'ended') void this.fetch();
      else if (this.isEnabled) this.refresher.trigger();
    });
  }

  /** The last answer of the current session. */
  get value(): CustomRequests[K]['response'] | undefined {
    return this.answer && this.answer.session === this.registry.current ? this.answer.value : undefined;
  }

  set enabled(enabled: boolean) {
    this.isEnabled = enabled;
    if (enabled) this.refresher.trigger();
  }

  dispose(): void {
    this.subscription.dispose();
    this.refresher.dispose();
    this.changed.dispose();
  }

  private async fetch(): Promise<void> {
    const session = this.registry.current;
    if (!session) return;
    try {
      const value = (await session.debugSession.customRequest(this.request)) as CustomRequests[K]['response'];
      if (session === this.registry.current) this.answer = { session, value };
    } catch {
      // The session is starting or has just ended: what was shown stays.
    }
    this.changed.fire();
  }
}
