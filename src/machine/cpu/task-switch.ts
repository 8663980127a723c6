import * as layout from '../layout';
import { FLAG_IOPL, FLAG_NT, FLAG_VM, SegmentIndex } from '../layout';
import { CR0_TS, DR6_BT, DR7_LOCAL } from './control-bits';
import type { CpuCore } from './core';
import { type Descriptor, SystemType } from './descriptor';
import { Fault, Vector } from './fault';
import { hasTss32 } from './inner-stack';
import { isNull, type LoadContext, selectorError } from './segmentation';
import type { OperandSize } from './operations';

/** Segment registers whose RPL is the task's level. */
const LEVEL_SEGMENTS: readonly number[] = [SegmentIndex.CS, SegmentIndex.SS];

/** What starts a task switch: it decides about the busy bits, the back link and NT (Intel SDM vol. 3A, table 7-2). */
export type TaskSwitchCause = 'jump' | 'call' | 'interrupt' | 'return';

/** What is saved of the outgoing task besides its registers. */
export interface SavedPoint {
  readonly eip: number;
  readonly eflags: number;
}

/** Offsets in a TSS (Intel SDM vol. 3A, figures 7-2 and 7-10). Registers and segments follow each other in encoding order. */
interface TssLayout {
  readonly size: OperandSize;
  /** Smallest limit that a task switch accepts. */
  readonly minimumLimit: number;
  readonly eip: number;
  readonly eflags: number;
  readonly registers: number;
  readonly segments: number;
  /** ES CS SS DS, and on the 386 FS GS. */
  readonly segmentCount: number;
  readonly ldt: number;
  /** 0 where the TSS has no such field. */
  readonly cr3: number;
  readonly trap: number;
}

const TSS16: TssLayout = {
  size: 2,
  minimumLimit: 0x2b,
  eip: 0x0e,
  eflags: 0x10,
  registers: 0x12,
  segments: 0x22,
  segmentCount: 4,
  ldt: 0x2a,
  cr3: 0,
  trap: 0,
};
const TSS32: TssLayout = {
  size: 4,
  minimumLimit: 0x67,
  eip: 0x20,
  eflags: 0x24,
  registers: 0x28,
  segments: 0x48,
  segmentCount: 6,
  ldt: 0x60,
  cr3: 0x1c,
  trap: 0x64,
};

/** Everything that a task switch loads, read before the first change. */
interface IncomingTask {
  readonly eip: number;
  readonly eflags: number;
  readonly registers: readonly number[];
  readonly segments: readonly number[];
  readonly ldt: number;
  readonly cr3: number | undefined;
  readonly trap: boolean;
}

/** Hardware task switches (Intel SDM vol. 3A, 7.3). */
export class TaskSwitch {
  constructor(private readonly core: CpuCore) {}

  /**
   * Finds the TSS that a selector names and checks that a switch to it may begin; privilege is the caller's business.
   * @throws Fault #GP(selector), for a return #TS(selector); #NP(selector)
   */
  findTask(selector: number, cause: TaskSwitchCause, ext: 0 | 1 = 0): Descriptor {
    const context: LoadContext = { vector: cause === 'return' ? Vector.TS : Vector.GP, ext };
    const bad = new Fault(context.vector, selectorError(selector, ext));
    if (selector & 4) throw bad;
    const descriptor = this.core.segmentation.readDescriptor(selector, context);
    const type = descriptor.systemType;
    const fits =
      cause === 'return'
        ? type === SystemType.Tss16Busy || type === SystemType.Tss32Busy
        : type === SystemType.Tss16Available || type === SystemType.Tss32Available;
    if (!fits) throw bad;
    if (!descriptor.present) throw new Fault(Vector.NP, selectorError(selector, ext));
    return descriptor;
  }

  /**
   * Switches to a task. Faults up to the point where the new task's registers are in place are those of the old
   * task, which is unchanged; later ones (#TS, #NP, #SS, #GP) belong to the new task and restart at its EIP.
   * @param saved EIP and EFLAGS to save for the outgoing task
   */
  switchTo(selector: number, descriptor: Descriptor, cause: TaskSwitchCause, saved: SavedPoint, ext: 0 | 1 = 0): void {
    const { state, mmu } = this.core;
    const incoming = descriptor.is32 ? TSS32 : TSS16;
    if (descriptor.limit < incoming.minimumLimit) throw new Fault(Vector.TS, selectorError(selector, ext));
    const outgoing = hasTss32(this.core) ? TSS32 : TSS16;
    const nests = cause === 'call' || cause === 'interrupt';
    const oldSelector = state.selector(SegmentIndex.TR);
    const oldBase = state.segmentBase(SegmentIndex.TR);

    // All page faults come here, while nothing has changed.
    mmu.probeSystem(oldBase + outgoing.eip, outgoing.minimumLimit + 1 - outgoing.eip, true);
    mmu.probeSystem(descriptor.base, incoming.minimumLimit + 1, nests);
    mmu.probeSystem(descriptor.address + 5, 1, true);
    mmu.probeSystem(this.busyByte(oldSelector), 1, true);

    this.save(outgoing, oldBase, saved.eip, cause === 'return' ? saved.eflags & ~FLAG_NT : saved.eflags);
    const task = this.read(incoming, descriptor.base);
    if (!nests) this.setBusy(this.busyByte(oldSelector), false);
    if (nests) mmu.writeSystem(descriptor.base, 2, oldSelector);
    if (cause !== 'return') this.setBusy(descriptor.address + 5, true);
    this.takeOver(selector, descriptor, task, nests);
    this.loadSegments(task, ext);
    if (task.trap) {
      state.set(layout.PENDING_DEBUG, state.get(layout.PENDING_DEBUG) | DR6_BT);
      state.requestExit(layout.EXIT_RECHECK);
    }
  }

