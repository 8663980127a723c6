import { FLAG_AF, FLAG_CF, FLAG_OF, FLAG_PF, FLAG_SF, FLAG_ZF, FLAGS_ARITHMETIC } from '../../layout';
import { sizeMask } from '../emitter';
import type { Size } from '../size';
import * as w from '../wasm/expression';
import type { Expr, Operand } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import { Derived, DERIVED_AT, FLAG_LOCALS, SHIFT_AT, SUB_AT } from './helpers';

/** What the flags were last derived from, as far as it is known while compiling. */
interface Known {
  readonly mask: number;
  readonly size: Size;
  readonly operation: 'add' | 'sub' | 'logic';
  /** Which value is not in its local; `Nothing` where a carry or borrow may have come in. */
  readonly derived: Derived;
}

/** What is known where flags come from several sides: that some are in `explicit` for sure. */
interface Unknown {
  readonly operation: 'unknown';
  readonly explicit: number;
}

const NOTHING_KNOWN: Unknown = { operation: 'unknown', explicit: 0 };
const CARRY_EXPLICIT: Unknown = { operation: 'unknown', explicit: FLAG_CF };

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
 * the second operand is not complemented, and one of the three may be missing (see `Derived`); `explicit` has the bits of EFLAGS that `kind` does not name.
 */
export class FlagTracker {
  /** In the order that `spill` and `reload` have them. */
  readonly locals: readonly number[];
  private readonly kind: number;
  private readonly op1: number;
  private readonly op2: number;
  private readonly result: number;
  private readonly explicit: number;
  private known: Known | Unknown = NOTHING_KNOWN;

  constructor(private readonly f: FunctionBuilder) {
    this.locals = Array.from({ length: FLAG_LOCALS }, () => f.local());
    [this.kind, this.op1, this.op2, this.result, this.explicit] = this.locals;
  }

  /** What is known here, to be given back to `assume` where the same holds. */
  get knowledge(): unknown {
    return this.known;
  }

  /** @param knowledge from `knowledge`; undefined for nothing */
  assume(knowledge: unknown): void {
    this.known = (knowledge as Known | Unknown | undefined) ?? NOTHING_KNOWN;
  }

  /** For where several ways meet that all went through `makeCarryExplicit`. */
  assumeCarryExplicit(): void {
    this.known = CARRY_EXPLICIT;
  }

  /** Works CF out, so that INC and DEC need not do it again in every round of a loop. */
  makeCarryExplicit(): void {
    const { f, known } = this;
    if (known.operation === 'unknown' ? known.explicit & FLAG_CF : !(known.mask & FLAG_CF)) return;
    const carry = this.read(FLAG_CF);
    f.set(this.explicit, w.or(w.and(f.get(this.explicit), ~FLAG_CF), carry));
    f.set(this.kind, w.and(f.get(this.kind), ~FLAG_CF));
    this.known = known.operation === 'unknown' ? CARRY_EXPLICIT : { ...known, mask: known.mask & ~FLAG_CF };
  }

  setAdd(size: Size, a: Operand, b: Operand, result: Operand, withCarry: boolean): void {
    const derived = withCarry ? Derived.Nothing : Derived.FirstOperand;
    this.setLazy({ mask: FLAGS_ARITHMETIC, size, operation: 'add', derived }, a, b, result, 0);
  }

  /** @param compares the result is not kept: the operands say it all */
  setSub(size: Size, a: Operand, b: Operand, result: Operand, withBorrow: boolean, compares: boolean): void {
    const derived = withBorrow ? Derived.Nothing : compares ? Derived.Result : Derived.FirstOperand;
    this.setLazy({ mask: FLAGS_ARITHMETIC, size, operation: 'sub', derived }, a, b, result, 0);
  }

  /** INC and DEC: CF stays. */
  setStep(size: Size, a: Operand, direction: 1 | -1, result: Operand): void {
    const carry = this.read(FLAG_CF);
    const operation = direction === 1 ? 'add' : 'sub';
    const mask = FLAGS_ARITHMETIC & ~FLAG_CF;
    this.setLazy({ mask, size, operation, derived: Derived.FirstOperand }, a, 1, result, carry);
  }

