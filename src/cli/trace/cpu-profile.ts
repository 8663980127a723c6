import type { ExitLogEntry, SourcePosition } from '../../../debugAdapter/protocol';
import { CYCLES_PER_SECOND } from '../../machine/clock';
import {
  ExitAxis,
  exitCycles,
  exitFunction,
  exitName,
  type TraceTotals,
  type TraceWriter,
  withoutOffset,
} from './exits';
import { ProfileSamples } from './profile-samples';
import { TextPieces } from './text-pieces';

const CYCLES_PER_MICROSECOND = CYCLES_PER_SECOND / 1_000_000;

/** Exits that are known by their sums only: of a line, or of code without one. */
export interface LostExits {
  source?: SourcePosition;
  /** Function or address, where there is no source. */
  name: string;
  exits: number;
  cycles: number;
}

/** What `Profiler.Profile` of the Chrome DevTools Protocol calls a node, with what Ringside adds to it. */
interface ProfileNode {
  id: number;
  callFrame: { functionName: string; scriptId: string; url: string; lineNumber: number; columnNumber: number };
  hitCount: number;
  children: number[];
  positionTicks?: { line: number; ticks: number }[];
  /** Exact figures: times in a profile are whole microseconds. */
  ringside?: { exits: number; cycles: number };
  /** Cycles that no sample shows yet. */
  rest: number;
}

/**
 * Writes a CPU profile (`.cpuprofile`, type `Profiler.Profile` of the Chrome DevTools Protocol) in which the time of a
 * function is the cost of its exits: below each function its exits by kind and source line, and `(program)` for the
 * time that the guest ran by itself. Time is the guest's.
 */
export class CpuProfile implements TraceWriter {
  private readonly text: TextPieces;
  private readonly nodes: ProfileNode[] = [];
  private readonly byKey = new Map<string, ProfileNode>();
  private readonly scripts = new Map<string, string>();
  private readonly root = this.node(undefined, '(root)');
  private readonly program = this.node(this.root, '(program)');
  private readonly axis = new ExitAxis();
  private readonly samples: ProfileSamples;
  private now = 0;

  /**
   * @param write takes the text of the file piece by piece
   * @param title what the guest is called
   * @param mostSamples samples kept: more are merged with their neighbours
   */
  constructor(
    write: (text: string) => void,
    private readonly title: string,
    mostSamples?: number,
  ) {
    this.text = new TextPieces(write);
    this.samples = new ProfileSamples(mostSamples);
  }

  /** Adds exits of which no more than their sums are known, before all others: they come first, one after the other. */
  addLost({ source, name, exits, cycles }: LostExits): void {
    const functionName = withoutOffset(source?.function ?? name);
    const leaf = this.leaf(functionName, `earlier exits of ${functionName}`, source);
    this.spend(leaf, cycles, exits);
    this.now += cycles;
  }

  add(entry: ExitLogEntry): void {
    const start = this.axis.place(entry);
    this.runUntil(start);
    const cycles = exitCycles(entry);
    const kind = entry.channel === 'hypercall' ? exitName(entry) : `${exitName(entry)} (${entry.channel})`;
    this.spend(this.leaf(exitFunction(entry), kind, entry.source), cycles, 1);
    this.now = Math.max(this.now, start) + cycles;
  }

  end(totals: TraceTotals): void {
    this.runUntil(totals.guestCycles);
    const { mode, costProfile, samples, totalCycles } = totals;
    const shown = this.nodes.map(({ rest: _, ...node }) => node);
    this.text.add(`{"nodes":[\n${shown.map((node) => JSON.stringify(node)).join(',\n')}\n],`);
    const ids: number[] = [];
    const durations: number[] = [];
    this.samples.forEach((node, duration) => {
      ids.push(node);
      durations.push(duration);
    });
    this.text.add('"startTime":0,');
    this.text.add(`"endTime":${durations.reduce((sum, duration) => sum + duration, 0)},\n`);
    this.list('samples', ids);
    // A delta is the time before its sample; the last sample lasts until `endTime`.
    this.list('timeDeltas', [0, ...durations.slice(0, -1)].slice(0, ids.length));
    const ringside = { guest: this.title, mode, costProfile, exits: samples, exitCycles: totalCycles };
    this.text.add(`"ringside":${JSON.stringify({ ...ringside, cyclesPerMicrosecond: CYCLES_PER_MICROSECOND })}}\n`);
    this.text.flush();
  }

