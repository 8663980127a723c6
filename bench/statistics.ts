/** The middle one of some values, the mean of the two in the middle of an even number. @throws RangeError without any */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/**
 * The value below which so many percent of the values lie, interpolated between two neighbours.
 * @param percent 0-100
 * @throws RangeError without any value
 */
export function percentile(values: readonly number[], percent: number): number {
  if (values.length === 0) throw new RangeError('there are no values');
  const sorted = [...values].sort((a, b) => a - b);
  const place = ((sorted.length - 1) * percent) / 100;
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

/** @throws RangeError without any value, or with one that is not positive */
export function geometricMean(values: readonly number[]): number {
  if (values.length === 0 || values.some((value) => !(value > 0))) throw new RangeError('only positive values');
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
