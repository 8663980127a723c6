import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MemoryBlockStore } from '../../../../src/machine/devices/ide/block-store';
import { VirtioBlock } from '../../../../src/machine/devices/virtio/virtio-block';
import { VirtioConsole } from '../../../../src/machine/devices/virtio/virtio-console';
import type { VirtioHost } from '../../../../src/machine/devices/virtio/virtio-function';
import { Driver, REG, SLOT } from './driver';

const DISK_SECTORS = 16;
/** Where requests may point besides the rings: a header, data, and an indirect table. */
const PLAYGROUND = 0x30000;

/** One descriptor; most fields are near what makes sense. */
const descriptor = fc.record({
  address: fc.oneof(
    fc.integer({ min: PLAYGROUND, max: PLAYGROUND + 0x2000 }),
    fc.constantFrom(0, 0x10000, 0x9fff0, 0xa0000, 0x3ffff8, 0x400000, 0xffffffff, 2 ** 63),
  ),
  length: fc.oneof(fc.integer({ min: 0, max: 2048 }), fc.constantFrom(1, 16, 512, 513, 0x10000, 0xffffffff)),
  flags: fc.integer({ min: 0, max: 7 }),
  next: fc.oneof(fc.integer({ min: 0, max: 7 }), fc.constantFrom(63, 127, 128, 0xffff)),
});

/** What a wild driver does. */
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('offer' as const), value: fc.integer({ min: 0, max: 9 }) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('notify' as const), value: fc.integer({ min: 0, max: 2 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), value: fc.integer({ min: 1, max: 9000 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('start' as const), value: fc.constantFrom(0, 2 ** 28) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('index' as const), value: fc.integer({ min: 0, max: 0xffff }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('place' as const), value: fc.integer({ min: 0, max: 0x3ff }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('save' as const), value: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('read' as const), value: fc.integer({ min: 0, max: 31 }) }) },
);

type Card = VirtioBlock | VirtioConsole;

/** Lets a device live through a wild driver. It must neither throw nor forget how to work after a reset. */
function endure(build: (host: VirtioHost) => Card, queues: number): void {
  const actions = fc.array(action, { maxLength: 40 });
  const descriptors = fc.array(descriptor, { minLength: 8, maxLength: 8 });
  const requestType = fc.constantFrom(0, 1, 4, 8, 99);
  fc.assert(
    fc.property(descriptors, descriptors, requestType, actions, (table, indirect, type, steps) => {
      const driver = new Driver(build);
      const layOut = (): void => {
        for (let queue = 0; queue < queues; queue++) {
          table.forEach((d, i) => driver.descriptor(driver.table(queue), i, d.address, d.length, d.flags, d.next));
        }
        indirect.forEach((d, i) => driver.descriptor(PLAYGROUND, i, d.address, d.length, d.flags, d.next));
        driver.memory.setUint32(PLAYGROUND + 0x100, type, true);
      };
      driver.start(queues, 2 ** 28);
      layOut();
      for (const { kind, value } of steps) {
        if (kind === 'offer') driver.offer(value % queues, value);
        else if (kind === 'notify') driver.notify(value);
        else if (kind === 'wait') driver.clock.advance(value);
        else if (kind === 'index') driver.memory.setUint16(driver.avail(0) + 2, value, true);
        else if (kind === 'place') driver.set(REG.queuePfn, 4, value);
        else if (kind === 'read') driver.get(value, 1);
        else if (kind === 'start') {
          driver.start(queues, value);
          layOut();
        } else {
          const card = driver.bench.pci.functions.at(-1) as Card;
          card.load(card.save());
        }
      }
      driver.wait();
      for (const event of driver.bench.take())
        assert.match(event, /^(PIRQC irq 11 (high|low)|VIRTIO\S* stops until .*)$/);
      driver.start(queues);
      assert.equal(driver.get(REG.status, 1), 7);
      assert.equal(driver.clock.nextDue, Infinity, 'a request of before the reset is still under way');
    }),
    { numRuns: 150, seed: 1976 },
  );
}

describe('virtio and a wild driver', function () {
  this.timeout(60_000);

  it('is endured by a disk', () => {
    endure((host) => {
      const store = new MemoryBlockStore(new Uint8Array(512 * DISK_SECTORS));
      return new VirtioBlock(host, { name: 'VIRTIO_BLK0', slot: SLOT, store, id: 'x' });
    }, 1);
  });

  it('is endured by a console', () => {
    endure((host) => {
      const card = new VirtioConsole(host, { name: 'VIRTIO_CONSOLE', slot: SLOT, onTransmit: () => undefined });
      card.receive(Buffer.from('typed ahead'));
      return card;
    }, 2);
  });
});
