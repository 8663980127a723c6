import type { Channel } from '../../machine/bus/port-access';

export const CHANNELS: readonly Channel[] = ['direct', 'trap', 'vtx', 'hypercall'];

/** Index in `CHANNELS`. Comparisons with constants: a look-up by name takes as long as all else that an exit needs. */
export function channelIndex(channel: Channel): number {
  return channel === 'trap' ? 1 : channel === 'hypercall' ? 3 : channel === 'vtx' ? 2 : 0;
}
