import { KINDS, type OperationKind } from '../cost/cost-profile';
import { channelIndex } from './channels';
import type { ExitRecord } from './exit-record';

/** Where the parts of an access word begin. */
export const PORT_SHIFT = 7;
export const KIND_SHIFT = 24;
export const ACCESS_MEASURED = 1 << 27;
export const ACCESS_CONTINUED = 1 << 28;
const PORT_KIND = KINDS.indexOf('port');

/** Index in `KINDS`; that of the most frequent kind without a search. */
function kindIndex(kind: OperationKind): number {
  return kind === 'port' ? PORT_KIND : KINDS.indexOf(kind);
}

/** What an exit was, in one word: continued, measured, kind, port + 1, direction, width, channel and CPL, from bit 28 down. */
export function accessWord(record: ExitRecord): number {
  return (
    (record.continued ? ACCESS_CONTINUED : 0) |
    (record.hostMeasured ? ACCESS_MEASURED : 0) |
    (kindIndex(record.kind) << KIND_SHIFT) |
    ((record.port + 1) << PORT_SHIFT) |
    ((record.direction === 'out' ? 1 : 0) << 6) |
    ((record.width >> 1) << 4) |
    (channelIndex(record.channel) << 2) |
    record.cpl
  );
}

/** The part of an access word that exits have in common that are counted together: port + 1, direction, width, channel. */
export function accessKey(access: number): number {
  return (access >>> 2) & 0x3fffff;
}
