import { type Kernel, kernelsOf, MEAN_OF, unknownKernels } from '../catalogue';
import type { Context, Part } from '../context';
import type { Engine } from '../engines/engine';
import { interpreter, ringside } from '../engines/ringside';
import { Competition, type Contestant, InstructionModel, type KernelResult, medianOf, remarks } from '../kernel-runs';
import type { Cell, Table } from '../report/table';
import { geometricMean } from '../statistics';

/** Figures of one kernel, by the engine's name. */
interface Figures {
  readonly kernel: Kernel;
  /** Million instructions of the cold run. */
  readonly instructions: number;
  /** Million instructions a second at full speed. */
  readonly speed: ReadonlyMap<string, number>;
  /** Seconds of the cold run. */
  readonly cold: ReadonlyMap<string, number>;
}

function collect(kernel: Kernel, results: readonly KernelResult[]): Figures | undefined {
  const ours = results.find(({ engine }) => engine === ringside.name);
  if (!ours?.warm.length) return undefined;
  const model = new InstructionModel(ours.cold[0], ours.warm[0]);
  const speed = new Map<string, number>();
  const cold = new Map<string, number>();
  for (const { engine, warm, cold: first } of results) {
    const rate = medianOf(warm, ({ rounds, seconds }) => model.count(rounds) / seconds / 1e6);
    if (rate !== undefined) speed.set(engine, rate);
    const seconds = medianOf(first, (sample) => sample.seconds);
    if (seconds !== undefined) cold.set(engine, seconds);
  }
  return { kernel, instructions: (ours.cold[0].instructions ?? 0) / 1e6, speed, cold };
}

const quotient = (above: number | undefined, below: number | undefined): number | undefined =>
  above === undefined || below === undefined ? undefined : above / below;

/** The geometric means of Ringside's speed against that of each peer, over the kernels that were agreed on. */
function means(figures: readonly Figures[], peers: readonly Engine[]): string[] {
  const counted = figures.filter(({ kernel }) => MEAN_OF.has(kernel.name));
  const means = peers.flatMap(({ name }) => {
    const ratios = counted
      .map(({ speed }) => quotient(speed.get(ringside.name), speed.get(name)))
      .filter((ratio) => ratio !== undefined);
    return ratios.length === MEAN_OF.size ? [`${geometricMean(ratios).toFixed(2)} x ${name}`] : [];
  });
  const alone = counted.map(({ speed }) => speed.get(interpreter.name)).filter((rate) => rate !== undefined);
  const plain =
    alone.length === MEAN_OF.size ? [`the interpreter alone ${geometricMean(alone).toFixed(0)} million a second`] : [];
  if (means.length + plain.length === 0) return [];
  return [`Geometric means over ${[...MEAN_OF].join(', ')}: Ringside ${[...means, ...plain].join(', ')}.`];
}

function warmTable(figures: readonly Figures[], peers: readonly Engine[], notes: readonly string[]): Table {
  const engines = [ringside, interpreter, ...peers].map(({ name }) => name);
  return {
    title: 'Kernels at full speed, million guest instructions a second',
    columns: [
      { title: 'kernel' },
      ...engines.map((title) => ({ title })),
      ...peers.map(({ name }) => ({ title: `x ${name}`, digits: 2 })),
    ],
    rows: figures.map(({ kernel, speed }): Cell[] => [
      kernel.name,
      ...engines.map((name) => speed.get(name)),
      ...peers.map(({ name }) => quotient(speed.get(ringside.name), speed.get(name))),
    ]),
    notes: [
      ...means(figures, peers),
      'Instructions are counted exactly by Ringside, a repeated string instruction once for each element; seconds are ' +
        "processor time of the engine's whole process between two marks of the guest, threads that compile included. " +
        'Every engine runs in a process of its own, in turn with the others, for as many rounds as it does in about ' +
        'the same time; Ringside and v86 have done twice as much before. Medians; what interprets is started once and has its ' +
        'samples in the same process.',
      ...notes,
    ],
  };
}

function coldTable(figures: readonly Figures[], peers: readonly Engine[]): Table {
  const engines = [ringside, interpreter, ...peers].map(({ name }) => name);
  return {
    title: 'Kernels the first time, milliseconds',
    columns: [
      { title: 'kernel' },
      { title: 'million instructions', digits: 1 },
      ...engines.map((title) => ({ title, digits: 1 })),
      ...peers.map(({ name }) => ({ title: `x ${name}`, digits: 2 })),
    ],
    rows: figures.map(({ kernel, instructions, cold }): Cell[] => [
      kernel.name,
      instructions,
      ...engines.map((name) => {
        const seconds = cold.get(name);
        return seconds === undefined ? undefined : seconds * 1e3;
      }),
      ...peers.map(({ name }) => quotient(cold.get(name), cold.get(ringside.name))),
    ]),
    notes: ['The same short run for all, the first thing that a new process does: translation counts. Medians.'],
  };
}

async function run(context: Context): Promise<Table[]> {
  const { guest, present, peers } = context;
  const contestants = [ringside, interpreter, ...peers].map(
    (engine): Contestant => ({ engine, mode: 'none', title: engine.name }),
  );
  const figures: Figures[] = [];
  const notes: string[] = [];
  const competition = new Competition(guest, context);
  for (const kernel of kernelsOf('kernels', present)) {
    context.progress(`kernel ${kernel.name}`);
    const results = await competition.measure(kernel, contestants);
    notes.push(...remarks(kernel, results));
    const found = collect(kernel, results);
    if (found) figures.push(found);
  }
  const unknown = unknownKernels(present);
  if (unknown.length > 0) notes.push(`Kernels that no table shows: ${unknown.join(', ')}.`);
  return [warmTable(figures, peers, notes), coldTable(figures, peers)];
}

export const kernels: Part = { name: 'kernels', about: 'computing kernels, warm and cold', run };
