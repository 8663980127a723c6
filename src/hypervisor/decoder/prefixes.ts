import { SegmentIndex } from '../../machine/layout';

/** Architectural limit of an instruction's length (Intel SDM vol. 2A, section 2.3.11). */
export const MAX_LENGTH = 15;

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
export const SEGMENT_OF_BYTE = new Int8Array(0x100).fill(-1);
for (const [byte, segment] of SEGMENT_PREFIXES) SEGMENT_OF_BYTE[byte] = segment;

/** Bytes that precede an opcode without selecting a segment: operand size, address size, LOCK, REPNE, REP. */
export const PREFIX_OPERAND_SIZE = 0x66;
export const PREFIX_ADDRESS_SIZE = 0x67;
export const PREFIX_LOCK = 0xf0;
export const PREFIX_REPNE = 0xf2;
export const PREFIX_REP = 0xf3;
/** All of these. */
export const OTHER_PREFIXES: readonly number[] = [
  PREFIX_OPERAND_SIZE,
  PREFIX_ADDRESS_SIZE,
  PREFIX_LOCK,
  PREFIX_REPNE,
  PREFIX_REP,
];
