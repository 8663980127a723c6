import { recordedCall, resolveHypercalls } from '../../hypervisor/abi/names';
import { callTexts } from '../../hypervisor/abi/values';
import type { ExitLog } from '../../hypervisor/exits/exit-log';
import type { ExitRecord } from '../../hypervisor/exits/exit-record';
import type { Guest } from '../guest/guest';
import { hex, hex32 } from '../text/hex';
import type { Places } from './places';
import { portName } from './port-activity';
import type { ExitLogQuery, ExitLogRow } from './types';

const DEFAULT_COUNT = 100;
const MOST_ENTRIES = 10000;

type Filter = NonNullable<ExitLogQuery['filter']>;

/** What rows are made of. */
export interface ExitLogParts {
  readonly guest: Guest;
  readonly log: ExitLog;
  readonly places: Places;
}

/** What the log says of a hypercall: ABI, number, and its arguments and results in words. */
function callOfRow(record: ExitRecord): Partial<ExitLogRow> {
  const { abi, hypercall, values } = record;
  if (hypercall === '') return {};
  const call = recordedCall(record);
  if (!call) return { abi, hypercall };
  const texts = callTexts(call, values);
  return {
    abi,
    hypercall,
    number: call.number,
    ...(texts.arguments !== '' && { arguments: texts.arguments }),
    ...(texts.results !== '' && { results: texts.results }),
  };
}

function portOfRow(guest: Guest, { port, direction, width, value }: ExitRecord): Partial<ExitLogRow> {
  if (port < 0) return {};
  const name = portName(guest, port, direction);
  return { port, ...(name !== '' && { portName: name }), direction, width, value };
}

function rowOf(record: ExitRecord, { guest, places }: ExitLogParts): ExitLogRow {
  const { bytes, site } = record;
  const source = places.sourceOf(site);
  return {
    sequence: record.sequence,
    instructions: record.instructions,
    time: record.time,
    reason: record.reason,
    channel: record.channel,
    ...callOfRow(record),
    ...portOfRow(guest, record),
    repeat: record.repeat,
    eip: hex32(record.eip),
    site: hex32(site),
    symbol: guest.nameAt(site),
    cpl: record.cpl,
    cr3: hex32(record.cr3),
    bytes: Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' '),
    cost: { ...record.cost },
    hostNs: record.hostNs,
    ...(source && { source }),
  };
}

/** All that a row shows, in one line and in lower case, for a search. */
function searchText(row: ExitLogRow): string {
  const call = row.hypercall && `${row.abi}:${row.hypercall} ${row.number} ${row.arguments ?? ''} ${row.results ?? ''}`;
  const port = row.port !== undefined && `${row.direction} ${hex(row.port)} ${row.portName ?? ''}`;
  const { source } = row;
  const place = source && `${source.function ?? ''} ${source.path}:${source.line}`;
  const parts = [row.reason, row.channel, call, port, row.symbol, place, row.eip, row.site];
  return parts.filter(Boolean).join(' ').toLowerCase();
}

/** @throws RangeError if a hypercall is named that there is not */
function filterOf(filter: Filter, parts: ExitLogParts): (record: ExitRecord) => boolean {
  const { channel, port, hypercall, abi, reason, text } = filter;
  const named = hypercall === undefined ? undefined : resolveHypercalls(hypercall);
  const calls = named && new Set(named.map((name) => `${name.abi.name}:${name.call.name}`));
  const wantedAbi = abi?.toLowerCase();
  const wantedReason = reason?.toLowerCase();
  const wantedText = text?.trim().toLowerCase();
  return (record) =>
    (channel === undefined || record.channel === channel) &&
    (port === undefined || record.port === port) &&
    (wantedAbi === undefined || record.abi === wantedAbi) &&
    (wantedReason === undefined || record.reason.toLowerCase() === wantedReason) &&
    (calls === undefined || calls.has(`${record.abi}:${record.hypercall}`)) &&
    (!wantedText || searchText(rowOf(record, parts)).includes(wantedText));
}

/**
 * The exits that are kept in full, oldest first.
 * @throws RangeError if the filter names a hypercall that there is not
 */
export function exitLogRows(
  parts: ExitLogParts,
  { start, count = DEFAULT_COUNT, filter }: ExitLogQuery,
): { entries: ExitLogRow[]; first: number; next: number } {
  const { log } = parts;
  const wanted = Math.min(Math.max(1, Math.trunc(count)), MOST_ENTRIES);
  const records = log.records(start ?? log.firstSequence, wanted, filter && filterOf(filter, parts));
  return {
    entries: records.map((record) => rowOf(record, parts)),
    first: log.firstSequence,
    next: log.nextSequence,
  };
}
