import assert from 'node:assert/strict';
import { NativeProcessor } from './support/native';
import { type Build, runAsGuest, runNatively } from './support/programs';

/** Every processor and every optimization once; `npm run differential -- --programs` has all combinations. */
const CHOSEN: readonly Build[] = [
  { cpu: 'i386', optimization: '0' },
  { cpu: 'i486', optimization: 's' },
  { cpu: 'pentium', optimization: '3' },
  { cpu: 'pentium2', optimization: '2' },
  { cpu: 'pentium3', optimization: '3' },
  { cpu: 'pentium4', optimization: '2' },
  { cpu: 'pentium4', optimization: '3' },
];

describe('C programs, as a process of this computer and as a guest', function () {
  this.timeout(240_000);

  before(async function () {
    const native = await NativeProcessor.start();
    if (typeof native === 'string') {
      console.log(`    skipped: ${native}`);
      this.skip();
    }
    await native.close();
  });

  for (const build of CHOSEN) {
    it(`print the same, compiled for ${build.cpu} with -O${build.optimization}`, async () => {
      const expected = await runNatively(build);
      assert.match(expected, /^-- sorting\n/);
      assert.match(expected, /\n-- done\n$/);
      // Known answers, so that both sides cannot be wrong alike: FIPS 180-4 "abc", the CRC's check value, 7 queens.
      assert.match(expected, /^ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad$/m);
      assert.match(expected, /^cbf43926 /m);
      assert.match(expected, /^21 40$/m);
      assert.equal(await runAsGuest(build), expected);
    });
  }
});
