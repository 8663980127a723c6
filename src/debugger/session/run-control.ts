import { EXIT_STOP } from '../../machine/layout';
import { RunEnd } from '../../machine/run';
import type { BreakpointTables } from '../breakpoints/tables';
import type { StopCollector, StoppingFault } from '../breakpoints/stop-collector';
import type { Guest } from '../guest/guest';
import type { Step } from '../stepping/step';
import type { EndEvent, Host, StopEvent } from '../types';
import { endOf, limitReached } from './ends';

/** A slice lasts about this long, so that whatever waits gets its turn. */
const SLICE_NS = 4_000_000;
/** Instructions between two looks at the host's clock. */
const FIRST_CHUNK = 20_000;
const MIN_CHUNK = 1_000;
const MAX_CHUNK = 4_000_000;
const CHUNK_NS = 1_000_000;
/** Exits take so much longer than instructions that a chunk ends after this many, however short it was meant to be. */
const CHUNK_EXITS = 256;

/**
 * A guest that has done nothing but sleep and serve its timer for this many nanoseconds of its time is idle, and
 * rests so many milliseconds of the host's time at each turn: its clock goes on fast, but costs little.
 */
const IDLE_AFTER_NS = 2_000_000_000;
const IDLE_REST_MS = 10;
/** A turn in which the guest retires fewer instructions than this, and sleeps, is one of an idle guest. */
const IDLE_INSTRUCTIONS = 50_000;

/** What the run loop tells the session. */
export interface RunListener {
  stopped(stop: StopEvent, fault: StoppingFault | undefined): void;
  ended(end: EndEvent): void;
  /** The guest sleeps until something comes from outside. */
  idle(): void;
  /** A slice is over. */
  sliced(): void;
}

/** Lets the guest run in slices, freely or step by step, until something stops it. */
export class RunControl {
  private step: Step | undefined;
  private active = false;
  private disposed = false;
  private pauseWanted = false;
  /** The guest sleeps until input comes from outside. */
  private parked = false;
  private scheduled = false;
  private chunk = FIRST_CHUNK;
  private exits = 0;
  /** The guest's time when it last did more than serve its timer. */
  private busyUntil = 0;
  /** A triple fault was shown to the user; going on ends the guest. */
  private tripleFaultShown = false;

  constructor(
    private readonly guest: Guest,
    private readonly tables: BreakpointTables,
    private readonly stops: StopCollector,
    private readonly callSite: (linear: number) => number,
    private readonly host: Host,
    private readonly maxInstructions: number | undefined,
    private readonly listener: RunListener,
  ) {}

  get running(): boolean {
    return this.active;
  }

  /**
   * Sets the guest going.
   * @param step what ends it by itself, if anything
   * @param passHere the guest has already stopped at the present instruction: breakpoints on it are not asked again
   */
  start(step: Step | undefined, passHere: boolean): void {
    this.step = step;
    this.active = true;
    this.pauseWanted = false;
    this.parked = false;
    this.busyUntil = this.guest.machine.clock.now;
    if (passHere) this.guest.machine.passHere();
    this.updateHooks();
    this.schedule();
  }

  /** Asks for a stop as soon as possible. */
  pause(): void {
    if (!this.active) return;
    this.pauseWanted = true;
    this.schedule();
  }

  /** The guest has made an exit: keeps a chunk with many of them from lasting long. */
  countExit(): void {
    if (++this.exits % CHUNK_EXITS === 0) this.guest.state.requestExit(EXIT_STOP);
  }

  /** Something from outside has come that may wake a sleeping guest. */
  wake(): void {
    if (!this.active || !this.parked) return;
    this.parked = false;
    this.schedule();
  }

  /** Stops without telling anyone, as for a restart. */
  halt(): void {
    this.active = false;
    this.tripleFaultShown = false;
    this.finishStep();
    this.stops.take();
  }

  dispose(): void {
    this.halt();
    this.disposed = true;
  }

  /** Gives the machine the hooks that breakpoints and the present step need, and no others. */
  updateHooks(): void {
    const { hooks } = this.guest.machine;
    const { exception, interrupt, instruction } = this.tables.events.hooks();
    const own = this.step?.hooks;
    hooks.instruction = instruction;
    hooks.exception =
      exception || own?.exception
        ? (vector, errorCode) =>
            (exception?.(vector, errorCode) ?? false) || (own?.exception?.(vector, errorCode) ?? false)
        : undefined;
    hooks.interrupt =
      interrupt || own?.interrupt
        ? (line, vector) => (interrupt?.(line, vector) ?? false) || (own?.interrupt?.(line, vector) ?? false)
        : undefined;
    hooks.codeBreakpoint = (linear) => this.atCode(linear);
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.host.defer(
      () => {
        this.scheduled = false;
        if (!this.disposed && this.active) this.slice();
      },
      this.resting ? IDLE_REST_MS : 0,
    );
  }

