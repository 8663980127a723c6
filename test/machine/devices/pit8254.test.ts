import assert from 'node:assert/strict';
import { PitChannel } from '../../../src/machine/devices/pit/channel';
import { Pit8254, PIT_HERTZ } from '../../../src/machine/devices/pit/pit8254';
import { Port61 } from '../../../src/machine/devices/port61';
import { Rate } from '../../../src/machine/devices/rate';
import { FakeHost } from '../support/fake-clock';

const rate = new Rate(PIT_HERTZ);

describe('Rate', () => {
  it('converts exactly, there and back, over months', () => {
    for (const tick of [0, 1, 2, 1193181, 1193182, 1193183, 1e9 + 7, 1e12 + 1]) {
      const cycle = rate.cycleOf(tick);
      assert.equal(rate.ticksAt(cycle), tick);
      assert.equal(rate.ticksAt(cycle - 1), tick - 1);
    }
    assert.equal(rate.ticksAt(1e9 * 86400 * 90), PIT_HERTZ * 86400 * 90);
    assert.equal(rate.ticksAt(-1e9), -PIT_HERTZ);
  });
});

describe('8254 channel', () => {
  let channel: PitChannel;
  /** Levels of the output at ticks from..to as a string of 0 and 1. */
  const wave = (from: number, to: number): string => {
    let levels = '';
    for (let tick = from; tick <= to; tick++) levels += channel.output(tick) ? '1' : '0';
    return levels;
  };
  const counts = (from: number, to: number): number[] => {
    const values: number[] = [];
    for (let tick = from; tick <= to; tick++) {
      channel.latchCount(tick);
      values.push(channel.read(tick));
    }
    return values;
  };
  /** Programs the low byte of the count in a mode at a tick. */
  const program = (mode: number, count: number, tick = 0): void => {
    channel.writeControl(tick, 0x10 | (mode << 1));
    channel.writeCount(tick, count);
  };

  beforeEach(() => {
    channel = new PitChannel();
    channel.reset(true);
  });

  describe('mode 0, interrupt on terminal count', () => {
    it('rises N + 1 clocks after the count is written and stays', () => {
      program(0, 4);
      assert.equal(wave(0, 10), '00000111111');
    });

    it('counts on past zero', () => {
      program(0, 2);
      assert.deepEqual(counts(1, 4), [2, 1, 0, 0xff]);
    });

    it('is paused by the gate', () => {
      program(0, 4);
      assert.equal(wave(0, 2), '000');
      channel.setGate(2, false);
      assert.deepEqual(counts(3, 5), [3, 3, 3]);
      channel.setGate(6, true);
      assert.equal(wave(6, 10), '00011');
    });

    it('starts again with a new count', () => {
      program(0, 2);
      assert.equal(wave(0, 5), '000111');
      channel.writeCount(6, 3);
      assert.equal(wave(6, 11), '000011');
    });

    it('stops at the first byte of two', () => {
      channel.writeControl(0, 0x30);
      channel.writeCount(0, 3);
      channel.writeCount(0, 0);
      assert.equal(wave(0, 2), '000');
      channel.writeCount(2, 5);
      assert.equal(wave(2, 20), '0'.repeat(19));
      channel.writeCount(21, 0);
      assert.equal(wave(21, 28), '00000011');
    });

    it('loads with the gate low but does not count', () => {
      channel.setGate(0, false);
      program(0, 2);
      assert.deepEqual(counts(1, 3), [2, 2, 2]);
      channel.setGate(4, true);
      assert.equal(wave(4, 7), '0011');
    });
  });

  describe('mode 1, one-shot', () => {
    it('goes low for N clocks after a trigger, and not before', () => {
      channel.setGate(0, false);
      program(1, 3);
      assert.equal(wave(0, 4), '11111');
      channel.setGate(5, true);
      assert.equal(wave(5, 11), '1000111');
    });

    it('can be triggered again while low', () => {
      channel.setGate(0, false);
      program(1, 3);
      channel.setGate(1, true);
      channel.setGate(2, false);
      assert.equal(wave(2, 3), '00');
      channel.setGate(3, true);
      assert.equal(wave(3, 8), '000011');
    });

    it('takes a new count at the next trigger only', () => {
      channel.setGate(0, false);
      program(1, 2);
      channel.setGate(1, true);
      channel.writeCount(2, 4);
      assert.equal(wave(2, 6), '00111');
      channel.setGate(6, false);
      channel.setGate(7, true);
      assert.equal(wave(7, 13), '1000011');
    });
  });

  describe('mode 2, rate generator', () => {
    it('is low for one clock in N', () => {
      program(2, 3);
      assert.equal(wave(0, 9), '1110110110');
      assert.deepEqual((program(2, 3, 20), counts(21, 27)), [3, 2, 1, 3, 2, 1, 3]);
    });

    it('takes a new count at the end of the period', () => {
      program(2, 4);
      assert.equal(wave(0, 2), '111');
      channel.writeCount(2, 2);
      assert.equal(wave(3, 10), '10101010');
      assert.deepEqual(counts(11, 13), [2, 1, 2]);
    });

    it('is high and stopped while the gate is low; a rise starts a period', () => {
      program(2, 3);
      assert.equal(wave(0, 3), '1110');
      channel.setGate(3, false);
      assert.equal(wave(3, 6), '1111');
      channel.setGate(7, true);
      assert.equal(wave(7, 13), '1110110');
    });

    it('has no edges with the count 1, which the datasheet forbids', () => {
      program(2, 1);
      assert.equal(wave(0, 5), '111111');
    });
  });

  describe('mode 3, square wave', () => {
    it('is symmetric for even counts and counts by two', () => {
      program(3, 4);
      assert.equal(wave(1, 9), '110011001');
      assert.deepEqual((program(3, 4, 20), counts(21, 25)), [4, 2, 4, 2, 4]);
    });

    it('is high one clock longer for odd counts', () => {
      program(3, 5);
      assert.equal(wave(1, 11), '11100111001');
      assert.deepEqual((program(3, 5, 20), counts(21, 26)), [4, 2, 0, 4, 2, 4]);
    });

    it('takes a new count at the end of the half period', () => {
      program(3, 8);
      assert.equal(wave(1, 2), '11');
      channel.writeCount(2, 4);
      assert.equal(wave(3, 12), '1100110011');
    });

    it('takes a count written in the low half at its end', () => {
      program(3, 4);
      assert.equal(wave(1, 3), '110');
      channel.writeCount(3, 6);
      assert.equal(wave(4, 12), '011100011');
    });

    it('is high while the gate is low', () => {
      program(3, 4);
      assert.equal(wave(1, 3), '110');
      channel.setGate(3, false);
      assert.equal(wave(3, 5), '111');
      channel.setGate(5, true);
      assert.equal(wave(5, 10), '111001');
    });
  });

  describe('mode 4, software triggered strobe', () => {
    it('is low for one clock, N + 1 clocks after the count is written, once', () => {
      program(4, 3);
      assert.equal(wave(0, 8), '111101111');
      assert.equal(wave(9, 600), '1'.repeat(592));
    });

    it('is triggered again by a new count', () => {
      program(4, 3);
      assert.equal(wave(0, 2), '111');
      channel.writeCount(2, 2);
      assert.equal(wave(3, 7), '11011');
    });

    it('is paused by the gate', () => {
      program(4, 3);
      channel.setGate(2, false);
      channel.setGate(10, true);
      assert.equal(wave(10, 14), '11011');
    });
  });

  describe('mode 5, hardware triggered strobe', () => {
    it('strobes N + 1 clocks after each trigger', () => {
      channel.setGate(0, false);
      program(5, 2);
      assert.equal(wave(0, 3), '1111');
      channel.setGate(4, true);
      assert.equal(wave(4, 9), '111011');
      channel.setGate(10, false);
      channel.setGate(11, true);
      assert.equal(wave(11, 15), '11101');
    });
  });

  describe('counts', () => {
    it('read as written before the clock pulse that loads them, as on a PC whose accesses take longer', () => {
      channel.writeControl(0, 0x30);
      channel.writeCount(0, 0x34);
      channel.writeCount(0, 0x12);
      assert.deepEqual([channel.read(0), channel.read(0)], [0x34, 0x12]);
      assert.deepEqual([channel.read(1), channel.read(1)], [0x34, 0x12]);
      assert.deepEqual([channel.read(2), channel.read(2)], [0x33, 0x12]);
    });

    it('of zero mean 65536, or 10000 in decimal', () => {
      channel.writeControl(0, 0x30);
      channel.writeCount(0, 0);
      channel.writeCount(0, 0);
      assert.equal(channel.output(0x10000), false);
      assert.equal(channel.output(0x10001), true);
      channel.writeControl(0x20000, 0x31);
      channel.writeCount(0x20000, 0);
      channel.writeCount(0x20000, 0);
      assert.equal(channel.output(0x20000 + 10000), false);
      assert.equal(channel.output(0x20000 + 10001), true);
    });

    it('are decimal in BCD, wrapping at 9999', () => {
      channel.writeControl(0, 0x31);
      channel.writeCount(0, 0x34);
      channel.writeCount(0, 0x12);
      const read = (tick: number): string => {
        channel.latchCount(tick);
        const low = channel.read(tick);
        return ((channel.read(tick) << 8) | low).toString(16);
      };
      assert.equal(read(1), '1234');
      assert.equal(read(36), '1199');
      assert.equal(read(1235), '0');
      assert.equal(read(1236), '9999');
    });

    it('can be latched, and stay until read', () => {
      channel.writeControl(0, 0x34);
      channel.writeCount(0, 0x00);
      channel.writeCount(0, 0x10);
      channel.latchCount(1);
      channel.latchCount(500);
      assert.deepEqual([channel.read(600), channel.read(700)], [0x00, 0x10]);
      assert.deepEqual([channel.read(2), channel.read(2)], [0xff, 0x0f]);
    });

    it('can be read by their high byte alone', () => {
      channel.writeControl(0, 0x24);
      channel.writeCount(0, 0x12);
      assert.equal(channel.read(1), 0x12);
      assert.equal(channel.read(2), 0x11);
      channel.latchCount(3);
      assert.equal(channel.read(0x300), 0x11);
    });

    it('status tells output, null count and the mode as written', () => {
      channel.writeControl(0, 0x3c);
      channel.latchStatus(0);
      assert.equal(channel.statusLatched, true);
      assert.equal(channel.read(0), 0xfc);
      channel.writeCount(0, 0x10);
      channel.writeCount(0, 0);
      channel.latchStatus(0);
      assert.equal(channel.read(0), 0xfc);
      channel.latchStatus(1);
      assert.equal(channel.read(1), 0xbc);
      channel.latchStatus(16);
      assert.equal(channel.read(16), 0x3c);
    });

    it('status comes first when both are latched', () => {
      channel.writeControl(0, 0x10 | 4);
      channel.writeCount(0, 9);
      channel.latchCount(3);
      channel.latchStatus(3);
      assert.deepEqual([channel.read(5), channel.read(5), channel.read(5)], [0x94, 7, 5]);
    });
  });

  it('nextChange agrees with the output, tick by tick, in every mode', () => {
    for (let mode = 0; mode < 6; mode++) {
      for (const count of [1, 2, 3, 7, 8]) {
        channel.reset(false);
        program(mode, count);
        channel.setGate(1, true);
        let level = channel.output(1);
        let next = channel.nextChange(1);
        for (let tick = 2; tick < 60; tick++) {
          const now = channel.output(tick);
          if (now !== level) assert.equal(tick, next, `mode ${mode} count ${count}: changed at ${tick}`);
          if (tick >= next) next = channel.nextChange(tick);
          assert.ok(next > tick);
          level = now;
        }
      }
    }
  });
});

