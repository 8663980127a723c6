import { FLAG_CF, FLAG_OF } from '../../layout';
import { type Emitter, sizeMask } from '../emitter';
import { signExtend } from './shared';
import { type Form, form, type OperandAccess } from '../form';
import type { Size } from '../size';
import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';
import { i64, join64 } from '../wasm/i64';

/** Bit `size - 1` of a value as 0 or 1. */
function signBit(size: Size, value: Expr): Expr {
  return w.and(w.shrU(value, size - 1), 1);
}

/** CF and OF as 0 or 1 in their EFLAGS places. */
function carryAndOverflow(carry: Expr, overflow: Expr): Expr {
  return w.or(carry, w.shl(overflow, 11));
}

/** A shift or rotate by a count of 1-31: gives the result and sets the flags. */
type Shift = (e: Emitter, size: Size, a: Expr, count: Expr) => Expr;

const shiftLeft: Shift = (e, size, a, count) => {
  const carry = e.let(signBit(size, w.shl(a, w.sub(count, 1))));
  const result = e.let(w.and(w.shl(a, count), sizeMask(size)));
  e.flagsOfLogic(size, result, carryAndOverflow(carry, w.xor(carry, signBit(size, result))));
  return result;
};

const shiftRight: Shift = (e, size, a, count) => {
  const carry = e.let(w.and(w.shrU(a, w.sub(count, 1)), 1));
  const result = e.let(w.shrU(a, count));
  // For a count of 1 this is the old sign, as the manual says; for others the two top bits of the result.
  const overflow = signBit(size, w.xor(result, w.shl(result, 1)));
  e.flagsOfLogic(size, result, carryAndOverflow(carry, overflow));
  return result;
};

const shiftArithmetic: Shift = (e, size, a, count) => {
  const wide = e.let(signExtend(size, a));
  const carry = e.let(w.and(w.shrS(wide, w.sub(count, 1)), 1));
  const result = e.let(w.and(w.shrS(wide, count), sizeMask(size)));
  e.flagsOfLogic(size, result, carry);
  return result;
};

const rotateLeft: Shift = (e, size, a, count) => {
  const by = e.let(w.and(count, size - 1));
  const turned = size === 32 ? w.rotl(a, by) : w.and(w.or(w.shl(a, by), w.shrU(a, w.sub(size, by))), sizeMask(size));
  const result = e.let(turned);
  const carry = e.let(w.and(result, 1));
  e.setFlags(FLAG_CF | FLAG_OF, e.let(carryAndOverflow(carry, w.xor(carry, signBit(size, result)))));
  return result;
};

const rotateRight: Shift = (e, size, a, count) => {
  const by = e.let(w.and(count, size - 1));
  const turned = size === 32 ? w.rotr(a, by) : w.and(w.or(w.shrU(a, by), w.shl(a, w.sub(size, by))), sizeMask(size));
  const result = e.let(turned);
  const carry = signBit(size, result);
  const overflow = signBit(size, w.xor(result, w.shl(result, 1)));
  e.setFlags(FLAG_CF | FLAG_OF, e.let(carryAndOverflow(carry, overflow)));
  return result;
};

/** Rotation of the size + 1 bits CF:a, leftwards by 0 to `size`. */
function rotateThroughCarry(e: Emitter, size: Size, a: Expr, by: Expr): { result: Expr; carry: Expr } {
  const ring = e.f.hold(join64(0, a));
  const withCarry = e.f.hold(i64.or(ring, i64.shl(i64.extendU(e.flag(FLAG_CF)), i64.const(BigInt(size)))));
  const count = e.f.hold(i64.extendU(by));
  const back = e.f.hold(i64.sub(i64.const(BigInt(size + 1)), count));
  const turned = e.f.hold(i64.or(i64.shl(withCarry, count), i64.shrU(withCarry, back)));
  const result = e.let(w.and(i64.wrap(turned), sizeMask(size)));
  const carry = e.let(w.and(i64.wrap(i64.shrU(turned, i64.const(BigInt(size)))), 1));
  return { result, carry };
}

const rotateCarryLeft: Shift = (e, size, a, count) => {
  const by = e.let(size === 32 ? count : w.remU(count, size + 1));
  const { result, carry } = rotateThroughCarry(e, size, a, by);
  e.setFlags(FLAG_CF | FLAG_OF, e.let(carryAndOverflow(carry, w.xor(carry, signBit(size, result)))));
  return result;
};

