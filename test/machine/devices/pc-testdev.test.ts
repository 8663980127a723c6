import assert from 'node:assert/strict';
import { PcTestDevice } from '../../../src/machine/devices/pc-testdev';
import { FakeClock } from '../support/fake-clock';

describe('the test device', () => {
  const lines: string[] = [];
  const make = (): PcTestDevice =>
    new PcTestDevice({ clock: new FakeClock(), setIrq: (line, level) => lines.push(`${line} ${level}`) });

  it('keeps what is written, whole or in parts', () => {
    const device = make();
    device.writePort(0xe0, 4, 0x89abcdef);
    assert.equal(device.readPort(0xe0, 4), 0x89abcdef);
    device.writePort(0xe2, 2, 0x1234);
    device.writePort(0xe1, 1, 0x55);
    assert.equal(device.readPort(0xe0, 4), 0x123455ef);
    assert.equal(device.readPort(0xe0, 2), 0x55ef);
    assert.equal(device.readPort(0xe3, 1), 0x12);
    const other = make();
    other.load(device.save());
    assert.equal(other.readPort(0xe0, 4), 0x123455ef);
    device.reset();
    assert.equal(device.readPort(0xe0, 4), 0);
  });

  it('sets interrupt lines', () => {
    const device = make();
    device.writePort(0x2005, 1, 1);
    device.writePort(0x2005, 1, 0);
    assert.deepEqual(lines, ['5 true', '5 false']);
  });
});
