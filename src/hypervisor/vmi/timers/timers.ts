import { CYCLES_PER_SECOND } from '../../../machine/clock';
import { FEATURE_APIC } from '../../../machine/cpu/features';
import type { GuestMachine } from '../../guest-machine';
import type { MonitorPart, Report } from '../part';
import { Alarm, type AlarmSetting, type AlarmWire, SHORTEST_PERIOD } from './alarm';

/** Cycle counters by number, as GetCycleCounter names them. Real is time since power on: available and stolen. */
const REAL = 0;
const AVAILABLE = 1;
/** Time in which the guest could have run but did not: the modelled cycles of its exits. */
const STOLEN = 2;

/** Flags of SetAlarm (VMI-ABI section 9). */
const ALARM_COUNTER = 0xff;
const ALARM_PERIODIC = 0x100;
const ALARM_LVTT = 0x10000;
const ALARM_KNOWN = ALARM_COUNTER | ALARM_PERIODIC | ALARM_LVTT;

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;
/** One cycle is one nanosecond. */
const NANOSECONDS_PER_CYCLE = 1e9 / CYCLES_PER_SECOND;

/** Saved state: settings by counter, and whether the guest knows the wall clock. */
interface TimersState {
  readonly alarms: readonly (AlarmSetting | undefined)[];
  readonly wallclockRead: boolean;
}

/**
 * VMI's view of time. The real counter runs at the rate of the TSC from power on, whatever the guest writes to its TSC.
 * Stolen is what the hypervisor charged for exits: there, the guest was ready to run and something else had the
 * processor. Time asleep in HLT is available.
 */
export class VmiTimers implements MonitorPart {
  readonly name = 'timers';
  /** By number of the counter. */
  private readonly alarms: readonly [real: Alarm, available: Alarm];
  private wallclockRead = false;

  constructor(
    private readonly machine: GuestMachine,
    private readonly report: Report,
  ) {
    const alarm = (name: string, counter: number): Alarm =>
      new Alarm(name, {
        counter: () => this.counter(counter),
        now: () => machine.clock.now,
        timer: (timer, fire) => machine.clock.timer(timer, fire),
        ring: (wire) => this.ring(wire),
      });
    this.alarms = [alarm('VMI.alarm.real', REAL), alarm('VMI.alarm.available', AVAILABLE)];
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
      case REAL:
        return real;
      case AVAILABLE:
        return real - stolen;
      case STOLEN:
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
    for (const alarm of this.alarms) alarm.cancel();
    this.wallclockRead = false;
  }

  save(): TimersState {
    return { alarms: this.alarms.map((alarm) => alarm.save()), wallclockRead: this.wallclockRead };
  }

  load(state: unknown): void {
    const { alarms, wallclockRead } = state as TimersState;
    this.alarms.forEach((alarm, counter) => alarm.load(alarms[counter]));
    this.wallclockRead = wallclockRead;
  }

  private alarmOf(counter: number, call: string): Alarm | undefined {
    const alarm = this.alarms.at(counter);
    if (!alarm) this.report('vmi-alarm-counter', `${call} for counter ${counter}, which has no alarm: ignored`);
    return alarm;
  }

  private get hasLocalApic(): boolean {
    return (this.machine.cpu.model.features & FEATURE_APIC) !== 0 && this.machine.pc !== undefined;
  }

  private ring(wire: AlarmWire): void {
    if (wire === 'irq0') this.machine.pc?.timerLine.strike();
    else if (this.hasLocalApic) this.machine.pc?.localApic.raiseTimer();
  }
}
