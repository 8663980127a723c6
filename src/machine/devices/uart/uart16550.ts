import type { Timer } from '../../clock';
import type { Device, DeviceHost, DeviceState, PortDirection, PortRegister, PortWidth } from '../device';
import { checkVersion } from '../device-state';
import { byteTime, wordLength } from './line-timing';
import * as reg from './registers';
import { InterruptId, UartPort } from './registers';

/**
 * How fast the transmitter is: `baud` takes the time that the divisor gives; `immediate` takes none, as virtual machines
 * usually do, so that guests that poll do not spin. Received bytes always come at the pace of the divisor.
 */
export type UartPacing = 'baud' | 'immediate';

export interface UartOptions {
  /** `COM1` */
  name: string;
  base: number;
  /** ISA interrupt line. */
  irq: number;
  pacing: UartPacing;
  /** Told of each byte as it goes out on the line. */
  onTransmit(byte: number): void;
}

/** Modem inputs, as the other side drives them. */
export interface ModemInputs {
  cts: boolean;
  dsr: boolean;
  ri: boolean;
  dcd: boolean;
}

const FIFO_BYTES = 16;
/** 9600 bits a second, as the firmware leaves it. */
const DIVISOR_9600 = 12;
/** The receiver FIFO times out after four byte times in which nothing moved. */
const TIMEOUT_BYTES = 4;

interface UartState {
  divisor: number;
  ier: number;
  fcr: number;
  lcr: number;
  mcr: number;
  scr: number;
  /** Errors in LSR bits 1-4. */
  errors: number;
  /** MSR: changes in the low half, levels in the high half. */
  msr: number;
  /** Levels of the modem inputs in the places of the MSR. */
  inputs: number;
  /** Received bytes with their errors in bits 8 and up. */
  received: number[];
  /** Bytes that wait for the shift register. */
  toSend: number[];
  /** Byte in the shift register, or -1. */
  shifting: number;
  /** Bytes from outside that have not arrived yet. */
  inbox: number[];
  emptyInterrupt: boolean;
  timedOut: boolean;
}

const POWER_ON: UartState = {
  divisor: DIVISOR_9600,
  ier: 0,
  fcr: 0,
  lcr: 0,
  mcr: 0,
  scr: 0,
  errors: 0,
  msr: 0,
  inputs: reg.MSR_CTS | reg.MSR_DSR | reg.MSR_DCD,
  received: [],
  toSend: [],
  shifting: -1,
  inbox: [],
  emptyInterrupt: false,
  timedOut: false,
};

function copyOf(state: UartState): UartState {
  const { received, toSend, inbox } = state;
  return { ...state, received: [...received], toSend: [...toSend], inbox: [...inbox] };
}

/** A serial port of a PC: National Semiconductor 16550A (datasheet TL/C/8652). */
export class Uart16550 implements Device {
  readonly name: string;
  readonly registers: readonly PortRegister[];
  private readonly base: number;
  private readonly sendTimer: Timer;
  private readonly receiveTimer: Timer;
  private readonly timeoutTimer: Timer;
  private state = copyOf(POWER_ON);

  constructor(
    private readonly host: DeviceHost,
    private readonly options: UartOptions,
  ) {
    this.name = options.name;
    this.base = options.base;
    this.registers = reg.uartRegisters(options.base);
    this.sendTimer = host.clock.timer(`${this.name}.transmit`, () => this.byteSent());
    this.receiveTimer = host.clock.timer(`${this.name}.receive`, () => this.byteArrives());
    this.timeoutTimer = host.clock.timer(`${this.name}.timeout`, () => {
      this.state.timedOut = true;
      this.updateIrq();
    });
    this.reset();
  }

  /** Sends bytes to the guest; they arrive one by one at the pace of the divisor. */
  receive(bytes: Iterable<number>): void {
    this.state.inbox.push(...bytes);
    if (this.state.inbox.length && this.receiveTimer.due === Infinity) this.armReceive();
  }

  /** The other side holds the line in break. */
  receiveBreak(): void {
    this.push(reg.LSR_BREAK << 8);
    this.updateIrq();
  }

  /** Sets levels that the other side drives. At power on it is ready: CTS, DSR and DCD are on. */
  setModemInputs(inputs: Partial<ModemInputs>): void {
    const places = { cts: reg.MSR_CTS, dsr: reg.MSR_DSR, ri: reg.MSR_RI, dcd: reg.MSR_DCD };
    for (const key of Object.keys(places) as (keyof ModemInputs)[]) {
      if (inputs[key] === true) this.state.inputs |= places[key];
      if (inputs[key] === false) this.state.inputs &= ~places[key];
    }
    this.updateModem();
    this.updateIrq();
  }

  /** Sends at once what still waits in the transmitter: for the end of a run, so that nothing written is lost. */
  drain(): void {
    for (const byte of this.state.toSend.splice(0)) this.transmit(byte);
  }

