/**
 * Runs an asynchronous refresh no more often than it should: one at a time, with a pause between two, and never
 * loses the last trigger.
 */
export class Refresher {
  private busy = false;
  private again = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param work must not throw
   * @param pauseMs least time between the end of one run and the start of the next, milliseconds
   */
  constructor(
    private readonly work: () => Promise<void>,
    private readonly pauseMs = 200,
  ) {}

  /** Asks for a run, soon. */
  trigger(): void {
    if (this.busy || this.timer !== undefined) {
      this.again = true;
      return;
    }
    void this.run();
  }

  /** Forgets what is waiting. */
  dispose(): void {
    this.again = false;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private async run(): Promise<void> {
    this.busy = true;
    this.again = false;
    try {
      await this.work();
    } finally {
      this.busy = false;
      this.timer = setTimeout(() => {
        this.timer = undefined;
        if (this.again) void this.run();
      }, this.pauseMs);
    }
  }
}
