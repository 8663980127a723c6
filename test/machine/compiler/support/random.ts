/** Numbers that look random and are the same in every run. */
export class Random {
  constructor(private state: number) {
    this.state = (state * 2654435761) >>> 0 || 1;
  }

  /** 32 bits, unsigned. */
  word(): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return this.state >>> 0;
  }

  /** An integer from 0 up to, not including, `limit`. */
  below(limit: number): number {
    return this.word() % limit;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)];
  }

  /** A value that finds mistakes: small, at an edge, or anything. */
  value(): number {
    const edges = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
    return this.below(3) === 0 ? this.pick(edges) : this.word();
  }
}
