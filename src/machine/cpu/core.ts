import type { Clock } from '../clock';
import * as layout from '../layout';
import type { PhysicalMemory } from '../memory/physical';
import { Fault, Vector } from './fault';
import { Mmu } from './mmu';
import type { CpuModel } from './models';
import { Segmentation } from './segmentation';
import { CpuState } from './state';

/** What every part of the CPU works on. */
export class CpuCore {
  readonly state: CpuState;
  readonly mmu: Mmu;
  readonly segmentation: Segmentation;
  /** Set by an instruction after which TF does not trap: INT n, INT3, INTO, loads of SS. Asked and cleared by the run loop. */
  stepInhibited = false;

  constructor(
    readonly memory: PhysicalMemory,
    readonly clock: Clock,
    readonly model: CpuModel,
  ) {
    this.state = new CpuState(memory.memory);
    this.mmu = new Mmu(this.state, memory);
    this.segmentation = new Segmentation(this.state, this.mmu);
  }

  /** Protected mode and not V86: descriptors count. */
  get usesDescriptors(): boolean {
    return this.state.protectedMode && !this.state.v86;
  }

  /** For instructions of the operating system. @throws Fault #GP(0) unless CPL is 0 */
  checkPrivileged(): void {
    if (this.state.cpl !== 0) throw new Fault(Vector.GP, 0);
  }

  /** For instructions that came with a later processor. @throws Fault #UD if the model is older */
  checkFamily(family: number): void {
    if (this.model.family < family) throw new Fault(Vector.UD);
  }

  /** Writes EFLAGS as far as this model has the bits; the run loop looks again for interrupts and single steps. */
  setFlags(value: number): void {
    const opened = value & ~this.state.get(layout.EFLAGS) & layout.FLAG_IF;
    this.state.eflags = value & this.model.flags;
    if (opened || value & layout.FLAG_TF) this.state.requestExit(layout.EXIT_RECHECK);
  }

  /** Sends execution to an offset in CS as if an instruction began there: faults from here on restart at it. */
  restartAt(eip: number): void {
    this.state.eip = eip;
    this.state.set(layout.IP_START, eip);
  }

  /** Loads ESP for the present SS; on a 16-bit stack the upper half stays as it is, as on hardware. */
  setStackPointer(value: number): void {
    if (this.state.get(layout.STACK_32)) this.state.setReg(layout.Register.ESP, value);
    else this.state.setReg16(layout.Register.ESP, value);
  }

  /**
   * Lets no external interrupt in until the instruction after the present one is done (STI, MOV SS, POP SS).
   * Counts on `Clock.instructions` being the number retired *before* the present instruction.
   */
  shadowInterrupts(): void {
    this.interruptShadowUntil = this.clock.instructions + 2;
  }

  /** External interrupts may be taken once this many instructions are retired. Kept in the state, so in snapshots. */
  get interruptShadowUntil(): number {
    return this.state.f64[layout.INTERRUPT_SHADOW >>> 3];
  }

  set interruptShadowUntil(instructions: number) {
    this.state.f64[layout.INTERRUPT_SHADOW >>> 3] = instructions;
  }
}
