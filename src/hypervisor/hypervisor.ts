import type { FaultVerdict, Intercepts, IoQualification } from '../machine/cpu/intercepts';
import type { Fault } from '../machine/cpu/fault';
import type { RingCompression } from '../machine/cpu/ring-compression';
import type { RegisterValue } from '../machine/cpu/model-registers';
import type { CpuidLeaf } from '../machine/cpu/models';
import type { HypercallDefinition } from './abi/hypercall';
import { TABLE_ABIS } from './abi/names';
import type { TableAbi } from './abi/table';
import type { CallStatistics } from './call-counters';
import type { CostProfile } from './cost/cost-profile';
import { DEFAULT_COST_PROFILE } from './cost/profiles';
import { GuestCode } from './decoder/guest-code';
import { ExitEngine, type ExitEngineState } from './exit-engine';
import { ExitLog } from './exits/exit-log';
import { installGates } from './gates/install';
import { RomPlaceGate } from './gates/rom-place';
import type { GuestMachine } from './guest-machine';
import { HypercallDispatcher, type HypercallObserver } from './hypercall-dispatcher';
import { IoEmulation } from './modes/io-emulation';
import type { HypervisorMode } from './modes/mode';
import type { ModeName } from './modes/mode-name';
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

/** An ABI that is nothing but its table, by its short name. @throws RangeError if there is none, or not in this mode */
function tableAbi(name: string, mode: ModeName): TableAbi {
  const abi = TABLE_ABIS.find((candidate) => candidate.name === name);
  if (!abi) throw new RangeError(`there is no hypercall ABI '${name}'`);
  if (!abi.modes.includes(mode)) throw new RangeError(`mode ${mode} cannot offer the hypercall ABI '${name}'`);
  return abi;
}

export interface HypervisorOptions {
  readonly mode: ModeName;
  /** Mode `vmi`: the I/O calls are answered as not implemented. */
  readonly disableIoOps?: boolean;
  /** Mode `vmi`: what the session wants otherwise than `DEFAULT_VMI_OPTIONS`. */
  readonly vmi?: Partial<VmiOptions>;
  /** Hypercall ABIs offered beside that of mode `vmi`, by short name, in the order in which CPUID shows them; none if left out. */
  readonly abis?: readonly string[];
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
  /** What guests may ask for by VMware's `info-get guestinfo.KEY`; nothing if left out. */
  readonly guestInfo?: Readonly<Record<string, string>>;
  /** The guest has given up by a hypercall, or is not fit to go on: the run is to end. */
  readonly onCrash?: (message: string) => void;
  /** A byte that the guest prints by a hypercall. */
  readonly onPrint?: (byte: number) => void;
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
  /** These are there only where an ABI needs them. */
  readonly softwareInterrupts?: Readonly<Partial<Record<number, () => boolean>>>;
  readonly backdoor?: (qualification: IoQualification) => boolean;
  readonly cpuid?: (leaf: number, answer: CpuidLeaf) => CpuidLeaf;
  readonly readMsr?: (index: number) => RegisterValue | undefined;
  readonly writeMsr?: (index: number, value: RegisterValue) => boolean;
  /** The rest is defined where the guest's kernel may be deprivileged. */
  readonly rings?: RingCompression;
  readonly fault?: (fault: Fault) => FaultVerdict;
  readonly afterRestart?: () => void;

  private readonly engine: ExitEngine;
  private readonly dispatcher: HypercallDispatcher;
  private readonly reported = new Set<string>();
  private readonly onReport: (message: string) => void;

  /** @throws RangeError if there is no room for the mode's ROM or for the log, or if the mode cannot offer an ABI */
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
    const dispatcher = new HypercallDispatcher(machine, this.engine, report);
    this.dispatcher = dispatcher;
    const code = new GuestCode(machine, (message) => report('stale-code', message));
    const intercepts = HYPERVISOR_MODES[options.mode].install({
      machine,
      profile: this.profile,
      chargeTime: this.chargesTime,
      emulation: new IoEmulation(machine, this.engine, code),
      engine: this.engine,
      code,
      disableIoOps: options.disableIoOps ?? false,
      vmi: { ...DEFAULT_VMI_OPTIONS, ...options.vmi },
      report,
      serveRom: (server) => {
        dispatcher.add(server);
        return new RomPlaceGate(machine, dispatcher, server);
      },
    });
    const gates = installGates(
      (options.abis ?? []).filter((name) => name !== options.mode).map((name) => tableAbi(name, options.mode)),
      {
        machine,
        report,
        crash: (message) => options.onCrash?.(message),
        print: (byte) => options.onPrint?.(byte),
        guestInfo: options.guestInfo ?? {},
      },
      { machine, dispatcher, code, hardware: options.mode === 'vtx' },
      intercepts.monitorCall?.bind(intercepts),
    );
    this.io = intercepts.io?.bind(intercepts);
    this.monitorCall = gates.monitorCall;
    this.softwareInterrupts = gates.softwareInterrupts;
    this.backdoor = gates.backdoor;
    this.cpuid = gates.cpuid;
    this.readMsr = gates.readMsr;
    this.writeMsr = gates.writeMsr;
    this.rings = intercepts.rings;
    this.fault = intercepts.fault?.bind(intercepts);
    this.afterRestart = intercepts.afterRestart?.bind(intercepts);
  }

  /** The debugger's eye on hypercalls; asked for the calls named by `watchHypercalls` only. */
  set onHypercall(observer: HypercallObserver | undefined) {
    this.dispatcher.observer = observer;
  }

  /** Names all calls that are watched from now on. */
  watchHypercalls(calls: Iterable<HypercallDefinition>): void {
    this.dispatcher.watch(calls);
  }

  /** Short names of the ABIs that the guest is offered. */
  get abis(): readonly string[] {
    return this.dispatcher.abis;
  }

  /** Every call of these ABIs with its counts and its last use; undefined where there are no hypercalls. */
  hypercallStatistics(): CallStatistics[] | undefined {
    return this.abis.length > 0 ? this.dispatcher.statistics() : undefined;
  }

  /** Power on: forgets exits, counts and reports, and what the guest has told it. Watched calls stay. */
  reset(): void {
    this.log.clear();
    this.engine.reset();
    this.dispatcher.reset();
    this.reported.clear();
  }

  save(): HypervisorState {
    return { version: 1, engine: this.engine.save(), servers: this.dispatcher.save() };
  }

  /** @throws RangeError if the state was saved by another version or in another mode */
  load(state: HypervisorState): void {
    if (state.version !== 1 || state.servers.length !== this.abis.length) {
      throw new RangeError(`the saved state of the hypervisor does not fit mode ${this.mode}`);
    }
    this.engine.load(state.engine);
    this.dispatcher.load(state.servers);
  }

  private report(kind: string, message: string): void {
    if (this.reported.has(kind)) return;
    this.reported.add(kind);
    this.onReport(message);
  }
}
