import { type Code, Expr, Expr64, ExprV128, expr, memory, type Operand, storeCode, unsignedLeb } from './expression';

/** v128 instructions: the FD prefix, then a number. Opcodes: WebAssembly core specification 2.0, section 5.4.8. */

const SIMD = 0xfd;

const simdCode = (number: number): Code => [SIMD, ...unsignedLeb(number)];

/** A v128 instruction of two operands by its number. */
export function simdBinary(number: number) {
  const opcode = simdCode(number);
  return (a: ExprV128, b: ExprV128): ExprV128 => new ExprV128([a.code, b.code, opcode]);
}

/** A v128 instruction of one operand by its number. */
export function simdUnary(number: number) {
  const opcode = simdCode(number);
  return (a: ExprV128): ExprV128 => new ExprV128([a.code, opcode]);
}

/** Shifts every lane; the count is taken modulo the width of a lane. */
function shift(number: number) {
  const opcode = simdCode(number);
  return (a: ExprV128, count: Operand): ExprV128 => new ExprV128([a.code, expr(count).code, opcode]);
}

/** A number made of all lanes. */
function reduce(number: number) {
  const opcode = simdCode(number);
  return (a: ExprV128): Expr => new Expr([a.code, opcode]);
}

/** The four sums, differences and comparisons that all integer lanes have. */
function integerLanes(numbers: { eq: number; gtS: number; shl: number; add: number; sub: number }) {
  return {
    eq: simdBinary(numbers.eq),
    gtS: simdBinary(numbers.gtS),
    shl: shift(numbers.shl),
    shrS: shift(numbers.shl + 1),
    shrU: shift(numbers.shl + 2),
    add: simdBinary(numbers.add),
    sub: simdBinary(numbers.sub),
  };
}

export const i8x16 = {
  ...integerLanes({ eq: 0x23, gtS: 0x27, shl: 0x6b, add: 0x6e, sub: 0x71 }),
  splat: (a: Operand): ExprV128 => new ExprV128([expr(a).code, simdCode(0x0f)]),
  /** Sixteen times: byte `indices[i]` of `a`, or of `b` from 16 on. */
  shuffle: (a: ExprV128, b: ExprV128, indices: readonly number[]): ExprV128 => {
    if (indices.length !== 16) throw new Error('a shuffle names 16 bytes');
    return new ExprV128([a.code, b.code, simdCode(0x0d), indices]);
  },
  /** Bytes of `a` by the numbers in `b`; 0 for those beyond 15. */
  swizzle: simdBinary(0x0e),
  bitmask: reduce(0x64),
  narrowS: simdBinary(0x65),
  narrowU: simdBinary(0x66),
  addSatS: simdBinary(0x6f),
  addSatU: simdBinary(0x70),
  subSatS: simdBinary(0x72),
  subSatU: simdBinary(0x73),
  minU: simdBinary(0x77),
  maxU: simdBinary(0x79),
  averageU: simdBinary(0x7b),
};

export const i16x8 = {
  ...integerLanes({ eq: 0x2d, gtS: 0x31, shl: 0x8b, add: 0x8e, sub: 0x91 }),
  splat: (a: Operand): ExprV128 => new ExprV128([expr(a).code, simdCode(0x10)]),
  narrowS: simdBinary(0x85),
  addSatS: simdBinary(0x8f),
  addSatU: simdBinary(0x90),
  subSatS: simdBinary(0x92),
  subSatU: simdBinary(0x93),
  mul: simdBinary(0x95),
  minS: simdBinary(0x96),
  maxS: simdBinary(0x98),
  averageU: simdBinary(0x9b),
  /** Sums of neighbouring bytes. */
  addPairsU: simdUnary(0x7d),
};

