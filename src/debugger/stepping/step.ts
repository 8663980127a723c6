import type { MachineHooks } from '../../machine/cpu/intercepts';
import { RunEnd } from '../../machine/run';
import type { CodeBreakpoints } from '../breakpoints/code-breakpoints';
import type { Disassembler } from '../disassembly/disassembler';
import type { Guest } from '../guest/guest';
import { Detour } from './detour';
import { InstructionKinds, type SteppedInstruction } from './instruction-kind';

/** A step on its way. */
export interface Step {
  /**
   * Moves on by at most about `budget` instructions.
   * @returns `arrived` when the step is done; how the machine stopped otherwise, `Budget` if it is to be called again
   */
  advance(budget: number): RunEnd | 'arrived';
  /** Told of what the run loop delivers meanwhile. */
  readonly hooks: Pick<MachineHooks, 'exception' | 'interrupt'>;
  /** Takes back what the step has set up. */
  finish(): void;
}

/** What the steps are made with. */
export interface SteppingTools {
  readonly guest: Guest;
  readonly code: CodeBreakpoints;
  readonly disassembler: Disassembler;
}

/** The instruction that has just been executed, and where it was. */
export interface Executed extends SteppedInstruction, Place {}

/** A linear address, with the stack pointer there. */
export interface Place {
  readonly address: number;
  readonly stack: number;
}

/** Where a step is after an instruction: there, on its way, or to be continued at full speed. */
export type Progress = 'arrived' | 'on';

/**
 * Steps instruction by instruction, at full speed through what the step does not want to see: calls, repeated string
 * instructions, handlers of interrupts and exceptions. What is a call to be entered and where the step ends is up to
 * the kind of step.
 */
export abstract class InstructionwiseStep implements Step {
  protected readonly guest: Guest;
  protected readonly detour: Detour;
  private readonly kinds: InstructionKinds;
  /** Where the guest was when something was delivered during the last instruction. */
  private delivered: Place | undefined;
  /** The instruction whose rest is being run at full speed. */
  private underWay: Executed | undefined;
  /** The instruction that a handler was entered at before it was complete. */
  private interrupted: Executed | undefined;

  constructor({ guest, code, disassembler }: SteppingTools) {
    this.guest = guest;
    this.detour = new Detour(guest, code);
    this.kinds = new InstructionKinds(disassembler);
  }

  readonly hooks = {
    exception: (): boolean => this.noteDelivery(),
    interrupt: (): boolean => this.noteDelivery(),
  };

  advance(budget: number): RunEnd | 'arrived' {
    const { machine } = this.guest;
    const last = machine.clock.instructions + budget;
    // An idle guest retires nothing: the turns are counted too.
    for (let turns = 0; turns < budget && machine.clock.instructions < last; turns++) {
      const outcome = this.detour.active ? this.follow(last - machine.clock.instructions) : this.single();
      if (outcome !== RunEnd.Budget) return outcome;
    }
    return RunEnd.Budget;
  }

  finish(): void {
    this.detour.cancel();
  }

  /** True if a call is to be run through rather than entered. */
  protected abstract readonly overCalls: boolean;

  /** Called after every instruction, calls that are run through included. May begin a detour. */
  protected abstract executed(instruction: Executed): Progress;

  /** Called when a detour that `executed` began is over. */
  protected detourDone(): Progress {
    return 'arrived';
  }

  private single(): RunEnd | 'arrived' {
    const { guest } = this;
    const address = guest.pc;
    const stack = guest.stackPointer;
    const before = guest.machine.clock.instructions;
    const instruction: Executed = { ...this.kinds.at(address), address, stack };
    this.delivered = undefined;
    const end = guest.machine.run(1);
    if (this.delivered) this.returnFromHandler(this.delivered, instruction);
    if (end !== RunEnd.Budget) return end;
    if (this.detour.active) return RunEnd.Budget;
    if (guest.machine.clock.instructions === before) return RunEnd.Budget;
    return this.settle(instruction);
  }

  /** Decides what comes after an instruction that has been executed, at least its first part. */
  private settle(instruction: Executed): RunEnd | 'arrived' {
    const { guest } = this;
    const { kind, address, length, stack } = instruction;
    const next = (address + length) >>> 0;
    if (kind === 'repeat' && guest.pc === address) {
      this.runTo(instruction, next, stack);
    } else if (kind === 'call' && this.overCalls && guest.pc !== next) {
      this.runTo(instruction, next, stack);
    } else {
      return this.report(this.executed(instruction));
    }
    return RunEnd.Budget;
  }

  private runTo(instruction: Executed, address: number, stack: number): void {
    this.underWay = instruction;
    this.detour.begin({ address, stack });
  }

  /** The handler is run through: until the interrupted instruction, or the one after it, is reached on the same stack. */
  private returnFromHandler(at: Place, instruction: Executed): void {
    if (this.guest.pc === at.address && this.guest.stackPointer === at.stack) return;
    // An interrupt that came after the instruction: it is complete and has still to be looked at.
    const complete = at.address !== instruction.address;
    this.underWay = complete ? instruction : undefined;
    this.interrupted = complete ? undefined : instruction;
    const skipped = (at.address + this.kinds.at(at.address).length) >>> 0;
    this.detour.begin(at, { address: skipped, stack: at.stack });
  }

  private follow(budget: number): RunEnd | 'arrived' {
    const end = this.guest.machine.run(budget);
    if (!this.detour.takeArrival()) return end;
    const { underWay, interrupted } = this;
    this.underWay = undefined;
    this.interrupted = undefined;
    if (underWay) return this.report(this.executed(underWay));
    if (!interrupted) return this.report(this.detourDone());
    // The handler has either let the instruction be tried again, or stood in for it.
    return this.guest.pc === interrupted.address ? RunEnd.Budget : this.report(this.executed(interrupted));
  }

  private report(progress: Progress): RunEnd | 'arrived' {
    return progress === 'arrived' ? 'arrived' : RunEnd.Budget;
  }

  private noteDelivery(): boolean {
    this.delivered ??= { address: this.guest.pc, stack: this.guest.stackPointer };
    return false;
  }
}
