import type { ExitCosts } from '../../debugger/inspection/types';
import { shortPlace } from '../report/exit-costs';
import { type Align, formatTable, percent, thousands } from '../report/table';
import type { Measurement } from './measure';
import { agreement } from './serial-text';

type Parts = ExitCosts['rows'][number]['parts'];

const CHANNELS = ['trap', 'vtx', 'hypercall'] as const;
const PARTS: readonly (readonly [keyof Parts, string])[] = [
  ['transition', '  transition'],
  ['decode', '  fetch and decode'],
  ['device', '  device'],
  ['return', '  return'],
];

/** Source lines shown in the second table. */
const TOP_LINES = 10;
/** Differing lines shown below the table, of each mode. */
const SHOWN_DIFFERENCES = 6;

function samplesOf({ byChannel }: Measurement, channel: string): number {
  return byChannel.rows.find((row) => row.channel === channel)?.samples ?? 0;
}

function cyclesOf({ byChannel }: Measurement, part: keyof Parts): number {
  return byChannel.rows.reduce((sum, row) => sum + row.parts[part], 0);
}

/** Exit status, or how else the run ended. */
function endOf({ outcome }: Measurement): string {
  if (outcome.by === 'guest') return `${outcome.end.exitCode}`;
  return outcome.by === 'sleep' ? 'asleep' : 'interrupted';
}

/** `1.00x`: how a figure compares with that of the first mode. */
function ratio(value: number, first: number): string {
  return first === 0 ? '-' : `${(value / first).toFixed(2)}x`;
}

/** One row of the comparison: a name and a cell per mode. */
function row(name: string, measurements: readonly Measurement[], cell: (measurement: Measurement) => string): string[] {
  return [name, ...measurements.map(cell)];
}

/** The figures of all modes side by side. */
export function comparisonTable(measurements: readonly Measurement[]): string {
  const [first] = measurements;
  const totals = (measurement: Measurement): ExitCosts['totals'] => measurement.byChannel.totals;
  const figure = (name: string, value: (measurement: Measurement) => number): string[] =>
    row(name, measurements, (measurement) => thousands(value(measurement)));
  /** A figure that says nothing where there were no exits. */
  const ofExits = (name: string, cell: (measurement: Measurement) => string): string[] =>
    row(name, measurements, (measurement) => (totals(measurement).samples === 0 ? '-' : cell(measurement)));
  const perExit = (name: string, value: (measurement: Measurement) => number): string[] =>
    ofExits(name, (measurement) => thousands(value(measurement) / totals(measurement).samples));
  const rows = [
    row('', measurements, ({ mode }) => mode),
    figure('port elements', ({ portElements }) => portElements),
    figure('exits', (measurement) => totals(measurement).samples),
    ...CHANNELS.filter((channel) => measurements.some((measurement) => samplesOf(measurement, channel) > 0)).map(
      (channel) => figure(`  by ${channel}`, (measurement) => samplesOf(measurement, channel)),
    ),
    figure('modelled cycles', (measurement) => totals(measurement).totalCycles),
    ...PARTS.map(([part, name]) => ofExits(name, (measurement) => thousands(cyclesOf(measurement, part)))),
    ofExits('  against the first', (measurement) => ratio(totals(measurement).totalCycles, totals(first).totalCycles)),
    ofExits('  all by hypercall', ({ byChannel: { totals: all } }) => {
      const answer = all.whatIf?.find(({ channel }) => channel === 'hypercall');
      return answer ? `${thousands(answer.cycles)} (${ratio(answer.cycles, all.totalCycles)})` : '-';
    }),
    perExit('cycles per exit', (measurement) => totals(measurement).totalCycles),
    figure('guest cycles', (measurement) => totals(measurement).guestCycles),
    row('  spent in exits', measurements, (measurement) => percent(totals(measurement).exitTimePct)),
    row('  against the first', measurements, (measurement) =>
      ratio(totals(measurement).guestCycles, totals(first).guestCycles),
    ),
    perExit('host ns per exit', (measurement) => totals(measurement).hostNs),
    row('output', measurements, (measurement) =>
      measurement === first ? countLines(first.printed) : agreement(first.printed, measurement.printed).verdict,
    ),
    row('exit status', measurements, endOf),
  ];
  return formatTable(rows, ['left']);
}

function countLines(text: string): string {
  const lines = text.split('\n').length - 1;
  return `${lines} ${lines === 1 ? 'line' : 'lines'}`;
}

/** The costliest source lines of all modes side by side, in cycles. */
export function topLinesTable(measurements: readonly Measurement[]): string {
  const byKey = new Map<string, { place: string; cycles: number[] }>();
  measurements.forEach(({ byLine }, index) => {
    for (const { key, source, totalCycles } of byLine.rows) {
      const line = byKey.get(key) ?? { place: shortPlace(source) || key, cycles: measurements.map(() => 0) };
      line.cycles[index] += totalCycles;
      byKey.set(key, line);
    }
  });
  const lines = [...byKey.values()].sort((a, b) => Math.max(...b.cycles) - Math.max(...a.cycles)).slice(0, TOP_LINES);
  if (lines.length === 0) return '';
  const alignment: Align[] = ['left'];
  return formatTable(
    [
      ['cycles in exits, by source line', ...measurements.map(({ mode }) => mode)],
      ...lines.map(({ place, cycles }) => [place, ...cycles.map((count) => (count === 0 ? '-' : thousands(count)))]),
    ],
    alignment,
  );
}

/** In which lines the guest's output differs from that of the first mode, or an empty string. */
export function differenceText(measurements: readonly Measurement[]): string {
  const [first, ...others] = measurements;
  return others
    .flatMap(({ mode, printed }) => {
      const { differences } = agreement(first.printed, printed);
      if (differences.length === 0) return [];
      const shown = differences
        .slice(0, SHOWN_DIFFERENCES)
        .map(({ side, line }) => `  ${side === 'left' ? first.mode : mode}: ${line}`);
      const rest = differences.length - shown.length;
      return [
        `The output of ${first.mode} and ${mode} differs in:`,
        ...shown,
        ...(rest > 0 ? [`  … and ${rest} more`] : []),
      ];
    })
    .join('\n');
}
