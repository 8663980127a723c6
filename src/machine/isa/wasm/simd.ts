import { type Code, ExprV128, memory, type Operand, storeCode, unsignedLeb } from './expression';

/** v128 instructions: the FD prefix, then a number. Opcodes: WebAssembly core specification 2.0, section 5.4.8. */

const SIMD = 0xfd;

/** A v128 instruction of two operands by its number. */
export function simdBinary(number: number) {
  const opcode = [SIMD, ...unsignedLeb(number)];
  return (a: ExprV128, b: ExprV128): ExprV128 => new ExprV128([a.code, b.code, opcode]);
}

/** A v128 instruction of one operand by its number. */
export function simdUnary(number: number) {
  const opcode = [SIMD, ...unsignedLeb(number)];
  return (a: ExprV128): ExprV128 => new ExprV128([a.code, opcode]);
}

export const v128 = {
  load: (address: Operand, offset = 0): ExprV128 => new ExprV128(memory([SIMD, 0], 0, address, offset)),
  store: (address: Operand, value: ExprV128, offset = 0): Code => storeCode([SIMD, 11], address, value, offset),
};
