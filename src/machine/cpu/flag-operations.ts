import * as layout from '../layout';
import { FLAG_IF, FLAG_IOPL, FLAG_RF, FLAG_VIF, FLAG_VIP, FLAG_VM } from '../layout';
import type { CpuCore } from './core';
import { Fault, Vector } from './fault';
import type { OperandSize } from './operations';

/**
 * PUSHF, POPF, CLI, STI and HLT (Intel SDM vol. 2). Virtual-8086 mode extensions would answer here
 * where V86 mode with IOPL < 3 now gets #GP.
 */
export class FlagOperations {
  constructor(private readonly core: CpuCore) {}

  /** @throws Fault #GP(0) in V86 mode with IOPL < 3; #SS, #PF */
  pushFlags(size: OperandSize): void {
    this.checkV86();
    this.core.segmentation.push(this.core.state.eflags & ~(FLAG_VM | FLAG_RF), size);
  }

  /** @throws Fault #GP(0) in V86 mode with IOPL < 3; #SS, #PF */
  popFlags(size: OperandSize): void {
    this.checkV86();
    const { state, segmentation } = this.core;
    const popped = segmentation.pop(size);
    let kept = FLAG_VM | FLAG_VIF | FLAG_VIP;
    if (state.cpl > 0) kept |= FLAG_IOPL;
    if (state.cpl > state.iopl) kept |= FLAG_IF;
    // V86 code may use POPF only at IOPL 3, where it may change IF but not IOPL: CPL 3 says the same.
    const loaded = size === 4 ? ~kept : 0xffff & ~kept;
    this.core.setFlags((state.eflags & ~loaded & ~FLAG_RF) | (popped & loaded & ~FLAG_RF));
  }

  /** CLI. @throws Fault #GP(0) */
  clearInterruptFlag(): void {
    this.checkIopl();
    const { state } = this.core;
    state.set(layout.EFLAGS, state.get(layout.EFLAGS) & ~FLAG_IF);
  }

  /** STI: interrupts stay out for one more instruction if they were off. @throws Fault #GP(0) */
  setInterruptFlag(): void {
    this.checkIopl();
    const { state } = this.core;
    if (state.systemFlag(FLAG_IF)) return;
    state.set(layout.EFLAGS, state.get(layout.EFLAGS) | FLAG_IF);
    this.core.shadowInterrupts();
    state.requestExit(layout.EXIT_RECHECK);
  }

  /** HLT. @throws Fault #GP(0) unless CPL is 0 */
  halt(): void {
    this.core.checkPrivileged();
    this.core.state.set(layout.HALTED, 1);
    this.core.state.requestExit(layout.EXIT_HALT);
  }

  private checkV86(): void {
    if (this.core.state.v86 && this.core.state.iopl < 3) throw new Fault(Vector.GP, 0);
  }

  private checkIopl(): void {
    const { state } = this.core;
    if (state.protectedMode && state.cpl > state.iopl) throw new Fault(Vector.GP, 0);
  }
}
