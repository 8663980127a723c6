import type { ExitLog } from '../../hypervisor/exits/exit-log';
import type { PortDirection } from '../../machine/devices/device';
import type { Guest } from '../guest/guest';
import type { DirectSites } from './direct-sites';
import type { Places } from './places';
import { accessCount, knownPorts, lastAccess, portFields, portName } from './port-activity';
import type { PortRow } from './types';

/** What the rows of ports are made of. */
export interface PortSources {
  readonly guest: Guest;
  readonly log: ExitLog;
  readonly places: Places;
  readonly direct: DirectSites;
}

/** Linear address that caused the last exit of each port. */
function lastSites(log: ExitLog): Map<number, number> {
  const newest = new Map<number, { sequence: number; site: number }>();
  log.forEachKind(({ port, site }, { last }) => {
    if (port < 0) return;
    const known = newest.get(port);
    if (!known || known.sequence < last) newest.set(port, { sequence: last, site });
  });
  return new Map([...newest].map(([port, { site }]) => [port, site]));
}

/** The direction that tells most about a port: the one in which it was used most. */
function mainDirection(guest: Guest, port: number): PortDirection {
  const ins = accessCount(guest, port, 'in');
  const outs = accessCount(guest, port, 'out');
  if (ins !== outs) return ins > outs ? 'in' : 'out';
  return guest.ports.nameOf(port, 'out') === '' || !guest.ports.registerOf(port, 'out') ? 'in' : 'out';
}

function rowOf(guest: Guest, port: number): Omit<PortRow, 'lastSite' | 'breakpoints'> {
  const direction = mainDirection(guest, port);
  const lastIn = lastAccess(guest, port, 'in');
  const lastOut = lastAccess(guest, port, 'out');
  const shown = direction === 'in' ? (lastIn ?? lastOut) : (lastOut ?? lastIn);
  const name = portName(guest, port, direction);
  const doc = guest.ports.registerOf(port, direction)?.doc;
  return {
    port,
    name,
    device: name.replace(/\..*$/, ''),
    ...(doc !== undefined && doc !== '' && { doc }),
    ...(lastIn && { lastIn }),
    ...(lastOut && { lastOut }),
    ins: accessCount(guest, port, 'in'),
    outs: accessCount(guest, port, 'out'),
    fields: shown ? portFields(guest, port, shown === lastIn ? 'in' : 'out', shown.value) : [],
  };
}

/**
 * Every port seen or named, ascending.
 * @param covering ids of the breakpoints on a port
 */
export function portRows(
  { guest, log, places, direct }: PortSources,
  covering: (port: number) => readonly number[],
): PortRow[] {
  const exits = lastSites(log);
  return knownPorts(guest).map((port) => {
    const row = rowOf(guest, port);
    // After a restart a port has not been used, whatever the guest did before.
    const site = row.ins + row.outs > 0 ? (exits.get(port) ?? direct.of(port)) : undefined;
    return {
      ...row,
      ...(site !== undefined && { lastSite: places.siteOf(site) }),
      breakpoints: [...covering(port)],
    };
  });
}
