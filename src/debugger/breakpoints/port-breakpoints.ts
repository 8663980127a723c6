import { type PortAccess, type PortObserver, PortVerdict } from '../../machine/bus/port-access';
import type { PortDirection, PortWidth } from '../../machine/devices/device';
import type { Guest } from '../guest/guest';
import type { EventValue } from '../expressions/scope';
import type { ViaChannel } from '../specs/ast';
import { describePortAccess } from '../stops/access-text';
import { type EnumType } from '../../symbols/types';
import { U16, U32, U8 } from '../values/types';
import type { Breakpoint } from './breakpoint';
import type { StopCollector } from './stop-collector';

/** Which accesses a port breakpoint is about. */
export interface PortMatch {
  readonly direction: PortDirection | 'io';
  readonly first: number;
  /** Inclusive. */
  readonly last: number;
  readonly width?: PortWidth;
  readonly via?: ViaChannel;
  /** Full name of the one register meant, where several share the port; others do not count. */
  readonly register?: string;
}

/** A breakpoint on ports. */
export interface PortBreakpoint {
  readonly breakpoint: Breakpoint;
  readonly match: PortMatch;
  readonly before: boolean;
  /** Replaces the value: of an `out` before it reaches the device, of an `in` afterwards. */
  readonly replace?: () => number;
}

function enumOf(name: string, names: readonly string[]): EnumType {
  const enumerators = names.map((enumerator, value) => ({ name: enumerator, value: BigInt(value) }));
  return { kind: 'enum', name, byteSize: 4, signed: false, enumerators };
}

const DIRECTIONS = ['in', 'out'] as const;
const CHANNELS = ['direct', 'trap', 'vtx', 'hypercall'] as const;
const DIRECTION_TYPE = enumOf('direction', DIRECTIONS);
const CHANNEL_TYPE = enumOf('channel', CHANNELS);

/** What a stop before an access has settled already, for when the access is made again. */
interface PassedAccess {
  instructions: number;
  value: number;
  stopsAfter: PendingStop[];
}

/** A stop that is to take place after an access, decided before it. */
interface PendingStop {
  breakpoint: Breakpoint;
  text: string;
}

/**
 * The debugger's eye on the port bus. One logical access is one occurrence, whichever way it came: by IN or OUT, trapped
 * or not, or by the hypercall that replaces it.
 */
export class PortBreakpoints implements PortObserver {
  private readonly breakpoints: Record<PortDirection, PortBreakpoint[]> = { in: [], out: [] };
  private current: Readonly<PortAccess> | undefined;
  private stopsAfter: PendingStop[] = [];
  private passed: PassedAccess | undefined;

  constructor(
    private readonly guest: Guest,
    private readonly stops: StopCollector,
    private readonly callSite: (linear: number) => number,
  ) {}

  /** Names for conditions, log texts and `set`. `value` is left out where it is not known yet. */
  events(knowsValue: boolean): Record<string, EventValue> {
    const value = (type: EventValue['type'], read: (access: Readonly<PortAccess>) => number): EventValue => ({
      type,
      read: () => (this.current ? read(this.current) : 0),
    });
    const events: Record<string, EventValue> = {
      port: value(U16, (access) => access.port),
      width: value(U8, (access) => access.width),
      count: value(U32, (access) => access.count),
      dir: value(DIRECTION_TYPE, (access) => DIRECTIONS.indexOf(access.direction)),
      via: value(CHANNEL_TYPE, (access) => CHANNELS.indexOf(access.channel)),
    };
    if (knowsValue) events.value = value(U32, (access) => access.value);
    DIRECTIONS.forEach((name, index) => (events[name] = { type: DIRECTION_TYPE, read: () => index }));
    CHANNELS.forEach((name, index) => (events[name] = { type: CHANNEL_TYPE, read: () => index }));
    return events;
  }

  /** Puts breakpoints in force instead of those before; the bus is told which ports to watch. */
  install(breakpoints: readonly PortBreakpoint[]): void {
    const { bus } = this.guest.machine;
    bus.watch.fill(0);
    for (const direction of DIRECTIONS) {
      this.breakpoints[direction] = breakpoints.filter(
        ({ match }) => match.direction === 'io' || match.direction === direction,
      );
    }
    for (const { match } of breakpoints) bus.watch.fill(1, match.first, match.last + 1);
    bus.observer = breakpoints.length > 0 ? this : undefined;
  }

  /** Ids of the breakpoints that cover a port. */
  covering(port: number): number[] {
    const all = new Set([...this.breakpoints.in, ...this.breakpoints.out]);
    return [...all]
      .filter(({ match }) => port >= match.first && port <= match.last)
      .map(({ breakpoint }) => breakpoint.id);
  }

  before(access: PortAccess): PortVerdict {
    const { passed } = this;
    this.passed = undefined;
    if (passed && passed.instructions === this.guest.machine.clock.instructions) {
      this.stopsAfter = passed.stopsAfter;
      if (access.direction === 'out') access.value = passed.value;
      return PortVerdict.Continue;
    }
    this.current = access;
    if (this.stopsAfter.length > 0) this.stopsAfter = [];
    let stopBefore = false;
    for (const port of this.breakpoints[access.direction]) {
      // The value of an `in` is known afterwards only, so all but `before` ones wait until then.
      if ((access.direction === 'in' && !port.before) || !this.matches(port.match, access)) continue;
      const stop = this.occur(port, access, port.before);
      if (!stop) continue;
      if (port.before) {
        stopBefore = true;
        this.stops.addAccess(stop.breakpoint, stop.text);
      } else {
        this.stopsAfter.push(stop);
      }
    }
    this.current = undefined;
    if (!stopBefore) return PortVerdict.Continue;
    const { instructions } = this.guest.machine.clock;
    this.passed = { instructions, value: access.value, stopsAfter: this.stopsAfter };
    this.stopsAfter = [];
    return PortVerdict.Stop;
  }

  after(access: PortAccess): PortVerdict {
    const stops = this.stopsAfter;
    if (access.direction === 'in') {
      this.current = access;
      for (const port of this.breakpoints.in) {
        if (port.before || !this.matches(port.match, access)) continue;
        const stop = this.occur(port, access, false);
        if (stop) stops.push(stop);
      }
      this.current = undefined;
    }
    if (stops.length === 0) return PortVerdict.Continue;
    this.stopsAfter = [];
    for (const { breakpoint, text } of stops) this.stops.addAccess(breakpoint, text);
    return PortVerdict.Stop;
  }

  /** Lets a breakpoint act; returns the stop that it wants, if any. */
  private occur({ breakpoint, replace }: PortBreakpoint, access: PortAccess, before: boolean): PendingStop | undefined {
    const verdict = breakpoint.occur();
    if (verdict === 'ignore') return undefined;
    if (replace) access.value = replace() >>> 0;
    if (verdict !== 'stop') return undefined;
    const site = this.callSite(this.guest.executing);
    return { breakpoint, text: describePortAccess(this.guest, access, site, before) };
  }

  private matches(match: PortMatch, { port, width, channel, direction, value }: PortAccess): boolean {
    if (port > match.last || port + width <= match.first) return false;
    if (match.width !== undefined && match.width !== width) return false;
    if (match.via !== undefined && match.via !== channel) return false;
    if (match.register === undefined) return true;
    return this.guest.ports.nameOf(match.first, direction, direction === 'out' ? value : undefined) === match.register;
  }
}
