import type { Device, DeviceState, PortDirection, PortRegister, PortWidth } from '../device';
import { checkVersion } from '../device-state';
import { CASCADE_LINE, type ChipState, Pic8259Chip } from './chip';
import { elcrRegisters, picRegisters } from './registers';

/** Lines whose sensitivity can be changed: not timer, keyboard, cascade, RTC and coprocessor. */
const ELCR_WRITABLE = [0xf8, 0xde];

/** The ports of one chip, with its own name in views. */
class ChipPorts implements Device {
  readonly registers: readonly PortRegister[];

  constructor(
    readonly name: string,
    private readonly base: number,
    firstLine: number,
    private readonly chip: Pic8259Chip,
    private readonly changed: () => void,
  ) {
    this.registers = picRegisters(base, firstLine);
  }

  readPort(port: number): number {
    const value = this.chip.read(port !== this.base);
    this.changed();
    return value;
  }

  writePort(port: number, _width: PortWidth, value: number): void {
    this.chip.write(port !== this.base, value);
    this.changed();
  }

  registerAt(port: number, direction: PortDirection, value = 0): PortRegister | undefined {
    const odd = port !== this.base;
    const name = direction === 'in' ? this.chip.readSource(odd) : this.chip.writeTarget(odd, value);
    return this.registers.find((register) => register.name === name);
  }

  reset(): void {
    this.chip.reset();
    this.changed();
  }

  save(): DeviceState {
    return { version: 1, chip: { ...this.chip.state } };
  }

  load(state: DeviceState): void {
    checkVersion(this, state, 1);
    this.chip.state = { ...(state.chip as ChipState) };
    this.changed();
  }
}

/** The edge/level control registers, which set a mode of both chips. */
class LevelControl implements Device {
  readonly name = 'ELCR';
  readonly registers = elcrRegisters();

  constructor(
    private readonly chips: readonly Pic8259Chip[],
    private readonly changed: () => void,
  ) {}

  readPort(port: number): number {
    return this.chips[port & 1].state.level;
  }

  writePort(port: number, _width: PortWidth, value: number): void {
    this.chips[port & 1].setLevelSensitive(value & ELCR_WRITABLE[port & 1]);
    this.changed();
  }

  reset(): void {
    for (const chip of this.chips) chip.setLevelSensitive(0);
    this.changed();
  }

  /** The registers are part of the chips' state. */
  save(): DeviceState {
    return { version: 1 };
  }

  load(state: DeviceState): void {
    checkVersion(this, state, 1);
  }
}

/**
 * The interrupt controller of a PC: two 8259A, the slave at line 2 of the master, and the edge/level control registers.
 * `devices` go on the port bus; interrupt lines come in through `setIrq`, the CPU takes vectors with `acknowledge`.
 */
export class Pic8259 {
  /** PIC1 (0x20), PIC2 (0xa0) and ELCR (0x4d0), in the order of registration and reset. */
  readonly devices: readonly Device[];
  /** Told when the interrupt request to the CPU rises or falls. */
  onPendingChange: ((pending: boolean) => void) | undefined;
  private readonly master = new Pic8259Chip(true);
  private readonly slave = new Pic8259Chip(false);
  private output = false;

  constructor() {
    const changed = (): void => this.update();
    this.devices = [
      new ChipPorts('PIC1', 0x20, 0, this.master, changed),
      new ChipPorts('PIC2', 0xa0, 8, this.slave, changed),
      new LevelControl([this.master, this.slave], changed),
    ];
  }

  /** True while the INTR line to the CPU is high. */
  get pending(): boolean {
    return this.output;
  }

  /** Sets the level of an ISA interrupt line, 0-15. Line 2 is the cascade and can't be set: devices' IRQ2 arrives at 9. */
  setIrq(line: number, level: boolean): void {
    const chip = line < 8 ? this.master : this.slave;
    const unchanged = ((chip.state.lines & (1 << (line & 7))) !== 0) === level;
    if (line === CASCADE_LINE || unchanged) return;
    chip.setLine(line & 7, level);
    this.update();
  }

  /** The CPU's acknowledge cycle. @returns the vector; that of line 7 (15) if the request has gone away meanwhile */
  acknowledge(): number {
    const line = this.master.acknowledge();
    let vector = this.master.vector(line);
    if (line === CASCADE_LINE) {
      vector = this.slave.vector(this.slave.acknowledge());
      // The slave's output goes low during the cycle, so that a further request makes a new edge.
      this.master.setLine(CASCADE_LINE, false);
    }
    this.update();
    return vector;
  }

  /** The interrupt line (0-15) that a vector stands for as the chips are programmed, or -1. */
  lineOf(vector: number): number {
    const base = vector & 0xf8;
    if (base === this.master.state.vectorBase) return vector & 7;
    return base === this.slave.state.vectorBase ? 8 + (vector & 7) : -1;
  }

  private update(): void {
    this.master.setLine(CASCADE_LINE, this.slave.output);
    const output = this.master.output;
    if (output === this.output) return;
    this.output = output;
    this.onPendingChange?.(output);
  }
}
