import { cyclesOf } from '../../hypervisor/cost/cost-profile';
import { DEFAULT_COST_PROFILE } from '../../hypervisor/cost/profiles';
import { type Results, withElementCost } from './figures';
import { digits, markdownTable, percent, times } from './markdown';
import { PARTS, sumOfParts, timeShares } from './measurement';
import type { Result } from './run-setting';
import { WORKLOADS, WORLDS } from './worlds';

const [TRAPPED] = WORLDS;

/** One workload in all worlds: counts, cycles by what they went to, and how that compares. */
function workloadTable(results: readonly Result[]): string {
  const trapped = results.find(({ world }) => world === TRAPPED);
  const rows = results.map(({ world, stretch }) => {
    const shares = timeShares(stretch);
    return [
      world.label,
      digits(stretch.ports.count),
      digits(stretch.others.count),
      digits(shares.guest),
      digits(shares.waiting),
      ...PARTS.map((part) => digits(shares[part])),
      digits(stretch.guestCycles),
      trapped ? times(stretch.guestCycles / trapped.stretch.guestCycles) : '',
    ];
  });
  return markdownTable([
    ['world', 'port exits', 'other exits', 'guest', 'waiting', ...PARTS, 'guest time', 'against trapped'],
    ...rows,
  ]);
}

/** All tables of one profile. */
export function profileSection(results: Results, profile: string): string {
  return results.workloads
    .map((name) => {
      const doc = WORKLOADS.find((workload) => workload.name === name)?.doc ?? '';
      return `### ${name}: ${doc}\n\n${workloadTable(results.of(profile, name))}`;
    })
    .join('\n\n');
}

/** A row for each workload and a column for each profile. */
function grid(results: Results, cell: (profile: string, workload: string) => string): string {
  const rows = results.workloads
    .map((workload) => [workload, ...results.profiles.map((profile) => cell(profile, workload))])
    .filter(([, ...cells]) => cells.some((text) => text !== ''));
  return markdownTable([['workload', ...results.profiles], ...rows]);
}

/** Shares of the parts in what exits took, of native drivers, for each profile. */
function partShares(results: Results): string {
  const rows = results.profiles.flatMap((profile) =>
    ['native-trap', 'native-vmi', 'native-vtx'].flatMap((world) =>
      ['console', 'disk'].flatMap((workload) => {
        const result = results.find(profile, workload, world);
        if (!result) return [];
        const shares = timeShares(result.stretch);
        const total = sumOfParts(shares);
        return [[profile, workload, result.world.label, ...PARTS.map((part) => percent((100 * shares[part]) / total))]];
      }),
    ),
  );
  return markdownTable([['profile', 'workload', 'world', ...PARTS], ...rows]);
}

/** The sum that a reader can do again: counts times figures. */
function workedRow({ world, stretch }: Result): string[] {
  const { singles, strings, stringElements } = stretch.ports.operations;
  const figures = world.mode === 'vmi' ? DEFAULT_COST_PROFILE.hypercall : DEFAULT_COST_PROFILE.trap;
  const { transition, decode, device, return: back } = cyclesOf(figures.port);
  const string = cyclesOf(figures.string);
  const fixed = string.transition + string.decode + string.return;
  const exits = sumOfParts(stretch.ports.parts);
  return [
    world.label,
    `${digits(singles)} x (${transition} + ${decode} + ${device} + ${back})`,
    strings === 0 ? '' : `${digits(strings)} x ${digits(fixed)} + ${digits(stringElements)} x ${string.device}`,
    digits(exits),
    digits(stretch.instructions),
    digits(stretch.guestCycles),
  ];
}

function workedExample(results: Results, workload: string): string {
  const chosen = results.of(DEFAULT_COST_PROFILE.name, workload).filter(({ world }) => WORKED.includes(world.id));
  return markdownTable([
    ['world', 'IN and OUT', 'INS and OUTS', '= cycles of exits', '+ instructions', '= guest time'],
    ...chosen.map(workedRow),
  ]);
}

/** Cycles that an element of a string may take in the device model; the first is the profile's. */
const ELEMENT_COSTS = [216, 100, 50, 10];

/** What I/O hypercalls would save if elements of strings were cheaper than single accesses. */
function sensitivity(results: Results): string {
  const { name } = DEFAULT_COST_PROFILE;
  const rows = ['disk', 'strings'].flatMap((workload) => {
    const trapped = results.find(name, workload, 'native-trap');
    const called = results.find(name, workload, 'native-vmi');
    if (!trapped || !called) return [];
    const saved = (cycles: number): number =>
      100 * (1 - withElementCost(called, cycles) / withElementCost(trapped, cycles));
    return [[workload, ...ELEMENT_COSTS.map((cycles) => percent(saved(cycles)))]];
  });
  return markdownTable([['saved, if an element takes', ...ELEMENT_COSTS.map((cycles) => `${cycles} cycles`)], ...rows]);
}

/** Worlds whose exits are charged as the table of the page says. */
const WORKED = ['native-trap', 'native-vmi', 'virtio-trap', 'virtio-vmi'];

/** All generated parts of docs/experiment.md by name. */
export function sections(results: Results): Record<string, string> {
  return {
    worked: ['console', 'disk'].map((name) => `**${name}**\n\n${workedExample(results, name)}`).join('\n\n'),
    tables: profileSection(results, DEFAULT_COST_PROFILE.name),
    'saved by hypercalls': grid(results, (profile, workload) =>
      percent(results.savedPct(profile, workload, 'native-vmi', 'native-trap')),
    ),
    'native against virtio': grid(results, (profile, workload) =>
      times(results.ratio(profile, workload, 'native-vmi', 'virtio-trap')),
    ),
    'virtio saved by hypercalls': grid(results, (profile, workload) =>
      percent(results.savedPct(profile, workload, 'virtio-vmi', 'virtio-trap')),
    ),
    kvm: grid(results, (profile, workload) => percent(results.savedPct(profile, workload, 'native-kvm', 'native-vtx'))),
    lguest: grid(results, (profile, workload) =>
      percent(results.savedPct(profile, workload, 'native-lguest', 'native-trap')),
    ),
    sensitivity: sensitivity(results),
    shares: partShares(results),
    profiles: results.profiles
      .map((profile) => `* [${profile}](experiment/${profile}.md), [plot](experiment/${profile}.svg)`)
      .join('\n'),
  };
}
