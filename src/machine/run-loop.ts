import { DR6_BS, DR6_BT } from './cpu/control-bits';
import type { Cpu } from './cpu/cpu';
import { FaultVerdict } from './cpu/intercepts';
import { AbortInstruction, Fault, Vector } from './cpu/fault';
import { TripleFault } from './cpu/interrupts';
import type { Operations } from './cpu/operations';
import type { CompiledTier } from './isa/compiler/tier';
import { type Interpreter, linkInterpreter } from './isa/interpreter/link';
import * as layout from './layout';
import { FLAG_IF, FLAG_RF, FLAG_TF } from './layout';
import { RunEnd } from './run';
import { instructionName } from './watched-instructions';
import { EXCEPTION_CYCLES, type VirtualClock } from './virtual-clock';

/** The interrupt controller, as the CPU's INTR pin sees it. */
export interface InterruptController {
  /** INTR is asserted. */
  readonly pending: boolean;
  /** The acknowledge cycle: the vector, and the request is in service. */
  acknowledge(): number;
  /** Line, 0-15, that a vector just acknowledged came from. */
  lineOf(vector: number): number;
}

/** After so many timers in one go of an otherwise idle guest the caller gets a turn. */
const IDLE_WAKES_PER_RUN = 64;

/** After so many exceptions in one go the caller gets a turn: a guest may fault forever without retiring anything. */
const EXCEPTIONS_PER_RUN = 4096;

/**
 * Runs the CPU: bursts of the interpreter up to the next timer, exceptions, interrupts, HLT and single steps
 * between them, and the debugger's hooks. Deterministic: what happens depends on the machine's state only.
 */
export class RunLoop {
  /** True if the guest slept in HLT for a part of the last run, so that the host may rest too. */
  idle = false;
  readonly interpreter: Interpreter;
  /** The compiled tier, if there is one. */
  tier: Pick<CompiledTier, 'compileHere' | 'missedOften'> | undefined;
  /** Instruction count at which the debugger has already stopped and is not asked again. */
  private passed = -1;
  private faultAsked = false;
  /** RF was set when the burst began: no code breakpoint of the guest is taken at its instruction. */
  private resuming = false;
  private interruptAsked = -1;
  /** INTR, as the last look at the controller found it. */
  private asserted = false;
  /** Exceptions delivered in this run. */
  private exceptions = 0;

  constructor(
    private readonly cpu: Cpu,
    private readonly clock: VirtualClock,
    private readonly interrupts: InterruptController,
  ) {
    this.interpreter = linkInterpreter({
      state: cpu.state,
      model: cpu.model.name,
      operations: cpu.operations,
      slowRead: (linear, width) => cpu.mmu.tryRead(linear, width as 1 | 2 | 4),
      slowWrite: (linear, width, value) => cpu.mmu.tryWrite(linear, width as 1 | 2 | 4, value),
      probeWrite: (linear, width) => cpu.mmu.tryProbeWrite(linear, width),
      checkAlignment: (linear, alignment) => cpu.mmu.checkAlignment(linear, alignment),
      fetchPage: (linear) => cpu.mmu.tryFetch(linear),
      checkSegment: (segment, offset, width, write) => cpu.segmentation.checkSegment(segment, offset, width, write),
      codeBreakpoint: () => this.atBreakpoint(),
      compileHere: () => this.tier?.compileHere() ?? false,
      missedOften: (slot) => this.tier?.missedOften(slot),
      beforeOperation: (name, argument) => this.beforeOperation(name, argument),
    });
    cpu.simpleDelivery = this.interpreter.deliver;
  }

  /** Goes past a code breakpoint or watched instruction at the present instruction without stopping. */
  passHere(): void {
    this.passed = this.clock.instructions;
  }

