import type {
  ChannelName,
  ExitCostRow,
  ExitCostsResponse,
  ExitTimelineResponse,
  GroupBy,
  WhatIf,
} from '../../../debugAdapter/protocol';

/** All groupings of `ringside/exitCosts`, with their names in the panel. */
export const GROUPINGS: Record<GroupBy, string> = {
  reason: 'Reason',
  port: 'Port',
  hypercall: 'Hypercall',
  line: 'Source line',
  function: 'Function',
  channel: 'Channel',
};

/** Ways into the hypervisor that costs can be reckoned for. */
export const WHAT_IF: Record<WhatIf['channel'], string> = { trap: 'trap', vtx: 'VT-x exit', hypercall: 'hypercall' };

/** What rows can be narrowed to, with the names in the panel. */
export const CHANNELS: Record<ChannelName | 'mixed', string> = {
  direct: 'Direct',
  trap: 'Trap',
  vtx: 'VT-x exit',
  hypercall: 'Hypercall',
  mixed: 'Mixed',
};

export const GROUP_KEYS = Object.keys(GROUPINGS) as GroupBy[];

/** A finished run, kept to set another beside it. */
export interface Run {
  id: string;
  /** Name of the launch configuration. */
  name: string;
  mode: string;
  /** Milliseconds since 1970. */
  startedAt: number;
  totals: ExitCostsResponse['totals'];
  rows: Partial<Record<GroupBy, ExitCostRow[]>>;
}

/** `paravirt-io · trap · 14:03:22`: how a run is called in lists. */
export function runLabel(run: Pick<Run, 'name' | 'mode' | 'startedAt'>): string {
  const time = new Date(run.startedAt).toLocaleTimeString('en-GB');
  return [run.name, run.name.includes(run.mode) ? '' : run.mode, time].filter(Boolean).join(' · ');
}

/** What the panel shows of the current run. */
export interface CostView {
  session: { name: string; state: 'running' | 'stopped' | 'ended'; startedAt: number };
  groupBy: GroupBy;
  sinceLastStop: boolean;
  costs: ExitCostsResponse;
  timeline: ExitTimelineResponse;
}
