import type { ExitCosts, SourcePlace } from '../../debugger/inspection/types';
import { type Align, formatTable, percent, thousands } from './table';

const COLUMNS = ['Samples', 'Samples%', 'Time%', 'Min Time', 'Max Time', 'Avg time', 'Channel', 'Source'];
const ALIGNMENT: readonly Align[] = ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'left', 'left'];

/** `main.c:12 (uart_putc)`: the file's name is enough to find it. */
export function shortPlace(source: SourcePlace | undefined): string {
  if (!source) return '';
  const file = source.path.slice(Math.max(source.path.lastIndexOf('/'), source.path.lastIndexOf('\\')) + 1);
  return `${file}:${source.line}${source.function ? ` (${source.function})` : ''}`;
}

/**
 * The exit-cost table as text: the columns of `perf kvm stat`, then channel and source. Times are cycles
 * of the cost profile.
 * @param heading of the key column: `VM-EXIT`, `IO Port Access`
 */
export function exitCostTable(heading: string, { rows, totals }: ExitCosts): string {
  const table = formatTable(
    [
      [heading, ...COLUMNS],
      ...rows.map((row) => [
        row.key,
        thousands(row.samples),
        percent(row.samplesPct),
        percent(row.timePct),
        thousands(row.minCycles),
        thousands(row.maxCycles),
        `${row.avgCycles.toFixed(1)} ( +-${row.stdErrPct.toFixed(2).padStart(6)}% )`,
        row.channel,
        shortPlace(row.source),
      ]),
    ],
    ALIGNMENT,
  );
  const share = `${percent(totals.exitTimePct)} of ${thousands(totals.guestCycles)} guest cycles`;
  const total = `Total samples: ${thousands(totals.samples)}, total events handled time: ${thousands(totals.totalCycles)} cycles (${totals.costProfile}), ${share}.`;
  return `${table}\n\n${total}\n`;
}
