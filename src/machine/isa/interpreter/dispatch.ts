import * as layout from '../../layout';
import { SegmentIndex } from '../../layout';
import { MAX_INSTRUCTION_LENGTH } from '../length';
import { ESCAPE_OPCODE, SEGMENT_PREFIXES } from '../table';
import * as w from '../wasm/expression';
import type { Expr, Operand } from '../wasm/expression';
import { FunctionBuilder } from '../wasm/function';
import type { ModuleBuilder } from '../wasm/module';
import { QUICK_LEFT } from './quick/chain';
import { QUICK_ROWS } from './quick/define';
import { countTransfer, entrySlot, insideWindow } from './runtime';

/**
 * The dispatch table: quick handlers, then `map * 512 + (32-bit operands ? 256 : 0) + opcode`.
 */
export const TABLE_SIZE = QUICK_ROWS + 1024;

/** Places for compiled functions behind the handlers. */
export const REGION_FUNCTIONS = 4096;

export function tableIndex(map: 0 | 1, operandSize: 16 | 32, opcode: number): number {
  return QUICK_ROWS + map * 512 + (operandSize === 32 ? 256 : 0) + opcode;
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
  f.callIndirect(m.type([], []), w.add(w.add(opcode, operandRow()), QUICK_ROWS + map * 512));
}

/** What each prefix does to PREFIXES: bits cleared, bits set. Of several overrides (or REPs) the last one counts. */
const segment = (index: SegmentIndex): readonly [number, number] => [layout.PREFIX_SEGMENT_MASK, index + 1];
const PREFIX_BITS: ReadonlyMap<number, readonly [number, number]> = new Map<number, readonly [number, number]>([
  ...[...SEGMENT_PREFIXES].map(([prefix, index]) => [prefix, segment(index)] as const),
  [0x66, [0, layout.PREFIX_OPERAND_SIZE]],
  [0x67, [0, layout.PREFIX_ADDRESS_SIZE]],
  [0xf0, [0, layout.PREFIX_LOCK]],
  [0xf2, [layout.PREFIX_REP, layout.PREFIX_REPNE]],
  [0xf3, [layout.PREFIX_REPNE, layout.PREFIX_REP]],
]);

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
 * `enterCodePage`: moves the code window to the page of EIP if the TLB knows it and a whole instruction fits before the
 * ends of page and segment; else leaves that to `resolveCode`, which may raise EXIT.
 */
function defineEnterCodePage(m: ModuleBuilder): void {
  const f = new FunctionBuilder();
  const eip = f.let(w.sub(state(layout.IP), state(layout.IP_DELTA)));
  const linear = f.let(w.add(eip, w.load32(layout.SEG_BASE + SegmentIndex.CS * 4)));
  const offset = f.let(w.and(linear, 0xfff));
  const entry = f.let(w.load32(w.shl(w.shrU(linear, 12), 2), layout.TLB));
  const limit = w.load32(layout.SEG_LIMIT + SegmentIndex.CS * 4);
  // With the page's first and last byte within the segment, every instruction that fits the page is.
  const pageFits = w.and(w.geU(eip, offset), w.leU(w.or(eip, 0xfff), limit));
  // Where the next page follows in the machine's memory too, an instruction may reach into it.
  const next = f.let(w.load32(w.shl(w.and(w.add(w.shrU(linear, 12), 1), 0xfffff), 2), layout.TLB));
  const adjoining = w.and(w.eqz(w.and(w.xor(next, entry), ~0xfff)), w.ne(w.and(next, state(layout.TLB_READ_MASK)), 0));
  const roomAfter = w.leU(w.or(eip, 0xfff), w.sub(limit, MAX_INSTRUCTION_LENGTH));
  const window = f.let(
    w.select(w.and(w.and(adjoining, roomAfter), w.ltU(w.or(linear, 0xfff), -1)), 0xfff, FULL_WINDOW),
  );
  const fits = w.and(w.leU(offset, window), pageFits);
  const known = w.ne(w.and(entry, state(layout.TLB_READ_MASK)), 0);
  f.if(
    w.and(known, w.and(fits, w.eqz(w.and(w.load32(layout.SEG_BASE + SegmentIndex.CS * 4), 0xfff)))),
    () => {
      const host = f.let(w.add(w.and(entry, ~0xfff), linear));
      const page = f.let(w.and(host, ~0xfff));
      setState(f, layout.IP, host);
      setState(f, layout.IP_DELTA, w.sub(host, eip));
      setState(f, layout.CODE_START, page);
      setState(f, layout.CODE_END, w.add(page, window));
    },
    () => f.call(m.indexOf('resolveCode')),
  );
  m.define({ index: m.indexOf('enterCodePage'), params: [], results: [] }, f);
}

/** CODE_END - CODE_START, at least, where every instruction of a page that fits it may start. */
export const FULL_WINDOW = 0x1000 - MAX_INSTRUCTION_LENGTH;

