import {
  assumed,
  type CostFigure,
  type CostProfile,
  derived,
  measured,
  type PartFigures,
  scaled,
} from '../cost-profile';
import { PENTIUM4_672 } from './pentium4-672';

/** Exit and resume of the Pentium 4, against which the others are scaled (AMRS12, Prescott). */
const PRESCOTT_ROUND_TRIP = 3963;
/** Share of the VM entry in the round trip of Merom: 937 of 1579 cycles. */
const ENTRY_SHARE = 937 / 1579;
/** A port access goes out to the chipset: it takes as long on every processor, 3209 cycles at 3.8 GHz (AA06). */
const NATIVE_NANOSECONDS = 3209 / 3.8;

interface Measurements {
  name: string;
  processor: string;
  year: number;
  megahertz: number;
  doc: string;
  /** AMRS12 table 1. */
  roundTrip: number;
  /** VM entry, if it was published. */
  entry?: CostFigure;
  /** What the VMM's software adds to an exit of a single port access. */
  handling: CostFigure;
}

/**
 * A processor of which little more than the hardware round trip was published. What a software VMM's trap and call
 * would cost there is the Pentium 4's figure scaled by the ratio of the round trips: a plain assumption.
 */
function fromRoundTrip(known: Measurements): CostProfile {
  const factor = known.roundTrip / PRESCOTT_ROUND_TRIP;
  const why = `Pentium 4 figure times ${known.roundTrip}/${PRESCOTT_ROUND_TRIP}, the ratio of the round trips (AMRS12)`;
  const entry =
    known.entry ??
    assumed(Math.round(known.roundTrip * ENTRY_SHARE), 'entry takes the same share of the round trip as on Merom');
  const trap = scaled(PENTIUM4_672.trap.port, factor, why);
  const call = scaled(PENTIUM4_672.hypercall.port, factor, why);
  const exit: PartFigures = {
    transition: derived(known.roundTrip - entry.cycles, `AMRS12: round trip ${known.roundTrip}, less the entry`),
    decode: known.handling,
    device: trap.device,
    return: entry,
  };
  const stringDecode = assumed(
    known.handling.cycles + trap.decode.cycles,
    `handling of the exit (${known.handling.note}), and the fetch and decode of \`trap\` (${trap.decode.note})`,
  );
  return {
    name: known.name,
    processor: known.processor,
    year: known.year,
    megahertz: known.megahertz,
    doc: known.doc,
    native: assumed(
      Math.round((NATIVE_NANOSECONDS * known.megahertz) / 1000),
      `as many nanoseconds as on the Pentium 4 (AA06: 3209 cycles at 3.8 GHz), at ${known.megahertz} MHz`,
    ),
    trap: { port: trap, string: trap },
    vtx: { port: exit, string: { ...exit, decode: stringDecode } },
    hypercall: { port: call, string: call, call },
  };
}

export const MEROM = fromRoundTrip({
  name: 'merom',
  processor: 'Intel Core 2 (Merom)',
  year: 2006,
  megahertz: 2660,
  doc: 'Hardware round trip measured; the work of the VMM is only its ten VMREADs, a lower bound.',
  roundTrip: 1579,
  entry: measured(937, 'AA06 table 1: VM entry of a pre-production 2.66 GHz Core 2 Duo'),
  handling: derived(520, 'AA06: a typical exit needs ten VMREADs, of 52 cycles each on the Core 2 Duo'),
});

export const NEHALEM = fromRoundTrip({
  name: 'nehalem',
  processor: 'Intel Xeon X5570 (Nehalem)',
  year: 2009,
  megahertz: 2930,
  doc: 'Hardware round trip and the direct cost of a KVM exit measured; trap and call are assumed.',
  roundTrip: 1009,
  handling: derived(991, 'SPLITX: 2000 cycles for an exit under KVM, less the hardware round trip of 1009 (AMRS12)'),
});

export const SANDY_BRIDGE = fromRoundTrip({
  name: 'sandy-bridge',
  processor: 'Intel Core (Sandy Bridge)',
  year: 2011,
  megahertz: 3400,
  doc: 'Hardware round trip measured; the authors reckon 3000 cycles for a whole exit. The clock is assumed.',
  roundTrip: 784,
  handling: assumed(2216, 'AMRS12 reckons 3000 cycles for servicing an exit, less the hardware round trip of 784'),
});
