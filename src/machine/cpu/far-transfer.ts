import { SegmentIndex } from '../layout';
import type { CpuCore } from './core';
import { type Descriptor, SystemType } from './descriptor';
import { Fault, Vector } from './fault';
import { openInnerStack } from './inner-stack';
import type { OperandSize } from './operations';
import { INSTRUCTION, isNull, selectorError } from './segmentation';
import type { TaskSwitch } from './task-switch';

/** #GP, #NP and so on for a selector in an ordinary instruction. */
function fault(vector: Vector, selector: number): Fault {
  return new Fault(vector, selectorError(selector, 0));
}

/** JMP, CALL and RET between segments (Intel SDM vol. 2A, 2B: operation sections; vol. 3A, 5.8). */
export class FarTransfer {
  constructor(
    private readonly core: CpuCore,
    private readonly tasks: TaskSwitch,
  ) {}

  /** JMP ptr16:16/32, JMP m16:16/32. @throws Fault */
  jump(selector: number, offset: number, size: OperandSize): void {
    const target = truncate(offset, size);
    if (!this.core.usesDescriptors) {
      this.enterReal(selector, target);
      return;
    }
    const descriptor = this.core.segmentation.readDescriptor(checkNull(selector));
    if (descriptor.isCode) {
      this.checkDirect(selector, descriptor);
      this.enter(selector, descriptor, target);
      return;
    }
    switch (descriptor.systemType) {
      case SystemType.CallGate16:
      case SystemType.CallGate32: {
        this.checkGate(selector, descriptor);
        const { code, codeSelector } = this.gateTarget(descriptor);
        const { cpl } = this.core.state;
        if (code.isConformingCode ? code.dpl > cpl : code.dpl !== cpl) throw fault(Vector.GP, codeSelector);
        if (!code.present) throw fault(Vector.NP, codeSelector);
        this.enter(codeSelector, code, descriptor.gateOffset);
        return;
      }
      default:
        this.switchTask(selector, descriptor, 'jump');
    }
  }

  /** CALL ptr16:16/32, CALL m16:16/32. @throws Fault */
  call(selector: number, offset: number, size: OperandSize): void {
    const target = truncate(offset, size);
    if (!this.core.usesDescriptors) {
      checkLimit(this.core.state.segmentLimit(SegmentIndex.CS), target);
      const stack = this.core.segmentation.stack();
      this.pushReturn(stack, size);
      this.core.segmentation.commitStack(stack);
      this.enterReal(selector, target);
      return;
    }
    const descriptor = this.core.segmentation.readDescriptor(checkNull(selector));
    if (descriptor.isCode) {
      this.checkDirect(selector, descriptor);
      this.callSameLevel(selector, descriptor, target, size);
      return;
    }
    switch (descriptor.systemType) {
      case SystemType.CallGate16:
      case SystemType.CallGate32:
        this.checkGate(selector, descriptor);
        this.callThroughGate(descriptor);
        return;
      default:
        this.switchTask(selector, descriptor, 'call');
    }
  }

  /**
   * RETF, RETF imm16.
   * @param compress takes a level below that of a compressed kernel for that
   * @throws Fault
   */
  return(size: OperandSize, release: number, compress = false): void {
    const { state, segmentation } = this.core;
    const stack = segmentation.stack();
    const target = stack.pop(size);
    const popped = stack.pop(size) & 0xffff;
    const selector = compress ? segmentation.compressSelector(popped) : popped;
    if (!this.core.usesDescriptors) {
      stack.skip(release);
      checkLimit(state.segmentLimit(SegmentIndex.CS), target);
      segmentation.commitStack(stack);
      this.enterReal(selector, target);
      return;
    }
    const code = this.checkReturn(selector);
    if ((selector & 3) === state.cpl) {
      checkLimit(code.limit, target);
      segmentation.markAccessed(code);
      stack.skip(release);
      segmentation.commitStack(stack);
      segmentation.set(SegmentIndex.CS, selector, code);
      state.eip = target;
      return;
    }
    stack.skip(release);
    const pointer = stack.pop(size);
    const stackSelector = stack.pop(size) & 0xffff;
    this.returnOutward({ selector, code, target, stackSelector, pointer, release });
  }

  /**
   * Checks the CS selector that RETF or IRET popped: same or outer level.
   * @throws Fault #GP(selector), #NP(selector)
   */
  checkReturn(selector: number): Descriptor {
    const code = this.core.segmentation.readDescriptor(checkNull(selector));
    const rpl = selector & 3;
    const privileged = code.isConformingCode ? code.dpl <= rpl : code.dpl === rpl;
    if (rpl < this.core.state.cpl || !code.isCode || !privileged) throw fault(Vector.GP, selector);
    if (!code.present) throw fault(Vector.NP, selector);
    return code;
  }

  /** Last part of RETF and IRET to an outer level: the stack is checked, then everything changes. @throws Fault */
  returnOutward(to: {
    selector: number;
    code: Descriptor;
    target: number;
    stackSelector: number;
    pointer: number;
    release: number;
  }): void {
    const { state, segmentation } = this.core;
    const level = to.selector & 3;
    const stack = segmentation.checkStack(to.stackSelector, level, INSTRUCTION);
    checkLimit(to.code.limit, to.target);
    segmentation.markAccessed(to.code);
    segmentation.markAccessed(stack);
    segmentation.set(SegmentIndex.CS, to.selector, to.code);
    segmentation.set(SegmentIndex.SS, to.stackSelector, stack);
    segmentation.setCpl(level);
    this.core.setStackPointer(to.pointer + to.release);
    segmentation.dropInaccessible();
    state.eip = to.target;
  }

