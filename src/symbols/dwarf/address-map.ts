import type { Range } from './range-lists';

/**
 * Finds the owners of an address among ranges that may overlap: sorted by start, with the largest end so far beside each,
 * which tells how far back a search has to look.
 */
export class AddressMap<T> {
  private readonly starts: Float64Array;
  private readonly ends: Float64Array;
  private readonly maxEnds: Float64Array;
  private readonly owners: T[];

  constructor(entries: { range: Range; owner: T }[]) {
    const sorted = [...entries].sort((a, b) => a.range.start - b.range.start || b.range.end - a.range.end);
    this.starts = Float64Array.from(sorted, (entry) => entry.range.start);
    this.ends = Float64Array.from(sorted, (entry) => entry.range.end);
    this.owners = sorted.map((entry) => entry.owner);
    this.maxEnds = new Float64Array(sorted.length);
    let max = 0;
    this.ends.forEach((end, i) => {
      max = Math.max(max, end);
      this.maxEnds[i] = max;
    });
  }

  /** The owner of the range with the highest start that holds the address: the innermost of nested ones. */
  find(address: number): T | undefined {
    for (let i = lastNotAbove(this.starts, address); i >= 0 && this.maxEnds[i] > address; i--) {
      if (this.ends[i] > address) return this.owners[i];
    }
    return undefined;
  }

  /** All owners of the address, innermost first, each once. */
  findAll(address: number): T[] {
    const found = new Set<T>();
    for (let i = lastNotAbove(this.starts, address); i >= 0 && this.maxEnds[i] > address; i--) {
      if (this.ends[i] > address) found.add(this.owners[i]);
    }
    return [...found];
  }

  /** All owners with the ranges they have, by start. */
  *entries(): Generator<{ range: Range; owner: T }> {
    for (let i = 0; i < this.owners.length; i++) {
      yield { range: { start: this.starts[i], end: this.ends[i] }, owner: this.owners[i] };
    }
  }
}

/** Index of the last element of a sorted array that is not above `value`, or -1. */
export function lastNotAbove(sorted: ArrayLike<number>, value: number, from = 0, to = sorted.length): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1 >= from ? low - 1 : -1;
}
