import * as layout from '../../../layout';
import { FLAG_CF, FLAG_OF, FLAG_SF, FLAG_ZF, FLAGS_ARITHMETIC } from '../../../layout';
import type { ConditionCode } from '../../emitter';
import type { Size } from '../../size';
import * as w from '../../wasm/expression';
import type { Expr, Operand } from '../../wasm/expression';
import type { FunctionBuilder } from '../../wasm/function';
import { i64 } from '../../wasm/i64';
import { LAZY_CONDITIONS, LAZY_FLAGS, type LazyFlag } from '../lazy-flags';

const BY_MASK: ReadonlyMap<number, LazyFlag> = new Map(Object.values(LAZY_FLAGS).map((flag) => [flag.mask, flag]));
const lazyMask = (): Expr => w.load32(layout.LAZY_MASK);

/** What flags are set from. */
type Origin = 'add' | 'sub' | 'logic';

/** Lazy flags, in place: what is likely is derived without a call. */
export class QuickFlags {
  constructor(private readonly f: FunctionBuilder) {}

  /** All flags from now on derive from `value = a + b`, `a - b`, or a logic operation, for which `b` is 0. */
  set(origin: Origin, size: Size, a: Operand, b: Operand, value: Operand): void {
    const by = 32 - size;
    const subtraction = origin === 'sub';
    const op1 = origin === 'logic' ? value : a;
    this.store(FLAGS_ARITHMETIC, by, value, op1, subtraction ? w.not(b) : b, subtraction);
  }

  /** INC and DEC: CF stays, so it has to be worked out if it is lazy. */
  setStep(size: Size, a: Operand, direction: 1 | -1, value: Operand): void {
    const { f } = this;
    const by = 32 - size;
    f.if(w.and(lazyMask(), FLAG_CF), () => {
      const others = w.and(w.load32(layout.EFLAGS), ~FLAG_CF);
      f.emit(w.store32(layout.EFLAGS, w.or(others, LAZY_FLAGS.carry.derive())));
    });
    this.store(FLAGS_ARITHMETIC & ~FLAG_CF, by, value, a, direction === 1 ? 1 : ~1, direction === -1);
  }

  /** One flag as 0 or 1. */
  read(mask: number): Expr {
    const { f } = this;
    const { bit, derive } = BY_MASK.get(mask) as LazyFlag;
    const value = f.local();
    f.if(
      w.and(lazyMask(), mask),
      () => f.set(value, derive()),
      () => f.set(value, w.and(w.shrU(w.load32(layout.EFLAGS), bit), 1)),
    );
    return f.get(value);
  }

  /** The six flags in their EFLAGS places. */
  readAll(): Expr {
    const { f } = this;
    return Object.values(LAZY_FLAGS)
      .map(({ mask, bit }) => f.let(w.shl(this.read(mask), bit)))
      .reduce((a, b) => w.or(a, b));
  }

  /** 1 if a condition holds, else 0. */
  condition(code: ConditionCode): Expr {
    const { f } = this;
    const { flags, derive } = LAZY_CONDITIONS[code >> 1];
    let value: Expr;
    if (BY_MASK.has(flags)) value = this.read(flags);
    else {
      const together = f.local();
      f.if(
        w.eq(w.and(lazyMask(), flags), flags),
        () => f.set(together, derive()),
        () => f.set(together, this.apart(code >> 1)),
      );
      value = f.get(together);
    }
    return code & 1 ? f.let(w.eqz(value)) : value;
  }

  /** BE, L and LE flag by flag. */
  private apart(kind: number): Expr {
    if (kind === 3) return w.or(this.read(FLAG_CF), this.read(FLAG_ZF));
    const less = w.xor(this.read(FLAG_SF), this.read(FLAG_OF));
    return kind === 6 ? less : w.or(less, this.read(FLAG_ZF));
  }

  private store(mask: number, shift: number, result: Operand, op1: Operand, op2: Operand, subtraction: boolean): void {
    const { f } = this;
    f.emit(w.store32(layout.LAZY_MASK, mask));
    f.emit(w.store32(layout.LAZY_RESULT, w.shl(result, shift)));
    f.emit(w.store32(layout.LAZY_OP1, w.shl(op1, shift)));
    f.emit(w.store32(layout.LAZY_OP2, w.shl(op2, shift)));
    // LAZY_SHIFT and LAZY_SUB, which lie side by side, at once.
    f.emit(i64.store(layout.LAZY_SHIFT, i64.const((subtraction ? 1n << 32n : 0n) | BigInt(shift))));
  }
}
