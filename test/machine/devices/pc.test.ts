import assert from 'node:assert/strict';
import { PortNames } from '../../../src/machine/bus/port-names';
import { MemoryBlockStore, OverlayBlockStore } from '../../../src/machine/devices/ide/block-store';
import { createPc, type Pc } from '../../../src/machine/devices/pc';
import { PhysicalMemory } from '../../../src/machine/memory/physical';
import { FakeClock } from '../support/fake-clock';

describe('PC', () => {
  let clock: FakeClock;
  let events: string[];
  let pc: Pc;

  const make = (): Pc =>
    createPc({
      clock,
      ramBytes: 16 << 20,
      disks: [new OverlayBlockStore(new MemoryBlockStore(new Uint8Array(512 * 100)))],
      requestStop: () => events.push('stop'),
      onSerial: (port, byte) => events.push(`${port} ${byte.toString(16)}`),
      onConsole: (byte) => events.push(`console ${byte.toString(16)}`),
      onDebugExit: (value) => events.push(`exit ${value.toString(16)}`),
      onInterrupt: (pending) => events.push(pending ? 'interrupt' : 'no interrupt'),
      placeRegisters: () => undefined,
      memory: new PhysicalMemory(16 << 20),
      onReport: (message) => events.push(message),
      nmi: () => events.push('nmi'),
      lines: { setA20: () => undefined, reset: (cause) => events.push(`reset by ${cause}`) },
    });
  const out = (port: number, value: number, width: 1 | 2 | 4 = 1): void =>
    pc.bus.access({ port, width, direction: 'out', value, channel: 'direct', hypercall: '', count: 1 });

  /** 8259s at 0x20 and 0x28, all lines open. */
  const initializePic = (): void => {
    for (const [base, vector, cascade] of [
      [0x20, 0x20, 4],
      [0xa0, 0x28, 2],
    ]) {
      out(base, 0x11);
      for (const value of [vector, cascade, 1, 0]) out(base + 1, value);
    }
  };

  beforeEach(() => {
    clock = new FakeClock();
    events = [];
    pc = make();
  });

  it('answers at the ports of a PC, each with a described register', () => {
    const expected: [number, string][] = [
      [0x20, 'PIC1'],
      [0x40, 'PIT'],
      [0x60, 'KBC'],
      [0x61, 'PORT61'],
      [0x510, 'FWCFG'],
      [0x70, 'RTC'],
      [0x80, 'POST'],
      [0x92, 'PORT92'],
      [0xa1, 'PIC2'],
      [0xe9, 'DEBUGCON'],
      [0xf0, 'FPUERR'],
      [0xf4, 'DEBUGEXIT'],
      [0x170, 'IDE1'],
      [0x1f7, 'IDE0'],
      [0x2e8, 'COM4'],
      [0x2f8, 'COM2'],
      [0x376, 'IDE1'],
      [0x3e8, 'COM3'],
      [0x3f6, 'IDE0'],
      [0x3f8, 'COM1'],
      [0x4d0, 'ELCR'],
      [0x1860, 'IOTEST'],
    ];
    for (const [port, name] of expected) assert.equal(pc.bus.deviceAt(port)?.name, name, port.toString(16));
    for (const device of pc.bus.devices) {
      for (const register of device.registers) {
        assert.ok(register.doc.endsWith('.'), `${device.name}.${register.name}: ${register.doc}`);
        const highest = (register.width ?? 1) * 8 - 1;
        for (const field of register.fields ?? []) {
          assert.ok(field.low <= field.high && field.high <= highest, `${device.name}.${register.name}.${field.name}`);
        }
      }
    }
  });

  it('has a name for every port in each direction that is served, and each name leads back', () => {
    const names = new PortNames(pc.bus);
    for (const { name, ports } of names.all()) assert.deepEqual(names.portOf(name), ports);
    for (const device of pc.bus.devices) {
      const pairs = device.registers.map((register) => `${register.name} ${register.port} ${register.direction}`);
      assert.equal(new Set(pairs).size, pairs.length, `${device.name} names a register twice`);
      const registers = new Set(device.registers.map((register) => register.port));
      for (const port of registers) {
        const name = pc.bus.nameOf(port, 'out') || pc.bus.nameOf(port, 'in');
        assert.ok(name.startsWith(device.name));
      }
    }
  });

  it('hands on what the guest sends and asks', () => {
    out(0x3fb, 0x03);
    out(0x3f8, 0x41);
    out(0x2f8, 0x42);
    out(0xe9, 0x43);
    out(0xf4, 0x10, 4);
    out(0x64, 0xfe);
    assert.deepEqual(events, ['com1 41', 'com2 2', 'console 43', 'exit 10', 'reset by keyboard controller']);
    assert.equal(pc.serial.com1.name, 'COM1');
  });

  it('carries the timer interrupt from the 8254 to the CPU', () => {
    initializePic();
    out(0x43, 0x34);
    out(0x40, 0x00);
    out(0x40, 0x10);
    events.length = 0;
    pc.pic.acknowledge();
    out(0x20, 0x20);
    events.length = 0;
    clock.advance(4e6);
    assert.deepEqual(events, ['interrupt']);
    assert.equal(pc.pic.acknowledge(), 0x20);
  });

  it('lets two serial ports share a line', () => {
    initializePic();
    out(0x21, 0xef);
    for (const base of [0x3f8, 0x3e8]) {
      out(base + 4, 0x08);
      out(base + 1, 0x02);
    }
    assert.equal(pc.pic.acknowledge(), 0x24);
    out(0x3f9, 0);
    out(0x20, 0x20);
    assert.equal(pc.pic.pending, false, 'no edge: the other port holds the line');
    out(0x3e9, 0);
    out(0x3e9, 2);
    assert.equal(pc.pic.acknowledge(), 0x24);
  });

  it('raises IRQ14 for the disk', () => {
    initializePic();
    out(0x1f6, 0xe0);
    out(0x1f7, 0xec);
    assert.equal(pc.pic.acknowledge(), 0x2e);
    assert.equal(pc.pic.lineOf(0x2e), 14);
  });

  it('saves and loads everything', () => {
    initializePic();
    out(0x43, 0x34);
    out(0x40, 0x00);
    out(0x40, 0x10);
    out(0x1860, 0x12345678, 4);
    out(0x80, 0x33);
    out(0x70, 0x0b);
    out(0x71, 0x42);
    out(0x1f6, 0xe0);
    out(0x1f7, 0xec);
    pc.serial.com1.receive([0x41]);
    clock.advance(50e6);
    const saved = pc.save();
    const first = pc;
    const moment = clock.now;
    clock = new FakeClock();
    clock.now = moment;
    pc = make();
    pc.load(saved);
    assert.deepEqual(pc.save(), saved);
    assert.equal(pc.pic.pending, first.pic.pending);
    assert.equal(pc.pic.acknowledge(), first.pic.acknowledge());
  });

  it('refuses a snapshot that lacks a device', () => {
    const states = pc.save();
    delete states.PIT;
    assert.throws(() => pc.load(states), /^RangeError: the snapshot has no state of PIT$/);
  });

  it('is as new after a reset', () => {
    const fresh = pc.save();
    initializePic();
    out(0x43, 0x34);
    out(0x40, 0x00);
    out(0x40, 0x10);
    out(0x3fb, 0x83);
    out(0x60, 0xff);
    pc.reset();
    assert.deepEqual(pc.save(), fresh);
    assert.equal(clock.nextDue, Infinity);
  });
});
