import type { Channel, PortAccess } from '../machine/bus/port-access';
import { AbortInstruction } from '../machine/cpu/fault';
import { type StringIoForm, stringIo } from '../machine/cpu/string-io';
import type { PortDirection, PortWidth } from '../machine/devices/device';
import { SegmentIndex } from '../machine/layout';
import type { CostProfile, OperationKind, Transport } from './cost/cost-profile';
import { type CostTable, costTable, type KindCosts } from './cost/cost-table';
import type { ExitLog } from './exits/exit-log';
import type { CostParts, ExitRecord } from './exits/exit-record';
import { emptyRecord } from './exits/exit-ring';
import { totalCycles } from './exits/exit-table';
import type { GuestMachine } from './guest-machine';
import { Stopwatch } from './stopwatch';

/** Channels by which an exit comes about. */
export type ExitChannel = Exclude<Channel, 'direct'>;

const NO_BYTES = new Uint8Array();
const NO_VALUES = new Float64Array();
const noResults = (): void => undefined;

/** How a pass over a string ended: all elements done; some left, for the same exit to go on with; or a fault. */
type StringEnd = 'done' | 'unfinished' | 'fault';

/** A string instruction that is not done yet: the next exit at the same place and time is its continuation. */
interface Continuation {
  linear: number;
  /** Instructions retired when it goes on, if nothing else comes between: an element counts as one. */
  instructions: number;
  channel: ExitChannel;
  /** Sequence number of its exit. */
  sequence: number;
}

/** What the engine remembers between instructions, for snapshots. */
export interface ExitEngineState {
  readonly continuation: Readonly<Continuation> | undefined;
}

export interface ExitEngineOptions {
  readonly log: ExitLog;
  readonly profile: CostProfile;
  /** Monotonic clock of the host, in nanoseconds. */
  readonly nanoseconds: () => number;
  /** Linear address of the place in the guest that caused the exit at `linear`. */
  readonly callSite: (linear: number) => number;
}

/**
 * What all exits have in common: the access to the port bus, the modelled cost that becomes guest time, the record.
 *
 * An exit is opened with `begin`, does its work, and is closed with `end`. Where an exception ends the work (a fault of
 * the guest, or the debugger stopping before an access) nothing is charged or recorded for what did not happen.
 * All cycles are charged after the access they belong to, so that a debugger that gives an access up and tries it again
 * leaves no trace in the guest's time.
 */
export class ExitEngine {
  private readonly record: ExitRecord = emptyRecord();
  private readonly access: PortAccess = {
    port: 0,
    width: 1,
    direction: 'in',
    value: 0,
    channel: 'trap',
    hypercall: '',
    count: 1,
  };
  private readonly costs: CostTable;
  private readonly stopwatch: Stopwatch;
  private kind: OperationKind = 'port';
  private channel: ExitChannel = 'trap';
  /** What operations cost by the way of the present exit. */
  private figures: KindCosts;
  private elements = 0;
  private charged = 0;
  private resumed = false;
  private continuation: Continuation | undefined;
  /** Puts the results of the present hypercall behind its arguments. */
  private results = noResults;

  constructor(
    private readonly machine: GuestMachine,
    private readonly options: ExitEngineOptions,
  ) {
    this.stopwatch = new Stopwatch(options.nanoseconds);
    this.costs = costTable(options.profile);
    this.figures = this.costs.trap;
  }

  /** True while the exit that was begun goes on with a string instruction that is partly done. */
  get isResumed(): boolean {
    return this.resumed;
  }

  /** Linear address that caused the exit recorded last. */
  get site(): number {
    return this.record.site;
  }

  /** Cycles charged to the guest since the exit was begun. */
  get cyclesCharged(): number {
    return this.charged;
  }

  /**
   * Opens an exit at the instruction being executed.
   * @param kind what it costs as, if no access to a port follows
   * @param transport how a hypercall came in
   */
  begin(
    channel: ExitChannel,
    reason: string,
    hypercall: string,
    kind: OperationKind = channel === 'hypercall' ? 'call' : 'privileged',
    transport: Transport = 'call',
  ): void {
    this.stopwatch.start();
    const { clock } = this.machine;
    const { state } = this.machine.cpu;
    const { record, access } = this;
    this.channel = channel;
    this.kind = kind;
    this.figures = channel === 'hypercall' ? this.costs.hypercall[transport] : this.costs[channel];
    this.elements = 0;
    this.charged = 0;
    record.instructions = clock.instructions;
    record.time = clock.now;
    record.reason = reason;
    record.channel = channel;
    record.abi = '';
    record.hypercall = hypercall;
    record.values = NO_VALUES;
    this.results = noResults;
    record.port = -1;
    record.direction = 'in';
    record.width = 1;
    record.value = 0;
    record.bytes = NO_BYTES;
    record.eip = state.eipStart;
    record.linear = (state.segmentBase(SegmentIndex.CS) + record.eip) >>> 0;
    record.cpl = state.cpl;
    record.cr3 = state.cr(3);
    access.channel = channel;
    access.hypercall = hypercall;
    const continuation = this.continuation;
    this.resumed =
      continuation !== undefined &&
      continuation.linear === record.linear &&
      continuation.instructions === record.instructions &&
      continuation.channel === channel;
  }

