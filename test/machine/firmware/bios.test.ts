import assert from 'node:assert/strict';
import { MemoryBlockStore } from '../../../src/machine/devices/ide/block-store';
import { Bios } from '../../../src/machine/firmware/bios';
import { biosDisk, type BiosDisk, isFloppySize, numberDisks } from '../../../src/machine/firmware/bios-disk';
import { keyOf } from '../../../src/machine/firmware/key-buffer';
import * as layout from '../../../src/machine/layout';
import { FLAG_CF, FLAG_IF, FLAG_ZF, Register, SegmentIndex } from '../../../src/machine/layout';
import { setRealMode } from '../../../src/machine/loaders/cpu-setup';
import { Machine } from '../../../src/machine/machine';
import { RunEnd } from '../../../src/machine/run';

type Registers = Partial<Record<'eax' | 'ebx' | 'ecx' | 'edx' | 'esi' | 'edi' | 'ebp' | 'es' | 'ds', number>>;
type Result = Required<Omit<Registers, 'ds'>> & { carry: boolean; zero: boolean };

const CODE = 0x1000;
const BUFFER = 0x20000;
const MICROSECOND = 1000;

/** A disk of 1000 sectors, each filled with its number; the first one can be booted. */
function testDisk(sectors = 1000): MemoryBlockStore {
  const image = new Uint8Array(sectors * 512);
  for (let i = 0; i < sectors; i++) image.fill(i & 0xff, i * 512, (i + 1) * 512);
  image.set([0x55, 0xaa], 510);
  return new MemoryBlockStore(image);
}

