import type { HypercallAbi } from '../hypercall';
import { IDENTIFICATION_CALLS, PROCESSOR_CALLS } from './cpu';
import { IO_CALLS } from './io';
import { MMU_CALLS } from './mmu';
import { PLATFORM_CALLS } from './platform';
import { call, value } from './row';
import { TABLE_CALLS } from './tables';

/** The two entries at fixed places in the ROM. What they do depends on the hypervisor's state: see `VmiServer`. */
export const VMI_INIT = call(-1, 'VMI_Init', 'Hands the machine over to the hypervisor; 0 on success.', {
  out: [value('status', 'eax', 'number')],
});
export const VMI_GET_RELOCATION_INFO = call(
  -2,
  'VMI_GetRelocationInfo',
  'Tells how a call is made: the address of its code, and whether to call it, to jump to it or to leave it out.',
  {
    in: [value('call', 'eax', 'number')],
    out: [value('eip', 'eax', 'address'), value('type', 'edx', 'number', 'VMI_RELOCATION_*')],
  },
);

/**
 * VMI API 3.0 (VMware's Virtual Machine Interface for i386, as in Linux 2.6.21-2.6.36), with the port I/O calls 49-60 of
 * "Add I/O hypercalls for i386 paravirt" (Z. Amsden, LKML, 2007-08-22). Numbers and registers: Linux's vmi.h and
 * vmi_32.c, VMware's "Paravirtualization API" (2006); sections 6 and 7 of the project's VMI notes. Calls are indexed
 * by number. What carries them out is in src/hypervisor/vmi.
 */
export const VMI_ABI: HypercallAbi = {
  name: 'vmi',
  title: 'VMI',
  version: '3.0',
  entries: [VMI_INIT, VMI_GET_RELOCATION_INFO],
  calls: [...IDENTIFICATION_CALLS, ...TABLE_CALLS, ...PROCESSOR_CALLS, ...MMU_CALLS, ...IO_CALLS, ...PLATFORM_CALLS],
};

/** API version that the ROM announces. */
export const VMI_VERSION = { major: 3, minor: 0 } as const;

/** Answers of GetRelocationInfo: `type` of struct vmi_relocation_info. */
export enum VmiRelocation {
  /** Not there: the guest keeps its native code. */
  NONE = 0,
  /** A function at eip, to be called. */
  CALL_REL = 1,
  /** Code at eip, to be jumped to. */
  JUMP_REL = 2,
  /** The operation is not needed: the guest may leave it out. */
  NOP = 3,
}
