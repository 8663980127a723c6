import type { ExitRecord } from '../../hypervisor/exits/exit-record';
import { CYCLES_PER_SECOND } from '../../machine/clock';

/** POST codes: the guest marks its progress with them. */
const POST_PORT = 0x80;
const PROCESS = 1;
const MARKER_LANE = 1;
const MICROSECONDS_PER_CYCLE = 1e6 / CYCLES_PER_SECOND;

/** Text is handed on in pieces of about this many characters. */
const PIECE = 0x10000;

const hex = (value: number, digits = 0): string => `0x${(value >>> 0).toString(16).padStart(digits, '0')}`;

/**
 * Writes exits in the Trace Event Format (the JSON that chrome://tracing and Perfetto read): one lane per
 * channel and reason, each exit a slice of virtual time as long as it cost, and a lane with an instant
 * for each byte written to port 0x80.
 */
export class ChromeTrace {
  private readonly lanes = new Map<string, number>();
  private pending = '';
  private first = true;

  constructor(
    private readonly write: (text: string) => void,
    title: string,
  ) {
    this.pending = `{"displayTimeUnit":"ns","otherData":${JSON.stringify({ guest: title })},"traceEvents":[`;
    this.event({ ph: 'M', name: 'process_name', args: { name: title } });
    this.nameLane(MARKER_LANE, 'POST codes (port 0x80)');
  }

  add(record: ExitRecord): void {
    const { transition, decode, device, return: back } = record.cost;
    const cycles = transition + decode + device + back;
    const isIo = record.port >= 0;
    this.event({
      ph: 'X',
      name: `${record.hypercall || (isIo ? record.direction.toUpperCase() : record.reason)}${isIo ? ` ${hex(record.port)}` : ''}`,
      cat: record.channel,
      ts: record.time * MICROSECONDS_PER_CYCLE,
      dur: cycles * MICROSECONDS_PER_CYCLE,
      tid: this.lane(`${record.channel}: ${record.reason}`),
      args: {
        sequence: record.sequence,
        ...(isIo
          ? { port: hex(record.port), width: record.width, value: hex(record.value), repeat: record.repeat }
          : {}),
        eip: hex(record.eip, 8),
        site: hex(record.site, 8),
        cpl: record.cpl,
        instructions: record.instructions,
        cycles: { total: cycles, transition, decode, device, return: back },
      },
    });
    if (record.port === POST_PORT && record.direction === 'out') {
      const ts = record.time * MICROSECONDS_PER_CYCLE;
      this.event({ ph: 'i', s: 'p', name: `POST ${hex(record.value & 0xff, 2)}`, ts, tid: MARKER_LANE });
    }
  }

  /** Completes the file. */
  end(): void {
    this.pending += '\n]}\n';
    this.write(this.pending);
    this.pending = '';
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
    this.pending += `${this.first ? '\n' : ',\n'}${JSON.stringify({ pid: PROCESS, ...fields })}`;
    this.first = false;
    if (this.pending.length < PIECE) return;
    this.write(this.pending);
    this.pending = '';
  }
}
