/** What a chip is waiting for at its odd port: the initialization words after ICW1, or operation words. */
enum Sequence {
  Ready,
  Icw2,
  Icw3,
  Icw4,
}

const ICW1_SELECT = 0x10;
const ICW1_SINGLE = 0x02;
const ICW1_NEEDS_ICW4 = 0x01;
const ICW4_AUTO_EOI = 0x02;
const ICW4_FULLY_NESTED = 0x10;
const OCW3_SELECT = 0x08;
/** Line of the master to which the slave is wired in a PC. */
export const CASCADE_LINE = 2;

/** Everything a chip remembers. */
export interface ChipState {
  /** Levels at the eight inputs. */
  lines: number;
  /** Interrupt request, in-service and mask registers. */
  irr: number;
  isr: number;
  imr: number;
  /** Inputs that are level sensitive (the ELCR of the chipset). */
  level: number;
  vectorBase: number;
  /** Input with the lowest priority; the next one has the highest. */
  lowest: number;
  sequence: Sequence;
  /** Words that ICW1 announced. */
  icw1: number;
  icw3: number;
  icw4: number;
  specialMask: boolean;
  rotateOnAutoEoi: boolean;
  readIsr: boolean;
  poll: boolean;
}

const POWER_ON: ChipState = {
  lines: 0,
  irr: 0,
  isr: 0,
  imr: 0xff,
  level: 0,
  vectorBase: 0,
  lowest: 7,
  sequence: Sequence.Ready,
  icw1: 0,
  icw3: 0,
  icw4: 0,
  specialMask: false,
  rotateOnAutoEoi: false,
  readIsr: false,
  poll: false,
};

/**
 * One 8259A as PC chipsets hold it: Intel 8259A datasheet (231468), with the deviations of the 82371 (PIIX): ICW1.LTIM
 * is ignored in favour of the edge/level control register, the cascade is wired whatever ICW3 says, and the MCS-80 mode
 * does not exist. At power on, where the datasheet leaves everything open, all inputs are masked.
 */
export class Pic8259Chip {
  state: ChipState = { ...POWER_ON };

  /** @param master whether the slave's output comes in at line 2 */
  constructor(private readonly master: boolean) {}

  reset(): void {
    this.state = { ...POWER_ON };
  }

  /** Changes the level at an input, 0-7. A request lasts no longer than its line: dropped early it becomes spurious. */
  setLine(line: number, high: boolean): void {
    const { state } = this;
    const bit = 1 << line;
    if (high) {
      if (state.level & bit || !(state.lines & bit)) state.irr |= bit;
      state.lines |= bit;
    } else {
      state.lines &= ~bit;
      state.irr &= ~bit;
    }
  }

  /** Makes inputs level sensitive (ones) or edge sensitive (zeros). */
  setLevelSensitive(mask: number): void {
    this.state.level = mask;
    this.state.irr = (this.state.irr & ~mask) | (this.state.lines & mask);
  }

  /** The INT output. */
  get output(): boolean {
    return this.winner() >= 0;
  }

  /**
   * An interrupt acknowledge cycle: the winning input goes in service.
   * @returns the input, or -1 if the request has gone away (spurious)
   */
  acknowledge(): number {
    const { state } = this;
    const line = this.winner();
    if (line < 0) return -1;
    const bit = 1 << line;
    if (!(state.level & bit)) state.irr &= ~bit;
    if (state.icw4 & ICW4_AUTO_EOI) {
      if (state.rotateOnAutoEoi) state.lowest = line;
    } else {
      state.isr |= bit;
    }
    return line;
  }

  /** Vector of an input; a spurious acknowledge gives that of input 7. */
  vector(line: number): number {
    return this.state.vectorBase | (line < 0 ? 7 : line);
  }

  /** @param odd whether the port is the odd one (A0) */
  read(odd: boolean): number {
    const { state } = this;
    if (state.poll) {
      state.poll = false;
      const line = this.acknowledge();
      return line < 0 ? 0 : 0x80 | line;
    }
    if (odd) return state.imr;
    return state.readIsr ? state.isr : state.irr;
  }

