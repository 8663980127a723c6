import type { Device, DeviceState, PortRegister, PortWidth } from '../device';
import { checkVersion } from '../device-state';
import type { MmioHandler } from '../../memory/physical';
import { type BaseAddress, baseAddressField, decodedBase } from './base-address';
import {
  COMMAND_BUS_MASTER,
  COMMAND_INTX_OFF,
  COMMAND_IO,
  COMMAND_MEMORY,
  type ConfigField,
  ConfigSpace,
  Header,
  STATUS_INTERRUPT,
} from './config-space';

/** Interrupt pin of a function. */
export type InterruptPin = 'A' | 'B' | 'C' | 'D';

/** What a function tells of itself in its header. */
export interface PciIdentity {
  readonly vendor: number;
  readonly device: number;
  /** Class, subclass and programming interface: 0x010180. */
  readonly classCode: number;
  readonly revision: number;
  readonly subsystemVendor?: number;
  readonly subsystem?: number;
  readonly interruptPin?: InterruptPin;
  /** Other functions share its slot. */
  readonly multifunction?: boolean;
  /** Command and status register at power on; 0 unless said. */
  readonly command?: number;
  readonly status?: number;
}

/** What a function may do to the machine around it. */
export interface PciHost {
  /** Gives the device the ports that its registers name now. @throws RangeError if one of them is another's */
  movePorts(device: Device): void;
  /** Puts a range of memory-mapped registers at a physical address, or nowhere. @throws RangeError if it is taken */
  moveMemory(handler: MmioHandler, base: number | undefined, size: number): void;
  /** Level of an interrupt pin of a slot. */
  setInterrupt(source: string, slot: number, pin: InterruptPin, level: boolean): void;
  /** A word to the user about what the guest did. */
  report(message: string): void;
}

/** Place of a function on bus 0. */
export interface PciPlace {
  /** 0-31. */
  readonly slot: number;
  /** 0-7. */
  readonly function: number;
}

export interface PciFunctionOptions {
  readonly name: string;
  readonly place: PciPlace;
  readonly identity: PciIdentity;
  /** By number of the BAR, 0-5. At most one of them is of ports. */
  readonly baseAddresses?: readonly (BaseAddress | undefined)[];
  /** Registers of its own behind the header. */
  readonly fields?: readonly ConfigField[];
}

/** `00:1f.3`, as lspci writes it. */
export function placeName({ slot, function: index }: PciPlace): string {
  return `00:${slot.toString(16).padStart(2, '0')}.${index}`;
}

/** The type 00h header of a function (PCI Local Bus Specification 3.0, chapter 6). */
function headerFields(identity: PciIdentity, baseAddresses: readonly (BaseAddress | undefined)[]): ConfigField[] {
  const has = (space: BaseAddress['space']): boolean => baseAddresses.some((bar) => bar?.space === space);
  const pin = identity.interruptPin === undefined ? 0 : 'ABCD'.indexOf(identity.interruptPin) + 1;
  const interruptOff = pin ? COMMAND_INTX_OFF : 0;
  const spaces = (has('io') ? COMMAND_IO : 0) | (has('memory') ? COMMAND_MEMORY : 0);
  const fixed = identity.command ?? 0;
  return [
    { at: Header.Vendor, width: 2, value: identity.vendor },
    { at: Header.Device, width: 2, value: identity.device },
    {
      at: Header.Command,
      width: 2,
      value: fixed,
      writable: (spaces | interruptOff | COMMAND_BUS_MASTER) & ~fixed,
    },
    { at: Header.Status, width: 2, value: identity.status ?? 0 },
    { at: Header.Revision, width: 1, value: identity.revision },
    { at: Header.ClassCode, width: 1, value: identity.classCode & 0xff },
    { at: Header.ClassCode + 1, width: 2, value: identity.classCode >>> 8 },
    { at: Header.CacheLine, width: 1, value: 0, writable: 0xff },
    { at: Header.Latency, width: 1, value: 0, writable: 0xff },
    { at: Header.HeaderType, width: 1, value: identity.multifunction ? 0x80 : 0 },
    { at: Header.SubsystemVendor, width: 2, value: identity.subsystemVendor ?? 0 },
    { at: Header.Subsystem, width: 2, value: identity.subsystem ?? 0 },
    { at: Header.InterruptLine, width: 1, value: 0, writable: pin ? 0xff : 0 },
    { at: Header.InterruptPin, width: 1, value: pin },
    ...baseAddresses.flatMap((bar, index) => (bar ? [baseAddressField(index, bar)] : [])),
  ];
}

