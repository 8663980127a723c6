import type { Clock } from '../clock';
import { type ErrorPins, NO_PINS } from '../fpu/error-reporting';
import { Fpu } from '../fpu/fpu';
import * as layout from '../layout';
import type { PhysicalMemory } from '../memory/physical';
import type { CodeFilter } from './code-filter';
import { ControlRegisters } from './control';
import { CpuCore, type LocalApicBase } from './core';
import { DebugRegisters } from './debug-registers';
import { DescriptorTables } from './descriptor-tables';
import { FarTransfer } from './far-transfer';
import { FastSystemCall } from './fast-system-call';
import { FEATURE_SSE } from './features';
import { type Fault, Vector } from './fault';
import { FlagOperations } from './flag-operations';
import { Identification } from './identification';
import type { Intercepts, MachineHooks } from './intercepts';
import { InterruptReturn } from './interrupt-return';
import { Interrupts, type SimpleDelivery } from './interrupts';
import type { Mmu } from './mmu';
import { CPU_MODELS, type CpuModel, type CpuModelName } from './models';
import { MonitorCalls } from './monitor-calls';
import { buildOperations } from './operation-table';
import type { Operations } from './operations';
import { type PortBusLike, PortIo } from './port-io';
import { resetCpu } from './reset';
import { NO_COMPRESSION } from './ring-compression';
import type { Segmentation } from './segmentation';
import { SseImage } from './sse-image';
import type { CpuState } from './state';
import { TaskSwitch } from './task-switch';

/** What a CPU is plugged into. */
export interface CpuParts {
  readonly memory: PhysicalMemory;
  readonly bus: PortBusLike;
  readonly clock: Clock;
  readonly model: CpuModelName;
  /** Where floating-point errors are reported; nowhere if left out. */
  readonly fpuPins?: ErrorPins;
  readonly localApic?: LocalApicBase;
}

/**
 * The i386-family processor without its instruction table: memory management, segmentation, privilege,
 * exceptions, and the intricate instructions (`operations`) that the table calls.
 */
export class Cpu {
  readonly state: CpuState;
  readonly mmu: Mmu;
  readonly segmentation: Segmentation;
  readonly model: CpuModel;
  readonly operations: Operations;
  readonly fpu: Fpu;
  /** Who answers VMCALL: firmware by address, then the hypervisor. */
  readonly monitorCalls: MonitorCalls;
  /** The debugger's hooks, asked by the run loop. */
  hooks: MachineHooks = {};

  private readonly core: CpuCore;
  private readonly interrupts: Interrupts;
  private readonly interruptReturn: InterruptReturn;
  private readonly transfer: FarTransfer;
  private hypervisor: Intercepts = {};

  /** The CPU is in its reset state once constructed. */
  constructor(parts: CpuParts) {
    this.model = CPU_MODELS[parts.model];
    this.core = new CpuCore(parts.memory, parts.clock, this.model, parts.localApic);
    this.state = this.core.state;
    this.mmu = this.core.mmu;
    this.segmentation = this.core.segmentation;
    const intercepts = (): Intercepts => this.hypervisor;
    const tasks = new TaskSwitch(this.core);
    const transfer = new FarTransfer(this.core, tasks);
    this.transfer = transfer;
    this.interrupts = new Interrupts(this.core, tasks, intercepts);
    this.interruptReturn = new InterruptReturn(this.core, transfer, tasks);
    this.monitorCalls = new MonitorCalls(this.core, intercepts);
    this.fpu = new Fpu(
      this.core,
      parts.fpuPins ?? NO_PINS,
      this.model.features & FEATURE_SSE ? [new SseImage(this.core)] : [],
    );
    this.operations = buildOperations({
      core: this.core,
      transfer,
      interruptReturn: this.interruptReturn,
      interrupts: this.interrupts,
      flags: new FlagOperations(this.core),
      control: new ControlRegisters(this.core),
      debug: new DebugRegisters(this.core),
      tables: new DescriptorTables(this.core),
      identification: new Identification(this.core, intercepts),
      systemCall: new FastSystemCall(this.core),
      ports: new PortIo(this.core, parts.bus, intercepts),
      monitorCalls: this.monitorCalls,
      fpu: this.fpu,
    });
    this.reset();
  }

  /** The hypervisor's hooks; may be replaced at any time. */
  get intercepts(): Intercepts {
    return this.hypervisor;
  }

  set intercepts(hypervisor: Intercepts) {
    this.hypervisor = hypervisor;
    this.segmentation.rings = hypervisor.rings ?? NO_COMPRESSION;
  }