  write(odd: boolean, value: number): void {
    if (odd) this.writeOdd(value);
    else if (value & ICW1_SELECT) this.initialize(value);
    else if (value & OCW3_SELECT) this.writeOcw3(value);
    else this.writeOcw2(value);
  }

  /** Highest-priority request that may interrupt what is in service, or -1. */
  private winner(): number {
    const { state } = this;
    if (state.sequence !== Sequence.Ready) return -1;
    const requests = state.irr & ~state.imr;
    if (requests === 0) return -1;
    let blocking = state.specialMask ? state.isr & ~state.imr : state.isr;
    // In the special fully nested mode the slave may interrupt its own service with a higher input.
    if (this.master && state.icw4 & ICW4_FULLY_NESTED && requests & (1 << CASCADE_LINE)) {
      blocking &= ~(1 << CASCADE_LINE);
    }
    for (let i = 1; i <= 8; i++) {
      const line = (state.lowest + i) & 7;
      if (blocking & (1 << line)) return -1;
      if (requests & (1 << line)) return line;
    }
    return -1;
  }

  private initialize(icw1: number): void {
    const { state } = this;
    state.icw1 = icw1;
    state.irr = state.lines & state.level;
    state.isr = 0;
    state.imr = 0;
    state.lowest = 7;
    state.icw4 = 0;
    state.specialMask = state.rotateOnAutoEoi = state.readIsr = state.poll = false;
    state.sequence = Sequence.Icw2;
  }

  private writeOdd(value: number): void {
    const { state } = this;
    const fourth = state.icw1 & ICW1_NEEDS_ICW4 ? Sequence.Icw4 : Sequence.Ready;
    switch (state.sequence) {
      case Sequence.Icw2:
        state.vectorBase = value & 0xf8;
        state.sequence = state.icw1 & ICW1_SINGLE ? fourth : Sequence.Icw3;
        return;
      case Sequence.Icw3:
        state.icw3 = value;
        state.sequence = fourth;
        return;
      case Sequence.Icw4:
        state.icw4 = value;
        state.sequence = Sequence.Ready;
        return;
      case Sequence.Ready:
        state.imr = value;
    }
  }

  /** Bits 7-5 of OCW2: rotate, specific, end of interrupt. */
  private writeOcw2(value: number): void {
    const { state } = this;
    const rotate = (value & 0x80) !== 0;
    const specific = (value & 0x40) !== 0;
    const end = (value & 0x20) !== 0;
    if (!end && !specific) {
      state.rotateOnAutoEoi = rotate;
      return;
    }
    const line = specific ? value & 7 : this.highestInService();
    if (line < 0) return;
    if (end) state.isr &= ~(1 << line);
    if (rotate) state.lowest = line;
  }

  /** In special mask mode a non-specific end of interrupt does not touch masked inputs. */
  private highestInService(): number {
    const { state } = this;
    const candidates = state.specialMask ? state.isr & ~state.imr : state.isr;
    for (let i = 1; i <= 8; i++) {
      const line = (state.lowest + i) & 7;
      if (candidates & (1 << line)) return line;
    }
    return -1;
  }

  private writeOcw3(value: number): void {
    const { state } = this;
    if (value & 0x40) state.specialMask = (value & 0x20) !== 0;
    if (value & 0x02) state.readIsr = (value & 0x01) !== 0;
    state.poll = (value & 0x04) !== 0;
  }

  /** Name of the register that a write reaches now: `ICW1` … `OCW3`. */
  writeTarget(odd: boolean, value: number): string {
    if (odd) return ['OCW1', 'ICW2', 'ICW3', 'ICW4'][this.state.sequence];
    if (value & ICW1_SELECT) return 'ICW1';
    return value & OCW3_SELECT ? 'OCW3' : 'OCW2';
  }

  /** Name of the register that a read gives now. */
  readSource(odd: boolean): string {
    if (this.state.poll) return 'POLL';
    if (odd) return 'IMR';
    return this.state.readIsr ? 'ISR' : 'IRR';
  }
}
