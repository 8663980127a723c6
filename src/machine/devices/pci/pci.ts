import type { PortBus } from '../../bus/port-bus';
import type { MmioHandler } from '../../memory/physical';
import type { Device } from '../device';
import type { SystemLines } from '../system-control';
import { PciConfigurationPorts } from './configuration-ports';
import { HostBridge, type ShadowMemory } from './host-bridge';
import { IdeFunction } from './ide-function';
import { InterruptRouter } from './interrupt-router';
import { IsaBridge } from './isa-bridge';
import type { PciFunction, PciHost } from './pci-function';
import { ResetControl } from './reset-control';

/** What is said of a guest's mistakes is said once; a guest that makes ever new ones is not listened to for ever. */
const MOST_REPORTS = 64;

/** What is below belongs to RAM and the ISA bus. */
const FIRST_PCI_ADDRESS = 0x100000;

export interface PciOptions {
  readonly bus: PortBus;
  readonly ramBytes: number;
  readonly memory: ShadowMemory;
  readonly lines: Pick<SystemLines, 'reset'>;
  /** Puts memory-mapped registers at a physical address, or nowhere. @throws RangeError if it is taken */
  moveMemory(handler: MmioHandler, base: number | undefined, size: number): void;
  /** Level that a source drives at an interrupt line. */
  setIrq(source: string, irq: number, level: boolean): void;
  report(message: string): void;
  /** Makes the functions of plugged-in cards. */
  cards(host: PciHost): readonly PciFunction[];
}

/** The PCI side of a PC. */
export interface Pci {
  /** Everything on bus 0, the chipset first. */
  readonly functions: readonly PciFunction[];
  /** The functions and the ports of the chipset, in the order in which they are reset. */
  readonly devices: readonly Device[];
}

function oncePerMessage(report: (message: string) => void): (message: string) => void {
  const told = new Set<string>();
  return (message) => {
    if (told.has(message) || told.size === MOST_REPORTS) return;
    told.add(message);
    report(message);
  };
}

/** Builds the chipset, a 440FX with a PIIX3, and puts the cards next to it. */
export function createPci(options: PciOptions): Pci {
  const { bus } = options;
  const router = new InterruptRouter((line, irq, level) => options.setIrq(`PIRQ${'ABCD'[line]}`, irq, level));
  const host: PciHost = {
    movePorts: (device) => bus.move(device),
    moveMemory: (handler, base, size) => {
      // The host bridge claims what is below the end of RAM before it comes to the bus.
      const inRam = base !== undefined && base < Math.max(options.ramBytes, FIRST_PCI_ADDRESS);
      options.moveMemory(handler, inRam ? undefined : base, size);
      if (inRam) throw new RangeError('RAM is there');
    },
    setInterrupt: (source, slot, pin, level) => router.setPin(source, slot, pin, level),
    report: oncePerMessage((message) => options.report(message)),
  };
  const functions = [
    new HostBridge(host, options.memory, options.ramBytes),
    new IsaBridge(host, router),
    new IdeFunction(host),
    ...options.cards(host),
  ];
  return { functions, devices: [new PciConfigurationPorts(functions), new ResetControl(options.lines), ...functions] };
}