  /**
   * Does something as level 0 would, whatever the present level: for hypervisors and debuggers. What the work itself does
   * to the level stays.
   */
  atLevelZero<T>(work: () => T): T {
    const level = this.state.cpl;
    this.state.set(layout.CPL, 0);
    try {
      return work();
    } finally {
      if (this.state.cpl === 0 && level > 0) this.segmentation.setCpl(level);
    }
  }

  /**
   * IRET on behalf of a compressed kernel, whatever the level: to V86 mode, too, with IF from the image, and with levels
   * below the kernel's taken for that. IOPL stays.
   * @param skip bytes on the stack above the frame
   * @throws Fault, before anything has changed
   */
  returnFromKernel(size: 2 | 4, skip: number): void {
    this.interruptReturn.compressed(size, skip);
  }

  /** RETF likewise; `release` bytes of arguments are dropped. @throws Fault, before anything has changed */
  farReturnFromKernel(size: 2 | 4, release: number): void {
    this.transfer.return(size, release, true);
  }

  /** Lets the interpreter deliver what is simple. */
  set simpleDelivery(delivery: SimpleDelivery) {
    this.interrupts.simple = delivery;
  }

  /** Puts the processor in its state after RESET; the A20 gate and the run loop's counters stay. */
  reset(): void {
    resetCpu(this.core);
    this.fpu.reset();
  }

  /**
   * Delivers an exception of the instruction at `eipStart`. Should delivery fault, the exception that follows
   * is left pending (FAULT, EXIT_FAULT) for the run loop to take up.
   * @throws TripleFault
   */
  raise(fault: Fault): void {
    this.interrupts.raise(fault);
  }

  /** Delivers an external interrupt at an instruction boundary and ends HLT. Faults become pending. */
  interrupt(vector: number): void {
    this.interrupts.interrupt(vector);
  }

  /**
   * Signals a non-maskable interrupt. The run loop takes it at an instruction boundary, also out of HLT; one that
   * comes while another is handled (up to IRET) waits, more than one are one.
   */
  requestNmi(): void {
    this.state.set(layout.NMI_PENDING, 1);
    this.state.requestExit(layout.EXIT_RECHECK);
  }

  /** True if an NMI is to be taken at this instruction boundary. */
  get nmiDue(): boolean {
    const { state } = this;
    return state.get(layout.NMI_PENDING) !== 0 && state.get(layout.NMI_BLOCKED) === 0 && !this.debugShadowed;
  }

  /** Delivers the NMI that waits and blocks others up to the next IRET. */
  takeNmi(): void {
    this.interrupts.nonMaskable();
  }

  /** Delivers #DB as a trap at an instruction boundary; `bits` go into DR6: BS 0x4000, BT 0x8000, B0-B3 0xf. */
  debugTrap(bits: number): void {
    this.interrupts.debugTrap(bits);
  }

  /** True while debug traps and NMIs have to wait for one instruction (MOV SS, POP SS). */
  get debugShadowed(): boolean {
    return this.core.debugShadowUntil > this.core.clock.instructions;
  }

  /** A repeated string instruction at EIP has done a part of its elements. */
  get stringInProgress(): boolean {
    return this.core.stringInProgress;
  }

  /** Which code breakpoints the interpreter has to ask about, of the debugger and of the guest. */
  get codeFilter(): CodeFilter {
    return this.core.codeFilter;
  }

  /**
   * A code breakpoint of the guest's debug registers at the next instruction: #DB, a fault, becomes pending.
   * @returns false if there is none
   */
  raiseCodeBreakpoint(linear: number): boolean {
    const bits = this.core.conditions.codeAt(linear);
    if (bits === 0 || this.debugShadowed) return false;
    this.core.reportDebug(bits);
    this.core.restartAt(this.state.eip);
    this.state.set(layout.FAULT, Vector.DB + 1);
    this.state.set(layout.FAULT_ERROR, -1);
    return true;
  }

  /**
   * Works out again what follows from the state but is not kept in it; to be called after the state was written from
   * outside (a snapshot, a debugger).
   */
  stateReplaced(): void {
    this.core.debugChanged();
    this.segmentation.updateAccessMasks();
    this.mmu.flush();
  }

  /** Whether the instruction just executed keeps TF from trapping after it; asking clears it. */
  takeStepInhibited(): boolean {
    const inhibited = this.core.stepInhibited;
    this.core.stepInhibited = false;
    return inhibited;
  }

  /** External interrupts may be taken once this many instructions are retired (after STI and MOV SS). */
  get interruptShadowUntil(): number {
    return this.core.interruptShadowUntil;
  }
}
