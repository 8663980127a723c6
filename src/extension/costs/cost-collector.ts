import * as vscode from 'vscode';
import type { ExitCostsResponse, ExitLogResponse, GroupBy } from '../../../debugAdapter/protocol';
import { Refresher } from '../sessions/refresher';
import type { RingsideSession } from '../sessions/ringside-session';
import type { SessionRegistry } from '../sessions/session-registry';
import { type CostView, GROUP_KEYS, type Run } from './run';
import type { RunHistory } from './run-history';
import { Timeline } from './timeline';

/** The most log entries that one request asks for (debugAdapter/protocol.ts). */
const LOG_ENTRIES = 10_000;

/** What is known of one session's exits. */
interface Collected {
  session: RingsideSession;
  timeline: Timeline;
  /** Exits before this one are in the timeline. */
  timelineNext: number;
  timelineCycles: number;
  view?: CostView;
  /** Set when the session has ended. */
  final?: Run;
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
    if (!entry) {
      entry = { session, timeline: new Timeline(), timelineNext: 0, timelineCycles: 0 };
      this.collected.set(session, entry);
    }
    return entry;
  }

  private async refresh(): Promise<void> {
    const session = this.registry.current;
    if (!session) return;
    const entry = this.of(session);
    if (entry.final) {
      this.showFinal(entry);
      return;
    }
    const groupBy = this.group;
    const sinceLastStop = this.onlySinceStop;
    try {
      const [costs] = await Promise.all([
        session.request('ringside/exitCosts', { groupBy, ...(sinceLastStop ? { since: session.resumedAt } : {}) }),
        this.fetchTimeline(entry),
      ]);
      if (!entry.final) this.setView(entry, groupBy, sinceLastStop, costs);
    } catch {
      // Starting, or ended in between: `finish` has the last word.
    }
  }

  /** One request that brings the timeline up to date: the log if it has all exits since, else their sums. */
  private async fetchTimeline(entry: Collected): Promise<void> {
    const { session } = entry;
    // A restart counts from zero again.
    if (session.nextSequence < entry.timelineNext)
      Object.assign(entry, { timeline: new Timeline(), timelineNext: 0, timelineCycles: 0 });
    const start = entry.timelineNext;
    if (session.nextSequence - start <= LOG_ENTRIES) {
      const log = await session.request('ringside/exitLog', { start, count: LOG_ENTRIES });
      if (entry.timelineNext === start) addLog(entry, log);
    } else {
      const costs = await session.request('ringside/exitCosts', { groupBy: 'channel', since: start });
      if (entry.timelineNext === start) addSums(entry, costs);
    }
  }

  private setView(entry: Collected, groupBy: GroupBy, sinceLastStop: boolean, costs: ExitCostsResponse): void {
    const { name, state, startedAt } = entry.session;
    entry.view = {
      session: { name, state, startedAt: startedAt.getTime() },
      groupBy,
      sinceLastStop,
      costs,
      timeline: entry.timeline.data,
    };
    if (entry.session === this.registry.current) this.changed.fire();
  }

  /** All requests leave before this returns to its caller: afterwards the adapter is gone. */
  private async finish(session: RingsideSession): Promise<void> {
    const entry = this.of(session);
    if (entry.final) return;
    const timeline = this.fetchTimeline(entry).catch(() => undefined);
    const answers = GROUP_KEYS.map((groupBy) => session.request('ringside/exitCosts', { groupBy }));
    const settled = await Promise.allSettled(answers);
    await timeline;
    const rows: Run['rows'] = {};
    let totals = entry.view?.costs.totals;
    settled.forEach((answer, index) => {
      if (answer.status !== 'fulfilled') return;
      rows[GROUP_KEYS[index]] = answer.value.rows;
      totals = answer.value.totals;
    });
    if (rows.channel && totals) addMissing(entry, rows.channel, totals.guestCycles);
    // Stopped by the user: the adapter did not answer any more. What was seen last is kept.
    if (entry.view && !rows[entry.view.groupBy] && !entry.view.sinceLastStop)
      rows[entry.view.groupBy] = entry.view.costs.rows;
    if (!totals) return;
    const run: Run = {
      id: session.id,
      name: session.name,
      mode: totals.mode,
      startedAt: session.startedAt.getTime(),
      totals,
      rows,
    };
    entry.final = run;
    if (totals.samples > 0) await this.history.add(run);
    this.showFinal(entry);
  }

  private showFinal(entry: Collected): void {
    const { rows, totals } = entry.final!;
    // "Since the last stop" needs the adapter; after the end the whole run is shown.
    this.setView(entry, this.group, false, { rows: rows[this.group] ?? [], totals });
  }
}

function addLog(entry: Collected, { entries, next }: ExitLogResponse): void {
  for (const { channel, time, cost } of entries) {
    entry.timeline.add(channel, time, cost.transition + cost.decode + cost.device + cost.return);
    entry.timelineCycles = Math.max(entry.timelineCycles, time);
  }
  const last = entries.at(-1);
  entry.timelineNext = last ? last.sequence + 1 : Math.max(entry.timelineNext, next);
}

function addSums(entry: Collected, { rows, totals }: ExitCostsResponse): void {
  for (const row of rows) {
    if (row.channel !== 'mixed')
      entry.timeline.spread(row.channel, entry.timelineCycles, totals.guestCycles, row.totalCycles);
  }
  entry.timelineCycles = totals.guestCycles;
  entry.timelineNext = totals.nextSequence;
}

/** At the end: what neither the log nor earlier sums held is spread over the time since the last exit in the log. */
function addMissing(entry: Collected, channels: ExitCostsResponse['rows'], guestCycles: number): void {
  const from = entry.timelineCycles < guestCycles ? entry.timelineCycles : 0;
  for (const { channel, totalCycles } of channels) {
    if (channel === 'mixed') continue;
    const missing = totalCycles - entry.timeline.sum(channel);
    // Less than a cycle is only rounding.
    if (missing >= 1) entry.timeline.spread(channel, from, guestCycles, missing);
  }
}
