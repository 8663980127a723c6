import type { Timer } from '../../clock';
import type { Device, DeviceHost, DeviceState, PortDirection, PortRegister, PortWidth } from '../device';
import { checkVersion } from '../device-state';
import { Rate } from '../rate';
import { type ChannelState, PitChannel } from './channel';
import { pitRegisters } from './registers';

/** Ticks per second of the PIT in a PC: 14.31818 MHz / 12. */
export const PIT_HERTZ = 1193182;

const BASE = 0x40;
const CONTROL = 0x43;
const READ_BACK = 3;
/** Read-back command: these bits are active low. */
const READ_BACK_NO_COUNT = 0x20;
const READ_BACK_NO_STATUS = 0x10;
/** Changes of the output that are played one by one when the clock has jumped; more only repeat the same edges. */
const MAX_REPLAY = 4;

/**
 * The interval timer of a PC, an 8254: channel 0 drives IRQ0, channel 1 the DRAM refresh, channel 2 the speaker.
 * Intel datasheet 231164. Channel 2's gate and output are at port 0x61, see `Port61`.
 */
export class Pit8254 implements Device {
  readonly name = 'PIT';
  readonly registers: readonly PortRegister[] = pitRegisters(BASE);
  private readonly rate = new Rate(PIT_HERTZ);
  private readonly channels = [new PitChannel(), new PitChannel(), new PitChannel()];
  private readonly timer: Timer;
  /** Tick up to which the output of channel 0 was put on IRQ0. */
  private played = 0;

  constructor(private readonly host: DeviceHost) {
    this.timer = host.clock.timer('PIT.channel0', () => this.playOutput());
    this.reset();
  }

  readPort(port: number): number {
    return port === CONTROL ? 0xff : this.channels[port - BASE].read(this.tick);
  }

  writePort(port: number, _width: PortWidth, value: number): void {
    const { tick } = this;
    if (port === CONTROL) this.writeControl(tick, value);
    else this.channels[port - BASE].writeCount(tick, value);
    this.playOutput();
  }

  registerAt(port: number, direction: PortDirection): PortRegister | undefined {
    const latched = direction === 'in' && port !== CONTROL && this.channels[port - BASE].statusLatched;
    const name = port === CONTROL ? 'CONTROL' : `${latched ? 'STATUS' : 'COUNT'}${port - BASE}`;
    return this.registers.find((register) => register.name === name && (register.direction ?? direction) === direction);
  }

  /** Level of a channel's OUT pin now. */
  output(channel: number): boolean {
    return this.channels[channel].output(this.tick);
  }

  /** Periods that a channel in mode 2 or 3 has completed since it was loaded. */
  periods(channel: number): number {
    return this.channels[channel].periods(this.tick);
  }

  /** Gate of channel 2; those of the others are wired high. */
  get gate(): boolean {
    return this.channels[2].state.gate;
  }

  set gate(level: boolean) {
    this.channels[2].setGate(this.tick, level);
  }

  reset(): void {
    this.channels.forEach((channel, i) => channel.reset(i !== 2));
    this.playOutput();
  }

  save(): DeviceState {
    return { version: 1, channels: this.channels.map((channel) => ({ ...channel.state })), played: this.played };
  }

  load(state: DeviceState): void {
    checkVersion(this, state, 1);
    const channels = state.channels as ChannelState[];
    this.channels.forEach((channel, i) => (channel.state = { ...channels[i] }));
    this.played = state.played as number;
    this.showOutput();
  }

  private get tick(): number {
    return this.rate.ticksAt(this.host.clock.now);
  }

  private writeControl(tick: number, value: number): void {
    const select = value >> 6;
    if (select === READ_BACK) {
      this.channels.forEach((channel, i) => {
        if (!(value & (2 << i))) return;
        if (!(value & READ_BACK_NO_COUNT)) channel.latchCount(tick);
        if (!(value & READ_BACK_NO_STATUS)) channel.latchStatus(tick);
      });
    } else if ((value & 0x30) === 0) {
      this.channels[select].latchCount(tick);
    } else {
      this.channels[select].writeControl(tick, value & 0x3f);
    }
  }

  /** Brings IRQ0 up to date, edge by edge, and arms the timer for the next one. */
  private playOutput(): void {
    const channel = this.channels[0];
    const { tick } = this;
    for (let i = 0; i < MAX_REPLAY; i++) {
      const change = channel.nextChange(this.played);
      if (change > tick) break;
      this.played = change;
      this.host.setIrq(0, channel.output(change));
    }
    this.played = tick;
    this.showOutput();
  }

  private showOutput(): void {
    const channel = this.channels[0];
    this.host.setIrq(0, channel.output(this.played));
    const next = channel.nextChange(this.played);
    if (next === Infinity) this.timer.disarm();
    else this.timer.arm(this.rate.cycleOf(next));
  }
}
