import type { PortOperations } from '../../hypervisor/cost/what-if';
import { addOperations, noOperations } from '../../hypervisor/cost/what-if';
import type { CostParts } from '../../hypervisor/exits/exit-record';
import type { ExitCosts, Inspection } from '../../debugger/inspection/types';

/** Exits of one sort, summed up. */
export interface Exits {
  count: number;
  parts: CostParts;
}

/** What a stretch of a guest's run came to. */
export interface Stretch {
  instructions: number;
  /** Guest time, cycles. */
  guestCycles: number;
  /** Accesses to ports, by whatever way. */
  ports: Exits & { operations: PortOperations };
  /** All other exits: privileged instructions, calls that stand for none of these, interrupts. */
  others: Exits;
}

export const PARTS: readonly (keyof CostParts)[] = ['transition', 'decode', 'device', 'return'];

export function sumOfParts(parts: Readonly<CostParts>): number {
  return PARTS.reduce((sum, part) => sum + parts[part], 0);
}

function noExits(): Exits {
  return { count: 0, parts: { transition: 0, decode: 0, device: 0, return: 0 } };
}

function addExits(target: Exits, { samples, parts }: ExitCosts['rows'][number]): void {
  target.count += samples;
  for (const part of PARTS) target.parts[part] += parts[part];
}

/** Everything since launch. */
export function stretchSoFar(inspect: Inspection): Stretch {
  const { rows, totals } = inspect.exitCosts({ groupBy: 'port' });
  const ports = { ...noExits(), operations: noOperations() };
  const others = noExits();
  for (const row of rows) {
    // Rows of what is no access to a port have their name in brackets.
    addExits(row.key.startsWith('(') ? others : ports, row);
    if (row.operations) addOperations(ports.operations, row.operations);
  }
  return { instructions: totals.instructions, guestCycles: totals.guestCycles, ports, others };
}

function exitsBetween(from: Exits, to: Exits): Exits {
  const parts = noExits().parts;
  for (const part of PARTS) parts[part] = to.parts[part] - from.parts[part];
  return { count: to.count - from.count, parts };
}

/** What happened between two moments of one run. */
export function between(from: Stretch, to: Stretch): Stretch {
  const a = from.ports.operations;
  const b = to.ports.operations;
  return {
    instructions: to.instructions - from.instructions,
    guestCycles: to.guestCycles - from.guestCycles,
    ports: {
      ...exitsBetween(from.ports, to.ports),
      operations: {
        singles: b.singles - a.singles,
        strings: b.strings - a.strings,
        emptyStrings: b.emptyStrings - a.emptyStrings,
        pageRuns: b.pageRuns - a.pageRuns,
        stringElements: b.stringElements - a.stringElements,
      },
    },
    others: exitsBetween(from.others, to.others),
  };
}

/** Cycles of a stretch by what they went to. Adds up to its guest time. */
export interface TimeShares extends CostParts {
  /** Instructions of the guest, a cycle each. */
  guest: number;
  /** Waiting: HLT until a device is done; on bare metal also the accesses themselves. */
  waiting: number;
}

export function timeShares({ instructions, guestCycles, ports, others }: Stretch): TimeShares {
  const parts = noExits().parts;
  for (const part of PARTS) parts[part] = ports.parts[part] + others.parts[part];
  return { guest: instructions, waiting: guestCycles - instructions - sumOfParts(parts), ...parts };
}
