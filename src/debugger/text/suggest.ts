/** Damerau-Levenshtein distance (adjacent swaps count one), given up as `limit + 1` once it must exceed `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    let best = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, beforePrevious[j - 2] + 1);
      }
      current.push(cost);
      best = Math.min(best, cost);
    }
    if (best > limit) return limit + 1;
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length];
}

/** The candidate that a mistyped word most likely means; undefined if none is near. Case counts half. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const limit = word.length <= 3 ? 1 : 2;
  const lower = word.toLowerCase();
  let found: string | undefined;
  let best = limit + 1;
  for (const candidate of candidates) {
    if (candidate === word) continue;
    const folded = candidate.toLowerCase();
    const distance = folded === lower ? 0.5 : editDistance(lower, folded, limit);
    if (distance < best) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

/** ` Did you mean "x"?`, or nothing if no candidate is near: to be appended to a message. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const candidate = nearest(word, candidates);
  return candidate === undefined ? '' : ` Did you mean "${candidate}"?`;
}
