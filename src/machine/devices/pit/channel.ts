/** Bits of a control word that a channel keeps, as its status byte gives them back. */
const CONTROL_BCD = 0x01;
const STATUS_NULL_COUNT = 0x40;
const STATUS_OUTPUT = 0x80;

/** Which bytes of the count are read and written. */
enum Access {
  Latch = 0,
  Low = 1,
  High = 2,
  Both = 3,
}

/** Everything a channel remembers; moments are ticks of the PIT's oscillator. */
export interface ChannelState {
  /** Bits 5-0 of the control word as written. */
  control: number;
  gate: boolean;
  /** The count register: what was written last, in ticks (0 is given as 65536 or 10000). */
  count: number;
  /** Low byte of a count whose high byte is still to come, or -1. */
  partial: number;
  /** Count written and not in the counting element yet. */
  nullCount: boolean;
  /** Whether the counting element was loaded since the control word, what with, and when. */
  loaded: boolean;
  period: number;
  start: number;
  /** Ticks counted when the gate stopped the count, or -1 while it runs. */
  paused: number;
  /** When the count register goes to the counting element (Infinity: not yet known). */
  loadAt: number;
  /** The load happens in the middle of a square wave, which goes on with its low half. */
  loadLow: boolean;
  /** What the counting element holds while it is not loaded. */
  held: number;
  /** Latched count and how many of its bytes were read; -1 if none. */
  latch: number;
  latchedStatus: number;
  /** The next byte read of a pair is the high one. */
  readHigh: boolean;
}

const POWER_ON: ChannelState = {
  control: 0,
  gate: true,
  count: 0x10000,
  partial: -1,
  nullCount: true,
  loaded: false,
  period: 0x10000,
  start: 0,
  paused: -1,
  loadAt: Infinity,
  loadLow: false,
  held: 0,
  latch: -1,
  latchedStatus: -1,
  readHigh: false,
};

/** Ticks of a square wave's high half. */
function highHalf(period: number): number {
  return (period + 1) >>> 1;
}

/** Four decimal digits of a binary-coded decimal. */
function fromBcd(value: number): number {
  return (value >> 12) * 1000 + ((value >> 8) & 15) * 100 + ((value >> 4) & 15) * 10 + (value & 15);
}

function toBcd(value: number): number {
  const digits = [1000, 100, 10, 1].map((weight) => Math.floor(value / weight) % 10);
  return digits.reduce((bcd, digit) => bcd * 16 + digit, 0);
}

/**
 * One counter of an 8254 (Intel datasheet 231164). Nothing happens per tick: count and output are worked out from the
 * tick at which the counting element was loaded. All methods take the present tick, which never goes back. What the
 * chip does "on the next clock pulse" happens at `tick + 1`.
 */
export class PitChannel {
  state: ChannelState = { ...POWER_ON };

  reset(gate: boolean): void {
    this.state = { ...POWER_ON, gate };
  }

  /** 0-5; control words with mode bits 6 and 7 mean 2 and 3. */
  get mode(): number {
    const mode = (this.state.control >> 1) & 7;
    return mode > 5 ? mode - 4 : mode;
  }

  /** True if a status byte was latched, which the next read gives. */
  get statusLatched(): boolean {
    return this.state.latchedStatus >= 0;
  }

  private get access(): Access {
    return (this.state.control >> 4) & 3;
  }

  private get modulus(): number {
    return this.state.control & CONTROL_BCD ? 10000 : 0x10000;
  }

  /** True for the modes whose output repeats. */
  private get periodic(): boolean {
    return this.mode === 2 || this.mode === 3;
  }

  /** A control word for this channel (not a latch command): bits 5-0. */
  writeControl(tick: number, control: number): void {
    const held = this.element(tick);
    const { gate, count } = this.state;
    this.state = { ...POWER_ON, control, gate, count, held };
  }

  writeCount(tick: number, value: number): void {
    this.settle(tick);
    const { state } = this;
    switch (this.access) {
      case Access.Low:
        this.countWritten(tick, value);
        return;
      case Access.High:
        this.countWritten(tick, value << 8);
        return;
      default:
        if (state.partial >= 0) {
          this.countWritten(tick, (value << 8) | state.partial);
          return;
        }
        state.partial = value;
        // In mode 0 the first byte already stops the count and lowers the output.
        if (this.mode === 0) this.unload(tick);
    }
  }

  /** The next byte of the latched status, the latched count or the running count. */
  read(tick: number): number {
    const { state } = this;
    if (state.latchedStatus >= 0) {
      const status = state.latchedStatus;
      state.latchedStatus = -1;
      return status;
    }
    const count = state.latch >= 0 ? state.latch : this.readable(tick);
    const both = this.access === Access.Both;
    const high = both ? state.readHigh : this.access === Access.High;
    if (both) state.readHigh = !high;
    if (!both || high) state.latch = -1;
    return high ? count >> 8 : count & 0xff;
  }

  /** Holds the count for reading; a count latched before stays. */
  latchCount(tick: number): void {
    if (this.state.latch < 0) this.state.latch = this.readable(tick);
  }

