import assert from 'node:assert/strict';
import { compareRuns, type RunTotals } from '../../src/hypervisor/exits/comparison';

const TRAP: RunTotals = {
  label: 'trap',
  mode: 'trap',
  samples: 100,
  elements: 300,
  parts: { transition: 44500, decode: 92500, device: 21600, return: 44400 },
  guestCycles: 406000,
  instructions: 200000,
  hostNs: 50000,
};

const VMI: RunTotals = {
  label: 'vmi',
  mode: 'vmi',
  samples: 100,
  elements: 300,
  parts: { transition: 51900, decode: 0, device: 21600, return: 51900 },
  guestCycles: 325400,
  instructions: 201000,
  hostNs: 20000,
};

const NONE: RunTotals = {
  ...TRAP,
  label: 'none',
  mode: 'none',
  samples: 0,
  elements: 0,
  hostNs: 0,
  parts: { transition: 0, decode: 0, device: 0, return: 0 },
};

describe('the comparison of runs', () => {
  it('puts runs side by side with ratios over the first', () => {
    const [trap, vmi] = compareRuns([TRAP, VMI]);
    assert.equal(trap.exitCycles, 203000);
    assert.equal(trap.cyclesPerExit, 2030);
    assert.equal(trap.exitTimePct, 50);
    assert.deepEqual(Object.values(trap.ratios), [1, 1, 1, 1, 1, 1]);
    assert.equal(vmi.exitCycles, 125400);
    assert.equal(vmi.cyclesPerExit, 1254);
    assert.equal(vmi.ratios.exitCycles, 1254 / 2030);
    assert.equal(vmi.ratios.hostNs, 0.4);
    assert.equal(vmi.ratios.guestCycles, 325400 / 406000);
    assert.equal(vmi.label, 'vmi');
  });

  it('takes another baseline', () => {
    const [trap] = compareRuns([TRAP, VMI], 1);
    assert.equal(trap.ratios.cyclesPerExit, 2030 / 1254);
  });

  it('has no ratio over nothing, and no average of nothing', () => {
    const [none, trap] = compareRuns([NONE, TRAP]);
    assert.equal(none.cyclesPerExit, 0);
    assert.equal(none.hostNsPerExit, 0);
    assert.equal(none.exitTimePct, 0);
    assert.equal(trap.ratios.samples, undefined);
    assert.equal(trap.ratios.hostNs, undefined);
    assert.equal(trap.ratios.guestCycles, 1);
  });

  it('names a baseline that there is not', () => {
    assert.throws(() => compareRuns([TRAP], 1), /no run 1 to compare with: 1 were given/);
    assert.throws(() => compareRuns([]), /0 were given/);
  });
});
