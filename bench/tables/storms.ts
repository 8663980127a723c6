import { type Kernel, kernelsOf, type Subject } from '../catalogue';
import type { Context, Part } from '../context';
import type { Mode } from '../engines/engine';
import { ringside } from '../engines/ringside';
import { Competition, type Contestant, type KernelResult, medianOf, remarks } from '../kernel-runs';
import type { Cell, Table } from '../report/table';

/** Nanoseconds that an access or event took. */
function cost({ each = 1 }: Kernel, { warm }: KernelResult): number | undefined {
  return medianOf(warm, ({ rounds, seconds }) => (seconds * 1e9) / (rounds * each));
}

const ours = (mode: Mode): string => (mode === 'none' ? ringside.name : `${ringside.name} ${mode}`);

interface Storm {
  readonly subject: Subject;
  readonly title: string;
  /** All modes that any kernel of the subject is run in. */
  readonly modes: readonly Mode[];
  readonly note: string;
}

async function measure(context: Context, { subject, title, modes, note }: Storm): Promise<Table[]> {
  const { guest, present, peers } = context;
  const rows: Cell[][] = [];
  const notes: string[] = [];
  const competition = new Competition(guest, context);
  const shown = modes.filter((mode) =>
    kernelsOf(subject, present).some((kernel) => (kernel.modes ?? ['none']).includes(mode)),
  );
  for (const kernel of kernelsOf(subject, present)) {
    context.progress(`${subject} ${kernel.name}`);
    const contestants: Contestant[] = [
      ...(kernel.modes ?? ['none']).map((mode) => ({ engine: ringside, mode, title: ours(mode) })),
      ...peers.map((engine): Contestant => ({ engine, mode: 'none', title: engine.name })),
    ];
    const results = await competition.measure(kernel, contestants);
    notes.push(...remarks(kernel, results));
    const costs = new Map(results.map((result) => [result.engine, cost(kernel, result)]));
    const ratio = (mode: Mode, peer: string): number | undefined => {
      const [own, other] = [costs.get(ours(mode)), costs.get(peer)];
      return own === undefined || other === undefined ? undefined : own / other;
    };
    rows.push([
      kernel.name,
      ...shown.map((mode) => costs.get(ours(mode))),
      ...peers.map(({ name }) => costs.get(name)),
      ...peers.flatMap(({ name }) => shown.map((mode) => ratio(mode, name))),
    ]);
  }
  if (rows.length === 0) return [];
  const ratioTitle = (mode: Mode, peer: string): string => (shown.length > 1 ? `${mode} / ${peer}` : `/ ${peer}`);
  return [
    {
      title,
      columns: [
        { title: 'kernel' },
        ...[...shown.map(ours), ...peers.map(({ name }) => name)].map((column) => ({ title: column, digits: 1 })),
        ...peers.flatMap(({ name }) => shown.map((mode) => ({ title: ratioTitle(mode, name), digits: 2 }))),
      ],
      rows,
      notes: [note, ...notes],
    },
  ];
}

export const ports: Part = {
  name: 'ports',
  about: 'port accesses and hypercalls',
  run: (context) =>
    measure(context, {
      subject: 'ports',
      title: 'Port accesses, nanoseconds each',
      modes: ['none', 'trap', 'vtx', 'vmi'],
      note:
        'Processor time of the loop divided by its accesses. Ratios below 1 say that Ringside needs less. In modes trap, ' +
        'vtx and vmi every access makes an exit that is decoded, charged and recorded; the peers have nothing of the kind, ' +
        'so theirs is the bare access.',
    }),
};

export const events: Part = {
  name: 'events',
  about: 'traps, interrupts, page faults, context switches',
  run: (context) =>
    measure(context, {
      subject: 'events',
      title: 'Events, nanoseconds each',
      modes: ['none'],
      note: 'Processor time of the loop divided by its rounds. Ratios below 1 say that Ringside needs less.',
    }),
};
