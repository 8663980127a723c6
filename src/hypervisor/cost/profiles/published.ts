import { assumed, type CostProfile, derived, measured } from '../cost-profile';
import { fromRoundTrip } from './round-trip';

const NEHALEM_HANDLING = 991;

/** Processors whose hardware round trip stands in AMRS12, oldest first. */
export const ROUND_TRIP_PROFILES: readonly CostProfile[] = [
  fromRoundTrip({
    name: 'prescott',
    processor: 'Intel Pentium 4 (Prescott)',
    year: 2005,
    megahertz: 3800,
    doc:
      'The processor of `pentium4-672` under a VMM that does no more than it must: hardware round trip measured, ten ' +
      'VMREADs on top. A lower bound for VT-x; trap and call are those of `pentium4-672`.',
    roundTrip: 3963,
    entry: measured(2409, 'AA06 table 1: VM entry of a Pentium 4 672'),
    handling: derived(1780, 'AA06: a typical exit needs ten VMREADs, of 178 cycles each on the Pentium 4'),
  }),
  fromRoundTrip({
    name: 'merom',
    processor: 'Intel Core 2 (Merom)',
    year: 2006,
    megahertz: 2660,
    doc: 'Hardware round trip measured; the work of the VMM is only its ten VMREADs, a lower bound.',
    roundTrip: 1579,
    entry: measured(937, 'AA06 table 1: VM entry of a pre-production 2.66 GHz Core 2 Duo'),
    handling: derived(520, 'AA06: a typical exit needs ten VMREADs, of 52 cycles each on the Core 2 Duo'),
  }),
  fromRoundTrip({
    name: 'penryn',
    processor: 'Intel Core 2 (Penryn)',
    year: 2008,
    megahertz: 3000,
    doc: 'Hardware round trip measured; the VMREADs of Merom are assumed to have become cheaper with it, the clock is assumed.',
    roundTrip: 1266,
    handling: assumed(417, "Merom's 520 cycles for ten VMREADs (AA06) times 1266/1579, the round trips (AMRS12)"),
  }),
  fromRoundTrip({
    name: 'nehalem',
    processor: 'Intel Xeon X5570 (Nehalem)',
    year: 2009,
    megahertz: 2930,
    doc: 'Hardware round trip and the direct cost of a KVM exit measured; trap and call are assumed.',
    roundTrip: 1009,
    handling: derived(
      NEHALEM_HANDLING,
      'SPLITX: 2000 cycles for an exit under KVM, less the hardware round trip of 1009 (AMRS12)',
    ),
  }),
  fromRoundTrip({
    name: 'westmere',
    processor: 'Intel Xeon (Westmere)',
    year: 2010,
    megahertz: 2930,
    doc: 'Hardware round trip measured; the work of the VMM is that of KVM on Nehalem, the clock is assumed.',
    roundTrip: 761,
    handling: assumed(NEHALEM_HANDLING, 'as on Nehalem, the same core in a smaller process: 2000 (SPLITX) less 1009'),
  }),
  fromRoundTrip({
    name: 'sandy-bridge',
    processor: 'Intel Core (Sandy Bridge)',
    year: 2011,
    megahertz: 3400,
    doc: 'Hardware round trip measured; the authors reckon 3000 cycles for a whole exit. The clock is assumed.',
    roundTrip: 784,
    handling: assumed(2216, 'AMRS12 reckons 3000 cycles for servicing an exit, less the hardware round trip of 784'),
  }),
];
