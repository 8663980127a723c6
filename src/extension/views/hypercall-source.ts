import * as vscode from 'vscode';
import type { ExitCostRow, ExitLogArguments, ExitLogEntry, HypercallsResponse } from '../../../debugAdapter/protocol';
import { Refresher } from '../sessions/refresher';
import type { RingsideSession } from '../sessions/ringside-session';
import type { SessionRegistry } from '../sessions/session-registry';
import type { AccessRow } from './access-rows';
import type { AccessSource } from './access-view';
import { callFilterProblem, parseCallFilter } from './call-filter';
import { activityRows, CALL_GROUPINGS, type CallGrouping, callRows, filterEntries, placeRows } from './hypercall-rows';

/** Calls that the list of the latest shows. */
const LATEST = 200;
/** Exits that are looked through for them at first, and at most in one question. */
const FEW = 4 * LATEST;
const MOST = 10_000;

/** What is known of the calls of one session. */
interface Known {
  session: RingsideSession;
  calls?: HypercallsResponse;
  line?: ExitCostRow[];
  function?: ExitCostRow[];
  /** Calls of the log, oldest first. */
  latest: ExitLogEntry[];
}

/** What the Hypercalls view shows: calls of the interface, places that call, or the latest calls. */
export class HypercallSource implements AccessSource {
  private grouping: CallGrouping = 'call';
  private filter = '';
  private known: Known | undefined;
  private visible = false;
  private available: boolean | undefined;
  private readonly refresher = new Refresher(() => this.fetch());
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly subscription: vscode.Disposable;

  readonly onDidChange = this.changed.event;
  readonly filterPrompt =
    'Words that a row shows, abi:NAME, call:NAME or port:NUMBER; calls that were not made are searched too';

  constructor(private readonly registry: SessionRegistry) {
    this.subscription = registry.onDidChange(({ session, what }) => {
      if (session !== registry.current) return;
      // At the end there is one chance, and it is now: see SessionRegistry.follow.
      if (what === 'state' && session.state === 'ended') void this.fetchAll(session);
      else if (this.visible) this.refresher.trigger();
    });
  }

  get ordered(): boolean {
    return this.grouping === 'activity';
  }

  rows(): AccessRow[] | undefined {
    const { known } = this;
    if (!known || known.session !== this.registry.current) return undefined;
    const filter = parseCallFilter(this.filter);
    switch (this.grouping) {
      case 'call':
        return known.calls && callRows(known.calls.calls, filter);
      case 'line':
      case 'function': {
        const rows = known[this.grouping];
        return rows && placeRows(rows, known.latest, this.grouping, filter);
      }
      case 'activity':
        return activityRows(filterEntries(known.latest, filter).slice(-LATEST).reverse());
    }
  }

  describe(used: number): string {
    if (this.grouping === 'activity') return used > 0 ? 'latest' : '';
    const what = { call: 'used', line: 'lines', function: 'functions' }[this.grouping];
    return used > 0 ? `${used} ${what}` : '';
  }

  setVisible(visible: boolean): void {
    this.visible = visible;
    if (visible) this.refresher.trigger();
  }

  setFilter(filter: string): void {
    this.filter = filter;
    this.refresher.trigger();
  }

  filterProblem(filter: string): string | undefined {
    return callFilterProblem(filter);
  }

  /** Asks how the view should be grouped. */
  async askGrouping(): Promise<void> {
    const choices = Object.entries(CALL_GROUPINGS).map(([grouping, label]) => ({
      label,
      grouping: grouping as CallGrouping,
      description: grouping === this.grouping ? 'current' : undefined,
    }));
    const picked = await vscode.window.showQuickPick(choices, { title: 'Group Hypercalls' });
    if (!picked) return;
    this.grouping = picked.grouping;
    this.refresher.trigger();
    this.changed.fire();
  }

  dispose(): void {
    this.subscription.dispose();
    this.refresher.dispose();
    this.changed.dispose();
  }

  /** Asks for what the present grouping needs. */
  private async fetch(): Promise<void> {
    const session = this.registry.current;
    if (!session) return;
    if (session.state !== 'ended') {
      const { grouping } = this;
      const known = this.of(session);
      try {
        const calls = session.request('ringside/hypercalls');
        if (grouping === 'line' || grouping === 'function')
          known[grouping] = (await session.request('ringside/exitCosts', { groupBy: grouping })).rows;
        if (grouping !== 'call') known.latest = await this.latestCalls(session);
        this.take(known, await calls);
      } catch {
        // Starting, or just ended: what was shown stays.
      }
    }
    this.changed.fire();
  }

  /** Asks for everything; all requests leave before this returns to its caller. */
  private async fetchAll(session: RingsideSession): Promise<void> {
    const known = this.of(session);
    const start = Math.max(0, session.nextSequence - FEW);
    const [calls, line, byFunction, log] = await Promise.allSettled([
      session.request('ringside/hypercalls'),
      session.request('ringside/exitCosts', { groupBy: 'line' }),
      session.request('ringside/exitCosts', { groupBy: 'function' }),
      session.request('ringside/exitLog', { start, count: FEW, filter: { hypercall: '*' } }),
    ] as const);
    if (line.status === 'fulfilled') known.line = line.value.rows;
    if (byFunction.status === 'fulfilled') known.function = byFunction.value.rows;
    if (log.status === 'fulfilled' && log.value.entries.length > 0) known.latest = log.value.entries;
    if (calls.status === 'fulfilled') this.take(known, calls.value);
    this.changed.fire();
  }

  private of(session: RingsideSession): Known {
    if (this.known?.session !== session) this.known = { session, latest: [] };
    return this.known;
  }

  /** Also tells the welcome text whether there are hypercalls at all. */
  private take(known: Known, calls: HypercallsResponse): void {
    known.calls = calls;
    if (calls.available === this.available) return;
    this.available = calls.available;
    void vscode.commands.executeCommand('setContext', 'ringside.hypercalls.available', calls.available);
  }

  /** The latest calls that the filter asks for: farther and farther back, until there are enough. */
  private async latestCalls(session: RingsideSession): Promise<ExitLogEntry[]> {
    const { abi, port, call, words } = parseCallFilter(this.filter);
    const text = words[0] ?? (call !== undefined && /\D/.test(call) ? call : undefined);
    const filter: ExitLogArguments['filter'] = { hypercall: '*', abi, port, text };
    for (let span = FEW; ; span *= 4) {
      const start = Math.max(0, session.nextSequence - span);
      let { entries, first } = await session.request('ringside/exitLog', { start, count: MOST, filter });
      // An answer has the oldest: on to the latest.
      while (entries.length === MOST) {
        const next = entries[MOST - 1].sequence + 1;
        ({ entries, first } = await session.request('ringside/exitLog', { start: next, count: MOST, filter }));
      }
      const wanted = filterEntries(entries, parseCallFilter(this.filter));
      if (wanted.length >= LATEST || start <= first) return wanted;
    }
  }
}
