import type { Device, DeviceHost, DeviceState, PortRegister, PortWidth } from './device';
import { checkVersion } from './device-state';

const VALUE = 0xe0;
const FLUSH = 0xe4;
const LINES = 0x2000;
const LINE_COUNT = 16;

/**
 * The device that test kernels use to check port I/O: a latch of four bytes that reads as it was written, and ports
 * that set the level of interrupt lines (QEMU's `pc-testdev`, hw/misc/pc-testdev.c, as kvm-unit-tests drive it).
 */
export class PcTestDevice implements Device {
  readonly name = 'TESTDEV';
  readonly registers: readonly PortRegister[] = [
    { port: VALUE, name: 'VALUE', width: 4, doc: 'Reads as the last value written, of the same width.' },
    ...[1, 2, 3].map((index) => ({
      port: VALUE + index,
      name: `VALUE${index}`,
      width: index === 2 ? (2 as const) : (1 as const),
      doc: `Byte ${index} of the value.`,
    })),
    {
      port: FLUSH,
      name: 'FLUSH',
      width: 4,
      direction: 'out' as const,
      doc: 'Accepted without effect: no page is cached.',
    },
    ...Array.from({ length: LINE_COUNT }, (_, line) => ({
      port: LINES + line,
      name: `IRQ${line}`,
      direction: 'out' as const,
      doc: `Level of interrupt line ${line}: 0 is low.`,
    })),
  ];
  private value = 0;

  constructor(private readonly host: DeviceHost) {}

  readPort(port: number, width: PortWidth): number {
    if (port < VALUE || port >= FLUSH) return 0xff;
    return width === 4 ? this.value : (this.value >>> (8 * (port - VALUE))) & ((1 << (8 * width)) - 1);
  }

  writePort(port: number, width: PortWidth, value: number): void {
    if (port >= LINES) {
      this.host.setIrq(port - LINES, value !== 0);
      return;
    }
    if (port >= FLUSH) return;
    const shift = 8 * (port - VALUE);
    const mask = width === 4 ? -1 : ((1 << (8 * width)) - 1) << shift;
    this.value = ((this.value & ~mask) | ((value << shift) & mask)) >>> 0;
  }

  reset(): void {
    this.value = 0;
  }

  save(): DeviceState {
    return { version: 1, value: this.value };
  }

  load(state: DeviceState): void {
    checkVersion(this, state, 1);
    this.value = state.value as number;
  }
}
