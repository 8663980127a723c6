import assert from 'node:assert/strict';
import { PortBus } from '../../../src/machine/bus/port-bus';
import type { PortDirection, PortWidth } from '../../../src/machine/devices/device';
import { IoTestDevice } from '../../../src/machine/devices/io-test';

describe('I/O test device', () => {
  let device: IoTestDevice;
  let bus: PortBus;

  const access = (direction: PortDirection, port: number, width: PortWidth, value = 0): number => {
    const one = { port, width, direction, value, channel: 'direct' as const, hypercall: '', count: 1 };
    bus.access(one);
    return one.value;
  };
  const out = (port: number, width: PortWidth, value: number): number => access('out', port, width, value);
  const read = (port: number, width: PortWidth): number => access('in', port, width);

  beforeEach(() => {
    bus = new PortBus(() => assert.fail('nothing asks to stop'));
    bus.onUnowned = ({ port }) => assert.fail(`port ${port.toString(16)} is unowned`);
    device = new IoTestDevice();
    bus.register(device);
  });

  it('gives back at any width what was written at any other', () => {
    out(0x1860, 1, 0x11);
    out(0x1860, 2, 0x3322);
    out(0x1860, 4, 0xf7665544);
    out(0x1860, 1, 0x88);
    assert.equal(read(0x1864, 4), 8);
    assert.equal(read(0x1860, 4), 0x44332211);
    assert.equal(read(0x1860, 2), 0x6655);
    assert.equal(read(0x1860, 1), 0xf7);
    assert.equal(read(0x1860, 1), 0x88);
    assert.equal(read(0x186e, 1), 0x10);
  });

  it('sums what goes in and what comes out', () => {
    out(0x1860, 4, 0xff80ff01);
    assert.equal(read(0x1868, 2), 0x01 + 0xff + 0x80 + 0xff);
    assert.equal(read(0x186a, 2), 0);
    assert.equal(read(0x186c, 1), 0x01 ^ 0x80);
    read(0x1860, 2);
    assert.equal(read(0x186a, 2), 0x100);
    assert.equal(read(0x186d, 1), 0xfe);
    assert.equal(read(0x1868, 4), 0x0100027f);
    assert.equal(read(0x186c, 4), (0x54 << 24) | (0x21 << 16) | (0xfe << 8) | 0x81);
  });

  it('tells the width of the last access to DATA only', () => {
    for (const width of [1, 2, 4] as const) {
      out(0x1860, width, 0);
      assert.equal(read(0x186e, 1) >> 4, width);
      read(0x1864, 4);
      assert.equal(read(0x186e, 1) >> 4, width);
    }
    read(0x1860, 1);
    assert.equal(read(0x186e, 1) >> 4, 1);
  });

  it('reads ones from an empty FIFO and says so until the reset', () => {
    out(0x1860, 1, 0x42);
    assert.equal(read(0x1860, 4), 0xffffff42);
    assert.equal(read(0x186e, 1), 0x48);
    assert.equal(read(0x186a, 2), 0x42, 'missing bytes are not summed');
    out(0x186f, 1, 0xfe);
    assert.equal(read(0x186e, 1), 0x48, 'reserved bits do nothing');
    out(0x186f, 1, 1);
    assert.equal(read(0x186e, 1), 0);
    assert.equal(read(0x1868, 4), 0);
    assert.equal(read(0x186c, 2), 0);
  });

  it('takes 65536 bytes, then loses bytes and says so', () => {
    for (let i = 0; i < 0x4000; i++) out(0x1860, 4, 0x01010101);
    assert.equal(read(0x1864, 4), 0x10000);
    assert.equal(read(0x186e, 1), 0x43);
    assert.equal(read(0x1864, 2), 0, 'a narrow read gives the low bytes');
    out(0x1860, 2, 0x0909);
    assert.equal(read(0x186e, 1), 0x27);
    assert.equal(read(0x1868, 2), 0, '65536 times one');
    assert.equal(read(0x1860, 1), 1);
    out(0x1860, 1, 7);
    assert.equal(read(0x1868, 2), 7);
  });

  it('saves and loads', () => {
    for (let i = 0; i < 10; i++) out(0x1860, 1, i);
    read(0x1860, 2);
    const saved = device.save();
    const copy = new IoTestDevice();
    copy.load(saved);
    assert.deepEqual(copy.save(), saved);
    assert.equal(copy.readPort(0x1860, 4), 0x05040302);
    assert.equal(copy.readPort(0x186a, 2), 15);
  });
});
