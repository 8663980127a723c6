import { Vector, vectorName } from '../../machine/cpu/fault';
import type { MachineHooks } from '../../machine/cpu/intercepts';
import { FLAG_OF } from '../../machine/layout';
import type { Guest } from '../guest/guest';
import type { EventValue } from '../expressions/scope';
import { describeFault } from '../stops/fault-text';
import { INT, U8 } from '../values/types';
import type { Breakpoint } from './breakpoint';
import type { StopCollector, StoppingFault } from './stop-collector';

/** A breakpoint on an exception. */
export interface FaultBreakpoint {
  readonly breakpoint: Breakpoint;
  readonly vector: number | '*';
}

/** A breakpoint on a hardware interrupt. */
export interface IrqBreakpoint {
  readonly breakpoint: Breakpoint;
  readonly line: number | '*';
}

/** A breakpoint on an instruction by name. */
export interface InstructionNameBreakpoint {
  readonly breakpoint: Breakpoint;
  readonly name: string;
}

/** Exceptions that instructions raise as traps of their own, by the names under which the machine watches those. */
const TRAP_INSTRUCTIONS: Readonly<Record<string, Vector>> = { int3: Vector.BP, into: Vector.OF, int1: Vector.DB };

/** Breakpoints on exceptions, interrupts and instructions: the hooks of the run loop, present only while wanted. */
export class EventBreakpoints {
  private faults: readonly FaultBreakpoint[] = [];
  private irqs: readonly IrqBreakpoint[] = [];
  private instructions: readonly InstructionNameBreakpoint[] = [];
  private vector = 0;
  private errorCode = -1;
  private line = 0;

  constructor(
    private readonly guest: Guest,
    private readonly stops: StopCollector,
  ) {}

  /** Names for conditions and log texts of exceptions and interrupts. */
  readonly faultEvents: Record<string, EventValue> = {
    vector: { type: U8, read: () => this.vector },
    error: { type: INT, read: () => this.errorCode },
  };
  readonly irqEvents: Record<string, EventValue> = {
    irq: { type: U8, read: () => this.line },
    vector: { type: U8, read: () => this.vector },
  };

  install(
    faults: readonly FaultBreakpoint[],
    irqs: readonly IrqBreakpoint[],
    instructions: readonly InstructionNameBreakpoint[],
  ): void {
    this.faults = faults;
    this.irqs = irqs;
    this.instructions = instructions;
  }

  /** The hooks that the breakpoints in force need. */
  hooks(): Pick<MachineHooks, 'exception' | 'interrupt' | 'instruction'> {
    const hooks: Pick<MachineHooks, 'exception' | 'interrupt' | 'instruction'> = {};
    if (this.faults.length > 0) hooks.exception = (vector, errorCode) => this.exception(vector, errorCode);
    if (this.irqs.length > 0) hooks.interrupt = (line, vector) => this.interrupt(line, vector);
    const traps = this.faults.some(({ vector }) => vector === '*' || Object.values(TRAP_INSTRUCTIONS).includes(vector));
    if (this.instructions.length > 0 || traps) hooks.instruction = (name) => this.instruction(name);
    return hooks;
  }

  private exception(vector: number, errorCode: number, pc = this.guest.pc): boolean {
    this.vector = vector;
    this.errorCode = errorCode;
    let stop = false;
    for (const entry of this.faults) {
      if ((entry.vector !== '*' && entry.vector !== vector) || entry.breakpoint.occur() !== 'stop') continue;
      stop = true;
      const fault: StoppingFault = {
        id: vectorName(vector),
        description: describeFault(this.guest, vector, errorCode, pc),
      };
      this.stops.add(entry.breakpoint, fault.description, fault);
    }
    return stop;
  }

  private interrupt(line: number, vector: number): boolean {
    this.line = line;
    this.vector = vector;
    let stop = false;
    for (const entry of this.irqs) {
      if ((entry.line !== '*' && entry.line !== line) || entry.breakpoint.occur() !== 'stop') continue;
      stop = true;
      const where = this.guest.nameAt(this.guest.pc);
      this.stops.add(entry.breakpoint, `IRQ ${line} (vector 0x${vector.toString(16)}) about to interrupt ${where}`);
    }
    return stop;
  }

  private instruction(name: string): boolean {
    let stop = this.trapsBy(name) && this.exception(TRAP_INSTRUCTIONS[name], -1, this.guest.executing);
    for (const entry of this.instructions) {
      if (entry.name !== name || entry.breakpoint.occur() !== 'stop') continue;
      stop = true;
      this.stops.add(entry.breakpoint, `before ${name.toUpperCase()} at ${this.guest.nameAt(this.guest.executing)}`);
    }
    return stop;
  }

  /** True if an instruction is about to trap: INTO does so only on overflow. */
  private trapsBy(name: string): boolean {
    if (!Object.hasOwn(TRAP_INSTRUCTIONS, name)) return false;
    return name !== 'into' || (this.guest.state.eflags & FLAG_OF) !== 0;
  }
}
