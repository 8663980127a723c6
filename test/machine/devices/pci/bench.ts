import { PortBus } from '../../../../src/machine/bus/port-bus';
import type { PortWidth } from '../../../../src/machine/devices/device';
import { type Pci, createPci, type PciOptions } from '../../../../src/machine/devices/pci/pci';
import type { PciFunction, PciHost } from '../../../../src/machine/devices/pci/pci-function';
import { PhysicalMemory } from '../../../../src/machine/memory/physical';

/** A PCI bus with real memory and ports; interrupt lines and reports are recorded. */
export class PciBench {
  readonly events: string[] = [];
  readonly memory = new PhysicalMemory(4 << 20);
  readonly bus = new PortBus(() => this.events.push('stop'));
  readonly pci: Pci;

  constructor(
    cards: (host: PciHost, memory: PhysicalMemory) => readonly PciFunction[] = () => [],
    options: Partial<PciOptions> = {},
  ) {
    this.pci = createPci({
      bus: this.bus,
      ramBytes: this.memory.ramBytes,
      memory: this.memory,
      lines: { reset: (cause) => this.events.push(`reset by ${cause}`) },
      moveMemory: (handler, base, size) => {
        this.memory.unmapMmio(handler);
        if (base !== undefined) this.memory.mapMmio(base, size, handler);
      },
      setIrq: (source, irq, level) => this.events.push(`${source} irq ${irq} ${level ? 'high' : 'low'}`),
      report: (message) => this.events.push(message),
      cards: (host) => cards(host, this.memory),
      ...options,
    });
    for (const device of this.pci.devices) this.bus.register(device);
    this.bus.reset();
  }

  in(port: number, width: PortWidth = 1): number {
    const access = {
      port,
      width,
      direction: 'in' as const,
      value: 0,
      channel: 'direct' as const,
      hypercall: '',
      count: 1,
    };
    this.bus.access(access);
    return access.value;
  }

  out(port: number, value: number, width: PortWidth = 1): void {
    this.bus.access({ port, width, direction: 'out', value, channel: 'direct', hypercall: '', count: 1 });
  }

  /** Reads a configuration register through the ports. */
  read(slot: number, index: number, at: number, width: PortWidth): number {
    this.out(0xcf8, (0x80000000 | (slot << 11) | (index << 8) | (at & 0xfc)) >>> 0, 4);
    return this.in(0xcfc + (at & 3), width);
  }

  write(slot: number, index: number, at: number, width: PortWidth, value: number): void {
    this.out(0xcf8, (0x80000000 | (slot << 11) | (index << 8) | (at & 0xfc)) >>> 0, 4);
    this.out(0xcfc + (at & 3), value, width);
  }

  /** The events since the last call. */
  take(): string[] {
    return this.events.splice(0);
  }
}
