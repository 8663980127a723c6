import { SegmentIndex } from '../../machine/layout';
import type { PortDirection, PortWidth } from '../../machine/devices/device';

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

/** Architectural limit of an instruction's length (Intel SDM vol. 2A, section 2.3.11). */
const MAX_LENGTH = 15;

/** Prefixes that select a segment (Intel SDM vol. 2A, section 2.1.1). */
const SEGMENT_PREFIXES: readonly (readonly [byte: number, segment: SegmentIndex])[] = [
  [0x26, SegmentIndex.ES],
  [0x2e, SegmentIndex.CS],
  [0x36, SegmentIndex.SS],
  [0x3e, SegmentIndex.DS],
  [0x64, SegmentIndex.FS],
  [0x65, SegmentIndex.GS],
];

/** Segment by prefix byte, -1 for bytes that are none. */
const SEGMENT_OF_BYTE = new Int8Array(0x100).fill(-1);
for (const [byte, segment] of SEGMENT_PREFIXES) SEGMENT_OF_BYTE[byte] = segment;

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
      if (byte === 0x66) operand32 = !code32;
      else if (byte === 0x67) address32 = !code32;
      else if (byte === 0xf2 || byte === 0xf3) repeat = true;
      else if (byte === 0xf0) locked = true;
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
