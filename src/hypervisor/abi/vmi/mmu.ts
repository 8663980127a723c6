import type { HypercallDefinition } from '../hypercall';
import { call, value } from './row';

const ENTRY_FLAGS = '1 PT, 2 PD, 4 PDP; 0x10 current address space, mapped at bits 31-12; 0x20 may wait';
const PAGE_FLAGS = '1 PT, 2 PD, 4 PDP; 0x10 PAE; 0x20 clone; 0x40 zeroed';

/** Page tables and translations: 38-48. */
export const MMU_CALLS: readonly HypercallDefinition[] = [
  call(38, 'SetPxE', 'Writes a page table or directory entry.', {
    in: [value('entry', 'eax'), value('address', 'edx', 'address'), value('flags', 'ecx', 'hex', ENTRY_FLAGS)],
  }),
  call(39, 'SetPxELong', 'Writes a PAE entry, never torn.', {
    in: [value('entry', 'edx:eax'), value('address', 'ecx', 'address'), value('flags', 'stack0', 'hex', ENTRY_FLAGS)],
  }),
  call(40, 'UpdatePxE', 'The guest has written the entry itself: it is read again.', {
    in: [value('address', 'eax', 'address'), value('flags', 'edx', 'hex', ENTRY_FLAGS)],
  }),
  call(41, 'UpdatePxELong', 'As UpdatePxE, for a PAE entry.', {
    in: [value('address', 'eax', 'address'), value('flags', 'edx', 'hex', ENTRY_FLAGS)],
  }),
  call(42, 'MachineToPhysical', 'Unused: VMI guests work with physical frame numbers.'),
  call(43, 'PhysicalToMachine', 'Unused: VMI guests work with physical frame numbers.'),
  call(44, 'AllocatePage', 'A frame becomes a page table or directory.', {
    in: [
      value('frame', 'eax'),
      value('flags', 'edx', 'hex', PAGE_FLAGS),
      value('cloneFrame', 'ecx'),
      value('start', 'stack0', 'number'),
      value('count', 'stack1', 'count'),
    ],
  }),
  call(45, 'ReleasePage', 'A frame is ordinary memory again.', {
    in: [value('frame', 'eax'), value('flags', 'edx', 'hex', PAGE_FLAGS)],
  }),
  call(46, 'InvalPage', 'INVLPG.', { in: [value('address', 'eax', 'address')] }),
  call(47, 'FlushTLB', 'Flushes translations.', {
    in: [value('what', 'eax', 'number', '1 all that are not global, 3 global ones too')],
  }),
  call(48, 'SetLinearMapping', 'Hint: a linear range maps consecutive frames.', {
    in: [
      value('slot', 'eax', 'number', '0 low memory, 1 to 3 at will'),
      value('address', 'edx', 'address'),
      value('pages', 'ecx', 'count'),
      value('frame', 'stack0'),
    ],
  }),
];