  /** CS:EIP in real and V86 mode. @throws Fault #GP(0) beyond the limit */
  enterReal(selector: number, target: number): void {
    const { state, segmentation } = this.core;
    checkLimit(state.segmentLimit(SegmentIndex.CS), target);
    if (state.v86) segmentation.setV86(SegmentIndex.CS, selector & 0xffff);
    else segmentation.setReal(SegmentIndex.CS, selector & 0xffff);
    state.eip = target;
  }

  private callSameLevel(selector: number, code: Descriptor, target: number, size: OperandSize): void {
    const { segmentation } = this.core;
    checkLimit(code.limit, target);
    segmentation.markAccessed(code);
    const stack = segmentation.stack();
    this.pushReturn(stack, size);
    segmentation.commitStack(stack);
    this.enter(selector, code, target);
  }

  private callThroughGate(gate: Descriptor): void {
    const { state, segmentation } = this.core;
    const { code, codeSelector } = this.gateTarget(gate);
    if (code.dpl > state.cpl) throw fault(Vector.GP, codeSelector);
    if (!code.present) throw fault(Vector.NP, codeSelector);
    const size = gate.is32 ? 4 : 2;
    if (code.isConformingCode || code.dpl === state.cpl) {
      this.callSameLevel(codeSelector, code, gate.gateOffset, size);
      return;
    }
    const inner = openInnerStack(this.core, code.dpl, 0);
    const outer = segmentation.stack();
    inner.cursor.reserve(4 + gate.gateParameters, size);
    checkLimit(code.limit, gate.gateOffset);
    segmentation.markAccessed(code);
    inner.cursor.push(state.selector(SegmentIndex.SS), size);
    inner.cursor.push(outer.pointer, size);
    for (let i = gate.gateParameters - 1; i >= 0; i--) inner.cursor.push(outer.peek(i * size, size), size);
    this.pushReturn(inner.cursor, size);
    segmentation.set(SegmentIndex.SS, inner.selector, inner.descriptor);
    segmentation.commitStack(inner.cursor);
    segmentation.set(SegmentIndex.CS, (codeSelector & ~3) | code.dpl, code);
    segmentation.setCpl(code.dpl);
    state.eip = gate.gateOffset;
  }

  private pushReturn(stack: { push(value: number, size: OperandSize): void }, size: OperandSize): void {
    stack.push(this.core.state.selector(SegmentIndex.CS), size);
    stack.push(this.core.state.eip, size);
  }

  /** Sets CS:EIP at the same privilege level. */
  private enter(selector: number, code: Descriptor, target: number): void {
    const { state, segmentation } = this.core;
    checkLimit(code.limit, target);
    segmentation.markAccessed(code);
    segmentation.set(SegmentIndex.CS, (selector & ~3) | state.cpl, code);
    state.eip = target;
  }

  /** JMP and CALL straight to a code segment (Intel SDM vol. 3A, 5.8.1). */
  private checkDirect(selector: number, code: Descriptor): void {
    const { cpl } = this.core.state;
    const allowed = code.isConformingCode ? code.dpl <= cpl : code.dpl === cpl && (selector & 3) <= cpl;
    if (!allowed) throw fault(Vector.GP, selector);
    if (!code.present) throw fault(Vector.NP, selector);
  }

  /** Gates and TSSs must be within reach of both CPL and RPL. */
  private checkGate(selector: number, gate: Descriptor): void {
    this.checkReach(selector, gate);
    if (!gate.present) throw fault(Vector.NP, selector);
  }

  private checkReach(selector: number, descriptor: Descriptor): void {
    if (descriptor.dpl < this.core.state.cpl || descriptor.dpl < (selector & 3)) throw fault(Vector.GP, selector);
  }

  private gateTarget(gate: Descriptor): { code: Descriptor; codeSelector: number } {
    const codeSelector = checkNull(gate.gateSelector);
    const { segmentation } = this.core;
    const code = segmentation.compress(segmentation.readDescriptor(codeSelector));
    if (!code.isCode) throw fault(Vector.GP, codeSelector);
    return { code, codeSelector };
  }

  private switchTask(selector: number, descriptor: Descriptor, cause: 'jump' | 'call'): void {
    let target = selector;
    switch (descriptor.systemType) {
      case SystemType.TaskGate:
        this.checkGate(selector, descriptor);
        target = descriptor.gateSelector;
        break;
      case SystemType.Tss16Available:
      case SystemType.Tss32Available:
        this.checkReach(selector, descriptor);
        break;
      default:
        throw fault(Vector.GP, selector);
    }
    const { state } = this.core;
    const task = this.tasks.findTask(target, cause);
    this.tasks.switchTo(target, task, cause, { eip: state.eip, eflags: state.eflags });
  }
}

/** @throws Fault #GP(0) if a target is beyond its code segment */
function checkLimit(limit: number, target: number): void {
  if (target > limit) throw new Fault(Vector.GP, 0);
}

function truncate(offset: number, size: OperandSize): number {
  return size === 4 ? offset >>> 0 : offset & 0xffff;
}

/** @throws Fault #GP(0) for a null selector */
function checkNull(selector: number): number {
  if (isNull(selector)) throw new Fault(Vector.GP, 0);
  return selector & 0xffff;
}
