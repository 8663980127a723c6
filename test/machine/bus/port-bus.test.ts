import assert from 'node:assert/strict';
import { type PortAccess, PortVerdict } from '../../../src/machine/bus/port-access';
import { PortBus } from '../../../src/machine/bus/port-bus';
import { AbortInstruction } from '../../../src/machine/cpu/fault';
import type { Device, DeviceState, PortDirection, PortRegister, PortWidth } from '../../../src/machine/devices/device';

/** Logs what reaches it; reads give bytes that tell the port. */
class Probe implements Device {
  readonly log: string[] = [];
  resets = 0;

  constructor(
    readonly name: string,
    readonly registers: readonly PortRegister[],
  ) {}

  readPort(port: number, width: PortWidth): number {
    this.log.push(`in${width} ${port.toString(16)}`);
    let value = 0;
    for (let i = 0; i < width; i++) value += (0x80 + ((port + i) & 0xf)) * 2 ** (8 * i);
    return value;
  }

  writePort(port: number, width: PortWidth, value: number): void {
    this.log.push(`out${width} ${port.toString(16)} ${value.toString(16)}`);
  }

  reset(): void {
    this.resets++;
  }

  save(): DeviceState {
    return { version: 1 };
  }

  load(): void {}
}

const register = (port: number, name: string, width?: PortWidth, direction?: PortDirection): PortRegister => ({
  port,
  name,
  width,
  direction,
  doc: `${name} of the probe.`,
});

function access(direction: PortDirection, port: number, width: PortWidth, value = 0): PortAccess {
  return { port, width, direction, value, channel: 'direct', hypercall: '', count: 1 };
}

