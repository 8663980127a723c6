import { assumed, type CostProfile, derived, measured, type PartFigures } from '../cost-profile';

const NO_DECODE = derived(0, 'the call names the operation: nothing is fetched or decoded');

/** What the port itself costs once the VMM knows what to do. */
const DEVICE = measured(216, 'AA06: `in al,0x80` done in the translation cache by the software VMM, device included');

/** Adds up to 2030 cycles: AA06's rdtsc by trap and emulate, the same path as an IN that faults. */
const TRAP: PartFigures = {
  transition: assumed(
    445,
    'AA06: a #DE is delivered and returned from in 889 cycles; #GP taken as equal, half each way',
  ),
  decode: derived(925, 'AA06: trap-and-emulate 2030, less 889 for fault and return, less 216 for the operation itself'),
  device: DEVICE,
  return: assumed(444, 'the other half of the 889 cycles of `transition`'),
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
  transition: derived(1554, 'AMRS12: round trip 3963 (Prescott), less 2409 for the entry'),
  decode: derived(
    11647,
    'AA06: `in al,0x80` under the hardware VMM 15826, less 3963 for the round trip, less 216 for the device: ' +
      'ten VMREADs of 178 cycles and the rest of that early VMM',
  ),
  device: DEVICE,
  return: measured(2409, 'AA06 table 1: VM entry'),
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
  trap: { port: TRAP, string: TRAP },
  vtx: {
    port: EXIT,
    string: {
      ...EXIT,
      decode: derived(
        11647 + 925,
        'as for a single access, and the fetch and decode of `trap` on top: the qualification of the exit does not ' +
          'name segment and address size (Intel SDM vol. 3C, table 27-5, first generation)',
      ),
    },
  },
  hypercall: { port: CALL, string: CALL, call: CALL },
};
