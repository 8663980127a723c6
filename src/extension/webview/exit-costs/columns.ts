import type { WhatIf } from '../../../../debugAdapter/protocol';
import { WHAT_IF } from '../../costs/run';
import { averageText, changeText, integerText, nanosecondsText, percentText, savedText } from './format';
import { type ColumnId, type Line, type Sums, sourceText } from './table-model';

/** A column of the table. */
export interface Column {
  id: ColumnId;
  /** Heading. */
  title: string;
  /** What the heading means, for its tooltip. */
  hint: string;
  align: 'left' | 'right';
  /** Text of a cell; the column `parts` draws a bar instead. */
  text: (line: Line) => string;
  /** Text in the totals line. */
  total: (sums: Sums) => string;
  /** Only beside an earlier run. */
  comparison?: boolean;
}

const none = (): string => '';

/** The columns in order: those of `perf kvm stat` first. */
export const COLUMNS: readonly Column[] = [
  {
    id: 'key',
    title: 'Key',
    hint: 'What the exits are grouped by',
    align: 'left',
    text: ({ key }) => key,
    total: () => 'Total',
  },
  {
    id: 'samples',
    title: 'Samples',
    hint: 'Number of exits',
    align: 'right',
    text: ({ now }) => integerText(now?.samples ?? 0),
    total: ({ samples }) => integerText(samples),
  },
  {
    id: 'samplesPct',
    title: 'Samples%',
    hint: 'Share of all exits',
    align: 'right',
    text: ({ now }) => percentText(now?.samplesPct ?? 0),
    total: ({ samplesPct }) => percentText(samplesPct),
  },
  {
    id: 'timePct',
    title: 'Time%',
    hint: 'Share of the modelled time of all exits',
    align: 'right',
    text: ({ now }) => percentText(now?.timePct ?? 0),
    total: ({ timePct }) => percentText(timePct),
  },
  {
    id: 'min',
    title: 'Min',
    hint: 'Cheapest exit, cycles',
    align: 'right',
    text: ({ now }) => (now ? integerText(now.minCycles) : ''),
    total: ({ min }) => integerText(min),
  },
  {
    id: 'max',
    title: 'Max',
    hint: 'Dearest exit, cycles',
    align: 'right',
    text: ({ now }) => (now ? integerText(now.maxCycles) : ''),
    total: ({ max }) => integerText(max),
  },
  {
    id: 'avg',
    title: 'Avg',
    hint: 'Average exit in cycles, with its standard error',
    align: 'right',
    text: ({ now }) => (now ? averageText(now.avgCycles, now.stdErrPct) : ''),
    total: ({ samples, totalCycles }) => (samples > 0 ? integerText(totalCycles / samples) : ''),
  },
  {
    id: 'change',
    title: 'Change',
    hint: 'How the cost in all differs from the earlier run',
    align: 'right',
    text: ({ now, before }) => changeText(before?.totalCycles ?? 0, now?.totalCycles ?? 0),
    total: ({ beforeTotal, totalCycles }) => changeText(beforeTotal, totalCycles),
    comparison: true,
  },
  {
    id: 'beforeTotal',
    title: 'Cost before',
    hint: 'Cycles in all in the earlier run',
    align: 'right',
    text: ({ before }) => integerText(before?.totalCycles ?? 0),
    total: ({ beforeTotal }) => integerText(beforeTotal),
    comparison: true,
  },
  {
    id: 'beforeAvg',
    title: 'Avg before',
    hint: 'Average exit in the earlier run, cycles',
    align: 'right',
    text: ({ before }) => (before ? integerText(before.avgCycles) : ''),
    total: ({ beforeSamples, beforeTotal }) => (beforeSamples > 0 ? integerText(beforeTotal / beforeSamples) : ''),
    comparison: true,
  },
  {
    id: 'beforeSamples',
    title: 'Samples before',
    hint: 'Number of exits in the earlier run',
    align: 'right',
    text: ({ before }) => integerText(before?.samples ?? 0),
    total: ({ beforeSamples }) => integerText(beforeSamples),
    comparison: true,
  },
  {
    id: 'channel',
    title: 'Channel',
    hint: 'How the accesses reached the hypervisor',
    align: 'left',
    text: ({ now, before }) => (now ?? before)?.channel ?? '',
    total: none,
  },
  {
    id: 'parts',
    title: 'Cost',
    hint: 'Cycles in all, by part: transition, decode, device, return',
    align: 'left',
    text: ({ now }) => integerText(now?.totalCycles ?? 0),
    total: ({ totalCycles }) => integerText(totalCycles),
  },
  {
    id: 'host',
    title: 'Host',
    hint: 'What the exits really cost on this computer',
    align: 'right',
    text: ({ now }) => (now ? nanosecondsText(now.hostNs) : ''),
    total: ({ hostNs }) => nanosecondsText(hostNs),
  },
  { id: 'source', title: 'Source', hint: 'The costliest place', align: 'left', text: sourceText, total: none },
];

/** What the rows would have cost by another channel. */
function whatIfColumns(channel: WhatIf['channel']): Column[] {
  const basis =
    `Accesses to ports, had all of them come by ${WHAT_IF[channel]}: reckoned from their counts and the figures of ` +
    'the cost profile, not run. Other exits stay as they are';
  return [
    {
      id: 'whatIf',
      title: `By ${WHAT_IF[channel]}`,
      hint: `Cycles in all. ${basis}`,
      align: 'right',
      text: ({ whatIf }) => (whatIf ? integerText(whatIf.cycles) : ''),
      total: ({ whatIfCycles }) => integerText(whatIfCycles),
    },
    {
      id: 'saved',
      title: 'Saved',
      hint: `What that is less than the real cost. ${basis}`,
      align: 'right',
      text: ({ whatIf }) => (whatIf ? savedText(whatIf.savedPct) : ''),
      total: ({ whatIfCycles, totalCycles }) =>
        totalCycles > 0 ? savedText((100 * (totalCycles - whatIfCycles)) / totalCycles) : '',
    },
  ];
}

/**
 * Columns to show.
 * @param comparing whether there is an earlier run
 * @param channel that costs are reckoned for
 */
export function visibleColumns(comparing: boolean, channel: WhatIf['channel'] = 'hypercall'): Column[] {
  const columns = COLUMNS.filter((column) => comparing || !column.comparison);
  const behind = columns.findIndex(({ id }) => id === 'avg') + 1;
  return [...columns.slice(0, behind), ...whatIfColumns(channel), ...columns.slice(behind)];
}