describe('PortBus', () => {
  let stops: number;
  let bus: PortBus;
  let probe: Probe;

  beforeEach(() => {
    stops = 0;
    bus = new PortBus(() => stops++);
    probe = new Probe('PROBE', [
      register(0x300, 'A'),
      register(0x301, 'B'),
      register(0x302, 'W', 2),
      register(0x304, 'D', 4),
    ]);
    bus.register(probe);
  });

  const read = (port: number, width: PortWidth): number => {
    const one = access('in', port, width);
    bus.access(one);
    return one.value;
  };

  describe('claims', () => {
    it('refuses an overlap, naming both devices, and claims nothing', () => {
      const other = new Probe('OTHER', [register(0x310, 'X'), register(0x301, 'Y')]);
      assert.throws(() => bus.register(other), /^RangeError: port 0x301 is claimed by both PROBE and OTHER$/);
      assert.equal(bus.deviceAt(0x310), undefined);
      assert.deepEqual(bus.devices, [probe]);
    });

    it('refuses a second device of the same name in any case', () => {
      assert.throws(() => bus.register(new Probe('probe', [register(0x400, 'X')])), RangeError);
    });

    it('allows one device several registers at one port', () => {
      bus.register(new Probe('TWO', [register(0x10, 'IN', 1, 'in'), register(0x10, 'OUT', 1, 'out')]));
      assert.equal(bus.nameOf(0x10, 'in'), 'TWO.IN');
      assert.equal(bus.nameOf(0x10, 'out'), 'TWO.OUT');
    });

    it('resets every device', () => {
      bus.reset();
      assert.equal(probe.resets, 1);
    });
  });

  describe('splitting', () => {
    const cases: [PortDirection, number, PortWidth, string[], number][] = [
      ['in', 0x300, 1, ['in1 300'], 0x80],
      ['in', 0x300, 2, ['in1 300', 'in1 301'], 0x8180],
      ['in', 0x300, 4, ['in1 300', 'in1 301', 'in2 302'], 0x83828180],
      ['in', 0x301, 4, ['in1 301', 'in2 302', 'in1 304'], 0x84838281],
      ['in', 0x302, 1, ['in1 302'], 0x82],
      ['in', 0x302, 2, ['in2 302'], 0x8382],
      ['in', 0x302, 4, ['in2 302', 'in2 304'], 0x85848382],
      ['in', 0x304, 4, ['in4 304'], 0x87868584],
      ['out', 0x300, 4, ['out1 300 44', 'out1 301 33', 'out2 302 1122'], 0x11223344],
      ['out', 0x302, 4, ['out2 302 3344', 'out2 304 1122'], 0x11223344],
      ['out', 0x304, 4, ['out4 304 f1223344'], 0xf1223344],
    ];
    for (const [direction, port, width, log, value] of cases) {
      it(`${direction} of ${width} at 0x${port.toString(16)} is ${log.join(', ')}`, () => {
        const one = access(direction, port, width, value);
        bus.access(one);
        assert.deepEqual(probe.log, log);
        assert.equal(one.value, value);
      });
    }

    it('reads ones where a piece belongs to nobody, and wraps at 64 K', () => {
      bus.register(new Probe('LAST', [register(0xffff, 'L'), register(0, 'Z')]));
      assert.equal(read(0xffff, 2), 0x808f);
      assert.equal(read(0x301 - 2, 4) >>> 0, 0x828180ff);
    });

    it('cuts a written value to the width', () => {
      bus.access(access('out', 0x300, 1, 0xabcd));
      assert.deepEqual(probe.log, ['out1 300 cd']);
    });
  });

  describe('counters', () => {
    it('counts by port and direction with the last value and width', () => {
      bus.access(access('out', 0x302, 2, 0x1234));
      bus.access(access('out', 0x302, 1, 0x56));
      read(0x300, 4);
      assert.equal(bus.outs[0x302], 2);
      assert.equal(bus.lastOut[0x302], 0x56);
      assert.equal(bus.lastOutWidth[0x302], 1);
      assert.equal(bus.ins[0x300], 1);
      assert.equal(bus.lastIn[0x300], 0x83828180);
      assert.equal(bus.lastInWidth[0x300], 4);
      assert.equal(bus.ins[0x301], 0, 'the pieces of a wide access are not counted');
      assert.deepEqual(bus.seenPorts(), [0x300, 0x302]);
      bus.clearCounters();
      assert.deepEqual(bus.seenPorts(), []);
    });
  });

  describe('unowned ports', () => {
    it('read ones at every width and are reported once per port', () => {
      const seen: string[] = [];
      bus.onUnowned = ({ port, width, direction, value }) => {
        seen.push(`${direction}${width} ${port.toString(16)} ${value.toString(16)}`);
        return PortVerdict.Continue;
      };
      assert.deepEqual([read(0x500, 1), read(0x500, 2), read(0x500, 4)], [0xff, 0xffff, 0xffffffff]);
      bus.access(access('out', 0x600, 2, 0xbeef));
      read(0x301 + 5, 4);
      assert.deepEqual(seen, ['in1 500 ff', 'out2 600 beef', 'in4 306 ffffffff']);
      assert.equal(stops, 0);
    });

    it('are reported every time if asked, and can stop the guest', () => {
      let reports = 0;
      bus.reportEveryUnowned = true;
      bus.onUnowned = () => {
        reports++;
        return PortVerdict.Stop;
      };
      read(0x500, 1);
      read(0x500, 1);
      assert.equal(reports, 2);
      assert.equal(stops, 2);
    });

    it('report the very port of a partly owned access', () => {
      const ports: number[] = [];
      bus.onUnowned = ({ port, width }) => {
        ports.push(port, width);
        return PortVerdict.Continue;
      };
      bus.access(access('out', 0x2ff, 2, 0x4142));
      assert.deepEqual(ports, [0x2ff, 1]);
      assert.deepEqual(probe.log, ['out1 300 41']);
    });
  });

  describe('observer', () => {
    const observe = (before: PortVerdict, after: PortVerdict, replace?: number): string[] => {
      const calls: string[] = [];
      bus.observer = {
        before: (seen) => {
          calls.push(`before ${seen.value.toString(16)}`);
          if (replace !== undefined && seen.direction === 'out') seen.value = replace;
          return before;
        },
        after: (seen) => {
          calls.push(`after ${seen.value.toString(16)}`);
          if (replace !== undefined && seen.direction === 'in') seen.value = replace;
          return after;
        },
      };
      return calls;
    };

    it('is asked only for watched ports, and for wide accesses that touch one', () => {
      const calls = observe(PortVerdict.Continue, PortVerdict.Continue);
      bus.access(access('out', 0x300, 1, 1));
      assert.deepEqual(calls, []);
      bus.watch[0x301] = 1;
      bus.access(access('out', 0x300, 2, 0x201));
      bus.access(access('out', 0x300, 1, 1));
      assert.deepEqual(calls, ['before 201', 'after 201']);
    });

    it('stops before: the instruction is given up with no effect at all', () => {
      observe(PortVerdict.Stop, PortVerdict.Continue);
      bus.watch[0x300] = 1;
      assert.throws(() => bus.access(access('out', 0x300, 1, 1)), AbortInstruction);
      assert.throws(() => bus.access(access('in', 0x300, 1)), AbortInstruction);
      assert.deepEqual(probe.log, []);
      assert.equal(bus.outs[0x300] + bus.ins[0x300], 0);
      assert.equal(stops, 0);
    });

    it('stops after: the access is done and the run loop is asked to stop', () => {
      const calls = observe(PortVerdict.Continue, PortVerdict.Stop);
      bus.watch[0x300] = 1;
      assert.equal(read(0x300, 1), 0x80);
      assert.deepEqual(calls, ['before 0', 'after 80']);
      assert.equal(stops, 1);
    });

    it('may replace what is written and what is read', () => {
      observe(PortVerdict.Continue, PortVerdict.Continue, 0x55);
      bus.watch[0x300] = 1;
      bus.access(access('out', 0x300, 1, 1));
      assert.deepEqual(probe.log, ['out1 300 55']);
      assert.equal(bus.lastOut[0x300], 0x55);
      assert.equal(read(0x300, 1), 0x55);
      assert.equal(bus.lastIn[0x300], 0x55);
    });
  });

  describe('descriptions', () => {
    it('honours registerAt, which may look at the value', () => {
      const shared = [register(0x20, 'ICW1', 1, 'out'), register(0x20, 'OCW2', 1, 'out')];
      const pic = new Probe('PIC', shared);
      const byValue: Device = Object.assign(pic, {
        registerAt: (_port: number, direction: PortDirection, value = 0) =>
          direction === 'in' ? undefined : shared[value & 0x10 ? 0 : 1],
      });
      bus.register(byValue);
      assert.equal(bus.nameOf(0x20, 'out', 0x11), 'PIC.ICW1');
      assert.equal(bus.nameOf(0x20, 'out', 0x20), 'PIC.OCW2');
      assert.equal(bus.nameOf(0x20, 'in'), 'PIC');
      assert.equal(bus.nameOf(0x21, 'in'), '');
      assert.equal(bus.describe(0x21, 'in'), undefined);
    });
  });
});
