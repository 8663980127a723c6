import { CYCLES_PER_SECOND, type Timer } from '../../clock';
import type { Device, DeviceHost, DeviceState, PortDirection, PortRegister, PortWidth } from '../device';
import { checkVersion } from '../device-state';
import { Rate } from '../rate';
import { type CalendarTime, fromCalendar, toCalendar } from './calendar';
import * as reg from './registers';
import { Cmos } from './registers';

const INDEX_PORT = 0x70;
const RTC_IRQ = 8;
const MEMORY_BYTES = 128;
/** UIP rises 244 µs before an update, which takes 1984 µs (MC146818A datasheet, table 6, 32.768 kHz). */
const UPDATE_CYCLES = 2_228_000;
/** After the divider is let go the first update comes half a second later. */
const HALF_SECOND = CYCLES_PER_SECOND / 2;
const DIVIDER_RESET = 0x60;
const SECONDS_PER_DAY = 86400;
/** Alarm bytes from 0xC0 on match any value. */
const ALARM_ANY = 0xc0;
const PM = 0x80;

/** The bytes that hold the time, in the order in which they are converted. */
const TIME_BYTES = [Cmos.Second, Cmos.Minute, Cmos.Hour, Cmos.Weekday, Cmos.Day, Cmos.Month, Cmos.Year, Cmos.Century];

/** Everything the clock remembers. */
interface RtcState {
  index: number;
  memory: Uint8Array;
  nmiMasked: boolean;
  /** Cycle at which the divider was at zero, and the time (seconds since 1970) that began then. */
  origin: number;
  originTime: number;
  /** Days that the day of the week is ahead of the calendar, 0-6. */
  weekdayShift: number;
  /** Cycle of the last look at the flags: what lies behind it is in `flags`. */
  flagsAt: number;
  flags: number;
}

/**
 * MC146818A real-time clock with 114 bytes of CMOS memory, as a PC/AT has it (Motorola datasheet; IBM PC/AT Technical
 * Reference for the memory). The time is worked out when it is read; a timer is armed only for enabled interrupts.
 */
export class CmosRtc implements Device {
  readonly name = 'RTC';
  readonly registers = reg.RTC_REGISTERS;
  private readonly crystal = new Rate(32768);
  private readonly timer: Timer;
  private state: RtcState;

  /** @param ramBytes size of RAM that the memory bytes tell, a multiple of 64 KiB */
  constructor(
    private readonly host: DeviceHost,
    private readonly ramBytes: number,
  ) {
    this.timer = host.clock.timer('RTC.interrupt', () => this.update());
    this.state = this.powerOn();
    this.update();
  }

  /** Bit 7 of the index port: NMI is kept from the CPU. */
  get nmiMasked(): boolean {
    return this.state.nmiMasked;
  }

  /** The time of day, for the firmware. */
  get time(): CalendarTime {
    return this.calendar();
  }

  /** A byte of the CMOS memory without side effects, as firmware tables want it. */
  peek(address: number): number {
    return this.state.memory[address & 0x7f];
  }

  /** Stores a byte of CMOS memory (0x0e-0x7f) that describes the machine; the checksum follows. */
  poke(address: number, value: number): void {
    this.state.memory[address & 0x7f] = value;
    this.updateChecksum();
  }

  readPort(port: number): number {
    return port === INDEX_PORT ? 0xff : this.readByte(this.state.index);
  }

  writePort(port: number, _width: PortWidth, value: number): void {
    if (port === INDEX_PORT) {
      this.state.index = value & 0x7f;
      this.state.nmiMasked = (value & 0x80) !== 0;
    } else {
      this.writeByte(this.state.index, value);
    }
  }

  registerAt(port: number, direction: PortDirection): PortRegister | undefined {
    if (port !== INDEX_PORT) return reg.dataRegister(this.state.index);
    return direction === 'out' ? this.registers[0] : undefined;
  }

