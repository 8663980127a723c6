import type { Statement } from './line-index';
import { END_SEQUENCE } from './line-program';

/** Tells apart the copies that a program has of a line. Both give undefined for code outside functions (assembly). */
export interface Copies {
  /** The innermost function or inlined call that an address is in. */
  copyAt(address: number): object | undefined;
  /** The function that an address is in, whatever is inlined there. */
  functionAt(address: number): object | undefined;
}

/**
 * Chooses where a breakpoint on a line goes: the lowest statement of the line in each copy of the code. Outside functions
 * each run of rows is a copy.
 *
 * Where a line begins with an inlined call, its row has no code of its own: the next row, for the same address, is inside
 * the call. Such a row counts only if its function has no better one.
 * @param statements all of one line of one file
 */
export function breakpointSites(statements: readonly Statement[], copies: Copies): Statement[] {
  const own = statements.filter((statement) => !isSuperseded(statement));
  const sites = lowestPerCopy(own, (address) => copies.copyAt(address));
  const functions = new Set(sites.map(({ address }) => copies.functionAt(address)));
  const others = statements.filter(
    (statement) => isSuperseded(statement) && !functions.has(copies.functionAt(statement.address)),
  );
  sites.push(...lowestPerCopy(others, (address) => copies.functionAt(address)));
  sites.sort((a, b) => a.address - b.address);
  return sites.filter((site, i) => i === 0 || site.address !== sites[i - 1].address);
}

function isSuperseded({ table, row, address, line }: Statement): boolean {
  const { addresses, files, lines, flags } = table.rows;
  const next = row + 1;
  if (addresses[next] !== address || flags[next] & END_SEQUENCE) return false;
  return lines[next] !== line || files[next] !== files[row];
}

function lowestPerCopy(statements: readonly Statement[], copyOf: (address: number) => object | undefined): Statement[] {
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
  return [...lowest.values()];
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
