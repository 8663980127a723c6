import { Register, SegmentIndex } from '../../layout';
import { ADDRESS_16 } from '../addressing';
import type { Size } from '../size';
import type { Instruction } from './decode';

/** Bytes of an instruction after ModR/M, read one after the other. */
export class Rest {
  private at = 0;

  constructor(private readonly bytes: readonly number[]) {}

  next(size: Size, signed = false): number {
    let value = 0;
    for (let i = 0; i < size / 8; i++) value |= this.bytes[this.at++] << (8 * i);
    return signed && size < 32 ? (value << (32 - size)) >> (32 - size) : value;
  }
}

/** Registers and a constant that an address is the sum of. */
export interface AddressParts {
  readonly registers: readonly { readonly index: Register; readonly shift: number }[];
  readonly displacement: number;
}

/** The register of stack accesses. */
export const STACK_TOP: AddressParts['registers'] = [{ index: Register.ESP, shift: 0 }];

/** The same text for addresses that are made of the same registers. */
export function registersKey(registers: AddressParts['registers']): string {
  return registers.map(({ index, shift }) => `${index}*${shift}`).join('+');
}

/** The address of a memory operand, with the segment that goes with its registers. */
export interface Address extends AddressParts {
  readonly segment: SegmentIndex;
}

function decodeAddress16(modRm: number, rest: Rest): Address {
  const mod = modRm >> 6;
  const rm = modRm & 7;
  const direct = mod === 0 && rm === 6;
  const [base, index, standard] = ADDRESS_16[rm];
  const indices = direct ? [] : index === undefined ? [base] : [base, index];
  const registers = indices.map((register) => ({ index: register, shift: 0 }));
  const displacement = direct || mod === 2 ? rest.next(16) : mod === 1 ? rest.next(8, true) : 0;
  return { registers, displacement, segment: direct ? SegmentIndex.DS : standard };
}

/** Base registers whose default segment is SS. */
const STACK_BASES: ReadonlySet<number> = new Set([Register.ESP, Register.EBP]);

function decodeAddress32(modRm: number, rest: Rest, scalesBase: boolean): Address {
  const mod = modRm >> 6;
  const rm = modRm & 7;
  const sib = rm === 4 ? rest.next(8) : undefined;
  const base = sib === undefined ? rm : sib & 7;
  const direct = mod === 0 && base === 5;
  const index = sib === undefined ? 4 : (sib >> 3) & 7;
  const baseShift = sib !== undefined && index === 4 && scalesBase ? sib >> 6 : 0;
  const registers = direct ? [] : [{ index: base as Register, shift: baseShift }];
  if (sib !== undefined && index !== 4) registers.push({ index, shift: sib >> 6 });
  const displacement = direct || mod === 2 ? rest.next(32) : mod === 1 ? rest.next(8, true) : 0;
  const onStack = !direct && STACK_BASES.has(base);
  return { registers, displacement, segment: onStack ? SegmentIndex.SS : SegmentIndex.DS };
}

/** The address that ModR/M and the bytes after it name; those are taken off `rest`. */
export function decodeAddress(instruction: Instruction, modRm: number, rest: Rest, scalesBase: boolean): Address {
  return instruction.addressSize === 32 ? decodeAddress32(modRm, rest, scalesBase) : decodeAddress16(modRm, rest);
}
