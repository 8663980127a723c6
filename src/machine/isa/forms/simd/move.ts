import * as layout from '../../../layout';
import { Register, SegmentIndex } from '../../../layout';
import type { Emitter } from '../../emitter';
import { type CpuModel, type Form, form, type MemoryAccess, type OperandAccess, type VectorAccess } from '../../form';
import * as w from '../../wasm/expression';
import type { Expr, ExprV128 } from '../../wasm/expression';
import { i64 } from '../../wasm/i64';
import { i32x4, i64x2, ZERO_V128 } from '../../wasm/simd';
import {
  load128,
  load64,
  numberOf,
  readHigh64,
  readLow32,
  readLow64,
  readXmm,
  store128,
  writeHigh64,
  writeLow32,
  writeLow64,
  writeMmx64,
  writeXmm,
} from './operands';
import { emptyMmx, onBoth, onMmx, onXmm } from './state';

const PENTIUM2: { since: CpuModel } = { since: 'pentium2' };
const PENTIUM3: { since: CpuModel } = { since: 'pentium3' };
const PENTIUM4: { since: CpuModel } = { since: 'pentium4' };

/** All 16 bytes, of memory with the given alignment: MOVAPS and MOVUPS, each way. */
const loadAll = (alignment: 1 | 16) =>
  onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => writeXmm(e, numberOf(dst), load128(e, src, alignment)));

const storeAll = (alignment: 1 | 16) =>
  onXmm((e: Emitter, dst: VectorAccess, src: OperandAccess) => store128(e, dst, readXmm(e, numberOf(src)), alignment));

const storeAligned = onXmm((e: Emitter, dst: MemoryAccess, src: OperandAccess) =>
  e.store128(dst.segment, dst.offset, readXmm(e, numberOf(src)), 16),
);

/** The lowest element alone between registers; with zeroes above it from memory: MOVSS and MOVSD. */
const loadScalar32 = onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
  const { isRegister, index, segment, offset } = src.target;
  e.if(
    isRegister,
    () => writeLow32(e, numberOf(dst), readLow32(e, 'xmm', index)),
    () => writeXmm(e, numberOf(dst), i32x4.replace(ZERO_V128, 0, e.load(32, segment, offset))),
  );
});

const loadScalar64 = onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) => {
  const { isRegister, index, segment, offset } = src.target;
  e.if(
    isRegister,
    () => writeLow64(e, numberOf(dst), readLow64(e, 'xmm', index)),
    () => writeXmm(e, numberOf(dst), i64x2.replace(ZERO_V128, 0, e.load64(segment, offset))),
  );
});

const storeScalar32 = onXmm((e: Emitter, dst: VectorAccess, src: OperandAccess) => {
  const { isRegister, index, segment, offset } = dst.target;
  const value = readLow32(e, 'xmm', numberOf(src));
  e.if(
    isRegister,
    () => writeLow32(e, index, value),
    () => e.store(32, segment, offset, value),
  );
});

const storeScalar64 = onXmm((e: Emitter, dst: VectorAccess, src: OperandAccess) => {
  const { isRegister, index, segment, offset } = dst.target;
  const value = readLow64(e, 'xmm', numberOf(src));
  e.if(
    isRegister,
    () => writeLow64(e, index, value),
    () => e.store64(segment, offset, value),
  );
});

/** One quadword of a register and memory; the other one stays: MOVLPS and MOVHPS. */
const loadLow = onXmm((e: Emitter, dst: OperandAccess, src: MemoryAccess) =>
  writeLow64(e, numberOf(dst), e.load64(src.segment, src.offset)),
);
const loadHigh = onXmm((e: Emitter, dst: OperandAccess, src: MemoryAccess) =>
  writeHigh64(e, numberOf(dst), e.load64(src.segment, src.offset)),
);
const storeLow = onXmm((e: Emitter, dst: MemoryAccess, src: OperandAccess) =>
  e.store64(dst.segment, dst.offset, readLow64(e, 'xmm', numberOf(src))),
);
const storeHigh = onXmm((e: Emitter, dst: MemoryAccess, src: OperandAccess) =>
  e.store64(dst.segment, dst.offset, readHigh64(e, numberOf(src))),
);
const highToLow = onXmm((e: Emitter, dst: OperandAccess, src: OperandAccess) =>
  writeLow64(e, numberOf(dst), readHigh64(e, numberOf(src))),
);
const lowToHigh = onXmm((e: Emitter, dst: OperandAccess, src: OperandAccess) =>
  writeHigh64(e, numberOf(dst), readLow64(e, 'xmm', numberOf(src))),
);

/** A quadword with zeroes above it: MOVQ between XMM registers and memory. */
const zeroExtended = (value: Parameters<typeof i64x2.splat>[0]): ExprV128 => i64x2.replace(ZERO_V128, 0, value);

