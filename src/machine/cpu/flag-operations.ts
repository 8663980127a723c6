import * as layout from '../layout';
import { FLAG_IF, FLAG_IOPL, FLAG_RF, FLAG_TF, FLAG_VIF, FLAG_VIP, FLAG_VM } from '../layout';
import { CR4_PVI, CR4_VME } from './control-bits';
import type { CpuCore } from './core';
import { Fault, Vector } from './fault';
import type { OperandSize } from './operations';

/** V86 mode with IOPL < 3, where CR4.VME gives the program a virtual interrupt flag for 16-bit operands. */
export function virtualInterrupts(core: CpuCore, size: OperandSize): boolean {
  const { state } = core;
  if (!state.v86 || state.iopl === 3) return false;
  if (!(state.cr(4) & CR4_VME) || size === 4) throw new Fault(Vector.GP, 0);
  return true;
}

/** FLAGS as such a program sees them: IOPL 3, and VIF in the place of IF. */
export function virtualFlags(eflags: number): number {
  const image = (eflags | FLAG_IOPL) & ~FLAG_IF;
  return eflags & FLAG_VIF ? image | FLAG_IF : image;
}

/**
 * EFLAGS after such a program has popped FLAGS: IF goes to VIF, IOPL stays.
 * @throws Fault #GP(0) if TF is set, or IF while the monitor has an interrupt pending (VIP)
 */
export function mergeVirtualFlags(eflags: number, popped: number): number {
  if (popped & FLAG_TF || (popped & FLAG_IF && eflags & FLAG_VIP)) throw new Fault(Vector.GP, 0);
  const loaded = 0xffff & ~(FLAG_IF | FLAG_IOPL);
  const merged = (eflags & ~loaded & ~(FLAG_VIF | FLAG_RF)) | (popped & loaded);
  return popped & FLAG_IF ? merged | FLAG_VIF : merged;
}

/** PUSHF, POPF, CLI, STI and HLT (Intel SDM vol. 2; vol. 3B, 20.3 and 20.4 for the virtual interrupt flag). */
export class FlagOperations {
  constructor(private readonly core: CpuCore) {}

  /** @throws Fault #GP(0) in V86 mode with IOPL < 3 unless VME helps; #SS, #PF, #AC */
  pushFlags(size: OperandSize): void {
    const { state, segmentation } = this.core;
    const flags = state.eflags & ~(FLAG_VM | FLAG_RF);
    segmentation.push(virtualInterrupts(this.core, size) ? virtualFlags(flags) : flags, size);
  }

  /** @throws Fault #GP(0) in V86 mode with IOPL < 3 unless VME helps; #SS, #PF, #AC */
  popFlags(size: OperandSize): void {
    const { state, segmentation } = this.core;
    const virtual = virtualInterrupts(this.core, size);
    const stack = segmentation.stack();
    const popped = stack.pop(size);
    if (virtual) {
      const merged = mergeVirtualFlags(state.eflags, popped);
      segmentation.commitStack(stack);
      this.core.setFlags(merged);
      return;
    }
    segmentation.commitStack(stack);
    let kept = FLAG_VM | FLAG_VIF | FLAG_VIP;
    if (state.cpl > 0) kept |= FLAG_IOPL;
    if (state.cpl > state.iopl) kept |= FLAG_IF;
    // V86 code gets here only at IOPL 3, where it may change IF but not IOPL: CPL 3 says the same.
    const loaded = size === 4 ? ~kept : 0xffff & ~kept;
    this.core.setFlags((state.eflags & ~loaded & ~FLAG_RF) | (popped & loaded & ~FLAG_RF));
  }

  /** CLI, of IF or VIF. @throws Fault #GP(0) */
  clearInterruptFlag(): void {
    const { state } = this.core;
    const flag = this.writableInterruptFlag();
    state.set(layout.EFLAGS, state.get(layout.EFLAGS) & ~flag);
  }

  /** STI, of IF or VIF: interrupts stay out for one more instruction if IF was clear. @throws Fault #GP(0) */
  setInterruptFlag(): void {
    const { state } = this.core;
    const flag = this.writableInterruptFlag();
    if (flag === FLAG_VIF && state.systemFlag(FLAG_VIP)) throw new Fault(Vector.GP, 0);
    if (state.systemFlag(flag)) return;
    state.set(layout.EFLAGS, state.get(layout.EFLAGS) | flag);
    if (flag === FLAG_VIF) return;
    this.core.shadowInterrupts();
    state.requestExit(layout.EXIT_RECHECK);
  }

  /** HLT. @throws Fault #GP(0) unless CPL is 0 */
  halt(): void {
    this.core.checkPrivileged();
    this.core.state.set(layout.HALTED, 1);
    this.core.state.requestExit(layout.EXIT_HALT);
  }

  /** IF where IOPL allows it; else VIF in V86 mode with VME and at CPL 3 with PVI. @throws Fault #GP(0) */
  private writableInterruptFlag(): number {
    const { state } = this.core;
    if (!state.protectedMode || state.cpl <= state.iopl) return FLAG_IF;
    const extension = state.v86 ? CR4_VME : CR4_PVI;
    if (state.cpl === 3 && state.cr(4) & extension) return FLAG_VIF;
    throw new Fault(Vector.GP, 0);
  }
}
