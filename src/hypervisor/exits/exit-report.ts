import type { Channel } from '../../machine/bus/port-access';
import { addOperations, noOperations, type PortOperations } from '../cost/what-if';
import type { CostParts, ExitRecord } from './exit-record';
import { type ExitKey, type ExitSums, noSums, totalCycles } from './exit-table';

/** Names the row that an exit belongs to. The key is reused: do not keep it. */
export type GroupFunction = (key: ExitKey) => string;

/** What exits of one kind and place would cost if things were otherwise, in cycles. Nothing it is given may be kept. */
export type Price = (key: Readonly<ExitKey>, sums: Readonly<ExitSums>) => number;

/** One row of the report; the columns of `perf kvm stat report` first. */
interface ExitRow {
  key: string;
  samples: number;
  /** Share of all samples and of all modelled time, 0-100. */
  samplesPct: number;
  timePct: number;
  minCycles: number;
  maxCycles: number;
  avgCycles: number;
  /** Standard error of the average in percent of it, as `perf` prints it after ±; 0 for a single sample. */
  stdErrPct: number;
  totalCycles: number;
  parts: CostParts;
  /** Port elements moved: a string counts each. */
  elements: number;
  /** The mean of those that were measured, times all; see `Stopwatch`. */
  hostNs: number;
  /** One figure per price that was asked for. */
  repriced: number[];
  operations: PortOperations;
  /** The channel that all samples share. */
  channel: Channel | 'mixed';
  /** Linear address that caused most of the modelled time of this row. */
  site: number;
}

/** Sums over all rows. */
interface ExitTotals {
  samples: number;
  elements: number;
  totalCycles: number;
  parts: CostParts;
  hostNs: number;
  repriced: number[];
  operations: PortOperations;
}

export interface ExitQueryResult {
  rows: ExitRow[];
  totals: ExitTotals;
}

interface Group extends ExitSums {
  repriced: number[];
  channel: Channel | 'mixed';
  sites: Map<number, number>;
}

function addParts(target: CostParts, parts: CostParts): void {
  target.transition += parts.transition;
  target.decode += parts.decode;
  target.device += parts.device;
  target.return += parts.return;
}

/** Puts exits into groups and works the columns out. */
export class ExitReport {
  private readonly groups = new Map<string, Group>();

  constructor(
    private readonly group: GroupFunction,
    private readonly prices: readonly Price[] = [],
  ) {}

  addSums(key: ExitKey, sums: ExitSums): void {
    const name = this.group(key);
    let group = this.groups.get(name);
    if (!group) {
      group = { ...noSums(), repriced: this.prices.map(() => 0), channel: key.channel, sites: new Map() };
      this.groups.set(name, group);
    }
    group.count += sums.count;
    group.elements += sums.elements;
    group.sum += sums.sum;
    group.min = Math.min(group.min, sums.min);
    group.max = Math.max(group.max, sums.max);
    group.sumOfSquares += sums.sumOfSquares;
    addParts(group.parts, sums.parts);
    group.hostNs += sums.hostNs;
    group.hostMeasured += sums.hostMeasured;
    group.hostGuessed += sums.hostGuessed;
    addOperations(group, sums);
    for (let i = 0; i < this.prices.length; i++) group.repriced[i] += this.prices[i](key, sums);
    group.last = Math.max(group.last, sums.last);
    if (group.channel !== key.channel) group.channel = 'mixed';
    group.sites.set(key.site, (group.sites.get(key.site) ?? 0) + sums.sum);
  }

  addRecord(record: ExitRecord): void {
    this.addSums(record, sumsOf(record));
  }

  /** All rows, costliest first; equal ones by key. */
  result(): ExitQueryResult {
    const totals: ExitTotals = {
      samples: 0,
      elements: 0,
      totalCycles: 0,
      parts: noSums().parts,
      hostNs: 0,
      repriced: this.prices.map(() => 0),
      operations: noOperations(),
    };
    for (const group of this.groups.values()) {
      totals.samples += group.count;
      totals.elements += group.elements;
      totals.totalCycles += group.sum;
      addParts(totals.parts, group.parts);
      totals.hostNs += hostTime(group);
      addOperations(totals.operations, group);
      group.repriced.forEach((cycles, i) => (totals.repriced[i] += cycles));
    }
    const rows = [...this.groups].map(([key, group]) => row(key, group, totals));
    rows.sort((a, b) => b.totalCycles - a.totalCycles || (a.key < b.key ? -1 : 1));
    return { rows, totals };
  }
}

/** The sums over one exit. */
function sumsOf(record: ExitRecord): ExitSums {
  const cycles = totalCycles(record.cost);
  const { kind, repeat, hostNs, hostMeasured } = record;
  const isString = kind === 'string';
  return {
    count: 1,
    elements: repeat,
    sum: cycles,
    min: cycles,
    max: cycles,
    sumOfSquares: cycles * cycles,
    parts: record.cost,
    hostNs: hostMeasured ? hostNs : 0,
    hostMeasured: hostMeasured ? 1 : 0,
    hostGuessed: hostMeasured ? 0 : hostNs,
    last: record.sequence,
    singles: kind === 'port' ? 1 : 0,
    strings: isString && !record.continued ? 1 : 0,
    emptyStrings: isString && repeat === 0 ? 1 : 0,
    pageRuns: isString ? record.pageRuns : 0,
    stringElements: isString ? repeat : 0,
  };
}

/** Nanoseconds of all exits: those not measured take as long as the others of the row, or else as their stand-ins. */
function hostTime({ count, hostNs, hostMeasured, hostGuessed }: ExitSums): number {
  return hostMeasured === 0 ? hostGuessed : (hostNs * count) / hostMeasured;
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole;
}

/** Standard error of the mean in percent of the mean, with the unbiased variance. */
function standardErrorPercent(count: number, sum: number, sumOfSquares: number): number {
  if (count < 2 || sum === 0) return 0;
  const mean = sum / count;
  // Rounding may leave a trace below zero where all samples are equal.
  const variance = Math.max(0, (sumOfSquares - sum * mean) / (count - 1));
  return percent(Math.sqrt(variance / count), mean);
}

function costliest(sites: Map<number, number>): number {
  let best = 0;
  let most = -1;
  for (const [site, cycles] of sites) {
    if (cycles > most) {
      most = cycles;
      best = site;
    }
  }
  return best;
}

function row(key: string, group: Group, totals: ExitTotals): ExitRow {
  return {
    key,
    samples: group.count,
    samplesPct: percent(group.count, totals.samples),
    timePct: percent(group.sum, totals.totalCycles),
    minCycles: group.min,
    maxCycles: group.max,
    avgCycles: group.sum / group.count,
    stdErrPct: standardErrorPercent(group.count, group.sum, group.sumOfSquares),
    totalCycles: group.sum,
    parts: group.parts,
    elements: group.elements,
    hostNs: hostTime(group),
    repriced: group.repriced,
    operations: addOperations(noOperations(), group),
    channel: group.channel,
    site: costliest(group.sites),
  };
}
