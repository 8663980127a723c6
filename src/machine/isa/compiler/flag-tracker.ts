import * as layout from '../../layout';
import { FLAG_AF, FLAG_CF, FLAG_OF, FLAG_PF, FLAG_SF, FLAG_ZF, FLAGS_ARITHMETIC } from '../../layout';
import type { Size } from '../size';
import * as w from '../wasm/expression';
import type { Expr, Operand } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';

/** What the flags were last derived from, as far as it is known while compiling. */
interface Known {
  readonly mask: number;
  readonly size: Size;
  readonly operation: 'add' | 'sub' | 'logic';
  /** A carry or borrow may have come in. */
  readonly withCarry: boolean;
}

const SHIFT_AT = 16;
const SUB_AT = 24;

const FLAG_BITS: ReadonlyMap<number, number> = new Map([
  [FLAG_CF, 0],
  [FLAG_PF, 2],
  [FLAG_AF, 4],
  [FLAG_ZF, 6],
  [FLAG_SF, 7],
  [FLAG_OF, 11],
]);

/**
 * The arithmetic flags of compiled code. Setting them costs copies of operands only, which vanish where nobody
 * reads them; reading them compares the operands directly where the last operation is known.
 *
 * Locals: `kind` holds LAZY_MASK, LAZY_SHIFT (from bit 16) and LAZY_SUB (bit 24); operands and result are not shifted,
 * the second operand is not complemented; `explicit` has the bits of EFLAGS that `kind` does not name.
 */
export class FlagTracker {
  private readonly kind: number;
  private readonly op1: number;
  private readonly op2: number;
  private readonly result: number;
  private readonly explicit: number;
  private known: Known | undefined;

  constructor(private readonly f: FunctionBuilder) {
    [this.kind, this.op1, this.op2, this.result, this.explicit] = Array.from({ length: 5 }, () => f.local());
  }

  /** What is known here, to be given back to `assume` where the same holds. */
  get knowledge(): unknown {
    return this.known;
  }

  assume(knowledge: unknown): void {
    this.known = knowledge as Known | undefined;
  }

  /** Takes the flags from the CPU state. */
  load(): void {
    const { f } = this;
    const shift = f.let(w.load32(layout.LAZY_SHIFT));
    const sub = f.let(w.load32(layout.LAZY_SUB));
    f.set(this.kind, w.or(w.or(w.load32(layout.LAZY_MASK), w.shl(shift, SHIFT_AT)), w.shl(sub, SUB_AT)));
    f.set(this.result, w.shrU(w.load32(layout.LAZY_RESULT), shift));
    f.set(this.op1, w.shrU(w.load32(layout.LAZY_OP1), shift));
    f.set(this.op2, w.xor(w.shrU(w.load32(layout.LAZY_OP2), shift), w.neg(sub)));
    f.set(this.explicit, w.and(w.load32(layout.EFLAGS), FLAGS_ARITHMETIC));
    this.known = undefined;
  }

  /** Gives the flags back to the CPU state. */
  store(): void {
    const { f } = this;
    const shift = f.let(this.shift());
    const sub = f.let(this.sub());
    const set = (offset: number, value: Expr) => f.emit(w.store32(offset, value));
    set(layout.LAZY_MASK, w.and(f.get(this.kind), FLAGS_ARITHMETIC));
    set(layout.LAZY_SHIFT, shift);
    set(layout.LAZY_SUB, sub);
    set(layout.LAZY_RESULT, w.shl(f.get(this.result), shift));
    set(layout.LAZY_OP1, w.shl(f.get(this.op1), shift));
    set(layout.LAZY_OP2, w.shl(w.xor(f.get(this.op2), w.neg(sub)), shift));
    set(layout.EFLAGS, w.or(w.and(w.load32(layout.EFLAGS), ~FLAGS_ARITHMETIC), f.get(this.explicit)));
  }

  setAdd(size: Size, a: Operand, b: Operand, result: Operand, withCarry: boolean): void {
    this.setLazy({ mask: FLAGS_ARITHMETIC, size, operation: 'add', withCarry }, a, b, result, 0);
  }

  setSub(size: Size, a: Operand, b: Operand, result: Operand, withCarry: boolean): void {
    this.setLazy({ mask: FLAGS_ARITHMETIC, size, operation: 'sub', withCarry }, a, b, result, 0);
  }

  /** INC and DEC: CF stays. */
  setStep(size: Size, a: Operand, direction: 1 | -1, result: Operand): void {
    const carry = this.read(FLAG_CF);
    const operation = direction === 1 ? 'add' : 'sub';
    const mask = FLAGS_ARITHMETIC & ~FLAG_CF;
    this.setLazy({ mask, size, operation, withCarry: false }, a, 1, result, carry);
  }

  /** SF, ZF and PF of a result; CF, OF and AF as given in their places. Zeroes are those of an addition of zero. */
  setLogic(size: Size, result: Operand, others: Operand): void {
    if (w.expr(others).constant === 0) {
      const value = this.f.let(result);
      this.setLazy({ mask: FLAGS_ARITHMETIC, size, operation: 'logic', withCarry: false }, value, 0, value, 0);
      return;
    }
    const mask = FLAG_SF | FLAG_ZF | FLAG_PF;
    this.setLazy({ mask, size, operation: 'logic', withCarry: false }, 0, 0, result, others);
  }

  /** Writes some flags at once. */
  setExplicit(mask: number, value: Operand): void {
    const { f } = this;
    f.set(this.explicit, w.or(w.and(f.get(this.explicit), ~mask), value));
    if (!this.known) {
      f.set(this.kind, w.and(f.get(this.kind), ~mask));
      return;
    }
    this.known = { ...this.known, mask: this.known.mask & ~mask };
    f.set(this.kind, packed(this.known));
  }

