import type { DeviceState, StatefulDevice } from './device';
import { checkVersion } from './device-state';

/** Line of the timer, IRQ0. */
const TIMER_LINE = 0;

/** Who pulls the timer's line: the interval timer, and the alarm of a hypervisor beside it. */
type Source = 'pit' | 'alarm';

/**
 * IRQ0, which the interval timer shares with a hypervisor's alarm. Its input is edge sensitive, and a stopped 8254 may
 * hold it high for ever (mode 5), so every rise of either source makes an edge of its own.
 */
export class TimerLine implements StatefulDevice {
  readonly name = 'IRQ0';
  private readonly levels: Record<Source, boolean> = { pit: false, alarm: false };

  constructor(private readonly setIrq: (line: number, level: boolean) => void) {}

  set(source: Source, level: boolean): void {
    const { levels } = this;
    const rises = level && !levels[source];
    levels[source] = level;
    if (rises) this.setIrq(TIMER_LINE, false);
    this.setIrq(TIMER_LINE, levels.pit || levels.alarm);
  }

  /** One edge of the alarm. The line stays high, so that a masked interrupt is not lost, up to the next edge. */
  strike(): void {
    this.levels.alarm = false;
    this.set('alarm', true);
  }

  reset(): void {
    this.set('alarm', false);
  }

  save(): DeviceState {
    return { version: 1, alarm: this.levels.alarm };
  }

  /** The interrupt controller, which is loaded later, has the say whether an edge is pending. */
  load(state: DeviceState): void {
    checkVersion(this, state, 1);
    this.set('alarm', state.alarm as boolean);
  }
}
