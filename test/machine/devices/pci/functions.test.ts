import assert from 'node:assert/strict';
import type { PortRegister, PortWidth } from '../../../../src/machine/devices/device';
import { PciFunction, type PciHost, type PciPlace } from '../../../../src/machine/devices/pci/pci-function';
import type { MmioHandler } from '../../../../src/machine/memory/physical';
import { PciBench } from './bench';

/** A card with 16 ports, of which the first is a latch, a page of memory, and an interrupt. */
class Card extends PciFunction {
  value = 0;

  constructor(
    host: PciHost,
    name: string,
    place: PciPlace,
    readonly cells: MmioHandler = { name: `${name} memory`, read: () => 0x5a, write: () => undefined },
  ) {
    super(host, {
      name,
      place,
      identity: { vendor: 0x1234, device: 0x5678, classCode: 0xff0000, revision: 1, interruptPin: 'A' },
      baseAddresses: [
        { space: 'io', size: 16 },
        { space: 'memory', size: 0x1000, handler: cells },
      ],
    });
  }

  protected override portsAt(base: number): PortRegister[] {
    return [{ port: base, name: 'LATCH', width: 4, doc: 'A latch.' }];
  }

  override readPort(): number {
    return this.value;
  }

  override writePort(_port: number, _width: PortWidth, value: number): void {
    this.value = value;
  }

  raise(level: boolean): void {
    this.setInterrupt(level);
  }
}

