import assert from 'node:assert/strict';
import { Uart16550, type UartPacing } from '../../../src/machine/devices/uart/uart16550';
import { FakeHost } from '../support/fake-clock';

/** One byte of 8N1 at 115200 bits a second, in cycles. */
const BYTE = Math.round((10 * 1e9) / 115200);

describe('16550A', () => {
  let host: FakeHost;
  let uart: Uart16550;
  let sent: number[];

  const make = (pacing: UartPacing): void => {
    host = new FakeHost();
    sent = [];
    const onTransmit = (byte: number): number => sent.push(byte);
    uart = new Uart16550(host, { name: 'COM1', base: 0x3f8, irq: 4, pacing, onTransmit });
  };
  const out = (offset: number, value: number): void => uart.writePort(0x3f8 + offset, 1, value);
  const read = (offset: number): number => uart.readPort(0x3f8 + offset);
  /** 115200 8N1, FIFOs with the given FCR, OUT2 on. */
  const setup = (fcr = 0): void => {
    out(3, 0x80);
    out(0, 1);
    out(1, 0);
    out(3, 0x03);
    out(2, fcr);
    out(4, 0x0b);
  };
  const text = (): string => String.fromCharCode(...sent);

  beforeEach(() => {
    make('baud');
    setup();
  });

  describe('registers', () => {
    it('have the values of the datasheet after a reset', () => {
      make('baud');
      assert.deepEqual([1, 2, 3, 4, 5, 6].map(read), [0, 1, 0, 0, 0x60, 0xb0]);
    });

    it('share the first ports with the divisor by DLAB', () => {
      out(1, 0x0f);
      out(3, 0x83);
      out(0, 0x34);
      out(1, 0x12);
      assert.deepEqual([read(0), read(1)], [0x34, 0x12]);
      assert.equal(uart.registerAt(0x3f8, 'out')?.name, 'DLL');
      assert.equal(uart.registerAt(0x3f9, 'in')?.name, 'DLM');
      assert.equal(uart.registerAt(0x3fd, 'in')?.name, 'LSR');
      out(3, 0x03);
      assert.equal(read(1), 0x0f);
      assert.equal(uart.registerAt(0x3f8, 'out')?.name, 'THR');
      assert.equal(uart.registerAt(0x3f8, 'in')?.name, 'RBR');
      assert.equal(uart.registerAt(0x3fa, 'out')?.name, 'FCR');
      assert.equal(uart.registerAt(0x3fa, 'in')?.name, 'IIR');
      assert.deepEqual(sent, []);
    });

    it('keep only the bits that exist', () => {
      out(1, 0xff);
      out(4, 0xff);
      out(7, 0xa5);
      assert.deepEqual([read(1), read(4), read(7)], [0x0f, 0x1f, 0xa5]);
      out(5, 0);
      out(6, 0);
      assert.equal(read(5), 0x60);
    });

    it('identify a 16550A by IIR bits 7-6', () => {
      out(2, 0x01);
      assert.equal(read(2), 0xc1);
      out(2, 0x00);
      assert.equal(read(2), 0x01);
    });
  });

  describe('transmitter', () => {
    it('takes the time of the frame, with one byte in advance', () => {
      out(0, 0x41);
      assert.equal(read(5), 0x20, 'the byte is in the shift register, THR is free');
      out(0, 0x42);
      assert.equal(read(5), 0x00);
      assert.equal(text(), 'A');
      host.clock.advance(BYTE - 1);
      assert.equal(read(5), 0x00);
      host.clock.advance(1);
      assert.equal(text(), 'AB');
      assert.equal(read(5), 0x20);
      host.clock.advance(BYTE);
      assert.equal(read(5), 0x60);
    });

    it('loses the older byte where THR is overwritten', () => {
      for (const byte of [0x41, 0x42, 0x43]) out(0, byte);
      host.clock.advance(3 * BYTE);
      assert.equal(text(), 'AC');
    });

    it('queues 16 bytes with FIFOs', () => {
      out(2, 0x01);
      for (let i = 0; i < 17; i++) out(0, 0x61 + i);
      assert.equal(read(5), 0);
      host.clock.advance(16 * BYTE);
      assert.equal(text(), 'abcdefghijklmnopq');
      assert.equal(read(5), 0x20);
      host.clock.advance(BYTE);
      assert.equal(read(5), 0x60);
    });

    const frames: [number, number, number][] = [
      [0x03, 1, 10],
      [0x07, 1, 11],
      [0x1b, 1, 11],
      [0x00, 12, 7],
      [0x04, 12, 7.5],
      [0x0f, 3, 12],
    ];
    for (const [lcr, divisor, bits] of frames) {
      it(`needs ${bits} bit times with LCR 0x${lcr.toString(16)} and divisor ${divisor}`, () => {
        out(3, 0x80);
        out(0, divisor);
        out(3, lcr);
        out(0, 0x15);
        const time = Math.round((bits * divisor * 1e9) / 115200);
        host.clock.advance(time - 1);
        assert.equal(read(5) & 0x40, 0);
        host.clock.advance(1);
        assert.equal(read(5) & 0x40, 0x40);
      });
    }

    it('sends only the bits of the word', () => {
      out(3, 0x02);
      out(0, 0xff);
      assert.deepEqual(sent, [0x7f]);
    });

    it('treats the divisor 0 as 1', () => {
      out(3, 0x80);
      out(0, 0);
      out(3, 0x03);
      out(0, 0x41);
      host.clock.advance(BYTE);
      assert.equal(read(5), 0x60);
    });

    it('gives up what waits at the end of a run', () => {
      for (const byte of [0x41, 0x42]) out(0, byte);
      uart.drain();
      assert.equal(text(), 'AB');
      uart.drain();
      assert.equal(text(), 'AB');
    });

    it('is never busy with immediate pacing', () => {
      make('immediate');
      setup();
      for (let i = 0; i < 100; i++) {
        assert.equal(read(5), 0x60);
        out(0, 0x30 + (i % 10));
      }
      assert.equal(sent.length, 100);
      assert.equal(host.clock.nextDue, Infinity);
    });
  });

  describe('transmitter interrupt', () => {
    it('comes when THR gets free; reading IIR or writing THR takes it away', () => {
      out(1, 0x02);
      assert.equal(host.lines[4], true, 'enabling it with an empty THR raises it');
      assert.equal(read(2), 0x02);
      assert.equal(host.lines[4], false);
      assert.equal(read(2), 0x01);
      out(0, 0x41);
      assert.equal(host.lines[4], true, 'the byte went to the shift register at once');
      out(0, 0x42);
      assert.equal(host.lines[4], false);
      host.clock.advance(BYTE);
      assert.equal(host.lines[4], true);
      assert.equal(read(2), 0x02);
    });

    it('waits for the FIFO to empty', () => {
      out(2, 0x01);
      out(1, 0x02);
      read(2);
      for (const byte of [1, 2, 3]) out(0, byte);
      read(2);
      host.clock.advance(BYTE);
      assert.equal(host.lines[4], false);
      host.clock.advance(BYTE);
      assert.equal(host.lines[4], true);
    });

    it('drops and rises with each byte of immediate pacing', () => {
      make('immediate');
      setup();
      out(1, 0x02);
      const before = host.edges[4];
      read(2);
      out(0, 0x41);
      assert.equal(host.edges[4], before + 1);
    });
  });

  describe('receiver', () => {
    it('gets a byte after its time on the line', () => {
      uart.receive([0x41]);
      host.clock.advance(BYTE - 1);
      assert.equal(read(5) & 1, 0);
      host.clock.advance(1);
      assert.equal(read(5) & 1, 1);
      assert.equal(read(0), 0x41);
      assert.equal(read(5) & 1, 0);
    });

    it('overruns without FIFO: the newer byte stays, and says so once', () => {
      uart.receive([0x41, 0x42]);
      host.clock.advance(2 * BYTE);
      assert.equal(read(5), 0x63);
      assert.equal(read(5), 0x61);
      assert.equal(read(0), 0x42);
    });

    it('overruns with FIFO after 16 bytes: the older ones stay', () => {
      out(2, 0x01);
      uart.receive(Array.from({ length: 18 }, (_, i) => i + 1));
      host.clock.advance(18 * BYTE);
      assert.equal(read(5), 0x63);
      const got = Array.from({ length: 16 }, () => read(0));
      assert.deepEqual(
        got,
        Array.from({ length: 16 }, (_, i) => i + 1),
      );
      assert.equal(read(5) & 1, 0);
    });

    it('never overruns with immediate pacing', () => {
      make('immediate');
      setup();
      uart.receive([0x41, 0x42, 0x43]);
      host.clock.advance(10 * BYTE);
      assert.equal(read(5), 0x61);
      const got: number[] = [];
      for (let i = 0; i < 3; i++) {
        got.push(read(0));
        host.clock.advance(BYTE);
      }
      assert.deepEqual(got, [0x41, 0x42, 0x43]);
      assert.equal(host.clock.nextDue, Infinity);
    });

    it('interrupts per byte without FIFO', () => {
      out(1, 0x01);
      uart.receive([0x41]);
      host.clock.advance(BYTE);
      assert.equal(host.lines[4], true);
      assert.equal(read(2), 0x04);
      read(0);
      assert.equal(host.lines[4], false);
    });

    for (const [bits, level] of [
      [0x00, 1],
      [0x40, 4],
      [0x80, 8],
      [0xc0, 14],
    ]) {
      it(`interrupts at ${level} bytes with FCR 0x${(bits | 1).toString(16)}`, () => {
        out(2, bits | 1);
        out(1, 0x01);
        uart.receive(new Array<number>(level).fill(0x55));
        host.clock.advance((level - 1) * BYTE);
        assert.equal(host.lines[4], false);
        host.clock.advance(BYTE);
        assert.equal(read(2), 0xc4);
        read(0);
        assert.equal(host.lines[4], false);
      });
    }

    it('times out four byte times after the last movement', () => {
      out(2, 0xc1);
      out(1, 0x01);
      uart.receive([1, 2]);
      host.clock.advance(2 * BYTE + 4 * BYTE - 1);
      assert.equal(host.lines[4], false);
      host.clock.advance(1);
      assert.equal(host.lines[4], true);
      assert.equal(read(2), 0xcc);
      assert.equal(read(0), 1);
      assert.equal(host.lines[4], false);
      host.clock.advance(4 * BYTE);
      assert.equal(read(2), 0xcc, 'and again for the byte that is left');
      read(0);
      host.clock.advance(100 * BYTE);
      assert.equal(read(2), 0xc1);
    });

    it('forgets its bytes when the FIFO is cleared or switched', () => {
      out(2, 0x01);
      uart.receive([1, 2]);
      host.clock.advance(2 * BYTE);
      out(2, 0x03);
      assert.equal(read(5) & 1, 0);
      uart.receive([3]);
      host.clock.advance(BYTE);
      out(2, 0x00);
      assert.equal(read(5) & 1, 0);
    });

    it('reports a break with a zero byte', () => {
      out(2, 0x01);
      out(1, 0x04);
      uart.receive([0x41]);
      host.clock.advance(BYTE);
      uart.receiveBreak();
      assert.equal(read(5), 0xe1, 'the error is in the FIFO, behind the head');
      assert.equal(host.lines[4], false);
      assert.equal(read(0), 0x41);
      assert.equal(read(2), 0xc6);
      assert.equal(read(5), 0xf1);
      assert.equal(read(5), 0x61);
      assert.equal(host.lines[4], false);
      assert.equal(read(0), 0);
    });
  });

  describe('interrupts', () => {
    it('are identified by priority', () => {
      out(1, 0x0f);
      uart.receiveBreak();
      uart.setModemInputs({ cts: false });
      assert.equal(read(2), 0x06);
      read(5);
      assert.equal(read(2), 0x04);
      read(0);
      assert.equal(read(2), 0x02);
      assert.equal(read(2), 0x00);
      assert.equal(host.lines[4], true);
      read(6);
      assert.equal(read(2), 0x01);
      assert.equal(host.lines[4], false);
    });

    it('need OUT2 to reach the PC', () => {
      out(4, 0x03);
      out(1, 0x02);
      assert.equal(host.lines[4], false);
      out(4, 0x0b);
      assert.equal(host.lines[4], true);
    });
  });

  describe('modem', () => {
    it('reports levels and changes; reading clears the changes', () => {
      assert.equal(read(6), 0xb0);
      uart.setModemInputs({ cts: false, dcd: false });
      assert.equal(read(6), 0x29);
      assert.equal(read(6), 0x20);
      uart.setModemInputs({ dsr: false });
      uart.setModemInputs({ dsr: true });
      assert.equal(read(6), 0x22);
    });

    it('reports only the end of a ring', () => {
      uart.setModemInputs({ ri: true });
      assert.equal(read(6), 0xf0);
      uart.setModemInputs({ ri: false });
      assert.equal(read(6), 0xb4);
    });
  });

  describe('loopback', () => {
    it('feeds the receiver after the byte time and sends nothing', () => {
      out(4, 0x1b);
      out(0, 0xae);
      assert.equal(read(5) & 1, 0);
      host.clock.advance(BYTE);
      assert.equal(read(5) & 1, 1);
      assert.equal(read(0), 0xae);
      assert.deepEqual(sent, []);
    });

    it('feeds it at once with immediate pacing', () => {
      make('immediate');
      setup();
      out(4, 0x1e);
      out(0, 0xae);
      assert.equal(read(0), 0xae);
      assert.deepEqual(sent, []);
    });

    it('ties modem outputs to inputs', () => {
      out(4, 0x10);
      read(6);
      const levels = [0x11, 0x12, 0x14, 0x18, 0x1f].map((mcr) => {
        out(4, mcr);
        return read(6) & 0xf0;
      });
      assert.deepEqual(levels, [0x20, 0x10, 0x40, 0x80, 0xf0]);
    });

    it('keeps the other side out: bytes are lost, or wait without pacing', () => {
      out(4, 0x1b);
      uart.receive([0x41]);
      host.clock.advance(BYTE);
      out(4, 0x0b);
      host.clock.advance(BYTE);
      assert.equal(read(5) & 1, 0);
      make('immediate');
      setup();
      out(4, 0x1b);
      uart.receive([0x41]);
      host.clock.advance(5 * BYTE);
      assert.equal(read(5) & 1, 0);
      out(4, 0x0b);
      host.clock.advance(BYTE);
      assert.equal(read(0), 0x41);
    });

    it('receives its own break, and turns the interrupt pin off', () => {
      out(1, 0x04);
      out(4, 0x1b);
      out(3, 0x43);
      assert.equal(read(2), 0x06);
      assert.equal(host.lines[4], false);
      assert.equal(read(5) & 0x11, 0x11);
    });
  });

  it('saves and loads with bytes on their way', () => {
    out(2, 0xc1);
    out(1, 0x01);
    for (const byte of [0x41, 0x42, 0x43]) out(0, byte);
    uart.receive([1, 2, 3]);
    host.clock.advance(BYTE + 5);
    const saved = uart.save();
    const other = new FakeHost();
    other.clock.now = host.clock.now;
    const bytes: number[] = [];
    const onTransmit = (byte: number): number => bytes.push(byte);
    const copy = new Uart16550(other, { name: 'COM1', base: 0x3f8, irq: 4, pacing: 'baud', onTransmit });
    copy.load(saved);
    assert.deepEqual(copy.save(), saved);
    host.clock.advance(7 * BYTE);
    other.clock.advance(7 * BYTE);
    assert.deepEqual(bytes, [0x43]);
    assert.equal(text(), 'ABC');
    assert.deepEqual(copy.save(), uart.save());
    assert.equal(copy.readPort(0x3fa), 0xcc);
    uart.reset();
    assert.equal(host.clock.nextDue, Infinity);
    assert.equal(host.lines[4], false);
  });
});
