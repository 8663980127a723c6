/** A table of Markdown; all columns but the first are aligned to the right. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const [heading, ...body] = rows;
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = heading.map((_cell, column) => (column === 0 ? '---' : '---:'));
  return [line(heading), line(rule), ...body.map(line)].join('\n');
}

/** Digits in groups of three: `34 841 621`. The blank does not break. */
export function digits(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, '\u00a0');
}

/** One digit after the point; empty where there is no value. */
export function percent(value: number | undefined): string {
  // Adding 0 makes 0 of -0.
  return value === undefined ? '' : `${(Math.round(value * 10) / 10 + 0).toFixed(1)} %`;
}

export function times(value: number | undefined): string {
  return value === undefined ? '' : `${value.toFixed(2)} x`;
}

const begin = (name: string): string => `<!-- generated: ${name} -->`;
const END = '<!-- end of generated -->';

/**
 * Puts generated sections into a page, each between its marks.
 * @throws RangeError if the page has no such mark
 */
export function fillIn(page: string, sections: Readonly<Record<string, string>>): string {
  return Object.entries(sections).reduce((text, [name, section]) => {
    const start = text.indexOf(begin(name));
    const end = text.indexOf(END, start);
    if (start < 0 || end < 0) throw new RangeError(`the page has no section ${begin(name)} … ${END}`);
    return `${text.slice(0, start)}${begin(name)}\n\n${section}\n\n${text.slice(end)}`;
  }, page);
}
