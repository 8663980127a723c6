import type { CpuState } from '../../machine/cpu/state';
import type { HypercallContext, HypercallDefinition } from '../abi/hypercall';
import type { GuestMachine } from '../guest-machine';
import { VmiMmu } from './mmu/vmi-mmu';
import { GuestLevels } from './deprivileging/levels';
import { VisibleTables } from './deprivileging/visible-tables';
import type { VmiOptions } from './options';
import type { MonitorPart, Report } from './part';
import { placeOfGuest } from './place';
import { VmiTimers } from './timers/timers';

/** Saved state of all parts, by name. */
export type MonitorState = Readonly<Record<string, unknown>>;

/** Everything that the actions of VMI work with: the machine, the user's ear, and the parts that remember. */
export class VmiMonitor {
  readonly state: CpuState;
  readonly cpu: GuestMachine['cpu'];
  readonly levels: GuestLevels;
  readonly tables: VisibleTables;
  readonly mmu: VmiMmu;
  readonly timers: VmiTimers;
  /** Parts with a state of their own, in the order in which they are reset and loaded. */
  private readonly parts: readonly MonitorPart[];

  constructor(
    readonly machine: GuestMachine,
    readonly options: VmiOptions,
    readonly report: Report,
  ) {
    this.cpu = machine.cpu;
    this.state = machine.cpu.state;
    this.levels = new GuestLevels(options.virtualTop);
    this.tables = new VisibleTables(machine, this.levels);
    this.mmu = new VmiMmu(machine, report, () => placeOfGuest(machine), options);
    this.timers = new VmiTimers(machine, report);
    this.parts = [this.levels, this.mmu, this.timers];
  }

  reset(): void {
    for (const part of this.parts) part.reset();
  }

  save(): MonitorState {
    return Object.fromEntries(this.parts.map((part) => [part.name, part.save()]));
  }

  load(state: MonitorState): void {
    for (const part of this.parts) part.load(state[part.name]);
  }
}

/** Carries a call out: reads its arguments from and leaves its results in the CPU state. May throw `Fault`. */
export type VmiAction = (monitor: VmiMonitor, context: HypercallContext, call: HypercallDefinition) => void;

/** Actions by name of their call. */
export type VmiActions = Readonly<Partial<Record<string, VmiAction>>>;