export const i32x4 = {
  ...integerLanes({ eq: 0x37, gtS: 0x3b, shl: 0xab, add: 0xae, sub: 0xb1 }),
  splat: (a: Operand): ExprV128 => new ExprV128([expr(a).code, simdCode(0x11)]),
  extract: (a: ExprV128, lane: number): Expr => new Expr([a.code, simdCode(0x1b), lane]),
  replace: (a: ExprV128, lane: number, value: Operand): ExprV128 =>
    new ExprV128([a.code, expr(value).code, simdCode(0x1c), lane]),
  gtU: simdBinary(0x3c),
  geU: simdBinary(0x40),
  mul: simdBinary(0xb5),
  bitmask: reduce(0xa4),
  /** Sums of products of neighbouring signed words. */
  dot: simdBinary(0xba),
  mulLowS: simdBinary(0xbc),
  mulHighS: simdBinary(0xbd),
  mulLowU: simdBinary(0xbe),
  mulHighU: simdBinary(0xbf),
  /** Sums of neighbouring words. */
  addPairsU: simdUnary(0x7f),
};

export const i64x2 = {
  splat: (a: Expr64): ExprV128 => new ExprV128([a.code, simdCode(0x12)]),
  extract: (a: ExprV128, lane: number): Expr64 => new Expr64([a.code, simdCode(0x1d), lane]),
  replace: (a: ExprV128, lane: number, value: Expr64): ExprV128 =>
    new ExprV128([a.code, value.code, simdCode(0x1e), lane]),
  bitmask: reduce(0xc4),
  shl: shift(0xcb),
  shrU: shift(0xcd),
  add: simdBinary(0xce),
  sub: simdBinary(0xd1),
  mul: simdBinary(0xd5),
};

/** Arithmetic and comparisons of both floating-point formats, given the first number of each group. */
function floatLanes(compares: number, arithmetic: number) {
  return {
    eq: simdBinary(compares),
    ne: simdBinary(compares + 1),
    lt: simdBinary(compares + 2),
    gt: simdBinary(compares + 3),
    le: simdBinary(compares + 4),
    ge: simdBinary(compares + 5),
    abs: simdUnary(arithmetic),
    sqrt: simdUnary(arithmetic + 3),
    add: simdBinary(arithmetic + 4),
    sub: simdBinary(arithmetic + 5),
    mul: simdBinary(arithmetic + 6),
    div: simdBinary(arithmetic + 7),
  };
}

export const f32x4 = floatLanes(0x41, 0xe0);

export const f64x2 = {
  ...floatLanes(0x47, 0xec),
  /** The two lower signed dwords, exactly. */
  fromLowI32: simdUnary(0xfe),
};

export const v128 = {
  load: (address: Operand, offset = 0): ExprV128 => new ExprV128(memory([SIMD, 0], 0, address, offset)),
  /** 8 bytes, and zeroes above them. */
  load64Zero: (address: Operand, offset = 0): ExprV128 => new ExprV128(memory(simdCode(0x5d), 0, address, offset)),
  store: (address: Operand, value: ExprV128, offset = 0): Code => storeCode([SIMD, 11], address, value, offset),
  /** All 16 bytes the same, or as given. */
  const: (bytes: readonly number[]): ExprV128 => new ExprV128([simdCode(0x0c), bytes]),
  not: simdUnary(0x4d),
  and: simdBinary(0x4e),
  /** `a & ~b` */
  andNot: simdBinary(0x4f),
  or: simdBinary(0x50),
  xor: simdBinary(0x51),
  /** Bits of `a` where `mask` has ones, of `b` where it has zeroes. */
  choose: (a: ExprV128, b: ExprV128, mask: ExprV128): ExprV128 =>
    new ExprV128([a.code, b.code, mask.code, simdCode(0x52)]),
  anyTrue: reduce(0x53),
  /** `condition ? yes : no`; both sides are evaluated. */
  select: (condition: Operand, yes: ExprV128, no: ExprV128): ExprV128 =>
    new ExprV128([yes.code, no.code, expr(condition).code, 0x1b]),
};

/** Sixteen zero bytes. */
export const ZERO_V128 = v128.const(Array<number>(16).fill(0));
