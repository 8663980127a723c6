import { SegmentIndex } from '../../machine/layout';
import type { PortDirection, PortWidth } from '../../machine/devices/device';
import {
  MAX_LENGTH,
  PREFIX_ADDRESS_SIZE,
  PREFIX_LOCK,
  PREFIX_OPERAND_SIZE,
  PREFIX_REP,
  PREFIX_REPNE,
  SEGMENT_OF_BYTE,
} from './prefixes';

/** A decoded IN, OUT, INS or OUTS. */
export interface IoInstruction {
  direction: PortDirection;
  width: PortWidth;
  /** INS or OUTS. */
  string: boolean;
  /** REP or REPNE before a string form; both repeat ECX times. */
  repeat: boolean;
  /** Port of the forms with an immediate byte; -1 where DX holds it. */
  immediate: number;
  /** Segment of the memory operand: always ES for INS, DS or an override for OUTS. */
  segment: SegmentIndex;
  /** Bytes of ECX, ESI and EDI that count. */
  addressSize: 2 | 4;
  /** Length in bytes, prefixes included. */
  length: number;
  /** The instruction's bytes. The array is reused: only the first `length` count. */
  bytes: Uint8Array;
}

/** Why bytes are no I/O instruction that can be emulated. */
export type DecodeFailure =
  /** Another opcode. */
  | 'not-io'
  /** A LOCK prefix, which makes any of these #UD. */
  | 'locked'
  /** More than 15 bytes: #GP(0). */
  | 'too-long';

/**
 * The hypervisor's own decoder for port I/O, 80386 and later: prefixes, then 6C-6F, E4-E7 or EC-EF. In each group
 * bit 0 of the opcode tells bytes from words or dwords and bit 1 IN from OUT. It is kept apart from the CPU's
 * instruction table on purpose: a software VMM sees nothing but guest memory, and this work is what a hypercall saves.
 */
export class IoDecoder {
  /** The instruction decoded last. Reused. */
  readonly instruction: IoInstruction = {
    direction: 'in',
    width: 1,
    string: false,
    repeat: false,
    immediate: -1,
    segment: SegmentIndex.DS,
    addressSize: 4,
    length: 0,
    bytes: new Uint8Array(MAX_LENGTH),
  };

  /**
   * Decodes one instruction into `instruction`.
   * @param fetch byte number `index` of the instruction; may throw `Fault`
   * @param code32 default operand and address size of the code segment (CS.D)
   * @param memory where the first bytes are at `start`, `present` of them: they need not be fetched
   * @returns undefined on success
   */
  decode(
    fetch: (index: number) => number,
    code32: boolean,
    memory: Uint8Array = NO_MEMORY,
    start = 0,
    present = 0,
  ): DecodeFailure | undefined {
    const { bytes } = this.instruction;
    let prefixes = 0;
    let segment = -1;
    for (let index = 0; index < MAX_LENGTH; index++) {
      const byte = index < present ? memory[start + index] : fetch(index);
      bytes[index] = byte;
      const kind = BYTE_KINDS[byte];
      if (kind >= IO_OPCODE) {
        if (kind === IMMEDIATE_OPCODE && index + 1 === MAX_LENGTH) return 'too-long';
        if (prefixes & LOCK) return 'locked';
        if (kind === IMMEDIATE_OPCODE) {
          bytes[index + 1] = index + 1 < present ? memory[start + index + 1] : fetch(index + 1);
        }
        this.describe(index, kind, prefixes, segment, code32);
        return undefined;
      }
      if (kind === OTHER) return 'not-io';
      if (kind === SEGMENT) segment = SEGMENT_OF_BYTE[byte];
      else prefixes |= kind;
    }
    return 'too-long';
  }

  /** Puts together what the bytes up to the opcode at `index` say. */
  private describe(index: number, kind: number, prefixes: number, segment: number, code32: boolean): void {
    const { instruction } = this;
    const opcode = instruction.bytes[index];
    const string = kind === STRING_OPCODE;
    const input = (opcode & 2) === 0;
    const operand32 = code32 !== ((prefixes & OPERAND_SIZE) !== 0);
    const address32 = code32 !== ((prefixes & ADDRESS_SIZE) !== 0);
    instruction.direction = input ? 'in' : 'out';
    instruction.width = (opcode & 1) === 0 ? 1 : operand32 ? 4 : 2;
    instruction.string = string;
    instruction.repeat = string && (prefixes & REPEAT) !== 0;
    instruction.segment = string && input ? SegmentIndex.ES : segment < 0 ? SegmentIndex.DS : segment;
    instruction.addressSize = address32 ? 4 : 2;
    instruction.immediate = kind === IMMEDIATE_OPCODE ? instruction.bytes[index + 1] : -1;
    instruction.length = kind === IMMEDIATE_OPCODE ? index + 2 : index + 1;
  }
}

const NO_MEMORY = new Uint8Array();

/** What a byte is: bits for prefixes, numbers from `IO_OPCODE` on for opcodes. */
const OTHER = 0;
const OPERAND_SIZE = 1;
const ADDRESS_SIZE = 2;
const REPEAT = 4;
const LOCK = 8;
const SEGMENT = 16;
const IO_OPCODE = 32;
const STRING_OPCODE = 33;
const IMMEDIATE_OPCODE = 34;

const BYTE_KINDS = new Uint8Array(0x100).fill(OTHER);
for (let byte = 0; byte < 0x100; byte++) {
  if (SEGMENT_OF_BYTE[byte] >= 0) BYTE_KINDS[byte] = SEGMENT;
  if ((byte & 0xfc) === 0xec) BYTE_KINDS[byte] = IO_OPCODE;
  if ((byte & 0xfc) === 0x6c) BYTE_KINDS[byte] = STRING_OPCODE;
  if ((byte & 0xfc) === 0xe4) BYTE_KINDS[byte] = IMMEDIATE_OPCODE;
}
BYTE_KINDS[PREFIX_OPERAND_SIZE] = OPERAND_SIZE;
BYTE_KINDS[PREFIX_ADDRESS_SIZE] = ADDRESS_SIZE;
BYTE_KINDS[PREFIX_REP] = BYTE_KINDS[PREFIX_REPNE] = REPEAT;
BYTE_KINDS[PREFIX_LOCK] = LOCK;
