import { Vector } from '../../cpu/fault';
import { FLAG_CF, FLAG_OF, Register } from '../../layout';
import { signExtend } from './shared';
import type { Emitter } from '../emitter';
import { type Form, form, type OperandAccess } from '../form';
import type { Size } from '../size';
import * as w from '../wasm/expression';
import type { Expr, Expr64 } from '../wasm/expression';
import { high32, i64, join64 } from '../wasm/i64';

/** SF, ZF, PF as of the low half (undefined in the manual; what the chips show); CF = OF = overflow. */
function multiplyFlags(e: Emitter, size: Size, low: Expr, overflow: Expr): void {
  e.flagsOfLogic(size, low, w.mul(overflow, FLAG_CF | FLAG_OF));
}

/** Accumulator pair of a one-operand multiplication or division: AX, DX:AX or EDX:EAX. */
function writePair(e: Emitter, size: Size, low: Expr, high: Expr): void {
  if (size === 8) {
    e.setReg(16, Register.EAX, w.or(w.shl(high, 8), w.and(low, 0xff)));
    return;
  }
  e.setReg(size, Register.EAX, low);
  e.setReg(size, Register.EDX, high);
}

const multiply = (isSigned: boolean) => (e: Emitter, src: OperandAccess) => {
  const size = src.size;
  const b = src.read();
  const a = e.reg(size, Register.EAX);
  if (size === 32) {
    const extend = isSigned ? i64.extendS : i64.extendU;
    const product = e.f.hold(i64.mul(extend(a), extend(b)));
    const low = e.let(i64.wrap(product));
    const high = e.let(high32(product));
    multiplyFlags(e, size, low, w.ne(high, isSigned ? w.shrS(low, 31) : 0));
    writePair(e, size, low, high);
    return;
  }
  const product = e.let(isSigned ? w.mul(signExtend(size, a), signExtend(size, b)) : w.mul(a, b));
  const low = e.let(w.and(product, (1 << size) - 1));
  const overflow = isSigned ? w.ne(product, signExtend(size, low)) : w.ne(w.shrU(product, size), 0);
  multiplyFlags(e, size, low, overflow);
  writePair(e, size, low, w.shrS(product, size));
};

/** IMUL with two or three operands: the product cut to the destination. */
const multiplyInto = (e: Emitter, dst: OperandAccess, left: OperandAccess, right: OperandAccess) => {
  const size = dst.size;
  const a = signExtend(size, left.read());
  const b = signExtend(size, right.read());
  const product = e.f.hold(i64.mul(i64.extendS(a), i64.extendS(b)));
  const low = e.let(i64.wrap(product));
  const cut = e.f.hold(i64.extendS(signExtend(size, low)));
  multiplyFlags(e, size, e.let(size === 16 ? w.and(low, 0xffff) : low), i64.ne(product, cut));
  dst.write(low);
};

/** The dividend in 64 bits. */
function dividend(e: Emitter, size: Size, isSigned: boolean): Expr64 {
  if (size === 32) return join64(e.reg(32, Register.EDX), e.reg(32, Register.EAX));
  const extend = isSigned ? i64.extendS : i64.extendU;
  if (size === 8) {
    const ax = e.reg(16, Register.EAX);
    return extend(isSigned ? w.extend16(ax) : ax);
  }
  return extend(e.let(w.or(w.shl(e.reg(16, Register.EDX), 16), e.reg(16, Register.EAX))));
}

const divide = (isSigned: boolean) => (e: Emitter, src: OperandAccess) => {
  const size = src.size;
  const divisor = e.let(isSigned ? signExtend(size, src.read()) : src.read());
  e.if(w.eqz(divisor), () => e.fault(Vector.DE));
  const n = e.f.hold(dividend(e, size, isSigned));
  if (isSigned) {
    // The one quotient that does not fit 64 bits would trap in WebAssembly; it is #DE anyway.
    const smallest = i64.eq(n, i64.const(-(2n ** 63n)));
    e.if(w.and(w.eq(divisor, -1), smallest), () => e.fault(Vector.DE));
  }
  const d = e.f.hold(isSigned ? i64.extendS(divisor) : i64.extendU(divisor));
  const quotient = e.f.hold(isSigned ? i64.divS(n, d) : i64.divU(n, d));
  const remainder = e.f.hold(isSigned ? i64.remS(n, d) : i64.remU(n, d));
  const low = e.let(i64.wrap(quotient));
  const fits = isSigned
    ? i64.eq(quotient, i64.extendS(signExtend(size, low)))
    : i64.eq(quotient, size === 32 ? i64.extendU(low) : i64.extendU(w.and(low, (1 << size) - 1)));
  e.if(w.eqz(fits), () => e.fault(Vector.DE));
  writePair(e, size, low, e.let(i64.wrap(remainder)));
};

const binaryMultiply = (e: Emitter, dst: OperandAccess, src: OperandAccess) => multiplyInto(e, dst, dst, src);

export const multiplyForms = (): readonly Form[] => [
  ...form('MUL', 'F6 /4', 'Eb', multiply(false)),
  ...form('MUL', 'F7 /4', 'Ev', multiply(false)),
  ...form('IMUL', 'F6 /5', 'Eb', multiply(true)),
  ...form('IMUL', 'F7 /5', 'Ev', multiply(true)),
  ...form('DIV', 'F6 /6', 'Eb', divide(false)),
  ...form('DIV', 'F7 /6', 'Ev', divide(false)),
  ...form('IDIV', 'F6 /7', 'Eb', divide(true)),
  ...form('IDIV', 'F7 /7', 'Ev', divide(true)),
  ...form('IMUL', '69', 'Gv Ev Iv', multiplyInto),
  ...form('IMUL', '6B', 'Gv Ev Ibs', multiplyInto),
  ...form('IMUL', '0F AF', 'Gv Ev', binaryMultiply),
];
