import type { Guest } from '../guest/guest';

const PORTS = 0x10000;

/**
 * Remembers which instruction used each port last where accesses go straight to the bus: no exit record tells it there.
 * It is the instruction itself, be it in an accessor: to unwind to the accessor's caller costs more than the access.
 */
export class DirectSites {
  private readonly sites = new Uint32Array(PORTS);

  constructor(guest: Guest) {
    const { bus } = guest.machine;
    const charge = bus.onDirect;
    bus.onDirect = (access) => {
      charge?.(access);
      this.sites[access.port] = guest.executing;
    };
  }

  /** Linear address of the instruction that used a port last; undefined if none was seen. */
  of(port: number): number | undefined {
    return this.sites[port] || undefined;
  }
}
