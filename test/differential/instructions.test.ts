import assert from 'node:assert/strict';
import { Vector } from '../../src/machine/cpu/fault';
import { Campaign } from './support/campaign';
import { describeCase, differences } from './support/compare';
import { EmulatedProcessor } from './support/emulated';
import { CANDIDATES, caseOf } from './support/generator';
import { SEGMENTS } from './support/layout';
import { NativeProcessor } from './support/native';
import { Random } from './support/random';

/** Enough that every instruction has its turn. The long run is `npm run differential`. */
const CASES = 6000;

describe('instructions, next to the processor of this computer', function () {
  this.timeout(120_000);
  let native: NativeProcessor;

  before(async function () {
    const started = await NativeProcessor.start();
    if (typeof started === 'string') {
      console.log(`    skipped: ${started}`);
      this.skip();
    }
    native = started;
  });

  after(() => native?.close());

  it('have the same outcome in generated cases', async () => {
    const campaign = new Campaign(native);
    const { findings, mnemonics, vectors, compared } = await campaign.run(1, CASES);
    const reports: string[] = [];
    for (const finding of findings.slice(0, 3)) {
      const small = await campaign.shrink(finding);
      reports.push(`seed ${small.seed}: ${describeCase(small.test)}\n    ${small.differences.join('\n    ')}`);
    }
    assert.equal(findings.length, 0, `${findings.length} of ${compared} cases differ\n${reports.join('\n')}`);
    assert.ok(compared > CASES * 0.9, `${compared} of ${CASES} cases were comparable`);
    const missing = CANDIDATES.filter(({ mnemonic }) => !mnemonics.has(mnemonic)).map(({ mnemonic }) => mnemonic);
    assert.deepEqual(missing, [], 'instructions that no case has tried');
    const expected = [Vector.DE, Vector.BP, Vector.OF, Vector.BR, Vector.UD, Vector.GP, Vector.PF];
    if (native.segments.size === SEGMENTS.length) expected.push(Vector.NP, Vector.SS);
    assert.deepEqual(
      expected.filter((vector) => !vectors.has(vector)),
      [],
      'exceptions that no case has raised',
    );
  });

  it('are told apart in every part of their outcome', async () => {
    const grounds = { windows: native.windows, segments: native.segments };
    const test = caseOf(
      new Random(7),
      grounds,
      CANDIDATES.filter(({ mnemonic }) => mnemonic === 'PUSHA'),
    );
    const emulated = new EmulatedProcessor(native.windows, native.segments).run(test);
    const [outcome] = await native.run([test]);
    assert.deepEqual(differences(test, outcome, emulated), []);
    assert.ok(outcome.changes.size > 0);
    const registers = outcome.registers.map((value, i) => (i === 3 ? value ^ 0x10000 : value));
    const altered = [
      { ...outcome, registers },
      { ...outcome, trap: outcome.trap + 1 },
      { ...outcome, eip: outcome.eip + 1 },
      { ...outcome, eflags: outcome.eflags ^ 0x10 },
      { ...outcome, selectors: outcome.selectors.map((value) => value ^ 8) },
      { ...outcome, changes: new Map() },
    ];
    for (const other of altered) assert.notDeepEqual(differences(test, other, emulated), []);
  });
});