  private get resting(): boolean {
    return this.guest.machine.clock.now - this.busyUntil > IDLE_AFTER_NS;
  }

  private slice(): void {
    const { host } = this;
    const begin = host.nanoseconds();
    let now = begin;
    while (this.active && !this.parked && !this.pauseWanted && now - begin < SLICE_NS) {
      this.advance();
      const after = host.nanoseconds();
      this.adapt(after - now);
      now = after;
      if (this.resting) break;
    }
    if (this.active && this.pauseWanted) this.stop({ reason: 'pause', text: this.pauseText(), breakpointIds: [] });
    this.listener.sliced();
    if (this.active && !this.parked) this.schedule();
  }

  private advance(): void {
    const { machine } = this.guest;
    const left = this.maxInstructions === undefined ? Infinity : this.maxInstructions - machine.clock.instructions;
    if (left <= 0) {
      this.end(limitReached(this.maxInstructions ?? 0, this.guest));
      return;
    }
    const budget = Math.min(this.chunk, left);
    const before = machine.clock.instructions;
    const outcome = this.tripleFaultShown ? RunEnd.TripleFault : (this.step?.advance(budget) ?? machine.run(budget));
    const stop = this.stops.take();
    if (stop) this.stop(stop.stop, stop.fault);
    else if (outcome === 'arrived') this.stop({ reason: 'step', text: this.stepText(), breakpointIds: [] });
    else this.settle(outcome);
    const idle = machine.idle && machine.clock.instructions - before < IDLE_INSTRUCTIONS;
    if (!idle) this.busyUntil = machine.clock.now;
  }

  private settle(outcome: RunEnd): void {
    switch (outcome) {
      case RunEnd.Idle:
        this.parked = true;
        this.listener.idle();
        break;
      case RunEnd.TripleFault:
        this.tripleFault();
        break;
      case RunEnd.Dead:
      case RunEnd.Shutdown:
        this.end(endOf(outcome, this.guest, this.callSite));
        break;
      case RunEnd.Budget:
      case RunEnd.Stop:
      case RunEnd.Abort:
      case RunEnd.Breakpoint:
        // A stop that nobody wanted, such as a condition that did not hold: on it goes.
        break;
    }
  }

  private tripleFault(): void {
    const end = endOf(RunEnd.TripleFault, this.guest, this.callSite);
    const wanting = this.tripleFaultShown ? [] : this.tables.tripleFault.filter((entry) => entry.occur() === 'stop');
    if (wanting.length === 0) {
      this.end(end);
      return;
    }
    this.tripleFaultShown = true;
    for (const breakpoint of wanting) this.stops.add(breakpoint, end.text, { id: 'triple', description: end.text });
    const stop = this.stops.take();
    if (stop) this.stop(stop.stop, stop.fault);
  }

  private stop(stop: StopEvent, fault?: StoppingFault): void {
    this.active = false;
    this.pauseWanted = false;
    this.finishStep();
    this.listener.stopped(stop, fault);
  }

  private end(end: EndEvent): void {
    this.active = false;
    this.finishStep();
    this.listener.ended(end);
  }

  private finishStep(): void {
    this.step?.finish();
    this.step = undefined;
  }

  private atCode(linear: number): boolean {
    const { code } = this.tables;
    let stop = false;
    for (const { breakpoint, text } of code.at(linear)) {
      if (breakpoint.occur() !== 'stop') continue;
      stop = true;
      this.stops.add(breakpoint, text);
    }
    return code.temporaryAt(linear) || stop;
  }

  private stepText(): string {
    return `step at ${this.guest.nameAt(this.guest.pc)}`;
  }

  private pauseText(): string {
    return `paused at ${this.guest.nameAt(this.guest.pc)}`;
  }

  private adapt(elapsed: number): void {
    if (elapsed < CHUNK_NS / 2) this.chunk = Math.min(MAX_CHUNK, this.chunk * 2);
    else if (elapsed > CHUNK_NS * 2) this.chunk = Math.max(MIN_CHUNK, this.chunk >>> 1);
  }
}
