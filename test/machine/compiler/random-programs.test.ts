import assert from 'node:assert/strict';
import { setFlatProtectedMode } from '../../../src/machine/loaders/cpu-setup';
import { RunEnd } from '../../../src/machine/run';
import { CODE, DATA, randomProgram } from './support/programs';
import { Random } from './support/random';
import { EAGER, ramHash, tieredMachine, visibleState } from './support/tiers';

/** Runs one random program in both tiers, in slices of the same random lengths, and compares after each. */
function compareTiers(seed: number): number {
  const random = new Random(seed);
  const program = randomProgram(random, 20 + random.below(40), 3 + random.below(30));
  const data = Uint8Array.from({ length: 0x3000 }, () => random.value());
  const machines = [tieredMachine('off'), tieredMachine(EAGER)];
  for (const { cpu, memory } of machines) {
    memory.poke(CODE, program);
    memory.poke(DATA, data);
    setFlatProtectedMode({ state: cpu.state, segmentation: cpu.segmentation, memory }, 0, CODE);
    cpu.hooks.exception = () => true;
  }
  const [plain, compiled] = machines;
  for (let slice = 0; ; slice++) {
    const instructions = 1 + random.below(random.pick([3, 50, 3000]));
    const expected = plain.loop.run(instructions);
    const actual = compiled.loop.run(instructions);
    const where = `seed ${seed}, slice ${slice}`;
    assert.equal(actual, expected, where);
    assert.equal(compiled.clock.instructions, plain.clock.instructions, where);
    assert.deepEqual(visibleState(compiled), visibleState(plain), where);
    if (expected !== RunEnd.Budget) break;
  }
  assert.equal(ramHash(compiled), ramHash(plain), `seed ${seed}`);
  return compiled.tier?.size ?? 0;
}

describe('compiled tier: random programs', () => {
  it('leaves the same state as the interpreter after every slice', () => {
    let regions = 0;
    for (let seed = 1; seed <= 150; seed++) regions += compareTiers(seed);
    assert.ok(regions > 150, `${regions} regions compiled`);
  });
});
