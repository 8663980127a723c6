import assert from 'node:assert/strict';
import { x87Forms } from '../../../src/machine/isa/forms/x87';
import type { Form } from '../../../src/machine/isa/form';
import { TRANSCENDENTALS } from '../../../src/machine/fpu/functions';
import { Random } from '../../differential/support/random';
import type { X87Case } from './support/case';
import { dependsOnProcessor, differences } from './support/compare';
import { EmulatedX87 } from './support/emulated';
import { type Setup, x87Case } from './support/generator';
import { NativeX87 } from './support/native';

/** Results of these may differ in the last place from processor to processor: `transcendental/` has tests of their own. */
const APPROXIMATE: ReadonlySet<string> = new Set(TRANSCENDENTALS);
/** Their image has MXCSR and XMM too. */
const WITH_SSE = new Set(['FXSAVE', 'FXRSTOR']);
/** What loads control words, stores pointers or leaves C1 as the processor likes makes no part of a sequence. */
const ALONE = /^(FLDCW|FLDENV|FRSTOR|FNSTENV|FNSAVE|FU?COMIP?)$/;

const FORMS = x87Forms()
  .filter(({ mnemonic }) => !APPROXIMATE.has(mnemonic) && !WITH_SSE.has(mnemonic))
  .filter((form) => form.mnemonic !== 'FSTP1' || !dependsOnProcessor(form));

interface Trial {
  readonly forms: readonly Form[];
  readonly test: X87Case;
}

describe('x87 instructions, next to the processor of this computer', function () {
  this.timeout(120_000);
  let native: NativeX87;

  before(async function () {
    const started = await NativeX87.start();
    if (typeof started === 'string') {
      console.log(`    skipped: ${started}`);
      this.skip();
    }
    native = started;
  });

  async function compare(trials: readonly Trial[]): Promise<void> {
    const outcomes = await native.run(trials.map(({ test }) => test));
    const emulated = new EmulatedX87();
    const found = trials.map(({ forms, test }, i) => differences(test, forms, outcomes[i], emulated.run(test)));
    const bad = found.filter((lines) => lines.length > 0);
    const reports = bad.slice(0, 4).map((lines) => lines.join('\n      '));
    assert.equal(bad.length, 0, `${bad.length} of ${trials.length} cases differ\n    ${reports.join('\n    ')}`);
  }

  function single(setup: Setup, seed: number, times: number): Trial[] {
    return FORMS.flatMap((form, number) =>
      Array.from({ length: times }, (_, i) => {
        const random = new Random(seed + number * times + i);
        return { forms: [form], test: x87Case(random, [form], { ...setup, full: i % 4 !== 0 }) };
      }),
    );
  }

  it('leave the same state with all exceptions masked', async () => {
    await compare(single({ unmasked: false, full: true }, 1, 50));
  });

  it('leave the same state when an exception is not masked', async () => {
    await compare(single({ unmasked: true, full: true }, 100_000, 50));
  });

  it('leave the same state in sequences', async () => {
    const forms = FORMS.filter(({ mnemonic }) => !ALONE.test(mnemonic)).filter((form) => !dependsOnProcessor(form));
    const trials = Array.from({ length: 3000 }, (_, i): Trial => {
      const random = new Random(200_000 + i);
      const sequence = Array.from({ length: random.between(2, 8) }, () => random.pick(forms));
      return { forms: sequence, test: x87Case(random, sequence, { unmasked: false, full: random.chance(0.7) }) };
    });
    await compare(trials);
  });

  it('see the same stack faults of transcendental functions', async () => {
    // With every register empty nothing is computed; with every one in use the functions that push overflow.
    const forms = x87Forms().filter(({ mnemonic }) => APPROXIMATE.has(mnemonic));
    const pushing = /^(FPTAN|FSINCOS)$/;
    const trials = forms.flatMap((form, number) =>
      Array.from({ length: 40 }, (_, i): Trial => {
        const test = x87Case(new Random(300_000 + number * 40 + i), [form], { unmasked: i % 2 === 1, full: true });
        const full = pushing.test(form.mnemonic) && i % 4 < 2;
        test.image.writeUInt32LE(full ? 0 : 0xffff, 8);
        return { forms: [form], test };
      }),
    );
    await compare(trials);
  });
});
