import { type Clock, CYCLES_PER_SECOND, type Timer } from '../../clock';

/** The bus clock that the timer divides: 100 MHz, in cycles of the machine's clock. */
const CYCLES_PER_BUS_CLOCK = 10;

/** The same in Hz. */
export const LOCAL_APIC_HZ = CYCLES_PER_SECOND / CYCLES_PER_BUS_CLOCK;

/** State of the timer for snapshots. */
export interface ApicTimerState {
  readonly initial: number;
  readonly divide: number;
  readonly loadedAt: number;
  readonly periodic: boolean;
}

/** The timer of the local APIC: counts down from a 32-bit value, once or over and over (Intel SDM vol. 3A, 10.5.4). */
export class ApicTimer {
  private readonly timer: Timer;
  private initial = 0;
  /** Divide configuration register: bits 0, 1 and 3. */
  private divide = 0;
  private loadedAt = 0;
  private periodic = false;

  /** @param expired the count has reached zero */
  constructor(
    private readonly clock: Clock,
    private readonly expired: () => void,
  ) {
    this.timer = clock.timer('LAPIC.timer', () => this.expire());
  }

  get initialCount(): number {
    return this.initial;
  }

  /** A write of the initial count starts the timer afresh; zero stops it. */
  set initialCount(value: number) {
    this.initial = value;
    this.loadedAt = this.clock.now;
    this.arm();
  }

  get currentCount(): number {
    if (this.initial === 0) return 0;
    const counted = Math.floor((this.clock.now - this.loadedAt) / this.cyclesPerCount);
    if (!this.periodic) return Math.max(0, this.initial - counted);
    return this.initial - (counted % this.initial);
  }

  get divideConfiguration(): number {
    return this.divide;
  }

  set divideConfiguration(value: number) {
    const left = this.currentCount;
    this.divide = value & 0xb;
    this.loadedAt = this.clock.now - (this.initial - left) * this.cyclesPerCount;
    this.arm();
  }

  setPeriodic(on: boolean): void {
    if (on === this.periodic) return;
    this.periodic = on;
    this.arm();
  }

  reset(): void {
    this.initial = 0;
    this.divide = 0;
    this.periodic = false;
    this.timer.disarm();
  }

  save(): ApicTimerState {
    const { initial, divide, loadedAt, periodic } = this;
    return { initial, divide, loadedAt, periodic };
  }

  /** The clock brings back the armed timer by itself. */
  load(state: ApicTimerState): void {
    this.initial = state.initial;
    this.divide = state.divide;
    this.loadedAt = state.loadedAt;
    this.periodic = state.periodic;
  }

  /** Divisors 2, 4 … 128, and 1 for the last code (figure 10-10). */
  private get cyclesPerCount(): number {
    const code = (this.divide & 3) | ((this.divide & 8) >>> 1);
    return CYCLES_PER_BUS_CLOCK * (code === 7 ? 1 : 2 << code);
  }

  private arm(): void {
    if (this.currentCount === 0) this.timer.disarm();
    else this.timer.arm(this.loadedAt + this.nextRound * this.initial * this.cyclesPerCount);
  }

  /** Which time the count will reach zero next: 1 for the first. */
  private get nextRound(): number {
    const counted = Math.floor((this.clock.now - this.loadedAt) / this.cyclesPerCount);
    return this.periodic ? Math.floor(counted / this.initial) + 1 : 1;
  }

  private expire(): void {
    if (this.periodic) this.arm();
    this.expired();
  }
}
