import { COST_PROFILES, DEFAULT_COST_PROFILE } from '../../hypervisor/cost/profiles';
import { type CostFigure, type CostProfile, cyclesOf, SOURCES } from '../../hypervisor/cost/cost-profile';
import { figuresOf } from '../profiles/profiles';
import { digits, markdownTable } from './markdown';
import { PARTS, sumOfParts } from './measurement';

/** Every operation with its parts. */
function figureTable(profile: CostProfile): string {
  const rows = figuresOf(profile).map(([path, figures]) => {
    const cycles = cyclesOf(figures);
    return [`\`${path}\``, ...PARTS.map((part) => digits(cycles[part])), digits(sumOfParts(cycles))];
  });
  return markdownTable([['operation', ...PARTS, 'all'], ...rows]);
}

/** Where each figure comes from; what several operations share is told once. */
function originTable(profile: CostProfile): string {
  const origins = new Map<CostFigure, string[]>();
  const add = (figure: CostFigure, place: string): void => {
    const same = [...origins.keys()].find(
      ({ cycles, basis, note }) => cycles === figure.cycles && basis === figure.basis && note === figure.note,
    );
    if (same) origins.get(same)?.push(place);
    else origins.set(figure, [place]);
  };
  add(profile.native, '`native`');
  for (const [path, figures] of figuresOf(profile)) {
    for (const part of PARTS) add(figures[part], `\`${path}.${part}\``);
  }
  const rows = [...origins].map(([{ cycles, basis, note }, places]) => [
    digits(cycles),
    basis,
    note.replaceAll('|', '\\|'),
    places.join(', '),
  ]);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(['cycles', 'basis', 'where it comes from', 'what']), '|---:|---|---|---|', ...rows.map(line)].join('\n');
}

function profileText(profile: CostProfile): string {
  const { name, processor, year, megahertz, doc, native } = profile;
  const standard = profile === DEFAULT_COST_PROFILE ? ' The default.' : '';
  return [
    `### ${name}`,
    `${processor}, ${year}, ${megahertz} MHz.${standard} ${doc} A port access on bare metal: ${digits(native.cycles)} cycles.`,
    figureTable(profile),
    originTable(profile),
  ].join('\n\n');
}

/** All generated parts of docs/cost-profiles.md by name. */
export function profileSections(): Record<string, string> {
  return {
    figures: COST_PROFILES.map(profileText).join('\n\n'),
    sources: Object.entries(SOURCES)
      .map(([tag, text]) => `* ${tag}: ${text}`)
      .join('\n'),
  };
}
