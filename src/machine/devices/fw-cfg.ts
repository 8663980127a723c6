import type { Device, DeviceState, PortRegister, PortWidth } from './device';
import { checkVersion } from './device-state';

const SELECTOR = 0x510;
const DATA = 0x511;

/** Little-endian bytes of a number. */
function bytes(value: number, length: number): number[] {
  return Array.from({ length }, (_, i) => Math.floor(value / 2 ** (8 * i)) % 256);
}

const text = (value: string): number[] => [...value].map((character) => character.charCodeAt(0));

/**
 * The firmware configuration device of virtual PCs: a selector and a data port that reads the chosen item byte by
 * byte (QEMU, docs/specs/fw_cfg). Firmware and test kernels ask it how much memory and how many processors there are.
 * Items that are not listed read as zeroes.
 */
export class FirmwareConfiguration implements Device {
  readonly name = 'FWCFG';
  readonly registers: readonly PortRegister[] = [
    {
      port: SELECTOR,
      name: 'SELECTOR',
      width: 2,
      direction: 'out',
      doc: 'Number of the item to read, from its first byte.',
    },
    { port: DATA, name: 'DATA', direction: 'in', doc: 'Next byte of the item.' },
  ];
  private readonly items: ReadonlyMap<number, readonly number[]>;
  private selected = 0;
  private offset = 0;

  /** @param ramBytes RAM of the machine */
  constructor(ramBytes: number) {
    this.items = new Map([
      [0x00, text('QEMU')],
      // The traditional interface, no DMA.
      [0x01, bytes(1, 4)],
      [0x03, bytes(ramBytes, 8)],
      // No graphics: messages go to the serial port.
      [0x04, bytes(1, 2)],
      // Processors, and the most there can be.
      [0x05, bytes(1, 2)],
      [0x0f, bytes(1, 2)],
      // The directory of files is empty.
      [0x19, bytes(0, 4)],
    ]);
  }

  readPort(port: number): number {
    if (port !== DATA) return 0xff;
    return this.items.get(this.selected)?.[this.offset++] ?? 0;
  }

  writePort(port: number, _width: PortWidth, value: number): void {
    if (port !== SELECTOR) return;
    this.selected = value;
    this.offset = 0;
  }

  reset(): void {
    this.selected = 0;
    this.offset = 0;
  }

  save(): DeviceState {
    return { version: 1, selected: this.selected, offset: this.offset };
  }

  load(state: DeviceState): void {
    checkVersion(this, state, 1);
    this.selected = state.selected as number;
    this.offset = state.offset as number;
  }
}
