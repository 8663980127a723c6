import type { ChannelName, ExitLogEntry } from '../../../debugAdapter/protocol';
import { CYCLES_PER_SECOND } from '../../machine/clock';
import { exitCycles } from './exits';

/** Length of a window over which rates are counted, cycles: a millisecond of guest time. */
export const RATE_WINDOW = CYCLES_PER_SECOND / 1000;

/** The rates of one window. */
export interface ExitRates {
  /** Start of the window, cycles. */
  start: number;
  /** Exits in a second of guest time, by channel. */
  exits: Partial<Record<ChannelName, number>>;
  /** Part of the window that exits took, 0-100; more where their cost is not charged to the guest. */
  timePct: number;
}

/** Counts exits by windows of guest time. */
export class ExitRateCounter {
  private window = -1;
  private counts: Partial<Record<ChannelName, number>> = {};
  private cycles = 0;
  private readonly channels = new Set<ChannelName>();

  /** @param show takes each window that is over, and the empty one behind it where a pause follows */
  constructor(private readonly show: (rates: ExitRates) => void) {}

  /** @param start guest time of the exit, cycles; not less than that of the exit before */
  add(entry: ExitLogEntry, start: number): void {
    const window = Math.floor(start / RATE_WINDOW);
    if (window !== this.window) {
      this.close();
      if (this.window >= 0 && window > this.window + 1) this.report(this.window + 1);
      this.window = window;
    }
    this.channels.add(entry.channel);
    this.counts[entry.channel] = (this.counts[entry.channel] ?? 0) + 1;
    this.cycles += exitCycles(entry);
  }

  /** Reports the last window, and that nothing follows. */
  end(): void {
    if (this.window < 0) return;
    this.close();
    this.report(this.window + 1);
  }

  private close(): void {
    if (this.window < 0) return;
    this.report(this.window);
    this.counts = {};
    this.cycles = 0;
  }

  private report(window: number): void {
    const perSecond = CYCLES_PER_SECOND / RATE_WINDOW;
    const rates = [...this.channels].map((channel) => [channel, (this.counts[channel] ?? 0) * perSecond]);
    this.show({
      start: window * RATE_WINDOW,
      exits: Object.fromEntries(rates) as ExitRates['exits'],
      timePct: (100 * this.cycles) / RATE_WINDOW,
    });
  }
}
