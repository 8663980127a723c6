import type { Device, DeviceState, PortRegister, PortWidth } from './device';
import { checkVersion } from './device-state';

/** First port; see docs/io-test-device.md. */
const BASE = 0x1860;
const CAPACITY = 0x10000;

enum Offset {
  Data = 0x0,
  Count = 0x4,
  SumOut = 0x8,
  SumIn = 0xa,
  XorOut = 0xc,
  XorIn = 0xd,
  Status = 0xe,
  Control = 0xf,
}

const STATUS_NOT_EMPTY = 1;
const STATUS_FULL = 2;
const STATUS_OVERRUN = 4;
const STATUS_UNDERRUN = 8;
const STATUS_WIDTH_SHIFT = 4;
const CONTROL_RESET = 1;
/** What `ID` reads: `T`. */
const IDENTITY = 0x54;

/**
 * The I/O test device (docs/io-test-device.md): a FIFO behind a port of 8, 16 and 32 bits, with sums over what went in
 * and out, so that guests can check every form of IN, OUT, INS and OUTS.
 */
export class IoTestDevice implements Device {
  readonly name = 'IOTEST';
  readonly registers: readonly PortRegister[] = [
    {
      port: BASE + Offset.Data,
      name: 'DATA',
      width: 4,
      doc: 'FIFO: a write appends its bytes, a read takes as many from the head, low byte first.',
    },
    { port: BASE + Offset.Count, name: 'COUNT', direction: 'in', width: 4, doc: 'Bytes in the FIFO, 0-65536.' },
    {
      port: BASE + Offset.SumOut,
      name: 'SUM_OUT',
      direction: 'in',
      width: 2,
      doc: 'Sum of all bytes written to DATA, modulo 65536.',
    },
    {
      port: BASE + Offset.SumIn,
      name: 'SUM_IN',
      direction: 'in',
      width: 2,
      doc: 'Sum of all bytes read from DATA, modulo 65536.',
    },
    { port: BASE + Offset.XorOut, name: 'XOR_OUT', direction: 'in', doc: 'Exclusive or of all bytes written to DATA.' },
    { port: BASE + Offset.XorIn, name: 'XOR_IN', direction: 'in', doc: 'Exclusive or of all bytes read from DATA.' },
    {
      port: BASE + Offset.Status,
      name: 'STATUS',
      direction: 'in',
      doc: 'State of the FIFO and width of the last access.',
      fields: [
        { name: 'WIDTH', low: 4, high: 6, doc: 'Bytes of the last access to DATA, 0 after a reset.' },
        { name: 'UNDERRUN', low: 3, high: 3, doc: 'Bytes were read from an empty FIFO.' },
        { name: 'OVERRUN', low: 2, high: 2, doc: 'Bytes were written to a full FIFO.' },
        { name: 'FULL', low: 1, high: 1, doc: 'The FIFO holds 65536 bytes.' },
        { name: 'NOT_EMPTY', low: 0, high: 0, doc: 'The FIFO holds a byte or more.' },
      ],
    },
    { port: BASE + Offset.Control, name: 'ID', direction: 'in', doc: 'Always 0x54.' },
    {
      port: BASE + Offset.Control,
      name: 'CONTROL',
      direction: 'out',
      doc: 'Resets the device.',
      fields: [{ name: 'RESET', low: 0, high: 0, doc: 'Empties the FIFO and clears sums and status.' }],
    },
  ];

  private readonly fifo = new Uint8Array(CAPACITY);
  private head = 0;
  private count = 0;
  private sumOut = 0;
  private sumIn = 0;
  private xorOut = 0;
  private xorIn = 0;
  /** OVERRUN, UNDERRUN and WIDTH; the other bits of STATUS follow from the count. */
  private sticky = 0;

  readPort(port: number, width: PortWidth): number {
    switch ((port - BASE) as Offset) {
      case Offset.Data:
        return this.take(width);
      case Offset.Count:
        return this.count & (width === 4 ? -1 : (1 << (width * 8)) - 1);
      case Offset.SumOut:
        return this.sumOut & (width === 1 ? 0xff : 0xffff);
      case Offset.SumIn:
        return this.sumIn & (width === 1 ? 0xff : 0xffff);
      case Offset.XorOut:
        return this.xorOut;
      case Offset.XorIn:
        return this.xorIn;
      case Offset.Status:
        return this.status;
      default:
        return IDENTITY;
    }
  }

  writePort(port: number, width: PortWidth, value: number): void {
    if (port === BASE + Offset.Data) this.append(width, value);
    else if (port === BASE + Offset.Control && value & CONTROL_RESET) this.reset();
  }

  reset(): void {
    this.head = this.count = 0;
    this.sumOut = this.sumIn = this.xorOut = this.xorIn = this.sticky = 0;
  }

  save(): DeviceState {
    const fifo = Uint8Array.from({ length: this.count }, (_, i) => this.fifo[(this.head + i) % CAPACITY]);
    const { sumOut, sumIn, xorOut, xorIn, sticky } = this;
    return { version: 1, fifo, sumOut, sumIn, xorOut, xorIn, sticky };
  }

  load(state: DeviceState): void {
    checkVersion(this, state, 1);
    const fifo = state.fifo as Uint8Array;
    this.fifo.set(fifo);
    this.head = 0;
    this.count = fifo.length;
    this.sumOut = state.sumOut as number;
    this.sumIn = state.sumIn as number;
    this.xorOut = state.xorOut as number;
    this.xorIn = state.xorIn as number;
    this.sticky = state.sticky as number;
  }

  private get status(): number {
    const notEmpty = this.count ? STATUS_NOT_EMPTY : 0;
    return this.sticky | notEmpty | (this.count === CAPACITY ? STATUS_FULL : 0);
  }

  private noteWidth(width: PortWidth): void {
    this.sticky = (this.sticky & (STATUS_OVERRUN | STATUS_UNDERRUN)) | (width << STATUS_WIDTH_SHIFT);
  }

  private append(width: PortWidth, value: number): void {
    this.noteWidth(width);
    for (let i = 0; i < width; i++) {
      if (this.count === CAPACITY) {
        this.sticky |= STATUS_OVERRUN;
        return;
      }
      const byte = (value >>> (8 * i)) & 0xff;
      this.fifo[(this.head + this.count++) % CAPACITY] = byte;
      this.sumOut = (this.sumOut + byte) & 0xffff;
      this.xorOut ^= byte;
    }
  }

  private take(width: PortWidth): number {
    this.noteWidth(width);
    let value = 0;
    for (let i = 0; i < width; i++) value += this.takeByte() * 2 ** (8 * i);
    return value;
  }

  private takeByte(): number {
    if (this.count === 0) {
      this.sticky |= STATUS_UNDERRUN;
      return 0xff;
    }
    const byte = this.fifo[this.head];
    this.head = (this.head + 1) % CAPACITY;
    this.count--;
    this.sumIn = (this.sumIn + byte) & 0xffff;
    this.xorIn ^= byte;
    return byte;
  }
}
