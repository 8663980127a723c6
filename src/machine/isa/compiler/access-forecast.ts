import { Register, SegmentIndex } from '../../layout';
import { type AddressParts, decodeAddress, registersKey, Rest, STACK_TOP } from './addresses';
import type { Instruction } from './decode';

/** Bytes around a base that a block's accesses go to, as displacements; `end` is behind the last. */
export interface Range {
  readonly low: number;
  readonly end: number;
  /** Some of them are written. */
  readonly write: boolean;
}

/** Ranges longer than this would too often reach into a second page. */
const MAX_RANGE = 256;

/** A register that an instruction moves by a constant, and does nothing else to. */
export interface Step {
  readonly register: Register;
  readonly by: number;
}

const signed = (bytes: readonly number[]): number => {
  const value = bytes.reduce((sum, byte, i) => sum | (byte << (8 * i)), 0);
  const shift = 32 - 8 * bytes.length;
  return (value << shift) >> shift;
};

/** The constant by which ADD, SUB and LEA move a 32-bit register. */
function arithmeticStep({ form, modRm, rest, addressSize }: Instruction): Step | undefined {
  if (modRm === undefined) return undefined;
  const rm: Register = modRm & 7;
  const last = form.operands[1];
  if (form.mnemonic === 'LEA') {
    const register: Register = (modRm >> 3) & 7;
    const mod = modRm >> 6;
    if (addressSize !== 32 || rm !== register || rm === Register.ESP || mod === 0) return undefined;
    return { register, by: signed(rest) };
  }
  if (modRm < 0xc0 || (last !== 'Ibs' && last !== 'Iv')) return undefined;
  return { register: rm, by: form.mnemonic === 'ADD' ? signed(rest) : -signed(rest) };
}

/** By how much an instruction moves a register, where that is a constant. 32-bit operands and stack only. */
export function stepOf(instruction: Instruction): Step | undefined {
  const { form, operandSize, opcode, modRm } = instruction;
  if (operandSize !== 32) return undefined;
  switch (form.mnemonic) {
    case 'PUSH':
    case 'CALL':
      return { register: Register.ESP, by: -4 };
    case 'POP':
      return form.operands[0] === 'Zv' && (opcode & 7) !== (Register.ESP as number)
        ? { register: Register.ESP, by: 4 }
        : undefined;
    case 'INC':
    case 'DEC': {
      const by = form.mnemonic === 'INC' ? 1 : -1;
      if (form.operands[0] === 'Zv') return { register: opcode & 7, by };
      return form.operands[0] === 'Ev' && modRm !== undefined && modRm >= 0xc0
        ? { register: modRm & 7, by }
        : undefined;
    }
    case 'ADD':
    case 'SUB':
    case 'LEA':
      return arithmeticStep(instruction);
    default:
      return undefined;
  }
}

/** Instructions that write their operand in memory. A read that is taken for a write would never be allowed in a read-only page. */
const WRITERS = new Set([
  ...['MOV', 'ADD', 'OR', 'ADC', 'SBB', 'AND', 'SUB', 'XOR', 'INC', 'DEC', 'NOT', 'NEG'],
  ...['SHL', 'SHR', 'SAR', 'ROL', 'ROR', 'POP'],
]);

interface Access {
  readonly segment: SegmentIndex;
  readonly parts: AddressParts;
  readonly bytes: number;
  readonly write: boolean;
}

/** What an instruction does to the stack besides its operand. */
function stackAccess({ form }: Instruction): Access | undefined {
  const at = (displacement: number, write: boolean) => ({
    segment: SegmentIndex.SS,
    parts: { registers: STACK_TOP, displacement },
    bytes: 4,
    write,
  });
  if (form.mnemonic === 'PUSH' || form.mnemonic === 'CALL') return at(-4, true);
  return form.mnemonic === 'POP' || form.mnemonic === 'RET' ? at(0, false) : undefined;
}

/** Bytes of the operand in memory, as its size letter says. */
function operandBytes(spec: string, operandSize: number): number {
  if (spec.endsWith('b')) return 1;
  if (spec.endsWith('w')) return 2;
  return spec.endsWith('v') ? operandSize / 8 : 4;
}

function operandAccess(instruction: Instruction, scalesBase: boolean): Access | undefined {
  const { form, modRm, addressSize, operandSize } = instruction;
  if (modRm === undefined || modRm >= 0xc0 || addressSize !== 32 || form.mnemonic === 'LEA') return undefined;
  const spec = form.operands.find((operand) => /^[EMQW]/.test(operand));
  if (spec === undefined) return undefined;
  const { segment, ...parts } = decodeAddress(instruction, modRm, new Rest(instruction.rest), scalesBase);
  const write = WRITERS.has(form.mnemonic) && form.operands[0] === spec;
  return { segment: instruction.segment ?? segment, parts, bytes: operandBytes(spec, operandSize), write };
}

const baseOf = (segment: SegmentIndex, { registers }: AddressParts): string => `${segment} ${registersKey(registers)}`;

/**
 * Foretells where a block's accesses go, by the registers that their addresses are made of, so that the page of several is
 * looked up once. It need not be right: what it does not cover is looked up by itself.
 */
export class AccessForecast {
  /** By registers: ranges that do not overlap, in ascending order. */
  private readonly ranges = new Map<string, readonly Range[]>();

  constructor(instructions: readonly Instruction[], scalesBase: boolean) {
    const accesses = new Map<string, Range[]>();
    const offsets = Array<number>(8).fill(0);
    for (const instruction of instructions) {
      for (const access of [stackAccess(instruction), operandAccess(instruction, scalesBase)]) {
        if (access) add(accesses, access, offsets);
      }
      const step = stepOf(instruction);
      if (step) offsets[step.register] += step.by;
    }
    for (const [base, all] of accesses) this.ranges.set(base, merge(all));
  }

  /** The range that an access at `own` is part of. */
  around(segment: SegmentIndex, parts: AddressParts, own: Range): Range {
    const range = this.ranges.get(baseOf(segment, parts))?.find(({ low, end }) => low <= own.low && own.end <= end);
    return range ? union(range, own) : own;
  }
}

function add(
  accesses: Map<string, Range[]>,
  { segment, parts, bytes, write }: Access,
  offsets: readonly number[],
): void {
  const moved = parts.registers.reduce((sum, { index, shift }) => sum + (offsets[index] << shift), 0);
  const low = parts.displacement + moved;
  const base = baseOf(segment, parts);
  const known = accesses.get(base);
  const own = { low, end: low + bytes, write };
  if (known) known.push(own);
  else accesses.set(base, [own]);
}

/** Puts neighbours together as long as that does not make them too long. */
function merge(ranges: readonly Range[]): Range[] {
  const merged: Range[] = [];
  for (const range of [...ranges].sort((a, b) => a.low - b.low)) {
    const last = merged.at(-1);
    if (last && Math.max(last.end, range.end) - last.low <= MAX_RANGE) merged[merged.length - 1] = union(last, range);
    else merged.push(range);
  }
  return merged;
}

function union(a: Range, b: Range): Range {
  return { low: Math.min(a.low, b.low), end: Math.max(a.end, b.end), write: a.write || b.write };
}
