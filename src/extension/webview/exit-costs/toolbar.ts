import '@vscode-elements/elements/dist/vscode-option/index.js';
import '@vscode-elements/elements/dist/vscode-single-select/index.js';
import '@vscode-elements/elements/dist/vscode-textfield/index.js';
import '@vscode-elements/elements/dist/vscode-toolbar-button/index.js';
import '@vscode-elements/elements/dist/vscode-icon/index.js';
import type { VscodeSingleSelect } from '@vscode-elements/elements/dist/vscode-single-select/index.js';
import type { VscodeTextfield } from '@vscode-elements/elements/dist/vscode-textfield/index.js';
import type { VscodeToolbarButton } from '@vscode-elements/elements/dist/vscode-toolbar-button/index.js';
import type { ExitCostRow, GroupBy, WhatIf } from '../../../../debugAdapter/protocol';
import { CHANNELS, GROUP_KEYS, GROUPINGS, WHAT_IF } from '../../costs/run';
import { element } from './dom';
import type { PanelState } from './state';

/** What the toolbar tells the panel. */
export interface ToolbarActions {
  group: (groupBy: GroupBy) => void;
  compare: (run: string | undefined) => void;
  filter: (text: string) => void;
  channel: (channel: ExitCostRow['channel'] | '') => void;
  whatIf: (channel: WhatIf['channel']) => void;
  freeze: (frozen: boolean) => void;
  sinceLastStop: (only: boolean) => void;
  charts: (shown: boolean) => void;
  copy: (format: 'text' | 'csv') => void;
  run: (command: 'saveExitTrace' | 'openCpuProfile') => void;
}

const WHAT_IF_CHOICES = Object.entries(WHAT_IF).map(([channel, name]): [string, string] => [channel, `By ${name}`]);

/** The controls above the table. */
export class Toolbar {
  readonly node: HTMLElement;
  private readonly group: VscodeSingleSelect;
  private readonly compare: VscodeSingleSelect;
  private readonly filter: VscodeTextfield;
  private readonly freeze: VscodeToolbarButton;
  private readonly since: VscodeToolbarButton;
  private readonly charts: VscodeToolbarButton;
  private readonly whatIf: VscodeSingleSelect;
  private offered = '';

  constructor(state: PanelState, actions: ToolbarActions) {
    this.group = select(
      'Group by',
      GROUP_KEYS.map((key) => [key, GROUPINGS[key]]),
      state.groupBy,
    );
    this.group.addEventListener('change', () => actions.group(this.group.value as GroupBy));
    this.compare = select('Compare with', [['', 'No comparison']], '');
    this.compare.addEventListener('change', () => actions.compare(this.compare.value || undefined));
    const channel = select('Channel', [['', 'All channels'], ...Object.entries(CHANNELS)], state.channel);
    channel.addEventListener('change', () => actions.channel(channel.value as ExitCostRow['channel'] | ''));
    this.whatIf = select('What if', WHAT_IF_CHOICES, state.whatIf ?? 'hypercall');
    this.whatIf.addEventListener('change', () => actions.whatIf(this.whatIf.value as WhatIf['channel']));
    this.filter = element(
      'vscode-textfield',
      { placeholder: 'Filter', 'aria-label': 'Filter rows', value: state.filter, class: 'filter' },
      element('vscode-icon', { slot: 'content-before', name: 'filter', 'aria-hidden': 'true' }),
    );
    this.filter.addEventListener('input', () => actions.filter(this.filter.value));
    this.freeze = toggle('debug-pause', 'Freeze: keep what is shown while the guest goes on', (on) =>
      actions.freeze(on),
    );
    this.since = toggle('debug-step-over', 'Only exits since the last stop', (on) => actions.sinceLastStop(on));
    this.charts = toggle('graph', 'Charts', (on) => actions.charts(on));
    this.node = element(
      'div',
      { class: 'toolbar', role: 'toolbar', 'aria-label': 'Exit cost controls' },
      field('Group by', this.group),
      field('Compare with', this.compare),
      field('What if', this.whatIf),
      field('Channel', channel),
      this.filter,
      element(
        'span',
        { class: 'buttons' },
        this.freeze,
        this.since,
        this.charts,
        button('copy', 'Copy as text', () => actions.copy('text')),
        button('table', 'Copy as CSV', () => actions.copy('csv')),
        button('flame', 'Open as CPU profile', () => actions.run('openCpuProfile')),
        button('save-as', 'Save exit trace…', () => actions.run('saveExitTrace')),
      ),
    );
    this.mark(state);
  }

  /** Shows which toggles are on. */
  mark(state: PanelState): void {
    this.freeze.checked = state.frozen !== undefined;
    this.since.checked = state.sinceLastStop;
    this.charts.checked = state.showCharts;
  }

  /** Shows which channel costs are reckoned for. */
  markWhatIf(channel: WhatIf['channel']): void {
    if (this.whatIf.value !== channel) this.whatIf.value = channel;
  }

  /** Offers the earlier runs to compare with. */
  offerRuns(runs: { id: string; label: string }[], chosen: string | undefined): void {
    const print = JSON.stringify([runs, chosen]);
    if (print === this.offered) return;
    this.offered = print;
    const options = [{ id: '', label: 'No comparison' }, ...runs];
    this.compare.replaceChildren(
      ...options.map(({ id, label }) =>
        element('vscode-option', { value: id, selected: id === (chosen ?? '') ? '' : undefined }, label),
      ),
    );
  }
}

function select(label: string, options: [string, string][], chosen: string): VscodeSingleSelect {
  return element(
    'vscode-single-select',
    { label, 'aria-label': label },
    ...options.map(([value, text]) =>
      element('vscode-option', { value, selected: value === chosen ? '' : undefined }, text),
    ),
  );
}

function field(title: string, control: HTMLElement): HTMLElement {
  return element(
    'span',
    { class: 'field' },
    element('span', { class: 'title', 'aria-hidden': 'true' }, title),
    control,
  );
}

function button(icon: string, label: string, run: () => void): VscodeToolbarButton {
  const made = element('vscode-toolbar-button', { icon, label, title: label });
  made.addEventListener('click', run);
  return made;
}

function toggle(icon: string, label: string, run: (on: boolean) => void): VscodeToolbarButton {
  const made = element('vscode-toolbar-button', { icon, label, title: label, toggleable: '' });
  made.addEventListener('change', () => run(made.checked));
  return made;
}