  private save(tss: TssLayout, base: number, eip: number, eflags: number): void {
    const { state, mmu } = this.core;
    mmu.writeSystem(base + tss.eip, tss.size, eip);
    mmu.writeSystem(base + tss.eflags, tss.size, eflags);
    for (let i = 0; i < 8; i++) mmu.writeSystem(base + tss.registers + i * tss.size, tss.size, state.reg(i));
    for (let i = 0; i < tss.segmentCount; i++) {
      mmu.writeSystem(base + tss.segments + i * tss.size, 2, state.selector(i));
    }
  }

  private read(tss: TssLayout, base: number): IncomingTask {
    const { mmu, segmentation } = this.core;
    const field = (offset: number): number => mmu.readSystem(base + offset, tss.size);
    // The upper halves of registers that a 286 TSS has no room for become ones, as observed on hardware.
    const upper = tss.size === 2 ? 0xffff0000 : 0;
    const eflags = field(tss.eflags);
    return {
      eip: field(tss.eip),
      eflags,
      registers: Array.from({ length: 8 }, (_, i) => (field(tss.registers + i * tss.size) | upper) >>> 0),
      segments: Array.from({ length: 6 }, (_, i) => {
        const selector = i < tss.segmentCount ? mmu.readSystem(base + tss.segments + i * tss.size, 2) : 0;
        return LEVEL_SEGMENTS.includes(i) && !(eflags & FLAG_VM) ? segmentation.compressSelector(selector) : selector;
      }),
      ldt: mmu.readSystem(base + tss.ldt, 2),
      cr3: tss.cr3 ? field(tss.cr3) : undefined,
      trap: tss.trap !== 0 && (mmu.readSystem(base + tss.trap, 1) & 1) !== 0,
    };
  }

  /** Makes the new task current; its segment registers have their selectors but are not usable yet. */
  private takeOver(selector: number, descriptor: Descriptor, task: IncomingTask, nests: boolean): void {
    const { state, mmu, segmentation } = this.core;
    segmentation.setSystem(SegmentIndex.TR, selector, descriptor);
    const attributes = (layout.SEG_ATTRIBUTES >>> 2) + SegmentIndex.TR;
    state.u32[attributes] |= 2;
    state.setCr(0, state.cr(0) | CR0_TS);
    state.setDr(7, state.dr(7) & ~DR7_LOCAL);
    this.core.debugChanged();
    if (task.cr3 !== undefined && state.paging) mmu.loadPageDirectory(task.cr3);
    const eflags = segmentation.rings.kernelLevel > 0 ? task.eflags & ~FLAG_IOPL : task.eflags;
    this.core.setFlags(nests ? eflags | FLAG_NT : eflags);
    task.registers.forEach((value, index) => state.setReg(index, value));
    task.segments.forEach((value, index) => segmentation.setNull(index, value));
    segmentation.setSystem(SegmentIndex.LDTR, task.ldt);
    segmentation.setCpl(task.eflags & FLAG_VM ? 3 : task.segments[SegmentIndex.CS] & 3);
    this.core.restartAt(task.eip);
  }

  private loadSegments(task: IncomingTask, ext: 0 | 1): void {
    const { state, segmentation } = this.core;
    const context: LoadContext = { vector: Vector.TS, ext };
    segmentation.loadLdt(task.ldt, context);
    if (state.v86) {
      task.segments.forEach((value, index) => segmentation.setV86(index, value));
    } else {
      this.loadCode(task.segments[SegmentIndex.CS], context);
      for (const index of [SegmentIndex.SS, SegmentIndex.ES, SegmentIndex.DS, SegmentIndex.FS, SegmentIndex.GS]) {
        segmentation.loadProtected(index, task.segments[index], context);
      }
    }
    if (task.eip > state.segmentLimit(SegmentIndex.CS)) throw new Fault(Vector.GP, ext);
    this.core.restartAt(task.eip);
  }

  private loadCode(selector: number, context: LoadContext): void {
    const { segmentation } = this.core;
    const descriptor = segmentation.readDescriptor(selector, context);
    const rpl = selector & 3;
    const privileged = descriptor.isConformingCode ? descriptor.dpl <= rpl : descriptor.dpl === rpl;
    if (!descriptor.isCode || !privileged) throw new Fault(context.vector, selectorError(selector, context.ext));
    if (!descriptor.present) throw new Fault(Vector.NP, selectorError(selector, context.ext));
    segmentation.markAccessed(descriptor);
    segmentation.set(SegmentIndex.CS, selector, descriptor);
  }

  /** Linear address of the access byte of a TSS descriptor in the GDT. */
  private busyByte(selector: number): number {
    return this.core.state.get(layout.GDTR_BASE) + (selector & 0xfff8) + 5;
  }

  private setBusy(address: number, busy: boolean): void {
    const { mmu } = this.core;
    const access = mmu.readSystem(address, 1);
    mmu.writeSystem(address, 1, busy ? access | 2 : access & ~2);
  }

  /** IRET with NT set: back to the task that the current TSS links to. @throws Fault #TS(selector), #NP(selector) */
  returnToLink(saved: SavedPoint): void {
    const link = this.core.mmu.readSystem(this.core.state.segmentBase(SegmentIndex.TR), 2);
    if (isNull(link)) throw new Fault(Vector.TS, selectorError(link, 0));
    this.switchTo(link, this.findTask(link, 'return'), 'return', saved);
  }
}
