import type { SessionRegistry } from '../sessions/session-registry';
import { type AccessRow, portRows } from '../views/access-rows';
import type { AccessSource } from '../views/access-view';

/** Gives the ports that the wizard offers, those in use first. */
export type KnownPorts = () => Promise<AccessRow[]>;

/** Ports of the guest as it runs; after its end, those that the Ports view still shows. */
export function portsOf(registry: SessionRegistry, shown: AccessSource): KnownPorts {
  const latest = async (): Promise<AccessRow[]> => {
    const session = registry.current;
    if (session && session.state !== 'ended') {
      try {
        return portRows(await session.request('ringside/ports'));
      } catch {
        // It has just ended.
      }
    }
    return shown.rows() ?? [];
  };
  return async () => (await latest()).sort((a, b) => b.count - a.count || a.number - b.number);
}
