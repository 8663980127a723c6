import { type PciHost, PciFunction } from './pci-function';

/** What the host bridge does to the address space between 768 KiB and 1 MiB. */
export interface ShadowMemory {
  /** Routes reads and writes of a range to RAM (true) or to what else is there. */
  setShadow(address: number, length: number, read: boolean, write: boolean): void;
}

/** First of the seven programmable attribute map registers (82441FX datasheet, PAM[6:0]). */
const PAM0 = 0x59;
const READ_ENABLE = 0x1;
const WRITE_ENABLE = 0x2;

/** A range of memory and the half of a PAM register that governs it. */
interface Segment {
  readonly register: number;
  readonly shift: 0 | 4;
  readonly address: number;
  readonly length: number;
}

/** The BIOS area has the high half of the first register; the low half of each following one comes before the high one. */
const SEGMENTS: readonly Segment[] = [
  { register: PAM0, shift: 4, address: 0xf0000, length: 0x10000 },
  ...Array.from(
    { length: 12 },
    (_, i): Segment => ({
      register: PAM0 + 1 + (i >> 1),
      shift: i & 1 ? 4 : 0,
      address: 0xc0000 + i * 0x4000,
      length: 0x4000,
    }),
  ),
];

const PAM_BITS = 0x33;
const UNIT = 8 << 20;

/** DRAM row boundary registers: the end of memory in 8 MiB, all in the first row, saturated. */
function rowBoundaries(ramBytes: number): { at: number; width: 4; value: number }[] {
  const end = Math.min(0xff, Math.ceil(ramBytes / UNIT));
  const value = end * 0x01010101;
  return [
    { at: 0x60, width: 4, value },
    { at: 0x64, width: 4, value },
  ];
}

/**
 * The 82441FX (i440FX) host bridge at 00:00.0: it shows software that there is a PCI bus, and its PAM registers turn
 * the shadow RAM behind option ROMs and BIOS on. The subsystem is the one by which firmware knows a virtual PC
 * (SeaBIOS, src/fw/paravirt.c). System management RAM does not exist: its register is fixed.
 */
export class HostBridge extends PciFunction {
  private readonly attributes = new Uint8Array(SEGMENTS.length);

  constructor(
    host: PciHost,
    private readonly memory: ShadowMemory,
    ramBytes: number,
  ) {
    super(host, {
      name: 'I440FX',
      place: { slot: 0, function: 0 },
      identity: {
        vendor: 0x8086,
        device: 0x1237,
        classCode: 0x060000,
        revision: 2,
        subsystemVendor: 0x1af4,
        subsystem: 0x1100,
        // Memory and bus mastering can't be turned off.
        command: 0x0006,
        status: 0x0280,
      },
      fields: [
        { at: PAM0, width: 1, value: 0, writable: PAM_BITS & 0xf0 },
        ...Array.from({ length: 6 }, (_, i) => ({ at: PAM0 + 1 + i, width: 1, value: 0, writable: PAM_BITS }) as const),
        ...rowBoundaries(ramBytes),
        { at: 0x72, width: 1, value: 0x02 },
      ],
    });
  }

  protected override configChanged(): void {
    SEGMENTS.forEach(({ register, shift, address, length }, i) => {
      const attributes = (this.config.read(register, 1) >>> shift) & (READ_ENABLE | WRITE_ENABLE);
      if (attributes === this.attributes[i]) return;
      this.attributes[i] = attributes;
      this.memory.setShadow(address, length, (attributes & READ_ENABLE) !== 0, (attributes & WRITE_ENABLE) !== 0);
    });
  }
}
