import type { Timer } from '../../../machine/clock';

/** Where an alarm arrives in the guest. */
export type AlarmWire = 'irq0' | 'lvtt';

/** What SetAlarm asks for; moments and periods are cycles of the alarm's counter. */
export interface AlarmSetting {
  readonly wire: AlarmWire;
  /** Value of the counter at which it fires next. */
  readonly expiry: number;
  /** Cycles from one expiry to the next; 0 is once. */
  readonly period: number;
}

/** What an alarm works with. */
interface AlarmHost {
  /** Present value of the counter. */
  counter(): number;
  /** Cycles of the machine's clock at present. */
  now(): number;
  timer(name: string, fire: () => void): Timer;
  ring(wire: AlarmWire): void;
}

/**
 * Least time between two rings of a periodic alarm, in cycles (10 µs of guest time): a shorter period would leave a guest
 * nothing but interrupts. Ticks in between are taken together, as late ones are.
 */
export const SHORTEST_PERIOD = 10_000;

/**
 * An expiry from here on (52 days) never comes: a guest that sleeps until then would take the machine's clock out of the
 * range in which a cycle counts.
 */
const NEVER = 2 ** 52;

/**
 * The alarm of one cycle counter (VMI-ABI section 9; "Timer Interface" of VMware's Paravirtualization API, 2006): fires as
 * soon as the counter has reached the expiry. Ticks of a periodic alarm keep to expiry + n * period; those that are
 * late by a whole period or more are one.
 */
export class Alarm {
  private readonly timer: Timer;
  private setting: AlarmSetting | undefined;

  /** @param name unique in the machine */
  constructor(
    name: string,
    private readonly host: AlarmHost,
  ) {
    this.timer = host.timer(name, () => this.reach());
  }

  get armed(): boolean {
    return this.setting !== undefined;
  }

  /** Arms it, in place of what it was set to. An expiry in the past fires after the present instruction. */
  set(setting: AlarmSetting): void {
    this.setting = setting;
    this.arm();
  }

  /** @returns whether it was armed */
  cancel(): boolean {
    const { armed } = this;
    this.setting = undefined;
    this.timer.disarm();
    return armed;
  }

  save(): AlarmSetting | undefined {
    return this.setting && { ...this.setting };
  }

  /** The clock brings back the armed timer by itself. */
  load(setting: AlarmSetting | undefined): void {
    this.setting = setting && { ...setting };
  }

  private arm(): void {
    if (!this.setting) return;
    if (this.setting.expiry >= NEVER) {
      this.timer.disarm();
      return;
    }
    const left = Math.max(0, this.setting.expiry - this.host.counter());
    this.timer.arm(this.host.now() + left);
  }

  private reach(): void {
    const { setting } = this;
    if (!setting) return;
    const counter = this.host.counter();
    // A counter that stands still while time passes gets there later than foreseen.
    if (counter < setting.expiry) {
      this.arm();
      return;
    }
    this.setting = setting.period > 0 ? { ...setting, expiry: nextExpiry(setting, counter) } : undefined;
    this.arm();
    this.host.ring(setting.wire);
  }
}

/** The first expiry + n * period beyond the present, and not too soon. */
function nextExpiry({ expiry, period }: AlarmSetting, counter: number): number {
  const least = Math.max(counter + 1, expiry + SHORTEST_PERIOD);
  return expiry + Math.ceil((least - expiry) / period) * period;
}
