import * as layout from '../../../layout';
import type { Emitter } from '../../emitter';
import { type Form, form, type OperandAccess, type VectorAccess } from '../../form';
import { PENTIUM3, PENTIUM4 } from './generations';
import * as w from '../../wasm/expression';
import type { Expr, ExprV128 } from '../../wasm/expression';
import { i64 } from '../../wasm/i64';
import { i16x8, i32x4, i64x2, i8x16, v128 } from '../../wasm/simd';
import { load128, loadMmx, numberOf, readMmx, readXmm, writeMmx, writeXmm } from './operands';
import { interleaving, joinHigh, joinLow } from './pack';
import { onMmx, onXmm } from './state';

/** 16 bytes of elements of `width` bytes, little-endian. */
function elements(width: 2 | 4, values: readonly number[]): ExprV128 {
  return v128.const(values.flatMap((value) => Array.from({ length: width }, (_, i) => (value >>> (8 * i)) & 0xff)));
}

/** Multiplied by these and shifted right by 6, an immediate has its four 2-bit fields at the bottom of four elements. */
const FIELD_FACTORS = [64, 16, 4, 1];
const FIELD_SHIFT = 6;

/** Dwords of a vector, by the four 2-bit fields of an immediate. */
function selectDwords(source: ExprV128, immediate: Expr): ExprV128 {
  const spread = i32x4.mul(i32x4.splat(immediate), elements(4, FIELD_FACTORS));
  const fields = v128.and(i32x4.shrU(spread, FIELD_SHIFT), elements(4, [3, 3, 3, 3]));
  const starts = i32x4.mul(fields, i8x16.splat(4));
  return i8x16.swizzle(source, i8x16.add(starts, elements(4, Array<number>(4).fill(0x03020100))));
}

/** Words of each half of a vector, chosen within that half by the same four 2-bit fields. */
function selectWords(source: ExprV128, immediate: Expr): ExprV128 {
  const spread = i16x8.mul(i16x8.splat(immediate), elements(2, [...FIELD_FACTORS, ...FIELD_FACTORS]));
  const fields = v128.and(i16x8.shrU(spread, FIELD_SHIFT), elements(2, Array<number>(8).fill(3)));
  const starts = i16x8.mul(fields, i8x16.splat(2));
  const first = [0x0100, 0x0100, 0x0100, 0x0100, 0x0908, 0x0908, 0x0908, 0x0908];
  return i8x16.swizzle(source, i8x16.add(starts, elements(2, first)));
}

/** The lower half of one vector and the upper half of another. */
const halves = (low: ExprV128, high: ExprV128): ExprV128 =>
  i8x16.shuffle(low, high, [0, 1, 2, 3, 4, 5, 6, 7, 24, 25, 26, 27, 28, 29, 30, 31]);

/** A form with an immediate whose result depends on the source alone. */
const shuffled = (apply: (source: ExprV128, immediate: Expr) => ExprV128) =>
  onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess, immediate: OperandAccess) =>
    writeXmm(e, numberOf(dst), apply(load128(e, src), immediate.read())),
  );

const pshufw = onMmx((e: Emitter, dst: OperandAccess, src: VectorAccess, immediate: OperandAccess) =>
  writeMmx(e, numberOf(dst), selectWords(loadMmx(e, src), immediate.read())),
);

/** A form that combines destination and source. */
const combined = (combine: (a: ExprV128, b: ExprV128, immediate: Expr) => ExprV128) =>
  onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess, immediate?: OperandAccess) => {
    const b = load128(e, src);
    writeXmm(e, numberOf(dst), combine(readXmm(e, numberOf(dst)), b, immediate?.read() ?? w.constant(0)));
  });

const shufps = combined((a, b, immediate) => halves(selectDwords(a, immediate), selectDwords(b, immediate)));

const shufpd = combined((a, b, immediate) => {
  const pick = (from: ExprV128, bit: number) =>
    i64.select(w.and(immediate, bit), i64x2.extract(from, 1), i64x2.extract(from, 0));
  return i64x2.replace(i64x2.splat(pick(a, 1)), 1, pick(b, 2));
});

const unpckps = (first: 0 | 8) => combined((a, b) => i8x16.shuffle(a, b, interleaving(4, first)));

