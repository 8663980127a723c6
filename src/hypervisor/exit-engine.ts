import type { Channel, PortAccess } from '../machine/bus/port-access';
import { AbortInstruction } from '../machine/cpu/fault';
import { stringIo } from '../machine/cpu/string-io';
import type { StringIoForm } from '../machine/cpu/string-io-form';
import type { PortDirection, PortWidth } from '../machine/devices/device';
import { FLAG_DF, Register, SegmentIndex } from '../machine/layout';
import type { CostProfile, OperationKind, Transport } from './cost/cost-profile';
import { type CostTable, costTable, type KindCosts } from './cost/cost-table';
import type { ExitLog } from './exits/exit-log';
import type { CostParts, ExitRecord } from './exits/exit-record';
import { elementsInPage } from './exits/page-runs';
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
  /** Elements that are left of the run within the page. */
  left: number;
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
  /** The modelled cycles become guest time. Without, they are recorded only. */
  readonly chargeTime: boolean;
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
  private happened = false;
  private resumed = false;
  /** Of a string: elements left of the run within the page, and runs that this pass has begun. */
  private left = 0;
  private pageRuns = 0;
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
    // As in the clock: V8 is to take these for doubles from the start.
    this.charged = this.record.instructions = this.record.time = 0.5;
    this.charged = this.record.instructions = this.record.time = 0;
  }

  /** True while the exit that was begun goes on with a string instruction that is partly done. */
  get isResumed(): boolean {
    return this.resumed;
  }

  /** Linear address that caused the exit recorded last. */
  get site(): number {
    return this.record.site;
  }

  /** Modelled cycles since the exit was begun. */
  get cyclesCharged(): number {
    return this.charged;
  }

  /** Something has been done since the exit was begun, for however many cycles. */
  get hasHappened(): boolean {
    return this.happened;
  }

  /** The hypervisor serves a string page by page, and lets the guest come back for the next one. */
  private get isExitPerPage(): boolean {
    return this.channel === 'vtx';
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
    this.figures =
      channel === 'trap' ? this.costs.trap : channel === 'vtx' ? this.costs.vtx : this.costs.hypercall[transport];
    this.elements = 0;
    this.charged = 0;
    this.happened = false;
    this.pageRuns = 0;
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
    const goesOn =
      continuation !== undefined &&
      continuation.linear === record.linear &&
      continuation.instructions === record.instructions &&
      continuation.channel === channel;
    this.left = goesOn ? continuation.left : 0;
    record.continued = goesOn && this.isExitPerPage && this.left === 0;
    this.resumed = goesOn && !record.continued;
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
   * @param again called when the guest has come back for the next page, to do again what is done in each exit
   * @returns false if elements are left, for which the guest comes back
   * @throws AbortInstruction or Fault; elements done before are recorded
   */
  string(decoded: StringIoForm, port: number, again?: () => void): boolean {
    // A guest may overwrite the instruction that is decoded again.
    const form = { ...decoded };
    this.kind = 'string';
    this.describe(form.direction, form.width, port);
    const cost = this.figures.string;
    const fixed = cost.transition + cost.decode + cost.return;
    const { cpu } = this.machine;
    let end: StringEnd = 'fault';
    try {
      stringIo(cpu, form, (value, count) => {
        const run = this.left === 0 ? this.elementsInPage(form) : 0;
        if (run > 0 && this.isExitPerPage && (this.elements > 0 || this.resumed)) this.turnPage(cost, again);
        const moved = this.move(value, count);
        if (run > 0) {
          this.left = run;
          this.pageRuns++;
        }
        this.left--;
        const first = this.elements === 1 && !this.resumed;
        this.charge(first ? fixed + cost.device : cost.device);
        return moved;
      });
      end = cpu.state.eip === cpu.state.eipStart ? 'unfinished' : 'done';
    } catch (error) {
      if (error instanceof AbortInstruction) end = 'unfinished';
      throw error;
    } finally {
      // Without an element ECX was zero: the call took place all the same.
      if (end === 'done' && this.elements === 0 && !this.resumed) this.charge(fixed);
      this.settleString(cost);
      this.leaveString(end);
    }
    return end === 'done';
  }

  /** Closes an exit that is not a string operation: charges and records it. */
  end(): void {
    const cost = this.kind === 'port' ? this.figures.port : this.figures[this.kind];
    this.continuation = undefined;
    this.setCost(cost, 1);
    this.record.repeat = 1;
    this.record.pageRuns = 0;
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

  private elementsInPage(form: StringIoForm): number {
    const { state } = this.machine.cpu;
    const input = form.direction === 'in';
    const index = input ? Register.EDI : Register.ESI;
    const offset = form.addressSize === 4 ? state.reg(index) : state.reg16(index);
    const linear = state.segmentBase(input ? SegmentIndex.ES : form.segment) + offset;
    return elementsInPage(linear, form.width, state.systemFlag(FLAG_DF));
  }

  /** Closes the exit of one page and opens that of the next. */
  private turnPage(cost: CostParts, again?: () => void): void {
    const { record } = this;
    const { clock } = this.machine;
    this.settleString(cost);
    this.stopwatch.start();
    this.elements = 0;
    this.pageRuns = 0;
    this.resumed = false;
    record.instructions = clock.instructions;
    record.time = clock.now;
    record.continued = true;
    again?.();
  }

  /** Records what this pass has done of a string. */
  private settleString(cost: CostParts): void {
    const { record, elements, pageRuns, resumed, stopwatch } = this;
    const { log } = this.options;
    if (!resumed) {
      if (!this.happened || (elements === 0 && record.continued)) return;
      this.setCost(cost, elements);
      record.repeat = elements;
      record.pageRuns = pageRuns;
      this.commit();
      return;
    }
    // After a snapshot was loaded the log may have gone on without this exit.
    if (elements === 0 || this.continuation?.sequence !== log.nextSequence - 1) return;
    this.results();
    log.extendLast({
      elements,
      pageRuns,
      value: record.value,
      cost: { transition: 0, decode: 0, device: elements * cost.device, return: 0 },
      hostNs: stopwatch.elapsed(),
      hostMeasured: stopwatch.isMeasuring,
      values: record.values,
    });
  }

  /** Remembers a string that is not done. */
  private leaveString(end: StringEnd): void {
    const { record, elements, resumed } = this;
    const goesOn = end === 'unfinished' && (resumed || elements > 0 || record.continued);
    this.continuation = goesOn
      ? {
          linear: record.linear,
          instructions: record.instructions + elements,
          channel: this.channel,
          sequence: resumed && this.continuation ? this.continuation.sequence : this.options.log.nextSequence - 1,
          left: this.left,
        }
      : undefined;
  }

  private charge(cycles: number): void {
    this.charged += cycles;
    this.happened = true;
    if (this.options.chargeTime) this.machine.clock.steal(cycles);
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
    record.kind = this.kind;
    record.hostNs = this.stopwatch.elapsed();
    record.hostMeasured = this.stopwatch.isMeasuring;
    record.site = options.callSite(record.linear);
    this.results();
    options.log.add(record);
  }
}
