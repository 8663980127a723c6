import type { Device, DeviceHost, DeviceState, PortDirection, PortRegister, PortWidth } from './device';
import { checkVersion } from './device-state';

/** Who asked for a reset of the processor. */
export type ResetCause =
  | 'keyboard controller'
  | 'port 0x92'
  | 'port 0xcf9 (soft)'
  | 'port 0xcf9 (hard)'
  | 'VMI call Reboot (soft)'
  | 'VMI call Reboot (hard)';

/** What the devices that drive A20 and the reset line do to the machine. */
export interface SystemLines {
  /** A20 is let through (or held low). Called only on a change. */
  setA20(enabled: boolean): void;
  reset(cause: ResetCause): void;
}

/**
 * The A20 gate: open if port 0x92 or the keyboard controller says so. Both wake up with it open, as chipsets do, and
 * firmware leaves it so.
 */
export class A20Gate {
  private sources = { fast: false, keyboard: true };

  constructor(private readonly lines: SystemLines) {}

  get enabled(): boolean {
    return this.sources.fast || this.sources.keyboard;
  }

  set(source: 'fast' | 'keyboard', on: boolean): void {
    const before = this.enabled;
    this.sources[source] = on;
    if (this.enabled !== before) this.lines.setA20(this.enabled);
  }
}

const PORT92_RESET = 0x01;
const PORT92_A20 = 0x02;

/** System control port A at 0x92 (IBM PS/2; PIIX3 datasheet): fast A20 and fast reset. */
export class Port92 implements Device {
  readonly name = 'PORT92';
  readonly registers: readonly PortRegister[] = [
    {
      port: 0x92,
      name: 'CONTROL',
      doc: 'System control port A: fast A20 gate and fast reset.',
      fields: [
        { name: 'A20', low: 1, high: 1, values: { 0: 'A20 left to the keyboard controller', 1: 'A20 open' } },
        { name: 'RESET', low: 0, high: 0, doc: 'A change from 0 to 1 resets the processor.' },
      ],
    },
  ];
  private value = 0;

  constructor(
    private readonly a20: A20Gate,
    private readonly lines: SystemLines,
  ) {}

  readPort(): number {
    return this.value;
  }

  writePort(_port: number, _width: PortWidth, value: number): void {
    const resets = value & ~this.value & PORT92_RESET;
    this.value = value & (PORT92_RESET | PORT92_A20);
    this.a20.set('fast', (value & PORT92_A20) !== 0);
    if (resets) this.lines.reset('port 0x92');
  }

  reset(): void {
    this.value = 0;
    this.a20.set('fast', false);
  }

  save(): DeviceState {
    return { version: 1, value: this.value };
  }

  load(state: DeviceState): void {
    checkVersion(this, state, 1);
    this.value = state.value as number;
    this.a20.set('fast', (this.value & PORT92_A20) !== 0);
  }
}

const DATA_PORT = 0x60;
const KEYBOARD_IRQ = 1;

const STATUS_OUTPUT_FULL = 0x01;
const STATUS_SYSTEM = 0x04;
const STATUS_COMMAND = 0x08;
const STATUS_UNLOCKED = 0x10;
const STATUS_TIMEOUT = 0x40;

const MODE_INTERRUPT = 0x01;
const MODE_SYSTEM = 0x04;
const MODE_KEYBOARD_OFF = 0x10;
/** Keyboard interrupt off, system flag clear, keyboard off, scan codes translated. */
const POWER_ON_MODE = 0x70;

const OUTPUT_NO_RESET = 0x01;
const OUTPUT_A20 = 0x02;
/** All lines high, the buffer flags apart. */
const POWER_ON_OUTPUT = 0xcf;
/** Input port: not locked, colour display. */
const INPUT_PORT = 0xa0;

/** Commands that are followed by a byte at the data port. */
enum Pending {
  None = 0,
  WriteOutputPort = 0xd1,
  WriteOutputBuffer = 0xd2,
}

/**
 * The keyboard controller of a PC/AT, an 8042 (IBM PC/AT Technical Reference, "Keyboard Controller"). There is no keyboard
 * behind it: a byte sent to one times out, as the real controller reports it. A20 gate and reset line work.
 */