/** Host pointer of a word of a register, less the start of its file. The number beyond the last word counts from 0 again. */
const wordPlace = (register: Expr, number: Expr, last: number): Expr =>
  w.add(w.shl(register, 4), w.shl(w.and(number, last), 1));

const extractWord =
  (file: number, last: number) => (_: Emitter, dst: OperandAccess, src: OperandAccess, at: OperandAccess) =>
    dst.write(w.load16(wordPlace(numberOf(src), at.read(), last), file));

const insertWord =
  (file: number, last: number) => (e: Emitter, dst: OperandAccess, src: OperandAccess, at: OperandAccess) => {
    const value = src.read();
    e.f.emit(w.store16(wordPlace(numberOf(dst), at.read(), last), value, file));
  };

const pinsrwMmx = onMmx((e: Emitter, dst: OperandAccess, src: OperandAccess, at: OperandAccess) => {
  insertWord(layout.FPU_REGS, 3)(e, dst, src, at);
  writeMmx(e, numberOf(dst), readMmx(e, numberOf(dst)));
});

/** Sign bits as a number in a general register. */
const signs =
  (mask: (a: ExprV128) => Expr, read: typeof readXmm) => (e: Emitter, dst: OperandAccess, src: OperandAccess) =>
    dst.write(mask(read(e, numberOf(src))));

/** Instructions that move elements about by an immediate, and between vectors and general registers (Intel SDM vol. 2). */
export const shuffleForms = (): readonly Form[] => [
  ...form('PSHUFW', 'NP 0F 70', 'Pq Qq Ib', pshufw, PENTIUM3),
  ...form('PSHUFD', '66 0F 70', 'Vdq Wdq Ib', shuffled(selectDwords), PENTIUM4),
  ...form(
    'PSHUFHW',
    'F3 0F 70',
    'Vdq Wdq Ib',
    shuffled((a, n) => halves(a, selectWords(a, n))),
    PENTIUM4,
  ),
  ...form(
    'PSHUFLW',
    'F2 0F 70',
    'Vdq Wdq Ib',
    shuffled((a, n) => halves(selectWords(a, n), a)),
    PENTIUM4,
  ),
  ...form('SHUFPS', 'NP 0F C6', 'Vdq Wdq Ib', shufps, PENTIUM3),
  ...form('SHUFPD', '66 0F C6', 'Vdq Wdq Ib', shufpd, PENTIUM4),
  ...form('UNPCKLPS', 'NP 0F 14', 'Vdq Wdq', unpckps(0), PENTIUM3),
  ...form('UNPCKHPS', 'NP 0F 15', 'Vdq Wdq', unpckps(8), PENTIUM3),
  ...form('UNPCKLPD', '66 0F 14', 'Vdq Wdq', combined(joinLow), PENTIUM4),
  ...form('UNPCKHPD', '66 0F 15', 'Vdq Wdq', combined(joinHigh), PENTIUM4),
  ...form('PINSRW', 'NP 0F C4', 'Pq Ew Ib', pinsrwMmx, PENTIUM3),
  ...form('PINSRW', '66 0F C4', 'Vdq Ew Ib', onXmm(insertWord(layout.XMM_REGS, 7)), PENTIUM4),
  ...form('PEXTRW', 'NP 0F C5', 'Gd Nq Ib', onMmx(extractWord(layout.FPU_REGS, 3)), PENTIUM3),
  ...form('PEXTRW', '66 0F C5', 'Gd Udq Ib', onXmm(extractWord(layout.XMM_REGS, 7)), PENTIUM4),
  ...form('PMOVMSKB', 'NP 0F D7', 'Gd Nq', onMmx(signs(i8x16.bitmask, readMmx)), PENTIUM3),
  ...form('PMOVMSKB', '66 0F D7', 'Gd Udq', onXmm(signs(i8x16.bitmask, readXmm)), PENTIUM4),
  ...form('MOVMSKPS', 'NP 0F 50', 'Gd Udq', onXmm(signs(i32x4.bitmask, readXmm)), PENTIUM3),
  ...form('MOVMSKPD', '66 0F 50', 'Gd Udq', onXmm(signs(i64x2.bitmask, readXmm)), PENTIUM4),
];