  /** SF, ZF and PF of a result; CF, OF and AF as given in their places. Zeroes are those of an addition of zero. */
  setLogic(size: Size, result: Operand, others: Operand): void {
    const mask = w.expr(others).constant === 0 ? FLAGS_ARITHMETIC : FLAG_SF | FLAG_ZF | FLAG_PF;
    const known = { mask, size, operation: 'logic', derived: Derived.FirstOperand } as const;
    this.setLazy(known, 0, 0, result, others);
  }

  /** Writes some flags at once. */
  setExplicit(mask: number, value: Operand): void {
    const { f, known } = this;
    f.set(this.explicit, w.or(w.and(f.get(this.explicit), ~mask), value));
    if (known.operation === 'unknown') {
      f.set(this.kind, w.and(f.get(this.kind), ~mask));
      this.known = { ...known, explicit: known.explicit | mask };
      return;
    }
    this.known = { ...known, mask: known.mask & ~mask };
    f.set(this.kind, packed(this.known));
  }

  /** One flag as 0 or 1. */
  read(mask: number): Expr {
    const { known } = this;
    return this.f.let(known.operation === 'unknown' ? this.readUnknown(mask, known) : this.readKnown(mask, known));
  }

  /** All six in their places. */
  readAll(): Expr {
    const all = [...FLAG_BITS].map(([mask, bit]) => w.shl(this.read(mask), bit));
    return this.f.let(all.reduce((sum, flag) => w.or(sum, flag)));
  }

  /** A condition by the upper three bits of its code, where comparing operands decides it; else undefined. */
  compare(condition: number): Expr | undefined {
    const { known } = this;
    if (known.operation === 'unknown' || known.operation === 'add' || known.derived === Derived.Nothing)
      return undefined;
    const needed = [0, FLAG_CF, FLAG_ZF, FLAG_CF | FLAG_ZF, 0, 0, FLAG_SF | FLAG_OF, FLAG_SF | FLAG_OF | FLAG_ZF];
    const flags = needed[condition];
    if (flags === 0 || (known.mask & flags) !== flags) return undefined;
    const { a, b, r } = this.values(known);
    const shift = 32 - known.size;
    const signed = (value: Expr) => w.shl(value, shift);
    const mask = sizeMask(known.size);
    // Operands that were compared are as they were read, without other bits; what was worked out may have some.
    const unsigned = (value: Expr) => (known.derived === Derived.Result ? value : w.and(value, mask));
    const zero = w.constant(0);
    const [left, right] = known.operation === 'logic' ? [r, zero] : [a, b];
    switch (condition) {
      case 1:
        return w.ltU(unsigned(left), unsigned(right));
      case 2:
        return known.derived === Derived.Result ? w.eq(a, b) : w.eqz(w.and(r, mask));
      case 3:
        return w.leU(unsigned(left), unsigned(right));
      case 6:
        return w.ltS(signed(left), signed(right));
      default:
        return w.leS(signed(left), signed(right));
    }
  }

  private setLazy(known: Known, a: Operand, b: Operand, result: Operand, explicit: Operand): void {
    const { f } = this;
    const { derived } = known;
    // Operands may be read from the locals that are written here, so all are evaluated first.
    const values = [derived === Derived.FirstOperand ? 0 : a, b, derived === Derived.Result ? 0 : result, explicit].map(
      (value) => f.let(value),
    );
    f.set(this.op1, values[0]);
    f.set(this.op2, values[1]);
    f.set(this.result, values[2]);
    f.set(this.explicit, values[3]);
    f.set(this.kind, packed(known));
    this.known = known;
  }

  /** Operands and result, the missing one worked out. */
  private values({ operation, derived }: Known): { a: Expr; b: Expr; r: Expr } {
    const [a, b, r] = [this.op1, this.op2, this.result].map((local) => this.f.get(local));
    const [together, apart] = operation === 'sub' ? [w.sub, w.add] : [w.add, w.sub];
    if (derived === Derived.Result) return { a, b, r: together(a, b) };
    if (derived === Derived.FirstOperand) return { a: operation === 'logic' ? r : apart(r, b), b, r };
    return { a, b, r };
  }

