import { ATTRIBUTE_ACCESSED, ATTRIBUTE_BIG, ATTRIBUTE_CODE, ATTRIBUTE_EXPAND_CONFORM } from '../../../cpu/descriptor';
import * as layout from '../../../layout';
import { SegmentIndex } from '../../../layout';
import * as w from '../../wasm/expression';
import type { Expr, Operand } from '../../wasm/expression';
import { FunctionBuilder } from '../../wasm/function';
import type { ModuleBuilder } from '../../wasm/module';
import { state, tlbEntry } from '../runtime';
import { defineStaged, type Stage } from './stage';

/** High dword of a descriptor: what is told apart here (Intel SDM vol. 3A, figure 3-8). */
export const HIGH_ACCESSED = 0x100;
export const HIGH_WRITABLE = 0x200;
export const HIGH_EXPAND_CONFORM = 0x400;
export const HIGH_CODE = 0x800;
export const HIGH_SEGMENT = 0x1000;
export const HIGH_PRESENT = 0x8000;
const HIGH_BIG = 0x400000;
const HIGH_GRANULARITY = 0x800000;

const ATTRIBUTE_READ_WRITE = 2;

/** Functions that read descriptors and write segment registers, as `Segmentation` does in TypeScript. */
export function declareSegments(m: ModuleBuilder): void {
  m.declare('descriptorPlace', ['i32'], ['i32']);
  m.declare('setSegment', ['i32', 'i32', 'i32', 'i32', 'i32']);
  m.declare('setFromDescriptor', ['i32', 'i32', 'i32']);
  m.declare('setLevel', ['i32']);
  m.declare('goTo', ['i32']);
  m.declare('dropCodePage');
}

/** DPL of a descriptor, by its high dword. */
export const dplOf = (high: Operand): Expr => w.and(w.shrU(high, 13), 3);

/** Last valid offset of a segment, by the two dwords of its descriptor. */
export function limitOf(low: Operand, high: Operand): Expr {
  const raw = w.or(w.and(low, 0xffff), w.and(high, 0xf0000));
  return w.select(w.and(high, HIGH_GRANULARITY), w.or(w.shl(raw, 12), 0xfff), raw);
}

/** Goes on only if a descriptor is that of present, writable, 32-bit data over 4 GiB, of a level and used before. */
export function requireFlatStack(s: Stage, low: Expr, high: Expr, level: Operand): void {
  const kind = HIGH_SEGMENT | HIGH_CODE | HIGH_EXPAND_CONFORM;
  const needed = HIGH_SEGMENT | HIGH_WRITABLE | HIGH_PRESENT | HIGH_ACCESSED | HIGH_BIG;
  s.require(w.eq(w.and(high, kind | needed), needed));
  s.require(w.eq(dplOf(high), level));
  s.require(w.eq(limitOf(low, high), -1));
}

/** Host pointer of bytes that the processor reads for itself; goes on only where the TLB has their page. */
export function requireSystemPlace(s: Stage, address: Operand, bytes: number): Expr {
  const linear = s.let(address);
  const entry = s.let(tlbEntry(linear));
  s.require(w.and(entry, layout.TLB_SUPERVISOR_READ));
  s.refuse(w.gtU(w.and(linear, 0xfff), 0x1000 - bytes));
  return s.let(w.add(w.and(entry, ~0xfff), linear));
}

/** Host pointer of the descriptor that a selector names; 0 for null, the LDT, what is beyond the GDT or not in the TLB. */
function defineDescriptorPlace(m: ModuleBuilder): void {
  defineStaged(m, 'descriptorPlace', (s) => {
    const selector = s.f.param(0);
    const index = s.let(w.and(selector, 0xfff8));
    s.require(index);
    s.refuse(w.and(selector, 4));
    s.refuse(w.gtU(w.add(index, 7), state(layout.GDTR_LIMIT)));
    s.f.return(requireSystemPlace(s, w.add(state(layout.GDTR_BASE), index), 8));
  });
}