  latchStatus(tick: number): void {
    const { state } = this;
    if (state.latchedStatus >= 0) return;
    const output = this.output(tick) ? STATUS_OUTPUT : 0;
    state.latchedStatus = output | (state.nullCount ? STATUS_NULL_COUNT : 0) | state.control;
  }

  setGate(tick: number, gate: boolean): void {
    this.settle(tick);
    const { state, mode } = this;
    if (gate === state.gate) return;
    state.gate = gate;
    if (mode === 1 || mode === 5) {
      if (gate) this.loadNext(tick);
    } else if (!gate) {
      if (state.loaded) state.paused = tick - state.start;
      if (this.periodic && state.loaded) state.loadAt = Infinity;
    } else if (this.periodic) {
      if (state.loaded) this.loadNext(tick);
    } else if (state.paused >= 0) {
      state.start = tick - state.paused;
      state.paused = -1;
    }
  }

  /** Level of the OUT pin. */
  output(tick: number): boolean {
    this.settle(tick);
    const { state } = this;
    if (!state.loaded) return this.mode !== 0;
    const elapsed = this.elapsed(tick);
    switch (this.mode) {
      case 0:
      case 1:
        return elapsed >= state.period;
      case 2:
        return state.paused >= 0 || state.period < 2 || elapsed % state.period !== state.period - 1;
      case 3:
        return state.paused >= 0 || elapsed % state.period < highHalf(state.period);
      default:
        return elapsed !== state.period;
    }
  }

  /** The first tick after the given one at which the output may change; Infinity if only the guest can change it. */
  nextChange(tick: number): number {
    this.settle(tick);
    const { state } = this;
    if (!state.loaded || state.paused >= 0) return state.loadAt;
    const { period, start } = state;
    const elapsed = tick - start;
    let change = Infinity;
    if (this.periodic) {
      const position = elapsed % period;
      const turn = this.mode === 2 ? period - 1 : highHalf(period);
      change = tick - position + (position < turn ? turn : period);
    } else if (elapsed < period) {
      change = start + period;
    } else if (elapsed === period && this.mode >= 4) {
      change = tick + 1;
    }
    return Math.min(change, state.loadAt);
  }

  /** Periods of mode 2 or 3 completed since the count was loaded. */
  periods(tick: number): number {
    this.settle(tick);
    return this.state.loaded ? Math.floor(this.elapsed(tick) / this.state.period) : 0;
  }

  private elapsed(tick: number): number {
    return this.state.paused >= 0 ? this.state.paused : tick - this.state.start;
  }

  private countWritten(tick: number, raw: number): void {
    const { state, mode } = this;
    state.partial = -1;
    state.count = (this.modulus === 10000 ? fromBcd(raw) : raw) || this.modulus;
    state.nullCount = true;
    if (mode === 1 || mode === 5) return;
    if (mode === 0) this.unload(tick);
    if (!this.periodic || !state.loaded) {
      this.loadNext(tick);
    } else if (state.paused < 0) {
      const position = (tick - state.start) % state.period;
      const half = highHalf(state.period);
      state.loadLow = mode === 3 && position < half;
      state.loadAt = tick - position + (state.loadLow ? half : state.period);
    }
  }

  /** Loads the counting element on the next clock pulse. */
  private loadNext(tick: number): void {
    this.state.loadAt = tick + 1;
    this.state.loadLow = false;
  }

  private unload(tick: number): void {
    this.state.held = this.element(tick);
    this.state.loaded = false;
    this.state.loadAt = Infinity;
  }

  /** Carries out a load that is due. */
  private settle(tick: number): void {
    const { state } = this;
    if (tick < state.loadAt) return;
    state.period = state.count;
    state.start = state.loadAt - (state.loadLow ? highHalf(state.count) : 0);
    state.loaded = true;
    state.nullCount = false;
    state.paused = state.gate || this.mode === 1 || this.mode === 5 ? -1 : 0;
    state.loadAt = Infinity;
    state.loadLow = false;
  }

  /** Value of the counting element. */
  private element(tick: number): number {
    this.settle(tick);
    const { state } = this;
    if (!state.loaded) return state.held;
    const { period } = state;
    const elapsed = this.elapsed(tick);
    if (this.mode === 2) return period - (elapsed % period);
    if (this.mode === 3) {
      const position = elapsed % period;
      const half = highHalf(period);
      return (period & ~1) - 2 * (position < half ? position : position - half);
    }
    const rest = (period - elapsed) % this.modulus;
    return rest < 0 ? rest + this.modulus : rest;
  }

  /**
   * The counting element as the guest reads it: 16 bits, binary or decimal. A first count that is yet to be loaded reads as
   * loaded: on a PC no access is so soon, each takes longer than a clock pulse, and calibration loops take that for granted.
   */
  private readable(tick: number): number {
    const current = this.element(tick);
    const { loaded, loadAt, count } = this.state;
    const value = (loaded || loadAt === Infinity ? current : count) % this.modulus;
    return this.modulus === 10000 ? toBcd(value) : value;
  }
}
