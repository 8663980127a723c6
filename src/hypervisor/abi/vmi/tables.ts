import type { HypercallDefinition } from '../hypercall';
import { call, value } from './row';

const DTR = value('dtr', 'eax', 'address', 'linear address of {u16 limit, u32 base}');
const ENTRY_WRITE = [
  value('table', 'eax', 'address', 'linear base of the table'),
  value('index', 'edx', 'number'),
  value('low', 'ecx', 'hex', 'low dword of the descriptor'),
  value('high', 'stack0', 'hex', 'high dword of the descriptor'),
];

/** Descriptor tables, task register and kernel stack: 3-14. */
export const TABLE_CALLS: readonly HypercallDefinition[] = [
  call(3, 'SetGDT', 'LGDT, and all segment registers are loaded again from the new table.', { in: [DTR] }),
  call(4, 'SetLDT', 'LLDT; selector 0 means none.', { in: [value('selector', 'eax', 'selector')] }),
  call(5, 'SetIDT', 'LIDT, with gates in the native format.', { in: [DTR] }),
  call(6, 'SetTR', 'LTR.', { in: [value('selector', 'eax', 'selector')] }),
  call(7, 'GetGDT', 'SGDT as the guest sees it.', { in: [DTR] }),
  call(8, 'GetLDT', 'SLDT.', { out: [value('selector', 'eax', 'selector')] }),
  call(9, 'GetIDT', 'SIDT as the guest sees it.', { in: [DTR] }),
  call(10, 'GetTR', 'STR.', { out: [value('selector', 'eax', 'selector')] }),
  call(11, 'WriteGDTEntry', 'Stores a descriptor in the GDT; a segment register that uses it is loaded again.', {
    in: ENTRY_WRITE,
  }),
  call(12, 'WriteLDTEntry', 'Stores a descriptor in an LDT.', { in: ENTRY_WRITE }),
  call(13, 'WriteIDTEntry', 'Stores a gate in the IDT.', { in: ENTRY_WRITE }),
  call(14, 'UpdateKernelStack', 'Sets the stack on which entries from user mode begin.', {
    in: [
      value('tss', 'eax', 'hex', 'selector __KERNEL_DS in Linux; address of the TSS in the 2006 text'),
      value('esp0', 'edx', 'address'),
    ],
  }),
];