  readPort(port: number): number {
    const { state } = this;
    switch ((port - this.base) as UartPort) {
      case UartPort.Data:
        return this.latchAccess ? state.divisor & 0xff : this.readReceiver();
      case UartPort.InterruptEnable:
        return this.latchAccess ? state.divisor >> 8 : state.ier;
      case UartPort.InterruptId:
        return this.readInterruptId();
      case UartPort.LineControl:
        return state.lcr;
      case UartPort.ModemControl:
        return state.mcr;
      case UartPort.LineStatus:
        return this.readLineStatus();
      case UartPort.ModemStatus: {
        const { msr } = state;
        state.msr &= ~reg.MSR_DELTAS;
        this.updateIrq();
        return msr;
      }
      case UartPort.Scratch:
        return state.scr;
    }
  }

  writePort(port: number, _width: PortWidth, value: number): void {
    const { state } = this;
    switch ((port - this.base) as UartPort) {
      case UartPort.Data:
        if (this.latchAccess) state.divisor = (state.divisor & 0xff00) | value;
        else this.send(value);
        break;
      case UartPort.InterruptEnable:
        if (this.latchAccess) state.divisor = (value << 8) | (state.divisor & 0xff);
        else this.writeInterruptEnable(value & 0x0f);
        break;
      case UartPort.InterruptId:
        this.writeFifoControl(value);
        break;
      case UartPort.LineControl: {
        const starts = value & ~state.lcr & reg.LCR_BREAK;
        state.lcr = value;
        if (starts && this.loopback) this.push(reg.LSR_BREAK << 8);
        break;
      }
      case UartPort.ModemControl:
        state.mcr = value & 0x1f;
        this.updateModem();
        break;
      case UartPort.LineStatus:
      case UartPort.ModemStatus:
        // Writable in the factory only.
        return;
      case UartPort.Scratch:
        state.scr = value;
        return;
    }
    this.updateIrq();
  }

  registerAt(port: number, direction: PortDirection): PortRegister | undefined {
    const latch = this.latchAccess ? [`DLL`, `DLM`][port - this.base] : undefined;
    const fits = (register: PortRegister): boolean =>
      latch
        ? register.name === latch
        : register.port === port && (register.direction ?? direction) === direction && !/^DL/.test(register.name);
    return this.registers.find(fits);
  }

  reset(): void {
    const { inputs } = POWER_ON;
    this.state = { ...copyOf(POWER_ON), msr: inputs };
    for (const timer of [this.sendTimer, this.receiveTimer, this.timeoutTimer]) timer.disarm();
    this.updateIrq();
  }

  save(): DeviceState {
    const due = [this.sendTimer, this.receiveTimer, this.timeoutTimer].map((timer) => timer.due);
    return { version: 1, uart: copyOf(this.state), due };
  }

  load(state: DeviceState): void {
    checkVersion(this, state, 1);
    this.state = copyOf(state.uart as UartState);
    const due = state.due as number[];
    [this.sendTimer, this.receiveTimer, this.timeoutTimer].forEach((timer, i) => {
      if (due[i] === Infinity) timer.disarm();
      else timer.arm(due[i]);
    });
    this.updateIrq();
  }

  private get latchAccess(): boolean {
    return (this.state.lcr & reg.LCR_DLAB) !== 0;
  }

  private get loopback(): boolean {
    return (this.state.mcr & reg.MCR_LOOP) !== 0;
  }

  private get fifos(): boolean {
    return (this.state.fcr & reg.FCR_ENABLE) !== 0;
  }

  private get depth(): number {
    return this.fifos ? FIFO_BYTES : 1;
  }

  private get byteTime(): number {
    return byteTime(this.state.lcr, this.state.divisor);
  }

  // Transmitter

  private send(value: number): void {
    const { state } = this;
    state.emptyInterrupt = false;
    if (this.options.pacing === 'immediate') {
      this.transmit(value);
      state.emptyInterrupt = true;
      return;
    }
    // A byte written to a full transmitter takes the place of the last one, as in the chip.
    if (state.toSend.length === this.depth) state.toSend.pop();
    state.toSend.push(value);
    if (state.shifting < 0) this.startSending();
  }

  /** Moves the next byte to the shift register. */
  private startSending(): void {
    const { state } = this;
    const byte = state.toSend.shift();
    if (byte === undefined) return;
    state.shifting = byte;
    if (!this.loopback) this.transmit(byte);
    if (state.toSend.length === 0) state.emptyInterrupt = true;
    this.sendTimer.arm(this.host.clock.now + this.byteTime);
  }

  private byteSent(): void {
    const byte = this.state.shifting;
    this.state.shifting = -1;
    if (this.loopback) this.transmit(byte);
    this.startSending();
    this.updateIrq();
  }

  private transmit(value: number): void {
    const byte = value & ((1 << wordLength(this.state.lcr)) - 1);
    if (this.loopback) this.push(byte);
    else this.options.onTransmit(byte);
  }

  // Receiver

  private armReceive(): void {
    this.receiveTimer.arm(this.host.clock.now + this.byteTime);
  }

