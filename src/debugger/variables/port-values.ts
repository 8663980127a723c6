import type { Value } from '../types';
import type { PortRow } from '../inspection/types';
import { datumText } from '../stops/access-text';

function hex(value: number): string {
  return `0x${value.toString(16).padStart(3, '0')}`;
}

function portValue(row: PortRow): Value {
  const parts: string[] = [];
  if (row.lastOut) parts.push(`out ${datumText(row.lastOut.value, row.lastOut.width)}`);
  if (row.lastIn) parts.push(`in ${datumText(row.lastIn.value, row.lastIn.width)}`);
  const counts = row.outs + row.ins > 0 ? ` (${row.outs} out, ${row.ins} in)` : '';
  const value: Value = {
    name: row.name === '' ? hex(row.port) : `${hex(row.port)} ${row.name}`,
    text: parts.length > 0 ? `${parts.join(', ')}${counts}` : 'not accessed',
    kind: 'port',
    ...(row.doc !== undefined && { type: row.doc }),
  };
  if (row.fields.length > 0) {
    value.children = () =>
      row.fields.map(({ name, bits, value: field, meaning }) => ({
        name: `${name} (${bits})`,
        text: meaning === undefined ? String(field) : `${field}: ${meaning}`,
        kind: 'port',
      }));
  }
  return value;
}

/** Ports grouped by device; those that nobody owns come last. */
export function portValues(rows: readonly PortRow[]): Value[] {
  const devices = new Map<string, PortRow[]>();
  for (const row of rows) {
    const group = devices.get(row.device);
    if (group) group.push(row);
    else devices.set(row.device, [row]);
  }
  return [...devices].map(([device, ports]) => {
    const accesses = ports.reduce((sum, row) => sum + row.ins + row.outs, 0);
    return {
      name: device === '' ? 'not owned' : device,
      text: accesses === 1 ? '1 access' : `${accesses} accesses`,
      kind: 'group',
      children: () => ports.map(portValue),
    };
  });
}
