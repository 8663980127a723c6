import type { ExitLogEntry } from '../../../debugAdapter/protocol';
import { CYCLES_PER_SECOND } from '../../machine/clock';
import { ExitRateCounter } from './exit-rate';
import { ExitAxis, exitCycles, exitName, hex, type TraceTotals, type TraceWriter } from './exits';
import { TextPieces } from './text-pieces';

/** POST codes: the guest marks its progress with them. */
const POST_PORT = 0x80;
const PROCESS = 1;
const MARKER_LANE = 1;
const MICROSECONDS_PER_CYCLE = 1e6 / CYCLES_PER_SECOND;

/**
 * Writes exits in the Trace Event Format (the JSON that Perfetto and chrome://tracing read; "Trace Event Format" by the
 * Chromium project). Time is the guest's. One lane per channel and reason, each exit a slice as long as it cost; a lane
 * of POST codes, where each byte written to port 0x80 is an instant and begins a phase; counters
 * of exits per second and of the share of time that exits take.
 */
export class ChromeTrace implements TraceWriter {
  private readonly lanes = new Map<string, number>();
  private readonly text: TextPieces;
  private readonly axis = new ExitAxis();
  private readonly rates = new ExitRateCounter(({ start, exits, timePct }) => {
    const ts = microseconds(start);
    this.event({ ph: 'C', name: 'exits/s', ts, args: exits });
    this.event({ ph: 'C', name: 'exit time %', ts, args: { share: timePct } });
  });
  private inPhase = false;
  private firstSequence: number | undefined;
  private exits = 0;
  private first = true;

  /**
   * @param write takes the text of the file piece by piece
   * @param title what the guest is called
   */
  constructor(
    write: (text: string) => void,
    private readonly title: string,
  ) {
    this.text = new TextPieces(write);
    this.text.add('{"displayTimeUnit":"ns","traceEvents":[');
    this.event({ ph: 'M', name: 'process_name', args: { name: title } });
    this.nameLane(MARKER_LANE, 'POST codes (port 0x80)');
  }

  add(entry: ExitLogEntry): void {
    this.firstSequence ??= entry.sequence;
    this.exits++;
    const start = this.axis.place(entry);
    this.rates.add(entry, start);
    this.event({
      ph: 'X',
      name: exitName(entry),
      cat: entry.channel,
      ts: microseconds(start),
      dur: microseconds(exitCycles(entry)),
      tid: this.lane(`${entry.channel}: ${entry.reason}`),
      args: details(entry),
    });
    if (entry.port === POST_PORT && entry.direction === 'out') this.mark(entry.value ?? 0, start);
  }

  end(totals: TraceTotals): void {
    this.rates.end();
    this.endPhase(Math.max(totals.guestCycles, this.axis.end));
    const { mode, costProfile, guestCycles, instructions, samples } = totals;
    const firstSequence = this.firstSequence ?? 0;
    const other = {
      guest: this.title,
      mode,
      costProfile,
      clock: 'guest time; a cycle is a nanosecond',
      cyclesPerSecond: CYCLES_PER_SECOND,
      guestCycles,
      instructions,
      exits: this.exits,
      // Sequence numbers begin at 0: those before the first one here are in no log any more.
      firstSequence,
      missing: Math.max(0, samples - this.exits),
    };
    this.text.add(`\n],"otherData":${JSON.stringify(other)}}\n`);
    this.text.flush();
  }

  /** A mark, and the beginning of the phase that lasts until the next one. */
  private mark(value: number, start: number): void {
    this.endPhase(start);
    const name = `POST ${hex(value & 0xff, 2)}`;
    const event = { name, ts: microseconds(start), tid: MARKER_LANE };
    this.event({ ph: 'i', s: 'p', ...event });
    this.event({ ph: 'B', ...event });
    this.inPhase = true;
  }

  private endPhase(end: number): void {
    if (this.inPhase) this.event({ ph: 'E', ts: microseconds(end), tid: MARKER_LANE });
    this.inPhase = false;
  }

  private lane(name: string): number {
    let lane = this.lanes.get(name);
    if (lane === undefined) {
      lane = MARKER_LANE + 1 + this.lanes.size;
      this.lanes.set(name, lane);
      this.nameLane(lane, name);
    }
    return lane;
  }

  private nameLane(lane: number, name: string): void {
    this.event({ ph: 'M', name: 'thread_name', tid: lane, args: { name } });
    this.event({ ph: 'M', name: 'thread_sort_index', tid: lane, args: { sort_index: lane } });
  }

  private event(fields: object): void {
    this.text.add(`${this.first ? '\n' : ',\n'}${JSON.stringify({ pid: PROCESS, ...fields })}`);
    this.first = false;
  }
}

function microseconds(cycles: number): number {
  return cycles * MICROSECONDS_PER_CYCLE;
}

/** What is shown of an exit when it is clicked. */
function details(entry: ExitLogEntry): object {
  const { port, portName, direction, width, value, abi, hypercall, source } = entry;
  return {
    sequence: entry.sequence,
    ...(hypercall !== undefined && {
      call: `${abi}:${hypercall}`,
      number: entry.number,
      arguments: entry.arguments,
      results: entry.results,
    }),
    ...(port !== undefined && {
      port: hex(port),
      ...(portName !== undefined && { portName }),
      direction,
      width,
      value: value === undefined ? undefined : hex(value),
      repeat: entry.repeat,
    }),
    symbol: entry.symbol,
    ...(source && { source: `${source.path}:${source.line}` }),
    site: entry.site,
    eip: entry.eip,
    cpl: entry.cpl,
    bytes: entry.bytes || undefined,
    instructions: entry.instructions,
    time: entry.time,
    cycles: { total: exitCycles(entry), ...entry.cost },
    hostNs: entry.hostNs,
  };
}
