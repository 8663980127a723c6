import assert from 'node:assert/strict';
import { MemoryBlockStore } from '../../../../src/machine/devices/ide/block-store';
import { VirtioBlock } from '../../../../src/machine/devices/virtio/virtio-block';
import { Driver, INDIRECT, NEXT, REG, SLOT, WRITE } from './driver';

const STATUS_NEEDS_RESET = 0x40;
const FEATURE_INDIRECT = 2 ** 28;
/** What the bench's machine has. */
const RAM = 4 << 20;

describe('virtio and a hostile driver', () => {
  let driver: Driver;

  beforeEach(() => {
    driver = new Driver((host) => {
      const store = new MemoryBlockStore(new Uint8Array(512 * 8));
      return new VirtioBlock(host, { name: 'VIRTIO_BLK0', slot: SLOT, store, id: 'x' });
    });
    driver.start(1, FEATURE_INDIRECT);
  });

  /** Lets the device see what was laid out; it must stop, say why, and touch no memory. */
  const expectFailure = (reason: RegExp): void => {
    const before = driver.bytes(0, RAM).slice();
    driver.notify(0);
    driver.wait();
    const [report, interrupt, ...rest] = driver.bench
      .take()
      .sort((a, b) => Number(/^PIRQ/.test(a)) - Number(/^PIRQ/.test(b)));
    assert.match(report, /^VIRTIO_BLK0 stops until the guest resets it: /);
    assert.match(report, reason);
    assert.equal(interrupt, 'PIRQC irq 11 high');
    assert.deepEqual(rest, []);
    assert.equal(driver.get(REG.status, 1) & STATUS_NEEDS_RESET, STATUS_NEEDS_RESET);
    assert.equal(driver.get(REG.isr, 1), 2, 'the configuration changed');
    // All that may have changed is the flag by which the device spares the driver notifications.
    driver.memory.setUint16(driver.used(0), 0, true);
    assert.ok(Buffer.from(driver.bytes(0, RAM)).equals(before), 'memory has changed');
    driver.bench.take();
    driver.notify(0);
    driver.wait();
    assert.deepEqual(driver.bench.take(), [], 'said once');
  };

  const table = (): number => driver.table(0);

  const cases: [string, () => void, RegExp][] = [
    [
      'a chain that loops',
      () => {
        driver.descriptor(table(), 0, 0x1000, 16, NEXT, 1);
        driver.descriptor(table(), 1, 0x1000, 16, NEXT, 0);
      },
      /chain from descriptor 0 loops/,
    ],
    ['a chain that points at itself', () => driver.descriptor(table(), 0, 0x1000, 16, NEXT, 0), /loops/],
    ['a next beyond the table', () => driver.descriptor(table(), 0, 0x1000, 16, NEXT, 128), /descriptor 128 is beyond/],
    [
      'an address beyond RAM',
      () => driver.descriptor(table(), 0, RAM - 8, 16, 0),
      /16 bytes at 0x3ffff8, which are not RAM/,
    ],
    ['a 64-bit address', () => driver.descriptor(table(), 0, 2 ** 63, 16, 0), /not RAM/],
    ['an address that wraps', () => driver.descriptor(table(), 0, 2 ** 64 - 4096, 4096, WRITE), /not RAM/],
    ['video memory that is not there', () => driver.descriptor(table(), 0, 0x9fff8, 16, WRITE), /not RAM/],
    ['a huge descriptor', () => driver.descriptor(table(), 0, 0, 0xffffffff, WRITE), /4294967295 bytes, more than/],
    [
      'an indirect table with an odd length',
      () => driver.descriptor(table(), 0, 0x1000, 17, INDIRECT),
      /17 bytes, not a multiple of 16/,
    ],
    ['an empty indirect table', () => driver.descriptor(table(), 0, 0x1000, 0, INDIRECT), /0 bytes/],
    [
      'an indirect table without end',
      () => driver.descriptor(table(), 0, 0x1000, 16 * 1025, INDIRECT),
      /1025 entries, more than 1024/,
    ],
    [
      'an indirect table in an indirect table',
      () => {
        driver.descriptor(table(), 0, 0x1000, 16, INDIRECT);
        driver.descriptor(0x1000, 0, 0x1000, 16, INDIRECT);
      },
      /indirect table has an indirect descriptor/,
    ],
    [
      'an indirect descriptor that goes on',
      () => driver.descriptor(table(), 0, 0x1000, 16, INDIRECT | NEXT, 1),
      /both indirect and continued/,
    ],
    [
      'an indirect table that loops',
      () => {
        driver.descriptor(table(), 0, 0x1000, 32, INDIRECT);
        driver.descriptor(0x1000, 0, 0x2000, 16, NEXT, 1);
        driver.descriptor(0x1000, 1, 0x2000, 16, NEXT, 0);
      },
      /loops/,
    ],
    [
      'reading after writing',
      () =>
        driver.chain(table(), 0, [
          { address: 0x1000, length: 1, write: true },
          { address: 0x1000, length: 16 },
        ]),
      /descriptor 1 is to be read by the device and follows/,
    ],
    ['a request without a header', () => driver.descriptor(table(), 0, 0x1000, 512, WRITE), /no header of 16 bytes/],
    ['a request without a status', () => driver.descriptor(table(), 0, 0x1000, 16, 0), /no room for its status/],
  ];

  for (const [name, layOut, reason] of cases) {
    it(`is contained: ${name}`, () => {
      layOut();
      driver.offer(0, 0);
      expectFailure(reason);
    });
  }

  it('is contained: a head beyond the table', () => {
    driver.offer(0, 0x7fff);
    expectFailure(/descriptor 32767 is beyond the table of 128/);
  });

  it('is contained: an available index that runs away', () => {
    driver.memory.setUint16(driver.avail(0) + 2, 129, true);
    expectFailure(/available index moved by 129, past all 128/);
  });

  it('is contained: a chain that is broken while the request is under way', () => {
    driver.chain(table(), 0, [
      { address: 0x1000, length: 16 },
      { address: 0x2000, length: 513, write: true },
    ]);
    driver.offer(0, 0);
    driver.notify(0);
    driver.descriptor(table(), 1, RAM, 513, WRITE);
    driver.wait();
    assert.match(driver.bench.take().join(), /513 bytes at 0x400000, which are not RAM/);
  });

  it('is contained: an indirect descriptor that was not negotiated', () => {
    driver.start(1, 0);
    driver.descriptor(table(), 0, 0x1000, 16, INDIRECT);
    driver.offer(0, 0);
    expectFailure(/which the driver has not asked for/);
  });

  it('is contained: rings outside of RAM', () => {
    for (const pages of [0xfffff, RAM >>> 12, (RAM >>> 12) - 1, 0xa0, 0xffffffff]) {
      driver.start(1);
      driver.set(REG.queuePfn, 4, pages);
      assert.match(driver.bench.take().join(), /its rings at 0x[0-9a-f]+ are not in RAM/);
      assert.equal(driver.get(REG.queuePfn, 4), 0);
    }
  });

  it('is contained: bus mastering turned off', () => {
    driver.chain(table(), 0, [
      { address: 0x1000, length: 16 },
      { address: 0x2000, length: 513, write: true },
    ]);
    driver.offer(0, 0);
    driver.bench.write(SLOT, 0, 0x04, 2, 1);
    expectFailure(/bus master is off/);
  });

  it('ignores queues that do not exist or are not in use', () => {
    driver.notify(1);
    driver.notify(0xffff);
    driver.set(REG.queueSelect, 2, 9);
    driver.set(REG.queuePfn, 4, 1);
    driver.set(REG.queueSelect, 2, 0);
    driver.set(REG.queuePfn, 4, 0);
    driver.notify(0);
    driver.wait();
    assert.deepEqual(driver.bench.take(), []);
    assert.equal(driver.get(REG.status, 1), 7);
  });

  it('may start again after a reset', () => {
    driver.offer(0, 0x7fff);
    expectFailure(/beyond/);
    driver.start(1);
    assert.equal(driver.get(REG.status, 1), 7);
    driver.chain(table(), 0, [
      { address: 0x1000, length: 16 },
      { address: 0x2000, length: 513, write: true },
    ]);
    driver.offer(0, 0);
    driver.notify(0);
    driver.wait();
    assert.equal(driver.usedIndex(0), 1);
  });
});
