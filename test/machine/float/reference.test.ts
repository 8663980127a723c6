import assert from 'node:assert/strict';
import { differences } from './support/campaign';
import { FloatModule } from './support/module';
import { OPERATIONS } from './support/operations';
import { reference } from './support/reference';

/** Cases of each operation: a slice for every day, or as many as FLOAT_CASES says. */
const CASES = Number(process.env.FLOAT_CASES ?? 1000);

describe('floating point, next to exact arithmetic', function () {
  this.timeout(120_000);
  const module = new FloatModule();

  for (const operation of OPERATIONS) {
    it(`${operation.name} gives the one right result, and its flags`, async () => {
      const found = await differences(module, reference, operation, 2, CASES);
      assert.equal(found.length, 0, `${found.length} of ${CASES} cases differ\n${found.slice(0, 5).join('\n')}`);
    });
  }
});
