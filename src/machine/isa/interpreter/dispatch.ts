import * as layout from '../../layout';
import { SegmentIndex } from '../../layout';
import { MAX_INSTRUCTION_LENGTH } from '../length';
import { ESCAPE_OPCODE } from '../table';
import * as w from '../wasm/expression';
import type { Expr, Operand } from '../wasm/expression';
import { FunctionBuilder } from '../wasm/function';
import type { ModuleBuilder } from '../wasm/module';

/**
 * The dispatch table: `map * 512 + (32-bit operands ? 256 : 0) + opcode`.
 */
export const TABLE_SIZE = 1024;

export function tableIndex(map: 0 | 1, operandSize: 16 | 32, opcode: number): number {
  return map * 512 + (operandSize === 32 ? 256 : 0) + opcode;
}

const state = (offset: number): Expr => w.load32(offset);
const setState = (f: FunctionBuilder, offset: number, value: Operand): void => f.emit(w.store32(offset, value));

/** 256 if operands are 32 bits wide in this instruction, else 0. */
function operandRow(): Expr {
  const flipped = w.and(w.shrU(state(layout.PREFIXES), 3), layout.PREFIX_OPERAND_SIZE >> 3);
  return w.shl(w.xor(state(layout.CODE_32), flipped), 8);
}

/** Fetches an opcode byte and calls its handler in the given map. */
function dispatch(f: FunctionBuilder, m: ModuleBuilder, map: 0 | 1): void {
  const opcode = f.let(w.load8(state(layout.IP)));
  setState(f, layout.IP, w.add(state(layout.IP), 1));
  f.callIndirect(m.type([], []), w.add(w.add(opcode, operandRow()), map * 512));
}

/** What each prefix does to PREFIXES: bits cleared, bits set. Of several overrides (or REPs) the last one counts. */
const segment = (index: SegmentIndex): readonly [number, number] => [layout.PREFIX_SEGMENT_MASK, index + 1];
const PREFIX_BITS: ReadonlyMap<number, readonly [number, number]> = new Map([
  [0x26, segment(SegmentIndex.ES)],
  [0x2e, segment(SegmentIndex.CS)],
  [0x36, segment(SegmentIndex.SS)],
  [0x3e, segment(SegmentIndex.DS)],
  [0x64, segment(SegmentIndex.FS)],
  [0x65, segment(SegmentIndex.GS)],
  [0x66, [0, layout.PREFIX_OPERAND_SIZE]],
  [0x67, [0, layout.PREFIX_ADDRESS_SIZE]],
  [0xf0, [0, layout.PREFIX_LOCK]],
  [0xf2, [layout.PREFIX_REP, layout.PREFIX_REPNE]],
  [0xf3, [layout.PREFIX_REPNE, layout.PREFIX_REP]],
] as const);

/** How many prefixes an instruction can have before its length has to be looked at. */
const HARMLESS_PREFIXES = 4;

/** Handlers of prefixes and of the escape byte, by opcode. They call the handler of what follows. */
export function prefixHandlers(m: ModuleBuilder): Map<number, FunctionBuilder> {
  const handlers = new Map<number, FunctionBuilder>();
  for (const [opcode, [clear, set]] of PREFIX_BITS) {
    const f = new FunctionBuilder();
    setState(f, layout.PREFIXES, w.or(w.and(state(layout.PREFIXES), ~clear), set));
    const count = w.sub(state(layout.IP), state(layout.IP_START));
    const suspicious = opcode === 0xf0 ? 1 : w.gtU(count, HARMLESS_PREFIXES);
    f.if(suspicious, () => {
      f.call(m.indexOf('checkPrefixes'));
      f.if(state(layout.FAULT), () => f.return());
    });
    dispatch(f, m, 0);
    handlers.set(opcode, f);
  }
  const escape = new FunctionBuilder();
  dispatch(escape, m, 1);
  handlers.set(ESCAPE_OPCODE, escape);
  return handlers;
}

