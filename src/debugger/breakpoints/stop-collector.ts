import type { StopEvent } from '../types';
import type { Breakpoint, BreakpointOrigin } from './breakpoint';

const REASONS: Readonly<Record<BreakpointOrigin, StopEvent['reason']>> = {
  source: 'breakpoint',
  spec: 'function breakpoint',
  instruction: 'instruction breakpoint',
  exception: 'exception',
  launch: 'breakpoint',
};

/** An exception that stopped the guest, for the view of it. */
export interface StoppingFault {
  id: string;
  description: string;
}

/** Gathers why the guest is about to stop, while hooks run; the session reads it once the machine has stopped. */
export class StopCollector {
  private reason: StopEvent['reason'] | undefined;
  private readonly texts: string[] = [];
  private readonly ids: number[] = [];
  private fault: StoppingFault | undefined;
  private access = false;

  /** A breakpoint fired. Several at the same moment become one stop. */
  add(breakpoint: Breakpoint, text: string, fault?: StoppingFault): void {
    this.reason ??= REASONS[breakpoint.origin];
    if (!this.texts.includes(text)) this.texts.push(text);
    this.ids.push(breakpoint.id);
    if (fault) this.fault = fault;
  }

  /** A breakpoint fired at an access to a port, or at a hypercall. */
  addAccess(breakpoint: Breakpoint, text: string, fault?: StoppingFault): void {
    this.add(breakpoint, text, fault);
    this.access = true;
  }

  get pending(): boolean {
    return this.reason !== undefined;
  }

  /** The stop, if any; the collector is empty afterwards. */
  take(): { stop: StopEvent; fault?: StoppingFault } | undefined {
    const { reason, fault } = this;
    if (!reason) return undefined;
    const stop: StopEvent = { reason, text: this.texts.join('; '), breakpointIds: [...this.ids] };
    if (this.access) stop.atAccess = true;
    this.access = false;
    this.reason = undefined;
    this.fault = undefined;
    this.texts.length = 0;
    this.ids.length = 0;
    return { stop, ...(fault && { fault }) };
  }
}