  private byteArrives(): void {
    const { state } = this;
    // Without true pacing nobody expects bytes to get lost: they wait until the guest has room.
    const wait = this.options.pacing === 'immediate' && (this.loopback || state.received.length >= this.depth);
    if (!wait) {
      const byte = state.inbox.shift() ?? 0;
      if (!this.loopback) this.push(byte);
    }
    if (state.inbox.length) this.armReceive();
    this.updateIrq();
  }

  /** Takes a byte (with errors in bits 8 and up) into the receiver. */
  private push(entry: number): void {
    const { state } = this;
    if (state.received.length >= this.depth) {
      state.errors |= reg.LSR_OVERRUN;
      if (this.fifos) return;
      state.received.pop();
    }
    state.received.push(entry);
    if (state.received.length === 1) state.errors |= entry >> 8;
    this.restartTimeout();
  }

  private readReceiver(): number {
    const { state } = this;
    const entry = state.received.shift() ?? 0;
    if (state.received.length) state.errors |= state.received[0] >> 8;
    this.restartTimeout();
    this.updateIrq();
    return entry & 0xff;
  }

  private restartTimeout(): void {
    this.state.timedOut = false;
    if (this.fifos && this.state.received.length) {
      this.timeoutTimer.arm(this.host.clock.now + TIMEOUT_BYTES * this.byteTime);
    } else {
      this.timeoutTimer.disarm();
    }
  }

  private readLineStatus(): number {
    const { state } = this;
    let status = state.errors;
    if (state.received.length) status |= reg.LSR_READY;
    if (state.toSend.length === 0) status |= reg.LSR_EMPTY;
    if (state.toSend.length === 0 && state.shifting < 0) status |= reg.LSR_IDLE;
    if (this.fifos && state.received.some((entry) => entry > 0xff)) status |= reg.LSR_FIFO_ERROR;
    // The head's own errors are told once.
    if (state.received.length) state.received[0] &= 0xff;
    state.errors = 0;
    this.updateIrq();
    return status;
  }

  // Control

  private writeInterruptEnable(value: number): void {
    const { state } = this;
    const enablesEmpty = value & ~state.ier & reg.IER_EMPTY;
    state.ier = value;
    if (enablesEmpty && state.toSend.length === 0) state.emptyInterrupt = true;
  }

  private writeFifoControl(value: number): void {
    const { state } = this;
    const toggles = ((value ^ state.fcr) & reg.FCR_ENABLE) !== 0;
    const enabled = (value & reg.FCR_ENABLE) !== 0;
    if (toggles || (enabled && value & reg.FCR_CLEAR_RECEIVER)) state.received = [];
    if (toggles || (enabled && value & reg.FCR_CLEAR_TRANSMITTER)) {
      if (state.toSend.length) state.emptyInterrupt = true;
      state.toSend = [];
    }
    state.fcr = enabled ? value & 0xc9 : 0;
    this.restartTimeout();
  }

  private updateModem(): void {
    const { state } = this;
    const { mcr } = state;
    let levels = state.inputs;
    if (this.loopback) {
      levels = (mcr & reg.MCR_RTS ? reg.MSR_CTS : 0) | (mcr & reg.MCR_DTR ? reg.MSR_DSR : 0);
      levels |= (mcr & reg.MCR_OUT1 ? reg.MSR_RI : 0) | (mcr & reg.MCR_OUT2 ? reg.MSR_DCD : 0);
    }
    let changes = (levels ^ state.msr) >> 4;
    // The ring indicator reports only its end.
    if (levels & reg.MSR_RI) changes &= ~reg.MSR_TRAILING_RING;
    state.msr = levels | (state.msr & reg.MSR_DELTAS) | (changes & reg.MSR_DELTAS);
  }

  private readInterruptId(): number {
    const id = this.interrupt();
    if (id === InterruptId.Empty) {
      this.state.emptyInterrupt = false;
      this.updateIrq();
    }
    return id | (this.fifos ? reg.IIR_FIFO : 0);
  }

  /** The pending interrupt of the highest priority. */
  private interrupt(): InterruptId {
    const { state } = this;
    const trigger = this.fifos ? reg.TRIGGER_LEVELS[state.fcr >> 6] : 1;
    if (state.ier & reg.IER_LINE && state.errors & reg.LSR_ERRORS) return InterruptId.Line;
    if (state.ier & reg.IER_RECEIVED && state.received.length >= trigger) return InterruptId.Received;
    if (state.ier & reg.IER_RECEIVED && state.timedOut) return InterruptId.Timeout;
    if (state.ier & reg.IER_EMPTY && state.emptyInterrupt) return InterruptId.Empty;
    if (state.ier & reg.IER_MODEM && state.msr & reg.MSR_DELTAS) return InterruptId.Modem;
    return InterruptId.None;
  }

  /** In a PC the pin OUT2 lets the interrupt through; in loopback the chip turns that pin off. */
  private updateIrq(): void {
    const through = (this.state.mcr & (reg.MCR_OUT2 | reg.MCR_LOOP)) === reg.MCR_OUT2;
    this.host.setIrq(this.options.irq, through && this.interrupt() !== InterruptId.None);
  }
}
