import assert from 'node:assert/strict';
import { whatIf, whatIfPrices } from '../../../src/debugger/inspection/what-if';
import type { ExitRecord } from '../../../src/hypervisor/exits/exit-record';
import { emptyRecord } from '../../../src/hypervisor/exits/exit-ring';
import type { Hypervisor } from '../../../src/hypervisor/hypervisor';
import type { ModeName } from '../../../src/hypervisor/modes/mode';
import { TestGuest } from '../support';

function hypervisor(mode: ModeName): Hypervisor {
  return new TestGuest({ mode }).hypervisor;
}

function exit(change: Partial<ExitRecord>): ExitRecord {
  return { ...emptyRecord(), reason: 'IO', channel: 'trap', port: 0x3f8, repeat: 1, ...change };
}

const TRAP = { transition: 445, decode: 925, device: 216, return: 444 };

/** An IN, a REP OUTSW of 256 elements over two pages, and a CLI, all trapped. */
function addTrapped({ log }: Hypervisor): void {
  log.add(exit({ cost: TRAP }));
  log.add(exit({ kind: 'string', repeat: 256, pageRuns: 2, cost: { ...TRAP, device: 256 * 216 } }));
  log.add(exit({ reason: 'CLI', port: -1, kind: 'privileged', cost: { ...TRAP, device: 10 } }));
}

describe('what the same accesses would cost', () => {
  it('is reckoned from their counts; what is no access stays', () => {
    const one = hypervisor('trap');
    addTrapped(one);
    const { totals, rows } = one.log.query((key) => key.reason, undefined, whatIfPrices(one));
    const elements = 256 * 216;
    const trapped = 2030 + (1814 + elements) + 1824;
    assert.equal(totals.totalCycles, trapped);
    const vtx = 15826 + (2 * (13201 + 925 + 2409) + elements) + 1824;
    const called = 1254 + (1038 + elements) + 1824;
    assert.deepEqual(whatIf(totals), [
      { channel: 'trap', cycles: trapped, savedCycles: 0, savedPct: 0 },
      { channel: 'vtx', cycles: vtx, savedCycles: trapped - vtx, savedPct: (100 * (trapped - vtx)) / trapped },
      { channel: 'hypercall', cycles: called, savedCycles: 2 * 776, savedPct: (100 * 2 * 776) / trapped },
    ]);
    const cli = rows.find(({ key }) => key === 'CLI');
    assert.ok(cli);
    assert.ok(whatIf(cli).every(({ savedCycles }) => savedCycles === 0));
    assert.deepEqual(totals.operations, {
      singles: 1,
      strings: 1,
      emptyStrings: 0,
      pageRuns: 2,
      stringElements: 256,
    });
  });

  it('is the same from the sums and from the records', () => {
    const one = hypervisor('trap');
    one.log.add(exit({ cost: TRAP }));
    addTrapped(one);
    const other = hypervisor('trap');
    addTrapped(other);
    const since = one.log.query((key) => key.reason, 1, whatIfPrices(one)).totals;
    const all = other.log.query((key) => key.reason, undefined, whatIfPrices(other)).totals;
    assert.deepEqual(since.repriced, all.repriced);
    assert.deepEqual(since.operations, all.operations);
  });

  it('takes a VMCALL for the hypercall where there is hardware assistance', () => {
    const one = hypervisor('vtx');
    const figures = { transition: 13201, decode: 0, device: 216, return: 2409 };
    one.log.add(exit({ channel: 'vtx', cost: figures }));
    const string = { ...figures, decode: 925, device: 2160 };
    one.log.add(exit({ channel: 'vtx', kind: 'string', repeat: 10, pageRuns: 1, cost: string }));
    one.log.add(exit({ channel: 'vtx', kind: 'string', repeat: 10, pageRuns: 1, continued: true, cost: string }));
    const { totals } = one.log.query(() => '', undefined, whatIfPrices(one));
    const [, vtx, called] = whatIf(totals);
    assert.equal(vtx.savedCycles, 0);
    // Two exits of one REP become one call without a decode.
    assert.equal(called.cycles, 15826 + 13201 + 2409 + 20 * 216);
  });

  it('leaves a call as it is where the question is what calls cost', () => {
    const one = hypervisor('vmi');
    const cost = { transition: 1, decode: 2, device: 3, return: 4 };
    one.log.add(exit({ channel: 'hypercall', hypercall: 'INSB', kind: 'string', repeat: 0, cost }));
    const [trap, vtx, called] = whatIf(one.log.query(() => '', undefined, whatIfPrices(one)).totals);
    assert.deepEqual([trap.cycles, vtx.cycles, called.cycles], [0, 0, 10], 'an instruction of no element is no exit');
  });

  it('is nothing where nothing happened', () => {
    const one = hypervisor('trap');
    const { totals } = one.log.query(() => '', undefined, whatIfPrices(one));
    assert.ok(whatIf(totals).every(({ cycles, savedPct }) => cycles === 0 && savedPct === 0));
  });
});

describe('the host time of exits that were not all measured', () => {
  const group = (key: { port: number }): string => `${key.port}`;

  it('is the mean of those of the row that were, times all', () => {
    const { log } = hypervisor('trap');
    log.add(exit({ port: 1, hostNs: 100, hostMeasured: true }));
    log.add(exit({ port: 2, hostNs: 5000, hostMeasured: true }));
    // The last measurement stands in the records, whatever the port.
    for (let i = 0; i < 8; i++) log.add(exit({ port: 1, hostNs: 5000, hostMeasured: false }));
    log.add(exit({ port: 1, hostNs: 300, hostMeasured: true }));
    const { rows, totals } = log.query(group);
    const hostNs = Object.fromEntries(rows.map((row) => [row.key, row.hostNs]));
    assert.deepEqual(hostNs, { 1: 10 * 200, 2: 5000 });
    assert.equal(totals.hostNs, 7000);
  });

  it('is that of the stand-ins where none of the row was', () => {
    const { log } = hypervisor('trap');
    for (let i = 0; i < 3; i++) log.add(exit({ port: 3, hostNs: 70, hostMeasured: false }));
    assert.equal(log.query(group).rows[0].hostNs, 210);
    assert.equal(log.query(group, 1).rows[0].hostNs, 140);
  });
});
