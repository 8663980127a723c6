import type { Channel } from '../../machine/bus/port-access';
import { channelIndex, CHANNELS } from './channels';

/** Cycles that exits took in equal spans of guest time, by channel. */
export interface ExitTimelineData {
  /** Length of one span, cycles of guest time. */
  spanCycles: number;
  /** One row per channel that was used; `cycles[n]` is what began in the n-th span. Rows are equally long. */
  channels: { channel: Channel; cycles: number[] }[];
}

/** So many points are more than a plot has room for, and few enough to be sent five times a second. */
const SPANS = 240;
const FIRST_SPAN_CYCLES = 1024;

/**
 * Sums the cost of exits into at most 240 spans of guest time. When time outgrows them, neighbours are merged and spans
 * get twice as long: memory is fixed, however long the guest runs, and adding costs a few operations.
 */
export class ExitTimeline {
  private spanCycles = FIRST_SPAN_CYCLES;
  private used = 0;
  /** The span that was added to last. */
  private span = 0;
  private spanStart = 0;
  private spanEnd = 0;
  private readonly sums = CHANNELS.map(() => new Float64Array(SPANS));

  /**
   * @param time guest time at which the exit began, cycles, 0 or more
   * @param cycles its cost
   */
  add(channel: Channel, time: number, cycles: number): void {
    if (time < this.spanStart || time >= this.spanEnd) this.findSpan(time);
    this.sums[channelIndex(channel)][this.span] += cycles;
  }

  get data(): ExitTimelineData {
    const rows = CHANNELS.map((channel) => ({
      channel,
      cycles: Array.from(this.sums[channelIndex(channel)].subarray(0, this.used)),
    }));
    return { spanCycles: this.spanCycles, channels: rows.filter(({ cycles }) => cycles.some((sum) => sum > 0)) };
  }

  clear(): void {
    this.spanCycles = FIRST_SPAN_CYCLES;
    this.used = 0;
    this.spanStart = this.spanEnd = 0;
    for (const sums of this.sums) sums.fill(0);
  }

  private findSpan(time: number): void {
    while (time >= this.spanCycles * SPANS) this.widen();
    this.span = Math.floor(time / this.spanCycles);
    this.spanStart = this.span * this.spanCycles;
    this.spanEnd = this.spanStart + this.spanCycles;
    if (this.span >= this.used) this.used = this.span + 1;
  }

  private widen(): void {
    this.spanCycles *= 2;
    this.used = Math.ceil(this.used / 2);
    for (const sums of this.sums) {
      for (let span = 0; span < SPANS / 2; span++) sums[span] = sums[2 * span] + sums[2 * span + 1];
      sums.fill(0, SPANS / 2);
    }
  }
}