  private explicitBit(mask: number): Expr {
    return w.and(w.shrU(this.f.get(this.explicit), FLAG_BITS.get(mask) as number), 1);
  }

  private readKnown(mask: number, known: Known): Expr {
    if (!(known.mask & mask)) return this.explicitBit(mask);
    const { size, operation, derived } = known;
    const { a, b, r } = this.values(known);
    const top = (value: Expr) => w.and(w.shrU(value, size - 1), 1);
    switch (mask) {
      case FLAG_CF:
        if (operation === 'logic') return w.constant(0);
        if (derived === Derived.Nothing) {
          const carry = top(carries(a, operation === 'sub' ? w.not(b) : b, r));
          return operation === 'sub' ? w.xor(carry, 1) : carry;
        }
        if (operation === 'sub' && derived === Derived.Result) return w.ltU(a, b);
        if (operation === 'sub') return w.ltU(w.shl(a, 32 - size), w.shl(b, 32 - size));
        return size === 32 ? w.ltU(r, b) : w.and(w.shrU(r, size), 1);
      case FLAG_OF:
        if (operation === 'logic') return w.constant(0);
        return top(w.and(w.xor(a, r), operation === 'add' ? w.xor(b, r) : w.xor(a, b)));
      case FLAG_ZF:
        if (derived === Derived.Result && operation === 'sub') return w.eq(a, b);
        return w.eqz(w.and(r, sizeMask(size)));
      case FLAG_SF:
        return top(r);
      case FLAG_AF:
        if (operation === 'logic') return w.constant(0);
        return w.and(w.shrU(w.xor(w.xor(a, b), r), 4), 1);
      default:
        return evenParity(r);
    }
  }

  private readUnknown(mask: number, { explicit }: Unknown): Expr {
    const { f } = this;
    if (explicit & mask) return this.explicitBit(mask);
    const kind = f.get(this.kind);
    const shift = f.let(w.and(w.shrU(kind, SHIFT_AT), 31));
    const sub = f.let(w.and(w.shrU(kind, SUB_AT), 1));
    const missing = f.let(w.shrU(kind, DERIVED_AT));
    const b = f.let(w.xor(f.get(this.op2), w.neg(sub)));
    const addend = f.let(w.add(b, sub));
    const [op1, result] = [f.get(this.op1), f.get(this.result)];
    const r = f.let(w.select(w.eq(missing, Derived.Result), w.add(op1, addend), result));
    const a = f.let(w.select(w.eq(missing, Derived.FirstOperand), w.sub(result, addend), op1));
    const shifted = (value: Expr) => w.shl(value, shift);
    let derived: Expr;
    if (mask === FLAG_ZF) derived = w.eqz(shifted(r));
    else if (mask === FLAG_SF) derived = w.shrU(shifted(r), 31);
    else if (mask === FLAG_PF) derived = evenParity(r);
    else if (mask === FLAG_AF) derived = w.xor(w.and(w.shrU(w.xor(w.xor(a, b), r), 4), 1), sub);
    else if (mask === FLAG_OF) derived = w.shrU(shifted(w.and(w.xor(a, r), w.xor(b, r))), 31);
    else derived = w.xor(w.shrU(shifted(carries(a, b, r)), 31), sub);
    return w.select(w.and(kind, mask), derived, this.explicitBit(mask));
  }
}

function packed({ mask, size, operation, derived }: Known): number {
  return mask | ((32 - size) << SHIFT_AT) | ((operation === 'sub' ? 1 : 0) << SUB_AT) | (derived << DERIVED_AT);
}

/** Carries out of every bit of a + b + carry, given the sum. */
function carries(a: Expr, b: Expr, r: Expr): Expr {
  return w.or(w.and(a, b), w.and(w.or(a, b), w.not(r)));
}

function evenParity(value: Expr): Expr {
  return w.xor(w.and(w.popcnt(w.and(value, 0xff)), 1), 1);
}
