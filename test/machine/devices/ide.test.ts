import assert from 'node:assert/strict';
import { MemoryBlockStore, OverlayBlockStore } from '../../../src/machine/devices/ide/block-store';
import { IdeChannel } from '../../../src/machine/devices/ide/channel';
import type { PortWidth } from '../../../src/machine/devices/device';
import { FakeHost } from '../support/fake-clock';

const SECTORS = 5000;

/** Each sector is filled with words that tell sector and place. */
function testImage(sectors = SECTORS): Uint8Array {
  const image = new Uint8Array(sectors * 512);
  const view = new DataView(image.buffer);
  for (let sector = 0; sector < sectors; sector++) {
    for (let word = 0; word < 128; word++) view.setUint32(sector * 512 + word * 4, sector * 1000 + word, true);
  }
  return image;
}

describe('IDE', () => {
  let host: FakeHost;
  let store: MemoryBlockStore;
  let ide: IdeChannel;

  const make = (drives: (MemoryBlockStore | OverlayBlockStore | undefined)[], latency = 0): void => {
    host = new FakeHost();
    ide = new IdeChannel(host, { name: 'IDE0', base: 0x1f0, control: 0x3f6, irq: 14, drives, latency });
  };
  const out = (offset: number, value: number, width: PortWidth = 1): void =>
    ide.writePort(0x1f0 + offset, width, value);
  const read = (offset: number, width: PortWidth = 1): number => ide.readPort(0x1f0 + offset, width);
  const alt = (): number => ide.readPort(0x3f6, 1);
  const control = (value: number): void => ide.writePort(0x3f6, 1, value);

  /** LBA28 command. */
  const command = (code: number, sector = 0, count = 1, features = 0): void => {
    out(1, features);
    out(2, count & 0xff);
    out(3, sector & 0xff);
    out(4, (sector >> 8) & 0xff);
    out(5, (sector >> 16) & 0xff);
    out(6, 0xe0 | ((sector >> 24) & 0x0f));
    out(7, code);
  };
  /** LBA48 command. */
  const commandExt = (code: number, sector: number, count: number): void => {
    out(2, count >> 8);
    out(3, Math.floor(sector / 2 ** 24) & 0xff);
    out(4, Math.floor(sector / 2 ** 32) & 0xff);
    out(5, Math.floor(sector / 2 ** 40) & 0xff);
    out(2, count & 0xff);
    out(3, sector & 0xff);
    out(4, (sector >> 8) & 0xff);
    out(5, (sector >> 16) & 0xff);
    out(6, 0x40);
    out(7, code);
  };
  const address = (): number => read(3) | (read(4) << 8) | (read(5) << 16) | ((read(6) & 0x0f) << 24);
  const words = (count: number): number[] => Array.from({ length: count }, () => read(0, 2));
  const skip = (sectors: number): void => {
    for (let i = 0; i < sectors * 128; i++) read(0, 4);
  };
  const expectError = (error: number): void => {
    assert.equal(read(7), 0x51);
    assert.equal(read(1), error);
  };

  beforeEach(() => {
    store = new MemoryBlockStore(testImage());
    make([store]);
  });

  describe('IDENTIFY DEVICE', () => {
    it('describes the disk', () => {
      command(0xec);
      assert.equal(host.lines[14], true);
      assert.equal(read(7), 0x58);
      assert.equal(host.lines[14], false);
      const data = words(256);
      assert.equal(read(7), 0x50, 'no more data');
      const text = (first: number, count: number): string =>
        data
          .slice(first, first + count)
          .map((word) => String.fromCharCode(word >> 8, word & 0xff))
          .join('')
          .trimEnd();
      assert.equal(text(27, 20), 'Ringside disk');
      assert.equal(text(10, 10), 'IDE00');
      assert.deepEqual([data[1], data[3], data[6]], [4, 16, 63]);
      assert.equal(data[60] | (data[61] << 16), SECTORS);
      assert.equal(data[100], SECTORS);
      assert.equal(data[49] & 0x0300, 0x0200, 'LBA, no DMA');
      assert.equal(data[83] & 0x0400, 0x0400, '48-bit addresses');
      const sum = data.reduce((total, word) => total + (word & 0xff) + (word >> 8), 0);
      assert.equal(sum & 0xff, 0);
    });

    it('is refused for packet devices', () => {
      command(0xa1);
      expectError(0x04);
    });
  });

  describe('READ SECTORS', () => {
    it('gives a sector with one interrupt', () => {
      command(0x20, 1234);
      assert.equal(host.edges[14], 1);
      assert.equal(read(7), 0x58);
      const data = words(256);
      assert.equal(data[0] | (data[1] << 16), 1234000);
      assert.equal(data[254] | (data[255] << 16), 1234127);
      assert.equal(alt(), 0x50);
      assert.equal(host.edges[14], 1, 'no interrupt after the last block');
      assert.equal(address(), 1234);
    });

    it('interrupts for each sector and counts down', () => {
      command(0x20, 10, 3);
      for (let i = 0; i < 3; i++) {
        assert.equal(host.edges[14], i + 1);
        assert.equal(read(7), 0x58);
        assert.equal(read(2), 2 - i);
        assert.equal(read(0, 4), (10 + i) * 1000);
        for (let word = 1; word < 128; word++) read(0, 4);
      }
      assert.equal(read(7), 0x50);
      assert.equal(address(), 12);
    });

    it('takes the count 0 for 256', () => {
      command(0x21, 0, 0);
      skip(255);
      assert.equal(alt(), 0x58);
      assert.equal(read(0, 4), 255000);
      for (let word = 1; word < 128; word++) read(0, 4);
      assert.equal(alt(), 0x50);
    });

    it('gives words of which a byte access sees the low half', () => {
      command(0x20, 1);
      assert.equal(read(0, 1), 1000 & 0xff);
      assert.equal(read(0, 2), 1000 >> 16);
      assert.equal(read(0, 4), 1001);
    });

    it('reads by cylinder, head and sector', () => {
      const chs = (cylinder: number, head: number, sector: number): void => {
        out(2, 1);
        out(3, sector);
        out(4, cylinder & 0xff);
        out(5, cylinder >> 8);
        out(6, 0xa0 | head);
        out(7, 0x20);
      };
      chs(2, 3, 4);
      assert.equal(read(0, 4), ((2 * 16 + 3) * 63 + 3) * 1000);
      chs(0, 0, 1);
      assert.equal(read(0, 4), 0);
      for (const [cylinder, head, sector] of [
        [0, 0, 0],
        [0, 0, 64],
        [4, 0, 1],
      ]) {
        chs(cylinder, head, sector);
        expectError(0x10);
      }
    });

    it('leaves the last address of a CHS transfer in the registers', () => {
      out(2, 2);
      out(3, 63);
      out(4, 0);
      out(5, 0);
      out(6, 0xaf);
      out(7, 0x20);
      skip(2);
      assert.deepEqual([read(3), read(4), read(5), read(6) & 0x0f], [1, 1, 0, 0]);
    });

    it('reads with 48-bit addresses', () => {
      commandExt(0x24, 4000, 300);
      skip(299);
      assert.equal(read(0, 4), 4299000);
      for (let word = 1; word < 128; word++) read(0, 4);
      assert.equal(alt(), 0x50);
      commandExt(0x24, 2 ** 40 + 5, 1);
      expectError(0x10);
      control(0x80);
      assert.deepEqual([read(3), read(4), read(5)], [0, 0, 1]);
      control(0x00);
      assert.deepEqual([read(3), read(4), read(5)], [5, 0, 0]);
    });

    it('fails at the first sector beyond the end, after the ones before it', () => {
      command(0x20, SECTORS - 2, 4);
      assert.equal(read(7), 0x58);
      skip(1);
      assert.equal(read(7), 0x58);
      skip(1);
      expectError(0x10);
      assert.equal(address(), SECTORS);
      assert.equal(read(2), 2);
      assert.equal(read(0, 2), 0xffff);
    });

    it('fails at once where the first sector does not exist', () => {
      command(0x20, SECTORS);
      assert.equal(host.edges[14], 1);
      expectError(0x10);
    });
  });

  describe('WRITE SECTORS', () => {
    it('wants the first sector without an interrupt, and interrupts after each', () => {
      command(0x30, 100, 2);
      assert.equal(host.lines[14], false);
      assert.equal(alt(), 0x58);
      for (let word = 0; word < 128; word++) out(0, 0xdead0000 + word, 4);
      assert.equal(host.edges[14], 1);
      assert.equal(read(7), 0x58);
      for (let word = 0; word < 256; word++) out(0, word, 2);
      assert.equal(host.edges[14], 2);
      assert.equal(read(7), 0x50);
      const view = new DataView(store.bytes.buffer);
      assert.equal(view.getUint32(100 * 512, true), 0xdead0000);
      assert.equal(view.getUint32(100 * 512 + 508, true), 0xdead007f);
      assert.equal(view.getUint16(101 * 512 + 510, true), 255);
      assert.equal(view.getUint32(102 * 512, true), 102000);
      assert.equal(store.dirty, true);
    });

    it('writes nothing before a sector is whole', () => {
      command(0x30, 7);
      for (let word = 0; word < 255; word++) out(0, 0xffff, 2);
      command(0x20, 7);
      assert.equal(read(0, 4), 7000);
    });

    it('fails beyond the end', () => {
      command(0x30, SECTORS - 1, 2);
      for (let word = 0; word < 128; word++) out(0, 1, 4);
      expectError(0x10);
      command(0x31, SECTORS);
      expectError(0x10);
      out(0, 1, 4);
      assert.equal(alt(), 0x51);
    });

    it('writes with 48-bit addresses', () => {
      commandExt(0x34, 4999, 1);
      for (let word = 0; word < 128; word++) out(0, 0x12345678, 4);
      assert.equal(read(7), 0x50);
      assert.equal(new DataView(store.bytes.buffer).getUint32(4999 * 512, true), 0x12345678);
    });

    it('does not take reads for data', () => {
      command(0x30, 3);
      assert.equal(read(0, 2), 0xffff);
      for (let word = 0; word < 128; word++) out(0, word, 4);
      assert.equal(read(7), 0x50);
    });
  });

  describe('MULTIPLE', () => {
    it('is refused before SET MULTIPLE MODE', () => {
      command(0xc4, 0, 4);
      expectError(0x04);
      command(0xc5, 0, 4);
      expectError(0x04);
    });

    it('takes powers of two up to 16', () => {
      for (const [count, good] of [
        [1, true],
        [2, true],
        [3, false],
        [16, true],
        [32, false],
        [0, true],
      ] as const) {
        command(0xc6, 0, count);
        assert.equal(read(7), good ? 0x50 : 0x51, `${count}`);
      }
    });

    it('interrupts once per block, the last one shorter', () => {
      command(0xc6, 0, 4);
      const before = host.edges[14];
      command(0xc4, 50, 10);
      for (const [block, sectors] of [4, 4, 2].entries()) {
        assert.equal(host.edges[14], before + 1 + block);
        assert.equal(read(7), 0x58);
        assert.equal(read(0, 4), (50 + block * 4) * 1000);
        for (let word = 1; word < sectors * 128; word++) read(0, 4);
      }
      assert.equal(read(7), 0x50);
      assert.equal(host.edges[14], before + 3);
    });

    it('writes in blocks', () => {
      command(0xc6, 0, 8);
      const before = host.edges[14];
      commandExt(0x39, 200, 12);
      for (let word = 0; word < 12 * 128; word++) out(0, 0x40000000 + word, 4);
      assert.equal(host.edges[14], before + 1, 'the second rise is hidden: nobody read the status');
      assert.equal(read(7), 0x50);
      const view = new DataView(store.bytes.buffer);
      for (let word = 0; word < 12 * 128; word++) {
        assert.equal(view.getUint32(200 * 512 + word * 4, true), 0x40000000 + word);
      }
    });
  });

  describe('other commands', () => {
    it('READ VERIFY checks the addresses without data', () => {
      command(0x40, 10, 20);
      assert.equal(read(7), 0x50);
      assert.equal(address(), 29);
      command(0x40, SECTORS - 1, 2);
      expectError(0x10);
      assert.equal(address(), SECTORS);
      commandExt(0x42, 1, 3);
      assert.equal(read(7), 0x50);
    });

    it('SEEK and RECALIBRATE', () => {
      command(0x70, 77);
      assert.equal(read(7), 0x50);
      command(0x7f, SECTORS);
      expectError(0x10);
      command(0x15);
      assert.equal(read(7), 0x50);
    });

    it('INITIALIZE DEVICE PARAMETERS changes the geometry of CHS commands', () => {
      out(2, 17);
      out(6, 0xa0 | 3);
      out(7, 0x91);
      assert.equal(read(7), 0x50);
      out(2, 1);
      out(3, 17);
      out(4, 1);
      out(5, 0);
      out(6, 0xa3);
      out(7, 0x20);
      assert.equal(read(0, 4), ((4 + 3) * 17 + 16) * 1000);
      command(0xec);
      const data = words(256);
      assert.deepEqual([data[54], data[55], data[56]], [Math.floor(SECTORS / 68), 4, 17]);
      out(2, 0);
      out(7, 0x91);
      expectError(0x04);
    });

    it('SET FEATURES takes PIO modes and cache settings, no DMA', () => {
      for (const [features, count, good] of [
        [0x03, 0x08, true],
        [0x03, 0x0c, true],
        [0x03, 0x20, false],
        [0x02, 0, true],
        [0x82, 0, true],
        [0x05, 0x80, false],
      ] as const) {
        command(0xef, 0, count, features);
        assert.equal(read(7), good ? 0x50 : 0x51, `${features.toString(16)} ${count}`);
      }
    });

    it('FLUSH, power modes, native size', () => {
      for (const code of [0xe7, 0xea, 0xe0, 0xe1, 0xe2, 0xe3]) {
        command(code);
        assert.equal(read(7), 0x50);
      }
      command(0xe5, 0, 0);
      assert.equal(read(2), 0xff);
      command(0xf8);
      assert.equal(address(), SECTORS - 1);
      command(0x27);
      assert.equal(read(3) | (read(4) << 8), SECTORS - 1);
    });

    for (const code of [0x00, 0x08, 0xc8, 0xca, 0x25, 0xb0, 0xff]) {
      it(`0x${code.toString(16)} is aborted`, () => {
        command(code);
        expectError(0x04);
        assert.equal(host.edges[14], 1);
      });
    }

    it('EXECUTE DEVICE DIAGNOSTIC leaves the signature and the code', () => {
      command(0xec);
      command(0x90, 0x123456, 9);
      assert.equal(read(7), 0x50);
      assert.deepEqual(
        [1, 2, 3, 4, 5].map((offset) => read(offset)),
        [1, 1, 1, 0, 0],
      );
    });
  });

  describe('interrupts', () => {
    it('are taken back by STATUS, not by ALT_STATUS', () => {
      command(0xe7);
      assert.equal(alt(), 0x50);
      assert.equal(host.lines[14], true);
      read(7);
      assert.equal(host.lines[14], false);
    });

    it('are held back by nIEN and come when it is cleared', () => {
      control(0x02);
      command(0xe7);
      assert.equal(host.lines[14], false);
      control(0x00);
      assert.equal(host.lines[14], true);
    });

    it('are taken back by the next command', () => {
      command(0xe7);
      command(0x30, 0, 1);
      assert.equal(host.lines[14], false);
    });
  });

  describe('software reset', () => {
    it('is busy while held, then shows the signature without an interrupt', () => {
      command(0x20, 5, 3);
      control(0x04);
      assert.equal(alt(), 0x80);
      assert.equal(host.lines[14], false);
      control(0x00);
      assert.equal(alt(), 0x50);
      assert.deepEqual(
        [1, 2, 3, 4, 5].map((offset) => read(offset)),
        [1, 1, 1, 0, 0],
      );
      assert.equal(host.lines[14], false);
      command(0x20, 6);
      assert.equal(read(0, 4), 6000);
    });
  });

  describe('two drives', () => {
    it('are chosen by the device register, with one set of parameters', () => {
      make([store, new MemoryBlockStore(new Uint8Array(100 * 512).fill(0x77))]);
      out(2, 1);
      out(3, 3);
      out(4, 0);
      out(5, 0);
      out(6, 0xf0);
      assert.equal(read(6), 0xf0);
      out(7, 0x20);
      assert.equal(read(0, 4), 0x77777777);
      out(6, 0xe0);
      assert.equal(read(7), 0x50);
      assert.equal(host.lines[14], false, 'the other drive holds the interrupt');
      out(6, 0xf0);
      assert.equal(host.lines[14], true);
    });

    it('both show the signature after a diagnostic', () => {
      make([store, new MemoryBlockStore(new Uint8Array(512))]);
      out(6, 0xf0);
      out(3, 0x55);
      out(7, 0x90);
      assert.equal(read(6) & 0x10, 0);
      out(6, 0xb0);
      assert.deepEqual([read(1), read(3), read(7)], [1, 1, 0x50]);
    });
  });

  describe('absent drives', () => {
    it('a missing second drive has the status 0 and does nothing', () => {
      out(6, 0xf0);
      assert.equal(read(7), 0);
      assert.equal(alt(), 0);
      out(7, 0xec);
      assert.equal(read(7), 0);
      assert.equal(host.edges[14], 0);
      assert.equal(read(0, 2), 0xffff);
    });

    it('an empty cable floats high', () => {
      make([]);
      out(6, 0xa0);
      out(3, 0x55);
      out(7, 0xec);
      assert.deepEqual(
        [1, 2, 3, 4, 5, 6, 7].map((offset) => read(offset)),
        new Array<number>(7).fill(0xff),
      );
      assert.equal(alt(), 0xff);
      assert.equal(read(0, 4), 0xffffffff);
    });
  });

  describe('with latency', () => {
    beforeEach(() => make([store], 5000));

    it('is busy before each block and takes no commands meanwhile', () => {
      command(0x20, 10, 2);
      assert.equal(alt(), 0x80);
      out(3, 99);
      out(7, 0xec);
      host.clock.advance(4999);
      assert.equal(alt(), 0x80);
      host.clock.advance(1);
      assert.equal(read(7), 0x58);
      skip(1);
      assert.equal(alt(), 0x80);
      host.clock.advance(5000);
      assert.equal(host.edges[14], 2);
      assert.equal(read(0, 4), 11000);
    });

    it('saves and loads in the middle of a transfer', () => {
      const overlay = new OverlayBlockStore(store);
      make([overlay], 5000);
      command(0x30, 20, 2);
      host.clock.advance(5000);
      for (let word = 0; word < 128; word++) out(0, word, 4);
      host.clock.advance(5000);
      for (let word = 0; word < 64; word++) out(0, 0xab, 4);
      const saved = ide.save();
      const [first, other] = [ide, new FakeHost()];
      other.clock.now = host.clock.now;
      const stores = [new OverlayBlockStore(store)];
      const copy = new IdeChannel(other, {
        name: 'IDE0',
        base: 0x1f0,
        control: 0x3f6,
        irq: 14,
        drives: stores,
        latency: 5000,
      });
      copy.load(saved);
      assert.deepEqual(copy.save(), saved);
      assert.equal(stores[0].read(20)[4], 1);
      for (const channel of [first, copy]) for (let word = 0; word < 64; word++) channel.writePort(0x1f0, 4, 0xcd);
      host.clock.advance(5000);
      other.clock.advance(5000);
      assert.deepEqual(copy.save(), first.save());
      assert.deepEqual([stores[0].read(21)[0], stores[0].read(21)[508]], [0xab, 0xcd]);
      assert.equal(store.dirty, false, 'the image under the overlay stays as it was');
    });
  });
});

describe('block stores', () => {
  it('fill up a last partial sector', () => {
    const store = new MemoryBlockStore(new Uint8Array(700).fill(1));
    assert.equal(store.sectors, 2);
    assert.equal(store.read(1).length, 512);
    assert.deepEqual([store.read(1)[187], store.read(1)[188]], [1, 0]);
  });

  it('keep writes over an image apart and can drop them', () => {
    const base = new MemoryBlockStore(testImage(4));
    const overlay = new OverlayBlockStore(base);
    const bytes = new Uint8Array(512).fill(9);
    overlay.write(2, bytes);
    bytes.fill(8);
    assert.equal(overlay.read(2)[0], 9);
    assert.equal(base.read(2)[0], 2000 & 0xff);
    const saved = overlay.save();
    overlay.write(2, bytes);
    overlay.write(3, bytes);
    overlay.load(saved);
    assert.equal(overlay.read(2)[0], 9);
    assert.equal(overlay.read(3)[0], 3000 & 0xff);
    overlay.discard();
    assert.equal(overlay.read(2)[0], 2000 & 0xff);
  });
});
