import * as layout from '../layout';
import { FLAG_AC, FLAG_IF, FLAG_NT, FLAG_RF, FLAG_TF, FLAG_VM, SegmentIndex } from '../layout';
import { DR7_GD } from './control-bits';
import type { CpuCore } from './core';
import { Descriptor, SystemType } from './descriptor';
import { Fault, Vector } from './fault';
import { openInnerStack } from './inner-stack';
import type { Intercepts } from './intercepts';
import { redirectInterrupt } from './interrupt-redirection';
import { DATA_SEGMENTS, isNull, type LoadContext } from './segmentation';
import type { TaskSwitch } from './task-switch';

/** A fault while a double fault was being delivered: the processor shuts down. */
export class TripleFault extends Error {
  constructor() {
    super('triple fault');
  }
}

/** What is delivered, and from where. */
interface Event {
  readonly vector: number;
  /** -1 where none is pushed. */
  readonly errorCode: number;
  /** `software` is INT n, INT3, INTO: the gate's DPL counts, and error codes have EXT clear. */
  readonly source: 'exception' | 'external' | 'software';
  /** EIP and EFLAGS that the handler returns to. */
  readonly eip: number;
  readonly eflags: number;
}

/** Where an interrupt or trap gate leads, checked. */
interface GateTarget {
  readonly gate: Descriptor;
  readonly selector: number;
  readonly code: Descriptor;
}

enum FaultClass {
  Benign,
  Contributory,
  PageFault,
  DoubleFault,
}

/** Classes that are not benign (Intel SDM vol. 3A, table 6-4). */
const FAULT_CLASSES: Partial<Record<number, FaultClass>> = {
  [Vector.DE]: FaultClass.Contributory,
  [Vector.TS]: FaultClass.Contributory,
  [Vector.NP]: FaultClass.Contributory,
  [Vector.SS]: FaultClass.Contributory,
  [Vector.GP]: FaultClass.Contributory,
  [Vector.PF]: FaultClass.PageFault,
  [Vector.DF]: FaultClass.DoubleFault,
};

function classOf(vector: number): FaultClass {
  return FAULT_CLASSES[vector] ?? FaultClass.Benign;
}

/**
 * What to deliver when delivering exception `first` raised `second` (Intel SDM vol. 3A, table 6-5).
 * @throws TripleFault
 */
export function combineFaults(first: number, second: Fault): Fault {
  const before = classOf(first);
  const after = classOf(second.vector);
  if (before === FaultClass.Benign || after === FaultClass.Benign) return second;
  if (before === FaultClass.DoubleFault) throw new TripleFault();
  if (before === FaultClass.Contributory && after === FaultClass.PageFault) return second;
  return new Fault(Vector.DF, 0);
}

/**
 * Enters the handler of an event where that is simple: protected mode, 386 gates, flat stacks.
 * @param errorCode -1 where none is pushed
 * @param software 1 for INT n
 * @returns 0 where it is not, and nothing has changed
 */
export type SimpleDelivery = (
  vector: number,
  errorCode: number,
  software: 0 | 1,
  eip: number,
  eflags: number,
) => number;

/** Delivers exceptions and interrupts in every mode (Intel SDM vol. 3A, chapter 6; vol. 2A, INT n). */
export class Interrupts {
  /** Tried first while the guest's levels are those of the hardware. */
  simple: SimpleDelivery = () => 0;

  constructor(
    private readonly core: CpuCore,
    private readonly tasks: TaskSwitch,
    /** The hypervisor's hooks as they are now. */
    private readonly intercepts: () => Intercepts,
  ) {}

  /**
   * Delivers a fault of the instruction at `eipStart`. If delivery itself faults, the fault that follows
   * (perhaps #DF) is left pending in FAULT with EXIT_FAULT, as one of an instruction would be: the run loop
   * sees every exception before it is delivered.
   * @throws TripleFault
   */
  raise(fault: Fault): void {
    const { state } = this.core;
    const eip = state.eipStart;
    this.core.restartAt(eip);
    // The handler returns to the faulting instruction with RF set, so that a code breakpoint there is passed; the
    // handler of that breakpoint itself has to set it (Intel SDM vol. 3B, 17.3.1.1).
    const eflags = fault.vector === Vector.DB ? state.eflags : state.eflags | FLAG_RF;
    this.begin({ vector: fault.vector, errorCode: fault.errorCode, source: 'exception', eip, eflags });
  }

  /** Delivers an external interrupt at an instruction boundary; wakes from HLT. Faults become pending as with `raise`. */
  interrupt(vector: number): void {
    this.between(vector, 'external');
  }

  /** Delivers the NMI that waits, likewise; others are blocked up to the next IRET. */
  nonMaskable(): void {
    this.core.state.set(layout.NMI_PENDING, 0);
    this.core.state.set(layout.NMI_BLOCKED, 1);
    this.between(Vector.NMI, 'external');
  }

  /** Delivers #DB as a trap after an instruction; `bits` go into DR6 (BS, BT, B0-B3). */
  debugTrap(bits: number): void {
    this.core.reportDebug(bits);
    this.between(Vector.DB, 'exception');
  }

