import assert from 'node:assert/strict';
import { Register } from '../../../src/machine/layout';
import { FLAT_GDT, setFlatProtectedMode } from '../../../src/machine/loaders/cpu-setup';
import { RunEnd } from '../../../src/machine/run';
import { CODE, STACK } from './support/programs';
import { type TieredMachine, tieredMachine, visibleState } from './support/tiers';

const LOOPS = 40;
const ROUNDS = 6;
const dword = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];

/** Loops one after the other, each at a hot place of its own; and round again: mov edx, ROUNDS; …; dec edx; jnz; hlt. */
function program(): number[] {
  const loops = Array.from({ length: LOOPS }, (_, i) => [
    ...[0xb9, ...dword(50)], // mov ecx, 50
    ...[0x05, ...dword(i + 1)], // top: add eax, i + 1
    ...[0xd1, 0xc0, 0x49, 0x75, 0xf6], // rol eax, 1; dec ecx; jnz top
  ]).flat();
  const back = [0x4a, 0x0f, 0x85, ...dword(-(loops.length + 7))];
  return [0xba, ...dword(ROUNDS), ...loops, ...back, 0xf4];
}

function run(options: Parameters<typeof tieredMachine>[0]): TieredMachine {
  const machine = tieredMachine(options);
  const { cpu, memory, loop } = machine;
  memory.poke(CODE, Uint8Array.from(program()));
  memory.poke(0, FLAT_GDT);
  setFlatProtectedMode({ state: cpu.state, segmentation: cpu.segmentation, memory }, 0, CODE);
  cpu.state.setReg(Register.ESP, STACK);
  assert.equal(loop.run(1e9), RunEnd.Dead);
  return machine;
}

describe('compiled tier: memory', () => {
  const plain = () => run('off');

  it('drops the oldest code where there is too much, and compiles it anew when it is hot again', () => {
    const roomy = run({ threshold: 3 });
    const tight = run({ threshold: 3, maxBytes: 400_000 });
    const expected = plain();
    for (const machine of [roomy, tight]) {
      assert.deepEqual(visibleState(machine), visibleState(expected));
      assert.equal(machine.clock.instructions, expected.clock.instructions);
    }
    assert.ok(roomy.tier && tight.tier);
    assert.ok(roomy.tier.size >= LOOPS, `${roomy.tier.size} regions`);
    assert.ok(tight.tier.size < LOOPS / 2, `${tight.tier.size} regions`);
    assert.ok(tight.tier.compilations > roomy.tier.compilations, `${tight.tier.compilations} compilations`);
  });

  it('goes on where there is room for a single region only', () => {
    const machine = run({ threshold: 3, maxBytes: 1 });
    assert.deepEqual(visibleState(machine), visibleState(plain()));
    assert.equal(machine.tier?.size, 1);
  });
});
