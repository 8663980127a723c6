import assert from 'node:assert/strict';
import { MemoryBlockStore, OverlayBlockStore } from '../../../../src/machine/devices/ide/block-store';
import { VirtioBlock } from '../../../../src/machine/devices/virtio/virtio-block';
import { BASE, Driver, INDIRECT, REG, SLOT } from './driver';

const SECTORS = 64;
const HEADER = 0x1000;
const DATA = 0x2000;
const STATUS = 0x8000;
const [IN, OUT, FLUSH, GET_ID] = [0, 1, 4, 8];

describe('virtio disk', () => {
  let image: Uint8Array;
  let driver: Driver;
  let disk: VirtioBlock;

  const build = (): Driver =>
    new Driver((host) => {
      const store = new OverlayBlockStore(new MemoryBlockStore(image));
      disk = new VirtioBlock(host, { name: 'VIRTIO_BLK0', slot: SLOT, store, id: 'Ringside0' });
      return disk;
    });

  beforeEach(() => {
    image = Uint8Array.from({ length: SECTORS * 512 }, (_, i) => (i >> 9) ^ (i & 0xff));
    driver = build();
    driver.start(1);
  });

  const header = (type: number, sector: number): void => {
    driver.memory.setUint32(HEADER, type, true);
    driver.memory.setUint32(HEADER + 4, 0, true);
    driver.memory.setUint32(HEADER + 8, sector % 2 ** 32, true);
    driver.memory.setUint32(HEADER + 12, Math.floor(sector / 2 ** 32), true);
  };

  /** Makes a request of the usual three parts and waits for it. @returns its status byte */
  const request = (type: number, sector: number, length: number): number => {
    header(type, sector);
    driver.memory.setUint8(STATUS, 0xee);
    driver.chain(driver.table(0), 0, [
      { address: HEADER, length: 16 },
      ...(length ? [{ address: DATA, length, write: type !== OUT }] : []),
      { address: STATUS, length: 1, write: true },
    ]);
    driver.offer(0, 0);
    driver.notify(0);
    driver.wait();
    return driver.memory.getUint8(STATUS);
  };

  it('is a transitional virtio device on the bus', () => {
    const { bench } = driver;
    assert.equal(bench.read(SLOT, 0, 0x00, 4), 0x10011af4);
    assert.equal(bench.read(SLOT, 0, 0x2c, 4), 0x00021af4);
    assert.equal(bench.read(SLOT, 0, 0x08, 4), 0x01000000);
    assert.equal(bench.read(SLOT, 0, 0x3d, 1), 1);
  });

  it('names its ports', () => {
    const { bus } = driver.bench;
    assert.equal(bus.nameOf(BASE + REG.queueNotify, 'out'), 'VIRTIO_BLK0.QUEUE_NOTIFY');
    assert.equal(bus.nameOf(BASE + REG.config, 'in'), 'VIRTIO_BLK0.CAPACITY');
    assert.equal(bus.nameOf(BASE + REG.config + 1, 'in'), 'VIRTIO_BLK0.CAPACITY_1');
    for (let port = BASE; port < BASE + 64; port++) assert.equal(bus.deviceAt(port), disk, port.toString(16));
    assert.equal(bus.deviceAt(BASE + 64), undefined);
  });

  it('tells its features, its queue and its size, in any width', () => {
    assert.equal(driver.get(REG.deviceFeatures, 4), 0x10000254);
    assert.equal(driver.get(REG.deviceFeatures + 3, 1), 0x10);
    assert.equal(driver.get(REG.queueSize, 2), 128);
    driver.set(REG.queueSelect, 2, 1);
    assert.equal(driver.get(REG.queueSize, 2), 0);
    assert.equal(driver.get(REG.config, 4), SECTORS);
    assert.equal(driver.get(REG.config + 4, 4), 0);
    assert.equal(driver.get(REG.config + 12, 4), 126);
    assert.equal(driver.get(REG.config + 20, 4), 512);
    const bytes = [0, 1, 2, 3].map((i) => driver.get(REG.config + 20 + i, 1));
    assert.deepEqual(bytes, [0, 2, 0, 0]);
  });

  it('takes no feature that it does not have', () => {
    driver.set(REG.driverFeatures, 4, 0xffffffff);
    assert.equal(driver.get(REG.driverFeatures, 4), 0x10000254);
  });

  it('reads sectors', () => {
    assert.equal(request(IN, 3, 1024), 0);
    assert.deepEqual(driver.bytes(DATA, 1024), image.subarray(3 * 512, 5 * 512));
    assert.equal(driver.usedIndex(0), 1);
    assert.deepEqual(driver.usedEntry(0, 0), [0, 1025]);
  });

  it('writes sectors, and what was written is read again', () => {
    driver.bytes(DATA, 512).fill(0xa5);
    assert.equal(request(OUT, 63, 512), 0);
    assert.deepEqual(driver.usedEntry(0, 0), [0, 1]);
    driver.bytes(DATA, 512).fill(0);
    assert.equal(request(IN, 63, 512), 0);
    assert.ok(driver.bytes(DATA, 512).every((byte) => byte === 0xa5));
    assert.equal(image[63 * 512], 63, 'the image stays as it is');
  });

  it('flushes, and tells its name', () => {
    assert.equal(request(FLUSH, 0, 0), 0);
    assert.equal(request(GET_ID, 0, 20), 0);
    assert.deepEqual(driver.usedEntry(0, 1), [0, 21]);
    assert.equal(String.fromCharCode(...driver.bytes(DATA, 10)), 'Ringside0\0');
  });

  it('refuses what it does not know, and sectors that it does not have', () => {
    assert.equal(request(2, 0, 512), 2);
    assert.equal(request(IN, 64, 512), 1);
    assert.equal(request(IN, 63, 1024), 1);
    assert.equal(request(IN, 2 ** 40, 512), 1);
    assert.equal(request(OUT, 0, 100), 1);
    assert.equal(driver.usedIndex(0), 5, 'each is given back');
    assert.deepEqual(driver.usedEntry(0, 1), [0, 1]);
  });

  it('takes requests in pieces of any length', () => {
    header(IN, 5);
    driver.chain(driver.table(0), 10, [
      { address: HEADER, length: 10 },
      { address: HEADER + 10, length: 6 },
      { address: DATA, length: 100, write: true },
      { address: DATA + 0x1000, length: 413, write: true },
    ]);
    driver.offer(0, 10);
    driver.notify(0);
    driver.wait();
    assert.deepEqual(driver.bytes(DATA, 100), image.subarray(5 * 512, 5 * 512 + 100));
    assert.deepEqual(driver.bytes(DATA + 0x1000, 412), image.subarray(5 * 512 + 100, 6 * 512));
    assert.equal(driver.memory.getUint8(DATA + 0x1000 + 412), 0, 'status in the last byte');
  });

  it('follows an indirect table, if the driver has asked for that', () => {
    header(IN, 7);
    const table = 0x3000;
    driver.chain(table, 0, [
      { address: HEADER, length: 16 },
      { address: DATA, length: 512, write: true },
      { address: STATUS, length: 1, write: true },
    ]);
    driver.start(1, 2 ** 28);
    driver.descriptor(driver.table(0), 5, table, 48, INDIRECT);
    driver.offer(0, 5);
    driver.notify(0);
    driver.wait();
    assert.deepEqual(driver.bytes(DATA, 512), image.subarray(7 * 512, 8 * 512));
    assert.deepEqual(driver.usedEntry(0, 0), [5, 513]);
  });

  it('takes its time, one request after the other, and interrupts after each', () => {
    header(IN, 0);
    for (const head of [0, 3]) {
      driver.chain(driver.table(0), head, [
        { address: HEADER, length: 16 },
        { address: DATA, length: 512, write: true },
        { address: STATUS, length: 1, write: true },
      ]);
      driver.offer(0, head);
    }
    driver.notify(0);
    assert.equal(driver.usedIndex(0), 0);
    // 529 bytes are two sectors, begun or whole: 2000 + 2 * 200 cycles.
    driver.clock.advance(2399);
    assert.equal(driver.usedIndex(0), 0);
    driver.clock.advance(1);
    assert.equal(driver.usedIndex(0), 1);
    assert.deepEqual(driver.bench.take(), ['PIRQC irq 11 high']);
    assert.equal(driver.get(REG.isr, 1), 1);
    assert.deepEqual(driver.bench.take(), ['PIRQC irq 11 low']);
    assert.equal(driver.get(REG.isr, 1), 0, 'reading clears it');
    driver.clock.advance(2400);
    assert.equal(driver.usedIndex(0), 2);
    assert.deepEqual(driver.bench.take(), ['PIRQC irq 11 high']);
  });

  it('spares the driver notifications while it is busy', () => {
    header(IN, 0);
    for (const head of [0, 3]) {
      driver.chain(driver.table(0), head, [
        { address: HEADER, length: 16 },
        { address: DATA, length: 512, write: true },
        { address: STATUS, length: 1, write: true },
      ]);
    }
    const unwanted = (): number => driver.memory.getUint16(driver.used(0), true);
    driver.offer(0, 0);
    driver.notify(0);
    assert.equal(unwanted(), 1);
    driver.offer(0, 3);
    driver.wait();
    assert.equal(driver.usedIndex(0), 2, 'the second one was never notified');
    assert.equal(unwanted(), 0);
  });

  it('does not interrupt a driver that polls', () => {
    driver.memory.setUint16(driver.avail(0), 1, true);
    assert.equal(request(IN, 0, 512), 0);
    assert.equal(driver.get(REG.isr, 1), 0);
    assert.deepEqual(driver.bench.take(), []);
  });

  it('goes around the end of the rings', () => {
    for (let i = 0; i < 300; i++) assert.equal(request(IN, i % SECTORS, 512), 0);
    assert.equal(driver.usedIndex(0), 300);
    assert.deepEqual(driver.bytes(DATA, 512), image.subarray((299 % SECTORS) * 512, (299 % SECTORS) * 512 + 512));
  });

  it('forgets what is under way at a reset by the driver', () => {
    header(IN, 0);
    driver.chain(driver.table(0), 0, [
      { address: HEADER, length: 16 },
      { address: DATA, length: 512, write: true },
      { address: STATUS, length: 1, write: true },
    ]);
    driver.offer(0, 0);
    driver.notify(0);
    driver.set(REG.status, 1, 0);
    driver.wait();
    assert.equal(driver.usedIndex(0), 0);
    assert.deepEqual(driver.bench.take(), []);
    assert.equal(driver.get(REG.queuePfn, 4), 0);
  });

  it('goes on after save and load as if nothing had been', () => {
    driver.bytes(DATA, 512).fill(0x77);
    assert.equal(request(OUT, 9, 512), 0);
    driver.get(REG.isr, 1);
    header(IN, 9);
    driver.chain(driver.table(0), 0, [
      { address: HEADER, length: 16 },
      { address: DATA + 0x1000, length: 512, write: true },
      { address: STATUS, length: 1, write: true },
    ]);
    driver.offer(0, 0);
    driver.notify(0);
    driver.clock.advance(1000);
    const states = driver.bench.pci.devices.map((device) => device.save());
    const ram = driver.bytes(0, 0x40000).slice();
    const now = driver.clock.now;
    const sizes = driver.sizes;

    driver = build();
    driver.sizes.push(...sizes);
    driver.clock.charge(now - driver.clock.now);
    driver.bytes(0, 0x40000).set(ram);
    for (const item of driver.bench.pci.functions) item.release();
    driver.bench.pci.devices.forEach((device, i) => device.load(states[i]));
    driver.clock.advance(1399);
    assert.equal(driver.usedIndex(0), 1);
    driver.clock.advance(1);
    assert.equal(driver.usedIndex(0), 2);
    assert.ok(driver.bytes(DATA + 0x1000, 512).every((byte) => byte === 0x77));
    assert.equal(driver.get(REG.isr, 1), 1);
  });

  it('tells compiled code of what it writes', () => {
    const { memory } = driver.bench;
    const host = memory.hostPointer(DATA);
    const written: [number, number][] = [];
    memory.code.mark(host + 64, 16);
    memory.code.onWrite = (at, bytes) => written.push([at - host, bytes]);
    assert.equal(request(IN, 0, 512), 0);
    assert.deepEqual(written, [[0, 512]]);
  });
});
