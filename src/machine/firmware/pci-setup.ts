import type { Pc } from '../devices/pc';
import { COMMAND_BUS_MASTER, COMMAND_IO, COMMAND_MEMORY, Header } from '../devices/pci/config-space';
import { lineOfPin } from '../devices/pci/interrupt-router';
import type { InterruptPin, PciFunction } from '../devices/pci/pci-function';
import { readPort, writePort } from './bios-context';

/** IRQs of PIRQA# to PIRQD#, as firmware for this chipset spreads them. */
const LINE_IRQS = [10, 10, 11, 11];
/** Where BARs are laid out from. */
const FIRST_PORT = 0xc000;
const FIRST_ADDRESS = 0xfeb00000;
const BARS = 6;
const ROUTE_REGISTER = 0x60;
const LEVEL_CONTROL = 0x4d0;

/** Smallest multiple of `size` that is not below `at`. */
function align(at: number, size: number): number {
  return Math.ceil(at / size) * size;
}

/**
 * What a BIOS does about PCI at power on: interrupt lines are routed and made level sensitive, each function gets
 * its ranges, its IRQ in the interrupt line register, and leave to be a bus master.
 */
export function initializePci(pc: Pc): void {
  const bridge = pc.pci.functions.find((item) => item.name === 'PIIX3');
  LINE_IRQS.forEach((irq, line) => bridge?.writeConfig(ROUTE_REGISTER + line, 1, irq));
  for (const irq of new Set(LINE_IRQS)) {
    const port = LEVEL_CONTROL + (irq >> 3);
    writePort(pc, port, readPort(pc, port) | (1 << (irq & 7)));
  }
  const next = { io: FIRST_PORT, memory: FIRST_ADDRESS };
  for (const item of pc.pci.functions) {
    assignRanges(item, next);
    assignInterrupt(item);
  }
}

/** Finds out the size of each BAR by writing ones, and gives it the next place in its space. */
function assignRanges(item: PciFunction, next: { io: number; memory: number }): void {
  for (let index = 0; index < BARS; index++) {
    const at = Header.Bar0 + 4 * index;
    item.writeConfig(at, 4, 0xffffffff);
    const answer = item.readConfig(at, 4);
    if (answer === 0) continue;
    const space = answer & 1 ? 'io' : 'memory';
    const size = -(answer & (space === 'io' ? ~0x3 : ~0xf)) >>> 0;
    next[space] = align(next[space], size);
    item.writeConfig(at, 4, next[space]);
    next[space] += size;
    enable(item, (space === 'io' ? COMMAND_IO : COMMAND_MEMORY) | COMMAND_BUS_MASTER);
  }
}

function assignInterrupt(item: PciFunction): void {
  const pin = item.readConfig(Header.InterruptPin, 1);
  if (pin === 0) return;
  const line = lineOfPin(item.place.slot, 'ABCD'[pin - 1] as InterruptPin);
  item.writeConfig(Header.InterruptLine, 1, LINE_IRQS[line]);
}

function enable(item: PciFunction, bits: number): void {
  item.writeConfig(Header.Command, 2, item.readConfig(Header.Command, 2) | bits);
}
