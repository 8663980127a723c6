import type { Device, DeviceState, PortRegister, PortWidth } from '../device';
import { checkVersion } from '../device-state';
import { type PciFunction, placeName } from './pci-function';

const ADDRESS = 0xcf8;
const DATA = 0xcfc;
const ENABLE = 0x80000000;
/** Bits of the address register that exist; the others read 0. */
const ADDRESS_BITS = 0x80fffffc;

function ones(width: PortWidth): number {
  return width === 4 ? 0xffffffff : (1 << (8 * width)) - 1;
}

const ADDRESS_FIELDS = [
  { name: 'ENABLE', low: 31, high: 31, doc: 'The data port reaches configuration space.' },
  { name: 'BUS', low: 16, high: 23 },
  { name: 'DEVICE', low: 11, high: 15 },
  { name: 'FUNCTION', low: 8, high: 10 },
  { name: 'REGISTER', low: 2, high: 7, doc: 'Number of the 32-bit register; times 4 it is the offset.' },
];

const NOT_ADDRESS = 'Not the address register, which takes 32-bit accesses at 0xcf8 only: nothing is here.';

const REGISTERS: readonly PortRegister[] = [
  {
    port: ADDRESS,
    name: 'CONFIG_ADDRESS',
    width: 4,
    doc: 'Which bus, device, function and register the data port reaches. 32-bit accesses only.',
    fields: ADDRESS_FIELDS,
  },
  { port: ADDRESS + 2, name: 'CONFIG_ADDRESS_2', doc: NOT_ADDRESS },
  { port: ADDRESS + 3, name: 'CONFIG_ADDRESS_3', doc: NOT_ADDRESS },
  { port: DATA, name: 'CONFIG_DATA', width: 4, doc: 'The chosen configuration register.' },
  { port: DATA + 1, name: 'CONFIG_DATA_1', doc: 'The chosen configuration register from bit 8.' },
  { port: DATA + 2, name: 'CONFIG_DATA_2', width: 2, doc: 'The chosen configuration register from bit 16.' },
  { port: DATA + 3, name: 'CONFIG_DATA_3', doc: 'The chosen configuration register from bit 24.' },
];

/**
 * PCI configuration mechanism 1 with the functions of bus 0 (PCI Local Bus Specification 3.0, 3.2.2.3.2). There is no
 * other bus: reads of functions that are not there give ones.
 */
export class PciConfigurationPorts implements Device {
  readonly name = 'PCI';
  readonly registers = REGISTERS;
  private address = 0;
  private readonly functions = new Map<number, PciFunction>();

  constructor(functions: readonly PciFunction[]) {
    for (const item of functions) {
      const { slot, function: index } = item.place;
      const key = (slot << 3) | index;
      const other = this.functions.get(key);
      if (other) throw new RangeError(`${item.name} and ${other.name} are both at ${placeName(item.place)}`);
      this.functions.set(key, item);
    }
  }

  readPort(port: number, width: PortWidth): number {
    if (port === ADDRESS && width === 4) return this.address;
    if (port < DATA) return ones(width);
    return this.target?.readConfig(this.offset(port), width) ?? ones(width);
  }

  writePort(port: number, width: PortWidth, value: number): void {
    if (port === ADDRESS && width === 4) this.address = (value & ADDRESS_BITS) >>> 0;
    else if (port >= DATA) this.target?.writeConfig(this.offset(port), width, value);
  }

  reset(): void {
    this.address = 0;
  }

  save(): DeviceState {
    return { version: 1, address: this.address };
  }

  load(state: DeviceState): void {
    checkVersion(this, state, 1);
    this.address = state.address as number;
  }

  /** The function that the address register names, if there is one. */
  private get target(): PciFunction | undefined {
    const { address } = this;
    if (!(address & ENABLE) || ((address >>> 16) & 0xff) !== 0) return undefined;
    return this.functions.get((address >>> 8) & 0xff);
  }

  private offset(port: number): number {
    return (this.address & 0xfc) + (port - DATA);
  }
}
