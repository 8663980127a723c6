import type { Hypervisor } from '../../hypervisor/hypervisor';
import type { Guest } from '../guest/guest';
import type { Breakpoint, InstalledBreakpoint } from './breakpoint';
import { type CodeBreakpoint, CodeBreakpoints } from './code-breakpoints';
import {
  EventBreakpoints,
  type FaultBreakpoint,
  type InstructionNameBreakpoint,
  type IrqBreakpoint,
} from './event-breakpoints';
import { type HypercallBreakpoint, HypercallBreakpoints } from './hypercall-breakpoints';
import { type PortBreakpoint, PortBreakpoints } from './port-breakpoints';
import { type SerialBreakpoint, SerialBreakpoints } from './serial-breakpoints';
import type { StopCollector } from './stop-collector';

/** One way of noticing that a breakpoint is reached. */
export type Trigger =
  | ({ kind: 'port' } & PortBreakpoint)
  | ({ kind: 'hypercall' } & HypercallBreakpoint)
  | ({ kind: 'fault' } & FaultBreakpoint)
  | ({ kind: 'irq' } & IrqBreakpoint)
  | ({ kind: 'insn' } & InstructionNameBreakpoint)
  | ({ kind: 'serial' } & SerialBreakpoint)
  | ({ kind: 'code' } & CodeBreakpoint)
  /** A triple fault, noticed by the session. */
  | { kind: 'triple'; breakpoint: Breakpoint }
  /** An access to a port that nobody owns. */
  | { kind: 'unowned-port'; breakpoint: Breakpoint };

/** A breakpoint in force, with what sets it off; one that is not verified has no trigger. */
export interface ActiveBreakpoint extends InstalledBreakpoint {
  /** The request as it was given. */
  readonly key: string;
  readonly trigger?: Trigger;
}

function ofKind<K extends Trigger['kind']>(triggers: readonly Trigger[], kind: K): Extract<Trigger, { kind: K }>[] {
  return triggers.filter((trigger): trigger is Extract<Trigger, { kind: K }> => trigger.kind === kind);
}

/** The tables in which breakpoints are found when something happens, one per kind of event. */
export class BreakpointTables {
  readonly ports: PortBreakpoints;
  readonly hypercalls: HypercallBreakpoints;
  readonly events: EventBreakpoints;
  readonly code: CodeBreakpoints;
  readonly serial: SerialBreakpoints;
  /** Breakpoints that need no table. */
  tripleFault: readonly Breakpoint[] = [];
  unownedPort: readonly Breakpoint[] = [];

  constructor(guest: Guest, hypervisor: Hypervisor, stops: StopCollector, callSite: (linear: number) => number) {
    this.ports = new PortBreakpoints(guest, stops, callSite);
    this.hypercalls = new HypercallBreakpoints(guest, hypervisor, stops, callSite);
    this.events = new EventBreakpoints(guest, stops);
    this.code = new CodeBreakpoints(guest.machine);
    this.serial = new SerialBreakpoints(guest, stops);
  }

  /** Puts exactly these in force. */
  install(triggers: readonly Trigger[]): void {
    this.ports.install(ofKind(triggers, 'port'));
    this.hypercalls.install(ofKind(triggers, 'hypercall'));
    this.events.install(ofKind(triggers, 'fault'), ofKind(triggers, 'irq'), ofKind(triggers, 'insn'));
    this.code.install(ofKind(triggers, 'code'));
    this.serial.install(ofKind(triggers, 'serial'));
    this.tripleFault = ofKind(triggers, 'triple').map(({ breakpoint }) => breakpoint);
    this.unownedPort = ofKind(triggers, 'unowned-port').map(({ breakpoint }) => breakpoint);
  }
}
