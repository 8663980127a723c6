import * as layout from '../../layout';
import { FLAG_DF, Register, SegmentIndex } from '../../layout';
import type { Emitter } from '../emitter';
import type { Size } from '../size';
import * as w from '../wasm/expression';
import type { Code, Expr, Operand } from '../wasm/expression';

/**
 * Many elements of REP MOVS and REP STOS at once, where nothing can see the difference: upwards, within one page of plain
 * memory on each side, in segments without a limit to check, no more than the instruction budget allows. The last
 * element is always left to the ordinary way, which also deals with everything else.
 */

/** Below so many elements it does not pay. */
const FEW = 8;

/** memory.copy and memory.fill: core specification 2.0, section 5.4.6. */
const copy = (to: Expr, from: Expr, bytes: Expr): Code => [to.code, from.code, bytes.code, 0xfc, 10, 0, 0];
const fill = (to: Expr, byte: Expr, bytes: Expr): Code => [to.code, byte.code, bytes.code, 0xfc, 11, 0];

const smaller = (e: Emitter, a: Expr, b: Expr): Expr => e.let(w.select(w.ltU(a, b), a, b));

interface Side {
  /** The TLB lets the page be accessed in place, and its segment asks for no check. */
  readonly plain: Expr;
  readonly host: Expr;
  readonly bytesLeft: Expr;
}

function side(e: Emitter, segment: Operand, offset: Expr, write: boolean): Side {
  const field = (array: number) => w.load32(w.shl(segment, 2), array);
  const linear = e.let(w.add(field(layout.SEG_BASE), offset));
  const entry = e.let(w.load32(w.shl(w.shrU(linear, 12), 2), layout.TLB));
  const mask = e.state(write ? layout.TLB_WRITE_MASK : layout.TLB_READ_MASK);
  const flat = w.and(field(layout.SEG_RIGHTS), write ? layout.SEG_WRITE_FLAT : layout.SEG_READ_FLAT);
  return {
    plain: e.let(w.and(w.ne(w.and(entry, mask), 0), w.ne(flat, 0))),
    host: e.let(w.add(w.and(entry, ~0xfff), linear)),
    bytesLeft: e.let(w.sub(0x1000, w.and(linear, 0xfff))),
  };
}

/** Runs `body` with the number of elements that may be done at once, if they are enough. */
function ifMany(e: Emitter, wide: Expr, body: (elements: Expr) => void): void {
  e.if(w.and(w.ne(wide, 0), w.eqz(w.and(e.state(layout.EFLAGS), FLAG_DF))), () => {
    const budget = e.let(w.sub(e.state(layout.REMAINING), 1));
    const elements = smaller(e, e.let(w.sub(e.reg(32, Register.ECX), 1)), budget);
    e.if(w.geU(elements, FEW), () => body(elements));
  });
}

/** Counts elements that are done and moves on behind them. */
function account(e: Emitter, elements: Expr, bytes: Expr, pointers: readonly Register[]): void {
  for (const pointer of pointers) e.setReg(32, pointer, w.add(e.reg(32, pointer), bytes));
  e.setReg(32, Register.ECX, w.sub(e.reg(32, Register.ECX), elements));
  e.setState(layout.REMAINING, w.sub(e.state(layout.REMAINING), elements));
}

const log2 = (size: Size) => (size === 8 ? 0 : size === 16 ? 1 : 2);

/** As many elements of REP MOVS as can be moved at once; may be none. @param wide 1 for 32-bit addresses */
export function moveMany(e: Emitter, size: Size, segment: Expr, wide: Expr): void {
  ifMany(e, wide, (elements) => {
    const from = side(e, segment, e.reg(32, Register.ESI), false);
    const to = side(e, SegmentIndex.ES, e.reg(32, Register.EDI), true);
    const room = w.shrU(smaller(e, from.bytesLeft, to.bytesLeft), log2(size));
    const count = smaller(e, e.let(room), elements);
    const bytes = e.let(w.shl(count, log2(size)));
    // Where the destination follows the source closely, elements are copied that were just written.
    const apart = w.geU(w.sub(to.host, from.host), bytes);
    e.if(w.and(w.and(from.plain, to.plain), w.and(apart, w.ne(count, 0))), () => {
      e.f.emit(copy(to.host, from.host, bytes));
      account(e, count, bytes, [Register.ESI, Register.EDI]);
    });
  });
}

/** As many elements of REP STOS as can be stored at once; may be none. */
export function storeMany(e: Emitter, size: Size, value: Expr, wide: Expr): void {
  ifMany(e, wide, (elements) => {
    const to = side(e, SegmentIndex.ES, e.reg(32, Register.EDI), true);
    const count = smaller(e, e.let(w.shrU(to.bytesLeft, log2(size))), elements);
    const bytes = e.let(w.shl(count, log2(size)));
    const byte = e.let(w.and(value, 0xff));
    const uniform = size === 8 ? w.constant(1) : w.eq(value, w.mul(byte, size === 16 ? 0x101 : 0x01010101));
    e.if(w.and(to.plain, w.ne(count, 0)), () => {
      e.if(
        e.let(uniform),
        () => e.f.emit(fill(to.host, byte, bytes)),
        () => {
          const at = e.f.local();
          e.f.set(at, to.host);
          const end = e.let(w.add(to.host, bytes));
          e.loop((again) => {
            e.f.emit(size === 16 ? w.store16(e.f.get(at), value) : w.store32(e.f.get(at), value));
            e.f.set(at, w.add(e.f.get(at), size / 8));
            e.f.branchIf(w.ltU(e.f.get(at), end), again);
          });
        },
      );
      account(e, count, bytes, [Register.EDI]);
    });
  });
}
