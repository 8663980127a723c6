import assert from 'node:assert/strict';
import { buildGuests, readBuilt, readOutput } from '../guests/support';
import { configuration, Harness, TestHost } from './session-harness';

/** The sample with its disk behind virtio, and a virtio console unless `side` is `none`. */
async function boot(workload: string, side = 'console'): Promise<Harness> {
  const { program, drives } = readBuilt('paravirt-io');
  const [{ file }] = drives;
  const host = new TestHost();
  for (const name of [program, file]) host.files.set(name, readOutput(name));
  return Harness.create(
    configuration({
      program,
      memoryMB: 64,
      commandLine: `workload=${workload} driver=virtio`,
      drives: [{ file, kind: 'disk', interface: 'virtio', snapshot: true }],
      serial: { com1: 'console', com2: 'none', com3: 'none', com4: 'none', virtio0: side },
    }),
    host,
  );
}

describe('virtio under the debugger', function () {
  this.timeout(120_000);

  before(async () => {
    const { status, messages } = await buildGuests('paravirt-io');
    assert.equal(status, 0, messages);
  });

  it('stops at a notification by the name of its port', async () => {
    const harness = await boot('disk');
    harness.specs('out VIRTIO_BLK0.QUEUE_NOTIFY hit 3');
    const stop = await harness.stop();
    assert.match(stop.text, /^OUT 0xc0[0-9a-f]{2} \(VIRTIO_BLK0\.QUEUE_NOTIFY\), 2 bytes, value 0x0 at virtio_request/);
    const row = harness.session.inspect.ports().ports.find(({ name }) => name === 'VIRTIO_BLK0.QUEUE_NOTIFY');
    assert.equal(row?.outs, 3);
    assert.deepEqual(row?.fields, [{ name: 'QUEUE', bits: '15:0', value: 0, meaning: 'requests' }]);
    harness.session.dispose();
  });

  it('stops at text on the console', async () => {
    const harness = await boot('console');
    harness.specs('serial virtio0 "stuvwxyz"');
    const stop = await harness.stop();
    assert.match(stop.text, /^virtio0 sent "stuvwxyz"/);
    harness.session.dispose();
  });

  it('shows the functions on the bus, and takes no input for a console that is not there', async () => {
    const harness = await boot('disk', 'none');
    const names = harness.session.inspect.devices().devices.map(({ name }) => name);
    for (const name of ['PCI', 'I440FX', 'PIIX3', 'PIIX3IDE', 'VIRTIO_BLK0']) assert.ok(names.includes(name), name);
    assert.ok(!names.includes('VIRTIO_CONSOLE'));
    assert.throws(
      () => harness.session.serialInput('virtio0', Uint8Array.of(1)),
      /no virtio console: give "serial\.virtio0"/,
    );
    const end = await harness.end();
    assert.equal(end.exitCode, 0, harness.serial);
    assert.match(harness.serial, /^workload disk: virtio cycles=/m);
    harness.session.dispose();
  });

  it('has room for four IDE disks and eight virtio disks', async () => {
    const host = new TestHost();
    host.files.set('code.bin', Uint8Array.of(0xf4));
    host.files.set('disk.img', new Uint8Array(512));
    const launch = (bus: 'ide' | 'virtio', count: number): Promise<Harness> => {
      const drives = Array.from({ length: count }, () => ({
        file: 'disk.img',
        kind: 'disk' as const,
        interface: bus,
        snapshot: true,
      }));
      return Harness.create(configuration({ program: 'code.bin', format: 'flat', drives }), host);
    };
    for (const [bus, most] of [
      ['ide', 4],
      ['virtio', 8],
    ] as const) {
      (await launch(bus, most)).session.dispose();
      await assert.rejects(launch(bus, most + 1), {
        message: `drives: there is room for ${most} ${bus} disks, not ${most + 1}.`,
      });
    }
  });

  it('does the same again after a restart, the disk as it was', async () => {
    const harness = await boot('disk');
    await harness.end();
    const first = harness.serial;
    harness.serial = '';
    const again = harness.next();
    await harness.session.restart();
    await again;
    assert.equal(harness.serial, first);
    harness.session.dispose();
  });
});
