import assert from 'node:assert/strict';
import type { CpuModel } from '../../../src/machine/isa/form';
import { PREFIX_OPCODES } from '../../../src/machine/isa/table';
import * as layout from '../../../src/machine/layout';
import { FLAGS_ARITHMETIC, Register, SegmentIndex } from '../../../src/machine/layout';
import { setFlatProtectedMode } from '../../../src/machine/loaders/cpu-setup';
import { Random } from '../compiler/support/random';
import { type TieredMachine, tieredMachine, visibleState } from '../compiler/support/tiers';

const CODE = 0x10000;
const RAM = 0x40000;
/** Registers point here, near the end of a page. */
const DATA = 0x20ff8;
const INSTRUCTIONS = 3;
/** Random cases of each opcode. */
const VARIANTS = 16;

/** The same machine twice: quick handlers are out of use while a code breakpoint may be anywhere. */
function machines(model: CpuModel): { quick: TieredMachine; general: TieredMachine } {
  const [quick, general] = [0, 1].map(() => tieredMachine('off', model, RAM));
  general.cpu.state.set(layout.BREAKPOINTS_ON, 1);
  return { quick, general };
}

function ram({ memory }: Pick<TieredMachine, 'memory'>): Buffer {
  return Buffer.from(memory.memory.buffer, layout.RAM_BASE, RAM);
}

/** Sets a machine up with the values that a seed gives, and code of the given opcode over and over. */
function prepare({ cpu, memory }: TieredMachine, key: number, seed: number): void {
  const random = new Random(seed);
  const { state } = cpu;
  setFlatProtectedMode({ state, segmentation: cpu.segmentation, memory }, 0, CODE);
  ram({ memory }).fill(0);
  const opcode = key < 0x100 ? [key] : [0x0f, key & 0xff];
  const code = Array.from({ length: 8 }, () => [
    ...opcode,
    // Registers, memory with a SIB byte, and any ModR/M byte in equal shares.
    random.pick([0xc0 | random.value(), 0x44 | (random.value() & 0xb8), random.value()]) & 0xff,
    ...Array.from({ length: 6 }, () => random.pick([0, 1, 4, 0x24, 0xfc, random.value()]) & 0xff),
  ]).flat();
  memory.poke(CODE, Uint8Array.from(code));
  memory.poke(
    DATA - 0x40,
    Uint8Array.from({ length: 0x80 }, () => random.value()),
  );
  for (let register = 0; register < 8; register++) {
    const pointer = random.below(4) > 0 || register === Number(Register.ESP);
    state.setReg(register, pointer ? DATA + random.below(12) : random.pick([random.value(), random.below(40), -1, 0]));
  }
  state.eflags = (random.value() & FLAGS_ARITHMETIC) | (random.below(4) === 0 ? layout.FLAG_DF : 0) | 2;
  for (const field of [layout.LAZY_RESULT, layout.LAZY_OP1, layout.LAZY_OP2]) state.set(field, random.value());
  state.set(layout.LAZY_SHIFT, random.pick([0, 16, 24]));
  state.set(layout.LAZY_SUB, random.below(2));
  state.set(layout.LAZY_MASK, random.pick([0, FLAGS_ARITHMETIC, random.value() & FLAGS_ARITHMETIC]));
}

describe('quick handlers', function () {
  this.timeout(240_000);

  for (const model of ['386', 'pentium4'] as const) {
    it(`leave the same state as general ones, on a ${model}`, () => {
      const { quick, general } = machines(model);
      for (const { cpu } of [quick, general]) cpu.hooks.exception = () => true;
      for (let key = 0; key < 0x200; key++) {
        if (key < 0x100 && PREFIX_OPCODES.has(key)) continue;
        for (let variant = 0; variant < VARIANTS; variant++) {
          const seed = key * 1000 + variant;
          for (const machine of [quick, general]) {
            machine.loop.cancelFault();
            machine.loop.reset();
            machine.cpu.state.set(layout.HALTED, 0);
            prepare(machine, key, seed);
          }
          assert.equal(quick.cpu.state.get(layout.SEG_FLAT), 15, 'all segments are flat');
          const where = `opcode ${key.toString(16)}, seed ${seed}`;
          const [before, end] = [quick.clock.instructions, general.loop.run(INSTRUCTIONS)];
          assert.equal(quick.loop.run(INSTRUCTIONS), end, where);
          assert.equal(quick.clock.instructions, general.clock.instructions, where);
          assert.ok(quick.clock.instructions <= before + INSTRUCTIONS, where);
          assert.deepEqual(visibleState(quick), visibleState(general), where);
          assert.equal(quick.cpu.state.segmentBase(SegmentIndex.DS), general.cpu.state.segmentBase(SegmentIndex.DS));
          assert.ok(ram(quick).equals(ram(general)), where);
        }
      }
    });
  }
});
