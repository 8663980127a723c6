import { Vector } from '../../../cpu/fault';
import * as layout from '../../../layout';
import { FLAG_IF, FLAG_NT, FLAG_RF, FLAG_TF, FLAG_VM, Register, SegmentIndex } from '../../../layout';
import * as w from '../../wasm/expression';
import type { Expr, Operand } from '../../wasm/expression';
import { f64 } from '../../wasm/float';
import type { ModuleBuilder } from '../../wasm/module';
import { state, tlbEntry } from '../runtime';
import { wholeFlags } from './flags';
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
  requireSystemPlace,
} from './segments';
import { defineStaged, type Stage } from './stage';

/** In the place of an error code where none is pushed. */
const NO_ERROR_CODE = -1;
/** Type field of a 386 TSS without its busy bit, and the mask that leaves that out; with the S bit. */
const TSS_32 = 9;
const TSS_TYPE = 0x1d;

/** After so many in one burst the run loop has a look: a guest may fault forever without retiring anything. */
const MAX_EXCEPTIONS = 4096;

/** Exceptions that are delivered here: all but those for which more than the gate counts, or that are not the program's. */
const ORDINARY_EXCEPTIONS = [
  ...[Vector.DE, Vector.BP, Vector.OF, Vector.BR, Vector.UD, Vector.NM, Vector.TS, Vector.NP, Vector.SS, Vector.GP],
  ...[Vector.PF, Vector.MF, Vector.AC, Vector.XM],
].reduce((mask, vector) => mask | (1 << vector), 0);

/** Delivery of interrupts and exceptions through the common gates; the rest of `Interrupts` stays TypeScript. Exports `deliver`. */
export function declareGates(m: ModuleBuilder): void {
  m.export('deliver', m.declare('deliver', ['i32', 'i32', 'i32', 'i32', 'i32'], ['i32']));
  m.declare('deliverFault', [], ['i32']);
}

/** What a checked gate leads to. */
interface Target {
  readonly selector: Expr;
  readonly place: Expr;
  readonly conforming: Expr;
  readonly dpl: Expr;
  readonly offset: Expr;
  /** Flags that the gate clears. */
  readonly masks: Expr;
}

/** A present 386 interrupt or trap gate to present code in the GDT, not less privileged than CPL. */
function requireGate(s: Stage, vector: Expr, software: Expr): Target {
  const index = s.let(w.shl(vector, 3));
  s.refuse(w.gtU(w.add(index, 7), state(layout.IDTR_LIMIT)));
  const gate = requireSystemPlace(s, w.add(state(layout.IDTR_BASE), index), 8);
  const low = s.let(w.load32(gate));
  const high = s.let(w.load32(gate, 4));
  s.require(w.eq(w.and(high, HIGH_PRESENT | HIGH_SEGMENT | 0xe00), HIGH_PRESENT | 0xe00));
  const cpl = s.let(state(layout.CPL));
  s.refuse(w.and(software, w.ltU(dplOf(high), cpl)));
  const selector = s.let(w.shrU(low, 16));
  const place = s.call('descriptorPlace', selector);
  s.require(place);
  const codeLow = s.let(w.load32(place));
  const codeHigh = s.let(w.load32(place, 4));
  const needed = HIGH_SEGMENT | HIGH_CODE | HIGH_PRESENT | HIGH_ACCESSED;
  s.require(w.eq(w.and(codeHigh, needed), needed));
  const dpl = s.let(dplOf(codeHigh));
  s.refuse(w.gtU(dpl, cpl));
  const offset = s.let(w.or(w.and(low, 0xffff), w.and(high, ~0xffff)));
  s.refuse(w.gtU(offset, limitOf(codeLow, codeHigh)));
  const conforming = s.let(w.ne(w.and(codeHigh, HIGH_EXPAND_CONFORM), 0));
  const masks = s.let(w.select(w.and(high, 0x100), 0, FLAG_IF));
  return { selector, place, conforming, dpl, offset, masks };
}

/** Host pointer at which a frame of dwords begins that ends at `top`: all of it within one page that may be written. */
export function requireFrame(s: Stage, top: Expr, dwords: Expr, mask: Operand): Expr {
  const bytes = s.let(w.shl(dwords, 2));
  const linear = s.let(w.sub(top, bytes));
  const entry = s.let(tlbEntry(linear));
  s.require(w.and(entry, mask));
  s.refuse(w.gtU(w.and(linear, 0xfff), w.sub(0x1000, bytes)));
  return s.let(w.add(w.and(entry, ~0xfff), linear));
}

