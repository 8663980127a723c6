/** Bytes of a dword. */
export const dword = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);

/** Bytes of a word. */
export const word = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff];

/** An instruction of the x87 with its operand at an absolute 32-bit address. */
export const at = (opcode: number, digit: number, address: number): number[] => [
  opcode,
  (digit << 3) | 5,
  ...dword(address),
];

/** The same with 16-bit addresses. */
export const at16 = (opcode: number, digit: number, offset: number): number[] => [
  opcode,
  (digit << 3) | 6,
  ...word(offset),
];

export const FNINIT = [0xdb, 0xe3];
export const FLD1 = [0xd9, 0xe8];
export const FLDZ = [0xd9, 0xee];
export const FLDPI = [0xd9, 0xeb];
export const FDIVP = [0xde, 0xf9];
export const FADDP = [0xde, 0xc1];
export const FNCLEX = [0xdb, 0xe2];
export const FNSTSW_AX = [0xdf, 0xe0];
export const WAIT = [0x9b];

export const fldcw = (address: number): number[] => at(0xd9, 5, address);
export const fnstcw = (address: number): number[] => at(0xd9, 7, address);
export const fnstsw = (address: number): number[] => at(0xdd, 7, address);
export const fnstenv = (address: number): number[] => at(0xd9, 6, address);
export const fldenv = (address: number): number[] => at(0xd9, 4, address);
export const fnsave = (address: number): number[] => at(0xdd, 6, address);
export const frstor = (address: number): number[] => at(0xdd, 4, address);
/** FSTP m64. */
export const fstp64 = (address: number): number[] => at(0xdd, 3, address);
export const fld64 = (address: number): number[] => at(0xdd, 0, address);

/** Control words: all masked, and with one exception not masked. */
export const ALL_MASKED = 0x037f;
export const ZERO_DIVIDE_UNMASKED = 0x037b;
export const INVALID_UNMASKED = 0x037e;
