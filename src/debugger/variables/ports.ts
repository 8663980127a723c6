import type { PortDirection } from '../../machine/devices/device';
import type { Guest } from '../guest/guest';
import {
  accessCount,
  knownPorts,
  type LastAccess,
  lastAccess,
  portFields,
  portName,
} from '../inspection/port-activity';
import { datumText } from '../stops/access-text';
import { hex } from '../text/hex';
import type { Value } from '../types';
import type { ValueContext } from './context';

const DIRECTIONS = ['out', 'in'] as const;

/** Part of a port's name before the dot. */
function deviceOf(name: string): string {
  return name.replace(/\..*$/, '');
}

/** Short name of the register behind a port in a direction; empty if there is none. */
function registerName(guest: Guest, port: number, direction: PortDirection): string {
  return portName(guest, port, direction).replace(/^[^.]*\.?/, '');
}

/** The last value: with its character where it is data, without where it is a set of bits. */
function lastText(guest: Guest, port: number, direction: PortDirection, { value, width }: LastAccess): string {
  const hasFields = portFields(guest, port, direction, value).length > 0;
  return hasFields ? hex(value, width * 2) : datumText(value, width);
}

function directionRow(guest: Guest, port: number, direction: PortDirection): Value | undefined {
  const last = lastAccess(guest, port, direction);
  if (!last) return undefined;
  const { value } = last;
  const full = guest.ports.nameOf(port, direction, direction === 'out' ? value : undefined);
  const fields = portFields(guest, port, direction, value);
  const doc = guest.ports.registerOf(port, direction, direction === 'out' ? value : undefined)?.doc;
  const children = (): Value[] =>
    fields.map(({ name, bits, value: part, meaning }) => ({
      name,
      text: meaning === undefined ? hex(part) : `${hex(part)} ${meaning}`,
      type: `bit${bits.includes(':') ? 's' : ''} ${bits}`,
      kind: 'port',
    }));
  return {
    name: `last ${direction}`,
    text: `${lastText(guest, port, direction, last)}${full === '' ? '' : ` (${full})`}`,
    ...(doc !== undefined && { type: doc }),
    kind: 'port',
    ...(fields.length > 0 && { children }),
  };
}

function activityText(guest: Guest, port: number): string {
  const parts = DIRECTIONS.flatMap((direction) => {
    const last = lastAccess(guest, port, direction);
    if (!last) return [];
    return [`${direction} ${lastText(guest, port, direction, last)} × ${accessCount(guest, port, direction)}`];
  });
  return parts.join(', ') || 'not used';
}

/** A port: last values in both directions, decoded, and how often it was used. */
function portValue(guest: Guest, port: number): Value {
  const names = [...new Set(DIRECTIONS.map((direction) => registerName(guest, port, direction)))].filter(Boolean);
  const rows = (): Value[] => DIRECTIONS.flatMap((direction) => directionRow(guest, port, direction) ?? []);
  const doc = guest.ports.registerOf(port, 'out')?.doc ?? guest.ports.registerOf(port, 'in')?.doc;
  return {
    name: [hex(port, 3), names.join('/')].filter(Boolean).join(' '),
    text: activityText(guest, port),
    ...(doc !== undefined && { type: doc }),
    kind: 'port',
    ...(isUsed(guest, [port]) && { children: rows }),
  };
}

function groupValue(guest: Guest, name: string, ports: readonly number[]): Value {
  const total = (direction: PortDirection): number =>
    ports.reduce((sum, port) => sum + accessCount(guest, port, direction), 0);
  const [ins, outs] = [total('in'), total('out')];
  return {
    name,
    text: ins + outs === 0 ? 'not used' : `${outs} out, ${ins} in`,
    kind: 'group',
    children: () => ports.map((port) => portValue(guest, port)),
  };
}

function isUsed(guest: Guest, ports: readonly number[]): boolean {
  return ports.some((port) => accessCount(guest, port, 'in') + accessCount(guest, port, 'out') > 0);
}

/** All ports seen or named, one group per device: those in use first, then by port; ports that nobody owns come last. */
export function portGroups({ guest }: ValueContext): Value[] {
  const groups = new Map<string, number[]>();
  const unowned: number[] = [];
  for (const port of knownPorts(guest)) {
    const name = deviceOf(portName(guest, port, 'out') || portName(guest, port, 'in'));
    const ports = name === '' ? unowned : (groups.get(name) ?? []);
    if (name !== '') groups.set(name, ports);
    ports.push(port);
  }
  const sorted = [...groups].sort(([, a], [, b]) => Number(isUsed(guest, b)) - Number(isUsed(guest, a)));
  const rows = sorted.map(([name, ports]) => groupValue(guest, name, ports));
  return unowned.length > 0 ? [...rows, groupValue(guest, 'no device', unowned)] : rows;
}

/** The port or the device that a text names (`COM1.LSR`, `COM1`); undefined if it is none or a variable hides it. */
export function namedPort({ guest, scope }: ValueContext, text: string): Value | undefined {
  if (!/^[A-Za-z_]\w*(?:\.\w+)?$/.test(text)) return undefined;
  const ports = guest.ports.portOf(text);
  if (!ports) return undefined;
  const head = deviceOf(text);
  if (scope.local(head) || scope.global(head) || scope.symbol(head)) return undefined;
  return text.includes('.') ? { ...portValue(guest, ports[0]), expression: text } : groupValue(guest, head, ports);
}
