import { type Code, Expr, Expr64, ExprF32, ExprF64, expr, memory, type Operand, storeCode } from './expression';

/** f32 and f64 instructions; arithmetic rounds to nearest even. Opcodes: WebAssembly core specification 2.0, section 5.4. */

function unary<E extends ExprF32 | ExprF64>(type: new (code: Code) => E, opcode: number) {
  return (a: E): E => new type([a.code, opcode]);
}

function binary<E extends ExprF32 | ExprF64>(type: new (code: Code) => E, opcode: number) {
  return (a: E, b: E): E => new type([a.code, b.code, opcode]);
}

function compare<E extends ExprF32 | ExprF64>(opcode: number) {
  return (a: E, b: E): Expr => new Expr([a.code, b.code, opcode]);
}

/** What both formats have alike, given the first opcode of each group. */
function operations<E extends ExprF32 | ExprF64>(type: new (code: Code) => E, compares: number, arithmetic: number) {
  return {
    eq: compare<E>(compares),
    ne: compare<E>(compares + 1),
    lt: compare<E>(compares + 2),
    gt: compare<E>(compares + 3),
    le: compare<E>(compares + 4),
    ge: compare<E>(compares + 5),
    abs: unary(type, arithmetic),
    neg: unary(type, arithmetic + 1),
    ceil: unary(type, arithmetic + 2),
    floor: unary(type, arithmetic + 3),
    trunc: unary(type, arithmetic + 4),
    nearest: unary(type, arithmetic + 5),
    sqrt: unary(type, arithmetic + 6),
    add: binary(type, arithmetic + 7),
    sub: binary(type, arithmetic + 8),
    mul: binary(type, arithmetic + 9),
    div: binary(type, arithmetic + 10),
    select: (condition: Operand, yes: E, no: E): E => new type([yes.code, no.code, expr(condition).code, 0x1b]),
  };
}

export const f32 = {
  ...operations(ExprF32, 0x5b, 0x8b),
  demote: (a: ExprF64): ExprF32 => new ExprF32([a.code, 0xb6]),
  fromI32: (a: Operand): ExprF32 => new ExprF32([expr(a).code, 0xb2]),
  /** The value with the given bits. */
  fromBits: (a: Operand): ExprF32 => new ExprF32([expr(a).code, 0xbe]),
  bits: (a: ExprF32): Expr => new Expr([a.code, 0xbc]),
  load: (address: Operand, offset = 0): ExprF32 => new ExprF32(memory(0x2a, 0, address, offset)),
  store: (address: Operand, value: ExprF32, offset = 0): Code => storeCode([0x38], address, value, offset),
};

export const f64 = {
  ...operations(ExprF64, 0x61, 0x99),
  promote: (a: ExprF32): ExprF64 => new ExprF64([a.code, 0xbb]),
  fromI32: (a: Operand): ExprF64 => new ExprF64([expr(a).code, 0xb7]),
  fromI64: (a: Expr64): ExprF64 => new ExprF64([a.code, 0xb9]),
  /** Of an unsigned i64. */
  fromU64: (a: Expr64): ExprF64 => new ExprF64([a.code, 0xba]),
  /** Unsigned i64 rounded to zero; traps if it does not fit. */
  truncateToU64: (a: ExprF64): Expr64 => new Expr64([a.code, 0xb1]),
  /** The value with the given bits. */
  fromBits: (a: Expr64): ExprF64 => new ExprF64([a.code, 0xbf]),
  bits: (a: ExprF64): Expr64 => new Expr64([a.code, 0xbd]),
  load: (address: Operand, offset = 0): ExprF64 => new ExprF64(memory(0x2b, 0, address, offset)),
  store: (address: Operand, value: ExprF64, offset = 0): Code => storeCode([0x39], address, value, offset),
};
