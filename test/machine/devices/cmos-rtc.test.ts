import assert from 'node:assert/strict';
import { CmosRtc } from '../../../src/machine/devices/rtc/cmos-rtc';
import { FakeClock, FakeHost } from '../support/fake-clock';

const SECOND = 1e9;
/** 2007-08-22 12:34:56 UTC, a Wednesday: the default of the fake clock. */
const TIME = [0x56, 0x34, 0x12, 0x04, 0x22, 0x08, 0x07, 0x20];
const TIME_ADDRESSES = [0x00, 0x02, 0x04, 0x06, 0x07, 0x08, 0x09, 0x32];

describe('RTC', () => {
  let host: FakeHost;
  let rtc: CmosRtc;

  const make = (startTime?: number, megabytes = 64): void => {
    host = new FakeHost(new FakeClock(startTime));
    rtc = new CmosRtc(host, megabytes << 20);
  };
  const write = (address: number, value: number): void => {
    rtc.writePort(0x70, 1, address);
    rtc.writePort(0x71, 1, value);
  };
  const read = (address: number): number => {
    rtc.writePort(0x70, 1, address);
    return rtc.readPort(0x71);
  };
  const readTime = (): number[] => TIME_ADDRESSES.map(read);
  const writeTime = (bytes: readonly number[]): void =>
    TIME_ADDRESSES.forEach((address, i) => write(address, bytes[i]));
  /** Seconds, minutes, hours. */
  const clock = (): string =>
    [0x04, 0x02, 0x00].map((address) => read(address).toString(16).padStart(2, '0')).join(':');

  beforeEach(() => make());

  describe('time', () => {
    it('starts at the time of the launch, in BCD and 24 hours', () => {
      assert.deepEqual(readTime(), TIME);
      assert.equal(read(0x0b), 0x02);
      assert.equal(read(0x0d), 0x80);
    });

    it('runs with virtual time and carries over to the next year', () => {
      make(Date.UTC(1999, 11, 31, 23, 59, 58, 500));
      assert.deepEqual(readTime(), [0x58, 0x59, 0x23, 0x06, 0x31, 0x12, 0x99, 0x19]);
      host.clock.advance(SECOND / 2 - 1);
      assert.equal(clock(), '23:59:58', 'the start had half a second gone');
      host.clock.advance(1);
      assert.equal(clock(), '23:59:59');
      host.clock.advance(SECOND);
      assert.deepEqual(readTime(), [0x00, 0x00, 0x00, 0x07, 0x01, 0x01, 0x00, 0x20]);
    });

    it('is binary with DM and counts 12 hours with bit 7 for the afternoon', () => {
      write(0x0b, 0x06);
      assert.deepEqual([read(4), read(2), read(0), read(0x32), read(9)], [12, 34, 56, 20, 7]);
      write(0x0b, 0x00);
      assert.equal(read(4), 0x92);
      host.clock.advance(3600 * SECOND);
      assert.equal(read(4), 0x81);
      host.clock.advance(11 * 3600 * SECOND);
      assert.equal(read(4), 0x12, 'midnight is 12 AM');
      write(0x0b, 0x04);
      host.clock.advance(13 * 3600 * SECOND);
      assert.equal(read(4), 0x81);
    });

    it('can be set with SET, and goes on with the old phase', () => {
      host.clock.advance(SECOND / 4);
      write(0x0b, 0x82);
      writeTime([0x30, 0x59, 0x23, 0x05, 0x29, 0x02, 0x96, 0x19]);
      host.clock.advance(10 * SECOND);
      assert.deepEqual(readTime(), [0x30, 0x59, 0x23, 0x05, 0x29, 0x02, 0x96, 0x19]);
      write(0x0b, 0x02);
      host.clock.advance((SECOND * 3) / 4 - 1);
      assert.equal(clock(), '23:59:30');
      host.clock.advance(1);
      assert.equal(clock(), '23:59:31');
      host.clock.advance(29 * SECOND);
      assert.deepEqual(readTime(), [0x00, 0x00, 0x00, 0x06, 0x01, 0x03, 0x96, 0x19], '1996 was a leap year');
    });

    it('can be set a byte at a time without SET', () => {
      write(0x02, 0x00);
      assert.equal(clock(), '12:00:56');
      host.clock.advance(5 * SECOND);
      assert.equal(clock(), '12:01:01');
    });

    it('keeps a weekday that does not fit the date', () => {
      write(0x06, 0x07);
      assert.equal(read(0x06), 7);
      host.clock.advance(86400 * SECOND);
      assert.equal(read(0x06), 1);
      assert.equal(read(0x07), 0x23);
    });

    it('is set in the format of the moment and read in another', () => {
      write(0x0b, 0x84);
      write(0x04, 0x8b);
      write(0x0b, 0x04);
      assert.equal(read(0x04), 0x8b);
      write(0x0b, 0x02);
      assert.equal(read(0x04), 0x23);
    });

    it('stands still while the divider is held, and starts half a second before an update', () => {
      write(0x0a, 0x66);
      host.clock.advance(100 * SECOND);
      assert.deepEqual(readTime(), TIME);
      write(0x00, 0x10);
      write(0x0a, 0x26);
      host.clock.advance(SECOND / 2 - 1);
      assert.equal(clock(), '12:34:10');
      host.clock.advance(1);
      assert.equal(clock(), '12:34:11');
    });

    it('tells the calendar to the firmware', () => {
      assert.deepEqual(rtc.time, { second: 56, minute: 34, hour: 12, weekday: 4, day: 22, month: 8, year: 2007 });
    });
  });

  describe('update in progress', () => {
    it('is set for the last 2228 µs before an update', () => {
      host.clock.advance(SECOND - 2_228_001);
      assert.equal(read(0x0a), 0x26);
      host.clock.advance(1);
      assert.equal(read(0x0a), 0xa6);
      assert.equal(clock(), '12:34:56');
      host.clock.advance(2_227_999);
      assert.equal(read(0x0a), 0xa6);
      host.clock.advance(1);
      assert.equal(read(0x0a), 0x26);
      assert.equal(clock(), '12:34:57');
    });

    it('is never set while SET is, and cannot be written', () => {
      write(0x0b, 0x82);
      host.clock.advance(SECOND - 1);
      assert.equal(read(0x0a), 0x26);
      write(0x0a, 0xa6);
      assert.equal(read(0x0a), 0x26);
    });
  });

  describe('interrupts', () => {
    it('come periodically at 1024 Hz, one per read of status C', () => {
      write(0x0b, 0x42);
      host.clock.advance(Math.ceil(SECOND / 1024) - 1);
      assert.equal(host.lines[8], false);
      host.clock.advance(1);
      assert.equal(host.lines[8], true);
      assert.equal(read(0x0c), 0xc0);
      assert.equal(host.lines[8], false);
      for (let i = 0; i < 1024 * 2; i++) {
        host.clock.runTo(((i + 2) * SECOND) / 1024 + 1);
        read(0x0c);
      }
      assert.equal(host.edges[8], 1 + 2 * 1024);
    });

    it('do not come again before status C is read', () => {
      write(0x0b, 0x42);
      host.clock.advance(SECOND);
      assert.equal(host.edges[8], 1);
      assert.equal(host.clock.nextDue, Infinity);
    });

    for (const [rate, hertz] of [
      [1, 256],
      [2, 128],
      [3, 8192],
      [15, 2],
    ]) {
      it(`have ${hertz} Hz with rate ${rate}`, () => {
        write(0x0a, 0x20 | rate);
        write(0x0b, 0x42);
        assert.equal(host.clock.nextDue, Math.ceil(SECOND / hertz));
      });
    }

    it('periodic ones are off with rate 0', () => {
      write(0x0a, 0x20);
      write(0x0b, 0x42);
      host.clock.advance(SECOND / 2);
      assert.equal(read(0x0c), 0);
    });

    it('come with each update', () => {
      write(0x0b, 0x12);
      read(0x0c);
      host.clock.advance(SECOND - 1);
      assert.equal(host.lines[8], false);
      host.clock.advance(1);
      assert.equal(host.lines[8], true);
      assert.equal(clock(), '12:34:57');
      assert.equal(read(0x0c) & 0xb0, 0x90);
    });

    it('SET takes back the enabling of update interrupts', () => {
      write(0x0b, 0x92);
      assert.equal(read(0x0b), 0x82);
    });

    const alarms: [string, number[], number][] = [
      ['an exact time', [0x00, 0x35, 0x12], 4],
      ['the next hour', [0x00, 0x00, 0x13], 25 * 60 + 4],
      ['yesterday’s time: tomorrow', [0x55, 0x34, 0x12], 86399],
      ['the very same time: in a day', [0x56, 0x34, 0x12], 86400],
      ['any second', [0xff, 0xff, 0xff], 1],
      ['each minute', [0x10, 0xc0, 0xff], 14],
      ['each hour', [0x00, 0x00, 0xff], 25 * 60 + 4],
    ];
    for (const [what, [second, minute, hour], wait] of alarms) {
      it(`come by alarm for ${what}`, () => {
        write(0x01, second);
        write(0x03, minute);
        write(0x05, hour);
        read(0x0c);
        write(0x0b, 0x22);
        host.clock.advance(wait * SECOND - 1);
        assert.equal(host.lines[8], false);
        host.clock.advance(1);
        assert.equal(host.lines[8], true);
        assert.equal(read(0x0c) & 0xa0, 0xa0);
      });
    }

    it('an alarm that no time matches never comes', () => {
      write(0x05, 0x99);
      write(0x0b, 0x22);
      assert.equal(host.clock.nextDue, Infinity);
      host.clock.advance(2 * 86400 * SECOND);
      assert.equal(read(0x0c) & 0x20, 0);
    });

    it('flags are set without being enabled, and reading clears them', () => {
      host.clock.advance(3 * SECOND);
      assert.equal(read(0x0c), 0x50);
      assert.equal(read(0x0c), 0);
      assert.equal(host.edges[8], 0);
    });

    it('a flag raises the line once it is enabled', () => {
      host.clock.advance(2 * SECOND);
      write(0x0b, 0x12);
      assert.equal(host.lines[8], true);
    });
  });

  describe('memory', () => {
    const sizes: [number, number, number][] = [
      [1, 0, 0],
      [8, 7 * 1024, 0],
      [64, 63 * 1024, 768],
      [1024, 0xffff, 1008 * 16],
    ];
    for (const [megabytes, extended, above] of sizes) {
      it(`tells the size of ${megabytes} MiB`, () => {
        make(undefined, megabytes);
        assert.equal(read(0x15) | (read(0x16) << 8), 640);
        assert.equal(read(0x17) | (read(0x18) << 8), extended);
        assert.equal(read(0x30) | (read(0x31) << 8), extended);
        assert.equal(read(0x34) | (read(0x35) << 8), above);
      });
    }

    it('is guarded by a checksum that follows changes of the machine', () => {
      const sum = (): number => {
        let total = 0;
        for (let address = 0x10; address < 0x2e; address++) total += read(address);
        return total;
      };
      assert.equal((read(0x2e) << 8) | read(0x2f), sum());
      rtc.poke(0x10, 0x40);
      assert.equal(rtc.peek(0x10), 0x40);
      assert.equal((read(0x2e) << 8) | read(0x2f), sum());
    });

    it('keeps what is written; status C and D do not change', () => {
      write(0x7f, 0x5a);
      write(0x0d, 0);
      write(0x0c, 0xff);
      assert.deepEqual([read(0x7f), read(0x0d), read(0x0c)], [0x5a, 0x80, 0]);
    });

    it('has an index that reads as nothing and holds the NMI mask', () => {
      rtc.writePort(0x70, 1, 0x8f);
      assert.equal(rtc.nmiMasked, true);
      assert.equal(rtc.readPort(0x70), 0xff);
      rtc.writePort(0x71, 1, 0x0a);
      assert.equal(read(0x0f), 0x0a);
      assert.equal(rtc.nmiMasked, false);
    });
  });

  it('names the register behind the data port', () => {
    rtc.writePort(0x70, 1, 0x0b);
    assert.equal(rtc.registerAt(0x71, 'in')?.name, 'STATUS_B');
    rtc.writePort(0x70, 1, 0x00);
    assert.equal(rtc.registerAt(0x71, 'out')?.name, 'DATA');
    assert.equal(rtc.registerAt(0x70, 'out')?.name, 'INDEX');
    assert.equal(rtc.registerAt(0x70, 'in'), undefined);
  });

  it('saves and loads with interrupts on', () => {
    write(0x0b, 0x72);
    write(0x7f, 0x11);
    host.clock.advance(SECOND / 3);
    const saved = rtc.save();
    const other = new FakeHost(new FakeClock());
    other.clock.now = host.clock.now;
    const copy = new CmosRtc(other, 64 << 20);
    copy.load(saved);
    assert.deepEqual(copy.save(), saved);
    assert.equal(other.lines[8], true);
    for (const one of [copy, rtc]) {
      one.writePort(0x70, 1, 0x0c);
      assert.equal(one.readPort(0x71), 0xc0);
    }
    host.clock.advance(SECOND);
    other.clock.advance(SECOND);
    assert.deepEqual(copy.save(), rtc.save());
  });

  it('is as at the launch after a reset: what the guest has set is forgotten', () => {
    write(0x7f, 0x11);
    write(0x02, 0x00);
    write(0x0b, 0x42);
    host.clock.advance(10 * SECOND);
    rtc.reset();
    assert.equal(host.lines[8], false);
    assert.equal(read(0x0b), 0x02);
    assert.equal(read(0x0c), 0);
    assert.equal(read(0x7f), 0);
    assert.equal(clock(), '12:35:06');
    assert.equal(host.clock.nextDue, Infinity);
  });
});