  /** INT n. @throws Fault: #GP(0) in V86 mode with IOPL < 3 unless VME redirects it, or what delivery raises */
  software(vector: number): void {
    const { state } = this.core;
    if (this.intercepts().softwareInterrupts?.[vector]?.()) return;
    if (state.v86 && redirectInterrupt(this.core, vector)) {
      this.core.stepInhibited = true;
      return;
    }
    if (state.v86 && state.iopl < 3) throw new Fault(Vector.GP, 0);
    this.fromInstruction(vector, 'software');
  }

  /** INT3 and INTO, which V86 mode does not check against IOPL. @throws Fault */
  trap(vector: Vector.BP | Vector.OF): void {
    this.fromInstruction(vector, 'software');
  }

  /** INT1 (ICEBP): a debug trap that no gate's DPL can refuse. What MOV SS has held back comes with it. @throws Fault */
  debugInstruction(): void {
    const { state } = this.core;
    const held = state.get(layout.PENDING_DEBUG);
    this.fromInstruction(Vector.DB, 'exception');
    if (held === 0) return;
    this.core.reportDebug(held);
    state.set(layout.PENDING_DEBUG, 0);
  }

  private fromInstruction(vector: number, source: Event['source']): void {
    const { state } = this.core;
    this.deliver({ vector, errorCode: -1, source, eip: state.eip, eflags: state.eflags & ~FLAG_RF });
    // The handler is entered with TF clear; there is no single step before its first instruction (Intel SDM vol. 3B, 17.3.1.4).
    this.core.stepInhibited = true;
  }

  private between(vector: number, source: Event['source']): void {
    const { state } = this.core;
    const { eip } = state;
    // Between the elements of a string the program goes on with RF set, as the instruction was begun already.
    const eflags = this.core.stringInProgress ? state.eflags | FLAG_RF : state.eflags;
    // A fault during delivery belongs to the instruction that is next.
    this.core.restartAt(eip);
    this.begin({ vector, errorCode: -1, source, eip, eflags });
  }

  private begin(event: Event): void {
    const { state } = this.core;
    state.set(layout.HALTED, 0);
    state.set(layout.STRING_PENDING, 0);
    this.core.endShadow();
    try {
      this.deliver(event);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const next = event.source === 'exception' ? combineFaults(event.vector, error) : error;
      state.leaveFault(next.vector, next.errorCode);
    }
  }

  private deliver(event: Event): void {
    const { state, segmentation } = this.core;
    const { vector, errorCode, eip, eflags } = event;
    const software = event.source === 'software' ? 1 : 0;
    const plain = segmentation.rings.kernelLevel === 0;
    if (!(plain && this.simple(vector, errorCode, software, eip, eflags))) {
      if (!state.protectedMode) this.deliverReal(event);
      else this.deliverProtected(event);
    }
    const debug: number = Vector.DB;
    if (event.vector === debug && event.source === 'exception') state.setDr(7, state.dr(7) & ~DR7_GD);
  }

  /** Through the vector table of real mode; error codes are not pushed (Intel SDM vol. 3B, 20.1.4). */
  private deliverReal(event: Event): void {
    const { state, mmu, segmentation } = this.core;
    const entry = event.vector * 4;
    if (entry + 3 > state.get(layout.IDTR_LIMIT)) throw new Fault(Vector.GP, event.vector * 8 + 2);
    const target = mmu.readSystem(state.get(layout.IDTR_BASE) + entry, 4);
    const stack = segmentation.stack();
    stack.push(event.eflags, 2);
    stack.push(state.selector(SegmentIndex.CS), 2);
    stack.push(event.eip, 2);
    if ((target & 0xffff) > state.segmentLimit(SegmentIndex.CS)) throw new Fault(Vector.GP, 0);
    segmentation.commitStack(stack);
    segmentation.setReal(SegmentIndex.CS, target >>> 16);
    this.core.setFlags(event.eflags & ~(FLAG_IF | FLAG_TF | FLAG_RF | FLAG_AC));
    state.eip = target & 0xffff;
  }

  private deliverProtected(event: Event): void {
    const { state } = this.core;
    const gate = this.readGate(event);
    if (gate.systemType === SystemType.TaskGate) {
      this.deliverToTask(event, gate);
      return;
    }
    const target = this.readTarget(event, gate);
    if (!target.code.isConformingCode && target.code.dpl < state.cpl) this.enterInner(event, target);
    else this.enterSameLevel(event, target);
  }

  /** The IDT entry, checked for type, privilege and presence. */
  private readGate(event: Event): Descriptor {
    const { state, mmu } = this.core;
    const errorCode = event.vector * 8 + 2 + extOf(event);
    if (event.vector * 8 + 7 > state.get(layout.IDTR_LIMIT)) throw new Fault(Vector.GP, errorCode);
    const address = state.get(layout.IDTR_BASE) + event.vector * 8;
    const gate = this.core.segmentation.compress(
      new Descriptor(mmu.readSystem(address, 4), mmu.readSystem(address + 4, 4), address),
    );
    switch (gate.systemType) {
      case SystemType.TaskGate:
      case SystemType.InterruptGate16:
      case SystemType.InterruptGate32:
      case SystemType.TrapGate16:
      case SystemType.TrapGate32:
        break;
      default:
        throw new Fault(Vector.GP, errorCode);
    }
    if (event.source === 'software' && gate.dpl < state.cpl) throw new Fault(Vector.GP, errorCode);
    if (!gate.present) throw new Fault(Vector.NP, errorCode);
    return gate;
  }

