import type { InterruptRouter } from './interrupt-router';
import { type PciHost, PciFunction } from './pci-function';

/** First of the four routing registers PIRQRCA-PIRQRCD. */
const ROUTE0 = 0x60;
const ROUTE_BITS = 0x8f;
const ROUTES = 4;

/**
 * The 82371SB (PIIX3) PCI to ISA bridge, function 0 (Intel 290550): it routes PCI interrupts to the interrupt
 * controller. Its other registers keep their power-on values: what they would set (ISA recovery times, positive
 * decoding, system management) does not exist here.
 */
export class IsaBridge extends PciFunction {
  constructor(
    host: PciHost,
    private readonly router: InterruptRouter,
  ) {
    super(host, {
      name: 'PIIX3',
      place: { slot: 1, function: 0 },
      identity: {
        vendor: 0x8086,
        device: 0x7000,
        classCode: 0x060100,
        revision: 0,
        subsystemVendor: 0x1af4,
        subsystem: 0x1100,
        multifunction: true,
        command: 0x0007,
        status: 0x0200,
      },
      fields: [
        { at: 0x4c, width: 1, value: 0x4d },
        { at: 0x4e, width: 2, value: 0x0003 },
        ...Array.from(
          { length: ROUTES },
          (_, i) => ({ at: ROUTE0 + i, width: 1, value: 0x80, writable: ROUTE_BITS }) as const,
        ),
        { at: 0x69, width: 1, value: 0x02 },
        { at: 0xa0, width: 1, value: 0x08 },
      ],
    });
  }

  protected override configChanged(): void {
    for (let line = 0; line < ROUTES; line++) this.router.setRoute(line, this.config.read(ROUTE0 + line, 1));
  }
}