describe('BIOS', () => {
  let machine: Machine;
  let bios: Bios;
  let printed: string;
  let sent: number[];
  let store: MemoryBlockStore;

  const make = (disks: readonly BiosDisk[], memoryMB = 32): void => {
    printed = '';
    sent = [];
    machine = new Machine({
      cpu: 'pentium',
      memoryMB,
      startTime: Date.UTC(2007, 7, 22, 12, 34, 56),
      onSerial: (_port, byte) => sent.push(byte),
    });
    const { cpu, memory, clock, pc } = machine;
    const { state, segmentation, monitorCalls } = cpu;
    bios = new Bios({
      target: { memory, state, segmentation },
      monitorCalls,
      clock,
      pc,
      disks,
      onTeletype: (byte) => (printed += String.fromCharCode(byte)),
    });
  };
  const target = () => ({ memory: machine.memory, state: machine.cpu.state, segmentation: machine.cpu.segmentation });
  const read = (address: number, width: 1 | 2 | 4 = 1): number => machine.memory.read(address, width);
  const write = (address: number, width: 1 | 2 | 4, value: number): void => machine.memory.write(address, width, value);

  /** Runs real-mode code at 0:1000 with the given registers until it halts with interrupts off. */
  const execute = (code: readonly number[], registers: Registers = {}, flags = 0): Result => {
    const { state, segmentation } = machine.cpu;
    machine.memory.poke(CODE, Uint8Array.from([...code, 0xfa, 0xf4]));
    setRealMode(target(), 0, CODE, 0x7c00);
    state.set(layout.HALTED, 0);
    state.eflags = flags;
    const { es = 0, ds = 0, ...general } = registers;
    for (const [name, value] of Object.entries(general)) {
      state.setReg(Register[name.toUpperCase() as keyof typeof Register], value);
    }
    segmentation.setReal(SegmentIndex.ES, es);
    segmentation.setReal(SegmentIndex.DS, ds);
    let end = machine.run(10000);
    for (let i = 0; i < 200 && end === RunEnd.Budget; i++) end = machine.run(10000);
    assert.equal(end, RunEnd.Dead);
    assert.equal(state.eip, CODE + code.length + 2);
    return {
      eax: state.reg(Register.EAX),
      ebx: state.reg(Register.EBX),
      ecx: state.reg(Register.ECX),
      edx: state.reg(Register.EDX),
      esi: state.reg(Register.ESI),
      edi: state.reg(Register.EDI),
      ebp: state.reg(Register.EBP),
      es: state.selector(SegmentIndex.ES),
      carry: (state.eflags & FLAG_CF) !== 0,
      zero: (state.eflags & FLAG_ZF) !== 0,
    };
  };
  /** Executes one INT instruction. */
  const int = (vector: number, registers: Registers = {}, flags = 0): Result =>
    execute([0xcd, vector], registers, flags);
  const screenRow = (row: number, page = 0): string => {
    let text = '';
    for (let column = 0; column < 80; column++)
      text += String.fromCharCode(read(0xb8000 + page * 4096 + (row * 80 + column) * 2));
    return text.trimEnd();
  };

  beforeEach(() => {
    store = testDisk();
    make(numberDisks([store, undefined, testDisk(10)]));
    bios.initialize();
  });

  describe('power on', () => {
    it('boots the first disk with a boot sector from the reset vector', () => {
      // mov ax, 0E41h; int 10h; cli; hlt
      const sector = new Uint8Array(512);
      sector.set([0xb8, 0x41, 0x0e, 0xcd, 0x10, 0xfa, 0xf4]);
      sector.set([0x55, 0xaa], 510);
      make([biosDisk(0, new MemoryBlockStore(new Uint8Array(512))), biosDisk(0x80, new MemoryBlockStore(sector))]);
      assert.equal(machine.run(1000), RunEnd.Dead);
      assert.equal(printed, 'A');
      assert.equal(machine.cpu.state.eip, 0x7c07);
      assert.equal(machine.cpu.state.reg(Register.EDX) & 0xff, 0x80);
    });

    it('says so and halts where nothing can be booted', () => {
      make([]);
      assert.equal(machine.run(1000), RunEnd.Dead);
      assert.match(printed, /^No bootable disk: no drive starts with a sector that ends in 55 AA\.\r\n$/);
    });

    it('leaves the data area of a PC', () => {
      assert.equal(read(0x400, 2), 0x3f8);
      assert.equal(read(0x406, 2), 0x2e8);
      assert.equal(read(0x40e, 2), 0x9fc0);
      assert.equal(read(0x413, 2), 639);
      assert.equal(read(0x449), 3);
      assert.equal(read(0x44a, 2), 80);
      assert.equal(read(0x463, 2), 0x3d4);
      assert.equal(read(0x475), 2);
      assert.equal(read(0x46c, 4), Math.floor((45296 * 1193182) / 65536));
      assert.equal(read(0xffffe), 0xfc);
      assert.equal(read(0xffff0), 0xea);
    });

    it('has a handler in the ROM for every interrupt', () => {
      for (let vector = 0; vector < 256; vector++) assert.equal(read(vector * 4 + 2, 2), 0xf000);
      assert.equal(int(0x60, { eax: 0x1234 }).eax, 0x1234);
    });

    it('lets serial ports send whole bytes', () => {
      machine.pc.bus.deviceAt(0x3f8)?.writePort(0x3f8, 1, 0xe9);
      assert.deepEqual(sent, [0xe9]);
    });
  });

  describe('INT 08h', () => {
    it('counts 18.2 ticks a second, calls INT 1Ch and ends the interrupt', () => {
      // INT 1Ch: inc word [cs:0500h]; iret
      machine.memory.poke(0x2000, Uint8Array.from([0x2e, 0xff, 0x06, 0x00, 0x05, 0xcf]));
      write(0x1c * 4, 4, 0x2000);
      write(0x500, 2, 0);
      const before = read(0x46c, 4);
      const start = machine.clock.now;
      // sti; l: hlt; cmp word [0500h], 20; jb l
      execute([0xfb, 0xf4, 0x83, 0x3e, 0x00, 0x05, 20, 0x72, 0xf8]);
      assert.equal(read(0x500, 2), 20);
      assert.equal(read(0x46c, 4) - before, 20);
      const seconds = (machine.clock.now - start) / 1e9;
      assert.ok(Math.abs(seconds - (20 * 65536) / 1193182) < 0.06, `${seconds} s`);
    });

    it('starts the day again and remembers midnight', () => {
      write(0x46c, 4, 0x1800af);
      execute([0xfb, 0xf4]);
      assert.equal(read(0x46c, 4), 0);
      assert.equal(int(0x1a, { eax: 0 }).eax & 0xff, 1);
      assert.equal(int(0x1a, { eax: 0 }).eax & 0xff, 0);
    });
  });

  describe('INT 10h', () => {
    const print = (text: string): void => {
      for (const character of text) int(0x10, { eax: 0x0e00 | character.charCodeAt(0) });
    };

    it('writes like a teletype to screen and console', () => {
      print('Hello\r\nWorld\b!');
      assert.equal(printed, 'Hello\r\nWorld\b!');
      assert.deepEqual([screenRow(0), screenRow(1)], ['Hello', 'Worl!']);
      assert.equal(read(0xb8001), 7);
      const cursor = int(0x10, { eax: 0x0300 });
      assert.equal(cursor.edx & 0xffff, 0x0105);
      assert.equal(cursor.ecx & 0xffff, 0x0607);
    });

    it('wraps at the end of a line and scrolls at the end of the screen', () => {
      int(0x10, { eax: 0x0200, edx: 0x184e });
      print('abc');
      assert.equal(screenRow(23).slice(78), 'ab');
      assert.equal(screenRow(24), 'c');
      print('\n');
      assert.equal(screenRow(23), 'c');
      assert.equal(screenRow(24), '');
      assert.equal(int(0x10, { eax: 0x0300 }).edx & 0xffff, 0x1801);
    });

    it('writes and reads characters with attributes', () => {
      int(0x10, { eax: 0x0200, edx: 0x0205 });
      int(0x10, { eax: 0x0958, ebx: 0x1e, ecx: 3 });
      assert.equal(int(0x10, { eax: 0x0800 }).eax & 0xffff, 0x1e58);
      int(0x10, { eax: 0x0a59, ebx: 0x70, ecx: 1 });
      assert.equal(int(0x10, { eax: 0x0800 }).eax & 0xffff, 0x1e59);
      assert.equal(screenRow(2), '     YXX');
      assert.equal(int(0x10, { eax: 0x0300 }).edx & 0xffff, 0x0205, 'the cursor stays');
      assert.equal(printed, '');
    });

    it('scrolls windows up and down and clears them', () => {
      for (const row of [5, 6, 7]) {
        int(0x10, { eax: 0x0200, edx: (row << 8) | 10 });
        print(`<${row}>`);
      }
      int(0x10, { eax: 0x0601, ebx: 0x4f00, ecx: 0x050a, edx: 0x070b });
      assert.deepEqual([screenRow(5), screenRow(6), screenRow(7)], ['          <6>', '          <7>', '            >']);
      assert.equal(read(0xb8000 + (7 * 80 + 10) * 2 + 1), 0x4f);
      int(0x10, { eax: 0x0701, ebx: 0x0700, ecx: 0x050a, edx: 0x070b });
      assert.deepEqual([screenRow(5), screenRow(6), screenRow(7)], ['            >', '          <6>', '          <7>']);
      int(0x10, { eax: 0x0600, ebx: 0x0700, ecx: 0, edx: 0x184f });
      assert.equal([...Array(25).keys()].map((row) => screenRow(row)).join(''), '');
    });

    it('writes strings with and without attributes', () => {
      machine.memory.poke(BUFFER, new TextEncoder().encode('Text'));
      int(0x10, { eax: 0x1301, ebx: 0x2f, ecx: 4, edx: 0x0300, es: BUFFER >> 4 });
      assert.equal(screenRow(3), 'Text');
      assert.equal(read(0xb8000 + 3 * 160 + 1), 0x2f);
      assert.equal(int(0x10, { eax: 0x0300 }).edx & 0xffff, 0x0304);
      machine.memory.poke(BUFFER, Uint8Array.from([0x41, 0x12, 0x42, 0x34]));
      int(0x10, { eax: 0x1302, ecx: 2, edx: 0x0400, es: BUFFER >> 4 });
      assert.equal(read(0xb8000 + 4 * 160, 4), 0x34421241);
      assert.equal(int(0x10, { eax: 0x0300 }).edx & 0xffff, 0x0304, 'the cursor goes back');
    });

    it('sets text modes, clears or keeps the screen, and tells the mode', () => {
      print('x');
      int(0x10, { eax: 0x0083 });
      assert.equal(screenRow(0), 'x');
      int(0x10, { eax: 0x0003 });
      assert.equal(screenRow(0), '');
      int(0x10, { eax: 0x0013 });
      const mode = int(0x10, { eax: 0x0f00, ebx: 0xffff });
      assert.equal(mode.eax & 0xffff, 0x5003, 'there are no graphics');
      assert.equal(mode.ebx & 0xff00, 0);
    });

    it('has pages', () => {
      int(0x10, { eax: 0x0501 });
      print('page one');
      assert.deepEqual([screenRow(0, 0), screenRow(0, 1)], ['', 'page one']);
      assert.equal(read(0x44e, 2), 0x1000);
      assert.equal(int(0x10, { eax: 0x0f00 }).ebx >> 8, 1);
    });

    it('says that it is a VGA', () => {
      const combination = int(0x10, { eax: 0x1a00 });
      assert.deepEqual([combination.eax & 0xff, combination.ebx & 0xffff], [0x1a, 0x0008]);
      assert.equal(int(0x10, { eax: 0x1200, ebx: 0x10 }).ebx & 0xffff, 0x0003);
    });
  });

  describe('IRQ 13', () => {
    it('hands floating-point errors on as INT 2', () => {
      const [count, control] = [0x3000, 0x3002];
      // inc word [count]; iret
      machine.memory.poke(0x2000, Uint8Array.of(0xff, 0x06, count & 0xff, count >> 8, 0xcf));
      write(2 * 4, 4, 0x2000);
      write(control, 2, 0x037b);
      // in al, 21h; and al, 0FBh; out 21h, al; in al, 0A1h; and al, 0DFh; out 0A1h, al
      const open = [0xe4, 0x21, 0x24, 0xfb, 0xe6, 0x21, 0xe4, 0xa1, 0x24, 0xdf, 0xe6, 0xa1];
      // sti; fninit; fldcw [control]; fld1; fldz; fdivp; wait; fnstsw ax; cli
      const code = [0xfb, 0xdb, 0xe3, 0xd9, 0x2e, control & 0xff, control >> 8, 0xd9, 0xe8, 0xd9, 0xee, 0xde, 0xf9];
      const result = execute([...open, ...code, 0x9b, 0xdf, 0xe0]);
      assert.equal(read(count, 2), 1);
      assert.equal(result.eax & 0x80ff, 0x8084, 'the program goes on although the error is still there');
    });
  });

  describe('INT 11h, 12h, 17h', () => {
    it('tell equipment, memory and that there is no printer', () => {
      assert.equal(int(0x11).eax & 0xffff, 0x0822);
      assert.equal(int(0x12).eax & 0xffff, 639);
      assert.equal(int(0x17, { eax: 0x0200 }).eax >> 8, 1);
    });
  });

  describe('INT 13h', () => {
    const es = BUFFER >> 4;

    it('reads by cylinder, head and sector', () => {
      const result = int(0x13, { eax: 0x0202, ecx: 0x0003, edx: 0x0180, es });
      assert.equal(result.carry, false);
      assert.equal(result.eax & 0xffff, 0x0002);
      assert.equal(read(BUFFER), (63 + 2) & 0xff);
      assert.equal(read(BUFFER + 512), (63 + 3) & 0xff);
      assert.equal(read(BUFFER + 1024), 0);
    });

    it('writes and verifies', () => {
      machine.memory.poke(BUFFER, new Uint8Array(512).fill(0xab));
      assert.equal(int(0x13, { eax: 0x0301, ecx: 0x0002, edx: 0x0080, es }).carry, false);
      assert.equal(store.read(1)[511], 0xab);
      assert.equal(store.read(2)[0], 2);
      assert.equal(int(0x13, { eax: 0x0401, ecx: 0x0002, edx: 0x0080, es }).carry, false);
    });

    it('refuses addresses that do not exist, and says so again', () => {
      for (const [ecx, edx] of [
        [0x0000, 0x0080],
        [0x0001, 0x1080],
        [0xff01, 0x0080],
      ]) {
        const result = int(0x13, { eax: 0x0201, ecx, edx, es });
        assert.equal(result.carry, true);
        assert.equal(result.eax & 0xffff, 0x0400);
        assert.equal(int(0x13, { eax: 0x0100, edx: 0x80 }).eax >> 8, 4);
      }
      assert.equal(int(0x13, { eax: 0x0000, edx: 0x80 }).carry, false);
      assert.equal(int(0x13, { eax: 0x0100, edx: 0x80 }).carry, false);
    });

    it('reads what exists of a range and tells how much', () => {
      const small = int(0x13, { eax: 0x0204, ecx: 0x0009, edx: 0x0081, es });
      assert.equal(small.carry, true);
      assert.equal(small.eax & 0xffff, 0x0402);
    });

    it('refuses drives and functions that are not there', () => {
      for (const [eax, edx] of [
        [0x0201, 0x82],
        [0x0201, 0x00],
        [0x9900, 0x80],
        [0x0200, 0x80],
      ]) {
        const result = int(0x13, { eax, ecx: 1, edx, es });
        assert.equal(result.carry, true);
        assert.equal((result.eax >> 8) & 0xff, 1);
      }
    });

    it('tells the geometry', () => {
      const disk = int(0x13, { eax: 0x0800, edx: 0x80 });
      assert.deepEqual([disk.ecx & 0xffff, disk.edx & 0xffff, disk.carry], [0x003f, 0x0f02, false]);
      const type = int(0x13, { eax: 0x1500, edx: 0x80 });
      assert.deepEqual([type.eax >> 8, type.ecx & 0xffff, type.edx & 0xffff], [3, 0, 1000]);
      assert.equal(int(0x13, { eax: 0x15ff, edx: 0x00 }).eax >> 8, 0);
    });

    it('translates big disks to at most 1024 cylinders', () => {
      const big = { sectors: 4_000_000, read: () => new Uint8Array(512), write: () => undefined };
      assert.deepEqual(biosDisk(0x80, big).geometry, { cylinders: 992, heads: 64, sectors: 63 });
      assert.deepEqual(biosDisk(0x80, { ...big, sectors: 100_000_000 }).geometry, {
        cylinders: 1024,
        heads: 255,
        sectors: 63,
      });
    });

    it('knows floppies by their size', () => {
      assert.deepEqual([1474560, 368640, 512, 1474560 + 512].map(isFloppySize), [true, true, false, false]);
      make([biosDisk(0, new MemoryBlockStore(new Uint8Array(1474560)))]);
      bios.initialize();
      const floppy = int(0x13, { eax: 0x0800, edx: 0 });
      assert.deepEqual([floppy.ecx & 0xffff, floppy.edx & 0xffff, floppy.ebx & 0xff], [0x4f12, 0x0101, 4]);
      assert.equal(read((floppy.es << 4) + (floppy.edi & 0xffff) + 4), 18, 'sectors per track of the parameter table');
      assert.equal(int(0x11).eax & 1, 1);
      assert.equal(int(0x13, { eax: 0x4100, ebx: 0x55aa, edx: 0 }).carry, true, 'no extensions for floppies');
    });

    describe('extensions', () => {
      const packet = (sector: number, count: number, size = 16): void => {
        write(0x3000, 4, (count << 16) | size);
        write(0x3004, 4, (BUFFER >> 4) << 16);
        write(0x3008, 4, sector);
        write(0x300c, 4, 0);
      };

      it('are there', () => {
        const result = int(0x13, { eax: 0x4100, ebx: 0x55aa, edx: 0x80 });
        assert.deepEqual([result.carry, result.ebx & 0xffff, result.ecx & 1], [false, 0xaa55, 1]);
      });

      it('read and write by linear address', () => {
        packet(300, 3);
        assert.equal(int(0x13, { eax: 0x4200, edx: 0x80, esi: 0x3000 }).carry, false);
        assert.deepEqual([read(BUFFER), read(BUFFER + 1535), read(BUFFER + 1536)], [300 & 0xff, 302 & 0xff, 0]);
        machine.memory.poke(BUFFER, new Uint8Array(512).fill(0xcd));
        packet(301, 1);
        assert.equal(int(0x13, { eax: 0x4300, edx: 0x80, esi: 0x3000 }).carry, false);
        assert.equal(store.read(301)[5], 0xcd);
        assert.equal(int(0x13, { eax: 0x4400, edx: 0x80, esi: 0x3000 }).carry, false);
      });

      it('fail beyond the end and tell how much was moved', () => {
        packet(998, 5);
        const result = int(0x13, { eax: 0x4200, edx: 0x80, esi: 0x3000 });
        assert.deepEqual([result.carry, result.eax >> 8], [true, 4]);
        assert.equal(read(0x3002, 2), 2);
        packet(0, 1, 8);
        assert.equal(int(0x13, { eax: 0x4200, edx: 0x80, esi: 0x3000 }).carry, true);
        packet(0, 128);
        assert.equal(int(0x13, { eax: 0x4200, edx: 0x80, esi: 0x3000 }).carry, true);
      });

      it('tell size and geometry', () => {
        write(0x3000, 2, 0x1a);
        assert.equal(int(0x13, { eax: 0x4800, edx: 0x80, esi: 0x3000 }).carry, false);
        assert.deepEqual([read(0x3000, 2), read(0x3008, 4), read(0x300c, 4)], [0x1a, 16, 63]);
        assert.deepEqual([read(0x3010, 4), read(0x3014, 4), read(0x3018, 2)], [1000, 0, 512]);
      });
    });
  });

  describe('INT 14h', () => {
    it('sets up a port, sends, receives, and times out', () => {
      const status = int(0x14, { eax: 0x00e3, edx: 0 });
      assert.equal(status.eax & 0xffff, 0x60b0);
      assert.equal((int(0x14, { eax: 0x0141, edx: 0 }).eax >> 8) & 0x80, 0);
      assert.deepEqual(sent, [0x41]);
      const before = machine.clock.now;
      assert.equal((int(0x14, { eax: 0x0200, edx: 0 }).eax >> 8) & 0x80, 0x80);
      assert.ok(machine.clock.now - before >= 1e9, 'a second');
      machine.pc.serial.com1.receive([0x5a]);
      assert.equal(int(0x14, { eax: 0x0200, edx: 0 }, FLAG_IF).eax & 0x80ff, 0x005a);
      assert.equal((int(0x14, { eax: 0x0300, edx: 7 }).eax >> 8) & 0xff, 0x80);
    });
  });

  describe('INT 15h', () => {
    it('tells the memory in every way', () => {
      assert.equal(int(0x15, { eax: 0x8800 }).eax & 0xffff, 31 * 1024);
      const sizes = int(0x15, { eax: 0xe801 });
      assert.deepEqual(
        [sizes.eax & 0xffff, sizes.ebx & 0xffff, sizes.ecx & 0xffff, sizes.edx & 0xffff],
        [0x3c00, 256, 0x3c00, 256],
      );
      const map: string[] = [];
      let ebx = 0;
      do {
        const entry = int(0x15, { eax: 0xe820, ebx, ecx: 24, edx: 0x534d4150, es: BUFFER >> 4 });
        assert.deepEqual([entry.carry, entry.eax, entry.ecx], [false, 0x534d4150, 20]);
        map.push(`${read(BUFFER, 4).toString(16)}+${read(BUFFER + 8, 4).toString(16)} ${read(BUFFER + 16, 4)}`);
        ebx = entry.ebx;
      } while (ebx);
      assert.deepEqual(map, ['0+9fc00 1', '9fc00+400 2', 'f0000+10000 2', '100000+1f00000 1']);
      assert.equal(int(0x15, { eax: 0xe820, ecx: 24, edx: 0, es: BUFFER >> 4 }).carry, true);
      assert.equal(int(0x15, { eax: 0xe820, ebx: 9, ecx: 24, edx: 0x534d4150 }).carry, true);
    });

    it('opens and shuts the A20 gate', () => {
      assert.equal(int(0x15, { eax: 0x2402 }).eax & 0xffff, 1);
      int(0x15, { eax: 0x2400 });
      assert.equal(machine.pc.a20.enabled, false);
      assert.equal(int(0x15, { eax: 0x2402 }).eax & 0xffff, 0);
      int(0x15, { eax: 0x2401 });
      assert.equal(machine.pc.a20.enabled, true);
      assert.equal(int(0x15, { eax: 0x2403 }).ebx & 0xffff, 3);
    });

    it('waits for the time given while interrupts go on', () => {
      const ticks = read(0x46c, 4);
      const before = machine.clock.now;
      // 300000 µs
      const result = int(0x15, { eax: 0x8600, ecx: 4, edx: 300000 - 4 * 65536 }, FLAG_IF);
      const passed = machine.clock.now - before;
      assert.equal(result.carry, false);
      assert.ok(passed >= 300000 * MICROSECOND && passed < 300200 * MICROSECOND, `${passed}`);
      const counted = read(0x46c, 4) - ticks;
      assert.ok(counted === 5 || counted === 6, `${counted} ticks`);
      assert.deepEqual([result.ecx, result.edx], [4, 300000 - 4 * 65536]);
    });

    it('moves blocks beyond the first megabyte', () => {
      machine.memory.poke(BUFFER, Uint8Array.from([1, 2, 3, 4, 5, 6]));
      const descriptor = (at: number, base: number): void => {
        write(at, 4, 0xffff | ((base & 0xffff) << 16));
        write(at + 4, 4, ((base >>> 16) & 0xff) | 0x9300 | (base & 0xff000000));
      };
      descriptor(0x3010, BUFFER);
      descriptor(0x3018, 0x1200000);
      const result = int(0x15, { eax: 0x8700, ecx: 2, esi: 0x3000 });
      assert.deepEqual([result.carry, result.eax >> 8], [false, 0]);
      assert.equal(read(0x1200000, 4), 0x04030201);
      assert.equal(read(0x1200004), 0);
    });

    it('points at the configuration table and the extended data area', () => {
      const table = int(0x15, { eax: 0xc000 });
      assert.equal(read((table.es << 4) + (table.ebx & 0xffff), 2), 8);
      assert.equal(read((table.es << 4) + (table.ebx & 0xffff) + 2), 0xfc);
      assert.equal(int(0x15, { eax: 0xc100 }).es, 0x9fc0);
    });

    it('refuses what it does not have', () => {
      for (const eax of [0x5300, 0x2499, 0xe899, 0x0000]) {
        const result = int(0x15, { eax });
        assert.deepEqual([result.carry, (result.eax >> 8) & 0xff], [true, 0x86], eax.toString(16));
      }
    });
  });

  describe('INT 16h', () => {
    it('gives keys in order, with scan codes', () => {
      for (const character of 'aA1') bios.type(character.charCodeAt(0));
      assert.equal(int(0x16, { eax: 0x0000 }).eax & 0xffff, 0x1e61);
      assert.equal(int(0x16, { eax: 0x1000 }).eax & 0xffff, 0x1e41);
      assert.equal(int(0x16, { eax: 0x0000 }).eax & 0xffff, 0x0231);
    });

    it('looks without taking', () => {
      assert.equal(int(0x16, { eax: 0x0100 }).zero, true);
      bios.type(0x0a);
      const peek = int(0x16, { eax: 0x1100 }, FLAG_ZF);
      assert.deepEqual([peek.zero, peek.eax & 0xffff], [false, 0x1c0d]);
      assert.equal(int(0x16, { eax: 0x0100 }).zero, false);
    });

    it('sleeps until there is a key, with interrupts on', () => {
      machine.memory.poke(CODE, Uint8Array.from([0xcd, 0x16, 0xfa, 0xf4]));
      setRealMode(target(), 0, CODE, 0x7c00);
      const ticks = read(0x46c, 4);
      for (let i = 0; i < 5; i++) machine.run(1000);
      assert.ok(read(0x46c, 4) > ticks);
      assert.ok(machine.clock.now > machine.clock.instructions * 10, 'the time was slept, not spun');
      bios.type(0x78);
      assert.equal(machine.run(1000), RunEnd.Dead);
      assert.equal(machine.cpu.state.reg(Register.EAX) & 0xffff, 0x2d78);
      assert.equal(machine.cpu.state.eflags & FLAG_IF, 0);
    });

    it('holds 15 keys', () => {
      for (let i = 0; i < 15; i++) assert.equal(bios.type(0x61), true);
      assert.equal(bios.type(0x61), false);
      assert.equal(int(0x16, { eax: 0x0500, ecx: 0x1234 }).eax & 0xff, 1);
      int(0x16, { eax: 0 });
      assert.equal(int(0x16, { eax: 0x0500, ecx: 0x1234 }).eax & 0xff, 0);
      for (let i = 0; i < 14; i++) assert.equal(int(0x16, { eax: 0 }).eax & 0xff, 0x61);
      assert.equal(int(0x16, { eax: 0 }).eax & 0xffff, 0x1234);
      assert.equal(int(0x16, { eax: 0x0200 }).eax & 0xff, 0);
    });

    it('knows the keys of a US keyboard', () => {
      const keys = [' ', '\r', '\b', '\t', '\x1b', '\x03', '?', '~', '|', '-'].map(
        (key) => keyOf(key.charCodeAt(0)) >> 8,
      );
      assert.deepEqual(keys, [0x39, 0x1c, 0x0e, 0x0f, 0x01, 0x2e, 0x35, 0x29, 0x2b, 0x0c]);
    });
  });

  describe('INT 1Ah', () => {
    it('tells and sets ticks', () => {
      int(0x1a, { eax: 0x0100, ecx: 0x12, edx: 0x3456 });
      const ticks = int(0x1a, { eax: 0 });
      assert.deepEqual([ticks.ecx & 0xffff, ticks.edx & 0xffff], [0x12, 0x3456]);
    });

    it('tells time and date in BCD, and sets them', () => {
      const time = int(0x1a, { eax: 0x0200 });
      assert.deepEqual([time.ecx & 0xffff, (time.edx >> 8) & 0xff, time.carry], [0x1234, 0x56, false]);
      const date = int(0x1a, { eax: 0x0400 });
      assert.deepEqual([date.ecx & 0xffff, date.edx & 0xffff], [0x2007, 0x0822]);
      int(0x1a, { eax: 0x0300, ecx: 0x2359, edx: 0x1000 });
      int(0x1a, { eax: 0x0500, ecx: 0x1999, edx: 0x1231 });
      assert.deepEqual(machine.pc.rtc.time, {
        second: 10,
        minute: 59,
        hour: 23,
        weekday: 4,
        day: 31,
        month: 12,
        year: 1999,
      });
    });

    it('has no PCI', () => {
      assert.equal(int(0x1a, { eax: 0xb101 }).carry, true);
    });
  });

  describe('interrupt lines that nobody claims', () => {
    it('are ended: each can come again', () => {
      // sti; nop; nop. Lines 10 and 11 are PCI's: level sensitive, they come again as long as they are held.
      for (const line of [3, 4, 5, 8, 9, 12, 14, 15]) {
        machine.pc.bus.deviceAt(0x21)?.writePort(0x21, 1, 0);
        machine.pc.bus.deviceAt(0xa1)?.writePort(0xa1, 1, 0);
        for (let i = 0; i < 2; i++) {
          machine.pc.pic.setIrq(line, false);
          machine.pc.pic.setIrq(line, true);
          assert.equal(machine.pc.pic.pending, true, `line ${line}`);
          execute([0xfb, 0x90, 0x90]);
        }
        machine.pc.pic.setIrq(line, false);
      }
    });
  });

  it('saves a wait under way and goes on after loading', () => {
    machine.memory.poke(CODE, Uint8Array.from([0xcd, 0x15, 0xfa, 0xf4]));
    setRealMode(target(), 0, CODE, 0x7c00);
    machine.cpu.state.setReg(Register.EAX, 0x8600);
    machine.cpu.state.setReg(Register.ECX, 1);
    machine.run(50);
    const saved = bios.save();
    assert.ok((saved.deadline as number) > machine.clock.now);
    const end = saved.deadline as number;
    bios.load({ version: 1, deadline: undefined });
    bios.load(saved);
    while (machine.run(10000) === RunEnd.Budget);
    assert.ok(machine.clock.now >= end && machine.clock.now < end + 200 * MICROSECOND);
  });
});
