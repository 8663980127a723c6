import assert from 'node:assert/strict';
import { PciFunction } from '../../../../src/machine/devices/pci/pci-function';
import { PciBench } from './bench';

describe('PCI configuration mechanism 1', () => {
  it('finds the chipset at its places, and ones where nobody is', () => {
    const bench = new PciBench();
    const ids: [number, number, number][] = [
      [0, 0, 0x12378086],
      [1, 0, 0x70008086],
      [1, 1, 0x70108086],
      [1, 2, 0xffffffff],
      [2, 0, 0xffffffff],
      [31, 7, 0xffffffff],
    ];
    for (const [slot, index, id] of ids) assert.equal(bench.read(slot, index, 0, 4), id);
    assert.equal(bench.read(1, 0, 0x0e, 1), 0x80);
    assert.equal(bench.read(0, 0, 0x0e, 1), 0);
    assert.equal(bench.read(0, 0, 0x08, 4), 0x06000002);
    assert.equal(bench.read(1, 0, 0x08, 4), 0x06010000);
    assert.equal(bench.read(1, 1, 0x08, 4), 0x01010000);
    assert.equal(bench.read(0, 0, 0x2c, 4), 0x11001af4);
  });

  it('reads bytes and words of a register at their own data ports', () => {
    const bench = new PciBench();
    bench.out(0xcf8, 0x80000000, 4);
    assert.deepEqual(
      [0, 1, 2, 3].map((i) => bench.in(0xcfc + i)),
      [0x86, 0x80, 0x37, 0x12],
    );
    assert.equal(bench.in(0xcfc, 2), 0x8086);
    assert.equal(bench.in(0xcfe, 2), 0x1237);
  });

  it('takes the address in 32 bits only, and knows one bus', () => {
    const bench = new PciBench();
    bench.out(0xcf8, 0xffffffff, 4);
    assert.equal(bench.in(0xcf8, 4), 0x80fffffc);
    bench.out(0xcf8, 0x80000000, 4);
    bench.out(0xcfb, 0x01);
    bench.out(0xcf8, 0x1234, 2);
    assert.equal(bench.in(0xcf8, 4), 0x80000000);
    assert.equal(bench.in(0xcfb), 0xff);
    bench.out(0xcf8, 0x00000000, 4);
    assert.equal(bench.in(0xcfc, 4), 0xffffffff, 'enable bit clear');
    bench.out(0xcf8, 0x80010000, 4);
    assert.equal(bench.in(0xcfc, 4), 0xffffffff, 'bus 1');
  });

  it('changes writable bits only', () => {
    const bench = new PciBench();
    bench.write(0, 0, 0, 4, 0);
    assert.equal(bench.read(0, 0, 0, 4), 0x12378086);
    bench.write(1, 1, 0x40, 2, 0x3107);
    assert.equal(bench.read(1, 1, 0x40, 2), 0xb107, 'the channel stays decoded');
    bench.write(1, 1, 0x10, 4, 0xffffffff);
    assert.equal(bench.read(1, 1, 0x10, 4), 0, 'no BAR');
    bench.write(1, 0, 0x04, 2, 0);
    assert.equal(bench.read(1, 0, 0x04, 2), 7, 'an ISA bridge that cannot be turned off');
  });

  it('keeps its state through save and load', () => {
    const bench = new PciBench();
    bench.write(1, 0, 0x60, 4, 0x80050b0a);
    bench.out(0xcf8, 0x80000840, 4);
    const states = bench.pci.devices.map((device) => device.save());
    const copy = new PciBench();
    copy.pci.devices.forEach((device, i) => device.load(states[i]));
    assert.equal(copy.in(0xcf8, 4), 0x80000840);
    assert.equal(copy.read(1, 0, 0x60, 4), 0x80050b0a);
    assert.throws(() => copy.pci.functions[0].load({ ...states[2], version: 9 }), /I440FX: saved state has version 9/);
    copy.bus.reset();
    assert.equal(copy.read(1, 0, 0x60, 4), 0x80808080);
  });

  it('resets the machine through port 0xcf9, at a rising edge', () => {
    const bench = new PciBench();
    bench.out(0xcf9, 0x02);
    assert.deepEqual(bench.take(), []);
    bench.out(0xcf9, 0x06);
    assert.deepEqual(bench.take(), ['reset by port 0xcf9 (hard)']);
    bench.out(0xcf9, 0x06);
    assert.deepEqual(bench.take(), []);
    assert.equal(bench.in(0xcf9), 6);
    bench.out(0xcf9, 0x00);
    bench.out(0xcf9, 0x04);
    assert.deepEqual(bench.take(), ['reset by port 0xcf9 (soft)']);
  });

  it('refuses two functions at one place', () => {
    const identity = { vendor: 1, device: 2, classCode: 0xff0000, revision: 0 };
    const place = { slot: 1, function: 1 };
    const build = (): PciBench => new PciBench((host) => [new PciFunction(host, { name: 'TWIN', place, identity })]);
    assert.throws(build, /TWIN and PIIX3IDE are both at 00:01\.1/);
  });
});

