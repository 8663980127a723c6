import { CYCLES_PER_SECOND } from '../clock';

/**
 * Converts between cycles of the machine's clock and ticks of an oscillator that started at cycle 0. Exact for any
 * frequency that makes `hertz * CYCLES_PER_SECOND` less than 2^53 (9 MHz), over 100 days and more.
 */
export class Rate {
  /** @param hertz whole ticks per second */
  constructor(readonly hertz: number) {}

  /** Ticks that have happened by a moment (in cycles, also negative). */
  ticksAt(cycle: number): number {
    const seconds = Math.floor(cycle / CYCLES_PER_SECOND);
    const rest = Math.floor(cycle) - seconds * CYCLES_PER_SECOND;
    return seconds * this.hertz + Math.floor((rest * this.hertz) / CYCLES_PER_SECOND);
  }

  /** First cycle at which that many ticks have happened. */
  cycleOf(tick: number): number {
    const seconds = Math.floor(tick / this.hertz);
    const rest = tick - seconds * this.hertz;
    return seconds * CYCLES_PER_SECOND + Math.ceil((rest * CYCLES_PER_SECOND) / this.hertz);
  }
}
