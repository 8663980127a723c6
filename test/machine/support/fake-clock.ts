import type { Clock, Timer } from '../../../src/machine/clock';

class FakeTimer implements Timer {
  due = Infinity;

  constructor(
    readonly name: string,
    readonly fire: () => void,
  ) {}

  arm(due: number): void {
    this.due = due;
  }

  disarm(): void {
    this.due = Infinity;
  }
}

/** A clock that tests move by hand. */
export class FakeClock implements Clock {
  now = 0;
  instructions = 0;
  stolen = 0;
  private readonly timers: FakeTimer[] = [];

  constructor(readonly startTime = Date.UTC(2007, 7, 22, 12, 34, 56)) {}

  timer(name: string, fire: () => void): Timer {
    const timer = new FakeTimer(name, fire);
    this.timers.push(timer);
    return timer;
  }

  /** Passes time in one jump: timers that fall due are not fired. */
  charge(cycles: number): void {
    this.now += cycles;
  }

  steal(cycles: number): void {
    this.stolen += cycles;
    this.charge(cycles);
  }

  /** Passes time, firing each timer at its moment. */
  advance(cycles: number): void {
    this.runTo(this.now + cycles);
  }

  runTo(end: number): void {
    for (;;) {
      const next = this.nextTimer();
      if (!next || next.due > end) break;
      this.now = Math.max(this.now, next.due);
      next.due = Infinity;
      next.fire();
    }
    this.now = end;
  }

  /** When the next timer fires, or Infinity. */
  get nextDue(): number {
    return this.nextTimer()?.due ?? Infinity;
  }

  private nextTimer(): FakeTimer | undefined {
    let first: FakeTimer | undefined;
    for (const timer of this.timers) if (timer.due < (first?.due ?? Infinity)) first = timer;
    return first;
  }
}

/** A device host whose interrupt lines can be looked at. */
export class FakeHost {
  readonly lines: boolean[] = Array.from({ length: 16 }, () => false);
  /** Rising edges per line. */
  readonly edges: number[] = Array.from({ length: 16 }, () => 0);

  constructor(readonly clock = new FakeClock()) {}

  readonly setIrq = (line: number, level: boolean): void => {
    if (level && !this.lines[line]) this.edges[line]++;
    this.lines[line] = level;
  };
}