describe('8254', () => {
  let host: FakeHost;
  let pit: Pit8254;

  beforeEach(() => {
    host = new FakeHost();
    pit = new Pit8254(host);
  });

  const program = (channel: number, mode: number, count: number): void => {
    pit.writePort(0x43, 1, (channel << 6) | 0x30 | (mode << 1));
    pit.writePort(0x40 + channel, 1, count & 0xff);
    pit.writePort(0x40 + channel, 1, count >> 8);
  };
  const readCount = (channel: number): number => {
    const low = pit.readPort(0x40 + channel);
    return low | (pit.readPort(0x40 + channel) << 8);
  };

  it('raises IRQ0 at exactly 100 Hz with the count 11932', () => {
    program(0, 2, 11932);
    host.clock.runTo(rate.cycleOf(1 + 11932 * 10));
    assert.equal(host.edges[0], 11, 'the first is the output going high with the control word');
    host.clock.runTo(rate.cycleOf(1 + 11932 * 11) - 1);
    assert.equal(host.edges[0], 11);
    host.clock.runTo(rate.cycleOf(1 + 11932 * 11));
    assert.equal(host.edges[0], 12);
  });

  it('fires its timer only where the output changes', () => {
    program(0, 3, 0);
    host.clock.runTo(rate.cycleOf(1));
    assert.equal(host.clock.nextDue, rate.cycleOf(1 + 0x8000));
    program(0, 0, 100);
    host.clock.advance(1e6);
    assert.equal(host.clock.nextDue, Infinity, 'a finished one-shot needs no timer');
    assert.equal(host.lines[0], true);
  });

  it('makes an edge for the time that a jump of the clock has swallowed, but not one per period', () => {
    program(0, 2, 1000);
    host.clock.advance(1e6);
    const before = host.edges[0];
    host.clock.charge(50e6);
    host.clock.advance(0);
    assert.ok(host.edges[0] > before);
    assert.ok(host.edges[0] < before + 4);
    assert.equal(host.clock.nextDue > host.clock.now, true);
  });

  it('keeps IRQ0 low in mode 0 until the count ends', () => {
    program(0, 0, 1000);
    assert.equal(host.lines[0], false);
    host.clock.runTo(rate.cycleOf(1001) - 1);
    assert.equal(host.lines[0], false);
    host.clock.advance(1);
    assert.equal(host.lines[0], true);
    program(0, 0, 1000);
    assert.equal(host.lines[0], false);
  });

  it('latches by command and reads back several channels at once', () => {
    program(0, 2, 0x1000);
    program(2, 2, 0x2000);
    pit.gate = true;
    host.clock.runTo(rate.cycleOf(0x101));
    pit.writePort(0x43, 1, 0xc0 | 0x0a);
    host.clock.advance(1e6);
    assert.equal(pit.registerAt(0x40, 'in')?.name, 'STATUS0');
    assert.equal(pit.readPort(0x40), 0xb4);
    assert.equal(pit.registerAt(0x40, 'in')?.name, 'COUNT0');
    assert.equal(readCount(0), 0x1000 - 0x100);
    assert.equal(pit.readPort(0x42), 0xb4);
    assert.equal(readCount(2), 0x2000 - 0x100);
    pit.writePort(0x43, 1, 0x00);
    const latched = readCount(0);
    assert.equal(latched, 0x1000 - ((rate.ticksAt(host.clock.now) - 1) % 0x1000));
    assert.equal(pit.readPort(0x43), 0xff);
  });

  it('saves and loads in the middle of a period', () => {
    program(0, 2, 5000);
    host.clock.advance(10e6);
    const saved = pit.save();
    const other = new FakeHost();
    other.clock.now = host.clock.now;
    const copy = new Pit8254(other);
    copy.load(saved);
    assert.deepEqual(copy.save(), saved);
    assert.equal(other.clock.nextDue, host.clock.nextDue);
    host.clock.advance(50e6);
    other.clock.advance(50e6);
    assert.deepEqual(copy.save(), pit.save());
    pit.reset();
    assert.equal(host.clock.nextDue, Infinity);
    assert.equal(host.lines[0], false);
  });

  describe('port 0x61', () => {
    it('gates channel 2 and shows its output', () => {
      const port = new Port61(pit);
      port.reset();
      program(2, 0, 1000);
      host.clock.advance(5e6);
      assert.equal(port.readPort() & 0x20, 0, 'the gate is low: nothing counts');
      port.writePort(0x61, 1, 0x01);
      const start = rate.ticksAt(host.clock.now);
      host.clock.runTo(rate.cycleOf(start + 1000) - 1);
      assert.equal(port.readPort() & 0x21, 0x01);
      host.clock.advance(1);
      assert.equal(port.readPort() & 0x21, 0x21);
    });

    it('toggles the refresh bit with channel 1', () => {
      const port = new Port61(pit);
      pit.writePort(0x43, 1, 0x54);
      pit.writePort(0x41, 1, 18);
      const levels: number[] = [];
      for (let i = 0; i < 6; i++) {
        host.clock.runTo(rate.cycleOf(1 + 18 * i + 9));
        levels.push((port.readPort() >> 4) & 1);
      }
      assert.deepEqual(levels, [0, 1, 0, 1, 0, 1]);
    });

    it('keeps four bits and knows when the speaker sounds', () => {
      const port = new Port61(pit);
      port.writePort(0x61, 1, 0xff);
      assert.equal(port.readPort() & 0xcf, 0x0f);
      assert.equal(port.speakerOn, true);
      const copy = new Port61(pit);
      copy.load(port.save());
      assert.equal(copy.speakerOn, true);
      port.reset();
      assert.equal(port.speakerOn, false);
      assert.equal(pit.gate, false);
    });
  });
});
