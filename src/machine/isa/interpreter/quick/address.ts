import { REGS } from '../../../layout';
import type { CpuModel } from '../../form';
import { scalesLoneBase } from '../../table';
import * as w from '../../wasm/expression';
import type { Expr } from '../../wasm/expression';
import type { FunctionBuilder, Label } from '../../wasm/function';
import type { Cursor } from './emitter';

/** An effective address and what follows its bytes. */
interface QuickAddress {
  readonly offset: Expr;
  readonly cursor: Cursor;
}

/**
 * Works out a 32-bit effective address in place, from a ModR/M byte that names memory (Intel SDM vol. 2A, tables 2-2 and
 * 2-3). Which segment it refers to does not matter: all are flat.
 *
 * @param cursor place after the ModR/M byte
 * @param slow where addresses go that the model works out in its own way
 */
export function quickAddress(
  f: FunctionBuilder,
  modRm: Expr,
  { base, bytes }: Cursor,
  model: CpuModel,
  slow: Label,
): QuickAddress {
  const offset = f.local();
  const after = f.local();
  const rm = w.and(modRm, 7);
  const register = (scaled: Expr) => w.load32(scaled, REGS);
  /** Adds the displacement that ModR/M.mod asks for; `used`: bytes up to it. */
  const displaced = (start: Expr, used: number) => {
    f.if(
      w.ltU(modRm, 0x40),
      () => {
        f.set(offset, start);
        f.set(after, w.add(base, used));
      },
      () =>
        f.if(
          w.ltU(modRm, 0x80),
          () => {
            f.set(offset, w.add(start, w.extend8(w.load8(base, used))));
            f.set(after, w.add(base, used + 1));
          },
          () => {
            f.set(offset, w.add(start, w.load32(base, used)));
            f.set(after, w.add(base, used + 4));
          },
        ),
    );
  };
  const absolute = (used: number) => {
    f.set(offset, w.load32(base, used));
    f.set(after, w.add(base, used + 4));
  };
  const withSib = () => {
    const sib = f.let(w.load8(base, bytes));
    const used = bytes + 1;
    const withoutBase = w.and(w.eq(w.and(sib, 7), 5), w.ltU(modRm, 0x40));
    f.if(
      withoutBase,
      () => absolute(used),
      () => displaced(f.let(register(w.shl(w.and(sib, 7), 2))), used),
    );
    const index = f.let(w.and(w.shrU(sib, 1), 0x1c));
    f.if(
      w.ne(index, 4 << 2),
      () => f.set(offset, w.add(f.get(offset), w.shl(register(index), w.shrU(sib, 6)))),
      scalesLoneBase(model) ? () => f.branchIf(w.shrU(sib, 6), slow) : undefined,
    );
  };
  f.if(w.eq(rm, 4), withSib, () =>
    f.if(
      w.eq(w.and(modRm, 0xc7), 5),
      () => absolute(bytes),
      () => displaced(f.let(register(w.shl(rm, 2))), bytes),
    ),
  );
  return { offset: f.get(offset), cursor: { base: f.get(after), bytes: 0 } };
}