const loadQuadword = onXmm((e: Emitter, dst: OperandAccess, src: VectorAccess) =>
  writeXmm(e, numberOf(dst), zeroExtended(load64(e, 'xmm', src))),
);

const storeQuadword = onXmm((e: Emitter, dst: VectorAccess, src: OperandAccess) => {
  const { isRegister, index, segment, offset } = dst.target;
  const value = readLow64(e, 'xmm', numberOf(src));
  e.if(
    isRegister,
    () => writeXmm(e, index, zeroExtended(value)),
    () => e.store64(segment, offset, value),
  );
});

// MMX registers

const mmxFromDword = onMmx((e: Emitter, dst: OperandAccess, src: OperandAccess) =>
  writeMmx64(e, numberOf(dst), i64.extendU(src.read())),
);
const mmxToDword = onMmx((e: Emitter, dst: OperandAccess, src: OperandAccess) =>
  dst.write(readLow32(e, 'mmx', numberOf(src))),
);
const loadMmxQuadword = onMmx((e: Emitter, dst: OperandAccess, src: VectorAccess) =>
  writeMmx64(e, numberOf(dst), load64(e, 'mmx', src)),
);
const storeMmxQuadword = onMmx((e: Emitter, dst: VectorAccess, src: OperandAccess) => {
  const { isRegister, index, segment, offset } = dst.target;
  const value = readLow64(e, 'mmx', numberOf(src));
  e.if(
    isRegister,
    () => writeMmx64(e, index, value),
    () => e.store64(segment, offset, value),
  );
});
const storeMmxToMemory = onMmx((e: Emitter, dst: MemoryAccess, src: OperandAccess) =>
  e.store64(dst.segment, dst.offset, readLow64(e, 'mmx', numberOf(src))),
);

const xmmFromDword = onXmm((e: Emitter, dst: OperandAccess, src: OperandAccess) =>
  writeXmm(e, numberOf(dst), i32x4.replace(ZERO_V128, 0, src.read())),
);
const xmmToDword = onXmm((e: Emitter, dst: OperandAccess, src: OperandAccess) =>
  dst.write(readLow32(e, 'xmm', numberOf(src))),
);
const mmxToXmm = onBoth((e: Emitter, dst: OperandAccess, src: OperandAccess) =>
  writeXmm(e, numberOf(dst), zeroExtended(readLow64(e, 'mmx', numberOf(src)))),
);
const xmmToMmx = onBoth((e: Emitter, dst: OperandAccess, src: OperandAccess) =>
  writeMmx64(e, numberOf(dst), readLow64(e, 'xmm', numberOf(src))),
);

/** Stores the bytes whose mask byte has its top bit set, at DS:EDI: all that are to be stored, or none if one faults. */
function maskedStore(start: number, bytes: 8 | 16) {
  return (e: Emitter, src: OperandAccess, mask: OperandAccess) => {
    const segment = e.overriddenSegment(SegmentIndex.DS);
    const limit = e.let(w.select(e.address32(), -1, 0xffff));
    const base = e.reg(32, Register.EDI);
    const place = (register: Expr, number: Expr) => w.add(w.shl(register, 4), number);
    const forEach = (body: (number: Expr, offset: Expr) => void) => {
      const number = e.f.local();
      e.f.set(number, 0);
      e.loop((again) => {
        const i = e.f.get(number);
        e.if(w.and(w.load8(place(numberOf(mask), i), start), 0x80), () => body(i, e.let(w.and(w.add(base, i), limit))));
        e.f.set(number, w.add(i, 1));
        e.f.branchIf(w.ltU(e.f.get(number), bytes), again);
      });
    };
    forEach((_, offset) => e.probeStore(segment, offset, 1));
    forEach((i, offset) => e.store(8, segment, offset, w.load8(place(numberOf(src), i), start)));
  };
}

const maskedStoreMmx = onMmx(maskedStore(layout.FPU_REGS, 8));
const maskedStoreXmm = onXmm(maskedStore(layout.XMM_REGS, 16));

/** Stores a general register past the caches, of which there are none. */
const storeInteger = (e: Emitter, dst: MemoryAccess, src: OperandAccess) =>
  e.store(32, dst.segment, dst.offset, src.read());

const mmxMoves = (): readonly Form[] => [
  ...form('MOVD', 'NP 0F 6E', 'Pq Ed', mmxFromDword, PENTIUM2),
  ...form('MOVD', 'NP 0F 7E', 'Ed Pq', mmxToDword, PENTIUM2),
  ...form('MOVQ', 'NP 0F 6F', 'Pq Qq', loadMmxQuadword, PENTIUM2),
  ...form('MOVQ', 'NP 0F 7F', 'Qq Pq', storeMmxQuadword, PENTIUM2),
  ...form('EMMS', 'NP 0F 77', '', emptyMmx, PENTIUM2),
  ...form('MOVNTQ', 'NP 0F E7', 'M Pq', storeMmxToMemory, PENTIUM3),
  ...form('MASKMOVQ', 'NP 0F F7', 'Pq Nq', maskedStoreMmx, PENTIUM3),
  ...form('MOVQ2DQ', 'F3 0F D6', 'Vdq Nq', mmxToXmm, PENTIUM4),
  ...form('MOVDQ2Q', 'F2 0F D6', 'Pq Udq', xmmToMmx, PENTIUM4),
];

