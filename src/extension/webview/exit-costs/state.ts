import type { CostChoice, ShowMessage } from '../../costs/messages';
import type { ExitCostRow, WhatIf } from '../../../../debugAdapter/protocol';
import type { Order } from './table-model';

/** What the panel remembers while it is hidden, and across a reload of the window. */
export interface PanelState extends CostChoice {
  order: Order;
  filter: string;
  showCharts: boolean;
  /** Only rows of this channel; all if empty. */
  channel: ExitCostRow['channel'] | '';
  /** The channel that costs are reckoned for beside the real ones; the one that the guest did not take if missing. */
  whatIf?: WhatIf['channel'];
  /** What was on screen when the user froze it; missing while live. */
  frozen?: ShowMessage;
}

const INITIAL: PanelState = {
  groupBy: 'reason',
  sinceLastStop: false,
  order: { column: 'timePct', descending: true },
  filter: '',
  showCharts: true,
  channel: '',
};

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** VS Code gives this to a page once. */
export const vscodeApi = acquireVsCodeApi();

export function loadState(): PanelState {
  return { ...INITIAL, ...(vscodeApi.getState() as Partial<PanelState> | undefined) };
}

export function saveState(state: PanelState): void {
  vscodeApi.setState(state);
}
