import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nodeHost } from '../../debugAdapter/host/node';
import { ringsideEngine } from '../../debugAdapter/ringside-engine';
import { checkChecksums, Results, withElementCost } from '../../src/cli/experiment/figures';
import { fillIn } from '../../src/cli/experiment/markdown';
import { timeShares } from '../../src/cli/experiment/measurement';
import { savingPlot, timePlot } from '../../src/cli/experiment/plots';
import { profileSections } from '../../src/cli/experiment/profiles-page';
import { resultsCsv, resultsJson } from '../../src/cli/experiment/raw';
import { type Result, runSetting } from '../../src/cli/experiment/run-setting';
import { sections } from '../../src/cli/experiment/sections';
import { settings, WORKLOADS } from '../../src/cli/experiment/worlds';
import { builtGuest, ROOT } from '../dap/support/real-guest';

/** Figures of `pentium4-672`, from docs/cost-profiles.md: a single access, an exit of a string, an element of one. */
const FIGURES = {
  'native-trap': { single: [445, 925, 216, 444], string: [445, 925, 0, 444] },
  'native-vmi': { single: [519, 0, 216, 519], string: [519, 0, 0, 519] },
  'native-lguest': { single: [445, 0, 216, 444], string: [445, 0, 0, 444] },
  'native-vtx': { single: [13201, 0, 216, 2409], string: [13201, 925, 0, 2409] },
  'native-kvm': { single: [13201, 0, 216, 2409], string: [13201, 0, 0, 2409] },
} as const;
const ELEMENT = 216;

async function run(workload: string): Promise<Results> {
  const host = nodeHost({ cwd: ROOT, assets: dirname(require.resolve('iced-x86/package.json')) });
  const files = { program: builtGuest('paravirt-io.elf'), disk: builtGuest('paravirt-io.img') };
  const chosen = WORKLOADS.filter(({ name }) => name === workload);
  const done: Result[] = [];
  for (const setting of settings(['pentium4-672'], chosen)) {
    done.push(await runSetting(setting, files, ringsideEngine, host));
  }
  return new Results(done);
}

describe('the experiment', function () {
  this.timeout(120_000);
  let strings: Results;
  let compute: Results;

  before(async () => {
    strings = await run('strings');
    compute = await run('compute');
  });

  for (const [world, { single, string }] of Object.entries(FIGURES)) {
    it(`has sums that are counts times figures, for ${world}`, () => {
      const result = strings.find('pentium4-672', 'strings', world);
      assert.ok(result);
      const { ports, others, instructions, guestCycles } = result.stretch;
      const { singles, strings: count, pageRuns, stringElements } = ports.operations;
      assert.ok(singles > 0 && count > 100 && stringElements > 10_000);
      const exits = world === 'native-vtx' ? pageRuns : count;
      const parts = [0, 1, 2, 3].map((part) => singles * single[part] + exits * string[part]);
      parts[2] += stringElements * ELEMENT;
      const { transition, decode, device, return: back } = ports.parts;
      assert.deepEqual([transition, decode, device, back], parts);
      assert.equal(others.count, 0);
      assert.equal(guestCycles, instructions + parts.reduce((a, b) => a + b));
    });
  }

  it('charges an access on bare metal its time on the chipset', () => {
    const result = strings.find('pentium4-672', 'strings', 'native-none');
    assert.ok(result);
    const { singles, stringElements } = strings.find('pentium4-672', 'strings', 'native-trap')!.stretch.ports
      .operations;
    assert.equal(timeShares(result.stretch).waiting, (singles + stringElements) * 3209);
    assert.equal(result.stretch.ports.count, 0);
  });

  it('agrees with what the guest says of itself', () => {
    for (const { guest, stretch, world } of [...strings.all, ...compute.all]) {
      const { singles, strings: count } = stretch.ports.operations;
      if (world.mode !== 'none') assert.equal(guest.exits, singles + count, world.id);
      // Between the brackets are the two readings of the counter and what is around them.
      assert.ok(stretch.guestCycles - guest.cycles >= 0 && stretch.guestCycles - guest.cycles < 1000, world.id);
    }
    checkChecksums([...strings.all, ...compute.all]);
  });

  it('tells of data that differ', () => {
    const [first, second] = strings.all;
    const changed = { ...second, guest: { ...second.guest, checksum: '00000000' } };
    assert.throws(() => checkChecksums([first, changed]), /^Error: strings: checksum 00000000 under native-vmi/);
  });

  it('runs paravirtual drivers where they can do the work', () => {
    const worlds = (results: Results, workload: string): string[] =>
      results.of('pentium4-672', workload).map(({ world }) => world.id);
    assert.ok(worlds(compute, 'compute').includes('virtio-vmi'));
    assert.ok(!worlds(strings, 'strings').some((id) => id.startsWith('virtio')));
  });

  it('is the same twice, to the byte', async () => {
    const again = await run('strings');
    assert.equal(resultsJson(again), resultsJson(strings));
    assert.equal(resultsCsv(again), resultsCsv(strings));
    assert.equal(timePlot(again, 'pentium4-672'), timePlot(strings, 'pentium4-672'));
    assert.deepEqual(sections(again), sections(strings));
  });

  it('reckons another cost of elements from the counts', () => {
    const trapped = strings.find('pentium4-672', 'strings', 'native-trap')!;
    const { stringElements } = trapped.stretch.ports.operations;
    assert.equal(withElementCost(trapped, 216), trapped.stretch.guestCycles);
    assert.equal(withElementCost(trapped, 10), trapped.stretch.guestCycles - 206 * stringElements);
  });

  it('draws a bar for each world but bare metal, with its parts', () => {
    const svg = timePlot(strings, 'pentium4-672');
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="900" height="\d+"/);
    assert.match(svg, /prefers-color-scheme:dark/);
    assert.equal(svg.match(/native drivers, /g)?.length, 5);
    assert.ok(!svg.includes('bare metal'));
    const decode = [...svg.matchAll(/class="decode"><title>fetch and decode: ([^<]*) cycles/g)].map(([, text]) => text);
    // 386 traps, two of them singles; 384 strings under VT-x.
    assert.deepEqual(decode, [`${357}\u00a0050`, `${355}\u00a0200`]);
    assert.match(savingPlot(strings), /1\.1 %/);
  });

  it('has a page with all of its sections, and one of the profiles that is up to date', () => {
    const page = readFileSync(join(ROOT, 'docs', 'experiment.md'), 'utf8');
    assert.doesNotThrow(() => fillIn(page, sections(strings)));
    assert.throws(() => fillIn(page, { missing: '' }), /no section <!-- generated: missing -->/);
    const profiles = readFileSync(join(ROOT, 'docs', 'cost-profiles.md'), 'utf8');
    assert.equal(fillIn(profiles, profileSections()), profiles, 'npm run experiment writes it anew');
  });
});
