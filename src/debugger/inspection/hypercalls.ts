import type { HypercallDefinition } from '../../hypervisor/abi/hypercall';
import type { Hypervisor } from '../../hypervisor/hypervisor';
import type { Places } from './places';
import type { HypercallRow } from './types';

/**
 * Every hypercall of the mode with its counts; none where the mode has no hypercalls.
 * @param covering ids of the breakpoints on a call
 */
export function hypercallRows(
  hypervisor: Hypervisor,
  places: Places,
  covering: (call: HypercallDefinition) => readonly number[],
): { available: boolean; calls: HypercallRow[] } {
  const statistics = hypervisor.hypercallStatistics();
  if (!statistics) return { available: false, calls: [] };
  const calls = statistics.map(
    ({ abi, call, count, totalCycles, last, lastSite }): HypercallRow => ({
      abi: abi.name,
      number: call.number,
      name: call.name,
      doc: call.doc,
      count,
      totalCycles,
      ...(count > 0 && { last, lastSite: places.siteOf(lastSite) }),
      breakpoints: [...covering(call)],
    }),
  );
  return { available: true, calls };
}
