import { CYCLES_PER_SECOND } from '../../../machine/clock';
import { FEATURE_APIC } from '../../../machine/cpu/features';
import type { GuestMachine } from '../../guest-machine';
import type { MonitorPart, Report } from '../monitor';
import { Alarm, type AlarmSetting, type AlarmWire, SHORTEST_PERIOD } from './alarm';

/** Cycle counters by number, as GetCycleCounter names them. */
export enum CycleCounter {
  /** Time since power on. */
  Real = 0,
  /** The same without what was stolen. */
  Available = 1,
  /** Time in which the guest could have run but did not: the modelled cycles of its exits. */
  Stolen = 2,
}

/** Flags of SetAlarm (VMI-ABI section 9). */
const ALARM_COUNTER = 0xff;
const ALARM_PERIODIC = 0x100;
const ALARM_LVTT = 0x10000;
const ALARM_KNOWN = ALARM_COUNTER | ALARM_PERIODIC | ALARM_LVTT;

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;
/** One cycle is one nanosecond. */
const NANOSECONDS_PER_CYCLE = 1e9 / CYCLES_PER_SECOND;

const ALARM_NAMES = { [CycleCounter.Real]: 'VMI.alarm.real', [CycleCounter.Available]: 'VMI.alarm.available' } as const;

/** Saved state: settings by counter, and whether the guest knows the wall clock. */
interface TimersState {
  readonly real: AlarmSetting | undefined;
  readonly available: AlarmSetting | undefined;
  readonly wallclockRead: boolean;
}

/**
 * VMI's view of time. The real counter runs at the rate of the TSC from power on, whatever the guest writes to its TSC.
 * Stolen is what the hypervisor charged for exits: there, the guest was ready to run and something else had the
 * processor. Time asleep in HLT is available.
 */
export class VmiTimers implements MonitorPart {
  readonly name = 'timers';
  private readonly alarms: Readonly<Record<CycleCounter.Real | CycleCounter.Available, Alarm>>;
  private wallclockRead = false;

  constructor(
    private readonly machine: GuestMachine,
    private readonly report: Report,
  ) {
    const alarm = (counter: CycleCounter.Real | CycleCounter.Available): Alarm =>
      new Alarm(ALARM_NAMES[counter], {
        counter: () => this.counter(counter),
        now: () => machine.clock.now,
        timer: (name, fire) => machine.clock.timer(name, fire),
        ring: (wire) => this.ring(wire),
      });
    this.alarms = {
      [CycleCounter.Real]: alarm(CycleCounter.Real),
      [CycleCounter.Available]: alarm(CycleCounter.Available),
    };
  }

  /** Cycles per second of all counters. */
  get frequency(): number {
    return CYCLES_PER_SECOND;
  }

  /** Whole cycles of a counter; 0 for one that does not exist. */
  counter(number: number): number {
    const { clock } = this.machine;
    const real = Math.floor(clock.now);
    const stolen = Math.floor(clock.stolen);
    switch (number) {
      case CycleCounter.Real:
        return real;
      case CycleCounter.Available:
        return real - stolen;
      case CycleCounter.Stolen:
        return stolen;
      default:
        return 0;
    }
  }

  /**
   * Arms the alarm of a counter. A counter that has none is reported, and nothing happens.
   * @param flags of SetAlarm
   * @param expiry value of the counter
   * @param period in cycles; 0 is once, whatever the flags say
   */
  setAlarm(flags: number, expiry: number, period: number): void {
    const alarm = this.alarmOf(flags & ALARM_COUNTER, 'SetAlarm');
    if (flags & ~ALARM_KNOWN) this.report('vmi-alarm-flags', `SetAlarm with unknown flags 0x${flags.toString(16)}`);
    if (!alarm) return;
    const wire = flags & ALARM_LVTT ? 'lvtt' : 'irq0';
    if (wire === 'lvtt' && !this.hasLocalApic) {
      this.report(
        'vmi-alarm-apic',
        'SetAlarm wired to the local APIC, which this processor lacks: nothing will arrive',
      );
    }
    const every = flags & ALARM_PERIODIC ? period : 0;
    if (every > 0 && every < SHORTEST_PERIOD) {
      const bound = `ticks come no closer than ${SHORTEST_PERIOD} cycles`;
      this.report('vmi-alarm-storm', `SetAlarm with a period of ${every} cycles: ${bound}`);
    }
    alarm.set({ wire, expiry, period: every });
  }

  /** @returns whether the alarm was armed */
  cancelAlarm(counter: number): boolean {
    return this.alarmOf(counter & ALARM_COUNTER, 'CancelAlarm')?.cancel() ?? false;
  }

  /** Nanoseconds since 1970. From now on the guest knows the wall clock. */
  wallclock(): bigint {
    const { clock } = this.machine;
    this.wallclockRead = true;
    const elapsed = BigInt(Math.floor(clock.now * NANOSECONDS_PER_CYCLE));
    return BigInt(Math.floor(clock.startTime)) * NANOSECONDS_PER_MILLISECOND + elapsed;
  }

  /** True once the wall clock was set, at power on, up to the first question for it or for this. */
  wallclockUpdated(): boolean {
    const updated = !this.wallclockRead;
    this.wallclockRead = true;
    return updated;
  }

  reset(): void {
    for (const alarm of Object.values(this.alarms)) alarm.cancel();
    this.wallclockRead = false;
  }

  save(): TimersState {
    const { alarms, wallclockRead } = this;
    return {
      real: alarms[CycleCounter.Real].save(),
      available: alarms[CycleCounter.Available].save(),
      wallclockRead,
    };
  }

  load(state: unknown): void {
    const { real, available, wallclockRead } = state as TimersState;
    this.alarms[CycleCounter.Real].load(real);
    this.alarms[CycleCounter.Available].load(available);
    this.wallclockRead = wallclockRead;
  }

  private alarmOf(counter: number, call: string): Alarm | undefined {
    if (counter === CycleCounter.Real || counter === CycleCounter.Available) return this.alarms[counter];
    this.report('vmi-alarm-counter', `${call} for counter ${counter}, which has no alarm: ignored`);
    return undefined;
  }

  private get hasLocalApic(): boolean {
    return (this.machine.cpu.model.features & FEATURE_APIC) !== 0 && this.machine.pc !== undefined;
  }

  private ring(wire: AlarmWire): void {
    if (wire === 'irq0') this.machine.pc?.timerLine.strike();
    else if (this.hasLocalApic) this.machine.pc?.localApic.raiseTimer();
  }
}
