import type { Emitter } from '../../emitter';
import { type CpuModel, type Form, form, type OperandAccess, type VectorAccess } from '../../form';
import * as w from '../../wasm/expression';
import type { Expr, Expr64, ExprV128, Operand } from '../../wasm/expression';
import { i64 } from '../../wasm/i64';
import { i16x8, i32x4, i64x2, i8x16, v128, ZERO_V128 } from '../../wasm/simd';
import { load128, load64, numberOf, readMmx, readXmm, writeMmx, writeXmm } from './operands';
import { onMmx, onXmm } from './state';

type LaneShift = (a: ExprV128, count: Operand) => ExprV128;

/** An instruction that shifts every element by the same count, which may be any 64-bit number. */
interface PackedShift {
  readonly mnemonic: string;
  /** Opcode of the form with the count in a register or memory. */
  readonly opcode: string;
  /** Opcode and ModR/M.reg of the form with an immediate count. */
  readonly immediate: string;
  readonly lanes: LaneShift;
  /** Bits of an element. */
  readonly width: 16 | 32 | 64;
  /** Right shifts of signed elements end with the sign everywhere, the others with zero. */
  readonly arithmetic?: true;
}

const SHIFTS: readonly PackedShift[] = [
  { mnemonic: 'PSRLW', opcode: 'D1', immediate: '71 /2', lanes: i16x8.shrU, width: 16 },
  { mnemonic: 'PSRLD', opcode: 'D2', immediate: '72 /2', lanes: i32x4.shrU, width: 32 },
  { mnemonic: 'PSRLQ', opcode: 'D3', immediate: '73 /2', lanes: i64x2.shrU, width: 64 },
  { mnemonic: 'PSRAW', opcode: 'E1', immediate: '71 /4', lanes: i16x8.shrS, width: 16, arithmetic: true },
  { mnemonic: 'PSRAD', opcode: 'E2', immediate: '72 /4', lanes: i32x4.shrS, width: 32, arithmetic: true },
  { mnemonic: 'PSLLW', opcode: 'F1', immediate: '71 /6', lanes: i16x8.shl, width: 16 },
  { mnemonic: 'PSLLD', opcode: 'F2', immediate: '72 /6', lanes: i32x4.shl, width: 32 },
  { mnemonic: 'PSLLQ', opcode: 'F3', immediate: '73 /6', lanes: i64x2.shl, width: 64 },
];

/** Shifts by a count of which `small` has the low bits and `inRange` says whether it is less than the width. */
function shiftLanes(shift: PackedShift, a: ExprV128, small: Expr, inRange: Expr): ExprV128 {
  if (shift.arithmetic) return shift.lanes(a, w.select(inRange, small, shift.width - 1));
  return v128.select(inRange, shift.lanes(a, small), ZERO_V128);
}

const byImmediate = (e: Emitter, shift: PackedShift, a: ExprV128, count: Expr): ExprV128 =>
  shiftLanes(shift, a, count, e.let(w.ltU(count, shift.width)));

const byQuadword = (e: Emitter, shift: PackedShift, a: ExprV128, count: Expr64): ExprV128 =>
  shiftLanes(shift, a, i64.wrap(count), e.let(i64.ltU(count, i64.const(BigInt(shift.width)))));

function shiftForms(shift: PackedShift): Form[] {
  const { mnemonic, opcode, immediate } = shift;
  const mmx: { since: CpuModel } = { since: 'pentium2' };
  const sse2: { since: CpuModel } = { since: 'pentium4' };
  const mmxByOperand = onMmx((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
    const count = load64(e, 'mmx', src);
    writeMmx(e, numberOf(dst), byQuadword(e, shift, readMmx(e, numberOf(dst)), count));
  });
  // Of memory all 16 bytes are read, though only 8 of them count.
  const xmmByOperand = onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
    const count = e.f.hold(i64x2.extract(load128(e, src), 0));
    writeXmm(e, numberOf(dst), byQuadword(e, shift, readXmm(e, numberOf(dst)), count));
  });
  const mmxByImmediate = onMmx((e: Emitter, dst: OperandAccess, count: OperandAccess) =>
    writeMmx(e, numberOf(dst), byImmediate(e, shift, readMmx(e, numberOf(dst)), count.read())),
  );
  const xmmByImmediate = onXmm((e: Emitter, dst: OperandAccess, count: OperandAccess) =>
    writeXmm(e, numberOf(dst), byImmediate(e, shift, readXmm(e, numberOf(dst)), count.read())),
  );
  return [
    ...form(mnemonic, `NP 0F ${opcode}`, 'Pq Qq', mmxByOperand, mmx),
    ...form(mnemonic, `66 0F ${opcode}`, 'Vdq Wdq', xmmByOperand, sse2),
    ...form(mnemonic, `NP 0F ${immediate}`, 'Nq Ib', mmxByImmediate, mmx),
    ...form(mnemonic, `66 0F ${immediate}`, 'Udq Ib', xmmByImmediate, sse2),
  ];
}

/** 0 to 15, one byte each. */
const BYTE_NUMBERS = Array.from({ length: 16 }, (_, i) => i);

/**
 * PSLLDQ and PSRLDQ: moves all bytes up or down. Every byte is looked up by its number plus or minus the count; what is
 * beyond 15, below 0 included, reads as zero.
 */
const shiftBytes = (move: (a: ExprV128, b: ExprV128) => ExprV128) =>
  onXmm((e: Emitter, dst: OperandAccess, count: OperandAccess) => {
    const bytes = e.let(w.select(w.gtU(count.read(), 16), 16, count.read()));
    const numbers = move(v128.const(BYTE_NUMBERS), i8x16.splat(bytes));
    writeXmm(e, numberOf(dst), i8x16.swizzle(readXmm(e, numberOf(dst)), numbers));
  });

/** Shifts of packed elements (Intel SDM vol. 2B, PSLLW to PSRLQ). */
export const packedShiftForms = (): readonly Form[] => [
  ...SHIFTS.flatMap(shiftForms),
  ...form('PSRLDQ', '66 0F 73 /3', 'Udq Ib', shiftBytes(i8x16.add), { since: 'pentium4' }),
  ...form('PSLLDQ', '66 0F 73 /7', 'Udq Ib', shiftBytes(i8x16.sub), { since: 'pentium4' }),
];
