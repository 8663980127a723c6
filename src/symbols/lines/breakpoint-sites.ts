import { END_SEQUENCE } from './line-program';
import type { Statement } from './line-index';

/**
 * Chooses where a breakpoint on a line goes: the lowest statement of the line in each copy of the code. Copies are the
 * functions and inlined calls that `copyOf` tells apart; code outside functions (assembly) is one copy per run of rows.
 * @param statements all of one line of one file
 */
export function lowestPerCopy(
  statements: readonly Statement[],
  copyOf: (address: number) => object | undefined,
): Statement[] {
  const lowest = new Map<object, Statement>();
  let previous: Statement | undefined;
  let run: object = {};
  for (const statement of statements) {
    if (!previous || !sameRun(previous, statement)) run = {};
    previous = statement;
    const copy = copyOf(statement.address) ?? run;
    const known = lowest.get(copy);
    if (!known || statement.address < known.address) lowest.set(copy, statement);
  }
  const sites = [...lowest.values()].sort((a, b) => a.address - b.address);
  return sites.filter((site, i) => i === 0 || site.address !== sites[i - 1].address);
}

/** Whether nothing but the same line lies between two statements of a table. */
function sameRun(a: Statement, b: Statement): boolean {
  if (a.table !== b.table || b.row < a.row) return false;
  const { lines, flags, files } = a.table.rows;
  for (let row = a.row + 1; row <= b.row; row++) {
    if (flags[row] & END_SEQUENCE || lines[row] !== a.line || files[row] !== files[a.row]) return false;
  }
  return true;
}
