import assert from 'node:assert/strict';
import { Hypervisor } from '../../../src/hypervisor/hypervisor';
import type { ModeName } from '../../../src/hypervisor/modes/mode';
import { MemoryBlockStore } from '../../../src/machine/devices/ide/block-store';
import { loadImage } from '../../../src/machine/loaders/load-image';
import { Machine, type MachineOptions } from '../../../src/machine/machine';
import { RunEnd } from '../../../src/machine/run';
import { buildGuests, readBuilt, readOutput } from '../../guests/support';
import { ramHash, visibleState } from './support/tiers';

/** Compiles early, so that a short guest has much compiled. */
const EARLY: MachineOptions['tier'] = { threshold: 8 };

function boot(name: string, mode: ModeName, tier: MachineOptions['tier'], print: (byte: number) => void): Machine {
  const { program, drives } = readBuilt(name);
  const machine = new Machine({
    cpu: 'pentium3',
    memoryMB: 16,
    startTime: 0,
    disks: drives.map(({ file }) => new MemoryBlockStore(Uint8Array.from(readOutput(file)))),
    tier,
    onSerial: (_port, byte) => print(byte),
  });
  const { memory, cpu, bus, clock } = machine;
  cpu.intercepts = new Hypervisor({ cpu, memory, bus, clock }, { mode });
  const target = { memory, state: cpu.state, segmentation: cpu.segmentation };
  loadImage(target, { name: program, bytes: readOutput(program) }, {});
  return machine;
}

/** Runs a guest in both tiers to its end, comparing all that it can see on the way. */
function compareTiers(name: string, mode: ModeName): number {
  const printed: number[][] = [[], []];
  const plain = boot(name, mode, 'off', (byte) => printed[0].push(byte));
  const compiled = boot(name, mode, EARLY, (byte) => printed[1].push(byte));
  let end = RunEnd.Budget;
  for (let slice = 0; end === RunEnd.Budget; slice++) {
    const instructions = 20_000 + ((slice * 7919) % 50_000);
    end = plain.run(instructions);
    assert.equal(compiled.run(instructions), end);
    assert.equal(compiled.clock.instructions, plain.clock.instructions);
    assert.equal(compiled.clock.now, plain.clock.now);
    assert.deepEqual(visibleState(compiled), visibleState(plain));
  }
  assert.equal(end, RunEnd.Shutdown);
  assert.equal(ramHash(compiled), ramHash(plain));
  assert.deepEqual(printed[1], printed[0]);
  assert.ok(printed[0].length > 0, 'the guest says something');
  return compiled.compilations;
}

describe('compiled tier: sample guests', function () {
  this.timeout(120_000);
  before(() => buildGuests());

  for (const [name, mode] of [
    ['ports', 'none'],
    ['faults', 'none'],
    ['paravirt-io', 'none'],
    ['paravirt-io', 'vmi'],
  ] as const) {
    it(`runs ${name} under ${mode} as the interpreter does`, () => {
      assert.ok(compareTiers(name, mode) > 5);
    });
  }
});
