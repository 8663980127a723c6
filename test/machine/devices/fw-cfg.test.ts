import assert from 'node:assert/strict';
import { FirmwareConfiguration } from '../../../src/machine/devices/fw-cfg';

describe('the firmware configuration device', () => {
  const item = (device: FirmwareConfiguration, number: number, length: number): number[] => {
    device.writePort(0x510, 2, number);
    return Array.from({ length }, () => device.readPort(0x511));
  };

  it('gives its signature, the RAM and one processor', () => {
    const device = new FirmwareConfiguration(0x0430_0000);
    assert.equal(String.fromCharCode(...item(device, 0, 4)), 'QEMU');
    assert.deepEqual(item(device, 3, 8), [0, 0, 0x30, 0x04, 0, 0, 0, 0]);
    assert.deepEqual(item(device, 5, 2), [1, 0]);
    assert.deepEqual(item(device, 0x19, 4), [0, 0, 0, 0]);
  });

  it('reads zeroes past the end of an item, and for items that it does not have', () => {
    const device = new FirmwareConfiguration(1 << 20);
    assert.deepEqual(item(device, 5, 4), [1, 0, 0, 0]);
    assert.deepEqual(item(device, 0x7777, 2), [0, 0]);
  });

  it('goes on after a snapshot where it was', () => {
    const device = new FirmwareConfiguration(1 << 20);
    item(device, 0, 2);
    const other = new FirmwareConfiguration(1 << 20);
    other.load(device.save());
    assert.equal(other.readPort(0x511), 'M'.charCodeAt(0));
  });
});
