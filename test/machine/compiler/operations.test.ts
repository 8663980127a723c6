import assert from 'node:assert/strict';
import { Fault, Vector } from '../../../src/machine/cpu/fault';
import type { IoQualification } from '../../../src/machine/cpu/intercepts';
import { FLAG_IF, Register } from '../../../src/machine/layout';
import { FLAT_GDT, setFlatProtectedMode } from '../../../src/machine/loaders/cpu-setup';
import { RunEnd } from '../../../src/machine/run';
import { CODE, DATA, STACK } from './support/programs';
import { EAGER, type TieredMachine, tieredMachine, visibleState } from './support/tiers';

const dword = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];

const ROUNDS = 50;

/** mov ecx, ROUNDS; top: body; dec ecx; jnz top; hlt */
function loop(body: readonly number[]): number[] {
  return [0xb9, ...dword(ROUNDS), ...body, 0x49, 0x0f, 0x85, ...dword(-(body.length + 7)), 0xf4];
}

function load(code: readonly number[], options: Parameters<typeof tieredMachine>[0]): TieredMachine {
  const machine = tieredMachine(options);
  const { cpu, memory } = machine;
  memory.poke(CODE, Uint8Array.from(code));
  memory.poke(0, FLAT_GDT);
  setFlatProtectedMode({ state: cpu.state, segmentation: cpu.segmentation, memory }, 0, CODE);
  cpu.state.setReg(Register.ESP, STACK);
  return machine;
}

/** Runs a program in both tiers in slices and compares them after each; gives the machines back. */
function compare(
  code: readonly number[],
  prepare: (machine: TieredMachine) => void = () => undefined,
): readonly [TieredMachine, TieredMachine] {
  const [plain, compiled] = [load(code, 'off'), load(code, EAGER)];
  for (const machine of [plain, compiled]) prepare(machine);
  for (let end = RunEnd.Budget, slice = 1; end === RunEnd.Budget; slice = (slice % 23) + 1) {
    end = plain.loop.run(slice);
    assert.equal(compiled.loop.run(slice), end);
    assert.equal(compiled.clock.instructions, plain.clock.instructions);
    assert.deepEqual(visibleState(compiled), visibleState(plain));
  }
  assert.ok((compiled.tier?.compilations ?? 0) > 0, 'nothing was compiled');
  return [plain, compiled];
}

/** add eax, ecx; out 0xed, al; in al, dx; out dx, eax; out dx, ax; in ax, 0x60 */
const ACCESSES = [0x01, 0xc8, 0xe6, 0xed, 0xec, 0xef, 0x66, 0xef, 0x66, 0xe5, 0x60];

describe('compiled tier: operations', () => {
  it('gives port accesses the same registers, flags and moment, and takes the accumulator from them', () => {
    compare(loop(ACCESSES));
    const seen = new Map<TieredMachine, unknown[]>();
    const machines = compare(loop(ACCESSES), (machine) => {
      const { cpu, clock } = machine;
      const accesses: unknown[] = [];
      seen.set(machine, accesses);
      cpu.intercepts = {
        io: (qualification: IoQualification) => {
          accesses.push([{ ...qualification }, visibleState(machine), cpu.state.eipStart, clock.instructions]);
          if (qualification.direction === 'in') cpu.state.setReg8(Register.EAX, accesses.length);
        },
      };
    });
    const [plain, compiled] = machines.map((machine) => seen.get(machine) ?? []);
    assert.equal(plain.length, 5 * ROUNDS);
    assert.deepEqual(compiled, plain);
  });

  it('takes all registers anew after a hypercall by a port', () => {
    // add ebx, 1; in eax, dx; add esi, ebx
    const [, { cpu }] = compare(loop([0x83, 0xc3, 1, 0xed, 0x01, 0xde]), ({ cpu: { state }, cpu: target }) => {
      target.intercepts = {
        backdoor: () => {
          state.setReg(Register.EBX, state.reg(Register.EBX) + 100);
          return true;
        },
      };
    });
    assert.equal(cpu.state.reg(Register.EBX), 101 * ROUNDS);
  });

  it('leaves before a refused access, which is not counted', () => {
    const [plain, compiled] = compare(loop([0x40, 0xe6, 0xed]), ({ cpu, clock }) => {
      cpu.intercepts = {
        io: () => {
          if (clock.instructions > 60) throw new Fault(Vector.GP, 0);
        },
      };
    });
    // Without a table of handlers the machine shuts down: where the fault was.
    assert.equal(compiled.cpu.state.eipStart, plain.cpu.state.eipStart);
    assert.ok(plain.cpu.state.reg(Register.ECX) > 0);
  });

  it('goes on with a repeated string where a slice has cut it', () => {
    // push ecx; mov ecx, 9; mov esi, DATA; mov edi, DATA + 64; rep outsb; mov cl, 5; rep insb; pop ecx
    const strings = [0x51, 0xb9, ...dword(9), 0xbe, ...dword(DATA), 0xbf, ...dword(DATA + 64), 0xf3, 0x6e];
    compare(loop([...strings, 0xb1, 5, 0xf3, 0x6c, 0x59]));
  });

  it('executes what a string has stored over the running loop', () => {
    // mov edi, TARGET + 1; insb; TARGET: add al, imm8
    const target = CODE + 5 + 6 + 1;
    const [plain, compiled] = compare(loop([0xbf, ...dword(target), 0x6c, 0x04, 0]));
    const sum = (ROUNDS * (ROUNDS + 1)) / 2;
    assert.equal(plain.cpu.state.reg8(Register.EAX), sum & 0xff);
    assert.equal(compiled.cpu.state.reg8(Register.EAX), sum & 0xff);
  });

  it('keeps, clears and restores the interrupt flag in place', () => {
    // pushf; cli; add eax, ecx; popf; pushfw; pop bx; push dword 0x46; popf
    const body = [0x9c, 0xfa, 0x01, 0xc8, 0x9d, 0x66, 0x9c, 0x66, 0x5b, 0x68, ...dword(0x46), 0x9d];
    for (const flags of [2, 2 | FLAG_IF]) {
      const [, { cpu }] = compare(loop(body), (machine) => {
        machine.cpu.state.eflags = flags;
      });
      assert.equal(cpu.state.systemFlag(FLAG_IF), false);
    }
    // sti; pushf; cli; popf: interrupts come at the same instruction.
    compare(loop([0xfb, 0x9c, 0xfa, 0x9d]));
  });
});