  /** One flag as 0 or 1. */
  read(mask: number): Expr {
    return this.f.let(this.known ? this.readKnown(mask, this.known) : this.readUnknown(mask));
  }

  /** All six in their places. */
  readAll(): Expr {
    const all = [...FLAG_BITS].map(([mask, bit]) => w.shl(this.read(mask), bit));
    return this.f.let(all.reduce((sum, flag) => w.or(sum, flag)));
  }

  /** A condition by the upper three bits of its code, where comparing operands decides it; else undefined. */
  compare(condition: number): Expr | undefined {
    const { known, f } = this;
    if (!known || known.withCarry || known.operation === 'add') return undefined;
    const needed = [0, FLAG_CF, FLAG_ZF, FLAG_CF | FLAG_ZF, 0, 0, FLAG_SF | FLAG_OF, FLAG_SF | FLAG_OF | FLAG_ZF];
    const mask = needed[condition];
    if (mask === 0 || (known.mask & mask) !== mask) return undefined;
    const shift = 32 - known.size;
    const [a, b] =
      known.operation === 'sub'
        ? [w.shl(f.get(this.op1), shift), w.shl(f.get(this.op2), shift)]
        : [w.shl(f.get(this.result), shift), w.constant(0)];
    switch (condition) {
      case 1:
        return w.ltU(a, b);
      case 2:
        return w.eq(a, b);
      case 3:
        return w.leU(a, b);
      case 6:
        return w.ltS(a, b);
      default:
        return w.leS(a, b);
    }
  }

  private setLazy(known: Known, a: Operand, b: Operand, result: Operand, explicit: Operand): void {
    const { f } = this;
    // Operands may be read from the locals that are written here, so all are evaluated first.
    const values = [a, b, result, explicit].map((value) => f.let(value));
    f.set(this.op1, values[0]);
    f.set(this.op2, values[1]);
    f.set(this.result, values[2]);
    f.set(this.explicit, values[3]);
    f.set(this.kind, packed(known));
    this.known = known;
  }

  private shift(): Expr {
    return w.and(w.shrU(this.f.get(this.kind), SHIFT_AT), 31);
  }

  private sub(): Expr {
    return w.shrU(this.f.get(this.kind), SUB_AT);
  }

  private explicitBit(mask: number): Expr {
    return w.and(w.shrU(this.f.get(this.explicit), FLAG_BITS.get(mask) as number), 1);
  }

  private readKnown(mask: number, known: Known): Expr {
    if (!(known.mask & mask)) return this.explicitBit(mask);
    const { f } = this;
    const { size } = known;
    const [a, b, r] = [f.get(this.op1), f.get(this.op2), f.get(this.result)];
    switch (mask) {
      case FLAG_CF:
        if (known.operation === 'logic') return w.constant(0);
        if (!known.withCarry) {
          if (known.operation === 'sub') return w.ltU(a, b);
          return size === 32 ? w.ltU(r, a) : w.and(w.shrU(r, size), 1);
        }
        return known.operation === 'add' ? carryOut(size, a, b, r) : w.xor(carryOut(size, a, w.not(b), r), 1);
      case FLAG_OF: {
        if (known.operation === 'logic') return w.constant(0);
        const other = known.operation === 'add' ? w.xor(b, r) : w.xor(a, b);
        return w.and(w.shrU(w.and(w.xor(a, r), other), size - 1), 1);
      }
      case FLAG_ZF:
        if (known.operation === 'sub' && !known.withCarry) return w.eq(a, b);
        return w.eqz(w.shl(r, 32 - size));
      case FLAG_SF:
        return w.and(w.shrU(r, size - 1), 1);
      case FLAG_AF:
        return w.and(w.shrU(w.xor(w.xor(a, b), r), 4), 1);
      default:
        return evenParity(r);
    }
  }

  private readUnknown(mask: number): Expr {
    const { f } = this;
    const shift = f.let(this.shift());
    const [a, r] = [f.get(this.op1), f.get(this.result)];
    const shifted = (value: Expr) => w.shl(value, shift);
    let derived: Expr;
    if (mask === FLAG_ZF) derived = w.eqz(shifted(r));
    else if (mask === FLAG_SF) derived = w.shrU(shifted(r), 31);
    else if (mask === FLAG_PF) derived = evenParity(r);
    else if (mask === FLAG_AF) derived = w.and(w.shrU(w.xor(w.xor(a, f.get(this.op2)), r), 4), 1);
    else {
      const sub = f.let(this.sub());
      const b = f.let(w.xor(f.get(this.op2), w.neg(sub)));
      if (mask === FLAG_OF) derived = w.shrU(shifted(w.and(w.xor(a, r), w.xor(b, r))), 31);
      else derived = w.xor(w.shrU(shifted(w.or(w.and(a, b), w.and(w.or(a, b), w.not(r)))), 31), sub);
    }
    return w.select(w.and(f.get(this.kind), mask), derived, this.explicitBit(mask));
  }
}

function packed({ mask, size, operation }: Known): number {
  return mask | ((32 - size) << SHIFT_AT) | ((operation === 'sub' ? 1 : 0) << SUB_AT);
}

/** Carry out of the top bit of a + b + carry, given the sum. */
function carryOut(size: Size, a: Expr, b: Expr, r: Expr): Expr {
  return w.and(w.shrU(w.or(w.and(a, b), w.and(w.or(a, b), w.not(r))), size - 1), 1);
}

function evenParity(value: Expr): Expr {
  return w.xor(w.and(w.popcnt(w.and(value, 0xff)), 1), 1);
}
