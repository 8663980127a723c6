import assert from 'node:assert/strict';
import { Hypervisor } from '../../src/hypervisor/hypervisor';
import type { ModeName } from '../../src/hypervisor/modes/mode';
import { MemoryBlockStore, OverlayBlockStore } from '../../src/machine/devices/ide/block-store';
import { initializePci } from '../../src/machine/firmware/pci-setup';
import { loadImage } from '../../src/machine/loaders/load-image';
import { Machine } from '../../src/machine/machine';
import { RunEnd } from '../../src/machine/run';
import { buildGuests, readBuilt, readOutput } from './support';

const SLICE = 4_000_000;
const MAX_INSTRUCTIONS = 100_000_000;

interface Comparison {
  /** Text on COM1 and on the virtio console. */
  serial: string;
  console: string;
  end: RunEnd;
  hypervisor: Hypervisor;
  machine: Machine;
}

/** What a line of a workload says. */
interface Result {
  cycles: number;
  exits: number;
  checksum: string;
}

/** Boots paravirt-io with its disk on both interfaces and a virtio console, or without them. */
function compare(commandLine: string, mode: ModeName, virtio = true): Comparison {
  const built = readBuilt('paravirt-io');
  const image = readOutput(built.drives[0].file);
  const disk = (): OverlayBlockStore => new OverlayBlockStore(new MemoryBlockStore(image));
  const text = { com1: '', virtio0: '' };
  const machine = new Machine({
    cpu: 'pentium',
    memoryMB: 64,
    startTime: Date.UTC(2007, 7, 22, 1, 29, 4),
    disks: [disk()],
    virtioDisks: virtio ? [disk()] : [],
    virtioConsole: virtio,
    onSerial: (port, byte) => {
      if (port === 'com1' || port === 'virtio0') text[port] += String.fromCharCode(byte);
    },
  });
  const hypervisor = new Hypervisor(
    { cpu: machine.cpu, memory: machine.memory, bus: machine.bus, clock: machine.clock },
    { mode },
  );
  machine.cpu.intercepts = hypervisor;
  initializePci(machine.pc);
  const { memory, cpu } = machine;
  const target = { memory, state: cpu.state, segmentation: cpu.segmentation };
  loadImage(target, { name: built.program, bytes: readOutput(built.program) }, { commandLine });
  let end = RunEnd.Budget;
  while (end === RunEnd.Budget && machine.clock.instructions < MAX_INSTRUCTIONS) end = machine.run(SLICE);
  return { serial: text.com1.replaceAll('\r', ''), console: text.virtio0, end, hypervisor, machine };
}

/** The numbers of a workload under a driver. */
function resultOf({ serial }: Comparison, workload: string, driver: string): Result {
  const line = new RegExp(`^workload ${workload}: ${driver} cycles=~(\\d+) exits=~(\\d+) checksum=([0-9a-f]{8})$`, 'm');
  const match = line.exec(serial);
  assert.ok(match, `${workload}, ${driver}:\n${serial}`);
  return { cycles: Number(match[1]), exits: Number(match[2]), checksum: match[3] };
}

function assertOk({ serial, end, machine }: Comparison): void {
  assert.equal(end, RunEnd.Shutdown, serial);
  assert.deepEqual(machine.shutdown, { kind: 'debug-exit', value: 0x10 }, serial);
  assert.match(serial, /^paravirt-io: OK$/m);
}

describe('virtio drivers in the sample guest', function () {
  this.timeout(300_000);

  before(async () => {
    const { status, messages } = await buildGuests('paravirt-io');
    assert.equal(status, 0, messages);
  });

  it('move the same data as the native drivers, by far fewer exits', () => {
    const native = compare('workload=disk driver=native', 'vmi');
    const virtio = compare('workload=disk driver=virtio', 'vmi');
    assertOk(native);
    assertOk(virtio);
    const [slow, fast] = [resultOf(native, 'disk', 'native'), resultOf(virtio, 'disk', 'virtio')];
    assert.equal(fast.checksum, slow.checksum);
    // 113 requests with a notification each, the search on the bus, and bringing the device up and down.
    assert.ok(fast.exits > 113 && fast.exits < 200, `${fast.exits}`);
    assert.ok(slow.exits > 3000, `${slow.exits}`);
    assert.ok(fast.cycles < slow.cycles);
  });

  it('send the same text', () => {
    const both = compare('workload=console', 'trap');
    assertOk(both);
    const [slow, fast] = [resultOf(both, 'console', 'native'), resultOf(both, 'console', 'virtio')];
    assert.equal(fast.checksum, slow.checksum);
    assert.equal(both.console.length, 128 * 64);
    assert.ok(both.serial.includes(both.console), 'the UART carried other text');
  });

  for (const mode of ['none', 'trap', 'vtx', 'vmi'] as const) {
    it(`wait by interrupt under ${mode}`, () => {
      const run = compare('workload=console driver=virtio completion=interrupt', mode);
      assertOk(run);
      assert.equal(run.console.length, 128 * 64);
      // Per line: notification, interrupt status, and the end of interrupt at both controllers.
      const { exits } = resultOf(run, 'console', 'virtio');
      assert.ok(exits > 4 * 128 && exits < 4 * 128 + 100, `${exits}`);
      if (mode !== 'none') {
        const counted = run.hypervisor.log.query((key) => (key.port >= 0 ? 'port' : 'other')).rows;
        const samples = counted.find(({ key }) => key === 'port')?.samples ?? 0;
        const told = Number(/^exits ~(\d+)$/m.exec(run.serial)?.[1]);
        // Before VMI_Init the ports are trapped, and counted too.
        assert.equal(samples, told);
      }
    });
  }

  it('are the same, instruction by instruction, whenever they run', () => {
    const [first, second] = [1, 2].map(() => compare('workload=disk driver=virtio', 'vtx'));
    assert.equal(first.machine.clock.instructions, second.machine.clock.instructions);
    assert.equal(first.machine.clock.now, second.machine.clock.now);
    assert.equal(first.serial, second.serial);
  });

  it('say so where there is no such device, and do what needs none', () => {
    const run = compare('workload=all driver=virtio', 'none', false);
    assertOk(run);
    assert.match(run.serial, /^workload disk: virtio SKIPPED: no disk$/m);
    assert.match(run.serial, /^workload console: virtio SKIPPED: no console$/m);
    assert.match(run.serial, /^workload polling: virtio SKIPPED: nothing is polled by port$/m);
  });

  it('leave the other workloads to the ports', () => {
    const run = compare('workload=polling', 'none');
    assertOk(run);
    assert.equal(resultOf(run, 'polling', 'native').exits >= 20_000, true);
    const strings = compare('workload=strings driver=native', 'none');
    assertOk(strings);
    assert.equal(resultOf(strings, 'strings', 'native').exits, 386);
  });

  it('show their ports by name', () => {
    const { bus } = compare('workload=disk driver=virtio', 'none').machine;
    const port = bus.seenPorts().find((candidate) => bus.nameOf(candidate, 'out') === 'VIRTIO_BLK0.QUEUE_NOTIFY');
    assert.ok(port !== undefined);
    assert.equal(bus.outs[port], 113);
  });
});
