/** So many exits are measured one by one; from then on one in `INTERVAL`. */
const MEASURED_SINGLY = 1024;
/** A prime, so that loops of a few exits do not show always the same one. */
const INTERVAL = 61;

/**
 * The host time that exits take. Reading the host's clock can cost more than a trapped port access itself (300 ns on some
 * virtual machines), so in a storm of exits only a sample is measured. The last measurement stands for those between in
 * their records; sums are scaled from the measured exits of the same kind (`ExitReport`).
 */
export class Stopwatch {
  private count = 0;
  private startedAt = 0;
  private measuring = false;
  private last = 0;

  /** @param nanoseconds monotonic clock of the host */
  constructor(private readonly nanoseconds: () => number) {}

  /** True while the present exit is measured itself. */
  get isMeasuring(): boolean {
    return this.measuring;
  }

  /** Starts at the beginning of an exit. */
  start(): void {
    this.measuring = this.count < MEASURED_SINGLY || this.count % INTERVAL === 0;
    this.count++;
    if (this.measuring) this.startedAt = this.nanoseconds();
  }

  /** Nanoseconds since `start`, measured or taken from the last measurement. */
  elapsed(): number {
    if (this.measuring) this.last = this.nanoseconds() - this.startedAt;
    return this.last;
  }
}
