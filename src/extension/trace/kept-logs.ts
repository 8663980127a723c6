import * as vscode from 'vscode';
import type { ExitLogEntry } from '../../../debugAdapter/protocol';
import type { RingsideSession } from '../sessions/ringside-session';
import type { SessionRegistry } from '../sessions/session-registry';
import { PAGE, type SessionLog } from './session-log';

/**
 * Keeps the last exits of the session that ended last: its adapter cannot be asked any more. How many is a setting,
 * for they all have to come over at the end of each session.
 */
export class KeptLogs implements vscode.Disposable {
  private kept: { session: RingsideSession; log: Promise<SessionLog | undefined> } | undefined;
  private readonly subscription: vscode.Disposable;

  constructor(registry: SessionRegistry) {
    this.subscription = registry.onDidChange(({ session, what }) => {
      if (what !== 'state' || session.state !== 'ended') return;
      if (this.kept?.session !== session) this.kept = { session, log: lastLog(session) };
    });
  }

  /** The log of a session that has ended; undefined if nothing was kept, or another one has ended since. */
  async of(session: RingsideSession): Promise<SessionLog | undefined> {
    return this.kept?.session === session ? this.kept.log : undefined;
  }

  dispose(): void {
    this.subscription.dispose();
  }
}

/** All requests leave before this returns to its caller: afterwards the adapter is gone. */
async function lastLog(session: RingsideSession): Promise<SessionLog | undefined> {
  const keep = vscode.workspace.getConfiguration('ringside.exitTrace').get('keep', PAGE);
  if (keep <= 0) return undefined;
  const costs = session.request('ringside/exitCosts', { groupBy: 'line' });
  const pages: Promise<ExitLogEntry[]>[] = [];
  // The number of exits is known as of the last event, a fifth of a second ago: hence one page more.
  const first = Math.max(0, session.nextSequence - keep);
  for (let start = first; start < session.nextSequence + PAGE; start += PAGE) {
    pages.push(session.request('ringside/exitLog', { start, count: PAGE }).then(({ entries }) => entries));
  }
  try {
    const { rows, totals } = await costs;
    // Pages overlap where the log had already lost the beginning of one.
    const bySequence = new Map((await Promise.all(pages)).flat().map((entry) => [entry.sequence, entry]));
    const entries = [...bySequence.values()].sort((a, b) => a.sequence - b.sequence).slice(-keep);
    return { entries, lines: rows, totals };
  } catch {
    // Stopped by the user, the adapter may not answer any more.
    return undefined;
  }
}