  private list(name: string, values: number[]): void {
    const LINE = 1000;
    this.text.add(`"${name}":[`);
    for (let index = 0; index < values.length; index += LINE)
      this.text.add(`${index > 0 ? ',\n' : ''}${values.slice(index, index + LINE).join(',')}`);
    this.text.add('],\n');
  }

  /** The guest runs by itself up to a moment. */
  private runUntil(time: number): void {
    if (time <= this.now) return;
    this.spend(this.program, time - this.now, 0);
    this.now = time;
  }

  /** Samples are whole microseconds: what is left over is kept until there is a whole one, so that no sum drifts. */
  private spend(node: ProfileNode, cycles: number, exits: number): void {
    node.hitCount += exits;
    node.rest += cycles;
    const whole = Math.floor(node.rest / CYCLES_PER_MICROSECOND);
    node.rest -= whole * CYCLES_PER_MICROSECOND;
    this.samples.add(node.id, whole);
    if (exits === 0) return;
    if (node.positionTicks) node.positionTicks[0].ticks += exits;
    node.ringside ??= { exits: 0, cycles: 0 };
    node.ringside.exits += exits;
    node.ringside.cycles += cycles;
  }

  /** The node of one kind of exit at one line, below that of the function around it. */
  private leaf(functionName: string, kind: string, source: SourcePosition | undefined): ProfileNode {
    const parent = this.node(this.root, functionName, source);
    const leaf = this.node(parent, kind, source);
    if (source) leaf.positionTicks ??= [{ line: source.line, ticks: 0 }];
    // The line of a function is not known; the one before its first exit lies in it, and has no cost of its own.
    if (source) parent.callFrame.lineNumber = Math.max(0, Math.min(parent.callFrame.lineNumber, source.line - 2));
    return leaf;
  }

  /** @param parent undefined makes the root, and the one whose children are functions is given for those */
  private node(parent: ProfileNode | undefined, functionName: string, source?: SourcePosition): ProfileNode {
    const isFunction = parent !== undefined && parent === this.root;
    const key = `${parent?.id ?? ''}\n${functionName}\n${source?.path ?? ''}${isFunction ? '' : `\n${source?.line ?? ''}`}`;
    const known = this.byKey.get(key);
    if (known) return known;
    const url = source ? fileUrl(source.path) : '';
    const node: ProfileNode = {
      id: this.nodes.length + 1,
      callFrame: {
        functionName,
        scriptId: this.script(url),
        url,
        // From 0; -1 where there is no source.
        lineNumber: source ? source.line - 1 : -1,
        columnNumber: source ? 0 : -1,
      },
      hitCount: 0,
      children: [],
      rest: 0,
    };
    this.nodes.push(node);
    this.byKey.set(key, node);
    parent?.children.push(node.id);
    return node;
  }

  private script(url: string): string {
    if (url === '') return '0';
    let id = this.scripts.get(url);
    if (id === undefined) this.scripts.set(url, (id = String(this.scripts.size + 1)));
    return id;
  }
}

/** Viewers expect URLs: they tell files by their scheme. */
function fileUrl(path: string): string {
  const slashed = path.replaceAll('\\', '/');
  if (/^[a-z]:\//i.test(slashed)) return `file:///${encodeURI(slashed)}`;
  return slashed.startsWith('/') ? `file://${encodeURI(slashed)}` : path;
}
