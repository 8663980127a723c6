import * as layout from '../../../layout';
import type { Emitter } from '../../emitter';
import type { OperandAccess, VectorAccess } from '../../form';
import * as w from '../../wasm/expression';
import type { Expr, Expr64, ExprV128, Operand } from '../../wasm/expression';
import { i64 } from '../../wasm/i64';
import { i64x2, v128 } from '../../wasm/simd';

/** The two files of vector registers; both have `VECTOR_STRIDE` bytes from one register to the next. */
export type RegisterFile = 'mmx' | 'xmm';

const FILES = { mmx: layout.FPU_REGS, xmm: layout.XMM_REGS } as const;
const STRIDE_SHIFT = 4;

/** Host pointer of register 0 of the file, less the number times 16. */
const place = (index: Operand): Expr => w.shl(index, STRIDE_SHIFT);

/** A register's low dword, low quadword, all of it (of an MMX register 8 bytes, zero-extended). Each is read now. */
export const readLow32 = (e: Emitter, file: RegisterFile, index: Operand): Expr =>
  e.let(w.load32(place(index), FILES[file]));

export const readLow64 = (e: Emitter, file: RegisterFile, index: Operand): Expr64 =>
  e.f.hold(i64.load(place(index), FILES[file]));

export const readXmm = (e: Emitter, index: Operand): ExprV128 => e.f.hold(v128.load(place(index), FILES.xmm));

export const readMmx = (e: Emitter, index: Operand): ExprV128 => e.f.hold(v128.load64Zero(place(index), FILES.mmx));

/** Writes the low dword or quadword of an XMM register, or its upper quadword. */
export const writeLow32 = (e: Emitter, index: Operand, value: Operand): void =>
  e.f.emit(w.store32(place(index), value, FILES.xmm));

export const writeLow64 = (e: Emitter, index: Operand, value: Expr64): void =>
  e.f.emit(i64.store(place(index), value, FILES.xmm));

export const readHigh64 = (e: Emitter, index: Operand): Expr64 => e.f.hold(i64.load(place(index), FILES.xmm + 8));

export const writeHigh64 = (e: Emitter, index: Operand, value: Expr64): void =>
  e.f.emit(i64.store(place(index), value, FILES.xmm + 8));

export const writeXmm = (e: Emitter, index: Operand, value: ExprV128): void =>
  e.f.emit(v128.store(place(index), value, FILES.xmm));

/** Writes an MMX register: as an x87 register it then has all ones as sign and exponent (Intel SDM vol. 1, 9.5.2). */
export function writeMmx64(e: Emitter, index: Operand, value: Expr64): void {
  e.f.emit(i64.store(place(index), value, FILES.mmx));
  e.f.emit(w.store16(place(index), 0xffff, FILES.mmx + 8));
}

export const writeMmx = (e: Emitter, index: Operand, value: ExprV128): void =>
  writeMmx64(e, index, i64x2.extract(value, 0));

/** Number of the register that a P, V, N or U operand names. */
export const numberOf = (operand: OperandAccess): Expr => operand.read();

/** A dword of a register or memory operand. */
export function load32(e: Emitter, file: RegisterFile, source: VectorAccess): Expr {
  const { isRegister, index, segment, offset } = source.target;
  const value = e.f.local();
  e.if(
    isRegister,
    () => e.f.set(value, readLow32(e, file, index)),
    () => e.f.set(value, e.load(32, segment, offset)),
  );
  return e.f.get(value);
}

/** A quadword of a register or memory operand. */
export function load64(e: Emitter, file: RegisterFile, source: VectorAccess): Expr64 {
  const { isRegister, index, segment, offset } = source.target;
  const value = e.f.local('i64');
  e.if(
    isRegister,
    () => e.f.set(value, readLow64(e, file, index)),
    () => e.f.set(value, e.load64(segment, offset)),
  );
  return e.f.getAs('i64', value);
}

/** All of an XMM register or 16 bytes of memory. */
export function load128(e: Emitter, source: VectorAccess, alignment: 1 | 16 = 16): ExprV128 {
  const { isRegister, index, segment, offset } = source.target;
  const value = e.f.local('v128');
  e.if(
    isRegister,
    () => e.f.set(value, readXmm(e, index)),
    () => e.f.set(value, e.load128(segment, offset, alignment)),
  );
  return e.f.getAs('v128', value);
}

/** A quadword operand as a vector; its upper half has no meaning. */
export const loadMmx = (e: Emitter, source: VectorAccess): ExprV128 => e.f.hold(i64x2.splat(load64(e, 'mmx', source)));

/** Writes all of an XMM register or 16 bytes of memory. */
export function store128(e: Emitter, destination: VectorAccess, value: ExprV128, alignment: 1 | 16 = 16): void {
  const { isRegister, index, segment, offset } = destination.target;
  e.if(
    isRegister,
    () => writeXmm(e, index, value),
    () => e.store128(segment, offset, value, alignment),
  );
}
