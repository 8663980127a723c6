import { FLAGS_ARITHMETIC } from '../../../layout';
import type { Emitter } from '../../emitter';
import { type Form, form, type OperandAccess, type VectorAccess } from '../../form';
import { PENTIUM3, PENTIUM4 } from './generations';
import * as w from '../../wasm/expression';
import type { Expr } from '../../wasm/expression';
import { i64 } from '../../wasm/i64';
import { withFlags } from './float-state';
import {
  load128,
  load32,
  load64,
  numberOf,
  readLow32,
  readLow64,
  readXmm,
  writeLow32,
  writeLow64,
  writeXmm,
} from './operands';
import { onXmm } from './state';

/** The predicate: bits 3-7 of the immediate are reserved, and have no effect. */
const predicateOf = (immediate: OperandAccess): Expr => w.and(immediate.read(), 7);

/** CMPPS and CMPPD: each element becomes all ones or zeroes. */
const packedPredicate = (name: 'f32x4Predicate' | 'f64x2Predicate') =>
  onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess, immediate: OperandAccess) => {
    const b = load128(e, src);
    const a = readXmm(e, numberOf(dst));
    writeXmm(
      e,
      numberOf(dst),
      withFlags(e, (mxcsr) => e.packed(name, [a, b, predicateOf(immediate), mxcsr])),
    );
  });

const scalarPredicate32 = onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess, immediate: OperandAccess) => {
  const b = load32(e, 'xmm', src);
  const a = readLow32(e, 'xmm', numberOf(dst));
  const holds = withFlags(e, (mxcsr) => e.float('f32Predicate', [a, b, predicateOf(immediate), mxcsr]));
  writeLow32(e, numberOf(dst), w.neg(holds));
});

const scalarPredicate64 = onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess, immediate: OperandAccess) => {
  const b = load64(e, 'xmm', src);
  const a = readLow64(e, 'xmm', numberOf(dst));
  const holds = withFlags(e, (mxcsr) => e.float('f64Predicate', [a, b, predicateOf(immediate), mxcsr]));
  writeLow64(e, numberOf(dst), i64.extendS(w.neg(holds)));
});

/** COMISS and UCOMISS: the relation goes to ZF, PF and CF; the other arithmetic flags are cleared. */
const compare32 = (signalling: 0 | 1) =>
  onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
    const b = load32(e, 'xmm', src);
    const a = readLow32(e, 'xmm', numberOf(dst));
    const relation = withFlags(e, (mxcsr) => e.float('f32Compare', [a, b, signalling, mxcsr]));
    e.setFlags(FLAGS_ARITHMETIC, relation);
  });

const compare64 = (signalling: 0 | 1) =>
  onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
    const b = load64(e, 'xmm', src);
    const a = readLow64(e, 'xmm', numberOf(dst));
    const relation = withFlags(e, (mxcsr) => e.float('f64Compare', [a, b, signalling, mxcsr]));
    e.setFlags(FLAGS_ARITHMETIC, relation);
  });

/** Comparisons of singles and doubles (Intel SDM vol. 2A, CMPPS, COMISS; vol. 2B, UCOMISS). */
export const floatCompareForms = (): readonly Form[] => [
  ...form('CMPPS', 'NP 0F C2', 'Vdq Wdq Ib', packedPredicate('f32x4Predicate'), PENTIUM3),
  ...form('CMPSS', 'F3 0F C2', 'Vdq Wd Ib', scalarPredicate32, PENTIUM3),
  ...form('CMPPD', '66 0F C2', 'Vdq Wdq Ib', packedPredicate('f64x2Predicate'), PENTIUM4),
  ...form('CMPSD', 'F2 0F C2', 'Vdq Wq Ib', scalarPredicate64, PENTIUM4),
  ...form('UCOMISS', 'NP 0F 2E', 'Vdq Wd', compare32(0), PENTIUM3),
  ...form('COMISS', 'NP 0F 2F', 'Vdq Wd', compare32(1), PENTIUM3),
  ...form('UCOMISD', '66 0F 2E', 'Vdq Wq', compare64(0), PENTIUM4),
  ...form('COMISD', '66 0F 2F', 'Vdq Wq', compare64(1), PENTIUM4),
];
