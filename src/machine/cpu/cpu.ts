import type { Clock } from '../clock';
import type { PhysicalMemory } from '../memory/physical';
import { ControlRegisters } from './control';
import { CpuCore } from './core';
import { DescriptorTables } from './descriptor-tables';
import { FarTransfer } from './far-transfer';
import { FastSystemCall } from './fast-system-call';
import type { Fault } from './fault';
import { FlagOperations } from './flag-operations';
import { Identification } from './identification';
import type { Intercepts, MachineHooks } from './intercepts';
import { InterruptReturn } from './interrupt-return';
import { Interrupts } from './interrupts';
import type { Mmu } from './mmu';
import { CPU_MODELS, type CpuModel, type CpuModelName } from './models';
import { MonitorCalls } from './monitor-calls';
import { buildOperations } from './operation-table';
import type { Operations } from './operations';
import { type PortBusLike, PortIo } from './port-io';
import { resetCpu } from './reset';
import type { Segmentation } from './segmentation';
import type { CpuState } from './state';
import { TaskSwitch } from './task-switch';

/** What a CPU is plugged into. */
export interface CpuParts {
  readonly memory: PhysicalMemory;
  readonly bus: PortBusLike;
  readonly clock: Clock;
  readonly model: CpuModelName;
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
  /** Who answers VMCALL: firmware by address, then the hypervisor. */
  readonly monitorCalls: MonitorCalls;
  /** The hypervisor's hooks; may be replaced at any time. */
  intercepts: Intercepts = {};
  /** The debugger's hooks, asked by the run loop. */
  hooks: MachineHooks = {};

  private readonly core: CpuCore;
  private readonly interrupts: Interrupts;

  /** The CPU is in its reset state once constructed. */
  constructor(parts: CpuParts) {
    this.model = CPU_MODELS[parts.model];
    this.core = new CpuCore(parts.memory, parts.clock, this.model);
    this.state = this.core.state;
    this.mmu = this.core.mmu;
    this.segmentation = this.core.segmentation;
    const intercepts = (): Intercepts => this.intercepts;
    const tasks = new TaskSwitch(this.core);
    const transfer = new FarTransfer(this.core, tasks);
    this.interrupts = new Interrupts(this.core, tasks);
    this.monitorCalls = new MonitorCalls(this.core, intercepts);
    this.operations = buildOperations({
      core: this.core,
      transfer,
      interruptReturn: new InterruptReturn(this.core, transfer, tasks),
      interrupts: this.interrupts,
      flags: new FlagOperations(this.core),
      control: new ControlRegisters(this.core),
      tables: new DescriptorTables(this.core),
      identification: new Identification(this.core),
      systemCall: new FastSystemCall(this.core),
      ports: new PortIo(this.core, parts.bus, intercepts),
      monitorCalls: this.monitorCalls,
    });
    this.reset();
  }

  /** Puts the processor in its state after RESET; the A20 gate and the run loop's counters stay. */
  reset(): void {
    resetCpu(this.core);
  }

  /**
   * Delivers an exception of the instruction at `eipStart`. Should delivery fault, the exception that follows
   * is left pending (FAULT, EXIT_FAULT) for the run loop to take up.
   * @throws TripleFault
   */
  raise(fault: Fault): void {
    this.interrupts.raise(fault);
  }

  /** Delivers an external interrupt or NMI at an instruction boundary and ends HLT. Faults become pending. */
  interrupt(vector: number): void {
    this.interrupts.interrupt(vector);
  }

  /** Delivers #DB as a trap at an instruction boundary; `bits` go into DR6: BS 0x4000 for a single step, BT 0x8000. */
  debugTrap(bits: number): void {
    this.interrupts.debugTrap(bits);
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
