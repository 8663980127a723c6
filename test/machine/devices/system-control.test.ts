import assert from 'node:assert/strict';
import { A20Gate, KeyboardController, Port92 } from '../../../src/machine/devices/system-control';
import { FakeHost } from '../support/fake-clock';

describe('system control', () => {
  let host: FakeHost;
  let events: string[];
  let a20: A20Gate;
  let keyboard: KeyboardController;
  let port92: Port92;

  const command = (value: number): void => keyboard.writePort(0x64, 1, value);
  const data = (value: number): void => keyboard.writePort(0x60, 1, value);
  const status = (): number => keyboard.readPort(0x64);
  const read = (): number => keyboard.readPort(0x60);

  beforeEach(() => {
    host = new FakeHost();
    events = [];
    const lines = {
      setA20: (enabled: boolean): unknown => events.push(enabled ? 'A20 on' : 'A20 off'),
      reset: (cause: string): unknown => events.push(`reset by ${cause}`),
    };
    a20 = new A20Gate(lines);
    keyboard = new KeyboardController(host, a20, lines);
    port92 = new Port92(a20, lines);
  });

  describe('A20', () => {
    it('is open at power on', () => {
      assert.equal(a20.enabled, true);
      assert.deepEqual(events, []);
    });

    it('is open while one of the two gates is', () => {
      command(0xd1);
      data(0xdd);
      assert.deepEqual(events, ['A20 off']);
      port92.writePort(0x92, 1, 0x02);
      assert.equal(a20.enabled, true);
      command(0xdf);
      port92.writePort(0x92, 1, 0x00);
      assert.equal(a20.enabled, true);
      command(0xdd);
      assert.deepEqual(events, ['A20 off', 'A20 on', 'A20 off']);
    });
  });

  describe('port 0x92', () => {
    it('resets on a rise of bit 0 only', () => {
      port92.writePort(0x92, 1, 0x01);
      port92.writePort(0x92, 1, 0x01);
      assert.deepEqual(events, ['reset by port 0x92']);
      port92.writePort(0x92, 1, 0x00);
      port92.writePort(0x92, 1, 0x03);
      assert.deepEqual(events, ['reset by port 0x92', 'reset by port 0x92']);
      assert.equal(port92.readPort(), 0x03);
    });

    it('saves, loads and resets', () => {
      command(0xdd);
      port92.writePort(0x92, 1, 0x02);
      const saved = port92.save();
      port92.reset();
      assert.equal(a20.enabled, false);
      port92.load(saved);
      assert.equal(a20.enabled, true);
      assert.equal(port92.readPort(), 0x02);
    });
  });

  describe('keyboard controller', () => {
    it('passes its self test and says so', () => {
      assert.equal(status(), 0x10);
      command(0xaa);
      assert.equal(status(), 0x1d);
      assert.equal(read(), 0x55);
      assert.equal(status(), 0x1c);
      command(0xab);
      assert.equal(read(), 0x00);
    });

    it('keeps its mode byte and RAM', () => {
      command(0x20);
      assert.equal(read(), 0x70);
      command(0x60);
      assert.equal(status() & 0x08, 0x08);
      data(0x47);
      assert.equal(status() & 0x08, 0);
      command(0x20);
      assert.equal(read(), 0x47);
      command(0x7f);
      data(0x99);
      command(0x3f);
      assert.equal(read(), 0x99);
    });

    it('turns the keyboard off and on in the mode byte', () => {
      command(0xae);
      command(0x20);
      assert.equal(read() & 0x10, 0);
      command(0xad);
      command(0x20);
      assert.equal(read() & 0x10, 0x10);
    });

    it('reads its ports', () => {
      command(0xc0);
      assert.equal(read(), 0xa0);
      command(0xd0);
      assert.equal(read(), 0xcf);
      command(0xd1);
      data(0xcd);
      command(0xd0);
      assert.equal(read(), 0xcd);
      command(0xe0);
      assert.equal(read(), 0);
    });

    it('gives back what is written to its output buffer, with IRQ1 if enabled', () => {
      command(0xd2);
      data(0x1e);
      assert.equal(host.lines[1], false);
      assert.equal(status() & 1, 1);
      command(0x60);
      data(0x41);
      assert.equal(host.lines[1], true, 'the byte still waits');
      assert.equal(read(), 0x1e);
      assert.equal(host.lines[1], false);
    });

    it('reports that no keyboard answers', () => {
      data(0xff);
      assert.equal(status() & 0x41, 0x41);
      assert.equal(read(), 0xfe);
      assert.equal(status() & 0x41, 0);
    });

    it('has no mouse: its test command gets no answer', () => {
      command(0xa9);
      assert.equal(status() & 1, 0);
    });

    it('resets by pulse and by output port', () => {
      command(0xf1);
      assert.deepEqual(events, []);
      command(0xfe);
      command(0xd1);
      data(0xce);
      assert.deepEqual(events, ['reset by keyboard controller', 'reset by keyboard controller']);
    });

    it('forgets a parameter when another command comes', () => {
      command(0xd1);
      command(0xaa);
      read();
      data(0xdd);
      assert.equal(a20.enabled, true);
      assert.equal(read(), 0xfe);
    });

    it('names its registers', () => {
      assert.equal(keyboard.registerAt(0x64, 'in')?.name, 'STATUS');
      assert.equal(keyboard.registerAt(0x64, 'out')?.name, 'COMMAND');
      assert.equal(keyboard.registerAt(0x60, 'out')?.name, 'DATA');
    });

    it('saves and loads', () => {
      command(0x60);
      data(0x41);
      command(0xd1);
      data(0xcd);
      command(0xd2);
      data(0x77);
      command(0x65);
      const saved = keyboard.save();
      const other = new FakeHost();
      const gate = new A20Gate({ setA20: () => undefined, reset: () => undefined });
      const copy = new KeyboardController(other, gate, { setA20: () => undefined, reset: () => undefined });
      copy.load(saved);
      assert.deepEqual(copy.save(), saved);
      assert.equal(gate.enabled, false);
      assert.equal(other.lines[1], true);
      copy.writePort(0x60, 1, 0x12);
      assert.equal(copy.readPort(0x60), 0x77);
      copy.writePort(0x64, 1, 0x25);
      assert.equal(copy.readPort(0x60), 0x12);
      keyboard.reset();
      assert.equal(status(), 0x10);
      assert.equal(a20.enabled, true);
    });
  });
});
