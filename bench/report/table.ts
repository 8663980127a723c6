/** Undefined where there is nothing to be said, as of an engine that is not installed. */
export type Cell = string | number | undefined;

export interface Column {
  readonly title: string;
  /** Digits behind the point of numbers in this column (0). */
  readonly digits?: number;
}

/** One table of results. */
export interface Table {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  /** What stands below: means, what was counted, what is missing. One paragraph each. */
  readonly notes: readonly string[];
}

function text(cell: Cell, { digits = 0 }: Column): string {
  if (cell === undefined) return '-';
  return typeof cell === 'string' ? cell.replaceAll('|', '\\|') : cell.toFixed(digits);
}

/** The table as Markdown, in columns that line up in a terminal, too. Numbers stand to the right. */
export function toMarkdown({ title, columns, rows, notes }: Table): string {
  const cells = rows.map((row) => columns.map((column, index) => text(row[index], column)));
  const widths = columns.map((column, index) =>
    Math.max(3, column.title.length, ...cells.map((row) => row[index].length)),
  );
  const numeric = columns.map((_, index) => rows.every((row) => typeof row[index] !== 'string'));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => (numeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join(' | ')} |`;
  const rule = widths.map((width, i) => (numeric[i] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  const body = [line(columns.map((column) => column.title)), line(rule), ...cells.map(line)];
  return [`### ${title}`, '', ...(rows.length > 0 ? [...body, ''] : []), ...notes.flatMap((note) => [note, ''])].join(
    '\n',
  );
}
