import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildBenchGuest } from '../../bench/build.mjs';
import { allKernels } from '../../bench/catalogue';
import { guestKernels } from '../../bench/guest-kernels';
import { compareTiers, stateHash } from '../../bench/state-hash';
import { Machine } from '../../src/machine/machine';
import { FPU_REGS, RAM_BASE, Register, XMM_REGS } from '../../src/machine/layout';

const ROOT = join(__dirname, '..', '..');
/** Compiles early, so that a short run has much compiled. */
const EARLY = { threshold: 8 };
/** Prime, so that checkpoints fall everywhere in a loop. */
const SLICE = 150_011;
const CHECKPOINTS = 4;
/** So few of a kernel's cold rounds that it ends within the checkpoints or not long after. */
const SHARE = 20;
/** A computing kernel whose time goes into one instruction. */
const ONE_INSTRUCTION = 'rep_movsd';

describe('state hash', () => {
  const machine = (): Machine => new Machine({ cpu: 'pentium3', memoryMB: 1, startTime: 0, tier: 'off' });

  it('is the same for the same state, and changes with registers, flags, memory and time', () => {
    const changes: ((machine: Machine) => void)[] = [
      ({ cpu }) => cpu.state.setReg(Register.EBX, 1),
      ({ cpu }) => (cpu.state.eflags |= 1),
      ({ cpu }) => cpu.operations.writeControl(4, 4),
      ({ cpu }) => (cpu.state.u8[FPU_REGS + 9] = 0x3f),
      ({ cpu }) => (cpu.state.u8[XMM_REGS + 127] = 1),
      ({ memory }) => (memory.u8[RAM_BASE + (1 << 20) - 1] = 1),
      ({ clock }) => clock.charge(1),
    ];
    const hashes = changes.map((change) => {
      const changed = machine();
      change(changed);
      return stateHash(changed);
    });
    const plain = stateHash(machine());
    assert.equal(stateHash(machine()), plain);
    assert.equal(new Set([plain, ...hashes]).size, changes.length + 1);
  });
});

describe('kernels of the benchmarks', function () {
  this.timeout(120_000);
  let elf: Uint8Array;
  let present: string[];
  before(async () => {
    elf = readFileSync(await buildBenchGuest(ROOT));
    present = guestKernels(elf);
  });

  it('are all known to the tables', () => {
    assert.deepEqual(
      present.filter((name) => !allKernels(present).some((kernel) => kernel.name === name)),
      [],
    );
    assert.ok(present.length > 10);
  });

  it('have the same state in both tiers at every checkpoint', () => {
    for (const { name, cold, subject, modes } of allKernels(present)) {
      for (const mode of modes ?? (['none'] as const)) {
        const commandLine = `${name} ${Math.ceil(cold / SHARE)}`;
        const run = { elf, commandLine, mode, slice: SLICE, checkpoints: CHECKPOINTS, tier: EARLY } as const;
        const { same, differsAt, compilations } = compareTiers(run);
        assert.equal(differsAt, undefined, `${name} under ${mode}`);
        assert.ok(same > 0, name);
        if (subject === 'kernels' && name !== ONE_INSTRUCTION) assert.ok(compilations > 0, `${name} is not compiled`);
      }
    }
  });
});
