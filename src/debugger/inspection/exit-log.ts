import { resolveHypercalls } from '../../hypervisor/abi/names';
import type { ExitLog } from '../../hypervisor/exits/exit-log';
import type { ExitRecord } from '../../hypervisor/exits/exit-record';
import { hex32 } from '../text/hex';
import type { Places } from './places';
import type { ExitLogQuery, ExitLogRow } from './types';

const DEFAULT_COUNT = 100;
const MOST_ENTRIES = 10000;

/** @throws RangeError if a hypercall is named that there is not */
function filterOf({ channel, port, hypercall }: NonNullable<ExitLogQuery['filter']>): (record: ExitRecord) => boolean {
  const calls =
    hypercall === undefined ? undefined : new Set(resolveHypercalls(hypercall).map(({ call }) => call.name));
  return (record) =>
    (channel === undefined || record.channel === channel) &&
    (port === undefined || record.port === port) &&
    (calls === undefined || calls.has(record.hypercall));
}

function rowOf(record: ExitRecord, places: Places): ExitLogRow {
  const { port, direction, width, value, hypercall, bytes } = record;
  const source = places.sourceOf(record.site);
  return {
    sequence: record.sequence,
    instructions: record.instructions,
    time: record.time,
    reason: record.reason,
    channel: record.channel,
    ...(hypercall !== '' && { hypercall }),
    ...(port >= 0 && { port, direction, width, value }),
    repeat: record.repeat,
    eip: hex32(record.eip),
    cpl: record.cpl,
    cr3: hex32(record.cr3),
    bytes: Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' '),
    cost: { ...record.cost },
    hostNs: record.hostNs,
    ...(source && { source }),
  };
}

/**
 * The exits that are kept in full, oldest first.
 * @throws RangeError if the filter names a hypercall that there is not
 */
export function exitLogRows(
  log: ExitLog,
  places: Places,
  { start, count = DEFAULT_COUNT, filter }: ExitLogQuery,
): { entries: ExitLogRow[]; first: number; next: number } {
  const wanted = Math.min(Math.max(1, Math.trunc(count)), MOST_ENTRIES);
  const records = log.records(start ?? log.firstSequence, wanted, filter && filterOf(filter));
  return {
    entries: records.map((record) => rowOf(record, places)),
    first: log.firstSequence,
    next: log.nextSequence,
  };
}
