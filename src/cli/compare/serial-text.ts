import { diffLines, type LineDifference } from './diff';

/**
 * What a guest printed, without what depends on time: a number after `~`, as the sample guests mark it, and
 * how far it is padded. Line ends come as `\n`.
 */
export function timelessLines(serial: string): string[] {
  return serial
    .replaceAll('\r', '')
    .replace(/~\d+ */g, '~ ')
    .replace(/\n$/, '')
    .split('\n');
}

/** How the output of one run agrees with that of another. */
export interface Agreement {
  /** In words, for the table: `same`, `same but for numbers`, `2 lines differ`. */
  verdict: string;
  differences: LineDifference[];
}

const withoutNumbers = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replace(/(0x[0-9a-f]+|\d+)/gi, '#'));

/** Compares two outputs. */
export function agreement(reference: string, other: string): Agreement {
  const left = timelessLines(reference);
  const right = timelessLines(other);
  const differences = diffLines(left, right);
  if (differences.length === 0) return { verdict: 'same', differences };
  if (diffLines(withoutNumbers(left), withoutNumbers(right)).length === 0) {
    return { verdict: 'same but for numbers', differences };
  }
  const count = Math.max(
    differences.filter(({ side }) => side === 'left').length,
    differences.filter(({ side }) => side === 'right').length,
  );
  return { verdict: `${count} ${count === 1 ? 'line differs' : 'lines differ'}`, differences };
}
