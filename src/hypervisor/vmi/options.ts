/** What a session may have VMI_GetRelocationInfo answer for a call: VMI_RELOCATION_CALL_REL, JUMP_REL, NOP or NONE. */
export type VmiAnswer = 'call' | 'jump' | 'nop' | 'none';

/** How VMI presents itself in a session. */
export interface VmiOptions {
  /** Level at which the kernel goes on after VMI_Init: 1, deprivileged, or 0, as it was. */
  readonly privilege: 0 | 1;
  /** Lowest linear address that the hypervisor keeps for itself, at a page boundary; 0 is none. */
  readonly virtualTop: number;
  /** Whether the guest's page tables are looked after: `report` tells of what breaks VMI's rules, once per kind. */
  readonly checkPages: 'off' | 'report';
  /** Answers that differ from what the hypervisor has, by name of the call. */
  readonly answers: Readonly<Partial<Record<string, VmiAnswer>>>;
}

export const DEFAULT_VMI_OPTIONS: VmiOptions = { privilege: 1, virtualTop: 0, checkPages: 'report', answers: {} };
