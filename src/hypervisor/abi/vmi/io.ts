import type { HypercallDefinition } from '../hypercall';
import { portCall, stringCall } from '../port-calls';

/** Order of the ABI: for each direction, long, byte and word; first the single accesses, then the strings. */
export const IO_CALLS: readonly HypercallDefinition[] = [
  portCall(49, 'INL', 'in', 4),
  portCall(50, 'INB', 'in', 1),
  portCall(51, 'INW', 'in', 2),
  stringCall(52, 'INSL', 'in', 4),
  stringCall(53, 'INSB', 'in', 1),
  stringCall(54, 'INSW', 'in', 2),
  portCall(55, 'OUTL', 'out', 4),
  portCall(56, 'OUTB', 'out', 1),
  portCall(57, 'OUTW', 'out', 2),
  stringCall(58, 'OUTSL', 'out', 4),
  stringCall(59, 'OUTSB', 'out', 1),
  stringCall(60, 'OUTSW', 'out', 2),
];
