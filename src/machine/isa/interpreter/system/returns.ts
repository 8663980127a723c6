import * as layout from '../../../layout';
import {
  FLAG_IF,
  FLAG_IOPL,
  FLAG_NT,
  FLAG_VIF,
  FLAG_VIP,
  FLAG_VM,
  Register,
  SegmentIndex,
} from '../../../layout';
import { ATTRIBUTE_CODE, ATTRIBUTE_EXPAND_CONFORM } from '../../../cpu/descriptor';
import * as w from '../../wasm/expression';
import type { Expr } from '../../wasm/expression';
import { state } from '../runtime';
import { iopl, refuseAlignmentChecks, setFlags } from './flags';
import {
  dplOf,
  HIGH_ACCESSED,
  HIGH_CODE,
  HIGH_EXPAND_CONFORM,
  HIGH_PRESENT,
  HIGH_SEGMENT,
  limitOf,
  requireDescriptors,
  requireFlatStack,
} from './segments';
import type { Stage } from './stage';

const ESP = layout.REGS + Register.ESP * 4;
/** Dwords of the frame: EIP, CS, EFLAGS; to an outer level ESP and SS follow. */
const FRAME = { eip: 0, cs: 4, eflags: 8, esp: 12, ss: 16, inner: 12, outer: 20 } as const;

/** The frame on a flat stack: host pointer of bytes that the program may read, all within one page. */
function requireStacked(s: Stage, linear: Expr, bytes: number): Expr {
  const entry = s.let(w.load32(w.shl(w.shrU(linear, 12), 2), layout.TLB));
  s.require(w.and(entry, state(layout.TLB_READ_MASK)));
  s.refuse(w.gtU(w.and(linear, 0xfff), 0x1000 - bytes));
  return s.let(w.add(w.and(entry, ~0xfff), linear));
}

/** Data segments that are too privileged for a level become null: `Segmentation.dropInaccessible`. */
function dropInaccessible(s: Stage, level: Expr): void {
  const { f } = s;
  const conforming = ATTRIBUTE_CODE | ATTRIBUTE_EXPAND_CONFORM;
  for (const segment of [SegmentIndex.ES, SegmentIndex.DS, SegmentIndex.FS, SegmentIndex.GS]) {
    const attributes = s.let(w.load32(layout.SEG_ATTRIBUTES + segment * 4));
    const keeps = w.eq(w.and(attributes, conforming), conforming);
    const inner = w.ltU(w.and(w.shrU(attributes, 5), 3), level);
    f.if(w.and(inner, w.eqz(keeps)), () => s.run('setSegment', segment, 0, 0, 0, 0));
  }
}

/**
 * IRET in protected mode with 32-bit operands, to the same or an outer level with flat stacks.
 * @param modelFlags EFLAGS bits that the model has
 */
export const interruptReturn = (modelFlags: number) => (s: Stage) => {
  const { f } = s;
  s.require(w.eq(f.param(0), 4));
  requireDescriptors(s);
  s.refuse(w.and(state(layout.EFLAGS), FLAG_NT));
  s.refuse(state(layout.NMI_PENDING));
  const rights = w.load32(layout.SEG_RIGHTS + SegmentIndex.SS * 4);
  s.require(w.and(rights, layout.SEG_READ_FLAT));
  s.require(state(layout.STACK_32));
  const esp = s.let(state(ESP));
  const linear = s.let(w.add(w.load32(layout.SEG_BASE + SegmentIndex.SS * 4), esp));
  const frame = requireStacked(s, linear, FRAME.inner);
  const eip = s.let(w.load32(frame, FRAME.eip));
  const selector = s.let(w.load16(frame, FRAME.cs));
  const popped = s.let(w.load32(frame, FRAME.eflags));
  s.refuse(w.and(popped, FLAG_VM));
  const cpl = s.let(state(layout.CPL));
  const level = s.let(w.and(selector, 3));
  s.refuse(w.ltU(level, cpl));
  const code = s.call('descriptorPlace', selector);
  s.require(code);
  const low = s.let(w.load32(code));
  const high = s.let(w.load32(code, 4));
  const needed = HIGH_SEGMENT | HIGH_CODE | HIGH_PRESENT | HIGH_ACCESSED;
  // Conforming code, which has rules of its own, is left to TypeScript.
  s.require(w.eq(w.and(high, needed | HIGH_EXPAND_CONFORM), needed));
  s.require(w.eq(dplOf(high), level));
  s.refuse(w.gtU(eip, limitOf(low, high)));
  // What a less privileged program may not change is decided by the level that executes IRET.
  const privileged = w.select(cpl, FLAG_VM | FLAG_IOPL | FLAG_VIF | FLAG_VIP, FLAG_VM);
  const kept = s.let(w.or(privileged, w.select(w.gtU(cpl, iopl()), FLAG_IF, 0)));
  const merged = w.or(w.and(state(layout.EFLAGS), kept), w.and(popped, w.not(kept)));
  const eflags = s.let(w.and(merged, modelFlags));
  refuseAlignmentChecks(s, level, w.or(eflags, state(layout.EFLAGS)));
  f.if(
    w.eq(level, cpl),
    () => s.set(ESP, w.add(esp, FRAME.inner)),
    () => {
      requireStacked(s, linear, FRAME.outer);
      const stackSelector = s.let(w.load16(frame, FRAME.ss));
      s.require(w.eq(w.and(stackSelector, 3), level));
      const stack = s.call('descriptorPlace', stackSelector);
      s.require(stack);
      requireFlatStack(s, s.let(w.load32(stack)), s.let(w.load32(stack, 4)), level);
      s.set(ESP, w.load32(frame, FRAME.esp));
      s.run('setFromDescriptor', SegmentIndex.SS, stackSelector, stack);
      s.run('setLevel', level);
      dropInaccessible(s, level);
    },
  );
  s.set(layout.NMI_BLOCKED, 0);
  s.run('setFromDescriptor', SegmentIndex.CS, selector, code);
  s.run('goTo', eip);
  setFlags(s, eflags);
  f.return();
};