/** SEG_RIGHTS of a code or data segment: `segmentRights` of `cpu/descriptor`. */
function rightsOf(f: FunctionBuilder, attributes: Expr, limit: Expr): Expr {
  const code = f.let(w.and(attributes, ATTRIBUTE_CODE));
  const readWrite = f.let(w.and(attributes, ATTRIBUTE_READ_WRITE));
  const readable = w.select(code, readWrite, 1);
  const writable = w.select(code, 0, readWrite);
  const big = w.select(w.and(attributes, ATTRIBUTE_BIG), layout.SEG_BIG, 0);
  const type = f.let(
    w.or(w.or(w.select(readable, layout.SEG_READABLE, 0), w.select(writable, layout.SEG_WRITABLE, 0)), big),
  );
  const down = f.let(w.and(w.eqz(code), w.ne(w.and(attributes, ATTRIBUTE_EXPAND_CONFORM), 0)));
  const flat = w.and(w.eq(limit, -1), w.eqz(down));
  // READABLE and WRITABLE are the FLAT bits two places up.
  const flatBits = w.and(w.shrU(type, 2), layout.SEG_READ_FLAT | layout.SEG_WRITE_FLAT);
  return f.let(w.or(type, w.or(w.select(flat, flatBits, 0), w.select(down, layout.SEG_EXPAND_DOWN, 0))));
}

/**
 * (segment, selector, base, limit, attributes): sets all parts; no attributes make a null segment. After CS and SS `goTo`
 * must follow, which drops the code page.
 */
function defineSetSegment(m: ModuleBuilder): void {
  const declared = m.declared('setSegment');
  const f = new FunctionBuilder(declared.params);
  const [segment, selector, base, limit, attributes] = declared.params.map((_, i) => f.param(i));
  const put = (array: number, value: Operand) => f.emit(w.store32(w.shl(segment, 2), value, array));
  const rights = f.let(w.select(attributes, rightsOf(f, attributes, limit), 0));
  put(layout.SEG_SELECTOR, w.and(selector, 0xffff));
  put(layout.SEG_BASE, base);
  put(layout.SEG_LIMIT, limit);
  put(layout.SEG_ATTRIBUTES, attributes);
  put(layout.SEG_RIGHTS, rights);
  const big = f.let(w.ne(w.and(attributes, ATTRIBUTE_BIG), 0));
  const isCode = f.let(w.eq(segment, SegmentIndex.CS));
  const isStack = f.let(w.eq(segment, SegmentIndex.SS));
  f.if(isStack, () => f.emit(w.store32(layout.STACK_32, big)));
  f.if(isCode, () => f.emit(w.store32(layout.CODE_32, big)));
  f.if(w.leU(segment, SegmentIndex.DS), () => {
    const wanted = f.let(w.select(isCode, layout.SEG_READ_FLAT, layout.SEG_READ_FLAT | layout.SEG_WRITE_FLAT));
    const flat = w.and(w.eq(w.and(rights, wanted), wanted), w.eqz(base));
    const before = f.let(state(layout.SEG_FLAT));
    const after = f.let(w.or(w.and(before, w.not(w.shl(1, segment))), w.shl(flat, segment)));
    f.if(w.ne(after, before), () => {
      f.emit(w.store32(layout.SEG_FLAT, after));
      f.call(m.indexOf('dropCodePage'));
    });
  });
  m.define(declared, f);
}

/** (segment, selector, host pointer of a checked descriptor). */
function defineSetFromDescriptor(m: ModuleBuilder): void {
  const declared = m.declared('setFromDescriptor');
  const f = new FunctionBuilder(declared.params);
  const low = f.let(w.load32(f.param(2)));
  const high = f.let(w.load32(f.param(2), 4));
  const base = w.or(w.or(w.shrU(low, 16), w.shl(w.and(high, 0xff), 16)), w.and(high, 0xff000000));
  const attributes = f.let(w.or(w.and(w.shrU(high, 8), 0xf0ff), ATTRIBUTE_ACCESSED));
  const limit = f.let(limitOf(low, high));
  const at = f.let(w.shl(f.param(0), 2));
  const differs = (array: number, value: Expr) => w.xor(w.load32(at, array), value);
  const changed = w.or(
    w.or(differs(layout.SEG_BASE, f.let(base)), differs(layout.SEG_LIMIT, limit)),
    differs(layout.SEG_ATTRIBUTES, attributes),
  );
  f.if(
    changed,
    () => f.call(m.indexOf('setSegment'), [f.param(0), f.param(1), base, limit, attributes]),
    () => f.emit(w.store32(at, w.and(f.param(1), 0xffff), layout.SEG_SELECTOR)),
  );
  m.define(declared, f);
}

