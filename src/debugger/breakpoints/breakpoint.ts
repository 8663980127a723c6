import { type HitRule, hitRuleApplies } from '../specs/hit-rule';
import type { BreakpointStatus } from '../types';
import { EvaluationError } from '../values/memory';

/** Groups of breakpoints that clients set as a whole. */
export type BreakpointOrigin = 'source' | 'spec' | 'instruction' | 'exception' | 'launch';

/** Where breakpoints write to. */
export interface BreakpointSink {
  /** A line of a log breakpoint, without line end. */
  log(text: string): void;
  /** Something about a breakpoint that its user should know. */
  problem(message: string): void;
}

/** What a breakpoint does when it is reached. */
export interface BreakpointActions {
  /** All must hold; each is compiled once. */
  conditions: (() => boolean)[];
  /** All must apply. */
  hits: HitRule[];
  /** Writes instead of stopping. */
  log?: () => string;
  /** Counts, or changes a value, instead of stopping. */
  passive?: boolean;
}

/** A name in a condition has no meaning for this event, such as `port` for a hypercall without one: no match. */
export class NotApplicable extends EvaluationError {}

/**
 * A breakpoint of any kind: decides whether an occurrence counts, whether it acts, and how. What the occurrence is and
 * how it is noticed is the business of the tables.
 */
export class Breakpoint {
  /** Occurrences for which the conditions held. */
  hits = 0;
  private failed = false;

  constructor(
    readonly id: number,
    readonly origin: BreakpointOrigin,
    private readonly actions: BreakpointActions,
    private readonly sink: BreakpointSink,
  ) {}

  /**
   * Takes note of an occurrence.
   * @returns `stop` if the guest is to stop, `act` if only the action of the breakpoint is to take place, else `ignore`
   */
  occur(): 'stop' | 'act' | 'ignore' {
    const { conditions, hits, log, passive } = this.actions;
    if (conditions.length > 0 && !this.holds(conditions)) return 'ignore';
    this.hits++;
    for (const rule of hits) if (!hitRuleApplies(rule, this.hits)) return 'ignore';
    if (log) this.sink.log(log());
    return log || passive ? 'act' : 'stop';
  }

  /** A condition that cannot be worked out counts as true: better one stop too many than one missed. */
  private holds(conditions: (() => boolean)[]): boolean {
    try {
      return conditions.every((condition) => condition());
    } catch (error) {
      if (error instanceof NotApplicable) return false;
      if (!(error instanceof EvaluationError)) throw error;
      if (!this.failed) this.sink.problem(`The condition of breakpoint ${this.id} has no value: ${error.message}.`);
      this.failed = true;
      return true;
    }
  }
}

/** A breakpoint as its client sees it, together with what the engine made of it. */
export interface InstalledBreakpoint {
  readonly breakpoint: Breakpoint;
  readonly status: Omit<BreakpointStatus, 'hits'>;
}
