import type { HypercallDefinition } from '../../hypervisor/abi/hypercall';
import type { Hypervisor } from '../../hypervisor/hypervisor';
import type { Guest } from '../guest/guest';
import { descriptorTables } from './descriptor-tables';
import { deviceRows } from './devices';
import { DirectSites } from './direct-sites';
import { ExitCostTable } from './exit-costs';
import { exitLogRows } from './exit-log';
import { hypercallRows } from './hypercalls';
import { type ModuleSources, moduleRows } from './modules';
import { pageWalk } from './page-walk';
import { Places } from './places';
import { portRows } from './ports';
import type { Inspection } from './types';

/** What the answers are made of. */
export interface InspectionParts {
  readonly guest: Guest;
  readonly hypervisor: Hypervisor;
  /** Ids of the breakpoints on a port, such as `PortBreakpoints.covering`. */
  portBreakpoints(port: number): readonly number[];
  /** Ids of the breakpoints on a hypercall, such as `HypercallBreakpoints.covering`. */
  hypercallBreakpoints(call: HypercallDefinition): readonly number[];
  /** Value of an expression in frame 0. @throws Error with a message for the user */
  evaluate(expression: string): number;
  /** Asked whenever modules are: the guest may have been loaded again. */
  modules(): ModuleSources;
}

/**
 * Answers questions about a guest. All may be asked while it runs. To be made after the hypervisor, once per machine:
 * it listens to the accesses that go straight to the bus.
 */
export function createInspection(parts: InspectionParts): Inspection {
  const { guest, hypervisor } = parts;
  const { log } = hypervisor;
  const places = new Places(guest);
  const direct = new DirectSites(guest);
  const costs = new ExitCostTable(guest, hypervisor, places);
  return {
    exitCosts: (query) => costs.query(query),
    ports: () => ({ ports: portRows({ guest, log, places, direct }, (port) => parts.portBreakpoints(port)) }),
    hypercalls: () => hypercallRows(hypervisor, places, (call) => parts.hypercallBreakpoints(call)),
    exitLog: (query) => exitLogRows({ guest, log, places }, query),
    exitTimeline: () => log.timeline.data,
    devices: () => deviceRows(guest),
    descriptorTables: () => descriptorTables(guest),
    pageWalk: (address) => pageWalk(guest, address, (expression) => parts.evaluate(expression)),
    modules: () => moduleRows(guest.machine.memory, parts.modules()),
    sources: () => guest.symbols.sources().map(({ path }) => path),
    exitCount: () => ({ samples: log.nextSequence, nextSequence: log.nextSequence }),
    observeExits: (listener) => log.observe(listener),
  };
}
