import * as vscode from 'vscode';
import type { ExitLogEntry } from '../../../debugAdapter/protocol';
import type { RingsideSession } from '../sessions/ringside-session';
import type { SessionRegistry } from '../sessions/session-registry';
import type { SessionLog } from './session-log';

/** As in package.json. */
const DEFAULT_KEEP = 2000;
/** Exits asked for at once at the end, and how many more there may be than the last event has told. */
const SMALL_PAGE = 500;
const LATE = 2 * SMALL_PAGE;

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

/**
 * All requests leave before this returns to its caller: afterwards the adapter is gone. VS Code waits for a moment
 * only, so the latest exits come first, in small pages: what does not come in time is missing at the far end.
 */
async function lastLog(session: RingsideSession): Promise<SessionLog | undefined> {
  const keep = vscode.workspace.getConfiguration('ringside.exitTrace').get('keep', DEFAULT_KEEP);
  if (keep <= 0) return undefined;
  const costs = session.request('ringside/exitCosts', { groupBy: 'line' });
  const pages: Promise<ExitLogEntry[]>[] = [];
  const oldest = Math.max(0, session.nextSequence - keep);
  // The number of exits is known as of the last event, a fifth of a second ago: hence some pages more.
  for (let start = session.nextSequence + LATE; start > oldest - SMALL_PAGE; start -= SMALL_PAGE) {
    const from = Math.max(oldest, start);
    const page = session.request('ringside/exitLog', { start: from, count: SMALL_PAGE });
    pages.push(page.then(({ entries }) => entries));
  }
  const [sums, ...answers] = await Promise.allSettled([costs, ...pages] as const);
  // Stopped by the user, the adapter may not answer any more.
  if (sums.status === 'rejected') return undefined;
  const bySequence = new Map<number, ExitLogEntry>();
  for (const answer of answers) {
    if (answer.status === 'rejected') break;
    for (const entry of answer.value) bySequence.set(entry.sequence, entry);
  }
  const entries = [...bySequence.values()].sort((a, b) => a.sequence - b.sequence).slice(-keep);
  return { entries, lines: sums.value.rows, totals: sums.value.totals };
}
