/**
 * Expressions of WebAssembly code: immutable byte sequences that leave one value on the stack. Constants are
 * folded, so that a definition staged with constant operands emits no dead arithmetic.
 * Opcodes: WebAssembly core specification 2.0, section 5.4.
 */

/** Code as a tree of pieces, so that building an expression copies nothing; flattened when it is emitted. */
export type Code = readonly (number | Code)[];

/** Types of values, and how the binary format writes them (core specification 2.0, section 5.3). */
export const VALUE_TYPES = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
export type ValueType = keyof typeof VALUE_TYPES;

/** An expression of type i32. `constant` is set (as a signed number) when its value is known. */
export class Expr {
  readonly type = 'i32';
  constructor(
    readonly code: Code,
    readonly constant?: number,
  ) {}
}

/** An expression of type i64. */
export class Expr64 {
  readonly type = 'i64';
  constructor(readonly code: Code) {}
}

/** An expression of type f32. */
export class ExprF32 {
  readonly type = 'f32';
  constructor(readonly code: Code) {}
}

/** An expression of type f64. */
export class ExprF64 {
  readonly type = 'f64';
  constructor(readonly code: Code) {}
}

/** An expression of type v128. */
export class ExprV128 {
  readonly type = 'v128';
  constructor(readonly code: Code) {}
}

interface ExprTypes {
  i32: Expr;
  i64: Expr64;
  f32: ExprF32;
  f64: ExprF64;
  v128: ExprV128;
}

/** The class of expressions of a value type. */
export type ExprOf<T extends ValueType> = ExprTypes[T];
export type AnyExpr = ExprTypes[ValueType];

const EXPR_CLASSES = { i32: Expr, i64: Expr64, f32: ExprF32, f64: ExprF64, v128: ExprV128 } as const;

/** Code that is known to leave a value of the given type. */
export function typed<T extends ValueType>(type: T, code: Code): ExprOf<T> {
  return new EXPR_CLASSES[type](code) as ExprOf<T>;
}

/** What may stand for an i32 operand. */
export type Operand = Expr | number;

/** Signed LEB128, as i32.const takes it. */
export function signedLeb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0)) {
      bytes.push(byte);
      return bytes;
    }
    bytes.push(byte | 0x80);
  }
}

const SMALL_LEBS: readonly (readonly number[])[] = Array.from({ length: 0x80 }, (_, value) => [value]);

/** Unsigned LEB128, as indices, sizes and memory offsets take it. */
export function unsignedLeb(value: number): readonly number[] {
  if (value >>> 0 < SMALL_LEBS.length) return SMALL_LEBS[value >>> 0];
  const bytes: number[] = [];
  let rest = value >>> 0;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return bytes;
}

const smallConstants = new Map<number, Expr>();

/** i32.const; the value is taken modulo 2^32. */
export function constant(value: number): Expr {
  const signed = value | 0;
  let found = smallConstants.get(signed);
  if (!found) {
    found = new Expr([0x41, ...signedLeb(signed)], signed);
    if (smallConstants.size < 4096) smallConstants.set(signed, found);
  }
  return found;
}

export function expr(operand: Operand): Expr;
export function expr<E extends AnyExpr>(operand: E | number): E | Expr;
export function expr(operand: AnyExpr | number): AnyExpr {
  return typeof operand === 'number' ? constant(operand) : operand;
}

/** Makes a two-operand i32 instruction with folding. `neutral` is a right operand that changes nothing. */
function binary(opcode: number, fold: (a: number, b: number) => number, neutral?: number) {
  return (left: Operand, right: Operand): Expr => {
    const a = expr(left);
    const b = expr(right);
    if (a.constant !== undefined && b.constant !== undefined) return constant(fold(a.constant, b.constant));
    if (neutral !== undefined && b.constant === neutral) return a;
    return new Expr([a.code, b.code, opcode]);
  };
}

function unary(opcode: number, fold: (a: number) => number) {
  return (operand: Operand): Expr => {
    const a = expr(operand);
    return a.constant !== undefined ? constant(fold(a.constant)) : new Expr([a.code, opcode]);
  };
}

