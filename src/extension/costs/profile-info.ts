import type { CostProfile, PartFigures } from '../../hypervisor/cost/cost-profile';
import { SOURCES } from '../../hypervisor/cost/cost-profile';
import { findCostProfile } from '../../hypervisor/cost/profiles';

/** A cost profile as the panel shows it. */
export interface ProfileInfo {
  name: string;
  /** `Intel Pentium 4 672, 2005, 3800 MHz`. */
  processor: string;
  doc: string;
  rows: { operation: string; parts: PartFigures }[];
  /** The texts behind its figures, by the tags in their notes. */
  sources: { tag: string; text: string }[];
}

/** What the operations of a profile are called, by channel and kind. */
const OPERATIONS: readonly { title: string; figures: (profile: CostProfile) => PartFigures }[] = [
  { title: 'IN, OUT by trap', figures: ({ trap }) => trap.port },
  { title: 'INS, OUTS by trap', figures: ({ trap }) => trap.string },
  { title: 'IN, OUT by VT-x exit', figures: ({ vtx }) => vtx.port },
  { title: 'INS, OUTS by VT-x exit', figures: ({ vtx }) => vtx.string },
  { title: 'IN, OUT by hypercall', figures: ({ hypercall }) => hypercall.port },
  { title: 'INS, OUTS by hypercall', figures: ({ hypercall }) => hypercall.string },
  { title: 'other hypercalls', figures: ({ hypercall }) => hypercall.call },
];

/** What is known of a profile that comes with Ringside; undefined for one of the user's own. */
export function profileInfo(name: string): ProfileInfo | undefined {
  const profile = findCostProfile(name);
  if (!profile) return undefined;
  const rows = OPERATIONS.map(({ title, figures }) => ({ operation: title, parts: figures(profile) }));
  const notes = rows.flatMap(({ parts }) => Object.values(parts).map(({ note }) => note));
  return {
    name: profile.name,
    processor: `${profile.processor}, ${profile.year}, ${profile.megahertz} MHz`,
    doc: profile.doc,
    rows,
    sources: Object.entries(SOURCES)
      .filter(([tag]) => notes.some((note) => note.includes(tag)) || profile.doc.includes(tag))
      .map(([tag, text]) => ({ tag, text })),
  };
}