/** Makes IP point at the next instruction's bytes; leaves the function if that faults. */
function resolve(f: FunctionBuilder, m: ModuleBuilder, onFault: () => void): void {
  f.if(w.eqz(insideWindow(f.let(state(layout.IP)))), () => {
    f.call(m.indexOf('enterCodePage'));
    f.if(state(layout.EXIT), onFault);
  });
}

/** Executes the instruction at IP. */
function execute(f: FunctionBuilder, m: ModuleBuilder): void {
  const ip = f.let(state(layout.IP));
  setState(f, layout.IP_START, ip);
  setState(f, layout.PREFIXES, 0);
  const opcode = f.let(w.load8(ip));
  setState(f, layout.IP, w.add(ip, 1));
  f.callIndirect(m.type([], []), w.add(w.add(opcode, w.shl(state(layout.CODE_32), 8)), QUICK_ROWS));
}

/** Counts the instruction just executed unless it faulted or was given up; for the case that EXIT is raised. */
function countUnlessUndone(f: FunctionBuilder): void {
  const undone = w.and(state(layout.EXIT), layout.EXIT_FAULT | layout.EXIT_ABORT);
  f.if(w.eqz(undone), () => setState(f, layout.REMAINING, w.sub(state(layout.REMAINING), 1)));
}

/** What compiled code takes for granted about the CPU, as one number; `tierMode` is the same in TypeScript. */
function mode(): Expr {
  const sizes = w.or(w.shl(state(layout.CODE_32), 4), w.shl(state(layout.STACK_32), 5));
  const masks = w.or(w.shl(state(layout.TLB_READ_MASK), 6), w.shl(state(layout.TLB_WRITE_MASK), 10));
  return w.or(w.or(state(layout.SEG_FLAT), sizes), masks);
}

/** What a stay in compiled code that ends because the TLB does not allow an access is worth, in instructions. */
const MISS_WEIGHT = 500;
/** A region that has lost so many instructions by misses is made anew to be patient with them. */
const MISS_LIMIT = 100 * MISS_WEIGHT;

/** Keeps count of how often a region is left for an access that the TLB does not allow, beside what it gets done. */
function weighMisses(f: FunctionBuilder, m: ModuleBuilder, slot: Expr, exit: Expr, before: Expr): void {
  const missed = f.let(w.eq(exit, layout.REGION_MISS));
  const score = f.let(w.load32(slot, layout.ENTRY_TABLE + layout.ENTRY_MISSES));
  f.if(w.or(missed, score), () => {
    const done = w.sub(before, state(layout.REMAINING));
    const sum = f.let(w.sub(w.add(score, w.mul(missed, MISS_WEIGHT)), done));
    f.emit(w.store32(slot, w.select(w.gtS(sum, 0), sum, 0), layout.ENTRY_TABLE + layout.ENTRY_MISSES));
    f.if(w.gtS(sum, MISS_LIMIT), () => f.call(m.indexOf('missedOften'), [slot]));
  });
}

/**
 * `enterRegions`: runs compiled code as long as there is some at IP; has it made where IP is hot. Afterwards the
 * interpreter goes on at IP, or EXIT or REMAINING say that it must not.
 */
function defineEnterRegions(m: ModuleBuilder): void {
  const f = new FunctionBuilder();
  f.loop((again) => {
    resolve(f, m, () => f.return());
    f.if(w.ltU(w.sub(state(layout.CODE_END), state(layout.CODE_START)), FULL_WINDOW), () => f.return());
    const ip = f.let(state(layout.IP));
    const slot = f.let(entrySlot(ip));
    const found = w.and(
      w.eq(w.load32(slot, layout.ENTRY_TABLE + layout.ENTRY_IP), ip),
      w.eq(w.load32(slot, layout.ENTRY_TABLE + layout.ENTRY_MODE), mode()),
    );
    f.if(found, () => {
      const number = w.load32(slot, layout.ENTRY_TABLE + layout.ENTRY_FUNCTION);
      const before = f.let(state(layout.REMAINING));
      const exit = f.let(f.callIndirectValue(m.type([], ['i32']), number));
      weighMisses(f, m, slot, exit, before);
      f.if(w.ne(exit, layout.REGION_TRANSFER), () => f.return());
      f.if(w.or(state(layout.EXIT), w.eqz(state(layout.REMAINING))), () => f.return());
      f.branch(again);
    });
    f.if(w.eqz(countTransfer(f, ip)), () => f.return());
    f.branchIf(f.callValue(m.indexOf('compileHere')), again);
  });
  m.define({ index: m.indexOf('enterRegions'), params: [], results: [] }, f);
}

/** `step`, exported for compiled code: one instruction, counted; IP need not be resolved. */
function defineStep(m: ModuleBuilder): void {
  const f = new FunctionBuilder();
  resolve(f, m, () => f.return());
  execute(f, m);
  setState(f, layout.EXIT, w.and(state(layout.EXIT), ~layout.EXIT_ENTER));
  countUnlessUndone(f);
  m.define({ index: m.indexOf('step'), params: [], results: [] }, f);
}

/** SEG_FLAT with all of its segments. */
const ALL_FLAT = 15;

