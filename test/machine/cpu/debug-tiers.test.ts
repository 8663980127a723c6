import assert from 'node:assert/strict';
import * as layout from '../../../src/machine/layout';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import { FLAT_GDT, setFlatProtectedMode } from '../../../src/machine/loaders/cpu-setup';
import { RunEnd } from '../../../src/machine/run';
import { EAGER, ramHash, type TieredMachine, tieredMachine, visibleState } from '../compiler/support/tiers';
import { dword } from './runner';

const CODE = 0x10000;
const HANDLER = 0x11000;
const DATA = 0x20010;
const STACK = 0x30000;
const IDT = 0x3000;

/** mov ecx, 50; top: inc eax; mov [DATA], eax; dec ecx; jnz top; hlt */
const LOOP = [0xb9, ...dword(50), 0x40, 0xa3, ...dword(DATA), 0x49, 0x75, 0xf7, 0xf4];
const TOP = CODE + 5;

function load(tier: Parameters<typeof tieredMachine>[0], prepare: (machine: TieredMachine) => void): TieredMachine {
  const machine = tieredMachine(tier, 'pentium3');
  const { cpu, memory } = machine;
  memory.poke(0, FLAT_GDT);
  memory.poke(CODE, Uint8Array.from(LOOP));
  // inc edx; or dword [esp + 8], RF; iret
  memory.poke(HANDLER, Uint8Array.from([0x42, 0x81, 0x4c, 0x24, 0x08, ...dword(layout.FLAG_RF), 0xcf]));
  setFlatProtectedMode({ state: cpu.state, segmentation: cpu.segmentation, memory }, 0, CODE);
  const selector = cpu.state.selector(SegmentIndex.CS);
  memory.poke(IDT + 8, Uint8Array.from([...dword((selector << 16) | (HANDLER & 0xffff)), ...dword(0x18e00)]));
  cpu.state.set(layout.IDTR_BASE, IDT);
  cpu.state.set(layout.IDTR_LIMIT, 0x7ff);
  cpu.state.setReg(Register.ESP, STACK);
  cpu.state.setReg(Register.EDX, 0);
  prepare(machine);
  return machine;
}

/** Runs the loop in both tiers, in slices of any size; everything has to be the same. Gives how often #DB came. */
function debugTraps(prepare: (machine: TieredMachine) => void, slice: number): number {
  const [plain, compiled] = (['off', EAGER] as const).map((tier) => load(tier, prepare));
  for (let end = RunEnd.Budget; end === RunEnd.Budget; ) {
    end = plain.loop.run(slice);
    assert.equal(compiled.loop.run(slice), end);
    assert.deepEqual(visibleState(compiled), visibleState(plain));
    assert.equal(compiled.clock.instructions, plain.clock.instructions);
  }
  assert.equal(ramHash(compiled), ramHash(plain));
  assert.equal(compiled.cpu.state.dr(6), plain.cpu.state.dr(6));
  return plain.cpu.state.reg(Register.EDX);
}

describe("the guest's breakpoints in compiled code", () => {
  for (const slice of [1, 3, 1000]) {
    it(`trap after every store to a watched place, ${slice} instructions at a time`, () => {
      const watch = ({ cpu }: TieredMachine): void => {
        cpu.operations.writeDebug(0, DATA);
        cpu.operations.writeDebug(7, 0xd0002);
      };
      assert.equal(debugTraps(watch, slice), 50);
    });

    it(`stop before an instruction of the loop, ${slice} instructions at a time`, () => {
      const stop = ({ cpu }: TieredMachine): void => {
        cpu.operations.writeDebug(0, TOP);
        cpu.operations.writeDebug(7, 2);
      };
      assert.equal(debugTraps(stop, slice), 50);
    });
  }

  it('begin and end while the loop is compiled', () => {
    const counts = (['off', EAGER] as const).map((tier) => {
      const machine = load(tier, () => undefined);
      machine.loop.run(41);
      machine.cpu.operations.writeDebug(1, DATA);
      machine.cpu.operations.writeDebug(7, 0xd00008);
      machine.loop.run(60);
      machine.cpu.operations.writeDebug(7, 0);
      assert.equal(machine.loop.run(1000), RunEnd.Dead);
      if (machine.tier) assert.ok(machine.tier.compilations > 0, 'nothing was compiled');
      return [machine.cpu.state.reg(Register.EDX), machine.cpu.state.reg(Register.EAX), machine.clock.instructions];
    });
    assert.deepEqual(counts[1], counts[0]);
    assert.equal(counts[0][1], 50);
    assert.ok(counts[0][0] > 0);
  });
});
