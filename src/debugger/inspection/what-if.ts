import { costTable, type KindCosts } from '../../hypervisor/cost/cost-table';
import { priceOperations } from '../../hypervisor/cost/what-if';
import type { Price } from '../../hypervisor/exits/exit-report';
import { totalCycles } from '../../hypervisor/exits/exit-table';
import type { Hypervisor } from '../../hypervisor/hypervisor';
import type { WhatIf } from './types';

/** The channels that accesses to ports are priced by, in the order of `whatIfPrices`. */
const CHANNELS = ['trap', 'vtx', 'hypercall'] as const;

/** Under hardware assistance there is no call without an exit: a hypercall is a VMCALL. */
function figuresOf({ profile, mode }: Hypervisor): Readonly<Record<WhatIf['channel'], KindCosts>> {
  const { trap, vtx, hypercall } = costTable(profile);
  return { trap, vtx, hypercall: mode === 'vtx' ? hypercall.exit : hypercall.call };
}

/** One price for each of `CHANNELS`: what did not come that way is priced anew, all else stays. */
export function whatIfPrices(hypervisor: Hypervisor): Price[] {
  const figures = figuresOf(hypervisor);
  return CHANNELS.map((channel): Price => {
    return (key, sums) =>
      key.port < 0 || key.channel === channel
        ? sums.sum
        : totalCycles(priceOperations(sums, channel, figures[channel]));
  });
}

/** The answers for a row, or for all of them. */
export function whatIf({ totalCycles: actual, repriced }: { totalCycles: number; repriced: number[] }): WhatIf[] {
  return CHANNELS.map((channel, index) => {
    const savedCycles = actual - repriced[index];
    return {
      channel,
      cycles: repriced[index],
      savedCycles,
      savedPct: actual === 0 ? 0 : (100 * savedCycles) / actual,
    };
  });
}
