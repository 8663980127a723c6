import { REGIONS, WINDOW_BYTES } from './layout';

const EVENT_WORDS = 31;

/** What the recorder saw at one event: the vector it was entered by, and the TSS that the processor saved. */
export interface RecordedEvent {
  /** 1 a step, 6 #UD, 8 #DF. */
  readonly vector: number;
  readonly cr0: number;
  readonly cr2: number;
  readonly dr6: number;
  /** Selector of the TSS that was current. */
  readonly task: number;
  /** The TSS's first 0x68 bytes; of a 286 one the first 44. */
  readonly tss: Uint32Array;
}

/** What became of one case. */
export interface CaseRecord {
  readonly events: readonly RecordedEvent[];
  /** One checksum per region. */
  readonly checksums: readonly number[];
  /** The window after the case, if it was asked for. */
  readonly window?: Uint8Array;
  /** True if a fault of the case was for the limit or type of a segment; only our own processor tells. */
  readonly segmentFault?: boolean;
}

/** How a case ended that the recorder could not close. */
export type Outcome = CaseRecord | 'hang' | 'shutdown' | 'crash';

/**
 * Reads the records of consecutive cases, as far as they are complete.
 * @param memory from the first record on
 * @param end offset behind the last record
 */
export function parseRecords(memory: Uint8Array, end: number, dump: boolean): Map<number, CaseRecord> {
  const words = new Uint32Array(memory.slice(0, end & ~3).buffer);
  const records = new Map<number, CaseRecord>();
  const windowWords = dump ? WINDOW_BYTES / 4 : 0;
  for (let at = 0; at + 2 <= words.length; ) {
    const [index, count] = words.subarray(at, at + 2);
    at += 2;
    if (at + count * EVENT_WORDS + REGIONS.length + windowWords > words.length) break;
    const events: RecordedEvent[] = [];
    for (let i = 0; i < count; i++, at += EVENT_WORDS) {
      const [vector, cr0, cr2, dr6, task] = words.subarray(at, at + 5);
      events.push({ vector, cr0, cr2, dr6, task, tss: words.slice(at + 5, at + EVENT_WORDS) });
    }
    const checksums = [...words.subarray(at, at + REGIONS.length)];
    at += REGIONS.length;
    const window = dump ? new Uint8Array(words.slice(at, at + windowWords).buffer) : undefined;
    at += windowWords;
    records.set(index, { events, checksums, window });
  }
  return records;
}