/** Stores the part of the frame that is the same at every level, from the lowest address on. */
function storeFrame(s: Stage, at: Expr, errorCode: Expr, eip: Expr, eflags: Expr): void {
  const { f } = s;
  const pushed = s.let(w.ne(errorCode, NO_ERROR_CODE));
  f.if(pushed, () => f.emit(w.store32(at, errorCode)));
  const rest = s.let(w.add(at, w.shl(pushed, 2)));
  f.emit(w.store32(rest, eip));
  f.emit(w.store32(rest, w.load32(layout.SEG_SELECTOR + SegmentIndex.CS * 4), 4));
  f.emit(w.store32(rest, eflags, 8));
}

/** CS, flags and EIP of the handler: the last part of delivery. */
function enterHandler(s: Stage, target: Target, level: Expr, eflags: Expr): void {
  s.set(layout.LAZY_MASK, 0);
  s.set(layout.EFLAGS, w.and(eflags, w.not(w.or(target.masks, FLAG_TF | FLAG_NT | FLAG_RF | FLAG_VM))));
  s.run('setFromDescriptor', SegmentIndex.CS, w.or(w.and(target.selector, ~3), level), target.place);
  s.run('goTo', target.offset);
  s.f.return(1);
}

/** On the present stack. */
function enterSameLevel(s: Stage, target: Target, errorCode: Expr, eip: Expr, eflags: Expr): void {
  const rights = w.load32(layout.SEG_RIGHTS + SegmentIndex.SS * 4);
  s.require(w.and(rights, layout.SEG_WRITE_FLAT));
  s.require(state(layout.STACK_32));
  const esp = s.let(state(layout.REGS + Register.ESP * 4));
  const dwords = s.let(w.select(w.eq(errorCode, NO_ERROR_CODE), 3, 4));
  const top = s.let(w.add(w.load32(layout.SEG_BASE + SegmentIndex.SS * 4), esp));
  const frame = requireFrame(s, top, dwords, state(layout.TLB_WRITE_MASK));
  storeFrame(s, frame, errorCode, eip, eflags);
  s.set(layout.REGS + Register.ESP * 4, w.sub(esp, w.shl(dwords, 2)));
  enterHandler(s, target, s.let(state(layout.CPL)), eflags);
}

/** The flat stack that a 386 TSS has for an inner level. */
interface InnerStack {
  readonly selector: Expr;
  /** Host pointer of its descriptor. */
  readonly place: Expr;
  readonly pointer: Expr;
  /** Linear address that the pointer stands for. */
  readonly top: Expr;
}

export function openInnerStack(s: Stage, level: Expr): InnerStack {
  const task = SegmentIndex.TR * 4;
  s.require(w.eq(w.and(w.load32(layout.SEG_ATTRIBUTES + task), TSS_TYPE), TSS_32));
  const at = s.let(w.add(w.shl(level, 3), 4));
  s.refuse(w.gtU(w.add(at, 5), w.load32(layout.SEG_LIMIT + task)));
  const entry = requireSystemPlace(s, w.add(w.load32(layout.SEG_BASE + task), at), 8);
  const pointer = s.let(w.load32(entry));
  const selector = s.let(w.load16(entry, 4));
  s.require(w.eq(w.and(selector, 3), level));
  const place = s.call('descriptorPlace', selector);
  s.require(place);
  const low = s.let(w.load32(place));
  const high = s.let(w.load32(place, 4));
  requireFlatStack(s, low, high, level);
  const base = w.or(w.or(w.shrU(low, 16), w.shl(w.and(high, 0xff), 16)), w.and(high, 0xff000000));
  return { selector, place, pointer, top: s.let(w.add(base, pointer)) };
}

