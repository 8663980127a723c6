import { decodeFields } from '../../machine/bus/fields';
import { serves } from '../../machine/bus/port-bus';
import type { PortDirection } from '../../machine/devices/device';
import type { Guest } from '../guest/guest';
import type { PortField } from './types';

/** The last access to a port in one direction. */
export interface LastAccess {
  readonly value: number;
  /** Bytes. */
  readonly width: number;
}

/**
 * Name of a port for what was summed up over many accesses: `RTC.DATA`, whichever register was behind it at the time.
 * Empty if the port has no name.
 */
export function portName({ machine, ports }: Guest, port: number, direction: PortDirection): string {
  const device = machine.bus.deviceAt(port);
  const register = device?.registers.find((candidate) => candidate.port === port && serves(candidate, direction));
  return device && register ? `${device.name}.${register.name}` : ports.nameOf(port, direction);
}

/** The last access to a port in one direction; undefined if there was none since power on. */
export function lastAccess(guest: Guest, port: number, direction: PortDirection): LastAccess | undefined {
  const { bus } = guest.machine;
  const width = direction === 'in' ? bus.lastInWidth[port] : bus.lastOutWidth[port];
  if (width === 0) return undefined;
  return { value: direction === 'in' ? bus.lastIn[port] : bus.lastOut[port], width };
}

/** Accesses to a port in one direction since power on. */
export function accessCount(guest: Guest, port: number, direction: PortDirection): number {
  const { bus } = guest.machine;
  return direction === 'in' ? bus.ins[port] : bus.outs[port];
}

/** A value of a port taken apart by the bit fields of its register; empty where none are described. */
export function portFields(guest: Guest, port: number, direction: PortDirection, value: number): PortField[] {
  const register = guest.ports.registerOf(port, direction, direction === 'out' ? value : undefined);
  if (!register) return [];
  return decodeFields(register, value).map(({ name, bits, value: part, meaning }) => ({
    name,
    bits,
    value: part,
    ...(meaning !== undefined && { meaning }),
  }));
}

/** Every port that was accessed since power on or that has a name, ascending. */
export function knownPorts(guest: Guest): number[] {
  const ports = new Set(guest.machine.bus.seenPorts());
  for (const { ports: named } of guest.ports.all()) for (const port of named) ports.add(port);
  return [...ports].sort((a, b) => a - b);
}
