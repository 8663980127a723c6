import assert from 'node:assert/strict';
import { differences } from './support/campaign';
import { FloatModule } from './support/module';
import { NativeFloat } from './support/native';
import { OPERATIONS } from './support/operations';

/** Cases of each operation: a slice for every day, or as many as FLOAT_CASES says. */
const CASES = Number(process.env.FLOAT_CASES ?? 1000);
const BATCH = 20_000;

describe('floating point, next to the processor of this computer', function () {
  this.timeout(120_000);
  const module = new FloatModule();
  let native: NativeFloat;

  before(async function () {
    const started = await NativeFloat.start();
    if (typeof started === 'string') {
      console.log(`    skipped: ${started}`);
      this.skip();
    }
    native = started;
  });

  for (const operation of OPERATIONS) {
    it(`${operation.name} gives the same results and flags`, async () => {
      const found: string[] = [];
      for (let done = 0, seed = 1; done < CASES; done += BATCH, seed++) {
        const count = Math.min(BATCH, CASES - done);
        found.push(...(await differences(module, (...request) => native.run(...request), operation, seed, count)));
      }
      assert.equal(found.length, 0, `${found.length} of ${CASES} cases differ\n${found.slice(0, 5).join('\n')}`);
    });
  }
});
