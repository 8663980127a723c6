import assert from 'node:assert/strict';
import { KINDS } from '../../src/hypervisor/cost/cost-profile';
import { ExitLog } from '../../src/hypervisor/exits/exit-log';
import type { ExitRecord } from '../../src/hypervisor/exits/exit-record';
import { emptyRecord } from '../../src/hypervisor/exits/exit-ring';
import type { ExitKey } from '../../src/hypervisor/exits/exit-table';

const PARTS = { transition: 0, decode: 0, device: 0, return: 0 };
const NOTHING = { elements: 0, value: 0, cost: PARTS, hostNs: 0, hostMeasured: true, pageRuns: 0 };

function exit(change: Partial<ExitRecord>): ExitRecord {
  return { ...emptyRecord(), reason: 'IO', channel: 'trap', repeat: 1, ...change };
}

/** A reproducible series of exits that differ in everything. */
function sample(index: number): ExitRecord {
  const scramble = (index * 2654435761) >>> 0;
  return exit({
    reason: index % 7 === 0 ? 'VMCALL' : 'IO',
    channel: (['trap', 'vtx', 'hypercall'] as const)[index % 3],
    hypercall: index % 3 === 2 ? ['INB', 'OUTB', 'INSW'][(index % 5) % 3] : '',
    port: index % 11 === 0 ? -1 : scramble % 0x10000,
    direction: index % 2 ? 'in' : 'out',
    width: ([1, 2, 4] as const)[index % 3],
    repeat: 1 + (index % 4),
    value: scramble,
    instructions: index * 10,
    time: index * 1000,
    eip: (scramble ^ 0xffff) >>> 0,
    linear: (scramble + 5) >>> 0,
    site: 0xc0100000 + (index % 13) * 4,
    cpl: index % 4,
    cr3: 0xfffff000,
    bytes: Uint8Array.from({ length: index % 16 }, (_, i) => i + index),
    cost: { transition: 100 + (index % 5), decode: index % 9, device: index % 17, return: 50 },
    hostNs: index % 23,
    hostMeasured: true,
    kind: KINDS[index % KINDS.length],
    pageRuns: index % 6,
    continued: index % 10 === 9,
    values: Float64Array.from({ length: index % 5 }, (_, i) => i + index),
  });
}

const byChannel = (key: ExitKey): string => key.channel;

