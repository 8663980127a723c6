import type { Form, OperandSpec } from '../../../src/machine/isa/form';
import { hasModRm } from '../../../src/machine/isa/form';
import { allowsMod } from '../../../src/machine/isa/table';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import type { CaseBuilder } from './builder';
import { interesting } from './random';

/** How an instruction is to be encoded. */
export interface Encoding {
  readonly operandSize: 16 | 32;
  readonly addressSize: 16 | 32;
  /** Override prefix, or undefined. */
  readonly segment?: SegmentIndex;
  /** Registers are still as the case sets them, so operands may be aimed by them. */
  readonly first: boolean;
}

/** What was encoded, for those who prepare operands. */
export interface Encoded {
  /** Opcode, ModR/M, address and immediates. */
  readonly bytes: number[];
  /** Where the memory operand is. */
  readonly memory?: { readonly segment: SegmentIndex; readonly linear: number };
  /** Register by ModR/M.rm. */
  readonly rm?: number;
  /** ModR/M.reg. */
  readonly reg: number;
  readonly immediates: readonly number[];
}

const le = (value: number, bytes: number) => Array.from({ length: bytes }, (_, i) => (value >>> (8 * i)) & 0xff);

/** Base and index registers of the 16-bit forms by ModR/M.rm (Intel SDM vol. 2A, table 2-1). */
const PAIRS_16: readonly (readonly Register[])[] = [
  [Register.EBX, Register.ESI],
  [Register.EBX, Register.EDI],
  [Register.EBP, Register.ESI],
  [Register.EBP, Register.EDI],
  [Register.ESI],
  [Register.EDI],
  [Register.EBP],
  [Register.EBX],
];

const signed8 = (value: number) => (value << 24) >> 24;

interface Address {
  readonly modRm: number;
  readonly bytes: readonly number[];
  readonly segment: SegmentIndex;
  readonly offset: number;
}

function address16(b: CaseBuilder, encoding: Encoding): Address {
  const { random, registers } = b;
  const rm = random.below(8);
  const mod = encoding.first ? random.below(3) : rm === 6 ? 0 : random.below(3);
  const absolute = mod === 0 && rm === 6;
  const stack = (rm === 2 || rm === 3 || rm === 6) && !absolute;
  const segment = encoding.segment ?? (stack ? SegmentIndex.SS : SegmentIndex.DS);
  const offset = b.offset(segment, 16) & 0xffff;
  if (absolute) return { modRm: rm, bytes: le(offset, 2), segment, offset };
  const parts = PAIRS_16[rm];
  const sum = () => parts.reduce((total, register) => total + registers[register], 0);
  if (mod === 2) return { modRm: (mod << 6) | rm, bytes: le(offset - sum(), 2), segment, offset };
  const displacement = mod === 1 ? random.below(256) : 0;
  const free = encoding.first ? parts.find((register) => !b.isPinned(register)) : undefined;
  if (free !== undefined) {
    b.pin16(free, offset - (sum() - registers[free]) - signed8(displacement));
    for (const register of parts) b.pin(register, registers[register]);
  }
  const real = (sum() + signed8(displacement)) & 0xffff;
  return { modRm: (mod << 6) | rm, bytes: mod === 1 ? [displacement] : [], segment, offset: real };
}

function address32(b: CaseBuilder, encoding: Encoding): Address {
  const { random, registers } = b;
  const direct = !encoding.first && random.chance(0.7);
  const mod = direct ? 0 : random.below(3);
  const rm = direct ? 5 : random.below(8);
  const sib = random.below(256);
  const withSib = rm === 4;
  const base = withSib ? sib & 7 : rm;
  const noBase = mod === 0 && base === 5;
  const index = withSib && ((sib >> 3) & 7) !== 4 ? (sib >> 3) & 7 : undefined;
  const stack = !noBase && (base & 6) === 4;
  const segment = encoding.segment ?? (stack ? SegmentIndex.SS : SegmentIndex.DS);
  const offset = b.offset(segment, 32);
  const modRm = (mod << 6) | rm;
  const head = withSib ? [sib] : [];
  const scaled = () => (index === undefined ? 0 : registers[index] << (sib >> 6));
  const sum = () => (noBase ? 0 : registers[base]) + scaled();
  if (noBase || mod === 2) {
    if (!noBase) b.pin(base, registers[base]);
    if (index !== undefined) b.pin(index, registers[index]);
    return { modRm, bytes: [...head, ...le(offset - sum(), 4)], segment, offset };
  }
  const displacement = mod === 1 ? random.below(256) : 0;
  if (index !== undefined && index !== base) b.pin(index, registers[index]);
  if (encoding.first && !b.isPinned(base) && index !== base) {
    b.pin(base, offset - scaled() - signed8(displacement));
  }
  const real = (sum() + signed8(displacement)) >>> 0;
  return { modRm, bytes: [...head, ...(mod === 1 ? [displacement] : [])], segment, offset: real };
}

/** Bytes of an immediate operand; undefined for operands that are not in the instruction. */
function immediate(b: CaseBuilder, spec: OperandSpec, encoding: Encoding): number[] | undefined {
  const { random } = b;
  const size = encoding.operandSize / 8;
  switch (spec) {
    case 'Ib':
    case 'Ibs':
      return le(interesting(random), 1);
    case 'Iw':
      return le(random.chance(0.7) ? random.below(64) : interesting(random), 2);
    case 'Iv':
      return le(interesting(random), size);
    case 'Jb':
      return [0];
    case 'Jv':
      return le(0, size);
    case 'Ap':
      return [...le(0, size), ...le(0, 2)];
    case 'Ob':
    case 'Ov': {
      const segment = encoding.segment ?? SegmentIndex.DS;
      return le(b.offset(segment, encoding.addressSize), encoding.addressSize / 8);
    }
    default:
      return undefined;
  }
}

/** Encodes a form from its opcode on, operands chosen at random. */
export function encode(b: CaseBuilder, form: Form, encoding: Encoding): Encoded {
  const { random } = b;
  const bytes = form.map === 1 ? [0x0f, form.opcode] : [form.opcode];
  let memory: Encoded['memory'];
  let rm: number | undefined;
  let reg = form.reg ?? random.below(8);
  if (hasModRm(form)) {
    const special = form.operands.some((spec) => /^[CDR]d$/.test(spec));
    if (form.operands.includes('Sw')) reg = random.chance(0.95) ? random.below(6) : random.below(8);
    // A control register that does not exist is #UD or #GP, as the processor likes.
    if (form.operands.includes('Cd')) reg = random.pick([0, 2, 3, 4]);
    const canMemory = allowsMod(form, 'memory') && !special;
    const canRegister = allowsMod(form, 'register');
    if (canMemory && (!canRegister || random.chance(0.55))) {
      const address = encoding.addressSize === 16 ? address16(b, encoding) : address32(b, encoding);
      bytes.push(address.modRm | (reg << 3), ...address.bytes);
      memory = { segment: address.segment, linear: b.linear(address.segment, address.offset) };
    } else {
      rm = form.rm ?? random.below(8);
      bytes.push(0xc0 | (reg << 3) | rm);
    }
  }
  const immediates: number[] = [];
  for (const spec of form.operands) {
    const part = immediate(b, spec, encoding);
    if (!part) continue;
    immediates.push(bytes.length);
    bytes.push(...part);
  }
  return { bytes, memory, rm, reg, immediates };
}
