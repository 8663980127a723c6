import type { Device, DeviceState, PortRegister, PortWidth } from './device';
import { checkVersion } from './device-state';

/**
 * The Bochs debug console: a byte written to port 0xe9 is printed; reading gives 0xe9 so that guests can probe for it.
 * Firmware for virtual PCs has its own at port 0x402 (QEMU's isa-debugcon as SeaBIOS and OVMF look for it).
 */
export class DebugConsole implements Device {
  readonly name = 'DEBUGCON';
  readonly registers: readonly PortRegister[] = [
    { port: 0xe9, name: 'DATA', doc: 'Debug console: a byte written is printed, a read gives 0xe9.' },
    { port: 0x402, name: 'FIRMWARE', doc: 'Debug console of firmware: a byte written is printed, a read gives 0xe9.' },
  ];

  /** @param onByte told of each byte that the guest prints */
  constructor(private readonly onByte: (byte: number) => void) {}

  readPort(): number {
    return 0xe9;
  }

  writePort(_port: number, _width: PortWidth, value: number): void {
    this.onByte(value);
  }

  reset(): void {}

  save(): DeviceState {
    return { version: 1 };
  }

  load(state: DeviceState): void {
    checkVersion(this, state, 1);
  }
}

/** How many POST codes are kept. */
const POST_HISTORY = 256;

const POST_PORT = 0x80;
/** POST port of IBM's PS/1 and PS/2, which test ROMs write. */
const PS2_POST_PORT = 0x190;

/**
 * The POST card at port 0x80: keeps the codes that firmware and kernels write, the latest 256. Equal codes in a row are
 * kept once, because operating systems also write this port as a short delay. Reading gives the last value, as the
 * latch behind this port does in a PC. A second latch at port 0x190 is nobody's delay: it tells how far a test ROM came.
 */
export class PostCard implements Device {
  readonly name = 'POST';
  readonly registers: readonly PortRegister[] = [
    { port: POST_PORT, name: 'CODE', doc: 'Power-on self test code; written by operating systems as an I/O delay.' },
    { port: PS2_POST_PORT, name: 'CODE2', doc: 'Power-on self test code of a PS/1 or PS/2, and of test ROMs.' },
  ];
  private readonly codes = new Uint8Array(POST_HISTORY);
  private count = 0;
  /** The code at port 0x190, if any was written. */
  testCode: number | undefined;

  readPort(port: number): number {
    return (port === POST_PORT ? this.last : this.testCode) ?? 0;
  }

  writePort(port: number, _width: PortWidth, value: number): void {
    if (port !== POST_PORT) {
      this.testCode = value;
      return;
    }
    if (value === this.last) return;
    this.codes[this.count % POST_HISTORY] = value;
    this.count++;
  }

  /** The code written last, if any was. */
  get last(): number | undefined {
    return this.count ? this.codes[(this.count - 1) % POST_HISTORY] : undefined;
  }

  /** The codes still kept, oldest first. */
  get history(): number[] {
    const kept = Math.min(this.count, POST_HISTORY);
    return Array.from({ length: kept }, (_, i) => this.codes[(this.count - kept + i) % POST_HISTORY]);
  }

  reset(): void {
    this.codes.fill(0);
    this.count = 0;
    this.testCode = undefined;
  }

  save(): DeviceState {
    return { version: 1, codes: this.codes.slice(), count: this.count, testCode: this.testCode };
  }

  load(state: DeviceState): void {
    checkVersion(this, state, 1);
    this.codes.set(state.codes as Uint8Array);
    this.count = state.count as number;
    this.testCode = state.testCode as number | undefined;
  }
}

/** The debug-exit port 0xf4: a write of any width ends the run with the value. Reads give 0. */
export class DebugExit implements Device {
  readonly name = 'DEBUGEXIT';
  readonly registers: readonly PortRegister[] = [
    { port: 0xf4, name: 'CODE', width: 4, doc: 'Debug exit: a write ends the run; the value decides the exit status.' },
  ];

  /** @param onExit told of the value written, unsigned */
  constructor(private readonly onExit: (value: number) => void) {}

  readPort(): number {
    return 0;
  }

  writePort(_port: number, _width: PortWidth, value: number): void {
    this.onExit(value);
  }

  reset(): void {}

  save(): DeviceState {
    return { version: 1 };
  }

  load(state: DeviceState): void {
    checkVersion(this, state, 1);
  }
}