/** True if the breakpoint filter has a bit for the linear address of the next instruction. */
function breakpointMayBeHere(f: FunctionBuilder): Expr {
  const eip = w.sub(state(layout.IP), state(layout.IP_DELTA));
  const linear = f.let(w.add(eip, w.load32(layout.SEG_BASE + SegmentIndex.CS * 4)));
  const byte = w.load8(w.and(w.shrU(linear, 3), layout.BREAKPOINT_FILTER_BYTES - 1), layout.BREAKPOINT_FILTER);
  return w.and(w.shrU(byte, w.and(linear, 7)), 1);
}

/**
 * Moves the code window to the page of EIP if the TLB knows it and a whole instruction fits before the ends of
 * page and segment; else leaves that to `resolveCode`.
 */
function enterCodePage(f: FunctionBuilder, m: ModuleBuilder): void {
  const eip = f.let(w.sub(state(layout.IP), state(layout.IP_DELTA)));
  const linear = f.let(w.add(eip, w.load32(layout.SEG_BASE + SegmentIndex.CS * 4)));
  const offset = f.let(w.and(linear, 0xfff));
  const entry = f.let(w.load32(w.shl(w.shrU(linear, 12), 2), layout.TLB));
  const limit = w.load32(layout.SEG_LIMIT + SegmentIndex.CS * 4);
  // With the page's first and last byte within the segment, every instruction that fits the page is.
  const pageFits = w.and(w.geU(eip, offset), w.leU(w.or(eip, 0xfff), limit));
  const fits = w.and(w.leU(offset, 0x1000 - MAX_INSTRUCTION_LENGTH), pageFits);
  const known = w.ne(w.and(entry, state(layout.TLB_READ_MASK)), 0);
  f.if(
    w.and(known, w.and(fits, w.eqz(w.and(w.load32(layout.SEG_BASE + SegmentIndex.CS * 4), 0xfff)))),
    () => {
      const host = f.let(w.add(w.and(entry, ~0xfff), linear));
      const page = f.let(w.and(host, ~0xfff));
      setState(f, layout.IP, host);
      setState(f, layout.IP_DELTA, w.sub(host, eip));
      setState(f, layout.CODE_START, page);
      setState(f, layout.CODE_END, w.add(page, 0x1000 - MAX_INSTRUCTION_LENGTH));
    },
    () => {
      f.call(m.indexOf('resolveCode'));
      f.if(state(layout.EXIT), () => f.return());
    },
  );
}

/**
 * The run loop, exported as `run`: executes instructions until REMAINING is zero or EXIT is not.
 * An instruction that faults or is given up is not counted.
 */
export function buildRunLoop(m: ModuleBuilder): FunctionBuilder {
  const f = new FunctionBuilder();
  f.loop((next) => {
    const ip = f.let(state(layout.IP));
    const outside = w.or(w.ltU(ip, state(layout.CODE_START)), w.gtU(ip, state(layout.CODE_END)));
    f.if(outside, () => enterCodePage(f, m));
    f.if(state(layout.BREAKPOINTS_ON), () => {
      f.if(breakpointMayBeHere(f), () => {
        f.if(f.callValue(m.indexOf('codeBreakpoint')), () => f.return());
      });
    });
    setState(f, layout.IP_START, state(layout.IP));
    setState(f, layout.PREFIXES, 0);
    const opcode = f.let(w.load8(state(layout.IP)));
    setState(f, layout.IP, w.add(state(layout.IP), 1));
    f.callIndirect(m.type([], []), w.add(opcode, w.shl(state(layout.CODE_32), 8)));
    f.if(state(layout.EXIT), () => {
      const undone = w.and(state(layout.EXIT), layout.EXIT_FAULT | layout.EXIT_ABORT);
      f.if(w.eqz(undone), () => setState(f, layout.REMAINING, w.sub(state(layout.REMAINING), 1)));
      f.return();
    });
    const remaining = f.let(w.sub(state(layout.REMAINING), 1));
    setState(f, layout.REMAINING, remaining);
    f.branchIf(remaining, next);
  });
  return f;
}
