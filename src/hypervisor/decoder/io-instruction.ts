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
   * @returns undefined on success
   */
  decode(fetch: (index: number) => number, code32: boolean): DecodeFailure | undefined {
    const result = this.instruction;
    let operand32 = code32;
    let address32 = code32;
    let repeat = false;
    let locked = false;
    let segment: SegmentIndex | undefined;
    for (let index = 0; index < MAX_LENGTH; index++) {
      const byte = fetch(index);
      result.bytes[index] = byte;
      if (byte === PREFIX_OPERAND_SIZE) operand32 = !code32;
      else if (byte === PREFIX_ADDRESS_SIZE) address32 = !code32;
      else if (byte === PREFIX_REP || byte === PREFIX_REPNE) repeat = true;
      else if (byte === PREFIX_LOCK) locked = true;
      else if (SEGMENT_OF_BYTE[byte] >= 0) segment = SEGMENT_OF_BYTE[byte];
      else {
        const string = (byte & 0xfc) === 0x6c;
        const immediate = (byte & 0xfc) === 0xe4;
        if (!string && !immediate && (byte & 0xfc) !== 0xec) return 'not-io';
        if (immediate && index + 1 === MAX_LENGTH) return 'too-long';
        if (locked) return 'locked';
        result.direction = byte & 2 ? 'out' : 'in';
        result.width = byte & 1 ? (operand32 ? 4 : 2) : 1;
        result.string = string;
        result.repeat = string && repeat;
        result.segment = string && !(byte & 2) ? SegmentIndex.ES : (segment ?? SegmentIndex.DS);
        result.addressSize = address32 ? 4 : 2;
        result.immediate = -1;
        result.length = index + 1;
        if (immediate) {
          result.immediate = fetch(index + 1);
          result.bytes[index + 1] = result.immediate;
          result.length = index + 2;
        }
        return undefined;
      }
    }
    return 'too-long';
  }
}
