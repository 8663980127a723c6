import type { CpuModel, Form, MandatoryPrefix } from '../form';
import { addressBytes, immediateBytes, MAX_INSTRUCTION_LENGTH } from '../length';
import { ESCAPE_OPCODE, type OpcodeEntry, opcodeMap, PREFIX_OPCODES, SEGMENT_PREFIXES, selectForm } from '../table';
import type { SegmentIndex } from '../../layout';

/** One instruction as its bytes say. Places are bytes from the start of the region's first page. */
export interface Instruction {
  readonly at: number;
  readonly length: number;
  readonly form: Form;
  readonly opcode: number;
  readonly operandSize: 16 | 32;
  readonly addressSize: 16 | 32;
  readonly segment: SegmentIndex | undefined;
  readonly repeat: 'F2' | 'F3' | undefined;
  readonly lock: boolean;
  /** ModR/M byte; undefined where there is none. */
  readonly modRm: number | undefined;
  /** The bytes after ModR/M: SIB, displacement, immediates. */
  readonly rest: readonly number[];
}

/** Decodes instructions of one processor model for the compiler. */
export class Decoder {
  private readonly opcodes: ReadonlyMap<number, OpcodeEntry>;

  constructor(model: CpuModel) {
    this.opcodes = opcodeMap(model);
  }

  /**
   * The instruction at a place, or undefined where there is none that the compiler should look at: bytes out of
   * reach, an undefined encoding, an odd pile of prefixes.
   * @param byteAt the byte at a place, or undefined if it cannot be had
   */
  decode(at: number, code32: boolean, byteAt: (place: number) => number | undefined): Instruction | undefined {
    const bytes: number[] = [];
    for (let i = 0; i < MAX_INSTRUCTION_LENGTH; i++) {
      const byte = byteAt(at + i);
      if (byte === undefined) break;
      bytes.push(byte);
    }
    let next = 0;
    let segment: SegmentIndex | undefined;
    let repeat: 'F2' | 'F3' | undefined;
    let [flipOperand, flipAddress, lock] = [false, false, false];
    for (; PREFIX_OPCODES.has(bytes[next]); next++) {
      const prefix = bytes[next];
      segment = SEGMENT_PREFIXES.get(prefix) ?? segment;
      if (prefix === 0x66) flipOperand = true;
      else if (prefix === 0x67) flipAddress = true;
      else if (prefix === 0xf0) lock = true;
      else if (prefix === 0xf2) repeat = 'F2';
      else if (prefix === 0xf3) repeat = 'F3';
    }
    let key = bytes[next++];
    if (key === ESCAPE_OPCODE) key = 0x100 + bytes[next++];
    const entry = this.opcodes.get(key);
    if (!entry) return undefined;
    const modRm = entry.modRm ? bytes[next++] : undefined;
    const mandatory: MandatoryPrefix = repeat ?? (flipOperand ? '66' : 'NP');
    const form = selectForm(entry, modRm ?? 0, mandatory);
    if (!form || (lock && !(form.lockable && modRm !== undefined && modRm < 0xc0))) return undefined;
    const operandSize = code32 !== flipOperand ? 32 : 16;
    const addressSize = code32 !== flipAddress ? 32 : 16;
    const start = next;
    if (modRm !== undefined && !form.operands.includes('Rd')) {
      next += addressBytes(modRm, addressSize, () => bytes[start]);
    }
    for (const spec of form.operands) next += immediateBytes(spec, operandSize, addressSize);
    if (!(next <= bytes.length)) return undefined;
    const rest = bytes.slice(start, next);
    const opcode = key & 0xff;
    return { at, length: next, form, opcode, operandSize, addressSize, segment, repeat, lock, modRm, rest };
  }
}