  /** Time and memory are those of the launch again, so that a run can be repeated. */
  reset(): void {
    this.state = this.powerOn();
    this.update();
  }

  save(): DeviceState {
    return { version: 1, rtc: { ...this.state, memory: this.state.memory.slice() } };
  }

  load(state: DeviceState): void {
    checkVersion(this, state, 1);
    const rtc = state.rtc as RtcState;
    this.state = { ...rtc, memory: rtc.memory.slice() };
    this.showIrq();
    this.armTimer();
  }

  private powerOn(): RtcState {
    const memory = new Uint8Array(MEMORY_BYTES);
    const { startTime } = this.host.clock;
    memory[Cmos.StatusA] = 0x26;
    memory[Cmos.StatusB] = reg.B_24_HOURS;
    memory[Cmos.StatusD] = reg.D_VALID;
    this.describeMemory(memory);
    const originTime = Math.floor(startTime / 1000);
    const origin = -(startTime - originTime * 1000) * (CYCLES_PER_SECOND / 1000);
    return {
      index: 0,
      memory,
      nmiMasked: false,
      origin,
      originTime,
      weekdayShift: 0,
      flagsAt: this.host.clock.now,
      flags: 0,
    };
  }

  private describeMemory(memory: Uint8Array): void {
    const word = (address: number, value: number): void => {
      memory[address] = value & 0xff;
      memory[address + 1] = value >> 8;
    };
    const extended = Math.min(0xffff, Math.max(0, (this.ramBytes >>> 10) - 1024));
    word(Cmos.BaseMemory, 640);
    word(Cmos.ExtendedMemory, extended);
    word(Cmos.ExtendedMemoryCopy, extended);
    word(Cmos.MemoryAbove16M, Math.min(0xffff, Math.max(0, (this.ramBytes >>> 16) - 256)));
    // 80x25 colour display and coprocessor; the firmware adds drives.
    memory[Cmos.Equipment] = 0x22;
    this.checksum(memory);
  }

  private updateChecksum(): void {
    this.checksum(this.state.memory);
  }

  /** Sum of 0x10-0x2d, high byte first (IBM PC/AT Technical Reference). */
  private checksum(memory: Uint8Array): void {
    const sum = memory.subarray(0x10, Cmos.Checksum).reduce((total, byte) => total + byte, 0);
    memory[Cmos.Checksum] = sum >> 8;
    memory[Cmos.Checksum + 1] = sum & 0xff;
  }

  // Time

  private get dividerHeld(): boolean {
    return (this.state.memory[Cmos.StatusA] & DIVIDER_RESET) === DIVIDER_RESET;
  }

  /** True while the time stands still and the bytes in memory are what counts. */
  private get frozen(): boolean {
    return this.dividerHeld || (this.state.memory[Cmos.StatusB] & reg.B_SET) !== 0;
  }

  /** Updates since the divider was at zero. */
  private updatesAt(cycle: number): number {
    return Math.floor((cycle - this.state.origin) / CYCLES_PER_SECOND);
  }

  private calendar(): CalendarTime {
    if (this.frozen) return this.decodeTime();
    const time = toCalendar(this.state.originTime + this.updatesAt(this.host.clock.now));
    time.weekday = ((time.weekday - 1 + this.state.weekdayShift) % 7) + 1;
    return time;
  }

  private get binary(): boolean {
    return (this.state.memory[Cmos.StatusB] & reg.B_BINARY) !== 0;
  }

  private encode(value: number): number {
    return this.binary ? value : Math.floor(value / 10) * 16 + (value % 10);
  }

  private decode(byte: number): number {
    return this.binary ? byte : (byte >> 4) * 10 + (byte & 15);
  }

  private encodeHour(hour: number): number {
    if (this.state.memory[Cmos.StatusB] & reg.B_24_HOURS) return this.encode(hour);
    return this.encode(hour % 12 || 12) | (hour >= 12 ? PM : 0);
  }

