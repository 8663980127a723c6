import assert from 'node:assert/strict';
import { Register } from '../../../src/machine/layout';
import { setFlatProtectedMode } from '../../../src/machine/loaders/cpu-setup';
import { RunEnd } from '../../../src/machine/run';
import { Random } from '../compiler/support/random';
import { tieredMachine } from '../compiler/support/tiers';

const CODE = 0x10000;
const AREA = 0x40000;
const AREA_BYTES = 0x6000;

interface Copy {
  readonly opcode: number;
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly down: boolean;
  readonly value: number;
}

const sizeOf = (opcode: number) => (opcode & 1 ? 4 : 1);

/** What the manual says, an element at a time. */
function reference(memory: Uint8Array, { opcode, from, to, count, down, value }: Copy): void {
  const size = sizeOf(opcode);
  const stores = opcode >= 0xaa;
  for (let i = 0; i < count; i++) {
    const step = (down ? -i : i) * size;
    const element = stores
      ? [value, value >>> 8, value >>> 16, value >>> 24].slice(0, size)
      : [...memory.subarray(from + step, from + step + size)];
    memory.set(element, to + step);
  }
}

function check(copy: Copy, slice: number): void {
  const { cpu, memory, loop, clock } = tieredMachine('off');
  const before = Uint8Array.from({ length: AREA_BYTES }, (_, i) => (i * 7) ^ (i >> 8));
  memory.poke(AREA, before);
  memory.poke(CODE, Uint8Array.from([copy.down ? 0xfd : 0xfc, 0xf3, copy.opcode, 0xf4]));
  setFlatProtectedMode({ state: cpu.state, segmentation: cpu.segmentation, memory }, 0, CODE);
  cpu.state.setReg(Register.ESI, AREA + copy.from);
  cpu.state.setReg(Register.EDI, AREA + copy.to);
  cpu.state.setReg(Register.ECX, copy.count);
  cpu.state.setReg(Register.EAX, copy.value);
  for (let end = RunEnd.Budget, asked = 0; end === RunEnd.Budget; ) {
    end = loop.run(slice);
    asked += slice;
    if (end === RunEnd.Budget) assert.equal(clock.instructions, asked);
  }
  reference(before, copy);
  assert.deepEqual(memory.peek(AREA, AREA_BYTES), before);
  const moved = (copy.down ? -1 : 1) * copy.count * sizeOf(copy.opcode);
  assert.equal(cpu.state.reg(Register.EDI), AREA + copy.to + moved);
  assert.equal(cpu.state.reg(Register.ESI), AREA + copy.from + (copy.opcode < 0xaa ? moved : 0));
  assert.equal(cpu.state.reg(Register.ECX), 0);
  // CLD or STD, the elements (REP with none is one instruction), HLT.
  assert.equal(clock.instructions, 2 + Math.max(1, copy.count));
}

describe('REP MOVS and REP STOS', () => {
  it('do and count the same at once as an element at a time', () => {
    const random = new Random(7);
    for (let i = 0; i < 150; i++) {
      const opcode = random.pick([0xa4, 0xa5, 0xaa, 0xab]);
      const down = random.below(4) === 0;
      const near = random.below(3) === 0;
      const from = 0x1000 + random.below(0x2000);
      const to = near ? from + random.below(80) - 40 : 0x1000 + random.below(0x2000);
      const value = random.pick([0, 0x20202020, random.word()]);
      check(
        { opcode, from, to, count: random.below(random.pick([4, 60, 900])), down, value },
        random.pick([1, 10, 100, 5000]),
      );
    }
  });
});