const sseMoves = (): readonly Form[] => [
  ...form('MOVUPS', 'NP 0F 10', 'Vdq Wdq', loadAll(1), PENTIUM3),
  ...form('MOVUPS', 'NP 0F 11', 'Wdq Vdq', storeAll(1), PENTIUM3),
  ...form('MOVAPS', 'NP 0F 28', 'Vdq Wdq', loadAll(16), PENTIUM3),
  ...form('MOVAPS', 'NP 0F 29', 'Wdq Vdq', storeAll(16), PENTIUM3),
  ...form('MOVSS', 'F3 0F 10', 'Vdq Wd', loadScalar32, PENTIUM3),
  ...form('MOVSS', 'F3 0F 11', 'Wd Vdq', storeScalar32, PENTIUM3),
  ...form('MOVHLPS', 'NP 0F 12', 'Vdq Udq', highToLow, PENTIUM3),
  ...form('MOVLPS', 'NP 0F 12', 'Vdq M', loadLow, PENTIUM3),
  ...form('MOVLPS', 'NP 0F 13', 'M Vdq', storeLow, PENTIUM3),
  ...form('MOVLHPS', 'NP 0F 16', 'Vdq Udq', lowToHigh, PENTIUM3),
  ...form('MOVHPS', 'NP 0F 16', 'Vdq M', loadHigh, PENTIUM3),
  ...form('MOVHPS', 'NP 0F 17', 'M Vdq', storeHigh, PENTIUM3),
  ...form('MOVNTPS', 'NP 0F 2B', 'M Vdq', storeAligned, PENTIUM3),
];

const sse2Moves = (): readonly Form[] => [
  ...form('MOVUPD', '66 0F 10', 'Vdq Wdq', loadAll(1), PENTIUM4),
  ...form('MOVUPD', '66 0F 11', 'Wdq Vdq', storeAll(1), PENTIUM4),
  ...form('MOVAPD', '66 0F 28', 'Vdq Wdq', loadAll(16), PENTIUM4),
  ...form('MOVAPD', '66 0F 29', 'Wdq Vdq', storeAll(16), PENTIUM4),
  ...form('MOVSD', 'F2 0F 10', 'Vdq Wq', loadScalar64, PENTIUM4),
  ...form('MOVSD', 'F2 0F 11', 'Wq Vdq', storeScalar64, PENTIUM4),
  ...form('MOVLPD', '66 0F 12', 'Vdq M', loadLow, PENTIUM4),
  ...form('MOVLPD', '66 0F 13', 'M Vdq', storeLow, PENTIUM4),
  ...form('MOVHPD', '66 0F 16', 'Vdq M', loadHigh, PENTIUM4),
  ...form('MOVHPD', '66 0F 17', 'M Vdq', storeHigh, PENTIUM4),
  ...form('MOVNTPD', '66 0F 2B', 'M Vdq', storeAligned, PENTIUM4),
  ...form('MOVD', '66 0F 6E', 'Vdq Ed', xmmFromDword, PENTIUM4),
  ...form('MOVD', '66 0F 7E', 'Ed Vdq', xmmToDword, PENTIUM4),
  ...form('MOVQ', 'F3 0F 7E', 'Vdq Wq', loadQuadword, PENTIUM4),
  ...form('MOVQ', '66 0F D6', 'Wq Vdq', storeQuadword, PENTIUM4),
  ...form('MOVDQA', '66 0F 6F', 'Vdq Wdq', loadAll(16), PENTIUM4),
  ...form('MOVDQA', '66 0F 7F', 'Wdq Vdq', storeAll(16), PENTIUM4),
  ...form('MOVDQU', 'F3 0F 6F', 'Vdq Wdq', loadAll(1), PENTIUM4),
  ...form('MOVDQU', 'F3 0F 7F', 'Wdq Vdq', storeAll(1), PENTIUM4),
  ...form('MOVNTDQ', '66 0F E7', 'M Vdq', storeAligned, PENTIUM4),
  ...form('MASKMOVDQU', '66 0F F7', 'Vdq Udq', maskedStoreXmm, PENTIUM4),
  ...form('MOVNTI', 'NP 0F C3', 'M Gd', storeInteger, PENTIUM4),
];

/** Moves between vector registers, general registers and memory (Intel SDM vol. 2A and 2B, MOV...). */
export const vectorMoveForms = (): readonly Form[] => [...mmxMoves(), ...sseMoves(), ...sse2Moves()];