export const eqz = unary(0x45, (a) => (a === 0 ? 1 : 0));
export const eq = binary(0x46, (a, b) => (a === b ? 1 : 0));
export const ne = binary(0x47, (a, b) => (a !== b ? 1 : 0));
export const ltS = binary(0x48, (a, b) => (a < b ? 1 : 0));
export const ltU = binary(0x49, (a, b) => (a >>> 0 < b >>> 0 ? 1 : 0));
export const gtS = binary(0x4a, (a, b) => (a > b ? 1 : 0));
export const gtU = binary(0x4b, (a, b) => (a >>> 0 > b >>> 0 ? 1 : 0));
export const leS = binary(0x4c, (a, b) => (a <= b ? 1 : 0));
export const leU = binary(0x4d, (a, b) => (a >>> 0 <= b >>> 0 ? 1 : 0));
export const geS = binary(0x4e, (a, b) => (a >= b ? 1 : 0));
export const geU = binary(0x4f, (a, b) => (a >>> 0 >= b >>> 0 ? 1 : 0));
export const clz = unary(0x67, (a) => Math.clz32(a));
export const ctz = unary(0x68, (a) => (a === 0 ? 32 : 31 - Math.clz32(a & -a)));
export const popcnt = unary(0x69, (a) => {
  let count = 0;
  for (let rest = a >>> 0; rest !== 0; rest &= rest - 1) count++;
  return count;
});
export const add = binary(0x6a, (a, b) => a + b, 0);
export const sub = binary(0x6b, (a, b) => a - b, 0);
export const mul = binary(0x6c, Math.imul, 1);
/** Traps on division by zero: test first. */
export const divU = binary(0x6e, (a, b) => Math.trunc((a >>> 0) / (b >>> 0)), 1);
export const remU = binary(0x70, (a, b) => (a >>> 0) % (b >>> 0));
export const and = binary(0x71, (a, b) => a & b, -1);
export const or = binary(0x72, (a, b) => a | b, 0);
export const xor = binary(0x73, (a, b) => a ^ b, 0);
export const shl = binary(0x74, (a, b) => a << b, 0);
export const shrS = binary(0x75, (a, b) => a >> b, 0);
export const shrU = binary(0x76, (a, b) => a >>> b, 0);
export const rotl = binary(0x77, (a, b) => (a << (b & 31)) | (a >>> ((32 - b) & 31)), 0);
export const rotr = binary(0x78, (a, b) => (a >>> (b & 31)) | (a << ((32 - b) & 31)), 0);
export const extend8 = unary(0xc0, (a) => (a << 24) >> 24);
export const extend16 = unary(0xc1, (a) => (a << 16) >> 16);

/** `condition ? yes : no`; both sides are evaluated. */
export function select(condition: Operand, yes: Operand, no: Operand): Expr {
  const test = expr(condition);
  if (test.constant !== undefined) return expr(test.constant !== 0 ? yes : no);
  return new Expr([expr(yes).code, expr(no).code, test.code, 0x1b]);
}

export function not(operand: Operand): Expr {
  return xor(operand, -1);
}

export function neg(operand: Operand): Expr {
  return sub(0, operand);
}

/** Turns a constant address into a static offset, else keeps it dynamic. */
export function memory(opcode: number | Code, align: number, address: Operand, offset: number): Code {
  const at = expr(address);
  if (at.constant !== undefined) {
    return [constant(0).code, opcode, align, unsignedLeb((at.constant >>> 0) + offset)];
  }
  return [at.code, opcode, align, unsignedLeb(offset)];
}

/** Loads from the machine's memory at a host pointer plus a static offset. */
export const load32 = (address: Operand, offset = 0): Expr => new Expr(memory(0x28, 0, address, offset));
export const load8 = (address: Operand, offset = 0): Expr => new Expr(memory(0x2d, 0, address, offset));
export const load16 = (address: Operand, offset = 0): Expr => new Expr(memory(0x2f, 0, address, offset));

/** A store instruction (a statement, no value); `opcode` is its bytes. */
export function storeCode(opcode: Code, address: Operand, value: AnyExpr, offset: number): Code {
  const at = expr(address);
  const base = at.constant !== undefined ? constant(0) : at;
  const fixed = offset + (at.constant !== undefined ? at.constant >>> 0 : 0);
  return [base.code, value.code, opcode, 0, unsignedLeb(fixed)];
}

function store(opcode: number) {
  return (address: Operand, value: Operand, offset = 0): Code => storeCode([opcode], address, expr(value), offset);
}

export const store32 = store(0x36);
export const store8 = store(0x3a);
export const store16 = store(0x3b);