  /** Drops an exception at which the debugger has stopped: the guest goes on at EIP as if it had not happened. */
  cancelFault(): void {
    if (this.cpu.state.get(layout.FAULT) === 0) this.cpu.state.set(layout.PENDING_DEBUG, 0);
    this.cpu.state.set(layout.FAULT, 0);
    this.faultAsked = false;
  }

  /** Forgets what the debugger has been asked, as at power on. */
  reset(): void {
    this.passed = -1;
    this.faultAsked = false;
    this.interruptAsked = -1;
    this.idle = false;
  }

  /**
   * Executes until `maxInstructions` are retired or something ends it earlier. A guest that idles in HLT
   * gives the caller a turn now and then with `Budget`.
   */
  run(maxInstructions: number): RunEnd {
    const { clock } = this;
    const target = clock.instructions + maxInstructions;
    this.idle = false;
    this.exceptions = 0;
    let wakes = 0;
    for (;;) {
      clock.fireDue();
      const end = this.settleEvents();
      if (end !== undefined) return end;
      if (clock.instructions >= target || this.exceptions >= EXCEPTIONS_PER_RUN) return RunEnd.Budget;
      if (this.cpu.state.get(layout.HALTED)) {
        const woken = this.sleep();
        if (woken !== undefined) return woken;
        if (++wakes >= IDLE_WAKES_PER_RUN) return RunEnd.Budget;
        continue;
      }
      const outcome = this.burst(target - clock.instructions);
      if (outcome !== undefined) return outcome;
    }
  }

  /** Delivers what is pending at an instruction boundary: faults first, then interrupts. */
  private settleEvents(): RunEnd | undefined {
    const { state } = this.cpu;
    while (state.get(layout.FAULT) !== 0) {
      const end = this.deliverFault();
      if (end !== undefined) return end;
      if (this.exceptions >= EXCEPTIONS_PER_RUN) return RunEnd.Budget;
    }
    // In the order of priority: traps of the last instruction, NMI, external interrupts (Intel SDM vol. 3A, table 6-2).
    if (this.debugTrapDue) return this.deliverDebug();
    if (this.cpu.nmiDue) {
      this.cpu.takeNmi();
      return this.settleEvents();
    }
    if (!this.interruptible()) return undefined;
    return this.deliverInterrupt();
  }

  /** Debug traps are pending and do not have to wait for the instruction after MOV SS. */
  private get debugTrapDue(): boolean {
    return this.cpu.state.get(layout.PENDING_DEBUG) !== 0 && !this.cpu.debugShadowed;
  }

  private deliverDebug(): RunEnd | undefined {
    const { state, hooks } = this.cpu;
    if (!this.faultAsked && hooks.exception) {
      this.faultAsked = true;
      if (hooks.exception(Vector.DB, -1)) return RunEnd.Stop;
    }
    this.faultAsked = false;
    const bits = state.get(layout.PENDING_DEBUG);
    state.set(layout.PENDING_DEBUG, 0);
    this.cpu.debugTrap(bits);
    return this.settleEvents();
  }

  private deliverFault(): RunEnd | undefined {
    const { state } = this.cpu;
    if (!this.faultAsked && this.cpu.intercepts.fault) {
      const verdict = this.offerFault();
      const end = verdict === FaultVerdict.RestartOnce ? this.restartOnce() : undefined;
      // An instruction that faults again after `RestartOnce` has had its chance: that fault is delivered.
      if (end !== undefined || state.get(layout.FAULT) === 0) return end;
    }
    const vector = (state.get(layout.FAULT) - 1) as Vector;
    const errorCode = state.get(layout.FAULT_ERROR) | 0;
    if (!this.faultAsked && this.cpu.hooks.exception) {
      this.faultAsked = true;
      state.eip = state.eipStart;
      if (this.cpu.hooks.exception(vector, errorCode)) return RunEnd.Stop;
    }
    this.faultAsked = false;
    this.exceptions++;
    this.clock.charge(EXCEPTION_CYCLES);
    state.set(layout.FAULT, 0);
    state.set(layout.EXIT, 0);
    try {
      this.cpu.raise(new Fault(vector, errorCode));
    } catch (thrown) {
      if (thrown instanceof TripleFault) return RunEnd.TripleFault;
      throw thrown;
    }
    return undefined;
  }

