import assert from 'node:assert/strict';
import { MemoryBlockStore } from '../../../src/machine/devices/ide/block-store';
import { initializePci } from '../../../src/machine/firmware/pci-setup';
import { Machine } from '../../../src/machine/machine';

describe('PCI set up by the built-in BIOS', () => {
  const build = (disks: number, virtioConsole: boolean): Machine => {
    const machine = new Machine({
      cpu: 'pentium',
      memoryMB: 4,
      startTime: 0,
      virtioDisks: Array.from({ length: disks }, () => new MemoryBlockStore(new Uint8Array(512))),
      virtioConsole,
    });
    initializePci(machine.pc);
    return machine;
  };
  const config = ({ pc }: Machine, slot: number, at: number, width: 1 | 2 | 4): number => {
    const item = pc.pci.functions.find(({ place }) => place.slot === slot && place.function === 0);
    assert.ok(item);
    return item.readConfig(at, width);
  };

  it('gives every function its own ports, aligned to their size, and turns them on', () => {
    const machine = build(8, true);
    // The console has 32 ports, a disk 64.
    const bases = [0xc000, ...Array.from({ length: 8 }, (_, i) => 0xc040 + 0x40 * i)];
    assert.deepEqual(
      bases.map((_, i) => config(machine, 3 + i, 0x10, 4)),
      bases.map((base) => base | 1),
    );
    bases.forEach((base, i) => {
      assert.equal(config(machine, 3 + i, 0x04, 2) & 7, 5);
      assert.equal(machine.bus.deviceAt(base)?.name, i === 0 ? 'VIRTIO_CONSOLE' : `VIRTIO_BLK${i - 1}`);
    });
  });

  it('routes the interrupt lines, level sensitive, and tells each function its own', () => {
    const machine = build(4, true);
    assert.equal(config(machine, 1, 0x60, 4), 0x0b0b0a0a);
    assert.equal(machine.bus.deviceAt(0x4d1)?.readPort(0x4d1, 1), 0x0c);
    assert.equal(machine.bus.deviceAt(0x4d0)?.readPort(0x4d0, 1), 0);
    // Slots 3 to 7 are wired to PIRQC#, PIRQD#, PIRQA#, PIRQB#, PIRQC#.
    assert.deepEqual(
      [3, 4, 5, 6, 7].map((slot) => config(machine, slot, 0x3c, 1)),
      [11, 11, 10, 10, 11],
    );
    assert.equal(config(machine, 0, 0x3c, 1), 0, 'the host bridge has no pin');
  });

  it('counts no access, and does the same again after a reset', () => {
    const machine = build(1, false);
    assert.deepEqual(machine.bus.seenPorts(), []);
    machine.reset();
    assert.equal(machine.bus.deviceAt(0xc000), undefined);
    initializePci(machine.pc);
    assert.equal(machine.bus.deviceAt(0xc000)?.name, 'VIRTIO_BLK0');
  });

  it('comes back with a snapshot of the devices', () => {
    const machine = build(2, true);
    const states = machine.pc.save();
    const other = build(2, true);
    other.reset();
    assert.equal(other.bus.deviceAt(0xc040), undefined);
    other.pc.load(states);
    assert.equal(other.bus.deviceAt(0xc040)?.name, 'VIRTIO_BLK0');
    assert.equal(other.bus.deviceAt(0xc080)?.name, 'VIRTIO_BLK1');
    assert.deepEqual(other.pc.save(), states);
  });
});
