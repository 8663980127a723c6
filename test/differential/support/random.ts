/**
 * A small seeded generator (xorshift32): the same seed gives the same cases everywhere.
 */
export class Random {
  private state: number;

  constructor(seed: number) {
    // Seeds that lie close together must not give streams that do.
    this.state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0 || 1;
    for (let i = 0; i < 8; i++) this.u32();
  }

  u32(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state;
  }

  /** A whole number from 0 to `end - 1`. */
  below(end: number): number {
    return Math.floor((this.u32() / 0x100000000) * end);
  }

  /** A whole number from `first` to `last`. */
  between(first: number, last: number): number {
    return first + this.below(last - first + 1);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.u32() < probability * 0x100000000;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }
}

const EDGES = [0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 0x3f, 0x7f, 0x80, 0x81, 0xff, 0x100, 0x7fff, 0x8000, 0x8001];
const WIDE_EDGES = [0xffff, 0x10000, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff, 0xffff8000];

/** A value that is likely to be at an edge of some width: where carries, signs and overflows change. */
export function interesting(random: Random): number {
  switch (random.below(8)) {
    case 0:
    case 1:
      return random.pick(EDGES);
    case 2:
      return random.pick(WIDE_EDGES);
    case 3:
      return -random.pick(EDGES) >>> 0;
    case 4:
      return (1 << random.below(32)) >>> 0;
    case 5:
      return (random.pick(EDGES) | (random.u32() << 16)) >>> 0;
    default:
      return random.u32();
  }
}
