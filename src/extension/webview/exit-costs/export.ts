import type { Column } from './columns';
import { type Line, sumLines } from './table-model';

/** The table as aligned text, as `perf kvm stat report` prints it. */
export function toText(heading: string, columns: Column[], lines: Line[]): string {
  const sums = sumLines(lines);
  const cells = [
    columns.map((column) => column.title),
    ...lines.map((line) => columns.map((column) => column.text(line))),
    columns.map((column) => column.total(sums)),
  ];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index].length)));
  const rows = cells.map((row) =>
    row
      .map((text, index) =>
        columns[index].align === 'right' ? text.padStart(widths[index]) : text.padEnd(widths[index]),
      )
      .join('  ')
      .trimEnd(),
  );
  return [heading, '', rows[0], ...rows.slice(1, -1), '', rows[rows.length - 1], ''].join('\n');
}

const CSV_HEADINGS = [
  'key',
  'samples',
  'samples_pct',
  'time_pct',
  'min_cycles',
  'max_cycles',
  'avg_cycles',
  'std_err_pct',
  'total_cycles',
  'transition_cycles',
  'decode_cycles',
  'device_cycles',
  'return_cycles',
  'host_ns',
  'channel',
  'function',
  'file',
  'line',
  'before_samples',
  'before_total_cycles',
  'what_if_channel',
  'what_if_cycles',
  'what_if_saved_pct',
];

/** The table as CSV (RFC 4180), full precision, one line per key. */
export function toCsv(lines: Line[]): string {
  const rows = lines.map(({ key, now, before, whatIf }) => [
    key,
    now?.samples ?? 0,
    now?.samplesPct ?? 0,
    now?.timePct ?? 0,
    now?.minCycles,
    now?.maxCycles,
    now?.avgCycles,
    now?.stdErrPct,
    now?.totalCycles ?? 0,
    now?.parts.transition ?? 0,
    now?.parts.decode ?? 0,
    now?.parts.device ?? 0,
    now?.parts.return ?? 0,
    now?.hostNs ?? 0,
    (now ?? before)?.channel,
    (now ?? before)?.source?.function,
    (now ?? before)?.source?.path,
    (now ?? before)?.source?.line,
    before?.samples,
    before?.totalCycles,
    whatIf?.channel,
    whatIf?.cycles,
    whatIf?.savedPct,
  ]);
  return [CSV_HEADINGS, ...rows].map((row) => row.map(csvCell).join(',')).join('\r\n') + '\r\n';
}

function csvCell(value: string | number | undefined): string {
  const text = value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
