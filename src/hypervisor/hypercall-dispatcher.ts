import { PortVerdict } from '../machine/bus/port-access';
import { AbortInstruction } from '../machine/cpu/fault';
import type { CpuState } from '../machine/cpu/state';
import type { PortDirection, PortWidth } from '../machine/devices/device';
import { EXIT_STOP, Register, SegmentIndex } from '../machine/layout';
import {
  type AbiServer,
  type HypercallAction,
  type HypercallContext,
  type HypercallDefinition,
  RefusedCall,
} from './abi/hypercall';
import { valueReader, type ValueReader } from './abi/values';
import { type CallCounter, CallCounters, type CallStatistics } from './call-counters';
import type { ExitEngine } from './exit-engine';
import type { GateEntry } from './gates/entry';
import type { GuestMachine } from './guest-machine';

/** Setting a length, even to what it is, is slow. */
function resize(list: number[], length: number): void {
  if (list.length !== length) list.length = length;
}

/** What an event is about before the first call. */
const NO_CALL: HypercallDefinition = { number: 0, name: '', doc: '', arguments: [], results: [], clobbers: 'none' };

/** What serving a call takes, worked out once. */
interface CallPlan {
  readonly definition: HypercallDefinition;
  readonly arguments: readonly ValueReader[];
  readonly results: readonly ValueReader[];
  /** Arguments and results, for its record. */
  readonly values: Float64Array;
  readonly counter: CallCounter;
}

/** A hypercall as breakpoints see it. Reused between calls: copy what you keep. */
export class HypercallEvent {
  abi = '';
  /** Values of the call's arguments, in the order of its definition, as they were on entry. */
  readonly arguments: number[] = [];
  /** Values of its results; known after the call only. */
  readonly results: number[] = [];

  /** The call that is being made. */
  definition: HypercallDefinition = NO_CALL;

  /** The row of the table that stands for the call. */
  get row(): HypercallDefinition {
    return this.definition.insteadOf ?? this.definition;
  }

  get number(): number {
    return this.definition.number;
  }

  get name(): string {
    return this.definition.name;
  }

  /** Value of a named argument on entry; undefined if the call has none of that name. */
  argument(name: string): number | undefined {
    const index = this.definition.arguments.findIndex((argument) => argument.name === name);
    return index < 0 ? undefined : this.arguments[index];
  }
}

/** A debugger's eye on hypercalls. Asked only for calls that are watched, and once for a call that takes several passes. */
export interface HypercallObserver {
  /** `Stop` gives the call up: nothing has happened yet, and it is made again when the guest goes on. */
  before(call: HypercallEvent): PortVerdict;
  /** `Stop` stops the guest once the call is done. */
  after(call: HypercallEvent): PortVerdict;
}

/** Finds the action of a hypercall, checks, carries it out, counts it, and lets the debugger have its say. */
export class HypercallDispatcher implements HypercallContext {
  readonly state: CpuState;
  observer: HypercallObserver | undefined;
  private readonly watched = new Set<HypercallDefinition>();
  private readonly counters = new CallCounters();
  private readonly plans = new Map<HypercallDefinition, CallPlan>();
  private plan: CallPlan | undefined;
  private readonly event = new HypercallEvent();
  private readonly servers: AbiServer[] = [];
  /** Linear address and instruction count of a call that `before` has let pass, but that was given up afterwards. */
  private announcedAt = -1;
  private announcedInstructions = -1;
  /** The action has left the exit closed, finished or not. */
  private closed = false;
  /** The end of the exit has read the results: nothing comes after it. */
  private resultsAreRead = false;
  private finished = true;

  /** @param report tells the user, once per kind, that the guest does what it should not */
  constructor(
    private readonly machine: GuestMachine,
    private readonly engine: ExitEngine,
    readonly report: (kind: string, message: string) => void,
  ) {
    this.state = machine.cpu.state;
  }

  /** Makes the calls of an ABI known, so that they are counted. */
  add(server: AbiServer): void {
    this.servers.push(server);
  }

  /** States of all servers, in the order in which they were added. */
  save(): unknown[] {
    return this.servers.map((server) => server.save());
  }

  load(states: readonly unknown[]): void {
    for (const [i, server] of this.servers.entries()) server.load(states[i]);
  }

  /** Short names of the ABIs. */
  get abis(): string[] {
    return this.servers.map(({ abi }) => abi.name);
  }

  /** The calls that the observer wants to see from now on. */
  watch(calls: Iterable<HypercallDefinition>): void {
    this.watched.clear();
    for (const call of calls) this.watched.add(call);
  }

  /**
   * Counts and last values of all calls of all ABIs, in the order of their tables; numbers that a table does not have
   * follow once the guest has used them.
   */
  statistics(): CallStatistics[] {
    return this.servers.flatMap((server) => {
      const { abi } = server;
      const known = [...abi.entries, ...abi.calls, ...(server.unknownCalls?.() ?? [])];
      const rest = abi.unknown ? [this.counters.of(abi, abi.unknown)] : [];
      return [...known.map((call) => this.counters.of(abi, call)), ...rest.filter(({ count }) => count > 0)];
    });
  }

