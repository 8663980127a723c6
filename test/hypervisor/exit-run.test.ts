import assert from 'node:assert/strict';
import { ExitLog } from '../../src/hypervisor/exits/exit-log';
import type { ExitRecord } from '../../src/hypervisor/exits/exit-record';
import { emptyRecord } from '../../src/hypervisor/exits/exit-ring';
import { totalCycles } from '../../src/hypervisor/exits/exit-table';

/** Sums by kind of exit, made one exit after the other. */
interface NaiveSums {
  count: number;
  elements: number;
  sum: number;
  min: number;
  max: number;
  sumOfSquares: number;
  singles: number;
  stringElements: number;
  hostNs: number;
  hostGuessed: number;
  hostMeasured: number;
  last: number;
}

const keyOf = ({ site, port, channel }: Pick<ExitRecord, 'site' | 'port' | 'channel'>): string =>
  `${site} ${port} ${channel}`;

function naiveSums(records: readonly ExitRecord[]): Map<string, NaiveSums> {
  const all = new Map<string, NaiveSums>();
  for (const record of records) {
    const sums = all.get(keyOf(record)) ?? {
      ...{ count: 0, elements: 0, sum: 0, min: Infinity, max: 0, sumOfSquares: 0, singles: 0, stringElements: 0 },
      ...{ hostNs: 0, hostGuessed: 0, hostMeasured: 0, last: 0 },
    };
    const cycles = totalCycles(record.cost);
    sums.count++;
    sums.elements += record.repeat;
    sums.sum += cycles;
    sums.min = Math.min(sums.min, cycles);
    sums.max = Math.max(sums.max, cycles);
    sums.sumOfSquares += cycles * cycles;
    if (record.kind === 'port') sums.singles++;
    else if (record.kind === 'string') sums.stringElements += record.repeat;
    if (record.hostMeasured) sums.hostNs += record.hostNs;
    else sums.hostGuessed += record.hostNs;
    if (record.hostMeasured) sums.hostMeasured++;
    sums.last = record.sequence;
    all.set(keyOf(record), sums);
  }
  return all;
}

function sumsOf(log: ExitLog): Map<string, NaiveSums> {
  const all = new Map<string, NaiveSums>();
  log.forEachKind((key, kind) => {
    const { count, elements, sum, min, max, sumOfSquares, singles, stringElements } = kind;
    const { hostNs, hostGuessed, hostMeasured, last } = kind;
    const host = { hostNs, hostGuessed, hostMeasured, last };
    all.set(keyOf(key), { count, elements, sum, min, max, sumOfSquares, singles, stringElements, ...host });
  });
  return all;
}

/** One of a series in which the same exit comes several times before the next, now and then at another cost. */
function exit(index: number, unit: number): ExitRecord {
  const group = Math.floor(index / 5);
  const string = group % 7 === 3;
  return {
    ...emptyRecord(),
    reason: 'IO',
    channel: group % 3 === 0 ? 'vtx' : 'trap',
    kind: string ? 'string' : group % 7 === 5 ? 'privileged' : 'port',
    site: 0xc0100000 + (group % 4),
    port: 0x3f8 + (group % 2),
    repeat: string || index % 17 === 0 ? 3 : 1,
    time: index * 100,
    cost: { transition: 100 * unit, decode: (index % 11 === 0 ? 7 : 5) * unit, device: 30 * unit, return: 2 * unit },
    hostNs: index % 9,
    hostMeasured: index % 4 === 0,
  };
}

for (const [unit, what] of [
  [1, 'whole cycles'],
  [0.1, 'fractions of cycles'],
] as const) {
  describe(`runs of the same exit at ${what}`, () => {
    it('come to what they come to one by one, whenever somebody looks', () => {
      const [log, watched] = [new ExitLog(4096), new ExitLog(4096)];
      for (let i = 0; i < 420; i++) {
        log.add(exit(i, unit));
        watched.add(exit(i, unit));
        if (i % 7 === 0) assert.deepEqual(sumsOf(watched), naiveSums(watched.records(0, 4096)), `after ${i}`);
      }
      assert.deepEqual(sumsOf(log), naiveSums(log.records(0, 4096)));
      assert.deepEqual(sumsOf(watched), sumsOf(log));
    });

    it('lose the last exit alone when it grows', () => {
      const log = new ExitLog(16);
      for (let i = 0; i < 4; i++) log.add({ ...exit(1, unit), hostMeasured: false });
      const cost = { transition: 0, decode: 0, device: 30 * unit, return: 0 };
      log.extendLast({ elements: 1, value: 0, cost, hostNs: 0, hostMeasured: false, pageRuns: 0 });
      assert.deepEqual(
        log.records(0, 16).map(({ repeat }) => repeat),
        [1, 1, 1, 2],
      );
      const [sums] = [...sumsOf(log).values()];
      const [naive] = [...naiveSums(log.records(0, 16)).values()];
      assert.deepEqual({ ...sums, sum: 0, sumOfSquares: 0 }, { ...naive, sum: 0, sumOfSquares: 0 });
      assert.ok(Math.abs(sums.sum - naive.sum) < 1e-9);
      assert.ok(Math.abs(sums.sumOfSquares - naive.sumOfSquares) < 1e-6);
    });
  });
}
