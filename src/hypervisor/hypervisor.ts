import type { Intercepts, IoQualification } from '../machine/cpu/intercepts';
import type { AbiServer, HypercallDefinition } from './abi/hypercall';
import type { CallStatistics } from './call-counters';
import type { CostProfile } from './cost/cost-profile';
import { DEFAULT_COST_PROFILE } from './cost/profiles';
import { GuestCode } from './decoder/guest-code';
import { ExitEngine, type ExitEngineState } from './exit-engine';
import { ExitLog } from './exits/exit-log';
import type { GuestMachine } from './guest-machine';
import { HypercallDispatcher, type HypercallObserver } from './hypercall-dispatcher';
import { IoEmulation } from './modes/io-emulation';
import type { HypervisorMode, ModeName } from './modes/mode';
import { noneMode } from './modes/none';
import { trapMode } from './modes/trap';
import { vmiMode } from './modes/vmi';
import { vtxMode } from './modes/vtx';
import { DEFAULT_VMI_OPTIONS, type VmiOptions } from './vmi/options';

/** All modes by name. */
const HYPERVISOR_MODES: Readonly<Record<ModeName, HypervisorMode>> = {
  none: noneMode,
  trap: trapMode,
  vtx: vtxMode,
  vmi: vmiMode,
};

export interface HypervisorOptions {
  readonly mode: ModeName;
  /** Mode `vmi`: the I/O calls are answered as not implemented. */
  readonly disableIoOps?: boolean;
  /** Mode `vmi`: what the session wants otherwise than `DEFAULT_VMI_OPTIONS`. */
  readonly vmi?: Partial<VmiOptions>;
  /** `DEFAULT_COST_PROFILE` if left out. */
  readonly costProfile?: CostProfile;
  /** False: modelled cycles are recorded, but guest time does not feel them. True if left out. */
  readonly charge?: boolean;
  /** Exits kept in full; 65536 if left out. */
  readonly logCapacity?: number;
  /** Monotonic nanoseconds of the host; without it exits have no host time. */
  readonly nanoseconds?: () => number;
  /** Linear address of the place that caused the exit at `linear`; the same if left out. */
  readonly callSite?: (linear: number) => number;
  /** Gets a message, once per kind, when the guest does what it should not. */
  readonly onReport?: (message: string) => void;
}

/** Saved state of the hypervisor: what the guest can tell the difference by. The exit log is not part of it. */
export interface HypervisorState {
  readonly version: 1;
  readonly engine: ExitEngineState;
  readonly servers: readonly unknown[];
}

/** The hypervisor under one machine. Give it to the CPU as its intercepts. */
export class Hypervisor implements Intercepts {
  readonly mode: ModeName;
  readonly profile: CostProfile;
  /** The modelled cycles of exits are a part of guest time. */
  readonly chargesTime: boolean;
  readonly log: ExitLog;
  /** Undefined where I/O goes straight to the bus. */
  readonly io?: (qualification: IoQualification) => void;
  /** Undefined where there are no hypercalls. */
  readonly monitorCall?: () => boolean;

  private readonly engine: ExitEngine;
  private servers: readonly AbiServer[] = [];
  private dispatcher: HypercallDispatcher | undefined;
  private readonly reported = new Set<string>();
  private readonly onReport: (message: string) => void;

  /** @throws RangeError if there is no room for the mode's ROM or for the log */
  constructor(machine: GuestMachine, options: HypervisorOptions) {
    this.mode = options.mode;
    this.profile = options.costProfile ?? DEFAULT_COST_PROFILE;
    this.chargesTime = options.charge ?? true;
    this.log = new ExitLog(options.logCapacity);
    this.onReport = options.onReport ?? (() => undefined);
    this.engine = new ExitEngine(machine, {
      log: this.log,
      profile: this.profile,
      nanoseconds: options.nanoseconds ?? (() => 0),
      callSite: options.callSite ?? ((linear) => linear),
      chargeTime: this.chargesTime,
    });
    const report = this.report.bind(this);
    const code = new GuestCode(machine, (message) => report('stale-code', message));
    const intercepts = HYPERVISOR_MODES[options.mode].install({
      machine,
      profile: this.profile,
      chargeTime: this.chargesTime,
      emulation: new IoEmulation(machine, this.engine, code),
      disableIoOps: options.disableIoOps ?? false,
      vmi: { ...DEFAULT_VMI_OPTIONS, ...options.vmi },
      report,
      dispatch: (servers) => {
        this.servers = servers;
        this.dispatcher = new HypercallDispatcher(machine, this.engine, servers, report);
        return this.dispatcher;
      },
    });
    this.io = intercepts.io?.bind(intercepts);
    this.monitorCall = intercepts.monitorCall?.bind(intercepts);
  }

  /** The debugger's eye on hypercalls; asked for the calls named by `watchHypercalls` only. */
  set onHypercall(observer: HypercallObserver | undefined) {
    if (this.dispatcher) this.dispatcher.observer = observer;
  }

  /** Names all calls that are watched from now on. */
  watchHypercalls(calls: Iterable<HypercallDefinition>): void {
    this.dispatcher?.watch(calls);
  }

  /** Every call of the mode's ABIs with its counts and its last use; undefined where there are no hypercalls. */
  hypercallStatistics(): CallStatistics[] | undefined {
    return this.dispatcher?.statistics();
  }

  /** Power on: forgets exits, counts and reports, and what the guest has told it. Watched calls stay. */
  reset(): void {
    this.log.clear();
    this.engine.reset();
    this.dispatcher?.reset();
    this.reported.clear();
  }

  save(): HypervisorState {
    return { version: 1, engine: this.engine.save(), servers: this.servers.map((server) => server.save()) };
  }

  /** @throws RangeError if the state was saved by another version or in another mode */
  load(state: HypervisorState): void {
    if (state.version !== 1 || state.servers.length !== this.servers.length) {
      throw new RangeError(`the saved state of the hypervisor does not fit mode ${this.mode}`);
    }
    this.engine.load(state.engine);
    for (const [i, server] of this.servers.entries()) server.load(state.servers[i]);
  }

  private report(kind: string, message: string): void {
    if (this.reported.has(kind)) return;
    this.reported.add(kind);
    this.onReport(message);
  }
}
