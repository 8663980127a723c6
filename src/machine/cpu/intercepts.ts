import type { PortDirection, PortWidth } from '../devices/device';
import type { RegisterValue } from './model-registers';
import type { CpuidLeaf } from './models';
import type { Fault } from './fault';
import type { RingCompression } from './ring-compression';

/**
 * What the hardware tells a hypervisor about an I/O exit: the exit qualification of VT-x
 * (Intel SDM vol. 3C, table 27-5). A software VMM gets none of this and has to decode. Reused between exits.
 */
export interface IoQualification {
  port: number;
  width: PortWidth;
  direction: PortDirection;
  /** INS or OUTS. */
  string: boolean;
  /** REP prefix. */
  repeat: boolean;
  /** The port was an immediate byte, not DX. */
  immediate: boolean;
}

/** What becomes of an exception that a hypervisor was asked about. */
export enum FaultVerdict {
  /** It is the guest's. */
  Deliver,
  /** The hypervisor has carried the instruction out; EIP is where the guest goes on. */
  Emulated,
  /** The hypervisor has removed the cause: the instruction is to be executed again. */
  Restart,
  /** The same, for this one execution: then `afterRestart` is called. */
  RestartOnce,
}

/** What a hypervisor hooks into the CPU. Without one, I/O goes straight to the bus and VMCALL is #UD. */
export interface Intercepts {
  /**
   * An I/O instruction that the guest was allowed to execute. Carries out the *whole* instruction:
   * registers, memory, flags of the string forms; EIP is past the instruction already and goes back to
   * `eipStart` while elements are left. May throw `Fault` or `AbortInstruction`.
   */
  io?(qualification: IoQualification): void;
  /**
   * VMCALL, with EIP past it and `eipStart` at it.
   * @returns false where the hypervisor does not know the call: the guest gets #UD
   */
  monitorCall?(): boolean;
  /**
   * INT n of these vectors, with EIP past it and `eipStart` at it, before the guest's own table is looked at.
   * @returns false where it is none of the hypervisor's business
   */
  readonly softwareInterrupts?: Readonly<Partial<Record<number, () => boolean>>>;
  /**
   * Asked of every I/O instruction before the guest's permission is checked: a port that user programs may use too.
   * @returns true if that was the whole instruction
   */
  backdoor?(qualification: IoQualification): boolean;
  /** May change what CPUID answers. @returns EAX, EBX, ECX, EDX */
  cpuid?(leaf: number, answer: CpuidLeaf): CpuidLeaf;
  /** RDMSR at CPL 0, asked before the processor's own registers. @returns undefined where the register is not its own */
  readMsr?(index: number): RegisterValue | undefined;
  /** WRMSR, likewise. @returns false where the register is not its own. @throws Fault #GP(0) */
  writeMsr?(index: number, value: RegisterValue): boolean;
  /** Levels of the guest, where they are not the hardware's. The object stays, its members may change. */
  readonly rings?: RingCompression;
  /**
   * An exception is about to be delivered; neither the guest nor the debugger has seen it. EIP and `eipStart` are at the
   * instruction.
   * @throws Fault that takes its place
   */
  fault?(fault: Fault): FaultVerdict;
  /** An instruction was executed, or tried, after `RestartOnce`. */
  afterRestart?(): void;
}

/** A debugger's hooks into the run loop; each returns true to stop the machine there. Absent hooks cost nothing. */
export interface MachineHooks {
  /** An exception is about to be delivered; EIP is at the instruction. Not asked again for the same one after the stop. */
  exception?(vector: number, errorCode: number): boolean;
  /** An external interrupt is about to be delivered. `irq` is 0-15. */
  interrupt?(irq: number, vector: number): boolean;
  /** The next instruction's linear address is in the breakpoint filter. */
  codeBreakpoint?(linear: number): boolean;
  /** A watched instruction (see `Machine.watchInstructions`) is about to execute. */
  instruction?(name: string): boolean;
}
