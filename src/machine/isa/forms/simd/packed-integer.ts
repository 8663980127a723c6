import type { Emitter } from '../../emitter';
import { type CpuModel, type Form, form, type OperandAccess, type VectorAccess } from '../../form';
import type { ExprV128 } from '../../wasm/expression';
import { i64 } from '../../wasm/i64';
import { i16x8, i32x4, i64x2, i8x16, v128 } from '../../wasm/simd';
import { load128, loadMmx, numberOf, readMmx, readXmm, writeMmx, writeXmm } from './operands';
import { onMmx, onXmm } from './state';

/** A function of two vectors; `a` is the destination's old value. Operands are cheap to repeat. */
type Combine = (a: ExprV128, b: ExprV128, e: Emitter) => ExprV128;

/** Bytes 2, 3, 6, 7 and so on of two vectors: the upper words of eight products. */
const UPPER_WORDS = [2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31];

const LOW_DWORDS = () => i64x2.splat(i64.const(0xffffffffn));

const multiplyHighSigned: Combine = (a, b) => i8x16.shuffle(i32x4.mulLowS(a, b), i32x4.mulHighS(a, b), UPPER_WORDS);
const multiplyHighUnsigned: Combine = (a, b) => i8x16.shuffle(i32x4.mulLowU(a, b), i32x4.mulHighU(a, b), UPPER_WORDS);
const multiplyDwords: Combine = (a, b) => i64x2.mul(v128.and(a, LOW_DWORDS()), v128.and(b, LOW_DWORDS()));

/** PSADBW: the sum of the differences of eight bytes, in each half. */
const sumOfDifferences: Combine = (a, b, e) => {
  const differences = i8x16.sub(i8x16.maxU(a, b), i8x16.minU(a, b));
  const quarters = e.f.hold(i32x4.addPairsU(i16x8.addPairsU(differences)));
  return i64x2.add(i64x2.shrU(quarters, 32), v128.and(quarters, LOW_DWORDS()));
};

const andNot: Combine = (a, b) => v128.andNot(b, a);

/**
 * Instructions whose lanes have nothing to do with one another, so that the MMX form is the lower half of the SSE2 form:
 * mnemonic, opcode, what is computed, first processor with the MMX form.
 */
const LANEWISE: readonly (readonly [string, string, Combine, CpuModel])[] = [
  ['PADDB', 'FC', i8x16.add, 'pentium2'],
  ['PADDW', 'FD', i16x8.add, 'pentium2'],
  ['PADDD', 'FE', i32x4.add, 'pentium2'],
  ['PADDQ', 'D4', i64x2.add, 'pentium4'],
  ['PADDSB', 'EC', i8x16.addSatS, 'pentium2'],
  ['PADDSW', 'ED', i16x8.addSatS, 'pentium2'],
  ['PADDUSB', 'DC', i8x16.addSatU, 'pentium2'],
  ['PADDUSW', 'DD', i16x8.addSatU, 'pentium2'],
  ['PSUBB', 'F8', i8x16.sub, 'pentium2'],
  ['PSUBW', 'F9', i16x8.sub, 'pentium2'],
  ['PSUBD', 'FA', i32x4.sub, 'pentium2'],
  ['PSUBQ', 'FB', i64x2.sub, 'pentium4'],
  ['PSUBSB', 'E8', i8x16.subSatS, 'pentium2'],
  ['PSUBSW', 'E9', i16x8.subSatS, 'pentium2'],
  ['PSUBUSB', 'D8', i8x16.subSatU, 'pentium2'],
  ['PSUBUSW', 'D9', i16x8.subSatU, 'pentium2'],
  ['PMULLW', 'D5', i16x8.mul, 'pentium2'],
  ['PMULHW', 'E5', multiplyHighSigned, 'pentium2'],
  ['PMULHUW', 'E4', multiplyHighUnsigned, 'pentium3'],
  ['PMULUDQ', 'F4', multiplyDwords, 'pentium4'],
  ['PMADDWD', 'F5', i32x4.dot, 'pentium2'],
  ['PAVGB', 'E0', i8x16.averageU, 'pentium3'],
  ['PAVGW', 'E3', i16x8.averageU, 'pentium3'],
  ['PMAXUB', 'DE', i8x16.maxU, 'pentium3'],
  ['PMINUB', 'DA', i8x16.minU, 'pentium3'],
  ['PMAXSW', 'EE', i16x8.maxS, 'pentium3'],
  ['PMINSW', 'EA', i16x8.minS, 'pentium3'],
  ['PSADBW', 'F6', sumOfDifferences, 'pentium3'],
  ['PCMPEQB', '74', i8x16.eq, 'pentium2'],
  ['PCMPEQW', '75', i16x8.eq, 'pentium2'],
  ['PCMPEQD', '76', i32x4.eq, 'pentium2'],
  ['PCMPGTB', '64', i8x16.gtS, 'pentium2'],
  ['PCMPGTW', '65', i16x8.gtS, 'pentium2'],
  ['PCMPGTD', '66', i32x4.gtS, 'pentium2'],
  ['PAND', 'DB', v128.and, 'pentium2'],
  ['PANDN', 'DF', andNot, 'pentium2'],
  ['POR', 'EB', v128.or, 'pentium2'],
  ['PXOR', 'EF', v128.xor, 'pentium2'],
];

/** Both forms of an instruction that combines its operands; the MMX form gets 8 bytes in the lower halves. */
export function packedForms(mnemonic: string, opcode: string, mmx: Combine, xmm: Combine, since: CpuModel): Form[] {
  const onQuadwords = onMmx((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
    const b = loadMmx(e, src);
    const a = readMmx(e, numberOf(dst));
    writeMmx(e, numberOf(dst), mmx(a, b, e));
  });
  const onDoubleQuadwords = onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
    const b = load128(e, src);
    const a = readXmm(e, numberOf(dst));
    writeXmm(e, numberOf(dst), xmm(a, b, e));
  });
  return [
    ...form(mnemonic, `NP 0F ${opcode}`, 'Pq Qq', onQuadwords, { since }),
    ...form(mnemonic, `66 0F ${opcode}`, 'Vdq Wdq', onDoubleQuadwords, { since: 'pentium4' }),
  ];
}

export const packedIntegerForms = (): readonly Form[] =>
  LANEWISE.flatMap(([mnemonic, opcode, combine, since]) => packedForms(mnemonic, opcode, combine, combine, since));
