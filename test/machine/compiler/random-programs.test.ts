import assert from 'node:assert/strict';
import { setFlatProtectedMode, setRealMode } from '../../../src/machine/loaders/cpu-setup';
import { SegmentIndex } from '../../../src/machine/layout';
import { RunEnd } from '../../../src/machine/run';
import { CODE, DATA, randomProgram, STACK } from './support/programs';
import { Random } from './support/random';
import { EAGER, ramHash, type TieredMachine, tieredMachine, visibleState } from './support/tiers';

type Mode = 'flat' | 'real';

/** Real mode reads the same bytes as other instructions: they do anything, the same in both tiers. */
function start({ cpu, memory }: TieredMachine, mode: Mode): void {
  const target = { state: cpu.state, segmentation: cpu.segmentation, memory };
  if (mode === 'flat') {
    setFlatProtectedMode(target, 0, CODE);
    return;
  }
  setRealMode(target, CODE >> 4, 0, 0xfff0);
  cpu.segmentation.setReal(SegmentIndex.SS, STACK >> 4);
  for (const segment of [SegmentIndex.DS, SegmentIndex.ES]) cpu.segmentation.setReal(segment, DATA >> 4);
}

/** Most slices of a program; some never end. */
const SLICES = 60;

/** Runs one random program in both tiers, in slices of the same random lengths, and compares after each. */
function compareTiers(seed: number, mode: Mode): number {
  const random = new Random(seed);
  const program = randomProgram(random, 20 + random.below(40), 3 + random.below(30));
  const data = Uint8Array.from({ length: 0x3000 }, () => random.value());
  const machines = [tieredMachine('off'), tieredMachine(EAGER)];
  for (const machine of machines) {
    machine.memory.poke(CODE, program);
    machine.memory.poke(DATA, data);
    start(machine, mode);
    machine.cpu.hooks.exception = () => true;
  }
  const [plain, compiled] = machines;
  for (let slice = 0; slice < SLICES; slice++) {
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
  return compiled.tier?.compilations ?? 0;
}

describe('compiled tier: random programs', function () {
  this.timeout(240_000);

  it('leaves the same state as the interpreter after every slice', () => {
    let regions = 0;
    for (let seed = 1; seed <= 40; seed++) regions += compareTiers(seed, 'flat');
    assert.ok(regions > 200, `${regions} regions compiled`);
  });

  it('does so in real mode', () => {
    let regions = 0;
    for (let seed = 1; seed <= 8; seed++) regions += compareTiers(seed, 'real');
    assert.ok(regions > 20, `${regions} regions compiled`);
  });
});
