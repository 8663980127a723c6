import assert from 'node:assert/strict';
import { CR0_NE, CR0_TS } from '../../../src/machine/cpu/control-bits';
import * as layout from '../../../src/machine/layout';
import { setFlatProtectedMode } from '../../../src/machine/loaders/cpu-setup';
import { RunEnd } from '../../../src/machine/run';
import { CODE, DATA, STACK } from './support/programs';
import { Random } from './support/random';
import { CONTROL_WORDS, CONTROLS, dword, x87Operands, X87Program } from './support/x87-programs';
import { EAGER, ramHash, type TieredMachine, tieredMachine, visibleState } from './support/tiers';

/** [esi + n] with ESI at DATA: any alignment, the end of a page among them. */
const memory = (random: Random, digit: number): number[] => [
  0x80 | (digit << 3) | 6,
  ...dword(random.pick([random.below(64) * 8, random.below(0x200), 0xff0 + random.below(32)])),
];
const register = (random: Random, digit: number): number => 0xc0 | (digit << 3) | random.below(3);

const LOADS = [0xd9, 0xdb, 0xdd, 0xdf];
const GROUPS = [0xd8, 0xda, 0xdc, 0xde];

/** One x87 instruction, or a few that belong together. */
function instruction(random: Random): number[] {
  switch (random.below(14)) {
    case 0:
    case 1:
      return [random.pick(LOADS), ...memory(random, 0)];
    case 2:
    case 3:
    case 4:
      return [random.pick(GROUPS), ...memory(random, random.below(8))];
    case 5:
    case 6:
      return [random.pick([0xd8, 0xdc, 0xde]), register(random, random.pick([0, 1, 4, 5, 6, 7]))];
    case 7:
      return [random.pick(LOADS), ...memory(random, random.pick([2, 3]))];
    case 8:
      return [0xd9, random.pick([0xe0, 0xe1, 0xe8, 0xee, 0xfa, 0xfc, 0xfd, 0xe5, 0xe4, 0xd0])];
    case 9:
      return [0xd9, random.pick([register(random, 0), register(random, 1)])];
    case 10:
      return [0xdd, register(random, random.pick([0, 2, 3, 4, 5]))];
    case 11:
      // FCOM and FUCOM, then FNSTSW AX and SAHF; FCOMI, FUCOMI.
      return random.pick([
        [0xd8, register(random, 2), 0xdf, 0xe0, 0x9e],
        [0xda, 0xe9, 0xdf, 0xe0],
        [0xdb, register(random, random.pick([5, 6]))],
      ]);
    case 12:
      return [random.pick([0xda, 0xdb]), register(random, random.below(4))];
    default:
      // fnstcw [esi+..]; fldcw [..] of a word that is there; fninit; wait
      return random.pick([
        [0xd9, ...memory(random, 7)],
        [0xd9, 0x2d, ...dword(DATA + 0x3000 + 2 * random.below(8))],
        [0x9b],
        [0xdb, 0xe3],
        [0xdb, 0xe2],
      ]);
  }
}

/** Control words, at times with unmasked exceptions. */
const SOME_UNMASKED = [...CONTROLS.slice(0, 7), 0x35f];

function program(random: Random, length: number): number[] {
  // mov esi, DATA; mov ecx, rounds; top:
  const head = [0xbe, ...dword(DATA), 0xb9, ...dword(6)];
  const body = Array.from({ length }, () => instruction(random)).flat();
  // dec ecx; jnz top; hlt
  const back = -(body.length + 7);
  return [...head, ...body, 0x49, 0x0f, 0x85, ...dword(back), 0xf4];
}

/** How many orderly programs are run: many thousands where that is asked for. */
const PROGRAMS = Number(process.env.X87_PROGRAMS ?? 25);

/** A loop around statements that keep the stack in order, with routines that they call from any depth. */
function orderly(random: Random): number[] {
  const head = [0xbe, ...dword(DATA), 0xb9, ...dword(8 + random.below(8))];
  const subroutines: number[] = [];
  const routines: number[] = [];
  // jmp over the routines
  const start = CODE + head.length + 5;
  for (let i = 0; i < 2; i++) {
    subroutines.push(start + routines.length);
    routines.push(...new X87Program(random).subroutine());
  }
  const body = new X87Program(random).body(6 + random.below(40), subroutines, start + routines.length);
  const over = [0xe9, ...dword(routines.length)];
  return [...head, ...over, ...routines, ...body, 0x49, 0x0f, 0x85, ...dword(-(body.length + 7)), 0xf4];
}

