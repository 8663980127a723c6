/** The event comes at most five times a second. */
const INTERVAL_NS = 200_000_000;

/** Says that exit counts have changed, not too often. */
export class ExitNotifier {
  private seen = 0;
  private last = -Infinity;

  /**
   * @param count exits so far
   * @param notify tells the client
   */
  constructor(
    private readonly count: () => number,
    private readonly nanoseconds: () => number,
    private readonly notify: () => void,
  ) {}

  /** @param now the guest stands still: what has changed is told without delay */
  check(now: boolean): void {
    if (this.count() === this.seen) return;
    const time = this.nanoseconds();
    if (!now && time - this.last < INTERVAL_NS) return;
    this.seen = this.count();
    this.last = time;
    this.notify();
  }
}
