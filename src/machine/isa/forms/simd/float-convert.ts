import type { Emitter } from '../../emitter';
import { type Form, form, type OperandAccess, type VectorAccess } from '../../form';
import { PENTIUM3, PENTIUM4 } from './generations';
import type { PackedName } from '../../packed/functions';
import type { ExprV128 } from '../../wasm/expression';
import { f64x2, i64x2 } from '../../wasm/simd';
import { withFlags } from './float-state';
import { load128, load32, load64, loadMmx, numberOf, writeLow32, writeLow64, writeMmx, writeXmm } from './operands';
import { enterMmx, onBoth, onXmm, requireMmx } from './state';

/** A quadword of an XMM register or memory as a vector. */
const loadHalf = (e: Emitter, src: VectorAccess): ExprV128 => e.f.hold(i64x2.splat(load64(e, 'xmm', src)));

/** Between packed elements in XMM registers; the source is read as a whole or, if only its lower half counts, as a quadword. */
const packed = (name: PackedName, load: typeof loadHalf) =>
  onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
    const source = load(e, src);
    writeXmm(
      e,
      numberOf(dst),
      withFlags(e, (mxcsr) => e.packed(name, [source, mxcsr])),
    );
  });

/** CVTDQ2PD is exact. */
const dwordsToDoubles = onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) =>
  writeXmm(e, numberOf(dst), f64x2.fromLowI32(loadHalf(e, src))),
);

// With MMX registers

/** CVTPS2PI and so on: to an MMX register. */
const toMmx = (name: PackedName, load: typeof loadHalf) =>
  onBoth((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
    const source = load(e, src);
    writeMmx(
      e,
      numberOf(dst),
      withFlags(e, (mxcsr) => e.packed(name, [source, mxcsr])),
    );
  });

/** CVTPI2PS: the upper half of the destination stays. */
const mmxToSingles = onBoth((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
  const source = loadMmx(e, src);
  const singles = withFlags(e, (mxcsr) => e.packed('f32x2FromI32', [source, mxcsr]));
  writeLow64(e, numberOf(dst), i64x2.extract(singles, 0));
});

/** CVTPI2PD is exact. With its operand in memory it has nothing to do with MMX registers, and leaves the x87 alone. */
const mmxToDoubles = onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
  e.if(src.target.isRegister, () => requireMmx(e));
  writeXmm(e, numberOf(dst), f64x2.fromLowI32(loadMmx(e, src)));
  e.if(src.target.isRegister, () => enterMmx(e));
});

// Scalars

const dwordToSingle = onXmm((e: Emitter, dst: OperandAccess, src: OperandAccess) => {
  const source = src.read();
  writeLow32(
    e,
    numberOf(dst),
    withFlags(e, (mxcsr) => e.float('f32FromI32', [source, mxcsr])),
  );
});

const dwordToDouble = onXmm((e: Emitter, dst: OperandAccess, src: OperandAccess) =>
  writeLow64(e, numberOf(dst), e.float64('f64FromI32', [src.read()])),
);

const singleToDword = (name: 'f32ToI32' | 'f32TruncateToI32') =>
  onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
    const source = load32(e, 'xmm', src);
    dst.write(withFlags(e, (mxcsr) => e.float(name, [source, mxcsr])));
  });

const doubleToDword = (name: 'f64ToI32' | 'f64TruncateToI32') =>
  onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
    const source = load64(e, 'xmm', src);
    dst.write(withFlags(e, (mxcsr) => e.float(name, [source, mxcsr])));
  });

const singleToDouble = onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
  const source = load32(e, 'xmm', src);
  writeLow64(
    e,
    numberOf(dst),
    withFlags(e, (mxcsr) => e.float64('f32ToF64', [source, mxcsr])),
  );
});

const doubleToSingle = onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
  const source = load64(e, 'xmm', src);
  writeLow32(
    e,
    numberOf(dst),
    withFlags(e, (mxcsr) => e.float('f64ToF32', [source, mxcsr])),
  );
});

/** Conversions (Intel SDM vol. 2A, CVT...; vol. 1, 11.4.1.6). */
export const floatConvertForms = (): readonly Form[] => [
  ...form('CVTPI2PS', 'NP 0F 2A', 'Vdq Qq', mmxToSingles, PENTIUM3),
  ...form('CVTSI2SS', 'F3 0F 2A', 'Vdq Ed', dwordToSingle, PENTIUM3),
  ...form('CVTTPS2PI', 'NP 0F 2C', 'Pq Wq', toMmx('f32x2TruncateToI32', loadHalf), PENTIUM3),
  ...form('CVTTSS2SI', 'F3 0F 2C', 'Gd Wd', singleToDword('f32TruncateToI32'), PENTIUM3),
  ...form('CVTPS2PI', 'NP 0F 2D', 'Pq Wq', toMmx('f32x2ToI32', loadHalf), PENTIUM3),
  ...form('CVTSS2SI', 'F3 0F 2D', 'Gd Wd', singleToDword('f32ToI32'), PENTIUM3),
  ...form('CVTPI2PD', '66 0F 2A', 'Vdq Qq', mmxToDoubles, PENTIUM4),
  ...form('CVTSI2SD', 'F2 0F 2A', 'Vdq Ed', dwordToDouble, PENTIUM4),
  ...form('CVTTPD2PI', '66 0F 2C', 'Pq Wdq', toMmx('f64x2TruncateToI32', load128), PENTIUM4),
  ...form('CVTTSD2SI', 'F2 0F 2C', 'Gd Wq', doubleToDword('f64TruncateToI32'), PENTIUM4),
  ...form('CVTPD2PI', '66 0F 2D', 'Pq Wdq', toMmx('f64x2ToI32', load128), PENTIUM4),
  ...form('CVTSD2SI', 'F2 0F 2D', 'Gd Wq', doubleToDword('f64ToI32'), PENTIUM4),
  ...form('CVTPS2PD', 'NP 0F 5A', 'Vdq Wq', packed('f32x2ToF64', loadHalf), PENTIUM4),
  ...form('CVTPD2PS', '66 0F 5A', 'Vdq Wdq', packed('f64x2ToF32', load128), PENTIUM4),
  ...form('CVTSS2SD', 'F3 0F 5A', 'Vdq Wd', singleToDouble, PENTIUM4),
  ...form('CVTSD2SS', 'F2 0F 5A', 'Vdq Wq', doubleToSingle, PENTIUM4),
  ...form('CVTDQ2PS', 'NP 0F 5B', 'Vdq Wdq', packed('f32x4FromI32', load128), PENTIUM4),
  ...form('CVTPS2DQ', '66 0F 5B', 'Vdq Wdq', packed('f32x4ToI32', load128), PENTIUM4),
  ...form('CVTTPS2DQ', 'F3 0F 5B', 'Vdq Wdq', packed('f32x4TruncateToI32', load128), PENTIUM4),
  ...form('CVTTPD2DQ', '66 0F E6', 'Vdq Wdq', packed('f64x2TruncateToI32', load128), PENTIUM4),
  ...form('CVTDQ2PD', 'F3 0F E6', 'Vdq Wq', dwordsToDoubles, PENTIUM4),
  ...form('CVTPD2DQ', 'F2 0F E6', 'Vdq Wdq', packed('f64x2ToI32', load128), PENTIUM4),
];
