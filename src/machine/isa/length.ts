import type { CpuModel, MandatoryPrefix, OperandSpec } from './form';
import { ESCAPE_OPCODE, type OpcodeEntry, opcodeMap, PREFIX_OPCODES, selectForm } from './table';

/** Longest instruction that the processor accepts (Intel SDM vol. 2A, section 2.3.11). */
export const MAX_INSTRUCTION_LENGTH = 15;

/** Shape of an instruction, as far as its bytes tell without executing it. */
export interface InstructionShape {
  /** Bytes in all; more than 15 if prefixes pile up. */
  length: number;
  /** LOCK is there and the form does not allow it: #UD. */
  badLock: boolean;
}

/** Bytes of the immediate parts of an operand. */
export function immediateBytes(spec: OperandSpec, operandSize: 16 | 32, addressSize: 16 | 32): number {
  switch (spec) {
    case 'Ib':
    case 'Ibs':
    case 'Jb':
      return 1;
    case 'Iw':
      return 2;
    case 'Iv':
    case 'Jv':
      return operandSize / 8;
    case 'Ap':
      return operandSize / 8 + 2;
    case 'Ob':
    case 'Ov':
      return addressSize / 8;
    default:
      return 0;
  }
}

/** Bytes after a ModR/M byte that belong to the address: SIB and displacement. */
export function addressBytes(modRm: number, addressSize: 16 | 32, sib: () => number): number {
  const mod = modRm >> 6;
  const rm = modRm & 7;
  if (mod === 3) return 0;
  if (addressSize === 16) return mod === 2 || (mod === 0 && rm === 6) ? 2 : mod;
  const displacement = mod === 1 ? 1 : mod === 2 ? 4 : 0;
  if (rm !== 4) return mod === 0 && rm === 5 ? 4 : displacement;
  return 1 + (mod === 0 && (sib() & 7) === 5 ? 4 : displacement);
}

/** Finds out how long instructions are, from the instruction table of a processor. */
export class LengthDecoder {
  private opcodes: ReadonlyMap<number, OpcodeEntry> | undefined;

  constructor(private readonly model: CpuModel) {}

  /**
   * @param byteAt byte number i of the instruction; asked only for bytes that belong to it, in rising order
   * @param code32 CS.D
   */
  decode(byteAt: (index: number) => number, code32: boolean): InstructionShape {
    let at = 0;
    let operand32 = code32;
    let address32 = code32;
    let lock = false;
    let sizePrefix = false;
    let repeat: MandatoryPrefix = 'NP';
    let opcode = byteAt(at++);
    while (PREFIX_OPCODES.has(opcode)) {
      // The legacy size prefixes toggle against the default however often they are repeated.
      if (opcode === 0x66) {
        operand32 = !code32;
        sizePrefix = true;
      }
      if (opcode === 0x67) address32 = !code32;
      if (opcode === 0xf0) lock = true;
      if (opcode === 0xf2) repeat = 'F2';
      if (opcode === 0xf3) repeat = 'F3';
      if (at >= MAX_INSTRUCTION_LENGTH) return { length: at + 1, badLock: false };
      opcode = byteAt(at++);
    }
    let key = opcode;
    if (opcode === ESCAPE_OPCODE) key = 0x100 + byteAt(at++);
    this.opcodes ??= opcodeMap(this.model);
    const entry = this.opcodes.get(key);
    if (!entry) return { length: at, badLock: lock };
    const operandSize = operand32 ? 32 : 16;
    const addressSize = address32 ? 32 : 16;
    const modRm = entry.modRm ? byteAt(at++) : 0;
    const prefix = repeat === 'NP' && sizePrefix ? '66' : repeat;
    const form = selectForm(entry, modRm, prefix);
    if (!form) return { length: at, badLock: lock };
    // MOV to and from control and debug registers names a register whatever ModR/M.mod says.
    if (entry.modRm && !form.operands.includes('Rd')) at += addressBytes(modRm, addressSize, () => byteAt(at));
    for (const spec of form.operands) at += immediateBytes(spec, operandSize, addressSize);
    const badLock = lock && !(form.lockable && modRm < 0xc0 && entry.modRm);
    return { length: at, badLock };
  }
}
