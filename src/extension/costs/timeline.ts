import type { ChannelName } from '../../../debugAdapter/protocol';

/** Channels in the order in which they are stacked. */
export const CHANNELS: readonly ChannelName[] = ['direct', 'trap', 'vtx', 'hypercall'];

/** Exit cycles by channel in equal spans of guest time, for the plot. */
export interface TimelineData {
  /** Length of one span, cycles of guest time. */
  spanCycles: number;
  /** `cycles[channel][span]`: exit cycles spent in the span, in the order of `CHANNELS`. */
  cycles: number[][];
}

const SPANS = 240;
const FIRST_SPAN_CYCLES = 1024;

/**
 * Sums exit cycles into at most 240 spans of guest time. When time outgrows them, neighbours are merged and spans
 * get twice as long: memory is fixed, however long the guest runs.
 */
export class Timeline {
  private spanCycles = FIRST_SPAN_CYCLES;
  private readonly sums = CHANNELS.map(() => new Float64Array(SPANS));
  private used = 0;

  /** Adds what an exit cost. @param time guest time in cycles */
  add(channel: ChannelName, time: number, cycles: number): void {
    const span = this.spanOf(time);
    this.sums[CHANNELS.indexOf(channel)][span] += cycles;
  }

  /** Adds cycles of many exits, evenly over a time: for exits that are no longer in the log one by one. */
  spread(channel: ChannelName, from: number, to: number, cycles: number): void {
    const last = this.spanOf(Math.max(from, to));
    const first = Math.min(last, this.spanOf(from));
    const sums = this.sums[CHANNELS.indexOf(channel)];
    for (let span = first; span <= last; span++) sums[span] += cycles / (last - first + 1);
  }

  /** All cycles of a channel so far. */
  sum(channel: ChannelName): number {
    return this.sums[CHANNELS.indexOf(channel)].reduce((sum, cycles) => sum + cycles, 0);
  }

  get data(): TimelineData {
    return { spanCycles: this.spanCycles, cycles: this.sums.map((sums) => Array.from(sums.subarray(0, this.used))) };
  }

  private spanOf(time: number): number {
    while (time >= this.spanCycles * SPANS) this.widen();
    const span = Math.max(0, Math.floor(time / this.spanCycles));
    this.used = Math.max(this.used, span + 1);
    return span;
  }

  private widen(): void {
    this.spanCycles *= 2;
    this.used = Math.ceil(this.used / 2);
    for (const sums of this.sums) {
      for (let span = 0; span < SPANS; span++) {
        sums[span] = span < SPANS / 2 ? sums[2 * span] + sums[2 * span + 1] : 0;
      }
    }
  }
}
