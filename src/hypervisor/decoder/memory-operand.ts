import type { CpuState } from '../../machine/cpu/state';
import { Register, SegmentIndex } from '../../machine/layout';

/** A memory operand as ModRM and SIB have it. */
export interface MemoryOperand {
  readonly segment: SegmentIndex;
  /** Registers that are added, -1 for none, and by how much the index is shifted. */
  readonly base: number;
  readonly index: number;
  readonly shift: number;
  /** Signed. */
  readonly displacement: number;
  readonly addressSize: 2 | 4;
}

/** Base and index of the 16-bit forms by r/m (Intel SDM vol. 2A, table 2-1). */
const FORMS_16: readonly (readonly [base: number, index: number])[] = [
  [Register.EBX, Register.ESI],
  [Register.EBX, Register.EDI],
  [Register.EBP, Register.ESI],
  [Register.EBP, Register.EDI],
  [Register.ESI, -1],
  [Register.EDI, -1],
  [Register.EBP, -1],
  [Register.EBX, -1],
];

/** Reads a signed displacement of so many bytes from the instruction. */
function displacementAt(fetch: (index: number) => number, at: number, bytes: number): number {
  let value = 0;
  for (let i = 0; i < bytes; i++) value |= fetch(at + i) << (8 * i);
  return bytes === 4 || bytes === 0 ? value : (value << (32 - 8 * bytes)) >> (32 - 8 * bytes);
}

/** Bases that address the stack. */
const STACK_BASES: readonly number[] = [Register.EBP, Register.ESP];

function defaultSegment(base: number): SegmentIndex {
  return STACK_BASES.includes(base) ? SegmentIndex.SS : SegmentIndex.DS;
}

/** A memory operand and where it ends. */
interface DecodedOperand {
  readonly operand: MemoryOperand;
  /** Index of the first byte behind it. */
  readonly end: number;
}

/**
 * Decodes a memory operand (mod is not 3).
 * @param fetch byte number `index` of the instruction; may throw `Fault`
 * @param at index of the ModRM byte
 * @param override segment that a prefix selects
 */
export function decodeMemoryOperand(
  fetch: (index: number) => number,
  at: number,
  addressSize: 2 | 4,
  override: SegmentIndex | undefined,
): DecodedOperand {
  const modrm = fetch(at);
  const mod = modrm >> 6;
  const rm = modrm & 7;
  let next = at + 1;
  let base: number;
  let index = -1;
  let shift = 0;
  let bytes = mod === 1 ? 1 : mod === 2 ? addressSize : 0;
  if (addressSize === 2) {
    [base, index] = FORMS_16[rm];
    if (mod === 0 && rm === 6) [base, bytes] = [-1, 2];
  } else {
    base = rm;
    if (rm === 4) {
      const sib = fetch(next++);
      base = sib & 7;
      shift = sib >> 6;
      index = ((sib >> 3) & 7) === 4 ? -1 : (sib >> 3) & 7;
    }
    if (mod === 0 && base === 5) [base, bytes] = [-1, 4];
  }
  const displacement = displacementAt(fetch, next, bytes);
  const segment = override ?? defaultSegment(base);
  return { operand: { segment, base, index, shift, displacement, addressSize }, end: next + bytes };
}

/** Offset in its segment, with the registers as they are. */
export function effectiveOffset(state: CpuState, operand: MemoryOperand): number {
  const { base, index, shift, displacement, addressSize } = operand;
  const part = (register: number): number => (register < 0 ? 0 : state.reg(register));
  const sum = part(base) + part(index) * 2 ** shift + displacement;
  return addressSize === 4 ? sum >>> 0 : sum & 0xffff;
}
