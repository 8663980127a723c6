import assert from 'node:assert/strict';
import { Vector } from '../../../../src/machine/cpu/fault';
import { compareCases } from './support/campaign';
import { NO_TRAP } from './support/case';
import { differences } from './support/compare';
import { EmulatedVectors } from './support/emulated';
import { CANDIDATES, caseOf } from './support/generator';
import { NativeVectors } from './support/native';
import { Random } from '../../../differential/support/random';

/** Cases of each form on each of its sides; VECTOR_CASES=300 makes the long run. */
const CASES = Number(process.env.VECTOR_CASES ?? 24);
const SEED = Number(process.env.VECTOR_SEED ?? 1);

describe('vector instructions, next to the processor of this computer', function () {
  this.timeout(600_000);
  let native: NativeVectors;
  const emulated = new EmulatedVectors();

  before(async function () {
    const built = await NativeVectors.build();
    if (typeof built === 'string') {
      console.log(`    skipped: ${built}`);
      this.skip();
    }
    native = built;
  });

  it('have the same outcome in generated cases', () => {
    const reports: string[] = [];
    const traps = new Map<number, number>();
    let differing = 0;
    for (const [number, candidate] of CANDIDATES.entries()) {
      const tally = compareCases(native, emulated, candidate, CASES, SEED * 1000 + number);
      differing += tally.differing.length;
      reports.push(...tally.differing.slice(0, 1));
      for (const [trap, times] of tally.traps) traps.set(trap, (traps.get(trap) ?? 0) + times);
    }
    assert.equal(differing, 0, `${differing} cases differ\n${reports.slice(0, 8).join('\n')}`);
    const expected = [NO_TRAP, Vector.GP, Vector.PF, Vector.MF, Vector.XM];
    assert.deepEqual(
      [...traps.keys()].sort((a, b) => a - b),
      expected.sort((a, b) => a - b),
      'exceptions that came up',
    );
  });

  it('are told apart in every part of their outcome', () => {
    const candidate = CANDIDATES.find(({ name }) => name.startsWith('PADDW (66')) as (typeof CANDIDATES)[number];
    const test = caseOf(new Random(3), candidate);
    const [outcome] = native.run([test]);
    assert.deepEqual(differences(outcome, emulated.run(test)), []);
    const flipped = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
    const altered = [
      ...[0, 2, 4, 24, 32, 152, 160, 287].map((at) => ({ ...outcome, image: flipped(outcome.image, at) })),
      { ...outcome, registers: outcome.registers.map((value, i) => (i === 7 ? value ^ 1 : value)) },
      { ...outcome, eflags: outcome.eflags ^ 0x10 },
      { ...outcome, trap: Vector.PF },
      { ...outcome, operands: flipped(outcome.operands, 95) },
    ];
    for (const other of altered) assert.equal(differences(other, emulated.run(test)).length, 1);
  });
});