const rotateCarryRight: Shift = (e, size, a, count) => {
  const by = e.let(size === 32 ? count : w.remU(count, size + 1));
  const { result, carry } = rotateThroughCarry(e, size, a, e.let(w.sub(size + 1, by)));
  const overflow = signBit(size, w.xor(result, w.shl(result, 1)));
  e.setFlags(FLAG_CF | FLAG_OF, e.let(carryAndOverflow(carry, overflow)));
  return result;
};

/** The count is taken modulo 32; zero changes nothing, not even flags. */
const shifted = (shift: Shift) => (e: Emitter, dst: OperandAccess, by: OperandAccess) => {
  const count = e.let(w.and(by.read(), 31));
  const a = dst.readForUpdate();
  e.if(count, () => dst.write(shift(e, dst.size, a, count)));
};

/** In the order of ModR/M.reg; /6 is an undocumented twin of /4. */
const SHIFTS: readonly [string, Shift][] = [
  ['ROL', rotateLeft],
  ['ROR', rotateRight],
  ['RCL', rotateCarryLeft],
  ['RCR', rotateCarryRight],
  ['SHL', shiftLeft],
  ['SHR', shiftRight],
  ['SHL', shiftLeft],
  ['SAR', shiftArithmetic],
];

/**
 * SHLD and SHRD. With 16-bit operands the 386 shifts the 32 bits destination:source and, for counts over 16,
 * goes on with the destination again (the manual leaves that undefined).
 */
const doubleShift = (left: boolean) => (e: Emitter, dst: OperandAccess, src: OperandAccess, by: OperandAccess) => {
  const size = dst.size;
  const count = e.let(w.and(by.read(), 31));
  const a = dst.readForUpdate();
  const b = src.read();
  e.if(count, () => {
    // Three operands side by side, so that any count up to 31 finds its bits.
    const wide = BigInt(size === 16 ? 48 : 64);
    const n = e.f.hold(i64.extendU(count));
    const parts = size === 16 ? 16 : 32;
    const pair = left ? join64(a, b) : join64(b, a);
    const triple =
      size === 16
        ? i64.or(
            i64.or(i64.shl(i64.extendU(a), i64.const(32n)), i64.shl(i64.extendU(b), i64.const(16n))),
            i64.extendU(a),
          )
        : pair;
    const source = e.f.hold(triple);
    let result: Expr;
    let carry: Expr;
    if (left) {
      const shift = e.f.hold(i64.shl(source, n));
      result = e.let(w.and(i64.wrap(i64.shrU(shift, i64.const(wide - BigInt(parts)))), sizeMask(size)));
      carry = e.let(w.and(i64.wrap(i64.shrU(source, i64.sub(i64.const(wide), n))), 1));
    } else {
      result = e.let(w.and(i64.wrap(i64.shrU(source, n)), sizeMask(size)));
      carry = e.let(w.and(i64.wrap(i64.shrU(source, i64.sub(n, i64.const(1n)))), 1));
    }
    const overflow = signBit(size, w.xor(a, result));
    e.flagsOfLogic(size, result, carryAndOverflow(carry, overflow));
    dst.write(result);
  });
};

export const shiftForms: readonly Form[] = [
  ...SHIFTS.flatMap(([mnemonic, shift], index) => [
    ...form(mnemonic, `C0 /${index}`, 'Eb Ib', shifted(shift)),
    ...form(mnemonic, `C1 /${index}`, 'Ev Ib', shifted(shift)),
    ...form(mnemonic, `D0 /${index}`, 'Eb 1', shifted(shift)),
    ...form(mnemonic, `D1 /${index}`, 'Ev 1', shifted(shift)),
    ...form(mnemonic, `D2 /${index}`, 'Eb CL', shifted(shift)),
    ...form(mnemonic, `D3 /${index}`, 'Ev CL', shifted(shift)),
  ]),
  ...form('SHLD', '0F A4', 'Ev Gv Ib', doubleShift(true)),
  ...form('SHLD', '0F A5', 'Ev Gv CL', doubleShift(true)),
  ...form('SHRD', '0F AC', 'Ev Gv Ib', doubleShift(false)),
  ...form('SHRD', '0F AD', 'Ev Gv CL', doubleShift(false)),
];
