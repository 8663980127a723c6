import { type Code, Expr, Expr64, expr, memory, type Operand, storeCode } from './expression';

/** i64 instructions. Opcodes: WebAssembly core specification 2.0, section 5.4. */

function unary64(opcode: number) {
  return (a: Expr64): Expr64 => new Expr64([a.code, opcode]);
}

function binary64(opcode: number) {
  return (a: Expr64, b: Expr64): Expr64 => new Expr64([a.code, b.code, opcode]);
}

function compare64(opcode: number) {
  return (a: Expr64, b: Expr64): Expr => new Expr([a.code, b.code, opcode]);
}

/** i64.const as signed LEB128; the value is taken modulo 2^64. */
function constant64(value: bigint): Expr64 {
  const bytes = [0x42];
  for (let rest = BigInt.asIntN(64, value); ; ) {
    const byte = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && (byte & 0x40) === 0) || (rest === -1n && (byte & 0x40) !== 0)) {
      return new Expr64([...bytes, byte]);
    }
    bytes.push(byte | 0x80);
  }
}

export const i64 = {
  const: constant64,
  extendU: (a: Operand): Expr64 => new Expr64([expr(a).code, 0xad]),
  extendS: (a: Operand): Expr64 => new Expr64([expr(a).code, 0xac]),
  wrap: (a: Expr64): Expr => new Expr([a.code, 0xa7]),
  eqz: (a: Expr64): Expr => new Expr([a.code, 0x50]),
  eq: compare64(0x51),
  ne: compare64(0x52),
  ltS: compare64(0x53),
  ltU: compare64(0x54),
  gtS: compare64(0x55),
  gtU: compare64(0x56),
  leS: compare64(0x57),
  leU: compare64(0x58),
  geS: compare64(0x59),
  geU: compare64(0x5a),
  clz: unary64(0x79),
  ctz: unary64(0x7a),
  add: binary64(0x7c),
  sub: binary64(0x7d),
  mul: binary64(0x7e),
  /** Divisions trap on zero (and on the one overflow of divS): test first. */
  divS: binary64(0x7f),
  divU: binary64(0x80),
  remS: binary64(0x81),
  remU: binary64(0x82),
  and: binary64(0x83),
  or: binary64(0x84),
  xor: binary64(0x85),
  shl: binary64(0x86),
  shrS: binary64(0x87),
  shrU: binary64(0x88),
  /** `condition ? yes : no`; both sides are evaluated. */
  select: (condition: Operand, yes: Expr64, no: Expr64): Expr64 =>
    new Expr64([yes.code, no.code, expr(condition).code, 0x1b]),
  load: (address: Operand, offset = 0): Expr64 => new Expr64(memory(0x29, 0, address, offset)),
  store: (address: Operand, value: Expr64, offset = 0): Code => storeCode([0x37], address, value, offset),
};

/** An i64 joined from two i32. */
export function join64(high: Operand, low: Operand): Expr64 {
  return i64.or(i64.shl(i64.extendU(high), i64.const(32n)), i64.extendU(low));
}

/** The upper half of an i64. */
export function high32(value: Expr64): Expr {
  return i64.wrap(i64.shrU(value, i64.const(32n)));
}
