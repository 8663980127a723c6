import { segmentRights } from '../../../cpu/descriptor';
import { FLAT_CODE, FLAT_DATA } from '../../../cpu/fast-system-call';
import * as layout from '../../../layout';
import { FLAG_IF, FLAG_RF, FLAG_VM, Register, SegmentIndex } from '../../../layout';
import * as w from '../../wasm/expression';
import type { Expr, Operand } from '../../wasm/expression';
import { state } from '../runtime';
import { refuseAlignmentChecks, setFlags, wholeFlags } from './flags';
import { requireDescriptors } from './segments';
import type { Stage } from './stage';

const ESP = layout.REGS + Register.ESP * 4;

/** Selector of IA32_SYSENTER_CS; goes on only if it is not null. */
function requireBase(s: Stage): Expr {
  requireDescriptors(s);
  const selector = s.let(w.and(state(layout.MSR_SYSENTER), 0xffff));
  s.require(w.and(selector, 0xfffc));
  return selector;
}

function setFlatSegment(s: Stage, segment: SegmentIndex, selector: Operand, attributes: number): void {
  const at = segment * 4;
  s.set(layout.SEG_SELECTOR + at, w.and(selector, 0xffff));
  s.set(layout.SEG_BASE + at, 0);
  s.set(layout.SEG_LIMIT + at, -1);
  s.set(layout.SEG_ATTRIBUTES + at, attributes);
  s.set(layout.SEG_RIGHTS + at, segmentRights(attributes, 0xffffffff));
}

/** Flat 32-bit code and stack of a level; `goTo` must follow. */
function setFlat(s: Stage, code: Operand, stack: Operand, level: 0 | 3): void {
  setFlatSegment(s, SegmentIndex.CS, code, FLAT_CODE | (level << 5));
  setFlatSegment(s, SegmentIndex.SS, stack, FLAT_DATA | (level << 5));
  s.set(layout.CODE_32, 1);
  s.set(layout.STACK_32, 1);
  s.set(layout.SEG_FLAT, w.or(state(layout.SEG_FLAT), (1 << SegmentIndex.CS) | (1 << SegmentIndex.SS)));
  s.run('setLevel', level);
}

/** SYSENTER: `FastSystemCall.enter`. */
export function systemEnter(s: Stage): void {
  s.requirePlainGates();
  const selector = s.let(w.and(requireBase(s), 0xfffc));
  setFlags(s, s.let(w.and(wholeFlags(s), ~(FLAG_VM | FLAG_IF | FLAG_RF))));
  setFlat(s, selector, s.let(w.add(selector, 8)), 0);
  s.set(ESP, state(layout.MSR_SYSENTER + 4));
  s.run('goTo', state(layout.MSR_SYSENTER + 8));
  s.f.return();
}

/** SYSEXIT: `FastSystemCall.exit`. */
export function systemExit(s: Stage): void {
  const selector = requireBase(s);
  s.refuse(state(layout.CPL));
  refuseAlignmentChecks(s, 3, state(layout.EFLAGS));
  setFlat(s, s.let(w.or(w.add(selector, 16), 3)), s.let(w.or(w.add(selector, 24), 3)), 3);
  s.set(ESP, w.load32(layout.REGS + Register.ECX * 4));
  s.run('goTo', w.load32(layout.REGS + Register.EDX * 4));
  s.f.return();
}
