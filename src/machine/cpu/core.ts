import type { Clock } from '../clock';
import * as layout from '../layout';
import { FLAG_IF, FLAG_RF, FLAG_TF } from '../layout';
import type { PhysicalMemory } from '../memory/physical';
import { BreakpointConditions } from './breakpoint-conditions';
import { CodeFilter } from './code-filter';
import { DR6_BREAKPOINTS } from './control-bits';
import { Fault, Vector } from './fault';
import { Mmu } from './mmu';
import type { CpuModel } from './models';
import { Segmentation } from './segmentation';
import { CpuState } from './state';

/** The local APIC as the processor reaches it by IA32_APIC_BASE. */
export interface LocalApicBase {
  /** @param value low dword of the register: base and global enable bit */
  setBase(value: number): void;
}

/** What every part of the CPU works on. */
export class CpuCore {
  readonly state: CpuState;
  readonly mmu: Mmu;
  readonly segmentation: Segmentation;
  /** The guest's breakpoints, decoded. */
  readonly conditions: BreakpointConditions;
  /** Where the interpreter asks before it executes. */
  readonly codeFilter: CodeFilter;
  /** Set by an instruction after which TF does not trap: INT n, INT3, INTO. Asked and cleared by the run loop. */
  stepInhibited = false;

  constructor(
    readonly memory: PhysicalMemory,
    readonly clock: Clock,
    readonly model: CpuModel,
    /** Undefined on a board without one. */
    readonly localApic: LocalApicBase | undefined,
  ) {
    this.state = new CpuState(memory.memory);
    this.conditions = new BreakpointConditions(this.state);
    this.codeFilter = new CodeFilter(this.state);
    this.mmu = new Mmu(this.state, memory, model, this.conditions);
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

  /** Writes EFLAGS as far as this model has the bits; the run loop looks again for interrupts, single steps and RF. */
  setFlags(value: number): void {
    const opened = value & ~this.state.get(layout.EFLAGS) & FLAG_IF;
    this.state.eflags = value & this.model.flags;
    this.segmentation.updateAccessMasks();
    if (opened || value & (FLAG_TF | FLAG_RF)) this.state.requestExit(layout.EXIT_RECHECK);
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
   * A repeated string instruction has done a part of its elements and goes on at the next burst. To be asked at an
   * instruction boundary, before an event is delivered.
   */
  get stringInProgress(): boolean {
    return this.state.get(layout.STRING_PENDING) !== 0;
  }

  // --- debug exceptions ---

  /** Puts the causes of a #DB into DR6. Breakpoint bits of earlier ones go, all others stay (Intel SDM vol. 3B, 17.2.3). */
  reportDebug(bits: number): void {
    this.state.setDr(6, (this.state.dr(6) & ~DR6_BREAKPOINTS) | bits);
  }

  /** To be called after a change of DR0-DR3, DR7 or CR4.DE. */
  debugChanged(): void {
    if (!this.conditions.refresh()) return;
    this.codeFilter.set('guest', this.conditions.code);
    this.mmu.flush();
  }

  // --- one instruction's respite ---

  /**
   * Lets no external interrupt in until the instruction after the present one is done (STI, MOV SS, POP SS); of
   * several such instructions in a row only the first one counts (Intel SDM vol. 2B, STI, MOV).
   * Relies on `Clock.instructions` being the number retired *before* the present instruction.
   */
  shadowInterrupts(): void {
    if (this.interruptShadowUntil > this.clock.instructions) return;
    this.interruptShadowUntil = this.clock.instructions + 2;
  }

  /** The same for MOV SS and POP SS, after which NMIs and debug exceptions wait, too (Intel SDM vol. 3A, 6.8.3). */
  shadowAll(): void {
    if (this.interruptShadowUntil > this.clock.instructions) return;
    this.shadowInterrupts();
    this.state.f64[layout.DEBUG_SHADOW >>> 3] = this.clock.instructions + 2;
  }

  /** An event has been delivered: its handler's first instruction is in nobody's shadow. */
  endShadow(): void {
    this.interruptShadowUntil = 0;
    this.state.f64[layout.DEBUG_SHADOW >>> 3] = 0;
  }

  /** External interrupts may be taken once this many instructions are retired. Kept in the state, so in snapshots. */
  get interruptShadowUntil(): number {
    return this.state.f64[layout.INTERRUPT_SHADOW >>> 3];
  }

  set interruptShadowUntil(instructions: number) {
    this.state.f64[layout.INTERRUPT_SHADOW >>> 3] = instructions;
  }

  /** NMIs and debug exceptions may be taken once this many instructions are retired. */
  get debugShadowUntil(): number {
    return this.state.f64[layout.DEBUG_SHADOW >>> 3];
  }
}
