import { Register, SEG_BIG, SegmentIndex } from '../layout';
import type { CpuCore } from './core';
import { ATTRIBUTE_ACCESSED, type Descriptor, SystemType, segmentRights } from './descriptor';
import { Fault, Vector } from './fault';
import { selectorError } from './segmentation';
import { StackCursor } from './stack';

/** True if the current TSS is a 386 one. */
export function hasTss32(core: CpuCore): boolean {
  const type: SystemType = core.state.segmentAttributes(SegmentIndex.TR) & 0x1f;
  return type === SystemType.Tss32Available || type === SystemType.Tss32Busy;
}

/** The stack that a transfer to a more privileged level moves to. */
export interface InnerStack {
  readonly selector: number;
  readonly descriptor: Descriptor;
  readonly cursor: StackCursor;
}

interface StackPointer {
  readonly selector: number;
  readonly pointer: number;
}

/** Where the current TSS has the stack of a level; under ring compression that of the kernel is the hypervisor's to say. */
function innerPointer(core: CpuCore, level: number, ext: 0 | 1): StackPointer {
  const { rings } = core.segmentation;
  if (level !== rings.kernelLevel || level === 0) return taskPointer(core, level, ext);
  const { selector, pointer } = rings.stackInTask
    ? taskPointer(core, 0, ext)
    : { selector: rings.stackSelector, pointer: rings.stackPointer };
  return { selector: core.segmentation.compressSelector(selector), pointer };
}

/** Where the current TSS has the stack of a level. @throws Fault #TS beyond its limit */
function taskPointer(core: CpuCore, level: number, ext: 0 | 1): StackPointer {
  const { state, mmu } = core;
  const size = hasTss32(core) ? 4 : 2;
  // SP0 follows the link field; each level has a stack pointer and a selector of that size.
  const at = size + level * 2 * size;
  if (at + size + 1 > state.segmentLimit(SegmentIndex.TR)) {
    throw new Fault(Vector.TS, selectorError(state.selector(SegmentIndex.TR), ext));
  }
  const base = state.segmentBase(SegmentIndex.TR) + at;
  return { selector: mmu.readSystem(base + size, 2), pointer: mmu.readSystem(base, size) };
}

/**
 * Takes SS:ESP for an inner level from the current TSS and checks it (Intel SDM vol. 3A, 5.8.5; INT n, CALL).
 * @param level new CPL, 0-2
 * @param ext EXT bit of the error codes
 * @throws Fault #TS, #SS(SS selector) if not present; later pushes beyond its limit give #SS(SS selector)
 */
export function openInnerStack(core: CpuCore, level: number, ext: 0 | 1): InnerStack {
  const { state, mmu, segmentation } = core;
  const { selector, pointer } = innerPointer(core, level, ext);
  const descriptor = segmentation.checkStack(selector, level, { vector: Vector.TS, ext });
  segmentation.markAccessed(descriptor);
  const rights = segmentRights(descriptor.attributes | ATTRIBUTE_ACCESSED, descriptor.limit);
  const image = { base: descriptor.base, limit: descriptor.limit, rights };
  // On a 16-bit stack only SP is loaded: the upper half of ESP stays as it is.
  const start = rights & SEG_BIG ? pointer : (state.reg(Register.ESP) & 0xffff0000) | (pointer & 0xffff);
  const cursor = new StackCursor(mmu, image, start, false, selectorError(selector, ext));
  return { selector, descriptor, cursor };
}
