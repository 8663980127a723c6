export type Align = 'left' | 'right';

/**
 * Text in columns, two spaces apart, each as wide as its widest cell. No trailing blanks.
 * @param alignment of each column; right if left out
 */
export function formatTable(rows: readonly (readonly string[])[], alignment: readonly Align[] = []): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => [...(row[column] ?? '')].length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const padding = ' '.repeat(widths[column] - [...cell].length);
          return alignment[column] === 'left' ? cell + padding : padding + cell;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** A whole number with its thousands apart: `1,234,567`. */
export function thousands(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

export function percent(value: number): string {
  return `${value.toFixed(2)}%`;
}
