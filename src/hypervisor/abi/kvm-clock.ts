import { CYCLES_PER_SECOND } from '../../machine/clock';
import { Fault, Vector } from '../../machine/cpu/fault';
import type { RegisterValue } from '../../machine/cpu/model-registers';
import * as layout from '../../machine/layout';
import type { GuestMachine } from '../guest-machine';

/** Model-specific registers of the clock, as they were first and as they are since 2.6.35. */
const WALL_CLOCK = [0x11, 0x4b564d00];
const SYSTEM_TIME = [0x12, 0x4b564d01];
const TIME_STAMP_COUNTER = 0x10;

const ENABLED = 1;
/** Bytes of struct pvclock_vcpu_time_info, pvclock_wall_clock and kvm_clock_pairing. */
const TIME_INFO_BYTES = 32;
const WALL_CLOCK_BYTES = 12;
const PAIRING_BYTES = 64;
const TSC_STABLE = 1;

/**
 * The factor that makes nanoseconds of ticks: (ticks << SHIFT) * MULTIPLIER >> 32. One tick is one nanosecond; the
 * multiplier is below 2^32 and has its highest bit set, as kvm_get_time_scale() has it.
 */
const TSC_SHIFT = 1;
const TSC_MULTIPLIER = 0x80000000;

const NANOSECONDS_PER_CYCLE = 1e9 / CYCLES_PER_SECOND;

interface KvmClockState {
  readonly wallClock: RegisterValue;
  readonly systemTime: RegisterValue;
}

/**
 * kvmclock (Linux arch/x86/include/asm/pvclock-abi.h, arch/x86/kvm/x86.c): the guest names a place in its memory, where
 * it finds the factor between time-stamp counter and system time. As the counter never stops or changes its pace, the
 * place is written when the guest names it and when it sets the counter.
 */
export class KvmClock {
  private wallClock: RegisterValue = [0, 0];
  private systemTime: RegisterValue = [0, 0];
  private version = 0;

  constructor(private readonly machine: GuestMachine) {}

  /** @returns undefined for registers that are not the clock's */
  readMsr(index: number): RegisterValue | undefined {
    if (WALL_CLOCK.includes(index)) return this.wallClock;
    return SYSTEM_TIME.includes(index) ? this.systemTime : undefined;
  }

  /** @returns false for registers that are not the clock's. @throws Fault #GP(0) for a place outside RAM */
  writeMsr(index: number, value: RegisterValue): boolean {
    if (index === TIME_STAMP_COUNTER) {
      // The processor's own register: it goes on from the low half, with the high one clear.
      if (this.systemTime[0] & ENABLED) this.storeTimeInfo(value[0]);
      return false;
    }
    if (WALL_CLOCK.includes(index)) {
      this.check(value, WALL_CLOCK_BYTES);
      this.wallClock = value;
      this.storeWallClock(value[0]);
      return true;
    }
    if (!SYSTEM_TIME.includes(index)) return false;
    if (value[0] & ENABLED) this.check([(value[0] & ~ENABLED) >>> 0, value[1]], TIME_INFO_BYTES);
    this.systemTime = value;
    if (value[0] & ENABLED) this.storeTimeInfo(this.timestamp);
    return true;
  }

  /**
   * Stores struct kvm_clock_pairing: wall clock and time-stamp counter of one moment.
   * @returns false if the place is not in RAM
   */
  pair(address: number): boolean {
    if (!this.isInRam([address, 0], PAIRING_BYTES)) return false;
    const { clock } = this.machine;
    const nanoseconds = clock.startTime * 1e6 + Math.floor(clock.now * NANOSECONDS_PER_CYCLE);
    this.machine.memory.poke(address, new Uint8Array(PAIRING_BYTES));
    this.store64(address, Math.floor(nanoseconds / 1e9));
    this.store64(address + 8, nanoseconds % 1e9);
    this.store64(address + 16, this.timestamp);
    return true;
  }

  reset(): void {
    this.wallClock = [0, 0];
    this.systemTime = [0, 0];
    this.version = 0;
  }

  save(): unknown {
    const { wallClock, systemTime, version } = this;
    return { wallClock, systemTime, version };
  }

  load(state: unknown): void {
    Object.assign(this, state as KvmClockState);
  }

  private get timestamp(): number {
    const { clock, cpu } = this.machine;
    return Math.floor(clock.now + cpu.state.f64[layout.TSC_OFFSET >>> 3]);
  }

  private isInRam([low, high]: RegisterValue, bytes: number): boolean {
    return high === 0 && low + bytes <= this.machine.memory.ramBytes;
  }

  private check(address: RegisterValue, bytes: number): void {
    if (!this.isInRam(address, bytes)) throw new Fault(Vector.GP, 0);
  }

  /** Wall clock at power on, which is when the system time was zero. */
  private storeWallClock(address: number): void {
    const { startTime } = this.machine.clock;
    this.store32(address, this.nextVersion());
    this.store32(address + 4, Math.floor(startTime / 1000));
    this.store32(address + 8, (startTime % 1000) * 1e6);
  }

  private storeTimeInfo(timestamp: number): void {
    const address = (this.systemTime[0] & ~ENABLED) >>> 0;
    this.store32(address, this.nextVersion());
    this.store32(address + 4, 0);
    this.store64(address + 8, timestamp);
    this.store64(address + 16, Math.floor(this.machine.clock.now * NANOSECONDS_PER_CYCLE));
    this.store32(address + 24, TSC_MULTIPLIER);
    this.store32(address + 28, TSC_SHIFT | (TSC_STABLE << 8));
  }

  /** Versions of what is complete are even. */
  private nextVersion(): number {
    this.version = (this.version + 2) >>> 0;
    return this.version;
  }

  private store32(address: number, value: number): void {
    this.machine.memory.write(address, 4, value >>> 0);
  }

  private store64(address: number, value: number): void {
    this.store32(address, value % 2 ** 32);
    this.store32(address + 4, Math.floor(value / 2 ** 32));
  }
}
