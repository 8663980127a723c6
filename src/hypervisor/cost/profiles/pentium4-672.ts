import { assumed, type CostProfile, derived, measured, NO_DECODE, type PartFigures } from '../cost-profile';

/** What the port itself costs once the VMM knows what to do. */
const DEVICE = measured(216, 'AA06: `in al,0x80` done in the translation cache by the software VMM, device included');

/** Adds up to 2030 cycles: AA06's rdtsc by trap and emulate, the same path as an IN that faults. */
const TRAP: PartFigures = {
  transition: assumed(
    445,
    'AA06: a #DE is delivered and returned from in 889 cycles; #GP taken as equal, half each way',
  ),
  decode: derived(
    925,
    'AA06: trap-and-emulate 2030, less 889 for fault and return, less 216 for the operation itself; an upper bound, ' +
      'because it includes how the VMM finds its handler',
  ),
  device: DEVICE,
  return: assumed(444, 'the other half of the 889 cycles of `transition`'),
};

const TRAP_PRIVILEGED: PartFigures = {
  ...TRAP,
  device: measured(216, 'AA06: rdtsc done in the translation cache, i.e. the work of the instruction itself'),
};

/** No instruction is to blame, so none is decoded. */
const TRAP_INTERRUPT: PartFigures = {
  ...TRAP,
  decode: derived(0, 'an interrupt names its vector: no instruction is fetched'),
  device: assumed(216, 'the stack frame and the virtual interrupt controller: as much as an emulated operation (AA06)'),
};

/** Adds up to 1254 cycles: AA06's rdtsc by callout and emulate, a call into the VMM without a fault. */
const CALL: PartFigures = {
  transition: derived(
    519,
    'AA06: callout-and-emulate 1254, less 216 for the operation itself; half each way is assumed',
  ),
  decode: NO_DECODE,
  device: DEVICE,
  return: derived(519, 'the other half of `transition`'),
};

/** Adds up to 15826 cycles: AA06's `in al,0x80` under the hardware VMM. */
const EXIT: PartFigures = {
  transition: derived(
    1554 + 11647,
    'AMRS12: round trip 3963 (Prescott) less 2409 for the entry is 1554 for the exit; and the rest of the 15826 ' +
      'cycles that AA06 measured for `in al,0x80` under the hardware VMM, less 3963 and less 216 for the device: ' +
      '11647 for that early VMM to find out what happened (ten VMREADs of 178 cycles among it)',
  ),
  decode: derived(0, 'the exit names port, width and direction, or the operands of the instruction'),
  device: DEVICE,
  return: measured(2409, 'AA06 table 1: VM entry'),
};

const EXIT_STRING: PartFigures = {
  ...EXIT,
  decode: derived(
    925,
    'the fetch and decode of `trap`: the qualification of the exit does not name segment and address size ' +
      '(Intel SDM vol. 3C, table 27-5, first generation)',
  ),
};

const EXIT_PRIVILEGED: PartFigures = {
  ...EXIT,
  transition: assumed(EXIT.transition.cycles, 'as for a port access: KVM19 has IN and CPUID 3 % apart'),
  device: TRAP_PRIVILEGED.device,
};

const EXIT_INTERRUPT: PartFigures = { ...EXIT_PRIVILEGED, device: TRAP_INTERRUPT.device };

/** KVM19: a VMCALL is no cheaper than an IN that the kernel serves. */
const VMCALL: PartFigures = {
  ...EXIT,
  transition: assumed(EXIT.transition.cycles, 'as for a port access: KVM19 has IN and VMCALL 2.5 % apart'),
  decode: NO_DECODE,
};

/**
 * The default: the one processor for which a faulting instruction, a hardware exit and a call into the VMM were
 * published by the same authors on the same machine, and the hardware of the time of the VMI I/O calls.
 */
export const PENTIUM4_672: CostProfile = {
  name: 'pentium4-672',
  processor: 'Intel Pentium 4 672 (Prescott-2M)',
  year: 2005,
  megahertz: 3800,
  doc:
    'Totals are as published: 2030 cycles by trap, 15826 by hardware exit, 1254 by call. The split into parts is ' +
    'partly derived. First-generation VT-x under an early VMM was far slower than a software VMM.',
  native: measured(3209, 'AA06: `in al,0x80` on bare hardware, which goes out to the chipset'),
  trap: { port: TRAP, string: TRAP, privileged: TRAP_PRIVILEGED, interrupt: TRAP_INTERRUPT },
  vtx: { port: EXIT, string: EXIT_STRING, privileged: EXIT_PRIVILEGED, interrupt: EXIT_INTERRUPT },
  hypercall: { port: CALL, string: CALL, call: CALL },
  vmcall: { port: VMCALL, string: VMCALL, call: VMCALL },
};
