import * as layout from '../../../layout';
import { FLAG_IF, FLAG_IOPL, FLAG_NT, FLAG_VIF, FLAG_VIP, FLAG_VM, Register, SegmentIndex } from '../../../layout';
import { ATTRIBUTE_CODE, ATTRIBUTE_EXPAND_CONFORM } from '../../../cpu/descriptor';
import * as w from '../../wasm/expression';
import type { Expr } from '../../wasm/expression';
import { state, tlbEntry } from '../runtime';
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
/** IRET's frame: EIP, CS, EFLAGS; to an outer level ESP and SS follow. */
const FRAME = { eip: 0, cs: 4, eflags: 8, bytes: 12 } as const;

/** What lies on the stack: bytes that the program may read, all within one page. */
interface Stacked {
  readonly host: Expr;
}

/** The top of a flat stack. */
export function requireStacked(s: Stage, bytes: number): Stacked {
  s.require(w.and(w.load32(layout.SEG_RIGHTS + SegmentIndex.SS * 4), layout.SEG_READ_FLAT));
  s.require(state(layout.STACK_32));
  const linear = s.let(w.add(w.load32(layout.SEG_BASE + SegmentIndex.SS * 4), state(ESP)));
  const entry = s.let(tlbEntry(linear));
  s.require(w.and(entry, state(layout.TLB_READ_MASK)));
  s.refuse(w.gtU(w.and(linear, 0xfff), 0x1000 - bytes));
  return { host: s.let(w.add(w.and(entry, ~0xfff), linear)) };
}

/** Code that RETF and IRET may go to: not conforming, of the level of its selector, which is not an inner one. */
export function requireReturnCode(s: Stage, selector: Expr, eip: Expr): { level: Expr; place: Expr } {
  const level = s.let(w.and(selector, 3));
  s.refuse(w.ltU(level, state(layout.CPL)));
  const place = s.call('descriptorPlace', selector);
  s.require(place);
  const low = s.let(w.load32(place));
  const high = s.let(w.load32(place, 4));
  const needed = HIGH_SEGMENT | HIGH_CODE | HIGH_PRESENT | HIGH_ACCESSED;
  s.require(w.eq(w.and(high, needed | HIGH_EXPAND_CONFORM), needed));
  s.require(w.eq(dplOf(high), level));
  s.refuse(w.gtU(eip, limitOf(low, high)));
  return { level, place };
}

/** Changes to the stack of an outer level, whose ESP and SS are `above` bytes above the top. Only CS and EIP remain. */
export function requireOuterStack(s: Stage, level: Expr, above: number): void {
  const { host } = requireStacked(s, above + 8);
  const selector = s.let(w.load16(host, above + 4));
  s.require(w.eq(w.and(selector, 3), level));
  const place = s.call('descriptorPlace', selector);
  s.require(place);
  requireFlatStack(s, s.let(w.load32(place)), s.let(w.load32(place, 4)), level);
  s.set(ESP, w.load32(host, above));
  s.run('setFromDescriptor', SegmentIndex.SS, selector, place);
  s.run('setLevel', level);
  dropInaccessible(s, level);
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
export const interruptReturn =
  (modelFlags: number) =>
  (s: Stage): void => {
    const { f } = s;
    s.require(w.eq(f.param(0), 4));
    requireDescriptors(s);
    s.refuse(w.and(state(layout.EFLAGS), FLAG_NT));
    s.refuse(state(layout.NMI_PENDING));
    const { host } = requireStacked(s, FRAME.bytes);
    const eip = s.let(w.load32(host, FRAME.eip));
    const selector = s.let(w.load16(host, FRAME.cs));
    const popped = s.let(w.load32(host, FRAME.eflags));
    s.refuse(w.and(popped, FLAG_VM));
    const { level, place } = requireReturnCode(s, selector, eip);
    // What a less privileged program may not change is decided by the level that executes IRET.
    const cpl = s.let(state(layout.CPL));
    const privileged = w.select(cpl, FLAG_VM | FLAG_IOPL | FLAG_VIF | FLAG_VIP, FLAG_VM);
    const kept = s.let(w.or(privileged, w.select(w.gtU(cpl, iopl()), FLAG_IF, 0)));
    const merged = w.or(w.and(state(layout.EFLAGS), kept), w.and(popped, w.not(kept)));
    const eflags = s.let(w.and(merged, modelFlags));
    refuseAlignmentChecks(s, level, w.or(eflags, state(layout.EFLAGS)));
    f.if(
      w.eq(level, cpl),
      () => s.set(ESP, w.add(state(ESP), FRAME.bytes)),
      () => requireOuterStack(s, level, FRAME.bytes),
    );
    s.set(layout.NMI_BLOCKED, 0);
    s.run('setFromDescriptor', SegmentIndex.CS, selector, place);
    s.run('goTo', eip);
    setFlags(s, eflags);
    f.return();
  };
