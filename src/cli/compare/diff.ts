/** Texts longer than this (in lines, after equal ends are taken off) are compared as wholes. */
const LONGEST = 2000;

/** A line that only one of two texts has. */
export interface LineDifference {
  side: 'left' | 'right';
  line: string;
}

/** Lines that must be taken out of `left` and put in to get `right`: a longest-common-subsequence diff. */
export function diffLines(left: readonly string[], right: readonly string[]): LineDifference[] {
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start++;
  let end = 0;
  const shorter = Math.min(left.length, right.length) - start;
  while (end < shorter && left[left.length - 1 - end] === right[right.length - 1 - end]) end++;
  const a = left.slice(start, left.length - end);
  const b = right.slice(start, right.length - end);
  const all = (lines: readonly string[], side: LineDifference['side']): LineDifference[] =>
    lines.map((line) => ({ side, line }));
  if (Math.max(a.length, b.length) > LONGEST) return [...all(a, 'left'), ...all(b, 'right')];
  return backtrack(a, b, commonLengths(a, b));
}

/** `lengths[i][j]`: length of the longest common subsequence of `a` from `i` and `b` from `j`. */
function commonLengths(a: readonly string[], b: readonly string[]): Uint16Array[] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i][j] = a[i] === b[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  return lengths;
}

function backtrack(a: readonly string[], b: readonly string[], lengths: readonly Uint16Array[]): LineDifference[] {
  const differences: LineDifference[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++;
      j++;
    } else if (j >= b.length || (i < a.length && lengths[i + 1][j] >= lengths[i][j + 1])) {
      differences.push({ side: 'left', line: a[i++] });
    } else {
      differences.push({ side: 'right', line: b[j++] });
    }
  }
  return differences;
}
