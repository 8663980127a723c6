/** Samples kept before those that lie close together are merged. A viewer reads a million in a few seconds. */
const MOST_SAMPLES = 1_000_000;

/** Samples of a profile in order: which node, and for how long. Their number is bounded, the sum of each node is not touched. */
export class ProfileSamples {
  private nodes: number[] = [];
  private durations: number[] = [];

  /** @param limit most samples; at least twice the number of nodes is taken */
  constructor(private limit = MOST_SAMPLES) {}

  get length(): number {
    return this.nodes.length;
  }

  /** @param duration microseconds, an integer */
  add(node: number, duration: number): void {
    if (duration === 0) return;
    const last = this.nodes.length - 1;
    if (this.nodes[last] === node) {
      this.durations[last] += duration;
      return;
    }
    if (this.nodes.length >= this.limit) this.thin();
    this.nodes.push(node);
    this.durations.push(duration);
  }

  forEach(visit: (node: number, duration: number) => void): void {
    this.nodes.forEach((node, index) => visit(node, this.durations[index]));
  }

  /** Halves the number, or more: within ever larger groups of neighbours, each node keeps one sample. */
  private thin(): void {
    for (let group = 8; this.nodes.length > this.limit / 2; group *= 2) {
      this.merge(group);
      if (group >= this.nodes.length) break;
    }
    // With more nodes than that there is nothing to be merged.
    this.limit = Math.max(this.limit, 2 * this.nodes.length);
  }

  private merge(group: number): void {
    const nodes: number[] = [];
    const durations: number[] = [];
    for (let start = 0; start < this.nodes.length; start += group) {
      const sums = new Map<number, number>();
      for (let index = start; index < Math.min(start + group, this.nodes.length); index++) {
        sums.set(this.nodes[index], (sums.get(this.nodes[index]) ?? 0) + this.durations[index]);
      }
      for (const [node, duration] of sums) {
        nodes.push(node);
        durations.push(duration);
      }
    }
    this.nodes = nodes;
    this.durations = durations;
  }
}