export class KeyboardController implements Device {
  readonly name = 'KBC';
  readonly registers: readonly PortRegister[] = [
    { port: DATA_PORT, name: 'DATA', doc: 'Output buffer (read) and parameters or keyboard commands (write).' },
    {
      port: 0x64,
      name: 'STATUS',
      direction: 'in',
      doc: 'Status of the controller.',
      fields: [
        { name: 'PERR', low: 7, high: 7, doc: 'Parity error.' },
        { name: 'TO', low: 6, high: 6, doc: 'The keyboard did not answer.' },
        { name: 'AUXB', low: 5, high: 5, doc: 'The byte in the buffer is from the mouse.' },
        { name: 'INH', low: 4, high: 4, values: { 0: 'keyboard locked', 1: 'not locked' } },
        { name: 'A2', low: 3, high: 3, values: { 0: 'last write was data', 1: 'last write was a command' } },
        { name: 'SYSF', low: 2, high: 2, doc: 'Self test passed.' },
        { name: 'IBF', low: 1, high: 1, doc: 'The controller has not read the last write yet.' },
        { name: 'OBF', low: 0, high: 0, doc: 'A byte waits at the data port.' },
      ],
    },
    {
      port: 0x64,
      name: 'COMMAND',
      direction: 'out',
      doc: 'Command to the controller.',
      fields: [
        {
          name: 'COMMAND',
          low: 0,
          high: 7,
          values: {
            0x20: 'read mode',
            0x60: 'write mode',
            0xaa: 'self test',
            0xab: 'test keyboard interface',
            0xad: 'keyboard off',
            0xae: 'keyboard on',
            0xc0: 'read input port',
            0xd0: 'read output port',
            0xd1: 'write output port',
            0xd2: 'write output buffer',
            0xdd: 'A20 off',
            0xdf: 'A20 on',
            0xe0: 'read test inputs',
            0xfe: 'pulse reset',
          },
        },
      ],
    },
  ];

  private ram = new Uint8Array(32);
  private output = 0;
  private full = false;
  private timeout = false;
  private lastWasCommand = false;
  /** Address in the RAM that the next data byte goes to, or -1. */
  private ramTarget = -1;
  private pending = Pending.None;
  private port = POWER_ON_OUTPUT;

  constructor(
    private readonly host: Pick<DeviceHost, 'setIrq'>,
    private readonly a20: A20Gate,
    private readonly lines: SystemLines,
  ) {
    this.reset();
  }

  readPort(port: number): number {
    if (port === DATA_PORT) {
      this.full = this.timeout = false;
      this.showIrq();
      return this.output;
    }
    const system = this.ram[0] & MODE_SYSTEM ? STATUS_SYSTEM : 0;
    const flags = (this.full ? STATUS_OUTPUT_FULL : 0) | (this.timeout ? STATUS_TIMEOUT : 0);
    return STATUS_UNLOCKED | system | flags | (this.lastWasCommand ? STATUS_COMMAND : 0);
  }

  writePort(port: number, _width: PortWidth, value: number): void {
    this.lastWasCommand = port !== DATA_PORT;
    if (this.lastWasCommand) this.command(value);
    else this.data(value);
  }

  registerAt(port: number, direction: PortDirection): PortRegister | undefined {
    if (port === DATA_PORT) return this.registers[0];
    return this.registers[direction === 'in' ? 1 : 2];
  }

  reset(): void {
    this.ram = new Uint8Array(32);
    this.ram[0] = POWER_ON_MODE;
    this.output = 0;
    this.full = this.timeout = this.lastWasCommand = false;
    this.ramTarget = -1;
    this.pending = Pending.None;
    this.port = POWER_ON_OUTPUT;
    this.a20.set('keyboard', true);
    this.showIrq();
  }

  save(): DeviceState {
    const { ram, output, full, timeout, lastWasCommand, ramTarget, pending, port } = this;
    return { version: 1, ram: ram.slice(), output, full, timeout, lastWasCommand, ramTarget, pending, port };
  }

