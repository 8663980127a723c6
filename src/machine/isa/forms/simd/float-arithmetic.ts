import type { Emitter } from '../../emitter';
import { type Form, form, type OperandAccess, type VectorAccess } from '../../form';
import { PENTIUM3, PENTIUM4 } from './generations';
import type { ExprV128 } from '../../wasm/expression';
import { i32x4, v128 } from '../../wasm/simd';
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

type BinaryName = 'Add' | 'Sub' | 'Mul' | 'Div' | 'Min' | 'Max';

const packedBinary = (name: `${'f32x4' | 'f64x2'}${BinaryName}`) =>
  onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
    const b = load128(e, src);
    const a = readXmm(e, numberOf(dst));
    writeXmm(
      e,
      numberOf(dst),
      withFlags(e, (mxcsr) => e.packed(name, [a, b, mxcsr])),
    );
  });

const scalarBinary32 = (name: `f32${BinaryName}`) =>
  onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
    const b = load32(e, 'xmm', src);
    const a = readLow32(e, 'xmm', numberOf(dst));
    writeLow32(
      e,
      numberOf(dst),
      withFlags(e, (mxcsr) => e.float(name, [a, b, mxcsr])),
    );
  });

const scalarBinary64 = (name: `f64${BinaryName}`) =>
  onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
    const b = load64(e, 'xmm', src);
    const a = readLow64(e, 'xmm', numberOf(dst));
    writeLow64(
      e,
      numberOf(dst),
      withFlags(e, (mxcsr) => e.float64(name, [a, b, mxcsr])),
    );
  });

/** The four forms of an operation: packed and scalar, in both formats. */
const binaryForms = (mnemonic: string, opcode: string, name: BinaryName): Form[] => [
  ...form(`${mnemonic}PS`, `NP 0F ${opcode}`, 'Vdq Wdq', packedBinary(`f32x4${name}`), PENTIUM3),
  ...form(`${mnemonic}SS`, `F3 0F ${opcode}`, 'Vdq Wd', scalarBinary32(`f32${name}`), PENTIUM3),
  ...form(`${mnemonic}PD`, `66 0F ${opcode}`, 'Vdq Wdq', packedBinary(`f64x2${name}`), PENTIUM4),
  ...form(`${mnemonic}SD`, `F2 0F ${opcode}`, 'Vdq Wq', scalarBinary64(`f64${name}`), PENTIUM4),
];

const packedRoot = (name: 'f32x4Sqrt' | 'f64x2Sqrt') =>
  onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
    const a = load128(e, src);
    writeXmm(
      e,
      numberOf(dst),
      withFlags(e, (mxcsr) => e.packed(name, [a, mxcsr])),
    );
  });

const scalarRoot32 = onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
  const a = load32(e, 'xmm', src);
  writeLow32(
    e,
    numberOf(dst),
    withFlags(e, (mxcsr) => e.float('f32Sqrt', [a, mxcsr])),
  );
});

const scalarRoot64 = onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
  const a = load64(e, 'xmm', src);
  writeLow64(
    e,
    numberOf(dst),
    withFlags(e, (mxcsr) => e.float64('f64Sqrt', [a, mxcsr])),
  );
});

type ApproximationName = 'f32x4Reciprocal' | 'f32x4ReciprocalRoot';

const packedApproximation = (name: ApproximationName) =>
  onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) =>
    writeXmm(e, numberOf(dst), e.packed(name, [load128(e, src)])),
  );

const scalarApproximation = (name: ApproximationName) =>
  onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
    const vector = i32x4.splat(load32(e, 'xmm', src));
    writeLow32(e, numberOf(dst), i32x4.extract(e.packed(name, [vector]), 0));
  });

const bitwise = (combine: (a: ExprV128, b: ExprV128) => ExprV128) =>
  onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
    const b = load128(e, src);
    writeXmm(e, numberOf(dst), combine(readXmm(e, numberOf(dst)), b));
  });

const bitwiseForms = (mnemonic: string, opcode: string, combine: (a: ExprV128, b: ExprV128) => ExprV128): Form[] => [
  ...form(`${mnemonic}PS`, `NP 0F ${opcode}`, 'Vdq Wdq', bitwise(combine), PENTIUM3),
  ...form(`${mnemonic}PD`, `66 0F ${opcode}`, 'Vdq Wdq', bitwise(combine), PENTIUM4),
];

/** Arithmetic of singles and doubles (Intel SDM vol. 2, ADDPS and so on). */
export const floatArithmeticForms = (): readonly Form[] => [
  ...binaryForms('ADD', '58', 'Add'),
  ...binaryForms('MUL', '59', 'Mul'),
  ...binaryForms('SUB', '5C', 'Sub'),
  ...binaryForms('MIN', '5D', 'Min'),
  ...binaryForms('DIV', '5E', 'Div'),
  ...binaryForms('MAX', '5F', 'Max'),
  ...form('SQRTPS', 'NP 0F 51', 'Vdq Wdq', packedRoot('f32x4Sqrt'), PENTIUM3),
  ...form('SQRTSS', 'F3 0F 51', 'Vdq Wd', scalarRoot32, PENTIUM3),
  ...form('SQRTPD', '66 0F 51', 'Vdq Wdq', packedRoot('f64x2Sqrt'), PENTIUM4),
  ...form('SQRTSD', 'F2 0F 51', 'Vdq Wq', scalarRoot64, PENTIUM4),
  ...form('RSQRTPS', 'NP 0F 52', 'Vdq Wdq', packedApproximation('f32x4ReciprocalRoot'), PENTIUM3),
  ...form('RSQRTSS', 'F3 0F 52', 'Vdq Wd', scalarApproximation('f32x4ReciprocalRoot'), PENTIUM3),
  ...form('RCPPS', 'NP 0F 53', 'Vdq Wdq', packedApproximation('f32x4Reciprocal'), PENTIUM3),
  ...form('RCPSS', 'F3 0F 53', 'Vdq Wd', scalarApproximation('f32x4Reciprocal'), PENTIUM3),
  ...bitwiseForms('AND', '54', v128.and),
  ...bitwiseForms('ANDN', '55', (a, b) => v128.andNot(b, a)),
  ...bitwiseForms('OR', '56', v128.or),
  ...bitwiseForms('XOR', '57', v128.xor),
];
