import type { PortWidth } from '../device';

/** Bytes in the configuration space of a conventional PCI function. */
export const CONFIG_BYTES = 256;

/** Offsets of the type 00h header (PCI Local Bus Specification 3.0, figure 6-1). */
export enum Header {
  Vendor = 0x00,
  Device = 0x02,
  Command = 0x04,
  Status = 0x06,
  Revision = 0x08,
  ClassCode = 0x09,
  CacheLine = 0x0c,
  Latency = 0x0d,
  HeaderType = 0x0e,
  Bar0 = 0x10,
  SubsystemVendor = 0x2c,
  Subsystem = 0x2e,
  InterruptLine = 0x3c,
  InterruptPin = 0x3d,
}

/** Command register (PCI 3.0, table 6-1). */
export const COMMAND_IO = 0x0001;
export const COMMAND_MEMORY = 0x0002;
export const COMMAND_BUS_MASTER = 0x0004;
export const COMMAND_INTX_OFF = 0x0400;
/** Status register: the function asserts its interrupt pin. */
export const STATUS_INTERRUPT = 0x0008;

/** A field of the header or behind it, with the bits that software may change; none unless said. Little endian. */
export interface ConfigField {
  readonly at: number;
  /** Bytes. */
  readonly width: PortWidth;
  /** Value at power on. */
  readonly value: number;
  /** Bits that a write changes. */
  readonly writable?: number;
}

/** Configuration space of one function: 256 bytes, each with a mask of the bits that can be written. */
export class ConfigSpace {
  private readonly bytes = new Uint8Array(CONFIG_BYTES);
  private readonly powerOn = new Uint8Array(CONFIG_BYTES);
  private readonly writable = new Uint8Array(CONFIG_BYTES);

  constructor(fields: readonly ConfigField[]) {
    for (const { at, width, value, writable = 0 } of fields) {
      for (let i = 0; i < width; i++) {
        this.powerOn[at + i] = value >>> (8 * i);
        this.writable[at + i] = writable >>> (8 * i);
      }
    }
    this.reset();
  }

  /** Reads 1, 2 or 4 bytes within the space, unsigned. */
  read(at: number, width: PortWidth): number {
    let value = 0;
    for (let i = 0; i < width; i++) value += this.bytes[at + i] * 2 ** (8 * i);
    return value;
  }

  /** A write by software: only writable bits change. */
  write(at: number, width: PortWidth, value: number): void {
    for (let i = 0; i < width; i++) {
      const mask = this.writable[at + i];
      this.bytes[at + i] = (this.bytes[at + i] & ~mask) | ((value >>> (8 * i)) & mask);
    }
  }

  /** Sets or clears bits of a 16-bit register, whether software may or not. */
  setFlag(at: number, mask: number, on: boolean): void {
    for (let i = 0; i < 2; i++) {
      const bits = (mask >>> (8 * i)) & 0xff;
      this.bytes[at + i] = on ? this.bytes[at + i] | bits : this.bytes[at + i] & ~bits;
    }
  }

  reset(): void {
    this.bytes.set(this.powerOn);
  }

  save(): Uint8Array {
    return this.bytes.slice();
  }

  load(saved: Uint8Array): void {
    this.bytes.set(saved);
  }
}
