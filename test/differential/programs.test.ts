import assert from 'node:assert/strict';
import { NativeProcessor } from './support/native';
import { type Build, buildName, hasGcc, runAsGuest, runNatively } from './support/programs';

/** Every processor and every optimization once; `npm run differential -- --programs` has all combinations. */
const CHOSEN: readonly Build[] = [
  { cpu: 'i386', optimization: '0' },
  { cpu: 'i486', optimization: 's' },
  { cpu: 'pentium', optimization: '3' },
  { cpu: 'pentium2', optimization: '2' },
  { cpu: 'pentium3', optimization: '3' },
  { cpu: 'pentium4', optimization: '2' },
  { cpu: 'pentium4', optimization: '3' },
  { cpu: 'i386', optimization: '2', compiler: 'gcc' },
  { cpu: 'pentium3', optimization: '3', compiler: 'gcc' },
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
    it(`print the same, compiled by ${buildName(build)}`, async function () {
      if (build.compiler === 'gcc' && !(await hasGcc())) {
        console.log('      skipped: there is no gcc that makes 32-bit programs');
        this.skip();
      }
      const expected = await runNatively(build);
      assert.match(expected, /^-- sorting\n/);
      assert.match(expected, /\n-- done\n$/);
      // Known answers, so that both sides cannot be wrong alike: FIPS 180-4 "abc", the CRC's check value, 7 queens;
      assert.match(expected, /^ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad$/m);
      assert.match(expected, /^cbf43926 /m);
      assert.match(expected, /^21 40$/m);
      // RFC 1321 "abc", 8 queens.
      assert.match(expected, /^900150983cd24fb0d6963f7d28e17f72 abc$/m);
      assert.match(expected, /^8 queens: 92$/m);
      assert.ok([...expected.matchAll(/^-- /gm)].length > 35);
      assert.equal(await runAsGuest(build), expected);
    });
  }
});
