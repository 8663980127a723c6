import { accessWord } from './access-word';
import type { ExitRecord } from './exit-record';
import { type ExitQueryResult, ExitReport, type GroupFunction, type Price } from './exit-report';
import { emptyRecord, ExitRing } from './exit-ring';
import { type ExitKey, type ExitSums, ExitTable, totalCycles } from './exit-table';
import { ExitTimeline } from './exit-timeline';
import { ExitNames } from './names';

/** What an exit grows by when it goes on. */
interface ExitGrowth extends Pick<ExitRecord, 'value' | 'cost' | 'hostNs' | 'hostMeasured' | 'pageRuns'> {
  readonly elements: number;
  /** Of the hypercall, if it is one, as they are now. */
  readonly values?: ArrayLike<number>;
}

/** Exits kept in full unless said otherwise. */
const DEFAULT_RING_CAPACITY = 65536;

/**
 * All exits since launch: sums for ever, the last ones in full. Adding an exit costs a fraction of a microsecond and
 * allocates nothing.
 */
export class ExitLog {
  /** When the exits took their time. */
  readonly timeline = new ExitTimeline();
  private readonly names = new ExitNames();
  private readonly table = new ExitTable(this.names);
  private readonly ring: ExitRing;
  private readonly scratch = emptyRecord();
  private readonly shown = emptyRecord();
  private next = 0;
  private delivered = 0;
  private listener: ((record: ExitRecord) => void) | undefined;

  /** @param capacity exits kept in full, at least 1 */
  constructor(capacity = DEFAULT_RING_CAPACITY) {
    this.ring = new ExitRing(capacity, this.names);
  }

  /** Sequence number of the oldest exit that is kept in full. */
  get firstSequence(): number {
    return Math.max(0, this.next - this.ring.capacity);
  }

  /** Sequence number that the next exit will get: the number of exits so far. */
  get nextSequence(): number {
    return this.next;
  }

  /** Adds an exit; its sequence number is set. The record is copied. */
  add(record: ExitRecord): void {
    // The one before can no longer grow: now a listener may have it.
    if (this.listener) this.flush();
    record.sequence = this.next++;
    this.store(record);
    this.timeline.add(record.channel, record.time, totalCycles(record.cost));
  }

  /**
   * Lets the last exit grow: a string instruction that was interrupted by the end of a time slice or by the debugger,
   * and goes on, is still the same exit.
   */
  extendLast(growth: ExitGrowth): void {
    const { elements, pageRuns, cost, values } = growth;
    const record = this.ring.read(this.next - 1, this.scratch);
    this.table.takeBack(record);
    record.repeat += elements;
    record.pageRuns += pageRuns;
    if (elements > 0) record.value = growth.value;
    if (values) record.values = values;
    record.cost.transition += cost.transition;
    record.cost.decode += cost.decode;
    record.cost.device += cost.device;
    record.cost.return += cost.return;
    record.hostNs += growth.hostNs;
    record.hostMeasured &&= growth.hostMeasured;
    this.store(record);
    this.timeline.add(record.channel, record.time, totalCycles(cost));
  }

  /**
   * Shows every exit from now on to a listener, e.g. to spill them to a file; `undefined` ends it. An exit is shown
   * when it can no longer grow, i.e. with the next one or at `flush`. The record is reused: copy what you keep.
   */
  observe(listener: ((record: ExitRecord) => void) | undefined): void {
    if (this.listener) this.flush();
    this.listener = listener;
    this.delivered = this.next;
  }

  /** Shows the listener what it has not seen yet. To be called when the guest stops for good. */
  flush(): void {
    while (this.listener && this.delivered < this.next) this.listener(this.ring.read(this.delivered++, this.shown));
  }

  /**
   * Full records, oldest first.
   * @param start first sequence number wanted; older ones than are kept are left out
   * @param count at most so many
   * @param filter takes the record it is given only if it wants it
   */
  records(start: number, count: number, filter?: (record: ExitRecord) => boolean): ExitRecord[] {
    const found: ExitRecord[] = [];
    for (let sequence = Math.max(start, this.firstSequence); sequence < this.next && found.length < count; sequence++) {
      const record = this.ring.read(sequence, this.scratch);
      if (!filter || filter(record)) found.push({ ...record, cost: { ...record.cost } });
    }
    return found;
  }

  /**
   * Rows in the manner of `perf kvm stat`, costliest first.
   * @param group names the row that an exit belongs to
   * @param since only exits with this sequence number or a later one that are still kept in full; all exits since
   *   launch if left out
   * @param prices what each row and all of them would cost otherwise, one figure each in `repriced`
   */
  query(group: GroupFunction, since?: number, prices: readonly Price[] = []): ExitQueryResult {
    const report = new ExitReport(group, prices);
    if (since === undefined || since <= 0) {
      this.table.forEach((key, sums) => report.addSums(key, sums));
      return report.result();
    }
    for (let sequence = Math.max(since, this.firstSequence); sequence < this.next; sequence++) {
      report.addRecord(this.ring.read(sequence, this.scratch));
    }
    return report.result();
  }

  /** Calls `visit` for every kind and place of exit since launch. Both arguments are reused: copy what you keep. */
  forEachKind(visit: (key: Readonly<ExitKey>, sums: Readonly<ExitSums>) => void): void {
    this.table.forEach(visit);
  }

  /** Forgets everything; numbers start at 0 again. */
  clear(): void {
    this.table.clear();
    this.timeline.clear();
    this.next = 0;
    this.delivered = 0;
  }

  private store(record: ExitRecord): void {
    const names = this.names.wordOf(record);
    const access = accessWord(record);
    this.table.add(record, names, access);
    this.ring.write(record, names, access);
  }
}