  port(direction: PortDirection, width: PortWidth, port: number, value: number): number {
    return this.engine.port(direction, width, port, value);
  }

  portString(direction: PortDirection, width: PortWidth, port: number, counter?: Register): boolean {
    const segment = direction === 'in' ? SegmentIndex.ES : SegmentIndex.DS;
    this.closed = true;
    this.finished = this.engine.string({ direction, width, segment, addressSize: 4, repeat: true, counter }, port);
    return this.finished;
  }

  /** Forgets counts and what the servers know, as at power on. Watched calls stay. */
  reset(): void {
    for (const server of this.servers) server.reset();
    this.counters.clear();
    this.announcedAt = -1;
  }

  /**
   * Carries out the call that the present instruction makes.
   * @throws Fault of a call that is refused or that faults; AbortInstruction if the debugger stops before it
   */
  perform(server: AbiServer, call: HypercallDefinition, entry: GateEntry): void {
    const linear = (this.state.segmentBase(SegmentIndex.CS) + this.state.eipStart) >>> 0;
    const action = this.admit(server, call, linear);
    const { engine } = this;
    const plan = this.planOf(server, call);
    engine.begin('hypercall', entry.reason, call.name, 'call', entry.transport);
    if (entry.bytes) engine.decoded(entry.bytes);
    const instructions = this.machine.clock.instructions;
    const isRetry = this.announcedAt === linear && this.announcedInstructions === instructions;
    // The rest of a string operation has other registers: what counts is how the call was made.
    if (!engine.isResumed || this.event.definition !== call) this.describe(server, plan);
    engine.hypercall(server.abi.name, plan.values, this.readResults);
    const observer = this.watched.size > 0 && this.watched.has(this.event.row) ? this.observer : undefined;
    if (!engine.isResumed && !isRetry && observer?.before(this.event) === PortVerdict.Stop) {
      throw new AbortInstruction();
    }
    this.announcedAt = -1;
    this.closed = false;
    this.finished = true;
    this.resultsAreRead = false;
    try {
      action(this, call);
      if (!this.closed) {
        engine.end();
        this.resultsAreRead = true;
      }
    } catch (error) {
      if (error instanceof AbortInstruction) {
        this.announcedAt = linear;
        this.announcedInstructions = instructions;
      }
      throw error;
    } finally {
      this.count(plan);
    }
    if (this.finished && observer?.after(this.event) === PortVerdict.Stop) this.state.requestExit(EXIT_STOP);
  }

  private admit(server: AbiServer, call: HypercallDefinition, linear: number): HypercallAction {
    try {
      return server.admit(call);
    } catch (error) {
      if (!(error instanceof RefusedCall)) throw error;
      this.report(error.kind, `${error.message} at 0x${linear.toString(16)}`);
      throw error.fault;
    }
  }

  private planOf(server: AbiServer, call: HypercallDefinition): CallPlan {
    if (this.plan?.definition === call) return this.plan;
    let plan = this.plans.get(call);
    if (!plan) {
      plan = {
        definition: call,
        arguments: call.arguments.map(({ at }) => valueReader(at)),
        results: call.results.map(({ at }) => valueReader(at)),
        values: new Float64Array(call.arguments.length + call.results.length),
        counter: this.counters.counterOf(server.abi, call),
      };
      this.plans.set(call, plan);
    }
    this.plan = plan;
    return plan;
  }

  private describe(server: AbiServer, plan: CallPlan): void {
    const { event, state, stackWord } = this;
    event.abi = server.abi.name;
    event.definition = plan.definition;
    // Nobody else looks before there are any.
    if (this.watched.size > 0) resize(event.results, 0);
    resize(event.arguments, plan.arguments.length);
    for (let i = 0; i < plan.arguments.length; i++) {
      event.arguments[i] = plan.values[i] = plan.arguments[i](state, stackWord);
    }
  }

  private count(plan: CallPlan): void {
    const { engine, event } = this;
    if (!engine.hasHappened) return;
    if (!this.resultsAreRead) this.readResults();
    const { isResumed, cyclesCharged, site } = engine;
    plan.counter.add(!isResumed, cyclesCharged, site, event.arguments, event.results);
  }

  /** Takes down what the present call has left in its result registers. */
  private readonly readResults = (): void => {
    const { event, plan, state, stackWord } = this;
    if (!plan) return;
    resize(event.results, plan.results.length);
    for (let i = 0; i < plan.results.length; i++) {
      event.results[i] = plan.values[plan.arguments.length + i] = plan.results[i](state, stackWord);
    }
  };

  /** Reads the stack above the return address, byte by byte and without side effects; unmapped bytes read as ones. */
  private readonly stackWord = (index: number): number => {
    const { memory } = this.machine;
    const { state, mmu } = this.machine.cpu;
    const start = state.segmentBase(SegmentIndex.SS) + state.reg(Register.ESP) + 4 + 4 * index;
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const physical = mmu.peek((start + i) >>> 0);
      value += (physical === undefined ? 0xff : memory.peek(physical, 1)[0]) * 2 ** (8 * i);
    }
    return value;
  };
}
