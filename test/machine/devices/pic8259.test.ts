import assert from 'node:assert/strict';
import { Pic8259 } from '../../../src/machine/devices/pic/pic8259';

describe('8259 pair', () => {
  let pic: Pic8259;
  let changes: boolean[];

  const out = (port: number, value: number): void => deviceOf(port).writePort(port, 1, value);
  const read = (port: number): number => deviceOf(port).readPort(port, 1);
  const deviceOf = (port: number) => {
    const device = pic.devices.find((candidate) => candidate.registers.some((register) => register.port === port));
    assert.ok(device);
    return device;
  };
  /** Initializes both chips as PCs do, vectors 0x20 and 0x28, all lines open. */
  const initialize = (icw4Master = 0x01, icw4Slave = 0x01): void => {
    for (const value of [0x20, 0x04, icw4Master]) {
      if (value === 0x20) out(0x20, 0x11);
      out(0x21, value);
    }
    for (const value of [0x28, 0x02, icw4Slave]) {
      if (value === 0x28) out(0xa0, 0x11);
      out(0xa1, value);
    }
    out(0x21, 0);
    out(0xa1, 0);
  };
  const pulse = (line: number): void => {
    pic.setIrq(line, false);
    pic.setIrq(line, true);
  };
  const isr = (base = 0x20): number => {
    out(base, 0x0b);
    return read(base);
  };
  const irr = (base = 0x20): number => {
    out(base, 0x0a);
    return read(base);
  };

  beforeEach(() => {
    pic = new Pic8259();
    changes = [];
    pic.onPendingChange = (pending) => changes.push(pending);
    initialize();
  });

  describe('initialization', () => {
    it('masks everything at power on', () => {
      pic = new Pic8259();
      pic.setIrq(0, true);
      assert.equal(pic.pending, false);
      assert.equal(read(0x21), 0xff);
    });

    it('raises nothing before its last word, then starts with an empty mask', () => {
      out(0x20, 0x11);
      pulse(3);
      assert.equal(pic.pending, false);
      out(0x21, 0x40);
      out(0x21, 0x04);
      assert.equal(pic.pending, false);
      out(0x21, 0x01);
      assert.equal(pic.pending, true);
      assert.equal(pic.acknowledge(), 0x43);
    });

    it('skips ICW3 of a single chip and ICW4 where it is not announced', () => {
      out(0x20, 0x12);
      out(0x21, 0x50);
      out(0x21, 0xfe);
      assert.equal(read(0x21), 0xfe);
      pulse(0);
      assert.equal(pic.acknowledge(), 0x50);
    });

    it('keeps only the upper five bits of the vector', () => {
      out(0x20, 0x12);
      out(0x21, 0x57);
      out(0x21, 0);
      pulse(1);
      assert.equal(pic.acknowledge(), 0x51);
    });

    it('forgets requests, service and modes, and wants a new edge', () => {
      pulse(4);
      pic.acknowledge();
      pic.setIrq(5, true);
      initialize();
      assert.equal(isr(), 0);
      assert.equal(irr(), 0);
      assert.equal(pic.pending, false);
      pulse(5);
      assert.equal(pic.acknowledge(), 0x25);
    });
  });

  describe('priority', () => {
    it('serves the lowest line first and blocks lower priorities until the end of interrupt', () => {
      pulse(5);
      pulse(3);
      assert.equal(pic.acknowledge(), 0x23);
      assert.equal(pic.pending, false);
      assert.equal(isr(), 0x08);
      assert.equal(irr(), 0x20);
      out(0x20, 0x20);
      assert.equal(pic.pending, true);
      assert.equal(pic.acknowledge(), 0x25);
    });

    it('lets a higher priority interrupt a service', () => {
      pulse(5);
      pic.acknowledge();
      pulse(1);
      assert.equal(pic.acknowledge(), 0x21);
      assert.equal(isr(), 0x22);
      out(0x20, 0x20);
      assert.equal(isr(), 0x20, 'non-specific ends the highest');
    });

    it('tells the CPU of each rise and fall once', () => {
      pulse(5);
      pulse(6);
      pic.acknowledge();
      out(0x20, 0x20);
      pic.acknowledge();
      assert.deepEqual(changes, [true, false, true, false]);
    });

    it('masks, and keeps the request for later', () => {
      out(0x21, 0x10);
      pulse(4);
      assert.equal(pic.pending, false);
      assert.equal(irr(), 0x10);
      out(0x21, 0);
      assert.equal(pic.acknowledge(), 0x24);
    });

    it('ends specifically', () => {
      pulse(5);
      pic.acknowledge();
      pulse(1);
      pic.acknowledge();
      out(0x20, 0x65);
      assert.equal(isr(), 0x02);
    });

    it('rotates on non-specific end: the line served becomes the last', () => {
      pulse(4);
      pic.acknowledge();
      out(0x20, 0xa0);
      pulse(3);
      pulse(5);
      assert.equal(pic.acknowledge(), 0x25);
    });

    it('rotates on specific end', () => {
      pulse(2 + 4);
      pic.acknowledge();
      out(0x20, 0xe6);
      assert.equal(isr(), 0);
      pulse(0);
      pulse(7);
      assert.equal(pic.acknowledge(), 0x27);
    });

    it('sets the lowest priority by command', () => {
      out(0x20, 0xc3);
      pulse(3);
      pulse(4);
      pulse(0);
      assert.equal(pic.acknowledge(), 0x24);
      out(0x20, 0x20);
      assert.equal(pic.acknowledge(), 0x20);
      out(0x20, 0x20);
      assert.equal(pic.acknowledge(), 0x23);
    });

    it('ignores the no-operation and an end with nothing in service', () => {
      out(0x20, 0x40);
      out(0x20, 0x20);
      pulse(0);
      assert.equal(pic.acknowledge(), 0x20);
    });
  });

  describe('automatic end of interrupt', () => {
    it('leaves nothing in service', () => {
      initialize(0x03, 0x03);
      pulse(5);
      pulse(6);
      assert.equal(pic.acknowledge(), 0x25);
      assert.equal(isr(), 0);
      assert.equal(pic.acknowledge(), 0x26);
    });

    it('rotates if told, until told otherwise', () => {
      initialize(0x03);
      out(0x20, 0x80);
      pulse(5);
      pic.acknowledge();
      pulse(4);
      pulse(6);
      assert.equal(pic.acknowledge(), 0x26);
      out(0x20, 0x00);
      assert.equal(pic.acknowledge(), 0x24);
      pulse(6);
      pulse(3);
      assert.equal(pic.acknowledge(), 0x23, '6 is still the lowest');
    });
  });

  describe('special mask mode', () => {
    it('lets lower priorities in while a masked line is in service', () => {
      pulse(1);
      pic.acknowledge();
      out(0x21, 0x02);
      pulse(6);
      assert.equal(pic.pending, false);
      out(0x20, 0x68);
      assert.equal(pic.pending, true);
      assert.equal(pic.acknowledge(), 0x26);
      out(0x20, 0x20);
      assert.equal(isr(), 0x02, 'a non-specific end does not touch the masked line');
      out(0x20, 0x48);
      pulse(6);
      assert.equal(pic.pending, false);
    });

    it('is not changed without ESMM', () => {
      out(0x20, 0x68);
      out(0x20, 0x2a);
      pulse(1);
      pic.acknowledge();
      out(0x21, 0x02);
      pulse(6);
      assert.equal(pic.pending, true);
    });
  });

  describe('poll', () => {
    it('acknowledges by a read of either port', () => {
      pulse(3);
      out(0x20, 0x0c);
      assert.equal(read(0x20), 0x83);
      assert.equal(isr(), 0x08);
      pulse(1);
      out(0x20, 0x0c);
      assert.equal(read(0x21), 0x81);
      assert.equal(read(0x21), 0, 'only the next read polls');
    });

    it('says when there is nothing', () => {
      out(0x20, 0x0c);
      assert.equal(read(0x20), 0);
    });

    it('works on the slave alone', () => {
      pulse(12);
      out(0xa0, 0x0c);
      assert.equal(read(0xa0), 0x84);
      assert.equal(pic.pending, false);
    });
  });

  describe('edge and level', () => {
    it('takes one interrupt per edge', () => {
      pic.setIrq(4, true);
      pic.acknowledge();
      out(0x20, 0x20);
      assert.equal(pic.pending, false);
      pic.setIrq(4, true);
      assert.equal(pic.pending, false);
      pulse(4);
      assert.equal(pic.pending, true);
    });

    it('takes a level as long as it lasts', () => {
      out(0x4d0, 0x20);
      pic.setIrq(5, true);
      pic.acknowledge();
      out(0x20, 0x20);
      assert.equal(pic.acknowledge(), 0x25);
      pic.setIrq(5, false);
      out(0x20, 0x20);
      assert.equal(pic.pending, false);
    });

    it('keeps system lines edge sensitive', () => {
      out(0x4d0, 0xff);
      out(0x4d1, 0xff);
      assert.equal(read(0x4d0), 0xf8);
      assert.equal(read(0x4d1), 0xde);
    });

    it('sees a level that is there already when a line becomes level sensitive', () => {
      pic.setIrq(11, true);
      initialize();
      assert.equal(pic.pending, false);
      out(0x4d1, 0x08);
      assert.equal(pic.acknowledge(), 0x2b);
    });

    it('ignores LTIM as the chipset does', () => {
      out(0x20, 0x19);
      for (const value of [0x20, 4, 1]) out(0x21, value);
      pic.setIrq(4, true);
      pic.acknowledge();
      out(0x20, 0x20);
      assert.equal(pic.pending, false);
    });
  });

  describe('spurious interrupts', () => {
    it('give vector 7 and nothing in service', () => {
      assert.equal(pic.acknowledge(), 0x27);
      assert.equal(isr(), 0);
    });

    it('happen when the line drops before the acknowledge', () => {
      pulse(3);
      pic.setIrq(3, false);
      assert.deepEqual(changes, [true, false]);
      assert.equal(pic.acknowledge(), 0x27);
    });

    it("of a slave line are the master's, whose line 2 drops with it", () => {
      pulse(12);
      pic.setIrq(12, false);
      assert.equal(pic.acknowledge(), 0x27);
      assert.equal(isr(0xa0), 0);
    });
  });

  describe('cascade', () => {
    it('puts both chips in service and needs two ends', () => {
      pulse(12);
      assert.equal(pic.acknowledge(), 0x2c);
      assert.equal(isr(), 0x04);
      assert.equal(isr(0xa0), 0x10);
      pulse(14);
      assert.equal(pic.pending, false);
      out(0xa0, 0x20);
      assert.equal(pic.pending, false, 'the master still serves line 2');
      out(0x20, 0x20);
      assert.equal(pic.acknowledge(), 0x2e);
    });

    it('has the priority of line 2', () => {
      pulse(3);
      pulse(8);
      pulse(1);
      assert.deepEqual([pic.acknowledge(), pic.pending], [0x21, false]);
      out(0x20, 0x20);
      assert.equal(pic.acknowledge(), 0x28);
    });

    it('does not lose a request that waits in the slave', () => {
      initialize(0x01, 0x03);
      pulse(9);
      pulse(10);
      assert.equal(pic.acknowledge(), 0x29);
      assert.equal(pic.pending, false);
      out(0x20, 0x20);
      assert.equal(pic.acknowledge(), 0x2a);
    });

    it('lets the slave interrupt itself in the special fully nested mode only', () => {
      pulse(12);
      pic.acknowledge();
      pulse(8);
      assert.equal(pic.pending, false);
      initialize(0x11);
      pulse(12);
      pic.acknowledge();
      pulse(8);
      assert.equal(pic.acknowledge(), 0x28);
    });

    it('cannot be driven from outside', () => {
      pic.setIrq(2, true);
      assert.equal(pic.pending, false);
    });
  });

  describe('descriptions', () => {
    it('name the register that a write reaches', () => {
      const [pic1] = pic.devices;
      const name = (port: number, value: number) => pic1.registerAt?.(port, 'out', value)?.name;
      assert.deepEqual([name(0x20, 0x11), name(0x20, 0x20), name(0x20, 0x0b)], ['ICW1', 'OCW2', 'OCW3']);
      assert.equal(name(0x21, 0xff), 'OCW1');
      out(0x20, 0x11);
      assert.equal(name(0x21, 0x20), 'ICW2');
      out(0x21, 0x20);
      assert.equal(name(0x21, 4), 'ICW3');
      out(0x21, 4);
      assert.equal(name(0x21, 1), 'ICW4');
    });

    it('name the register that a read gives', () => {
      const [pic1] = pic.devices;
      const name = (port: number) => pic1.registerAt?.(port, 'in')?.name;
      assert.deepEqual([name(0x20), name(0x21)], ['IRR', 'IMR']);
      out(0x20, 0x0b);
      assert.equal(name(0x20), 'ISR');
      out(0x20, 0x0c);
      assert.deepEqual([name(0x20), name(0x21)], ['POLL', 'POLL']);
    });

    it('know the line of a vector', () => {
      assert.deepEqual(
        [0x20, 0x27, 0x28, 0x2f, 0x30].map((vector) => pic.lineOf(vector)),
        [0, 7, 8, 15, -1],
      );
    });
  });

  it('saves and loads in the middle of things', () => {
    pulse(12);
    pic.acknowledge();
    pulse(1);
    out(0x4d0, 0x20);
    out(0x20, 0x11);
    out(0x21, 0x40);
    const saved = pic.devices.map((device) => device.save());
    const copy = new Pic8259();
    copy.devices.forEach((device, i) => device.load(saved[i]));
    assert.deepEqual(
      copy.devices.map((device) => device.save()),
      saved,
    );
    pic = copy;
    out(0x21, 4);
    out(0x21, 1);
    assert.equal(read(0x4d0), 0x20);
    assert.equal(isr(0xa0), 0x10);
    pulse(1);
    assert.equal(copy.acknowledge(), 0x41);
  });

  it('refuses the state of another version', () => {
    assert.throws(
      () => pic.devices[0].load({ version: 9 }),
      /^RangeError: PIC1: saved state has version 9, 1 is wanted$/,
    );
  });

  it('is as new after a reset', () => {
    pulse(3);
    pic.acknowledge();
    for (const device of pic.devices) device.reset();
    const fresh = new Pic8259();
    assert.deepEqual(
      pic.devices.map((device) => device.save()),
      fresh.devices.map((device) => device.save()),
    );
  });
});
