import * as layout from '../layout';
import { FLAG_IF, FLAG_IOPL, FLAG_NT, FLAG_RF, FLAG_VIF, FLAG_VIP, FLAG_VM, SegmentIndex } from '../layout';
import type { CpuCore } from './core';
import { Fault, Vector } from './fault';
import { mergeVirtualFlags, virtualInterrupts } from './flag-operations';
import type { FarTransfer } from './far-transfer';
import type { OperandSize } from './operations';
import type { StackCursor } from './stack';
import type { TaskSwitch } from './task-switch';

/** Flags that neither IRET in real nor in V86 mode changes. */
const VIRTUAL_FLAGS = FLAG_VM | FLAG_VIF | FLAG_VIP;

/** IRET in all its forms (Intel SDM vol. 2A, IRET). */
export class InterruptReturn {
  constructor(
    private readonly core: CpuCore,
    private readonly transfer: FarTransfer,
    private readonly tasks: TaskSwitch,
  ) {}

  /** @throws Fault */
  execute(size: OperandSize): void {
    const { state } = this.core;
    // Even an IRET that faults lets the next NMI in (Intel SDM vol. 3C, 27.2.3).
    state.set(layout.NMI_BLOCKED, 0);
    if (state.get(layout.NMI_PENDING)) state.requestExit(layout.EXIT_RECHECK);
    if (!state.protectedMode) this.returnReal(size, VIRTUAL_FLAGS);
    else if (state.v86) {
      if (virtualInterrupts(this.core, size)) this.returnVirtual();
      else this.returnReal(size, VIRTUAL_FLAGS | FLAG_IOPL);
    } else if (state.systemFlag(FLAG_NT)) {
      this.tasks.returnToLink({ eip: state.eip, eflags: state.eflags });
    } else this.returnProtected(size);
  }

  /** IRET of a compressed kernel, as its hypervisor does it: see `Cpu.returnFromKernel`. @throws Fault */
  compressed(size: OperandSize, skip: number): void {
    const { state, segmentation } = this.core;
    state.set(layout.NMI_BLOCKED, 0);
    if (state.get(layout.NMI_PENDING)) state.requestExit(layout.EXIT_RECHECK);
    const stack = segmentation.stack();
    stack.skip(skip);
    const target = stack.pop(size);
    const selector = stack.pop(size) & 0xffff;
    const flags = stack.pop(size);
    if (size === 4 && flags & FLAG_VM) {
      this.returnToV86(stack, selector, target, flags & ~FLAG_IOPL);
      return;
    }
    const merged = merge(state.eflags, flags, size, FLAG_VM | FLAG_IOPL | FLAG_VIF | FLAG_VIP);
    this.leave(stack, segmentation.compressSelector(selector), target, size, merged);
  }

  private returnReal(size: OperandSize, kept: number): void {
    const { state, segmentation } = this.core;
    const stack = segmentation.stack();
    const target = stack.pop(size);
    const selector = stack.pop(size);
    const flags = stack.pop(size);
    this.transfer.enterReal(selector, target);
    segmentation.commitStack(stack);
    this.core.setFlags(merge(state.eflags, flags, size, kept));
  }

  /** V86 mode with VME and IOPL < 3. */
  private returnVirtual(): void {
    const { state, segmentation } = this.core;
    const stack = segmentation.stack();
    const target = stack.pop(2);
    const selector = stack.pop(2);
    const merged = mergeVirtualFlags(state.eflags, stack.pop(2));
    this.transfer.enterReal(selector, target);
    segmentation.commitStack(stack);
    this.core.setFlags(merged);
  }

  private returnProtected(size: OperandSize): void {
    const { state, segmentation } = this.core;
    const stack = segmentation.stack();
    const target = stack.pop(size);
    const selector = stack.pop(size) & 0xffff;
    const flags = stack.pop(size);
    if (size === 4 && flags & FLAG_VM && state.cpl === 0) {
      this.returnToV86(stack, selector, target, flags);
      return;
    }
    // What a less privileged program may not change is decided by the level that executes IRET.
    let kept = FLAG_VM;
    if (state.cpl > 0) kept |= FLAG_IOPL | FLAG_VIF | FLAG_VIP;
    if (state.cpl > state.iopl) kept |= FLAG_IF;
    const merged = merge(state.eflags, flags, size, kept);
    this.leave(stack, selector, target, size, merged);
  }

  /** Last part of IRET in protected mode: same or outer level. */
  private leave(stack: StackCursor, selector: number, target: number, size: OperandSize, eflags: number): void {
    const { state, segmentation } = this.core;
    const code = this.transfer.checkReturn(selector);
    if ((selector & 3) === state.cpl) {
      if (target > code.limit) throw new Fault(Vector.GP, 0);
      segmentation.markAccessed(code);
      segmentation.commitStack(stack);
      segmentation.set(SegmentIndex.CS, selector, code);
      state.eip = target;
    } else {
      const pointer = stack.pop(size);
      const stackSelector = stack.pop(size) & 0xffff;
      this.transfer.returnOutward({ selector, code, target, stackSelector, pointer, release: 0 });
    }
    this.core.setFlags(eflags);
  }

  /** From CPL 0 into V86 mode: ESP SS ES DS FS GS follow on the stack. */
  private returnToV86(stack: StackCursor, selector: number, target: number, flags: number): void {
    const { state, segmentation } = this.core;
    const pointer = stack.pop(4);
    const order = [SegmentIndex.SS, SegmentIndex.ES, SegmentIndex.DS, SegmentIndex.FS, SegmentIndex.GS];
    const selectors = order.map(() => stack.pop(4) & 0xffff);
    this.core.setFlags(flags);
    segmentation.setV86(SegmentIndex.CS, selector);
    order.forEach((segment, i) => segmentation.setV86(segment, selectors[i]));
    segmentation.setCpl(3);
    state.setReg(layout.Register.ESP, pointer);
    // Only here the upper half is dropped rather than compared with the limit (vol. 2A, IRET, RETURN-TO-VIRTUAL-8086-MODE).
    state.eip = target & 0xffff;
  }
}

/** The new EFLAGS: popped bits except those kept; a 16-bit image leaves the upper half alone. */
function merge(old: number, popped: number, size: OperandSize, kept: number): number {
  const loaded = size === 4 ? ~kept : 0xffff & ~kept;
  const cleared = size === 4 ? 0 : FLAG_RF;
  return (old & ~loaded & ~cleared) | (popped & loaded);
}
