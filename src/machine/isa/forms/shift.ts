import { FLAG_AF, FLAG_CF, FLAG_OF } from '../../layout';
import { type Emitter, sizeMask } from '../emitter';
import { signExtend } from './shared';
import { type Form, form, type FormOptions, type OperandAccess } from '../form';
import type { Size } from '../size';
import * as w from '../wasm/expression';
import type { Expr, Expr64 } from '../wasm/expression';
import { i64, join64 } from '../wasm/i64';

/** Bit `size - 1` of a value as 0 or 1. */
function signBit(size: Size, value: Expr): Expr {
  return w.and(w.shrU(value, size - 1), 1);
}

/** CF and OF as 0 or 1 in their EFLAGS places. */
function carryAndOverflow(carry: Expr, overflow: Expr): Expr {
  return w.or(carry, w.shl(overflow, 11));
}

/**
 * CF of the 386 after a shift of a byte by 16 or 24: that of a shift by 8, where the manual says nothing and later
 * processors give zero (recorded on a 386EX: SingleStepTests/80386, issue 4).
 */
function carryOfWrappedCount(size: Size, count: Expr, lastOut: Expr): Expr {
  return size === 8 ? w.and(w.eqz(w.and(count, 7)), lastOut) : w.constant(0);
}

/** A shift or rotate by a count of 1-31: gives the result and sets the flags. */
type Shift = (e: Emitter, size: Size, a: Expr, count: Expr) => Expr;

type Generation = '386' | 'later';

/** AF after a shift is undefined: the 386 sets it (test386.asm, issue 1), later processors are given zero. */
const adjustOf = (generation: Generation): number => (generation === '386' ? FLAG_AF : 0);

const shiftLeft =
  (generation: Generation): Shift =>
  (e, size, a, count) => {
    const out = signBit(size, w.shl(a, w.sub(count, 1)));
    const carry = e.let(generation === '386' ? w.or(out, carryOfWrappedCount(size, count, w.and(a, 1))) : out);
    const result = e.let(w.and(w.shl(a, count), sizeMask(size)));
    const others = carryAndOverflow(carry, w.xor(carry, signBit(size, result)));
    e.flagsOfLogic(size, result, w.or(others, adjustOf(generation)));
    return result;
  };

const shiftRight =
  (generation: Generation): Shift =>
  (e, size, a, count) => {
    const out = w.and(w.shrU(a, w.sub(count, 1)), 1);
    const carry = e.let(generation === '386' ? w.or(out, carryOfWrappedCount(size, count, signBit(size, a))) : out);
    const result = e.let(w.shrU(a, count));
    // For a count of 1 this is the old sign, as the manual says; for others the two top bits of the result.
    const overflow = signBit(size, w.xor(result, w.shl(result, 1)));
    e.flagsOfLogic(size, result, w.or(carryAndOverflow(carry, overflow), adjustOf(generation)));
    return result;
  };

const shiftArithmetic =
  (generation: Generation): Shift =>
  (e, size, a, count) => {
    const wide = e.let(signExtend(size, a));
    const carry = e.let(w.and(w.shrS(wide, w.sub(count, 1)), 1));
    const result = e.let(w.and(w.shrS(wide, count), sizeMask(size)));
    e.flagsOfLogic(size, result, w.or(carry, adjustOf(generation)));
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
const ROTATES: readonly [string, Shift][] = [
  ['ROL', rotateLeft],
  ['ROR', rotateRight],
  ['RCL', rotateCarryLeft],
  ['RCR', rotateCarryRight],
];
const shifts = (generation: Generation): readonly [string, Shift][] => [
  ['SHL', shiftLeft(generation)],
  ['SHR', shiftRight(generation)],
  ['SHL', shiftLeft(generation)],
  ['SAR', shiftArithmetic(generation)],
];

/** Places a value in a 64-bit number, its lowest bit at `at`. */
const placed = (value: Expr, at: bigint) => i64.shl(i64.extendU(value), i64.const(at));

/**
 * The bits that SHLD and SHRD shift through, destination and source side by side. With 16-bit operands and a count
 * over 16 the manual leaves the result undefined: the 386 then goes on with the source, which it rotates (recorded on
 * a 386EX: SingleStepTests/80386, issue 4), later processors with the destination.
 */
function shiftedThrough(size: Size, left: boolean, generation: Generation, a: Expr, b: Expr): Expr64 {
  if (size === 32) return left ? join64(a, b) : join64(b, a);
  const last = generation === '386' ? b : a;
  const [high, middle, low] = left ? [a, b, last] : [last, b, a];
  return i64.or(i64.or(placed(high, 32n), placed(middle, 16n)), i64.extendU(low));
}

const doubleShift =
  (left: boolean, generation: Generation) =>
  (e: Emitter, dst: OperandAccess, src: OperandAccess, by: OperandAccess) => {
    const size = dst.size;
    const count = e.let(w.and(by.read(), 31));
    const a = dst.readForUpdate();
    const b = src.read();
    e.if(count, () => {
      const wide = size === 16 ? 48n : 64n;
      const n = e.f.hold(i64.extendU(count));
      const source = e.f.hold(shiftedThrough(size, left, generation, a, b));
      let result: Expr;
      let carry: Expr;
      if (left) {
        const shift = e.f.hold(i64.shl(source, n));
        result = e.let(w.and(i64.wrap(i64.shrU(shift, i64.const(wide - BigInt(size)))), sizeMask(size)));
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

/** The six opcodes of one shift or rotate. */
function sixForms(mnemonic: string, digit: number, shift: Shift, options: FormOptions): Form[] {
  const semantics = shifted(shift);
  return [
    ...form(mnemonic, `C0 /${digit}`, 'Eb Ib', semantics, options),
    ...form(mnemonic, `C1 /${digit}`, 'Ev Ib', semantics, options),
    ...form(mnemonic, `D0 /${digit}`, 'Eb 1', semantics, options),
    ...form(mnemonic, `D1 /${digit}`, 'Ev 1', semantics, options),
    ...form(mnemonic, `D2 /${digit}`, 'Eb CL', semantics, options),
    ...form(mnemonic, `D3 /${digit}`, 'Ev CL', semantics, options),
  ];
}

/** Forms whose undefined results tell the 386 from later processors. */
const byGeneration = (generation: Generation, options: FormOptions): Form[] => [
  ...shifts(generation).flatMap(([mnemonic, shift], index) => sixForms(mnemonic, index + 4, shift, options)),
  ...form('SHLD', '0F A4', 'Ev Gv Ib', doubleShift(true, generation), options),
  ...form('SHLD', '0F A5', 'Ev Gv CL', doubleShift(true, generation), options),
  ...form('SHRD', '0F AC', 'Ev Gv Ib', doubleShift(false, generation), options),
  ...form('SHRD', '0F AD', 'Ev Gv CL', doubleShift(false, generation), options),
];

export const shiftForms = (): readonly Form[] => [
  ...ROTATES.flatMap(([mnemonic, shift], index) => sixForms(mnemonic, index, shift, {})),
  ...byGeneration('386', { until: '386' }),
  ...byGeneration('later', { since: '486' }),
];