  load(state: DeviceState): void {
    checkVersion(this, state, 1);
    this.ram = (state.ram as Uint8Array).slice();
    this.output = state.output as number;
    this.full = state.full as boolean;
    this.timeout = state.timeout as boolean;
    this.lastWasCommand = state.lastWasCommand as boolean;
    this.ramTarget = state.ramTarget as number;
    this.pending = state.pending as Pending;
    this.port = state.port as number;
    this.a20.set('keyboard', (this.port & OUTPUT_A20) !== 0);
    this.showIrq();
  }

  private command(value: number): void {
    this.pending = Pending.None;
    this.ramTarget = -1;
    const range = value & 0xe0;
    if (range === 0x20) this.answer(this.ram[value & 0x1f]);
    else if (range === 0x60) this.ramTarget = value & 0x1f;
    else if (value >= 0xf0) this.pulse(value);
    else COMMANDS[value]?.(this.commands);
  }

  /** What the table of commands may do. */
  private readonly commands: CommandTarget = {
    answer: (byte) => this.answer(byte),
    selfTest: () => {
      this.ram[0] |= MODE_SYSTEM | MODE_KEYBOARD_OFF;
      this.answer(0x55);
    },
    enableKeyboard: (on) => {
      this.ram[0] = on ? this.ram[0] & ~MODE_KEYBOARD_OFF : this.ram[0] | MODE_KEYBOARD_OFF;
    },
    readOutputPort: () => this.answer((this.port & ~0x10) | (this.full ? 0x10 : 0)),
    setA20: (on) => this.writeOutputPort(on ? this.port | OUTPUT_A20 : this.port & ~OUTPUT_A20),
    expect: (pending) => (this.pending = pending),
  };

  private data(value: number): void {
    const { pending, ramTarget } = this;
    this.pending = Pending.None;
    this.ramTarget = -1;
    if (ramTarget >= 0) {
      this.ram[ramTarget] = value;
      this.showIrq();
    } else if (pending === Pending.WriteOutputPort) {
      this.writeOutputPort(value);
    } else if (pending === Pending.WriteOutputBuffer) {
      this.answer(value);
    } else {
      // Nobody answers: the controller gives up, reports the time-out and hands on a resend code.
      this.ram[0] &= ~MODE_KEYBOARD_OFF;
      this.answer(0xfe);
      this.timeout = true;
    }
  }

  private answer(byte: number): void {
    this.output = byte;
    this.full = true;
    this.timeout = false;
    this.showIrq();
  }

  /** Commands F0-FF pulse the output port's lines 0-3 whose bit is clear; line 0 is the processor's reset. */
  private pulse(value: number): void {
    if (!(value & OUTPUT_NO_RESET)) this.lines.reset('keyboard controller');
  }

  private writeOutputPort(value: number): void {
    this.port = value;
    this.a20.set('keyboard', (value & OUTPUT_A20) !== 0);
    if (!(value & OUTPUT_NO_RESET)) this.lines.reset('keyboard controller');
  }

  private showIrq(): void {
    this.host.setIrq(KEYBOARD_IRQ, this.full && (this.ram[0] & MODE_INTERRUPT) !== 0);
  }
}

interface CommandTarget {
  answer(byte: number): void;
  selfTest(): void;
  enableKeyboard(on: boolean): void;
  readOutputPort(): void;
  setA20(on: boolean): void;
  expect(pending: Pending): void;
}

/** Commands with a fixed code; others are ignored, as the controller ignores what it does not know (a mouse's, for one). */
const COMMANDS: Readonly<Record<number, (target: CommandTarget) => void>> = {
  0xaa: (target) => target.selfTest(),
  // 1 would be a clock line stuck low; with no keyboard the lines float high, which tests well.
  0xab: (target) => target.answer(0x00),
  0xad: (target) => target.enableKeyboard(false),
  0xae: (target) => target.enableKeyboard(true),
  0xc0: (target) => target.answer(INPUT_PORT),
  0xd0: (target) => target.readOutputPort(),
  0xd1: (target) => target.expect(Pending.WriteOutputPort),
  0xd2: (target) => target.expect(Pending.WriteOutputBuffer),
  0xdd: (target) => target.setA20(false),
  0xdf: (target) => target.setA20(true),
  0xe0: (target) => target.answer(0x00),
};
