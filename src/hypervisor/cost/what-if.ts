import type { Channel } from '../../machine/bus/port-access';
import type { CostParts } from './cost-parts';
import type { KindCosts } from './cost-table';

/** What accesses to ports came to, counted so that any way into the hypervisor can be priced. */
export interface PortOperations {
  /** IN and OUT, and the calls that stand for them. */
  singles: number;
  /** INS and OUTS, and the calls that stand for them; one that went on after an interrupt or a fault counts again. */
  strings: number;
  /** Strings among them that moved nothing. Only a call can be one: an instruction with ECX = 0 touches no port. */
  emptyStrings: number;
  /** Runs within a page (`PageRuns`) that the strings were made of. */
  pageRuns: number;
  /** Elements that the strings moved. */
  stringElements: number;
}

export function noOperations(): PortOperations {
  return { singles: 0, strings: 0, emptyStrings: 0, pageRuns: 0, stringElements: 0 };
}

/** @returns `target` */
export function addOperations<T extends PortOperations>(target: T, added: Readonly<PortOperations>): T {
  target.singles += added.singles;
  target.strings += added.strings;
  target.emptyStrings += added.emptyStrings;
  target.pageRuns += added.pageRuns;
  target.stringElements += added.stringElements;
  return target;
}

/** Exits that string operations take: one per instruction, one per page it touches, or one per call. */
function stringExits(operations: Readonly<PortOperations>, channel: Channel): number {
  const { strings, emptyStrings, pageRuns } = operations;
  if (channel === 'vtx') return pageRuns;
  return channel === 'trap' ? strings - emptyStrings : strings;
}

/**
 * What accesses to ports cost by part if all of them took one way.
 * @param figures of that way
 * @returns cycles
 */
export function priceOperations(
  operations: Readonly<PortOperations>,
  channel: Exclude<Channel, 'direct'>,
  figures: Pick<KindCosts, 'port' | 'string'>,
): CostParts {
  const { singles, stringElements } = operations;
  const { port, string } = figures;
  const exits = stringExits(operations, channel);
  return {
    transition: singles * port.transition + exits * string.transition,
    decode: singles * port.decode + exits * string.decode,
    device: singles * port.device + stringElements * string.device,
    return: singles * port.return + exits * string.return,
  };
}
