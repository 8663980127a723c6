import * as vscode from 'vscode';
import type { ExitTimelineResponse, GroupBy } from '../../../debugAdapter/protocol';
import { Refresher } from '../sessions/refresher';
import type { RingsideSession } from '../sessions/ringside-session';
import type { SessionRegistry } from '../sessions/session-registry';
import { type CostView, GROUP_KEYS, type Run } from './run';
import type { RunHistory } from './run-history';

const NO_TIMELINE: ExitTimelineResponse = { spanCycles: 1, channels: [] };

/** What is known of one session's exits. */
interface Collected {
  view?: CostView;
  /** Set when the session has ended: nothing can be asked any more. */
  final?: { run: Run; timeline: ExitTimelineResponse };
}

/**
 * Fetches exit costs of the current session while somebody looks, and everything once when a session ends: from then
 * on it answers out of that.
 */
export class CostCollector implements vscode.Disposable {
  private readonly collected = new WeakMap<RingsideSession, Collected>();
  private readonly refresher = new Refresher(() => this.refresh());
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly subscription: vscode.Disposable;
  private isEnabled = false;
  private group: GroupBy = 'reason';
  private onlySinceStop = false;

  readonly onDidChange = this.changed.event;

  constructor(
    private readonly registry: SessionRegistry,
    private readonly history: RunHistory,
  ) {
    this.subscription = registry.onDidChange(({ session, what }) => {
      if (what === 'state' && session.state === 'ended') void this.finish(session);
      else if (session === registry.current && this.isEnabled) this.refresher.trigger();
      // The panel has to know of a new session even before its first exit.
      if (what !== 'counts') this.changed.fire();
    });
  }

  get view(): CostView | undefined {
    const session = this.registry.current;
    return session && this.collected.get(session)?.view;
  }

  /** Whether somebody looks. */
  set enabled(enabled: boolean) {
    this.isEnabled = enabled;
    if (enabled) this.refresher.trigger();
  }

  /** Chooses what `view` shows. */
  async choose(groupBy: GroupBy, sinceLastStop: boolean): Promise<void> {
    if (groupBy === this.group && sinceLastStop === this.onlySinceStop) return;
    this.group = groupBy;
    this.onlySinceStop = sinceLastStop;
    await this.refresh();
  }

  dispose(): void {
    this.subscription.dispose();
    this.refresher.dispose();
    this.changed.dispose();
  }

  private of(session: RingsideSession): Collected {
    let entry = this.collected.get(session);
    if (!entry) this.collected.set(session, (entry = {}));
    return entry;
  }

  private async refresh(): Promise<void> {
    const session = this.registry.current;
    if (!session) return;
    const entry = this.of(session);
    if (entry.final) {
      this.showFinal(session, entry);
      return;
    }
    const groupBy = this.group;
    const sinceLastStop = this.onlySinceStop;
    try {
      const [costs, timeline] = await Promise.all([
        session.request('ringside/exitCosts', { groupBy, ...(sinceLastStop ? { since: session.resumedAt } : {}) }),
        session.request('ringside/exitTimeline'),
      ]);
      if (!entry.final) this.setView(session, entry, { groupBy, sinceLastStop, costs, timeline });
    } catch {
      // Starting, or ended in between: `finish` has the last word.
    }
  }

  private setView(session: RingsideSession, entry: Collected, view: Omit<CostView, 'session'>): void {
    const { name, state, startedAt } = session;
    entry.view = { session: { name, state, startedAt: startedAt.getTime() }, ...view };
    if (session === this.registry.current) this.changed.fire();
  }

  /** All requests leave before this returns to its caller: afterwards the adapter is gone. */
  private async finish(session: RingsideSession): Promise<void> {
    const entry = this.of(session);
    if (entry.final) return;
    const [timeline, ...groups] = await Promise.allSettled([
      session.request('ringside/exitTimeline'),
      ...GROUP_KEYS.map((groupBy) => session.request('ringside/exitCosts', { groupBy })),
    ] as const);
    const last = entry.view;
    const rows: Run['rows'] = {};
    let totals = last?.costs.totals;
    groups.forEach((answer, index) => {
      if (answer.status !== 'fulfilled') return;
      const costs = answer.value;
      rows[GROUP_KEYS[index]] = costs.rows;
      totals = costs.totals;
    });
    // Stopped by the user, the adapter may not answer any more. What was seen last is kept.
    if (last && !rows[last.groupBy] && !last.sinceLastStop) rows[last.groupBy] = last.costs.rows;
    if (!totals) return;
    const { id, name, startedAt } = session;
    const run: Run = { id, name, mode: totals.mode, startedAt: startedAt.getTime(), totals, rows };
    entry.final = {
      run,
      timeline: timeline.status === 'fulfilled' ? timeline.value : (last?.timeline ?? NO_TIMELINE),
    };
    if (totals.samples > 0) await this.history.add(run);
    this.showFinal(session, entry);
  }

  private showFinal(session: RingsideSession, entry: Collected): void {
    const { run, timeline } = entry.final!;
    const costs = { rows: run.rows[this.group] ?? [], totals: run.totals };
    // "Since the last stop" needs the adapter; after the end the whole run is shown.
    this.setView(session, entry, { groupBy: this.group, sinceLastStop: false, costs, timeline });
  }
}
