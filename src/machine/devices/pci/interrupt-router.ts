import type { InterruptPin } from './pci-function';

/** Interrupt lines of the chipset, PIRQA# to PIRQD#. */
const LINES = 4;
/** Routing register: the line goes nowhere. */
const ROUTE_OFF = 0x80;
/** IRQs that a line may be routed to; other values are reserved (82371SB PIIX3 datasheet, PIRQRC). */
const ROUTABLE = [3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15];

/**
 * The interrupt line that a pin of a slot is wired to, 0 (PIRQA#) to 3: slots are rotated, so that the pins A of
 * neighbours come out at different lines. The wiring that firmware for this chipset takes for granted.
 */
export function lineOfPin(slot: number, pin: InterruptPin): number {
  return (slot - 1 + 'ABCD'.indexOf(pin)) & (LINES - 1);
}

/** The IRQ that a routing register chooses, or undefined. */
function irqOf(route: number): number | undefined {
  return !(route & ROUTE_OFF) && ROUTABLE.includes(route & 0xf) ? route & 0xf : undefined;
}

/**
 * The PIIX3's router of PCI interrupts: any number of pins hold a line (they are level sensitive and shared), and a
 * routing register says which input of the interrupt controller the line drives.
 */
export class InterruptRouter {
  /** Functions that hold each line. */
  private readonly holders = Array.from({ length: LINES }, () => new Set<string>());
  private readonly routes = new Uint8Array(LINES).fill(ROUTE_OFF);

  /** @param setIrq level that a line (0-3) drives at an IRQ */
  constructor(private readonly setIrq: (line: number, irq: number, level: boolean) => void) {}

  setPin(source: string, slot: number, pin: InterruptPin, level: boolean): void {
    const line = lineOfPin(slot, pin);
    const holders = this.holders[line];
    const before = holders.size > 0;
    if (level) holders.add(source);
    else holders.delete(source);
    const after = holders.size > 0;
    const irq = irqOf(this.routes[line]);
    if (irq !== undefined && before !== after) this.setIrq(line, irq, after);
  }

  /** Value of a line's routing register. */
  setRoute(line: number, route: number): void {
    const before = irqOf(this.routes[line]);
    const after = irqOf(route);
    this.routes[line] = route;
    if (before === after) return;
    if (this.holders[line].size === 0) return;
    if (before !== undefined) this.setIrq(line, before, false);
    if (after !== undefined) this.setIrq(line, after, true);
  }
}