describe('PCI functions', () => {
  let first: Card;
  let second: Card;
  let bench: PciBench;

  beforeEach(() => {
    bench = new PciBench((host) => {
      first = new Card(host, 'FIRST', { slot: 3, function: 0 });
      second = new Card(host, 'SECOND', { slot: 7, function: 0 });
      return [first, second];
    });
  });

  it('tell the sizes of their ranges', () => {
    bench.write(3, 0, 0x04, 2, 3);
    bench.write(3, 0, 0x10, 4, 0xffffffff);
    bench.write(3, 0, 0x14, 4, 0xffffffff);
    bench.write(3, 0, 0x18, 4, 0xffffffff);
    assert.equal(bench.read(3, 0, 0x10, 4), 0xfffffff1);
    assert.equal(bench.read(3, 0, 0x14, 4), 0xfffff000);
    assert.equal(bench.read(3, 0, 0x18, 4), 0);
    assert.deepEqual(bench.take(), []);
  });

  it('have ports while I/O space is on, and where the BAR says', () => {
    bench.write(3, 0, 0x10, 4, 0xc000);
    assert.equal(bench.bus.deviceAt(0xc000), undefined);
    bench.write(3, 0, 0x04, 2, 1);
    bench.out(0xc000, 0x12345678, 4);
    assert.equal(first.value, 0x12345678);
    assert.equal(bench.bus.nameOf(0xc000, 'in'), 'FIRST.LATCH');
    bench.write(3, 0, 0x10, 4, 0xd000);
    assert.equal(bench.bus.deviceAt(0xc000), undefined);
    assert.equal(bench.in(0xd000, 4), 0x12345678);
    bench.write(3, 0, 0x04, 2, 0);
    assert.equal(bench.bus.deviceAt(0xd000), undefined);
  });

  it('move when only a byte of the BAR is written', () => {
    bench.write(3, 0, 0x10, 4, 0xc000);
    bench.write(3, 0, 0x04, 1, 1);
    bench.write(3, 0, 0x11, 1, 0xd0);
    assert.equal(bench.bus.deviceAt(0xd000), first);
    assert.equal(bench.bus.deviceAt(0xc000), undefined);
  });

  it('are not decoded over ports of another device, and say so', () => {
    bench.write(3, 0, 0x04, 2, 1);
    bench.write(7, 0, 0x04, 2, 1);
    bench.write(3, 0, 0x10, 4, 0xc000);
    bench.write(7, 0, 0x10, 4, 0xc000);
    assert.deepEqual(bench.take(), [
      'BAR 0 of SECOND (00:07.0) is not decoded at 0xc000: port 0xc000 is claimed by both FIRST and SECOND',
    ]);
    assert.equal(bench.bus.deviceAt(0xc000), first);
    bench.write(7, 0, 0x10, 4, 0xc040);
    assert.equal(bench.bus.deviceAt(0xc040), second);
    assert.deepEqual(bench.take(), []);
  });

  it('are told of once, whatever the guest tries', () => {
    bench.write(3, 0, 0x04, 2, 1);
    bench.write(7, 0, 0x04, 2, 1);
    bench.write(3, 0, 0x10, 4, 0xc000);
    for (let i = 0; i < 3; i++) {
      bench.write(7, 0, 0x10, 4, 0xc000);
      bench.write(7, 0, 0x10, 4, 0xd000);
    }
    assert.equal(bench.take().length, 1);
    for (let at = 0; at < 0x800; at += 0x10) {
      bench.write(3, 0, 0x10, 4, 0xc000 + at);
      bench.write(7, 0, 0x10, 4, 0xc000 + at);
    }
    assert.equal(bench.take().length, 63);
  });

  it('have memory where the BAR says, but not over RAM', () => {
    bench.write(3, 0, 0x04, 2, 2);
    bench.write(3, 0, 0x14, 4, 0xfe000000);
    assert.equal(bench.memory.read(0xfe000000, 1), 0x5a);
    bench.write(3, 0, 0x14, 4, 0x00200000);
    assert.deepEqual(bench.take(), ['BAR 1 of FIRST (00:03.0) is not decoded at 0x200000: RAM is there']);
    assert.equal(bench.memory.read(0x200000, 1), 0);
    bench.write(7, 0, 0x04, 2, 2);
    bench.write(7, 0, 0x14, 4, 0xfe000000);
    assert.deepEqual(bench.take(), []);
    bench.write(3, 0, 0x14, 4, 0xfe000000);
    assert.match(bench.take().join(), /FIRST memory overlaps SECOND memory/);
    bench.bus.reset();
    assert.equal(bench.memory.read(0xfe000000, 1), 0xff);
  });

  it('share an interrupt line: it falls when the last lets go', () => {
    // The pins A of slots 3 and 7 are both wired to PIRQC#.
    bench.write(1, 0, 0x62, 1, 0x0b);
    first.raise(true);
    second.raise(true);
    first.raise(false);
    assert.deepEqual(bench.take(), ['PIRQC irq 11 high']);
    second.raise(false);
    assert.deepEqual(bench.take(), ['PIRQC irq 11 low']);
  });

  it('hold the line while the route moves, and show their state in the status register', () => {
    first.raise(true);
    assert.deepEqual(bench.take(), []);
    assert.equal(bench.read(3, 0, 0x06, 2) & 8, 8);
    bench.write(1, 0, 0x62, 1, 0x0b);
    bench.write(1, 0, 0x62, 1, 0x05);
    bench.write(1, 0, 0x62, 1, 0x02);
    assert.deepEqual(bench.take(), ['PIRQC irq 11 high', 'PIRQC irq 11 low', 'PIRQC irq 5 high', 'PIRQC irq 5 low']);
  });

  it('let go of the line while the command register turns interrupts off', () => {
    bench.write(1, 0, 0x62, 1, 0x0b);
    first.raise(true);
    bench.write(3, 0, 0x04, 2, 0x400);
    assert.deepEqual(bench.take(), ['PIRQC irq 11 high', 'PIRQC irq 11 low']);
    assert.equal(bench.read(3, 0, 0x06, 2) & 8, 8, 'still pending');
    bench.write(3, 0, 0x04, 2, 0);
    assert.deepEqual(bench.take(), ['PIRQC irq 11 high']);
  });

  it('come back with ranges and interrupts, even if they have changed places', () => {
    const place = (slot: number, base: number): void => {
      bench.write(slot, 0, 0x04, 2, 0);
      bench.write(slot, 0, 0x10, 4, base);
    };
    place(3, 0xc000);
    place(7, 0xd000);
    bench.write(3, 0, 0x04, 2, 1);
    bench.write(7, 0, 0x04, 2, 1);
    first.raise(true);
    const states = bench.pci.devices.map((device) => device.save());
    place(3, 0xd000);
    place(7, 0xc000);
    bench.write(3, 0, 0x04, 2, 1);
    bench.write(7, 0, 0x04, 2, 1);
    first.raise(false);
    bench.take();
    for (const item of bench.pci.functions) item.release();
    bench.pci.devices.forEach((device, i) => device.load(states[i]));
    assert.equal(bench.bus.deviceAt(0xc000), first);
    assert.equal(bench.bus.deviceAt(0xd000), second);
    assert.equal(bench.read(3, 0, 0x06, 2) & 8, 8);
    assert.deepEqual(bench.take(), []);
  });
});
