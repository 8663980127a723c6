import assert from 'node:assert/strict';
import { buildGuests, outputPath } from '../guests/support';
import { Campaign } from './campaign';
import { describe as describeCase } from './compare/compare';
import { BOCHS } from './compare/rules';
import { Bochs, bochsMissing } from './engines/bochs';
import { qemuMissing } from './engines/qemu';
import { Ringside } from './engines/ringside';
import { stepImage } from './gdb/step-image';
import { caseOf, KINDS } from './generate/kinds';
import { recorderRom } from './recorder/rom';

const CASES = 40;
/** Seeds on which the two were found to agree, with room for those that the rules explain. */
const FIRST_SEED = 5001;
const STEPS = 1500;
const ARITHMETIC_FLAGS = 0x8d5;

describe('recorded cases', function () {
  this.timeout(300_000);
  let rom: Awaited<ReturnType<typeof recorderRom>>;

  before(async () => {
    rom = await recorderRom();
  });

  for (const kind of KINDS) {
    it(`${kind}: end, and end the same whatever ran before`, async () => {
      const cases = Array.from({ length: CASES }, (_, i) => caseOf(kind, 1 + i, 'pentium3'));
      const engine = new Ringside('pentium3', rom.bytes);
      const forward = await engine.run(cases, true);
      const backward = await engine.run([...cases].reverse(), true);
      assert.deepEqual(backward.reverse(), forward);
      const records = forward.filter((outcome) => typeof outcome !== 'string');
      assert.ok(records.length > CASES * 0.9, 'hardly any case may hang or shut the machine down');
      const events = records.flatMap((record) => record.events);
      assert.ok(events.some(({ vector }) => vector === 1) && events.some(({ vector }) => vector === 6));
    });

    it(`${kind}: as on Bochs`, async function () {
      const missing = bochsMissing();
      if (missing) {
        console.log(`      skipped: ${missing}`);
        this.skip();
      }
      const bochs = new Bochs('p3_katmai', rom.path);
      try {
        const campaign = new Campaign(new Ringside('pentium3', rom.bytes), bochs, BOCHS, 'pentium3');
        await campaign.run(kind, FIRST_SEED, CASES);
        const { findings } = campaign.tally;
        const words = findings.map(({ test, ours, difference }) => {
          return `${describeCase(test, ours, difference.event)}\n${difference.lines.join('\n')}`;
        });
        assert.deepEqual(words, []);
      } finally {
        bochs.close();
      }
    });
  }
});

describe('single steps', function () {
  this.timeout(300_000);

  it('of the test ROM are as in QEMU', async function () {
    const missing = qemuMissing();
    if (missing) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    const { status, messages } = await buildGuests('rom-tests');
    assert.equal(status, 0, messages);
    const result = await stepImage(outputPath('rom-tests.bin'), 'pentium3', STEPS, ARITHMETIC_FLAGS);
    assert.equal(result, STEPS);
  });
});
