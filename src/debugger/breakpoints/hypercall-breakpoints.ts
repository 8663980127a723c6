import { PortVerdict } from '../../machine/bus/port-access';
import type { HypercallDefinition } from '../../hypervisor/abi/hypercall';
import type { HypercallEvent, HypercallObserver } from '../../hypervisor/hypercall-dispatcher';
import type { Hypervisor } from '../../hypervisor/hypervisor';
import type { EventValue } from '../expressions/scope';
import type { Guest } from '../guest/guest';
import { describeHypercall } from '../stops/access-text';
import { U32, U64 } from '../values/types';
import { type Breakpoint, NotApplicable } from './breakpoint';
import type { StopCollector } from './stop-collector';

/** A breakpoint on hypercalls. */
export interface HypercallBreakpoint {
  readonly breakpoint: Breakpoint;
  readonly calls: ReadonlySet<HypercallDefinition>;
}

/** Locations of values that take 64 bits. */
const WIDE = /:/;

/** The debugger's eye on hypercalls. They stop before anything has happened, with the arguments in their registers. */
export class HypercallBreakpoints implements HypercallObserver {
  private breakpoints: readonly HypercallBreakpoint[] = [];
  private current: HypercallEvent | undefined;
  private passedAt = -1;

  constructor(
    private readonly guest: Guest,
    private readonly hypervisor: Hypervisor,
    private readonly stops: StopCollector,
    private readonly callSite: (linear: number) => number,
  ) {}

  /** True if the guest can make hypercalls at all. */
  get available(): boolean {
    return this.hypervisor.hypercallStatistics() !== undefined;
  }

  /** Names for conditions and log texts: `number`, and the arguments of the calls. */
  events(calls: Iterable<HypercallDefinition>): Record<string, EventValue> {
    const events: Record<string, EventValue> = { number: { type: U32, read: () => this.current?.number ?? 0 } };
    for (const call of calls) {
      for (const { name, at } of call.arguments) {
        events[name] ??= { type: WIDE.test(at) ? U64 : U32, read: () => this.argument(name) };
      }
    }
    return events;
  }

  /** Puts breakpoints in force instead of those before. */
  install(breakpoints: readonly HypercallBreakpoint[]): void {
    this.breakpoints = breakpoints;
    const { hypervisor } = this;
    hypervisor.watchHypercalls(new Set(breakpoints.flatMap(({ calls }) => [...calls])));
    hypervisor.onHypercall = breakpoints.length > 0 ? this : undefined;
  }

  /** Ids of the breakpoints that cover a call. */
  covering(call: HypercallDefinition): number[] {
    const row = call.insteadOf ?? call;
    return this.breakpoints.filter(({ calls }) => calls.has(row)).map(({ breakpoint }) => breakpoint.id);
  }

  before(call: HypercallEvent): PortVerdict {
    const { instructions } = this.guest.machine.clock;
    const again = this.passedAt === instructions;
    this.passedAt = -1;
    if (again) return PortVerdict.Continue;
    this.current = call;
    let stop = false;
    for (const { breakpoint, calls } of this.breakpoints) {
      if (!calls.has(call.row) || breakpoint.occur() !== 'stop') continue;
      stop = true;
      this.stops.addAccess(breakpoint, describeHypercall(this.guest, call, this.callSite(this.guest.executing)));
    }
    this.current = undefined;
    if (!stop) return PortVerdict.Continue;
    this.passedAt = instructions;
    return PortVerdict.Stop;
  }

  after(): PortVerdict {
    return PortVerdict.Continue;
  }

  private argument(name: string): number {
    const value = this.current?.argument(name);
    if (value === undefined) throw new NotApplicable(`this call has no ${name}`);
    return value;
  }
}