  /** Asks the hypervisor, before the debugger sees anything. What is left in FAULT is the guest's. */
  private offerFault(): FaultVerdict {
    const { cpu, clock } = this;
    const { state } = cpu;
    const vector = (state.get(layout.FAULT) - 1) as Vector;
    const errorCode = state.get(layout.FAULT_ERROR) | 0;
    const flags = state.get(layout.EFLAGS) & (FLAG_RF | FLAG_TF);
    state.eip = state.eipStart;
    state.set(layout.EFLAGS, state.get(layout.EFLAGS) & ~FLAG_RF);
    let verdict: FaultVerdict | undefined;
    try {
      verdict = cpu.intercepts.fault?.(new Fault(vector, errorCode));
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      state.set(layout.FAULT, thrown.vector + 1);
      state.set(layout.FAULT_ERROR, thrown.errorCode);
      state.eip = state.eipStart;
    }
    if (verdict !== FaultVerdict.Emulated) state.set(layout.EFLAGS, state.get(layout.EFLAGS) | (flags & FLAG_RF));
    if (verdict === undefined || verdict === FaultVerdict.Deliver) return FaultVerdict.Deliver;
    state.set(layout.FAULT, 0);
    state.set(layout.EXIT, state.get(layout.EXIT) & ~layout.EXIT_FAULT);
    // The handled exception was no event of the guest's; but a guest that only makes these must not keep the loop.
    this.exceptions++;
    if (verdict === FaultVerdict.Emulated) {
      clock.retire();
      if (flags & FLAG_TF) state.set(layout.PENDING_DEBUG, state.get(layout.PENDING_DEBUG) | DR6_BS);
    }
    return verdict;
  }

  /** Executes the faulting instruction again, alone. */
  private restartOnce(): RunEnd | undefined {
    this.asserted = this.interrupts.pending;
    try {
      return this.burst(1);
    } finally {
      this.cpu.intercepts.afterRestart?.();
    }
  }

  private interruptible(): boolean {
    const { cpu, clock } = this;
    this.asserted = this.interrupts.pending;
    if (this.interruptAsked >= 0) return true;
    if (!this.asserted || !cpu.state.systemFlag(FLAG_IF)) return false;
    return clock.instructions >= cpu.interruptShadowUntil;
  }

  private deliverInterrupt(): RunEnd | undefined {
    // A stop before delivery must not ask the controller twice, so the vector waits here meanwhile.
    const vector = this.interruptAsked >= 0 ? this.interruptAsked : this.interrupts.acknowledge();
    if (this.interruptAsked < 0 && this.cpu.hooks.interrupt?.(this.interrupts.lineOf(vector), vector)) {
      this.interruptAsked = vector;
      return RunEnd.Stop;
    }
    this.interruptAsked = -1;
    this.cpu.interrupt(vector);
    return this.settleEvents();
  }

  /** HLT: lets time pass to the next timer. */
  private sleep(): RunEnd | undefined {
    const { clock, cpu } = this;
    if (!cpu.state.systemFlag(FLAG_IF)) return RunEnd.Dead;
    this.idle = true;
    if (clock.nextDue === Infinity) return RunEnd.Idle;
    clock.sleepUntil(clock.nextDue);
    return undefined;
  }

