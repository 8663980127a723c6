import type { Clock, Timer } from './clock';
import type { CpuState } from './cpu/state';
import * as layout from './layout';

class ArmedTimer implements Timer {
  due = Infinity;

  constructor(
    readonly name: string,
    readonly fire: () => void,
    private readonly changed: () => void,
  ) {}

  arm(due: number): void {
    this.due = due;
    this.changed();
  }

  disarm(): void {
    this.due = Infinity;
    this.changed();
  }
}

/** Cycles that pass when an exception is delivered, so that time moves on in a guest that only faults, too. */
export const EXCEPTION_CYCLES = 1;

/** Saved moment of a clock. */
export interface ClockState {
  readonly instructions: number;
  readonly passed: number;
  /** Part of `passed` that a hypervisor took; none if left out. */
  readonly stolen?: number;
  readonly timers: Readonly<Record<string, number>>;
}

/**
 * Virtual time of a machine. While the interpreter runs a burst, the count of retired instructions is derived
 * from REMAINING, so it is exact at every port access; a charge or a newly armed timer shortens the burst so
 * that it ends when the next timer is due.
 */
export class VirtualClock implements Clock {
  private readonly timers: ArmedTimer[] = [];
  /** Instructions retired before the burst, and how many it was given. */
  private retired = 0;
  private burst = 0;
  /** Instructions taken off the burst without being executed. */
  private skipped = 0;
  /** Exceptions that the interpreter has delivered in the burst. */
  private exceptions = 0;
  /** Cycles that passed without instructions: charges and sleep. */
  private passed = 0;
  private taken = 0;
  /** When the first timer fires. */
  private earliest = Infinity;

  constructor(
    private readonly state: CpuState,
    readonly startTime: number,
  ) {
    // V8 takes a field for a small integer until it is something else, and then throws away all code that knew it: here
    // that would be in the middle of a run, when time is past 2^31.
    this.retired = this.passed = this.taken = 0.5;
    this.retired = this.passed = this.taken = 0;
  }

  get instructions(): number {
    if (this.burst === 0) return this.retired;
    return this.state.f64[layout.INSTRUCTION_BASE >>> 3] - this.state.get(layout.REMAINING);
  }

  get now(): number {
    this.takeExceptions();
    return this.instructions + this.passed;
  }

  get stolen(): number {
    return this.taken;
  }

  timer(name: string, fire: () => void): Timer {
    const timer = new ArmedTimer(name, fire, () => {
      this.findEarliest();
      this.shorten(this.earliest - this.now);
    });
    this.timers.push(timer);
    return timer;
  }

  charge(cycles: number): void {
    this.takeExceptions();
    this.passed += cycles;
    if (this.burst === 0) return;
    const base = this.retired + this.burst - this.skipped;
    const end = base + this.passed;
    // Only a timer that is due before the end of the burst shortens it.
    if (this.earliest - end < 1) {
      this.shorten(this.earliest - this.now);
      this.publish();
      return;
    }
    const { f64 } = this.state;
    f64[layout.INSTRUCTION_BASE >>> 3] = base;
    f64[layout.CLOCK_BASE >>> 3] = end;
  }

  steal(cycles: number): void {
    this.taken += cycles;
    this.charge(cycles);
  }

  /** When the next timer fires; Infinity if none is armed. */
  get nextDue(): number {
    return this.earliest;
  }

  /** Fires all timers that are due, earliest first. */
  fireDue(): void {
    while (this.earliest <= this.now) {
      const next = this.timers.find((timer) => timer.due === this.earliest);
      next?.disarm();
      next?.fire();
    }
  }

  /** Lets time pass up to a moment, as HLT does. No effect if it is past. */
  sleepUntil(moment: number): void {
    if (moment > this.now) this.passed += moment - this.now;
  }

  /** Starts a burst of at most `instructions` (at least 1); it is shorter if a timer is due before. */
  beginBurst(instructions: number): void {
    const untilDue = Math.max(1, Math.ceil(this.earliest - this.now));
    this.burst = Math.min(instructions, untilDue, 0x7fffffff);
    this.skipped = 0;
    this.exceptions = 0;
    this.state.set(layout.REMAINING, this.burst);
    this.state.set(layout.EXCEPTIONS_TAKEN, 0);
    this.publish();
  }

  /** @returns exceptions that the interpreter has delivered by itself in the burst */
  endBurst(): number {
    this.takeExceptions();
    this.retired = this.instructions;
    this.burst = 0;
    this.state.f64[layout.CLOCK_BASE >>> 3] = 0;
    return this.exceptions;
  }

  /** Counts an instruction that was carried out between two bursts. */
  retire(): void {
    this.retired++;
  }

  save(): ClockState {
    const timers = Object.fromEntries(this.timers.map((timer) => [timer.name, timer.due]));
    return { instructions: this.instructions, passed: this.passed, stolen: this.taken, timers };
  }

  load(state: ClockState): void {
    this.retired = state.instructions;
    this.burst = 0;
    this.passed = state.passed;
    this.taken = state.stolen ?? 0;
    for (const timer of this.timers) timer.due = state.timers[timer.name] ?? Infinity;
    this.findEarliest();
  }

  private findEarliest(): void {
    let due = Infinity;
    for (const timer of this.timers) if (timer.due < due) due = timer.due;
    this.earliest = due;
  }

  /** Ends the running burst after at most so many cycles; the present instruction is always finished. */
  private shorten(cycles: number): void {
    if (this.burst === 0) return;
    this.takeExceptions();
    const remaining = this.state.get(layout.REMAINING);
    const allowed = Math.max(1, Math.ceil(cycles));
    if (remaining <= allowed) return;
    this.skipped += remaining - allowed;
    this.state.set(layout.REMAINING, allowed);
    this.publish();
  }

  /** Takes over what the interpreter has noted: each exception's cycle, by which it has shortened the burst. */
  private takeExceptions(): void {
    const taken = this.state.get(layout.EXCEPTIONS_TAKEN);
    if (taken === 0) return;
    this.state.set(layout.EXCEPTIONS_TAKEN, 0);
    this.exceptions += taken;
    this.skipped += taken * EXCEPTION_CYCLES;
    // One by one, as if each had been charged: sums of fractions depend on the order.
    for (let i = 0; i < taken; i++) this.passed += EXCEPTION_CYCLES;
  }

  /** When the running burst ends, if no more time passes. */
  private get end(): number {
    return this.retired + this.burst - this.skipped + this.passed;
  }

  /** Lets the interpreter tell time and count without asking. */
  private publish(): void {
    this.state.f64[layout.INSTRUCTION_BASE >>> 3] = this.retired + this.burst - this.skipped;
    this.state.f64[layout.CLOCK_BASE >>> 3] = this.end;
  }
}
