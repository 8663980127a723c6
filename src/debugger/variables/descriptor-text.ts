import type { CpuState } from '../../machine/cpu/state';

/** Segment registers in encoding order, then the two system segments. */
export const SEGMENT_LABELS = ['ES', 'CS', 'SS', 'DS', 'FS', 'GS', 'LDTR', 'TR'] as const;

/** Types of system descriptors (Intel SDM vol. 3A, table 3-2). */
const SYSTEM_TYPES: Readonly<Record<number, string>> = {
  1: '16-bit TSS',
  2: 'LDT',
  3: '16-bit TSS (busy)',
  4: '16-bit call gate',
  5: 'task gate',
  6: '16-bit interrupt gate',
  7: '16-bit trap gate',
  9: '32-bit TSS',
  11: '32-bit TSS (busy)',
  12: '32-bit call gate',
  14: '32-bit interrupt gate',
  15: '32-bit trap gate',
};

/** Type of a descriptor in words, from bits 8 to 23 of its high dword. */
export function descriptorType(attributes: number): string {
  const type = attributes & 0xf;
  if (!(attributes & 0x10)) return SYSTEM_TYPES[type] ?? `reserved type ${type}`;
  const size = attributes & 0x4000 ? '32-bit' : '16-bit';
  if (type & 8) {
    const conforming = type & 4 ? ', conforming' : '';
    return `${size} code, ${type & 2 ? 'readable' : 'execute only'}${conforming}`;
  }
  const down = type & 4 ? ', expand-down' : '';
  return `${size} data, ${type & 2 ? 'writable' : 'read-only'}${down}`;
}

function hex(value: number, digits: number): string {
  return `0x${(value >>> 0).toString(16).padStart(digits, '0')}`;
}

/** The hidden part of a segment register: one line, and field by field. */
export function segmentParts(
  state: CpuState,
  index: number,
): { summary: string; fields: { name: string; text: string }[] } {
  const base = state.segmentBase(index);
  const limit = state.segmentLimit(index);
  const attributes = state.segmentAttributes(index);
  const present = (attributes & 0x80) !== 0;
  const dpl = (attributes >>> 5) & 3;
  const type = present ? descriptorType(attributes) : 'not usable';
  return {
    summary: `base ${hex(base, 8)}, limit ${hex(limit, 8)}, ${type}`,
    fields: [
      { name: 'base', text: hex(base, 8) },
      { name: 'limit', text: hex(limit, 8) },
      { name: 'type', text: type },
      { name: 'DPL', text: String(dpl) },
      { name: 'attributes', text: hex(attributes, 4) },
    ],
  };
}
