import type { Clock } from '../clock';

/** Bytes moved by one port access. */
export type PortWidth = 1 | 2 | 4;
export type PortDirection = 'in' | 'out';

/** A named part of a register, for views and hovers: bits `low` to `high`, counted from 0. */
export interface BitField {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  /** Meaning of each value that has one. */
  readonly values?: Readonly<Record<number, string>>;
  readonly doc?: string;
}

/** One register behind a port. A port may have several: one per direction, or chosen by a bit elsewhere. */
export interface PortRegister {
  readonly port: number;
  /** Short name in the datasheet's terms: `THR`. Its full name is `COM1.THR`. */
  readonly name: string;
  /** Left out where the register is read and written. */
  readonly direction?: PortDirection;
  /** Widest access that the device takes in one piece; the bus splits wider ones. 1 unless said. */
  readonly width?: PortWidth;
  /** What the register is, one sentence. */
  readonly doc: string;
  readonly fields?: readonly BitField[];
}

/** What a device may reach of its machine. */
export interface DeviceHost {
  readonly clock: Clock;
  /** Sets the level of an ISA interrupt line, 0-15. Edges are the interrupt controller's business. */
  setIrq(line: number, level: boolean): void;
}

/** Saved state of a device: JSON-like, named fields, typed arrays allowed. `version` guards against changes. */
export type DeviceState = Readonly<Record<string, unknown>> & { readonly version: number };

/** A device with a state. */
export interface StatefulDevice {
  /** Name in the machine and first part of register names: `COM1`. */
  readonly name: string;
  /** Puts the device in its power-on state. */
  reset(): void;
  save(): DeviceState;
  /** @throws RangeError if the state was saved by another version */
  load(state: DeviceState): void;
}

/** A device on the port bus. */
export interface Device extends StatefulDevice {
  /** All registers. The ports named here are the ports that the device owns. */
  readonly registers: readonly PortRegister[];
  /**
   * Reads a port that the device owns.
   * @returns the value, unsigned, no wider than `width`
   */
  readPort(port: number, width: PortWidth): number;
  writePort(port: number, width: PortWidth, value: number): void;
  /**
   * The register that an access to `port` reaches now, where more than one shares it (e.g. DLAB on a UART).
   * Some devices tell by the value written (the command words of an 8259); without it they name the likeliest.
   * Without this method the first register with a fitting direction is taken.
   */
  registerAt?(port: number, direction: PortDirection, value?: number): PortRegister | undefined;
}
