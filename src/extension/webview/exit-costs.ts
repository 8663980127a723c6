import 'uplot/dist/uPlot.min.css';
import './exit-costs/style.css';
import type { WhatIf } from '../../../debugAdapter/protocol';
import type { PanelMessage, ShowMessage } from '../costs/messages';
import { GROUPINGS, runLabel } from '../costs/run';
import { visibleColumns } from './exit-costs/columns';
import { partsLegend } from './exit-costs/cost-parts';
import { element, setText } from './exit-costs/dom';
import { toCsv, toText } from './exit-costs/export';
import { keyChart } from './exit-costs/key-chart';
import { ProfileCard } from './exit-costs/profile-card';
import { loadState, saveState, vscodeApi } from './exit-costs/state';
import { CostTable } from './exit-costs/table';
import { channelLines, filterLines, joinRuns, type Line, sortLines } from './exit-costs/table-model';
import { onThemeChange } from './exit-costs/theme';
import { Tiles } from './exit-costs/tiles';
import { TimelineChart } from './exit-costs/timeline-chart';
import { Toolbar } from './exit-costs/toolbar';

const state = loadState();
let latest: ShowMessage | undefined;

const toolbar = new Toolbar(state, {
  group: (groupBy) => choose({ groupBy }),
  compare: (otherRun) => choose({ otherRun }),
  sinceLastStop: (sinceLastStop) => choose({ sinceLastStop }),
  filter: (filter) => change({ filter }),
  channel: (channel) => change({ channel }),
  whatIf: (whatIf) => change({ whatIf }),
  freeze: (frozen) => change({ frozen: frozen ? latest : undefined }),
  charts: (showCharts) => change({ showCharts }),
  copy,
  run: (command) => send({ type: 'run', command }),
});
const tiles = new Tiles();
const timeline = new TimelineChart();
const table = new CostTable({
  sort: (column) => {
    const { order } = state;
    const descending = order.column === column ? !order.descending : !['key', 'channel', 'source'].includes(column);
    change({ order: { column, descending } });
  },
  open: (source) => send({ type: 'open', source }),
});

const profile = new ProfileCard();
const status = element('p', { class: 'status', role: 'status' });
const keysTitle = element('h2');
const keys = element('div');
const charts = element(
  'div',
  { class: 'charts' },
  element('section', { class: 'card' }, element('h2', {}, 'Exit cycles over guest time'), timeline.node),
  element('section', { class: 'card' }, keysTitle, partsLegend(), keys),
);
const empty = element('div', { class: 'empty' });
const content = element('div', { class: 'content' }, tiles.node, charts, table.node, profile.node);
document.getElementById('app')!.append(toolbar.node, status, content, empty);

window.addEventListener('message', ({ data }: MessageEvent<ShowMessage>) => {
  latest = data;
  if (state.frozen === undefined) render();
});
onThemeChange(() => timeline.rebuild());
// Asking for the choice also asks for the data.
choose({});

function send(message: PanelMessage): void {
  vscodeApi.postMessage(message);
}

function change(part: Partial<typeof state>): void {
  Object.assign(state, part);
  saveState(state);
  toolbar.mark(state);
  render();
}

/** A change that needs other data. Frozen data cannot show it: so this goes live again. */
function choose(part: Partial<typeof state>): void {
  if (Object.keys(part).length > 0) part.frozen = undefined;
  Object.assign(state, part);
  saveState(state);
  toolbar.mark(state);
  const { groupBy, sinceLastStop, otherRun } = state;
  send({ type: 'choose', groupBy, sinceLastStop, otherRun });
  if (state.frozen) render();
}

/** The channel that costs are reckoned for: what was chosen, or else the way that the guest did not take. */
function whatIfOf({ view }: ShowMessage): WhatIf['channel'] {
  return state.whatIf ?? (view?.costs.totals.mode === 'vmi' ? 'trap' : 'hypercall');
}

/** The lines on screen: joined, filtered, sorted. */
function shownLines(message: ShowMessage): Line[] {
  const before = message.other?.rows[message.view!.groupBy];
  const lines = joinRuns(message.view!.costs.rows, before, whatIfOf(message));
  return sortLines(filterLines(channelLines(lines, state.channel), state.filter), state.order);
}

function render(): void {
  const message = state.frozen ?? latest;
  if (!message) return;
  const { view, other, runs } = message;
  toolbar.offerRuns(latest?.runs ?? runs, state.otherRun);
  content.hidden = view === undefined;
  empty.hidden = view !== undefined;
  status.hidden = view === undefined;
  if (!view) {
    empty.replaceChildren(...emptyTexts(message.starting).map((text) => element('p', {}, text)));
    return;
  }
  setText(status, statusText(message));
  const whatIf = whatIfOf(message);
  toolbar.markWhatIf(whatIf);
  tiles.show(view.costs.totals, whatIf);
  profile.show(view.costs.totals.costProfile, message.profile);
  charts.hidden = !state.showCharts;
  const grouping = GROUPINGS[view.groupBy];
  const lines = shownLines(message);
  if (state.showCharts) {
    timeline.show(view.timeline);
    setText(keysTitle, `Cost by ${grouping.toLowerCase()}${other ? ', earlier run below' : ''}`);
    keys.replaceChildren(keyChart(lines));
  }
  table.show(lines, state.order, grouping, other !== undefined, whatIf);
}

function statusText({ view, other }: ShowMessage): string {
  const { session, sinceLastStop, costs } = view!;
  const { mode, costProfile } = costs.totals;
  const parts = [runLabel({ ...session, mode }), `cycles of ${costProfile}`];
  parts.push(state.frozen ? 'frozen' : { running: 'live', stopped: 'stopped', ended: 'ended' }[session.state]);
  if (sinceLastStop) parts.push('exits since the last stop');
  if (other) parts.push(`beside ${runLabel(other)}`);
  return parts.join('  ·  ');
}

function emptyTexts(starting: string | undefined): string[] {
  if (starting) return [`${starting} is starting …`];
  return [
    'No guest has run yet.',
    'Press F5 on a guest image or its source: every exit it makes is counted and priced here.',
  ];
}

function copy(format: 'text' | 'csv'): void {
  const message = state.frozen ?? latest;
  if (!message?.view) return;
  const lines = shownLines(message);
  const comparing = message.other !== undefined;
  const text =
    format === 'csv'
      ? toCsv(lines)
      : toText(
          `${GROUPINGS[message.view.groupBy]}: ${statusText(message)}`,
          visibleColumns(comparing, state.whatIf),
          lines,
        );
  send({ type: 'copy', text, what: `${lines.length} rows as ${format === 'csv' ? 'CSV' : 'text'}` });
}