  /**
   * Says which call the exit is that was just begun.
   * @param abi short name of its ABI
   * @param values its arguments, and room for its results; kept until the next exit
   * @param results called when the results are known, to put them there
   */
  hypercall(abi: string, values: Float64Array, results: () => void): void {
    this.record.abi = abi;
    this.record.values = values;
    this.results = results;
  }

  /** Names the bytes that were fetched to decode the instruction. */
  decoded(bytes: Uint8Array): void {
    this.record.bytes = bytes;
  }

  /**
   * One access that is a whole operation.
   * @returns the value read, or the value written
   * @throws AbortInstruction if the debugger stops before it
   */
  port(direction: PortDirection, width: PortWidth, port: number, value: number): number {
    this.kind = 'port';
    this.describe(direction, width, port);
    return this.move(value, 1);
  }

  /**
   * A string operation, or the rest of one, charged element by element. The exit is closed here.
   * @returns false if elements are left, for which the guest comes back
   * @throws AbortInstruction or Fault; elements done before are recorded
   */
  string(form: StringIoForm, port: number): boolean {
    this.kind = 'string';
    this.describe(form.direction, form.width, port);
    const cost = this.figures.string;
    const fixed = cost.transition + cost.decode + cost.return;
    const { cpu } = this.machine;
    let end: StringEnd = 'fault';
    try {
      stringIo(cpu, form, (value, count) => {
        const moved = this.move(value, count);
        const first = this.elements === 1 && !this.resumed;
        this.charge(first ? fixed + cost.device : cost.device);
        return moved;
      });
      end = cpu.state.eip === cpu.state.eipStart ? 'unfinished' : 'done';
    } catch (error) {
      if (error instanceof AbortInstruction) end = 'unfinished';
      throw error;
    } finally {
      this.closeString(cost, fixed, end);
    }
    return end === 'done';
  }

  /** Closes an exit that is not a string operation: charges and records it. */
  end(): void {
    const cost = this.figures[this.kind];
    this.continuation = undefined;
    this.setCost(cost, 1);
    this.record.repeat = 1;
    this.charge(totalCycles(cost));
    this.commit();
  }

  reset(): void {
    this.continuation = undefined;
  }

  save(): ExitEngineState {
    return { continuation: this.continuation && { ...this.continuation } };
  }

  load(state: ExitEngineState): void {
    this.continuation = state.continuation && { ...state.continuation };
  }

  private describe(direction: PortDirection, width: PortWidth, port: number): void {
    const { record, access } = this;
    access.direction = record.direction = direction;
    access.width = record.width = width;
    access.port = record.port = port;
  }

  private move(value: number, count: number): number {
    const { access } = this;
    access.value = value;
    access.count = count;
    this.machine.bus.access(access);
    this.record.value = access.value;
    this.elements++;
    return access.value;
  }

  private closeString(cost: CostParts, fixed: number, end: StringEnd): void {
    const { record, elements, resumed } = this;
    const { log } = this.options;
    if (resumed) {
      // After a snapshot was loaded the log may have gone on without this exit.
      if (elements > 0 && this.continuation?.sequence === log.nextSequence - 1) {
        const grown = { transition: 0, decode: 0, device: elements * cost.device, return: 0 };
        this.results();
        log.extendLast(elements, record.value, grown, this.stopwatch.elapsed(), record.values);
      }
    } else if (elements > 0 || end === 'done') {
      // Without an element ECX was zero: the exit took place all the same.
      if (elements === 0) this.charge(fixed);
      this.setCost(cost, elements);
      record.repeat = elements;
      this.commit();
    }
    const goesOn = end === 'unfinished' && (resumed || elements > 0);
    this.continuation = goesOn
      ? {
          linear: record.linear,
          instructions: record.instructions + elements,
          channel: this.channel,
          sequence: resumed && this.continuation ? this.continuation.sequence : log.nextSequence - 1,
        }
      : undefined;
  }

  private charge(cycles: number): void {
    this.charged += cycles;
    this.machine.clock.charge(cycles);
  }

  private setCost(cost: CostParts, elements: number): void {
    const target = this.record.cost;
    target.transition = cost.transition;
    target.decode = cost.decode;
    target.device = elements * cost.device;
    target.return = cost.return;
  }

  private commit(): void {
    const { record, options } = this;
    record.hostNs = this.stopwatch.elapsed();
    record.site = options.callSite(record.linear);
    this.results();
    options.log.add(record);
  }
}
