import type { RecordedEvent } from '../recorder/record';

/** Values of an event by name. */
export type EventFields = ReadonlyMap<string, number>;

const REGISTERS = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];
const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];
/** The descriptors of the cases' 286 TSSs are told by the selector. */
export const TSS16_ENTRY = 43;

/** Names what the recorder wrote down. The TSS of a 286 task has 16-bit fields. */
export function fieldsOf(event: RecordedEvent): EventFields {
  const { vector, cr0, cr2, dr6, task, tss } = event;
  const fields = new Map<string, number>([
    ['vector', vector],
    ['tr', task],
    ['cr0', cr0],
    ['cr2', cr2],
    ['dr6', dr6],
  ]);
  if (task >> 3 === TSS16_ENTRY) {
    const half = (offset: number) => (tss[offset >> 2] >>> ((offset & 2) * 8)) & 0xffff;
    fields.set('eip', half(0x0e)).set('eflags', half(0x10));
    REGISTERS.forEach((name, i) => fields.set(name, half(0x12 + i * 2)));
    SEGMENTS.slice(0, 4).forEach((name, i) => fields.set(name, half(0x22 + i * 2)));
    return fields;
  }
  fields.set('eip', tss[8]).set('eflags', tss[9]);
  REGISTERS.forEach((name, i) => fields.set(name, tss[10 + i]));
  SEGMENTS.forEach((name, i) => fields.set(name, tss[18 + i] & 0xffff));
  fields.set('ldt', tss[24] & 0xffff);
  return fields;
}
