import assert from 'node:assert/strict';
import { VirtioConsole } from '../../../../src/machine/devices/virtio/virtio-console';
import { Driver, REG, SLOT } from './driver';

const [RECEIVE, TRANSMIT] = [0, 1];
const TEXT = 0x1000;

describe('virtio console', () => {
  let sent: string;
  let driver: Driver;
  let device: VirtioConsole;

  const build = (): Driver =>
    new Driver((host) => {
      const onTransmit = (byte: number): void => {
        sent += String.fromCharCode(byte);
      };
      device = new VirtioConsole(host, { name: 'VIRTIO_CONSOLE', slot: SLOT, onTransmit });
      return device;
    });

  beforeEach(() => {
    sent = '';
    driver = build();
    driver.start(2);
  });

  const put = (address: number, text: string): void => driver.bytes(address, text.length).set(Buffer.from(text));
  const text = (address: number, length: number): string => Buffer.from(driver.bytes(address, length)).toString();

  it('is a transitional virtio device with two queues', () => {
    assert.equal(driver.bench.read(SLOT, 0, 0x00, 4), 0x10031af4);
    assert.equal(driver.bench.read(SLOT, 0, 0x2c, 4), 0x00031af4);
    assert.deepEqual(driver.sizes, [64, 64]);
    assert.equal(driver.get(REG.deviceFeatures, 4), 0x10000000);
  });

  it('sends what the guest writes, in order', () => {
    put(TEXT, 'Hello, ');
    put(TEXT + 0x100, 'world');
    driver.chain(driver.table(TRANSMIT), 0, [
      { address: TEXT, length: 7 },
      { address: TEXT + 0x100, length: 5 },
    ]);
    put(TEXT + 0x200, '!\n');
    driver.chain(driver.table(TRANSMIT), 2, [{ address: TEXT + 0x200, length: 2 }]);
    driver.offer(TRANSMIT, 0);
    driver.offer(TRANSMIT, 2);
    driver.notify(TRANSMIT);
    assert.equal(sent, '');
    driver.clock.advance(2012);
    assert.equal(sent, 'Hello, world');
    driver.wait();
    assert.equal(sent, 'Hello, world!\n');
    assert.equal(driver.usedIndex(TRANSMIT), 2);
    assert.deepEqual(driver.usedEntry(TRANSMIT, 1), [2, 0]);
    assert.deepEqual(driver.bench.take(), ['PIRQC irq 11 high']);
  });

  it('fills the buffers that the guest has given, and interrupts', () => {
    driver.chain(driver.table(RECEIVE), 0, [{ address: TEXT, length: 4, write: true }]);
    driver.chain(driver.table(RECEIVE), 1, [{ address: TEXT + 0x100, length: 64, write: true }]);
    driver.offer(RECEIVE, 0);
    driver.offer(RECEIVE, 1);
    driver.notify(RECEIVE);
    device.receive(Buffer.from('root\nls\n'));
    driver.wait();
    assert.equal(text(TEXT, 4), 'root');
    assert.equal(text(TEXT + 0x100, 4), '\nls\n');
    assert.deepEqual(
      [driver.usedEntry(RECEIVE, 0), driver.usedEntry(RECEIVE, 1)],
      [
        [0, 4],
        [1, 4],
      ],
    );
    assert.equal(driver.get(REG.isr, 1), 1);
  });

  it('keeps input until there is a buffer', () => {
    device.receive(Buffer.from('early'));
    driver.wait();
    assert.equal(driver.usedIndex(RECEIVE), 0);
    driver.chain(driver.table(RECEIVE), 0, [{ address: TEXT, length: 64, write: true }]);
    driver.offer(RECEIVE, 0);
    driver.notify(RECEIVE);
    driver.wait();
    assert.equal(text(TEXT, 5), 'early');
  });

  it('wants to hear of new buffers only while input waits', () => {
    const unwanted = (): number => driver.memory.getUint16(driver.used(RECEIVE), true);
    const buffer = { address: TEXT, length: 4, write: true };
    driver.chain(driver.table(RECEIVE), 0, [buffer]);
    driver.offer(RECEIVE, 0);
    driver.notify(RECEIVE);
    assert.equal(unwanted(), 1);
    device.receive(Buffer.from('12345678'));
    driver.wait();
    assert.equal(unwanted(), 0, 'half of it waits');
    driver.offer(RECEIVE, 0);
    driver.notify(RECEIVE);
    driver.wait();
    assert.equal(text(TEXT, 4), '5678');
    assert.equal(unwanted(), 1);
  });

  it('takes input before there is a driver, and before it may reach memory', () => {
    driver = build();
    driver.bench.write(SLOT, 0, 0x04, 2, 1);
    device.receive(Buffer.from('early'));
    driver.wait();
    assert.deepEqual(driver.bench.take(), []);
    driver.bench.write(SLOT, 0, 0x04, 2, 5);
    driver.start(2);
    driver.chain(driver.table(RECEIVE), 0, [{ address: TEXT, length: 64, write: true }]);
    driver.offer(RECEIVE, 0);
    driver.notify(RECEIVE);
    driver.wait();
    assert.equal(text(TEXT, 5), 'early');
  });

  it('forgets what is under way in rings that are taken away', () => {
    put(TEXT, 'gone');
    driver.chain(driver.table(TRANSMIT), 0, [{ address: TEXT, length: 4 }]);
    driver.offer(TRANSMIT, 0);
    driver.notify(TRANSMIT);
    driver.set(REG.queueSelect, 2, TRANSMIT);
    driver.set(REG.queuePfn, 4, 0);
    driver.wait();
    assert.equal(sent, '');
    assert.deepEqual(driver.bench.take(), []);
    assert.equal(driver.get(REG.status, 1), 7);
  });

  it('survives buffers without room', () => {
    driver.chain(driver.table(RECEIVE), 0, [{ address: TEXT, length: 0, write: true }]);
    for (let i = 0; i < 10; i++) driver.offer(RECEIVE, 0);
    device.receive(Buffer.from('x'));
    driver.wait();
    assert.equal(driver.usedIndex(RECEIVE), 10);
  });

  it('carries input and output under way through save and load', () => {
    put(TEXT, 'later');
    driver.chain(driver.table(TRANSMIT), 0, [{ address: TEXT, length: 5 }]);
    driver.offer(TRANSMIT, 0);
    driver.notify(TRANSMIT);
    device.receive(Buffer.from('typed'));
    const states = driver.bench.pci.devices.map((item) => item.save());
    const ram = driver.bytes(0, 0x40000).slice();
    const { sizes } = driver;
    driver = build();
    driver.sizes.push(...sizes);
    driver.bytes(0, 0x40000).set(ram);
    for (const item of driver.bench.pci.functions) item.release();
    driver.bench.pci.devices.forEach((item, i) => item.load(states[i]));
    driver.chain(driver.table(RECEIVE), 0, [{ address: TEXT + 0x100, length: 64, write: true }]);
    driver.offer(RECEIVE, 0);
    driver.wait();
    assert.equal(sent, 'later');
    assert.equal(text(TEXT + 0x100, 5), 'typed');
  });
});