describe('the exit log', () => {
  it('gives every exit back as it was', () => {
    const log = new ExitLog(1000);
    const given: ExitRecord[] = [];
    for (let i = 0; i < 500; i++) {
      const record = sample(i);
      log.add(record);
      assert.equal(record.sequence, i);
      given.push(record);
    }
    assert.deepEqual(log.records(0, 1000), given);
    assert.equal(log.nextSequence, 500);
  });

  it('keeps the last ones in full and the sums for ever', () => {
    const log = new ExitLog(64);
    for (let i = 0; i < 200; i++) log.add(sample(i));
    assert.equal(log.firstSequence, 136);
    const kept = log.records(0, 1000);
    assert.deepEqual([kept.length, kept[0].sequence, kept[63].sequence], [64, 136, 199]);
    assert.deepEqual(kept[0], { ...sample(136), sequence: 136 });
    assert.equal(log.query(byChannel).totals.samples, 200);
  });

  it('filters and limits', () => {
    const log = new ExitLog(100);
    for (let i = 0; i < 50; i++) log.add(sample(i));
    const found = log.records(10, 3, (record) => record.channel === 'vtx');
    assert.deepEqual(
      found.map(({ sequence }) => sequence),
      [10, 13, 16],
    );
  });

  it('sums up like a naive reckoning, also when its tables grow', () => {
    const log = new ExitLog(10000);
    const given = Array.from({ length: 5000 }, (_, i) => ({ ...sample(i), site: i * 16 }));
    for (const record of given) log.add(record);
    const { rows, totals } = log.query(byChannel);
    assert.equal(rows.length, 3);
    const cycles = (record: ExitRecord): number =>
      record.cost.transition + record.cost.decode + record.cost.device + record.cost.return;
    const all = given.reduce((sum, record) => sum + cycles(record), 0);
    assert.equal(totals.totalCycles, all);
    for (const row of rows) {
      const mine = given.filter((record) => record.channel === row.key);
      const costs = mine.map(cycles);
      const total = costs.reduce((a, b) => a + b, 0);
      const mean = total / mine.length;
      const variance = costs.reduce((sum, cost) => sum + (cost - mean) ** 2, 0) / (mine.length - 1);
      assert.equal(row.samples, mine.length);
      assert.equal(row.totalCycles, total);
      assert.equal(row.minCycles, Math.min(...costs));
      assert.equal(row.maxCycles, Math.max(...costs));
      assert.equal(
        row.elements,
        mine.reduce((sum, record) => sum + record.repeat, 0),
      );
      assert.equal(
        row.hostNs,
        mine.reduce((sum, record) => sum + record.hostNs, 0),
      );
      assert.equal(
        row.parts.device,
        mine.reduce((sum, record) => sum + record.cost.device, 0),
      );
      near(row.avgCycles, mean);
      near(row.samplesPct, (100 * mine.length) / given.length);
      near(row.timePct, (100 * total) / all);
      near(row.stdErrPct, (100 * Math.sqrt(variance / mine.length)) / mean);
    }
  });

  it('groups by any function and names the costliest site', () => {
    const log = new ExitLog(100);
    const cost = (decode: number): ExitRecord['cost'] => ({ ...PARTS, decode });
    log.add(exit({ port: 0x3f8, channel: 'trap', site: 1, cost: cost(10) }));
    log.add(exit({ port: 0x3f8, channel: 'vtx', site: 2, cost: cost(30) }));
    log.add(exit({ port: 0x3f8, channel: 'trap', site: 1, cost: cost(15) }));
    log.add(exit({ port: 0x60, channel: 'trap', site: 3, cost: cost(5) }));
    const { rows } = log.query((key) => `0x${key.port.toString(16)}`);
    assert.deepEqual(
      rows.map(({ key, samples, channel, site, stdErrPct }) => [key, samples, channel, site, stdErrPct > 0]),
      [
        ['0x3f8', 3, 'mixed', 2, true],
        ['0x60', 1, 'trap', 3, false],
      ],
    );
  });

  it('counts from a sequence number on, as far as records are kept', () => {
    const log = new ExitLog(32);
    for (let i = 0; i < 100; i++) log.add(sample(i));
    assert.equal(log.query(byChannel, 90).totals.samples, 10);
    assert.equal(log.query(byChannel, 100).totals.samples, 0);
    assert.equal(log.query(byChannel, 100).rows.length, 0);
    assert.equal(log.query(byChannel, 1).totals.samples, 32);
    assert.equal(log.query(byChannel, 0).totals.samples, 100);
    const ring = log.query(byChannel, 68).rows;
    const fresh = new ExitLog(32);
    for (let i = 68; i < 100; i++) fresh.add(sample(i));
    assert.deepEqual(ring, fresh.query(byChannel).rows);
  });

  it('lets the last exit grow as if it had been added so', () => {
    const grown = new ExitLog(10);
    const whole = new ExitLog(10);
    const first = exit({
      port: 0x1f0,
      repeat: 4,
      value: 1,
      cost: { ...PARTS, transition: 100, device: 40 },
      hostNs: 7,
    });
    const small = exit({
      port: 0x1f0,
      repeat: 1,
      value: 9,
      cost: { ...PARTS, transition: 100, device: 10 },
      hostNs: 3,
    });
    grown.add({ ...first });
    grown.add({ ...small });
    grown.extendLast({ ...NOTHING, elements: 2, value: 5, cost: { ...PARTS, device: 20 }, hostNs: 4, pageRuns: 1 });
    grown.extendLast({ ...NOTHING, value: 77, hostNs: 1 });
    whole.add({ ...first });
    whole.add({
      ...small,
      repeat: 3,
      pageRuns: 1,
      value: 5,
      cost: { ...PARTS, transition: 100, device: 30 },
      hostNs: 8,
    });
    assert.deepEqual(grown.query(byChannel), whole.query(byChannel));
    assert.deepEqual(grown.records(0, 9), whole.records(0, 9));
    assert.equal(grown.query(byChannel).rows[0].minCycles, 130);
  });

  it('shows exits to a listener once they can no longer grow', () => {
    const log = new ExitLog(4);
    log.add(sample(0));
    const seen: string[] = [];
    log.observe((record) => seen.push(`${record.sequence}:${record.repeat}`));
    for (let i = 1; i < 9; i++) log.add(exit({ repeat: 1 }));
    assert.deepEqual(seen, ['1:1', '2:1', '3:1', '4:1', '5:1', '6:1', '7:1']);
    log.extendLast({ ...NOTHING, elements: 2 });
    log.flush();
    log.flush();
    assert.equal(seen.at(-1), '8:3');
    log.observe(undefined);
    log.add(exit({}));
    assert.equal(seen.length, 8);
  });

  it('is empty after clear', () => {
    const log = new ExitLog(4);
    for (let i = 0; i < 9; i++) log.add(sample(i));
    log.clear();
    assert.deepEqual(log.records(0, 9), []);
    assert.equal(log.query(byChannel).totals.samples, 0);
    log.add(sample(3));
    assert.equal(log.records(0, 9)[0].sequence, 0);
    assert.equal(log.query(byChannel).rows[0].samples, 1);
  });

  it('refuses a capacity that holds nothing', () => {
    assert.throws(() => new ExitLog(0), /at least one record, not 0/);
    assert.throws(() => new ExitLog(1.5), /not 1.5/);
  });
});

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.abs(expected), `${actual} is not ${expected}`);
}