  private decodeHour(byte: number): number {
    if (this.state.memory[Cmos.StatusB] & reg.B_24_HOURS) return this.decode(byte);
    return (this.decode(byte & ~PM) % 12) + (byte & PM ? 12 : 0);
  }

  /** Brings the time bytes in memory up to date. */
  private storeTime(): void {
    const { memory } = this.state;
    const time = this.calendar();
    const values = [time.second, time.minute, time.hour, time.weekday, time.day, time.month, time.year % 100];
    [...values, Math.floor(time.year / 100)].forEach((value, i) => {
      memory[TIME_BYTES[i]] = TIME_BYTES[i] === Cmos.Hour ? this.encodeHour(value) : this.encode(value);
    });
  }

  /** The time that the bytes in memory stand for. */
  private decodeTime(): CalendarTime {
    const { memory } = this.state;
    const value = (address: Cmos): number => this.decode(memory[address]);
    return {
      second: value(Cmos.Second),
      minute: value(Cmos.Minute),
      hour: this.decodeHour(memory[Cmos.Hour]),
      weekday: value(Cmos.Weekday),
      day: value(Cmos.Day),
      month: value(Cmos.Month),
      year: value(Cmos.Century) * 100 + value(Cmos.Year),
    };
  }

  /** Makes the time in memory the one that runs on from now; the divider keeps its phase. */
  private takeTime(): void {
    const time = this.decodeTime();
    const seconds = fromCalendar(time);
    this.state.originTime = seconds - this.updatesAt(this.host.clock.now);
    this.state.weekdayShift = (time.weekday - toCalendar(seconds).weekday + 7) % 7;
  }

  private get updateInProgress(): boolean {
    if (this.frozen) return false;
    const { now } = this.host.clock;
    const next = this.state.origin + (this.updatesAt(now) + 1) * CYCLES_PER_SECOND;
    return next - now <= UPDATE_CYCLES;
  }

  // Registers

  private readByte(address: number): number {
    const { memory } = this.state;
    switch (address as Cmos) {
      case Cmos.StatusA:
        return memory[Cmos.StatusA] | (this.updateInProgress ? reg.A_UPDATE_IN_PROGRESS : 0);
      case Cmos.StatusC:
        return this.readFlags();
      default:
        if (!this.frozen && TIME_BYTES.includes(address)) this.storeTime();
        return memory[address];
    }
  }

  private writeByte(address: number, value: number): void {
    const { memory } = this.state;
    this.collectFlags();
    switch (address as Cmos) {
      case Cmos.StatusA:
        this.writeStatusA(value & ~reg.A_UPDATE_IN_PROGRESS);
        break;
      case Cmos.StatusB:
        this.writeStatusB(value);
        break;
      case Cmos.StatusC:
      case Cmos.StatusD:
        return;
      default:
        if (TIME_BYTES.includes(address)) {
          if (!this.frozen) this.storeTime();
          memory[address] = value;
          if (!this.frozen) this.takeTime();
        } else {
          memory[address] = value;
        }
    }
    this.update();
  }

  private writeStatusA(value: number): void {
    const { state } = this;
    const held = this.dividerHeld;
    if (!this.frozen) this.storeTime();
    state.memory[Cmos.StatusA] = value;
    if (held && !this.dividerHeld) {
      state.origin = this.host.clock.now - HALF_SECOND;
      state.flagsAt = this.host.clock.now;
      this.takeTime();
    }
  }

  private writeStatusB(value: number): void {
    const { memory } = this.state;
    const wasFrozen = this.frozen;
    if (!wasFrozen) this.storeTime();
    // SET stops a pending update-ended interrupt (datasheet, register B).
    memory[Cmos.StatusB] = value & reg.B_SET ? value & ~reg.B_UPDATE : value;
    if (wasFrozen && !this.frozen) this.takeTime();
  }