/** True where what quick handlers take for granted holds. */
function quickly(): Expr {
  const wide = w.and(state(layout.CODE_32), state(layout.STACK_32));
  const flat = w.eq(state(layout.SEG_FLAT), ALL_FLAT);
  return w.and(w.and(wide, flat), w.eqz(state(layout.BREAKPOINTS_ON)));
}

/**
 * `resume`: one instruction after an IRET that has set RF, so that the guest's code breakpoint there is passed. There is
 * none here, or TypeScript would do this: what is left is RF itself, which is set until the instruction is done.
 */
function defineResume(m: ModuleBuilder): void {
  const f = new FunctionBuilder();
  setState(f, layout.EXIT, 0);
  setState(f, layout.EFLAGS, w.and(state(layout.EFLAGS), ~layout.FLAG_RF));
  f.block((done) => {
    resolve(f, m, () => f.branch(done));
    execute(f, m);
    countUnlessUndone(f);
  });
  const undone = w.and(state(layout.EXIT), layout.EXIT_FAULT | layout.EXIT_ABORT);
  f.if(w.or(undone, state(layout.STRING_PENDING)), () =>
    setState(f, layout.EFLAGS, w.or(state(layout.EFLAGS), layout.FLAG_RF)),
  );
  m.define({ index: m.indexOf('resume'), params: [], results: [] }, f);
}

/**
 * `settle`: takes care of what EXIT says as far as that can be done here. Afterwards the interpreter goes on, or EXIT or
 * REMAINING say that it must not.
 */
function defineSettle(m: ModuleBuilder): void {
  const f = new FunctionBuilder();
  f.loop((again) => {
    const exit = f.let(w.and(state(layout.EXIT), ~layout.EXIT_ENTER));
    f.if(w.eq(exit, layout.EXIT_FAULT), () => {
      f.branchIf(f.callValue(m.indexOf('deliverFault')), again);
      f.return();
    });
    f.if(w.and(exit, layout.EXIT_RESUME), () => {
      const alone = w.eqz(w.or(w.xor(exit, layout.EXIT_RESUME), state(layout.BREAKPOINTS_ON)));
      f.if(w.and(alone, w.ne(state(layout.REMAINING), 0)), () => {
        f.call(m.indexOf('resume'));
        f.branch(again);
      });
      setState(f, layout.EXIT, w.or(w.and(exit, ~layout.EXIT_RESUME), layout.EXIT_RECHECK));
      f.return();
    });
    f.if(w.or(exit, w.eqz(state(layout.REMAINING))), () => f.return());
    f.if(state(layout.EXIT), () => {
      setState(f, layout.EXIT, 0);
      f.call(m.indexOf('enterRegions'));
      f.branchIf(state(layout.EXIT), again);
    });
  });
  m.define({ index: m.indexOf('settle'), params: [], results: [] }, f);
}

/**
 * The run loop, exported as `run`: executes instructions until REMAINING is zero or EXIT is not.
 * An instruction that faults or is given up is not counted.
 */
function defineRun(m: ModuleBuilder): void {
  const f = new FunctionBuilder();
  const settle = () => {
    f.call(m.indexOf('settle'));
    f.if(w.or(state(layout.EXIT), w.eqz(state(layout.REMAINING))), () => f.return());
  };
  f.if(state(layout.TIER_THRESHOLD), () => {
    setState(f, layout.EXIT, layout.EXIT_ENTER);
    settle();
  });
  f.loop((next) => {
    resolve(f, m, () => {
      settle();
      f.branch(next);
    });
    f.if(quickly(), () => {
      const why = f.callValue(m.indexOf('quickLoop'), [state(layout.IP), state(layout.REMAINING)]);
      f.if(w.eq(why, QUICK_LEFT), () => {
        f.if(state(layout.EXIT), () => {
          settle();
          f.branch(next);
        });
        f.branchIf(state(layout.REMAINING), next);
        f.return();
      });
    });
    f.if(state(layout.BREAKPOINTS_ON), () => {
      f.if(breakpointMayBeHere(f), () => {
        f.if(f.callValue(m.indexOf('codeBreakpoint')), () => f.return());
      });
    });
    execute(f, m);
    f.if(state(layout.EXIT), () => {
      countUnlessUndone(f);
      settle();
      f.branch(next);
    });
    const remaining = f.let(w.sub(state(layout.REMAINING), 1));
    setState(f, layout.REMAINING, remaining);
    f.branchIf(remaining, next);
  });
  m.define({ index: m.indexOf('run'), params: [], results: [] }, f);
}

/** Declares the functions that drive execution; exports `run` and `step`. */
export function declareDispatch(m: ModuleBuilder): void {
  for (const name of ['enterCodePage', 'enterRegions', 'resume', 'settle', 'step', 'run']) m.declare(name);
  for (const name of ['step', 'run']) m.export(name, { index: m.indexOf(name), params: [], results: [] });
}

export function defineDispatch(m: ModuleBuilder): void {
  defineEnterCodePage(m);
  defineEnterRegions(m);
  defineResume(m);
  defineSettle(m);
  defineStep(m);
  defineRun(m);
}
