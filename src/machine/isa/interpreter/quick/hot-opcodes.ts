/** Which operands of an opcode are meant. */
export type Sides = 'both' | 'register';

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
const both = (opcode: number): [number, Sides] => [opcode, 'both'];
const register = (opcode: number): [number, Sides] => [opcode, 'register'];

/**
 * Opcodes that compiled programs consist of for the most part; those of the second map from 0x100 on. More of them would make
 * the loop slower to compile for the host, and hardly faster.
 */
export const HOT_OPCODES: ReadonlyMap<number, Sides> = new Map<number, Sides>([
  // Arithmetic of dwords, comparisons of bytes too.
  ...[0x01, 0x03, 0x09, 0x0b, 0x21, 0x23, 0x29, 0x2b, 0x31, 0x33, 0x38, 0x39, 0x3a, 0x3b].map(both),
  // The accumulator and an immediate.
  ...[0x04, 0x05, 0x0c, 0x0d, 0x24, 0x25, 0x2c, 0x2d, 0x34, 0x35, 0x3c, 0x3d].map(both),
  // Groups with an immediate or one operand, shifts, TEST.
  ...[0x83, 0x84, 0x85, 0xa8, 0xa9].map(both),
  ...[0x80, 0x81, 0xf6, 0xf7, 0xc1, 0xd1, 0xd3].map(register),
  // INC, DEC, PUSH, POP.
  ...[...range(0x40, 0x5f), 0x68, 0x6a].map(both),
  // MOV, LEA, NOP, MOVZX, MOVSX, IMUL.
  ...[0x88, 0x89, 0x8a, 0x8b, 0x8d, 0x90, 0xc6, 0xc7, ...range(0xb8, 0xbf), 0x1b6, 0x1b7, 0x1be].map(both),
  register(0x1af),
  // Jcc, CALL, JMP, RET, LEAVE.
  ...[...range(0x70, 0x7f), ...range(0x180, 0x18f), 0xc2, 0xc3, 0xc9, 0xe8, 0xe9, 0xeb].map(both),
]);