/** The whole state of the x87, and the rest. */
function state(machine: TieredMachine): Record<string, string> {
  const { u8 } = machine.cpu.state;
  const fpu = u8.subarray(layout.FPU_REGS, layout.FPU_SCRATCH);
  return { ...visibleState(machine), fpu: Buffer.from(fpu).toString('hex') };
}

function machines(
  code: readonly number[],
  data: Uint8Array,
  controls: readonly number[] = SOME_UNMASKED,
): TieredMachine[] {
  return (['off', EAGER] as const).map((options) => {
    const machine = tieredMachine(options);
    const { cpu, memory: ram } = machine;
    ram.poke(CODE, Uint8Array.from(code));
    ram.poke(DATA, data);
    ram.poke(CONTROL_WORDS, Uint8Array.from(controls.flatMap((word) => [word & 0xff, word >> 8])));
    setFlatProtectedMode({ state: cpu.state, segmentation: cpu.segmentation, memory: ram }, 0, CODE);
    cpu.state.setReg(layout.Register.ESP, STACK);
    cpu.state.set(layout.FPU_CONTROL, 0x37f);
    cpu.state.set(layout.FPU_EMPTY, 0xff);
    machine.cpu.hooks.exception = () => true;
    return machine;
  });
}

function assertSame([plain, compiled]: TieredMachine[], random: Random, where: string): void {
  for (let slice = 0; slice < 40; slice++) {
    const instructions = 1 + random.below(random.pick([3, 20, 400]));
    const expected = plain.loop.run(instructions);
    const place = `${where}, slice ${slice}`;
    assert.equal(compiled.loop.run(instructions), expected, place);
    assert.equal(compiled.clock.instructions, plain.clock.instructions, place);
    assert.deepEqual(state(compiled), state(plain), place);
    if (expected !== RunEnd.Budget) break;
  }
  assert.equal(ramHash(compiled), ramHash(plain), where);
}

/** Operands that occur: singles, doubles and integers of moderate size, and anything. */
function operands(random: Random): Uint8Array {
  const data = Uint8Array.from({ length: 0x2000 }, () => random.below(256));
  const view = new DataView(data.buffer);
  for (let at = 0; at < 0x1800; at += 8) {
    const value = (random.below(2001) - 1000) / random.pick([1, 2, 3, 7, 1024]);
    const kind = random.below(4);
    if (kind === 0) view.setFloat64(at, value, true);
    else if (kind === 1) view.setFloat32(at, value, true);
    else if (kind === 2) view.setInt32(at, value, true);
  }
  return data;
}

describe('compiled tier: x87', function () {
  this.timeout(240_000);

  it('leaves the same registers, flags and memory as the interpreter', () => {
    let regions = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const random = new Random(seed * 7919);
      const pair = machines(program(random, 4 + random.below(25)), operands(random));
      assertSame(pair, random, `seed ${seed}`);
      regions += pair[1].tier?.compilations ?? 0;
    }
    assert.ok(regions > 40, `${regions} regions compiled`);
  });

  it('does what compilers write as the interpreter does, exact to the bit', () => {
    let [regions, interpreted] = [0, 0];
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const random = new Random(seed * 104729);
      const pair = machines(orderly(random), x87Operands(random), CONTROLS);
      assertSame(pair, random, `seed ${seed}`);
      regions += pair[1].tier?.compilations ?? 0;
      interpreted += pair[0].clock.instructions;
    }
    assert.ok(regions > PROGRAMS, `${regions} regions compiled`);
    assert.ok(interpreted > PROGRAMS * 100, `${interpreted} instructions`);
  });

  it('leaves instructions to the interpreter while TS is set or an exception is not masked', () => {
    for (const prepare of [
      ({ cpu }: TieredMachine) => cpu.state.set(layout.CR, cpu.state.get(layout.CR) | CR0_TS),
      ({ cpu }: TieredMachine) => {
        cpu.state.set(layout.CR, cpu.state.get(layout.CR) | CR0_NE);
        cpu.state.set(layout.FPU_CONTROL, 0x37b);
      },
    ]) {
      // mov ecx, 50; fldz; fld1; fdiv st, st(1); fstp st(0); fstp st(0); dec ecx; jnz; hlt
      const body = [0xd9, 0xee, 0xd9, 0xe8, 0xd8, 0xf1, 0xdd, 0xd8, 0xdd, 0xd8, 0x49];
      const pair = machines([0xb9, ...dword(50), ...body, 0x75, -(body.length + 2) & 0xff, 0xf4], new Uint8Array(16));
      pair.forEach(prepare);
      assertSame(pair, new Random(5), 'fault');
      assert.notEqual(pair[1].cpu.state.get(layout.FAULT), 0);
    }
  });
});