/**
 * One PCI function: its configuration space, and the ranges and the interrupt pin that this governs. Functions with ports
 * override `portsAt` and the port accesses; those whose own registers do something override `configChanged`.
 */
export class PciFunction implements Device {
  readonly name: string;
  readonly place: PciPlace;
  registers: readonly PortRegister[] = [];
  protected readonly config: ConfigSpace;
  /** First port of its range while that is decoded. */
  protected portBase: number | undefined;
  private readonly identity: PciIdentity;
  private readonly baseAddresses: readonly (BaseAddress | undefined)[];
  /** Where each BAR is decoded now. */
  private readonly placed: (number | undefined)[];
  private interrupt = false;

  constructor(
    private readonly host: PciHost,
    options: PciFunctionOptions,
  ) {
    const { name, place, identity, baseAddresses = [], fields = [] } = options;
    this.name = name;
    this.place = place;
    this.identity = identity;
    this.baseAddresses = baseAddresses;
    this.placed = baseAddresses.map(() => undefined);
    this.config = new ConfigSpace([...headerFields(identity, baseAddresses), ...fields]);
  }

  /** Reads 1, 2 or 4 bytes of the configuration space; the access does not cross a multiple of 4. */
  readConfig(at: number, width: PortWidth): number {
    return this.config.read(at, width);
  }

  writeConfig(at: number, width: PortWidth, value: number): void {
    this.config.write(at, width, value);
    this.apply();
  }

  /** Reached only while an I/O range is decoded. */
  readPort(_port: number, width: PortWidth): number {
    return width === 4 ? 0xffffffff : (1 << (8 * width)) - 1;
  }

  writePort(_port: number, _width: PortWidth, _value: number): void {}

  reset(): void {
    this.config.reset();
    this.setInterrupt(false);
    this.apply();
  }

  save(): DeviceState {
    return { version: 1, config: this.config.save(), interrupt: this.interrupt };
  }

  load(state: DeviceState): void {
    checkVersion(this, state, 1);
    this.config.load(state.config as Uint8Array);
    this.setInterrupt(state.interrupt as boolean);
    this.apply();
  }

  /** Takes all ranges away, so that functions whose ranges change places can be loaded one after the other. */
  release(): void {
    this.baseAddresses.forEach((bar, index) => bar && this.placeRange(bar, index, undefined));
  }

  /** Ports of the function with its I/O range at `base`. */
  protected portsAt(_base: number): readonly PortRegister[] {
    return [];
  }

  /** Configuration registers have (or may have) changed: what hangs on the function's own ones follows. */
  protected configChanged(): void {}

  /** Level of the function's interrupt pin. */
  protected setInterrupt(level: boolean): void {
    this.interrupt = level;
    this.config.setFlag(Header.Status, STATUS_INTERRUPT, level);
    this.showInterrupt();
  }

  /** Makes the machine follow the configuration registers. */
  private apply(): void {
    this.baseAddresses.forEach((bar, index) => {
      if (!bar) return;
      const base = decodedBase(this.config, index, bar);
      if (base !== this.placed[index]) this.placeRange(bar, index, base);
    });
    this.showInterrupt();
    this.configChanged();
  }

  private showInterrupt(): void {
    const { interruptPin } = this.identity;
    if (interruptPin === undefined) return;
    const off = this.config.read(Header.Command, 2) & COMMAND_INTX_OFF;
    this.host.setInterrupt(this.name, this.place.slot, interruptPin, this.interrupt && !off);
  }

  /** A range that would cover somebody else's is not decoded: on a real bus both would answer. */
  private placeRange(bar: BaseAddress, index: number, base: number | undefined): void {
    this.placed[index] = base;
    try {
      this.claim(bar, base);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.claim(bar, undefined);
      const where = `BAR ${index} of ${this.name} (${placeName(this.place)})`;
      this.host.report(`${where} is not decoded at 0x${base?.toString(16)}: ${error.message}`);
    }
  }

  private claim(bar: BaseAddress, base: number | undefined): void {
    if (bar.space === 'memory') {
      this.host.moveMemory(bar.handler, base, bar.size);
      return;
    }
    this.portBase = base;
    this.registers = base === undefined ? [] : this.portsAt(base);
    this.host.movePorts(this);
  }
}