  /** One burst of the interpreter. */
  private burst(instructions: number): RunEnd | undefined {
    const { clock, cpu } = this;
    const { state } = cpu;
    const stepping = state.systemFlag(FLAG_TF);
    this.beginResuming();
    state.set(layout.OPERATIONS_WATCHED, cpu.hooks.instruction ? 1 : 0);
    state.set(layout.EVENTS_STAGED, this.staged);
    state.set(layout.INTERRUPT_PENDING, this.asserted ? 1 : 0);
    state.set(layout.EXIT, 0);
    state.set(layout.STRING_PENDING, 0);
    const before = clock.instructions;
    clock.beginBurst(stepping || this.resuming || this.shadowed() ? 1 : instructions);
    this.interpreter.run();
    this.exceptions += clock.endBurst();
    const exit = state.get(layout.EXIT);
    state.set(layout.EXIT, 0);
    const retired = clock.instructions > before;
    if (exit & (layout.EXIT_FAULT | layout.EXIT_ABORT)) state.eip = state.eipStart;
    this.endResuming(retired);
    const inhibited = cpu.takeStepInhibited() || cpu.debugShadowed;
    this.collectTraps(exit, stepping && retired && !inhibited);
    if (exit & layout.EXIT_SHUTDOWN) return RunEnd.Shutdown;
    if (exit & layout.EXIT_ABORT) return RunEnd.Abort;
    if (exit & layout.EXIT_BREAKPOINT) return RunEnd.Breakpoint;
    if (exit & layout.EXIT_STOP) return RunEnd.Stop;
    return undefined;
  }

  /** What of the system's events the interpreter may see to without asking, an OR of `STAGED_*`. */
  private get staged(): number {
    const { hooks, intercepts } = this.cpu;
    if (intercepts.softwareInterrupts || this.cpu.segmentation.rings.kernelLevel !== 0) return 0;
    if (hooks.exception || intercepts.fault) return layout.STAGED_GATES;
    return layout.STAGED_GATES | layout.STAGED_EXCEPTIONS;
  }

  /** RF lets one instruction pass without code breakpoints, and is clear when that is done unless it has set RF again. */
  private beginResuming(): void {
    const { state } = this.cpu;
    this.resuming = state.systemFlag(FLAG_RF);
    if (this.resuming) state.set(layout.EFLAGS, state.get(layout.EFLAGS) & ~FLAG_RF);
  }

  private endResuming(retired: boolean): void {
    const { state } = this.cpu;
    const unfinished = !retired || this.cpu.stringInProgress;
    if (this.resuming && unfinished) state.set(layout.EFLAGS, state.get(layout.EFLAGS) | FLAG_RF);
    this.resuming = false;
  }

  /** Adds a single step to the traps that are due; an instruction that faults has none of its own. */
  private collectTraps(exit: number, stepped: boolean): void {
    const { state } = this.cpu;
    let bits = state.get(layout.PENDING_DEBUG);
    if (exit & layout.EXIT_FAULT) bits &= DR6_BT;
    state.set(layout.PENDING_DEBUG, bits | (stepped ? DR6_BS : 0));
  }

  private shadowed(): boolean {
    return this.cpu.interruptShadowUntil > this.clock.instructions;
  }

  /** A code breakpoint may be at the next instruction. @returns why to leave before it, an `EXIT_*`, or 0 */
  private atBreakpoint(): number {
    const { state } = this.cpu;
    const linear = (state.segmentBase(layout.SegmentIndex.CS) + state.eip) >>> 0;
    if (this.debuggerStopsAt(linear)) return layout.EXIT_BREAKPOINT;
    return !this.resuming && this.cpu.raiseCodeBreakpoint(linear) ? layout.EXIT_FAULT : 0;
  }

  private debuggerStopsAt(linear: number): boolean {
    if (!this.cpu.hooks.codeBreakpoint || this.passed === this.clock.instructions) return false;
    if (!this.cpu.hooks.codeBreakpoint(linear)) return false;
    this.passHere();
    return true;
  }

  private beforeOperation(name: keyof Operations, argument: number): void {
    if (!this.cpu.hooks.instruction || this.passed === this.clock.instructions) return;
    const watched = instructionName(name, argument);
    if (watched === undefined || !this.cpu.hooks.instruction(watched)) return;
    this.passHere();
    throw new AbortInstruction(watched);
  }
}