/** On the stack that the TSS has for the handler's level. */
function enterInner(s: Stage, target: Target, errorCode: Expr, eip: Expr, eflags: Expr): void {
  const { f } = s;
  const inner = openInnerStack(s, target.dpl);
  const dwords = s.let(w.select(w.eq(errorCode, NO_ERROR_CODE), 5, 6));
  const frame = requireFrame(s, inner.top, dwords, layout.TLB_SUPERVISOR_WRITE);
  storeFrame(s, frame, errorCode, eip, eflags);
  const above = s.let(w.add(frame, w.shl(dwords, 2)));
  f.emit(w.store32(w.sub(above, 8), state(layout.REGS + Register.ESP * 4)));
  f.emit(w.store32(w.sub(above, 4), w.load32(layout.SEG_SELECTOR + SegmentIndex.SS * 4)));
  s.run('setFromDescriptor', SegmentIndex.SS, inner.selector, inner.place);
  s.set(layout.REGS + Register.ESP * 4, w.sub(inner.pointer, w.shl(dwords, 2)));
  s.run('setLevel', target.dpl);
  enterHandler(s, target, target.dpl, eflags);
}

/**
 * (vector, error code or -1, 1 for INT n, EIP and EFLAGS to return to): enters the handler; 0 where that is left to
 * TypeScript and nothing has changed.
 */
function defineDeliver(m: ModuleBuilder): void {
  defineStaged(m, 'deliver', (s) => {
    const [vector, errorCode, software, eip, eflags] = Array.from({ length: 5 }, (_, i) => s.f.param(i));
    requireDescriptors(s);
    const target = requireGate(s, vector, software);
    const same = s.let(w.or(target.conforming, w.eq(target.dpl, state(layout.CPL))));
    s.f.if(same, () => enterSameLevel(s, target, errorCode, eip, eflags));
    enterInner(s, target, errorCode, eip, eflags);
  });
}

/**
 * Delivers the fault that is pending as `RunLoop` and `Interrupts.raise` do, where nobody wants to be asked; 0 where it is
 * left to them. The cycle that an exception takes is one instruction of the burst's less, and counted in `EXCEPTIONS_TAKEN`.
 */
function defineDeliverFault(m: ModuleBuilder): void {
  defineStaged(m, 'deliverFault', (s) => {
    s.require(w.eq(w.and(state(layout.EXIT), ~layout.EXIT_ENTER), layout.EXIT_FAULT));
    s.require(w.and(state(layout.EVENTS_STAGED), layout.STAGED_EXCEPTIONS));
    s.require(w.gtU(state(layout.REMAINING), 1));
    s.refuse(state(layout.PENDING_DEBUG));
    s.require(w.ltU(state(layout.EXCEPTIONS_TAKEN), MAX_EXCEPTIONS));
    const vector = s.let(w.sub(state(layout.FAULT), 1));
    s.require(w.and(w.ltU(vector, 32), w.shrU(ORDINARY_EXCEPTIONS, vector)));
    const eip = s.let(w.sub(state(layout.IP_START), state(layout.IP_DELTA)));
    const eflags = s.let(w.or(wholeFlags(s), FLAG_RF));
    s.require(s.call('deliver', vector, state(layout.FAULT_ERROR), 0, eip, eflags));
    s.set(layout.FAULT, 0);
    s.set(layout.EXIT, 0);
    s.set(layout.STRING_PENDING, 0);
    for (const shadow of [layout.INTERRUPT_SHADOW, layout.DEBUG_SHADOW]) {
      s.f.emit(f64.store(0, f64.fromI32(0), shadow));
    }
    s.set(layout.REMAINING, w.sub(state(layout.REMAINING), 1));
    s.set(layout.EXCEPTIONS_TAKEN, w.add(state(layout.EXCEPTIONS_TAKEN), 1));
    s.f.emit(f64.store(0, f64.sub(f64.load(0, layout.INSTRUCTION_BASE), f64.fromI32(1)), layout.INSTRUCTION_BASE));
    s.f.return(1);
  });
}

export function defineGates(m: ModuleBuilder): void {
  defineDeliver(m);
  defineDeliverFault(m);
}

/** INT n in protected mode. While TF is set TypeScript keeps the books of single steps. */
export function softwareInterrupt(s: Stage): void {
  s.requirePlainGates();
  s.refuse(w.and(state(layout.EFLAGS), FLAG_TF));
  const eip = s.let(w.sub(state(layout.IP), state(layout.IP_DELTA)));
  const eflags = s.let(w.and(wholeFlags(s), ~FLAG_RF));
  s.require(s.call('deliver', s.f.param(0), NO_ERROR_CODE, 1, eip, eflags));
  s.f.return();
}
