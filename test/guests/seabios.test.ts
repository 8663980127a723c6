import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { MemoryBlockStore } from '../../src/machine/devices/ide/block-store';
import { mapBios } from '../../src/machine/loaders/bios-image';
import { Machine } from '../../src/machine/machine';
import { RunEnd } from '../../src/machine/run';
import { buildGuests, readOutput } from './support';

/** Where Debian's package `seabios` puts it. */
const SEABIOS = '/usr/share/seabios/bios.bin';
const SLICE = 4_000_000;
const MAX_INSTRUCTIONS = 100_000_000;
const DISK_BYTES = 4 << 20;

interface Boot {
  end: RunEnd;
  serial: string;
  /** What the firmware says on its debug port. */
  log: string;
  machine: Machine;
}

/** Boots the boot sector by SeaBIOS, from the reset vector on. */
function boot(bus: 'ide' | 'virtio'): Boot {
  const image = new Uint8Array(DISK_BYTES);
  image.set(readOutput('hello-bootsector.bin'));
  const stores = [new MemoryBlockStore(image)];
  let serial = '';
  let log = '';
  const machine = new Machine({
    cpu: 'pentium3',
    memoryMB: 64,
    startTime: Date.UTC(2007, 7, 22, 1, 29, 4),
    ...(bus === 'ide' ? { disks: stores } : { virtioDisks: stores }),
    onSerial: (_port, byte) => (serial += String.fromCharCode(byte)),
    onConsole: (byte) => (log += String.fromCharCode(byte)),
  });
  mapBios(machine.memory, { name: 'bios.bin', bytes: readFileSync(SEABIOS) });
  let end = RunEnd.Budget;
  while (end === RunEnd.Budget && machine.clock.instructions < MAX_INSTRUCTIONS) end = machine.run(SLICE);
  return { end, serial, log, machine };
}

describe('SeaBIOS', function () {
  this.timeout(120_000);

  before(async function () {
    if (!existsSync(SEABIOS)) {
      console.log(`    skipped: there is no ${SEABIOS} (Debian package seabios)`);
      this.skip();
    }
    const { status, messages } = await buildGuests('hello-bootsector');
    assert.equal(status, 0, messages);
  });

  for (const bus of ['ide', 'virtio'] as const) {
    it(`finds the chipset, shadows itself, and boots from a disk on ${bus}`, () => {
      const { end, serial, log, machine } = boot(bus);
      assert.equal(end, RunEnd.Shutdown, log);
      assert.deepEqual(machine.shutdown, { kind: 'debug-exit', value: 0x10 }, log);
      assert.match(log, /PCI: init bdf=00:00\.0 id=8086:1237/);
      assert.match(log, /PIIX3\/PIIX4 init: elcr=00 0c/);
      assert.match(log, /PCI: init bdf=00:01\.1 id=8086:7010/);
      assert.match(log, /Booting from 0000:7c00/);
      if (bus === 'virtio') assert.match(log, /pci dev 00:04\.0 using legacy \(0\.9\.5\) virtio mode/);
      // The firmware's screen is the serial port too: every character of the boot sector is there twice.
      assert.match(serial, /HHeelllloo {2}ffrroomm {2}aa {2}bboooott {2}sseeccttoor/);
      assert.match(serial, /ddiisskk:: {2}rreeaadd {2}bbaacckk,, {2}tthhee {2}ssaamme/);
      // It has left its area readable and write-protected: RAM, in front of the ROM.
      const before = machine.memory.read(0xffff0, 4);
      machine.memory.write(0xffff0, 4, before + 1);
      assert.equal(machine.memory.read(0xffff0, 4), before);
    });
  }
});