/** Changes CPL and the rights that go with it; `goTo` must follow. Alignment must not be checked at the new level. */
function defineSetLevel(m: ModuleBuilder): void {
  const declared = m.declared('setLevel');
  const f = new FunctionBuilder(declared.params);
  const user = f.let(w.eq(f.param(0), 3));
  const set = (offset: number, value: Operand) => f.emit(w.store32(offset, value));
  set(layout.CPL, f.param(0));
  set(layout.TLB_READ_MASK, w.select(user, layout.TLB_USER_READ, layout.TLB_SUPERVISOR_READ));
  set(layout.TLB_WRITE_MASK, w.select(user, layout.TLB_USER_WRITE, layout.TLB_SUPERVISOR_WRITE));
  m.define(declared, f);
}

/** EIP in CS, to be looked up again; `eipStart` stays: `CpuState.eip`. */
function defineGoTo(m: ModuleBuilder): void {
  const declared = m.declared('goTo');
  const f = new FunctionBuilder(declared.params);
  const set = (offset: number, value: Operand) => f.emit(w.store32(offset, value));
  set(layout.IP, f.param(0));
  set(layout.IP_START, w.sub(state(layout.IP_START), state(layout.IP_DELTA)));
  set(layout.IP_DELTA, 0);
  set(layout.CODE_START, -1);
  set(layout.CODE_END, 0);
  m.define(declared, f);
  const drop = new FunctionBuilder();
  drop.call(declared.index, [w.sub(state(layout.IP), state(layout.IP_DELTA))]);
  m.define(m.declared('dropCodePage'), drop);
}

export function defineSegments(m: ModuleBuilder): void {
  defineDescriptorPlace(m);
  defineSetSegment(m);
  defineSetFromDescriptor(m);
  defineSetLevel(m);
  defineGoTo(m);
}

/** MOV and POP to ES, DS, FS and GS in protected mode, with the null selector or a descriptor of the GDT. */
export function loadDataSegment(s: Stage): void {
  const { f } = s;
  const segment = f.param(0);
  const selector = s.let(w.and(f.param(1), 0xffff));
  s.refuse(w.eq(segment, SegmentIndex.SS));
  requireDescriptors(s);
  f.if(w.eqz(w.and(selector, 0xfffc)), () => {
    s.run('setSegment', segment, selector, 0, 0, 0);
    f.return();
  });
  const place = s.call('descriptorPlace', selector);
  s.require(place);
  const high = s.let(w.load32(place, 4));
  const needed = HIGH_SEGMENT | HIGH_PRESENT | HIGH_ACCESSED;
  s.require(w.eq(w.and(high, needed), needed));
  const code = s.let(w.and(high, HIGH_CODE));
  // Code that cannot be read, and conforming code, which has rules of its own.
  s.refuse(w.and(w.ne(code, 0), w.ne(w.and(high, HIGH_WRITABLE | HIGH_EXPAND_CONFORM), HIGH_WRITABLE)));
  const dpl = s.let(dplOf(high));
  s.refuse(w.or(w.gtU(state(layout.CPL), dpl), w.gtU(w.and(selector, 3), dpl)));
  s.run('setFromDescriptor', segment, selector, place);
  f.return();
}

/** Goes on only in protected mode outside V86 mode. */
export function requireDescriptors(s: Stage): void {
  s.require(w.and(w.load32(layout.CR), 1));
  s.refuse(w.and(state(layout.EFLAGS), layout.FLAG_VM));
}
