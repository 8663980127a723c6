import {
  assumed,
  type CallKind,
  type CostFigure,
  type CostProfile,
  type ExitKind,
  NO_DECODE,
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

/** What is known of a processor. */
interface Measurements {
  readonly name: string;
  readonly processor: string;
  readonly year: number;
  readonly megahertz: number;
  readonly doc: string;
  /** AMRS12 table 1: exit and resume, cycles. */
  readonly roundTrip: number;
  /** VM entry, if it was published. */
  readonly entry?: CostFigure;
  /** What the VMM's software adds to find out what an exit is about. */
  readonly handling: CostFigure;
}

/**
 * A processor of which little more than the hardware round trip was published. What a software VMM's trap and call
 * would cost there is the Pentium 4's figure scaled by the ratio of the round trips: a plain assumption.
 */
export function fromRoundTrip(known: Measurements): CostProfile {
  const { roundTrip, handling, megahertz } = known;
  const why = `Pentium 4 figure times ${roundTrip}/${PRESCOTT_ROUND_TRIP}, the ratio of the round trips (AMRS12)`;
  const scale = (figures: PartFigures): PartFigures => scaled(figures, roundTrip / PRESCOTT_ROUND_TRIP, why);
  const entry =
    known.entry ??
    assumed(Math.round(roundTrip * ENTRY_SHARE), 'entry takes the same share of the round trip as on Merom (AA06)');
  const trap: Record<ExitKind, PartFigures> = {
    port: scale(PENTIUM4_672.trap.port),
    string: scale(PENTIUM4_672.trap.string),
    privileged: scale(PENTIUM4_672.trap.privileged),
    interrupt: scale(PENTIUM4_672.trap.interrupt),
  };
  const { hypercall } = PENTIUM4_672;
  const calls: Record<CallKind, PartFigures> = {
    port: scale(hypercall.port),
    string: scale(hypercall.string),
    call: scale(hypercall.call),
  };
  const exit = (kind: ExitKind): PartFigures => ({
    transition: {
      cycles: roundTrip - entry.cycles + handling.cycles,
      basis: handling.basis === 'assumed' ? 'assumed' : 'derived',
      note:
        `AMRS12: round trip ${roundTrip} less ${entry.cycles} for the entry is ${roundTrip - entry.cycles} for the ` +
        `exit; and ${handling.cycles} for the VMM to find out what happened (${handling.note})`,
    },
    decode:
      kind === 'string'
        ? assumed(trap.string.decode.cycles, `the fetch and decode of \`trap\` (${trap.string.decode.note})`)
        : PENTIUM4_672.vtx[kind].decode,
    device: trap[kind].device,
    return: entry,
  });
  const vmcall: PartFigures = { ...exit('port'), decode: NO_DECODE };
  return {
    name: known.name,
    processor: known.processor,
    year: known.year,
    megahertz,
    doc: known.doc,
    native: assumed(
      Math.round((NATIVE_NANOSECONDS * megahertz) / 1000),
      `as many nanoseconds as on the Pentium 4 (AA06: 3209 cycles at 3.8 GHz), at ${megahertz} MHz`,
    ),
    trap,
    vtx: {
      port: exit('port'),
      string: exit('string'),
      privileged: exit('privileged'),
      interrupt: exit('interrupt'),
    },
    hypercall: calls,
    vmcall: { port: vmcall, string: vmcall, call: vmcall },
  };
}
