import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LinuxConsole, type BootOptions } from './console';
import { cachedImages, cachedMemtest, type Flavour } from './images';
import { complaints } from './complaints';

const SECTORS = 64;
const SECTOR = 512;

/** A disk whose sectors differ, and can be told from each other. */
function diskImage(): Buffer {
  const disk = Buffer.alloc(SECTORS * SECTOR);
  for (let at = 0; at < disk.length; at += 4) disk.writeUInt32LE((at * 2654435761) >>> 0, at);
  return disk;
}

/** Kernel and processor: the kernel without PAE on both, the one with PAE where there is PAE. */
const MACHINES: readonly { flavour: Flavour; cpu: string }[] = [
  { flavour: '686', cpu: 'pentium2' },
  { flavour: '686', cpu: 'pentium3' },
  { flavour: '686-pae', cpu: 'pentium2' },
  { flavour: '686-pae', cpu: 'pentium3' },
];
const MODES: readonly BootOptions['hypervisor'][] = ['none', 'trap', 'vtx', 'vmi'];
/** Every mode on one machine, every machine in one mode. */
const BOOTS = MACHINES.flatMap((machine) =>
  MODES.filter((mode) => mode === 'none' || machine.cpu === 'pentium3').map((hypervisor) => ({
    ...machine,
    hypervisor,
  })),
);

describe("Debian's Linux 6.1", function () {
  this.timeout(600_000);
  let folder = '';
  let drive = '';
  let linux: LinuxConsole | undefined;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ringside-linux-'));
    drive = join(folder, 'disk.img');
    writeFileSync(drive, diskImage());
  });
  afterEach(() => linux?.kill());
  after(() => rmSync(folder, { recursive: true }));

  for (const { flavour, cpu, hypervisor } of BOOTS) {
    it(`${flavour} on a ${cpu}, hypervisor ${hypervisor}: commands, the disk by PIO, power off`, async function () {
      const images = cachedImages(flavour);
      if (!images) this.skip();
      linux = new LinuxConsole(images, { hypervisor, cpu, drive });
      await linux.shell();
      assert.deepEqual(complaints(linux.text), []);

      assert.match(await linux.run('uname -a'), new RegExp(`^Linux \\S+ 6\\.1\\.\\S+-${flavour} #1 SMP .* i686 `));
      const processor = await linux.run('cat /proc/cpuinfo');
      assert.match(processor, /^vendor_id\s*: GenuineIntel$/m);
      assert.match(processor, /^cpu family\s*: 6$/m);
      assert.equal(/^flags\s*:.* pae( |$)/m.test(processor), true);
      const interrupts = await linux.run('cat /proc/interrupts');
      assert.match(interrupts, /^\s*4: +[1-9]\d* .*ttyS0$/m);
      assert.match(interrupts, /^\s*ERR: +0$/m);

      await linux.run('load-modules');
      await linux.run('sleep 1');
      const partitions = await linux.run('cat /proc/partitions');
      assert.match(partitions, /^\s*8\s+0\s+32 sda$/m, linux.text.slice(-3000));
      const sum = createHash('md5').update(diskImage()).digest('hex');
      assert.match(await linux.run('dd if=/dev/sda bs=512 2>/dev/null | md5sum'), new RegExp(`^${sum} `));
      // Written, dropped from the cache, read again: the data has been on the disk.
      await linux.run('dd if=/dev/sda of=/tmp/s bs=512 skip=3 count=5 2>/dev/null');
      await linux.run('dd if=/tmp/s of=/dev/sda bs=512 seek=20 conv=notrunc,fsync 2>/dev/null');
      await linux.run('echo 3 > /proc/sys/vm/drop_caches');
      const copied = createHash('md5')
        .update(diskImage().subarray(3 * SECTOR, 8 * SECTOR))
        .digest('hex');
      const back = await linux.run('dd if=/dev/sda bs=512 skip=20 count=5 2>/dev/null | md5sum');
      assert.match(back, new RegExp(`^${copied} `));

      assert.match(await linux.run('cat /sys/devices/system/clocksource/clocksource0/current_clocksource'), /^tsc$/m);
      assert.deepEqual(complaints(linux.text), []);
      linux.type('reboot -f\n');
      assert.equal(await linux.end(), 0, linux.messages);
    });
  }

  it('finds virtio disk and console on the bus, and uses both', async function () {
    const images = cachedImages('686');
    if (!images) this.skip();
    const text = join(folder, 'console.txt');
    linux = new LinuxConsole(images, {
      hypervisor: 'trap',
      cpu: 'pentium3',
      drive,
      virtio: { drive, console: text },
    });
    await linux.shell();
    const chipset = await linux.run('cat /sys/bus/pci/devices/0000:00:*/device');
    assert.deepEqual(chipset.trim().split('\n'), ['0x1237', '0x7000', '0x7010', '0x1003', '0x1001']);
    await linux.run('load-modules');
    await linux.run('sleep 1');
    assert.match(await linux.run('cat /proc/partitions'), /^\s*254\s+0\s+32 vda$/m);
    assert.match(await linux.run('cat /sys/block/vda/serial'), /^Ringside0/);
    const sum = createHash('md5').update(diskImage()).digest('hex');
    assert.match(await linux.run('dd if=/dev/vda bs=512 2>/dev/null | md5sum'), new RegExp(`^${sum} `));
    await linux.run('dd if=/dev/vda of=/tmp/s bs=512 skip=3 count=5 2>/dev/null');
    await linux.run('dd if=/tmp/s of=/dev/vda bs=512 seek=20 conv=notrunc,fsync 2>/dev/null');
    await linux.run('echo 3 > /proc/sys/vm/drop_caches');
    const copied = createHash('md5')
      .update(diskImage().subarray(3 * SECTOR, 8 * SECTOR))
      .digest('hex');
    const back = await linux.run('dd if=/dev/vda bs=512 skip=20 count=5 2>/dev/null | md5sum');
    assert.match(back, new RegExp(`^${copied} `));
    const other = await linux.run('dd if=/dev/sda bs=512 2>/dev/null | md5sum');
    assert.match(other, new RegExp(`^${sum} `), 'the disk on IDE has a copy of its own');

    await linux.run('echo over virtio > /dev/hvc0');
    // Both devices are wired to one line.
    assert.match(await linux.run('cat /proc/interrupts'), /^\s*11: +[1-9]\d* .*virtio\d, virtio\d$/m);
    linux.type('reboot -f\n');
    assert.equal(await linux.end(), 0, linux.messages);
    assert.equal(readFileSync(text, 'latin1'), 'over virtio\r\n');
  });

  it('memtest86+ starts by the Linux protocol', async function () {
    const kernel = cachedMemtest();
    if (!kernel) this.skip();
    linux = new LinuxConsole({ kernel }, { hypervisor: 'none', cpu: 'pentium3', memoryMB: 16 });
    await linux.waitFor('Memtest86+');
  });
});
