import type { Emitter } from '../../emitter';
import { type Form, form, type OperandAccess, type VectorAccess } from '../../form';
import type { ExprV128 } from '../../wasm/expression';
import { i16x8, i32x4, i8x16 } from '../../wasm/simd';
import { load128, load32, numberOf, readMmx, readXmm, writeMmx, writeXmm } from './operands';
import { packedForms } from './packed-integer';
import { onMmx, onXmm } from './state';

/** The lower quadwords of two vectors, one after the other. */
export const joinLow = (a: ExprV128, b: ExprV128): ExprV128 =>
  i8x16.shuffle(a, b, [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]);

/** The upper quadwords of two vectors, one after the other. */
export const joinHigh = (a: ExprV128, b: ExprV128): ExprV128 =>
  i8x16.shuffle(a, b, [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31]);

type Narrow = (a: ExprV128, b: ExprV128) => ExprV128;

/** PACKxx: the destination's elements, made narrower with saturation, below those of the source. */
function packs(mnemonic: string, opcode: string, narrow: Narrow): Form[] {
  const onQuadwords = (a: ExprV128, b: ExprV128, e: Emitter) => {
    const both = e.f.hold(joinLow(a, b));
    return narrow(both, both);
  };
  return packedForms(mnemonic, opcode, onQuadwords, narrow, 'pentium2');
}

/** Byte numbers that take elements of `width` bytes from two vectors in turn, beginning at byte `first`. */
export function interleaving(width: number, first: number): number[] {
  return Array.from({ length: 16 }, (_, i) => {
    const element = Math.floor(i / width);
    return first + (element >> 1) * width + (element & 1) * 16 + (i % width);
  });
}

const interleave =
  (width: number, first: number): Narrow =>
  (a, b) =>
    i8x16.shuffle(a, b, interleaving(width, first));

/** PUNPCKHxx: interleaves the upper halves. */
const unpackHigh = (mnemonic: string, opcode: string, width: number): Form[] =>
  packedForms(mnemonic, opcode, interleave(width, 4), interleave(width, 8), 'pentium2');

/** PUNPCKLxx: interleaves the lower halves. Of memory the MMX form reads those alone, 4 bytes. */
function unpackLow(mnemonic: string, opcode: string, width: number): Form[] {
  const combine = interleave(width, 0);
  const onQuadwords = onMmx((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
    const b = e.f.hold(i32x4.splat(load32(e, 'mmx', src)));
    writeMmx(e, numberOf(dst), combine(readMmx(e, numberOf(dst)), b));
  });
  return [
    ...form(mnemonic, `NP 0F ${opcode}`, 'Pq Qd', onQuadwords, { since: 'pentium2' }),
    ...wideForm(mnemonic, opcode, combine),
  ];
}

/** The SSE2 form alone. */
function wideForm(mnemonic: string, opcode: string, combine: Narrow): Form[] {
  const semantics = onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
    const b = load128(e, src);
    writeXmm(e, numberOf(dst), combine(readXmm(e, numberOf(dst)), b));
  });
  return form(mnemonic, `66 0F ${opcode}`, 'Vdq Wdq', semantics, { since: 'pentium4' });
}

/** PACKxx and PUNPCKxx (Intel SDM vol. 2B). */
export const packForms = (): readonly Form[] => [
  ...packs('PACKSSWB', '63', i8x16.narrowS),
  ...packs('PACKUSWB', '67', i8x16.narrowU),
  ...packs('PACKSSDW', '6B', i16x8.narrowS),
  ...unpackLow('PUNPCKLBW', '60', 1),
  ...unpackLow('PUNPCKLWD', '61', 2),
  ...unpackLow('PUNPCKLDQ', '62', 4),
  ...unpackHigh('PUNPCKHBW', '68', 1),
  ...unpackHigh('PUNPCKHWD', '69', 2),
  ...unpackHigh('PUNPCKHDQ', '6A', 4),
  ...wideForm('PUNPCKLQDQ', '6C', joinLow),
  ...wideForm('PUNPCKHQDQ', '6D', joinHigh),
];