describe('PAM registers of the host bridge', () => {
  const rom = new Uint8Array(0x20000).map((_, i) => (i >> 12) | 0x80);
  let bench: PciBench;

  beforeEach(() => {
    bench = new PciBench();
    bench.memory.mapRom(rom, [0xe0000]);
  });

  const cell = (address: number): number => bench.memory.read(address, 1);

  it('shows ROM, or RAM, or one for reads and the other for writes, per segment', () => {
    assert.equal(cell(0xf0000), 0x90);
    bench.memory.write(0xf0000, 1, 0x11);
    assert.equal(cell(0xf0000), 0x90, 'ROM');
    bench.write(0, 0, 0x59, 1, 0x20);
    bench.memory.write(0xf0000, 1, 0x22);
    assert.equal(cell(0xf0000), 0x90, 'writes go to RAM, reads to ROM');
    bench.write(0, 0, 0x59, 1, 0x30);
    assert.equal(cell(0xf0000), 0x22, 'RAM');
    bench.memory.write(0xf0000, 4, 0x44434241);
    assert.equal(cell(0xf0003), 0x44);
    bench.write(0, 0, 0x59, 1, 0x10);
    bench.memory.write(0xf0000, 1, 0x33);
    assert.equal(cell(0xf0000), 0x41, 'write-protected RAM');
    bench.write(0, 0, 0x59, 1, 0x00);
    assert.equal(cell(0xf0000), 0x90, 'ROM again');
    assert.equal(cell(0xe0000), 0x80, 'the other segments never moved');
  });

  it('has twelve segments of 16 KiB below the BIOS area', () => {
    for (let i = 0; i < 12; i++) {
      const register = 0x5a + (i >> 1);
      const address = 0xc0000 + i * 0x4000;
      const before = cell(address);
      bench.write(0, 0, register, 1, i & 1 ? 0x30 : 0x03);
      bench.memory.write(address, 1, i + 1);
      bench.memory.write(address + 0x3fff, 1, i + 0x20);
      assert.equal(cell(address), i + 1);
      assert.equal(cell(address + 0x3fff), i + 0x20);
      bench.write(0, 0, register, 1, 0);
      assert.equal(cell(address), before);
    }
  });

  it('takes writes where no ROM is, and reads ones', () => {
    bench.write(0, 0, 0x5a, 1, 0x02);
    bench.memory.write(0xc0000, 2, 0xbeef);
    assert.equal(bench.memory.read(0xc0000, 2), 0xffff);
    bench.write(0, 0, 0x5a, 1, 0x01);
    assert.equal(bench.memory.read(0xc0000, 2), 0xbeef);
  });

  it('keeps a ROM that is mapped behind shadow RAM', () => {
    bench.write(0, 0, 0x5a, 1, 0x33);
    bench.memory.mapRom(new Uint8Array(0x1000).fill(0x5a), [0xc0000]);
    assert.equal(cell(0xc0000), 0);
    bench.write(0, 0, 0x5a, 1, 0x00);
    assert.equal(cell(0xc0000), 0x5a);
  });

  it('goes through save and load, and back at reset', () => {
    bench.write(0, 0, 0x59, 1, 0x30);
    bench.memory.write(0xf0000, 1, 0x77);
    const [bridge] = bench.pci.functions;
    const state = bridge.save();
    bench.bus.reset();
    assert.equal(cell(0xf0000), 0x90);
    bridge.load(state);
    assert.equal(cell(0xf0000), 0x77);
  });

  it('does not touch a device that lies there', () => {
    const device = { name: 'DEVICE', read: () => 0x99, write: () => undefined };
    bench.memory.mapMmio(0xf0000, 0x1000, device);
    bench.write(0, 0, 0x59, 1, 0x30);
    assert.equal(cell(0xf0000), 0x99);
    bench.memory.write(0xf1000, 1, 0x12);
    bench.memory.unmapMmio(device);
    assert.equal(cell(0xf0000), 0);
    assert.equal(cell(0xf1000), 0x12);
    bench.memory.mapMmio(0xf0000, 0x1000, device);
    bench.write(0, 0, 0x59, 1, 0x00);
    bench.memory.unmapMmio(device);
    assert.equal(cell(0xf0000), 0x90);
  });

  it('drops cached translations whenever a segment changes, and only then', () => {
    let flushes = 0;
    bench.memory.onRemap = () => flushes++;
    bench.write(0, 0, 0x59, 1, 0x30);
    bench.write(0, 0, 0x59, 1, 0x30);
    bench.write(0, 0, 0x0c, 1, 0x10);
    assert.equal(flushes, 1);
  });
});
