import type { ExitCostRow, WhatIf } from '../../../../debugAdapter/protocol';

/** A row of the table: this run's, the earlier run's, or both under one key. */
export interface Line {
  key: string;
  now?: ExitCostRow;
  before?: ExitCostRow;
  /** What this run's row would have cost by another channel; missing where it has nothing to do with ports. */
  whatIf?: WhatIf;
}

/** Columns that can be sorted by. The first eight are those of `perf kvm stat`, in its order. */
export type ColumnId =
  | 'key'
  | 'samples'
  | 'samplesPct'
  | 'timePct'
  | 'min'
  | 'max'
  | 'avg'
  | 'channel'
  | 'parts'
  | 'host'
  | 'source'
  | 'whatIf'
  | 'saved'
  | 'beforeSamples'
  | 'beforeAvg'
  | 'beforeTotal'
  | 'change';

export interface Order {
  column: ColumnId;
  descending: boolean;
}

/** What a line is sorted by in a column: a number, or text. */
const SORT_VALUES: Record<ColumnId, (line: Line) => number | string> = {
  key: ({ key }) => key,
  samples: ({ now }) => now?.samples ?? 0,
  samplesPct: ({ now }) => now?.samplesPct ?? 0,
  timePct: ({ now }) => now?.timePct ?? 0,
  min: ({ now }) => now?.minCycles ?? 0,
  max: ({ now }) => now?.maxCycles ?? 0,
  avg: ({ now }) => now?.avgCycles ?? 0,
  channel: ({ now, before }) => (now ?? before)?.channel ?? '',
  parts: ({ now }) => now?.totalCycles ?? 0,
  host: ({ now }) => now?.hostNs ?? 0,
  source: (line) => sourceText(line),
  whatIf: ({ whatIf, now }) => whatIf?.cycles ?? now?.totalCycles ?? 0,
  saved: ({ whatIf }) => whatIf?.savedCycles ?? 0,
  beforeSamples: ({ before }) => before?.samples ?? 0,
  beforeAvg: ({ before }) => before?.avgCycles ?? 0,
  beforeTotal: ({ before }) => before?.totalCycles ?? 0,
  change: ({ now, before }) => (now?.totalCycles ?? 0) - (before?.totalCycles ?? 0),
};

/**
 * Joins the rows of two runs by key. Without an earlier run every line has only `now`.
 * @param channel that this run's costs are reckoned for
 */
export function joinRuns(
  now: ExitCostRow[],
  before: ExitCostRow[] | undefined,
  channel: WhatIf['channel'] = 'hypercall',
): Line[] {
  const lines = new Map<string, Line>(
    now.map((row) => [row.key, { key: row.key, now: row, whatIf: whatIfOf(row, channel) }]),
  );
  for (const row of before ?? []) {
    const line = lines.get(row.key);
    if (line) line.before = row;
    else lines.set(row.key, { key: row.key, before: row });
  }
  return [...lines.values()];
}

function whatIfOf({ whatIf, operations }: ExitCostRow, channel: WhatIf['channel']): WhatIf | undefined {
  const moves = operations && operations.singles + operations.strings > 0;
  return moves ? whatIf?.find((answer) => answer.channel === channel) : undefined;
}

/** Lines whose rows came by one channel; all if it is empty. */
export function channelLines(lines: Line[], channel: ExitCostRow['channel'] | ''): Line[] {
  return channel === '' ? lines : lines.filter(({ now, before }) => (now ?? before)?.channel === channel);
}

/** Lines whose key, channel, function or file holds all words of the filter. */
export function filterLines(lines: Line[], filter: string): Line[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return lines;
  return lines.filter((line) => {
    const row = line.now ?? line.before;
    const text = `${line.key} ${row?.channel} ${row?.source?.function ?? ''} ${sourceText(line)}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export function sortLines(lines: Line[], { column, descending }: Order): Line[] {
  const value = SORT_VALUES[column];
  const sign = descending ? -1 : 1;
  return [...lines].sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    const order =
      typeof left === 'number' && typeof right === 'number'
        ? left - right
        : String(left).localeCompare(String(right), 'en', { numeric: true });
    return sign * order || a.key.localeCompare(b.key, 'en', { numeric: true });
  });
}

/** What the lines shown add up to. */
export interface Sums {
  samples: number;
  samplesPct: number;
  timePct: number;
  totalCycles: number;
  hostNs: number;
  min: number;
  max: number;
  beforeSamples: number;
  beforeTotal: number;
  /** What all would have cost by the other channel, as far as they are accesses to ports. */
  whatIfCycles: number;
}

export function sumLines(lines: Line[]): Sums {
  const sums: Sums = {
    samples: 0,
    samplesPct: 0,
    timePct: 0,
    totalCycles: 0,
    hostNs: 0,
    min: Number.POSITIVE_INFINITY,
    max: 0,
    beforeSamples: 0,
    beforeTotal: 0,
    whatIfCycles: 0,
  };
  for (const { now, before, whatIf } of lines) {
    sums.beforeSamples += before?.samples ?? 0;
    sums.beforeTotal += before?.totalCycles ?? 0;
    if (!now) continue;
    sums.samples += now.samples;
    sums.samplesPct += now.samplesPct;
    sums.timePct += now.timePct;
    sums.totalCycles += now.totalCycles;
    sums.whatIfCycles += whatIf?.cycles ?? now.totalCycles;
    sums.hostNs += now.hostNs;
    sums.min = Math.min(sums.min, now.minCycles);
    sums.max = Math.max(sums.max, now.maxCycles);
  }
  if (sums.min === Number.POSITIVE_INFINITY) sums.min = 0;
  return sums;
}

/** `uart.c:42`, or empty. */
export function sourceText({ now, before }: Line): string {
  const source = (now ?? before)?.source;
  if (!source || source.path === '') return source?.function ?? '';
  return `${source.path.split(/[\\/]/).pop()}:${source.line}`;
}
