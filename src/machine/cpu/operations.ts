import type { SegmentIndex } from '../layout';

/** Operand size of an instruction in bytes. */
export type OperandSize = 2 | 4;

/**
 * The rare, intricate instructions: plain TypeScript over the same memory, called by name from the
 * instruction table in every tier. Arguments are values already read (sign does not matter: take `>>> 0`),
 * results are returned as numbers. Each throws `Fault` (or `AbortInstruction`) before it has changed
 * anything that the guest can see, except where the architecture says otherwise.
 *
 * While one runs, EIP is already past the instruction and `state.eipStart` is at it.
 * Memory operands come as (segment, offset) pairs. All raise the faults that the manual gives for them.
 */
export interface Operations {
  /** MOV and POP to a segment register. CS is never given. Interrupts and single steps wait one instruction after SS. */
  loadSegment(segment: SegmentIndex, selector: number): void;
  /** The same for LDS, LES, LFS, LGS and LSS: as LSS loads ESP too, nothing has to wait after it. */
  loadFarSegment(segment: SegmentIndex, selector: number): void;
  farJump(selector: number, offset: number, size: OperandSize): void;
  farCall(selector: number, offset: number, size: OperandSize): void;
  /** RETF; `release` bytes of arguments are dropped. */
  farReturn(size: OperandSize, release: number): void;
  interruptReturn(size: OperandSize): void;
  /** INT n, INT3 (vector 3 without IOPL check in V86 mode), INTO when OF is set, INT1. */
  softwareInterrupt(vector: number): void;
  breakpointInterrupt(): void;
  overflowInterrupt(): void;
  debugInterrupt(): void;

  pushFlags(size: OperandSize): void;
  popFlags(size: OperandSize): void;
  clearInterruptFlag(): void;
  setInterruptFlag(): void;
  halt(): void;

  readControl(index: number): number;
  writeControl(index: number, value: number): void;
  readDebug(index: number): number;
  writeDebug(index: number, value: number): void;
  /** Test registers of 386 and 486, 0-7: #UD for those that the model does not have. */
  readTest(index: number): number;
  writeTest(index: number, value: number): void;
  clearTaskSwitched(): void;
  loadMachineStatus(value: number): void;
  storeMachineStatus(): number;

  loadGdt(segment: SegmentIndex, offset: number, size: OperandSize): void;
  loadIdt(segment: SegmentIndex, offset: number, size: OperandSize): void;
  storeGdt(segment: SegmentIndex, offset: number, size: OperandSize): void;
  storeIdt(segment: SegmentIndex, offset: number, size: OperandSize): void;
  loadLdt(selector: number): void;
  loadTask(selector: number): void;
  storeLdt(): number;
  storeTask(): number;
  /** LAR and LSL: the rights or the limit, and ZF set; or ZF clear and the old destination value given back. */
  loadAccessRights(selector: number, old: number): number;
  loadSegmentLimit(selector: number, old: number): number;
  /** VERR and VERW: set or clear ZF. */
  verifyRead(selector: number): void;
  verifyWrite(selector: number): void;

  invalidatePage(segment: SegmentIndex, offset: number): void;
  writeBackCaches(): void;
  cpuid(): void;
  readTimestamp(): void;
  /** RDPMC. */
  readCounter(): void;
  readMsr(): void;
  writeMsr(): void;
  /** LDMXCSR: #GP(0) for bits that the model does not have. */
  loadMxcsr(value: number): void;
  systemEnter(): void;
  systemExit(): void;
  /** VMCALL: a call into the firmware or the hypervisor; #UD where nobody answers. */
  monitorCall(): void;

  /**
   * ESC or WAIT while the x87 has an unmasked exception pending: #MF, or 0 where the processor has to wait before the
   * instruction until an interrupt comes, or 1 to go on all the same.
   */
  fpuReportError(): number;
  /** An instruction has set or cleared ES. */
  fpuErrorChanged(): void;
  fpuInitialize(): void;
  /** Images of the x87 in memory: FNSTENV, FLDENV, FNSAVE, FRSTOR, FXSAVE, FXRSTOR. */
  fpuStoreEnvironment(segment: SegmentIndex, offset: number, size: OperandSize): void;
  fpuLoadEnvironment(segment: SegmentIndex, offset: number, size: OperandSize): void;
  fpuSave(segment: SegmentIndex, offset: number, size: OperandSize): void;
  fpuRestore(segment: SegmentIndex, offset: number, size: OperandSize): void;
  fxSave(segment: SegmentIndex, offset: number): void;
  fxRestore(segment: SegmentIndex, offset: number): void;
  /** Function number `index` of the values at two host pointers; see `computeTranscendental`. */
  fpuTranscendental(index: number, st0: number, st1: number): number;

  /**
   * IN and OUT. The permission of the guest (CPL, IOPL, I/O bitmap) is checked, then the access goes to the
   * hypervisor's intercept or to the bus. Results go to AL, AX or EAX.
   * @param width 1, 2 or 4
   * @param immediate 1 if the port is an immediate byte, 0 if it is DX
   */
  portIn(port: number, width: number, immediate: number): void;
  portOut(port: number, width: number, immediate: number): void;
  /**
   * INS and OUTS, with REP when the prefix is there: as many elements as REMAINING allows; while elements are
   * left, EIP goes back to the instruction. Each element counts as one retired instruction.
   */
  portInString(width: number): void;
  portOutString(width: number): void;
}