  private readTarget(event: Event, gate: Descriptor): GateTarget {
    const { state, segmentation } = this.core;
    const selector = gate.gateSelector;
    const ext = extOf(event);
    const context: LoadContext = { vector: Vector.GP, ext };
    if (isNull(selector)) throw new Fault(Vector.GP, ext);
    const code = segmentation.compress(segmentation.readDescriptor(selector, context));
    const errorCode = (selector & 0xfffc) | ext;
    if (!code.isCode || code.dpl > state.cpl) throw new Fault(Vector.GP, errorCode);
    // Out of V86 mode the only way leads to a non-conforming segment of the kernel's level.
    if (state.v86 && (code.isConformingCode || code.dpl !== segmentation.rings.kernelLevel))
      throw new Fault(Vector.GP, errorCode);
    if (!code.present) throw new Fault(Vector.NP, errorCode);
    return { gate, selector, code };
  }

  private enterSameLevel(event: Event, target: GateTarget): void {
    const { state, segmentation } = this.core;
    const stack = segmentation.stack(extOf(event));
    stack.reserve(event.errorCode < 0 ? 3 : 4, target.gate.is32 ? 4 : 2);
    checkTarget(event, target);
    this.pushFrame(stack, event, target.gate);
    segmentation.markAccessed(target.code);
    segmentation.commitStack(stack);
    this.enter(event, target, state.cpl);
  }

  private enterInner(event: Event, target: GateTarget): void {
    const { state, segmentation } = this.core;
    const level = target.code.dpl;
    const size = target.gate.is32 ? 4 : 2;
    const inner = openInnerStack(this.core, level, extOf(event));
    const fromV86 = state.v86;
    const values = (event.errorCode < 0 ? 5 : 6) + (fromV86 ? 4 : 0);
    inner.cursor.reserve(values, size);
    checkTarget(event, target);
    if (fromV86) {
      for (const segment of [SegmentIndex.GS, SegmentIndex.FS, SegmentIndex.DS, SegmentIndex.ES]) {
        inner.cursor.push(state.selector(segment), size);
      }
    }
    inner.cursor.push(state.selector(SegmentIndex.SS), size);
    inner.cursor.push(state.reg(layout.Register.ESP), size);
    this.pushFrame(inner.cursor, event, target.gate);
    segmentation.markAccessed(target.code);
    if (fromV86) for (const segment of DATA_SEGMENTS) segmentation.setNull(segment, 0);
    segmentation.set(SegmentIndex.SS, inner.selector, inner.descriptor);
    segmentation.commitStack(inner.cursor);
    this.enter(event, target, level);
  }

  private pushFrame(stack: { push(value: number, size: 2 | 4): void }, event: Event, gate: Descriptor): void {
    const size = gate.is32 ? 4 : 2;
    stack.push(event.eflags, size);
    stack.push(this.core.state.selector(SegmentIndex.CS), size);
    stack.push(event.eip, size);
    if (event.errorCode >= 0) stack.push(event.errorCode, size);
  }

  private enter(event: Event, target: GateTarget, level: number): void {
    const { state, segmentation } = this.core;
    const type = target.gate.systemType;
    const masks = type === SystemType.InterruptGate16 || type === SystemType.InterruptGate32 ? FLAG_IF : 0;
    this.core.setFlags(event.eflags & ~(FLAG_TF | FLAG_NT | FLAG_RF | FLAG_VM | masks));
    segmentation.set(SegmentIndex.CS, (target.selector & ~3) | level, target.code);
    segmentation.setCpl(level);
    state.eip = target.gate.gateOffset;
  }

  /** Through a task gate; the error code goes onto the new task's stack. */
  private deliverToTask(event: Event, gate: Descriptor): void {
    const { segmentation } = this.core;
    const ext = extOf(event);
    const selector = gate.gateSelector;
    const task = this.tasks.findTask(selector, 'interrupt', ext);
    this.tasks.switchTo(selector, task, 'interrupt', { eip: event.eip, eflags: event.eflags }, ext);
    if (event.errorCode < 0) return;
    const stack = segmentation.stack(ext);
    stack.push(event.errorCode, task.is32 ? 4 : 2);
    segmentation.commitStack(stack);
  }
}

/** @throws Fault #GP(EXT) if the handler begins beyond its segment's limit */
function checkTarget(event: Event, { gate, code }: GateTarget): void {
  if (gate.gateOffset > code.limit) throw new Fault(Vector.GP, extOf(event));
}

/** EXT: the event did not come from the program itself. */
function extOf(event: Event): 0 | 1 {
  return event.source === 'software' ? 0 : 1;
}
