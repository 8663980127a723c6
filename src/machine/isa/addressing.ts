import { Register, SegmentIndex } from '../layout';

/** Registers of the 16-bit forms by ModR/M.rm: base, index (or none), and whether SS is the default. */
export const ADDRESS_16: readonly (readonly [Register, Register | undefined, SegmentIndex])[] = [
  [Register.EBX, Register.ESI, SegmentIndex.DS],
  [Register.EBX, Register.EDI, SegmentIndex.DS],
  [Register.EBP, Register.ESI, SegmentIndex.SS],
  [Register.EBP, Register.EDI, SegmentIndex.SS],
  [Register.ESI, undefined, SegmentIndex.DS],
  [Register.EDI, undefined, SegmentIndex.DS],
  [Register.EBP, undefined, SegmentIndex.SS],
  [Register.EBX, undefined, SegmentIndex.DS],
];
