import assert from 'node:assert/strict';
import { PortVerdict } from '../../src/machine/bus/port-access';
import { CPU_MODELS } from '../../src/machine/isa/form';
import { mapBios } from '../../src/machine/loaders/bios-image';
import { Machine } from '../../src/machine/machine';
import { RunEnd } from '../../src/machine/run';
import { buildGuests, readOutput } from './support';

/** Steps of guests/rom-tests, in the order in which they announce themselves. */
const STEPS = [
  ...[0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b],
  ...[0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16],
  ...[0x20, 0x21, 0x22, 0x23, 0x24, 0x30, 0x31, 0x32, 0x33, 0x40, 0x41, 0xff],
];
const POST_PORT = 0x190;
/** Ten times what the ROM needs. */
const MAX_INSTRUCTIONS = 6_000_000;

describe('rom-tests', function () {
  this.timeout(300_000);
  let rom: Uint8Array;

  before(async () => {
    const { status, messages } = await buildGuests('rom-tests');
    assert.equal(status, 0, messages);
    rom = readOutput('rom-tests.bin');
  });

  for (const cpu of CPU_MODELS) {
    it(`come to their end on a ${cpu}`, () => {
      const codes: number[] = [];
      const machine = new Machine({ cpu, memoryMB: 4, startTime: 0 });
      mapBios(machine.memory, { name: 'rom-tests.bin', bytes: rom });
      machine.bus.watch[POST_PORT] = 1;
      machine.bus.observer = {
        before: () => PortVerdict.Continue,
        after: ({ direction, value }) => {
          if (direction === 'out') codes.push(value);
          return PortVerdict.Continue;
        },
      };
      let end = RunEnd.Budget;
      while (end === RunEnd.Budget && machine.clock.instructions < MAX_INSTRUCTIONS) end = machine.run(100_000);
      assert.deepEqual(codes, STEPS);
      assert.equal(end, RunEnd.Dead);
    });
  }
});