  // Interrupts

  /** Ticks of the crystal between two periodic interrupts, 0 if there are none. */
  private get period(): number {
    const rate = this.state.memory[Cmos.StatusA] & 0x0f;
    if (rate === 0 || this.dividerHeld) return 0;
    return rate < 3 ? 1 << (rate + 6) : 1 << (rate - 1);
  }

  /** Puts into `flags` what has happened since the last look. */
  private collectFlags(): void {
    const { state } = this;
    const { now } = this.host.clock;
    const from = state.flagsAt;
    state.flagsAt = now;
    const { period } = this;
    if (period) {
      const periods = (cycle: number): number => Math.floor(this.crystal.ticksAt(cycle - state.origin) / period);
      if (periods(now) > periods(from)) state.flags |= reg.B_PERIODIC;
    }
    if (this.frozen) return;
    const updates = this.updatesAt(now) - this.updatesAt(from);
    if (updates > 0) state.flags |= reg.B_UPDATE;
    const since = state.originTime + this.updatesAt(from);
    if (updates > 0 && this.secondsToAlarm(since) <= updates) state.flags |= reg.B_ALARM;
  }

  /** Seconds from a time to the next one that matches the alarm bytes, at least 1; Infinity if none does. */
  private secondsToAlarm(time: number): number {
    const { memory } = this.state;
    const matches = (address: Cmos, value: number): boolean => {
      const byte = memory[address];
      return byte >= ALARM_ANY || byte === (address === Cmos.HourAlarm ? this.encodeHour(value) : this.encode(value));
    };
    const start = ((time % SECONDS_PER_DAY) + SECONDS_PER_DAY) % SECONDS_PER_DAY;
    // Candidates within a day and a second, hour by hour and minute by minute.
    for (let at = start + 1; at <= start + SECONDS_PER_DAY; ) {
      const second = at % SECONDS_PER_DAY;
      if (!matches(Cmos.HourAlarm, Math.floor(second / 3600))) at += 3600 - (second % 3600);
      else if (!matches(Cmos.MinuteAlarm, Math.floor(second / 60) % 60)) at += 60 - (second % 60);
      else if (!matches(Cmos.SecondAlarm, second % 60)) at++;
      else return at - start;
    }
    return Infinity;
  }

  private readFlags(): number {
    this.collectFlags();
    const { flags } = this.state;
    const request = flags & this.state.memory[Cmos.StatusB] & reg.C_SOURCES ? reg.C_REQUEST : 0;
    this.state.flags = 0;
    this.update();
    return flags | request;
  }

  private update(): void {
    this.collectFlags();
    this.showIrq();
    this.armTimer();
  }

  private get requesting(): boolean {
    return (this.state.flags & this.state.memory[Cmos.StatusB] & reg.C_SOURCES) !== 0;
  }

  private showIrq(): void {
    this.host.setIrq(RTC_IRQ, this.requesting);
  }

  /** The next moment at which an enabled interrupt happens. With one pending nothing more can. */
  private armTimer(): void {
    const { state, period } = this;
    const enabled = state.memory[Cmos.StatusB];
    let due = Infinity;
    if (!this.requesting) {
      const { now } = this.host.clock;
      if (enabled & reg.B_PERIODIC && period) {
        const passed = Math.floor(this.crystal.ticksAt(now - state.origin) / period);
        due = state.origin + this.crystal.cycleOf((passed + 1) * period);
      }
      if (!this.frozen) {
        const updates = this.updatesAt(now);
        const seconds =
          enabled & reg.B_UPDATE
            ? 1
            : enabled & reg.B_ALARM
              ? this.secondsToAlarm(state.originTime + updates)
              : Infinity;
        due = Math.min(due, state.origin + (updates + seconds) * CYCLES_PER_SECOND);
      }
    }
    if (due === Infinity) this.timer.disarm();
    else this.timer.arm(due);
  }
}
