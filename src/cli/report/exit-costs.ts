import type { ExitCosts, SourcePlace } from '../../debugger/inspection/types';
import { type Align, formatTable, percent, thousands } from './table';

const COLUMNS = ['Samples', 'Samples%', 'Time%', 'Min Time', 'Max Time', 'Avg time'];
const ALIGNMENT: readonly Align[] = ['left', ...Array<Align>(COLUMNS.length + 1).fill('right'), 'left', 'left'];

/** `main.c:12 (uart_putc)`: the file's name is enough to find it. */
export function shortPlace(source: SourcePlace | undefined): string {
  if (!source) return '';
  const file = source.path.slice(Math.max(source.path.lastIndexOf('/'), source.path.lastIndexOf('\\')) + 1);
  return `${file}:${source.line}${source.function ? ` (${source.function})` : ''}`;
}

/** `1254.0 (  -38.23%)`: what an exit of a row would cost by hypercall on average, and how that compares. */
function byHypercall({ samples, whatIf }: ExitCosts['rows'][number]): string {
  const answer = whatIf?.find(({ channel }) => channel === 'hypercall');
  if (!answer) return '';
  const change = answer.savedPct === 0 ? 0 : -answer.savedPct;
  const sign = change > 0 ? '+' : '';
  return `${(answer.cycles / samples).toFixed(1)} ( ${`${sign}${percent(change)}`.padStart(9)} )`;
}

/** What a hypercall is in a mode: under hardware assistance there is no call without an exit. */
export function hypercallName(mode: string): string {
  return mode === 'vtx' ? 'VMCALL' : 'hypercall';
}

/** Where the time of exits goes. */
function shareOf({ charged, exitTimePct, guestCycles }: ExitCosts['totals']): string {
  const guest = `${thousands(guestCycles)} guest cycles`;
  return charged === false ? `not charged to the ${guest}` : `${percent(exitTimePct)} of ${guest}`;
}

/**
 * The exit-cost table as text: the columns of `perf kvm stat`, then what an exit would cost by hypercall, channel and
 * source. Times are cycles of the cost profile.
 * @param heading of the key column: `VM-EXIT`, `IO Port Access`
 */
export function exitCostTable(heading: string, { rows, totals }: ExitCosts): string {
  const table = formatTable(
    [
      [heading, ...COLUMNS, `By ${hypercallName(totals.mode)}`, 'Channel', 'Source'],
      ...rows.map((row) => [
        row.key,
        thousands(row.samples),
        percent(row.samplesPct),
        percent(row.timePct),
        thousands(row.minCycles),
        thousands(row.maxCycles),
        `${row.avgCycles.toFixed(1)} ( +-${row.stdErrPct.toFixed(2).padStart(6)}% )`,
        byHypercall(row),
        row.channel,
        shortPlace(row.source),
      ]),
    ],
    ALIGNMENT,
  );
  const total = `Total samples: ${thousands(totals.samples)}, total events handled time: ${thousands(totals.totalCycles)} cycles (${totals.costProfile}), ${shareOf(totals)}.`;
  return `${table}\n\n${total}\n`;
}
