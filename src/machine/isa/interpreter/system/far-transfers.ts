import * as layout from '../../../layout';
import { Register, SegmentIndex } from '../../../layout';
import * as w from '../../wasm/expression';
import type { Expr, Operand } from '../../wasm/expression';
import { state } from '../runtime';
import { refuseAlignmentChecks } from './flags';
import { openInnerStack, requireFrame } from './gates';
import { requireOuterStack, requireReturnCode, requireStacked } from './returns';
import {
  dplOf,
  HIGH_ACCESSED,
  HIGH_CODE,
  HIGH_EXPAND_CONFORM,
  HIGH_PRESENT,
  HIGH_SEGMENT,
  limitOf,
  requireDescriptors,
} from './segments';
import type { Stage } from './stage';

const ESP = layout.REGS + Register.ESP * 4;
const USED_CODE = HIGH_SEGMENT | HIGH_CODE | HIGH_PRESENT | HIGH_ACCESSED;
/** Type and presence of a 386 call gate in the high dword, and the bits that say so. */
const CALL_GATE = HIGH_PRESENT | 0xc00;
const CALL_GATE_BITS = HIGH_PRESENT | HIGH_SEGMENT | 0xf00;
const GATE_PARAMETERS = 0x1f;

/** Code that is not conforming, of the present level, for a direct transfer; its host pointer. */
function requireSameLevelCode(s: Stage, selector: Expr, target: Expr): Expr {
  const place = s.call('descriptorPlace', selector);
  s.require(place);
  const low = s.let(w.load32(place));
  const high = s.let(w.load32(place, 4));
  s.require(w.eq(w.and(high, USED_CODE | HIGH_EXPAND_CONFORM), USED_CODE));
  s.require(w.eq(dplOf(high), state(layout.CPL)));
  s.refuse(w.gtU(w.and(selector, 3), state(layout.CPL)));
  s.refuse(w.gtU(target, limitOf(low, high)));
  return place;
}

function enter(s: Stage, selector: Operand, place: Expr, target: Expr): void {
  s.run('setFromDescriptor', SegmentIndex.CS, selector, place);
  s.run('goTo', target);
  s.f.return();
}

/** JMP to a code segment of the same level. */
export function farJump(s: Stage): void {
  const [selector, target, size] = [0, 1, 2].map((i) => s.f.param(i));
  s.require(w.eq(size, 4));
  requireDescriptors(s);
  const place = requireSameLevelCode(s, selector, target);
  enter(s, w.or(w.and(selector, ~3), state(layout.CPL)), place, target);
}

/** CALL through a 386 call gate without parameters to an inner level. */
export function farCall(s: Stage): void {
  const { f } = s;
  const [selector, size] = [f.param(0), f.param(2)];
  s.requirePlainGates();
  s.require(w.eq(size, 4));
  requireDescriptors(s);
  const gate = s.call('descriptorPlace', selector);
  s.require(gate);
  const low = s.let(w.load32(gate));
  const high = s.let(w.load32(gate, 4));
  s.require(w.eq(w.and(high, CALL_GATE_BITS), CALL_GATE));
  s.refuse(w.and(high, GATE_PARAMETERS));
  const cpl = s.let(state(layout.CPL));
  s.refuse(w.or(w.gtU(cpl, dplOf(high)), w.gtU(w.and(selector, 3), dplOf(high))));
  const codeSelector = s.let(w.shrU(low, 16));
  const code = s.call('descriptorPlace', codeSelector);
  s.require(code);
  const codeHigh = s.let(w.load32(code, 4));
  s.require(w.eq(w.and(codeHigh, USED_CODE | HIGH_EXPAND_CONFORM), USED_CODE));
  const level = s.let(dplOf(codeHigh));
  s.require(w.ltU(level, cpl));
  const target = s.let(w.or(w.and(low, 0xffff), w.and(high, ~0xffff)));
  s.refuse(w.gtU(target, limitOf(s.let(w.load32(code)), codeHigh)));
  const inner = openInnerStack(s, level);
  const frame = requireFrame(s, inner.top, w.constant(4), layout.TLB_SUPERVISOR_WRITE);
  const eip = w.sub(state(layout.IP), state(layout.IP_DELTA));
  const pushed = [eip, selectorOf(SegmentIndex.CS), state(ESP), selectorOf(SegmentIndex.SS)];
  pushed.forEach((value, i) => f.emit(w.store32(frame, value, i * 4)));
  s.run('setFromDescriptor', SegmentIndex.SS, inner.selector, inner.place);
  s.set(ESP, w.sub(inner.pointer, 16));
  s.run('setLevel', level);
  enter(s, w.or(w.and(codeSelector, ~3), level), code, target);
}

const selectorOf = (segment: SegmentIndex): Expr => w.load32(layout.SEG_SELECTOR + segment * 4);

/** RETF on flat stacks, to the same or an outer level. */
export function farReturn(s: Stage): void {
  const { f } = s;
  const [size, release] = [f.param(0), f.param(1)];
  s.require(w.eq(size, 4));
  requireDescriptors(s);
  const stack = requireStacked(s, 8);
  const eip = s.let(w.load32(stack.host));
  const selector = s.let(w.load16(stack.host, 4));
  const { level, place } = requireReturnCode(s, selector, eip);
  f.if(
    w.eq(level, state(layout.CPL)),
    () => s.set(ESP, w.add(state(ESP), w.add(release, 8))),
    () => {
      s.refuse(release);
      refuseAlignmentChecks(s, level, state(layout.EFLAGS));
      requireOuterStack(s, level, 8);
    },
  );
  enter(s, selector, place, eip);
}
