import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { ElfType, SegmentType } from '../../src/machine/loaders/elf';
import { GUESTS, ROOT, buildGuests, readBuilt, readElf, readOutput } from './support';

const MULTIBOOT_MAGIC = 0x1badb002;
const MULTIBOOT_SEARCH = 8192;

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function includes(haystack: Uint8Array | undefined, text: string): boolean {
  return haystack !== undefined && Buffer.from(haystack).includes(text);
}

const MULTIBOOT = GUESTS.filter((guest) => guest !== 'hello-bootsector' && guest !== 'rom-tests');

describe('the built guests', function () {
  this.timeout(300_000);

  before(async () => {
    const { status, messages } = await buildGuests();
    assert.equal(status, 0, messages);
  });

  for (const name of GUESTS) {
    it(`${name} has symbols and DWARF that names its sources in this checkout`, () => {
      const elf = readElf(name);
      assert.equal(elf.type, ElfType.Executable);
      for (const section of ['.symtab', '.debug_info', '.debug_line']) assert.ok(elf.section(section), section);
      const start = elf.symbols().find((symbol) => symbol.name === '_start');
      assert.equal(start?.value, elf.entry);
      const strings = elf.sections.filter((section) => section.name.startsWith('.debug_'));
      assert.ok(
        strings.some((section) => includes(elf.sectionBytes(section), ROOT)),
        'no DWARF section has the path of the checkout',
      );
      assert.ok(strings.some((section) => includes(elf.sectionBytes(section), `guests/${name}/`)));
    });
  }

  for (const name of MULTIBOOT) {
    it(`${name} is a multiboot kernel at 1 MiB`, () => {
      const bytes = view(readOutput(`${name}.elf`));
      let header = -1;
      for (let at = 0; at + 12 <= MULTIBOOT_SEARCH && header < 0; at += 4) {
        if (bytes.getUint32(at, true) === MULTIBOOT_MAGIC) header = at;
      }
      assert.ok(header >= 0, 'no header in the first 8192 bytes');
      const flags = bytes.getUint32(header + 4, true);
      const checksum = bytes.getUint32(header + 8, true);
      assert.equal((MULTIBOOT_MAGIC + flags + checksum) >>> 0, 0);
      assert.equal(flags & ~3, 0, 'the flags want more than any loader gives');

      const loads = readElf(name).segments.filter((segment) => segment.type === SegmentType.Load);
      assert.equal(Math.min(...loads.map((segment) => segment.physicalAddress)), 0x100000);
      if (name === 'vmi-kernel') return;
      for (const segment of loads) assert.equal(segment.physicalAddress, segment.virtualAddress);
    });
  }

  it('vmi-kernel starts where it lies and runs 3 GiB above; its user programs are linked low', () => {
    const loads = readElf('vmi-kernel').segments.filter((segment) => segment.type === SegmentType.Load);
    const homes = loads.map(({ virtualAddress, physicalAddress }) => virtualAddress - physicalAddress);
    assert.equal(homes[0], 0);
    const user = loads.filter((segment) => segment.virtualAddress === 0x08048000);
    assert.equal(user.length, 1);
    assert.equal(homes.filter((distance) => distance === 0xc0000000).length, loads.length - 2);
  });

  it('hello-bootsector is 512 bytes with the signature, the same as its ELF file', () => {
    const sector = readOutput('hello-bootsector.bin');
    assert.equal(sector.length, 512);
    assert.deepEqual([...sector.subarray(510)], [0x55, 0xaa]);
    const elf = readElf('hello-bootsector');
    assert.equal(elf.entry, 0x7c00);
    const code = elf.section('.boot');
    assert.ok(code);
    assert.deepEqual([...elf.sectionBytes(code)], [...sector]);
  });

  it('rom-tests fills 64 KiB and starts with a far jump into its segment', () => {
    const rom = readOutput('rom-tests.bin');
    assert.equal(rom.length, 0x10000);
    assert.equal(rom[0xfff0], 0xea);
    assert.equal(view(rom).getUint16(0xfff3, true), 0xf000);
    assert.equal(readElf('rom-tests').entry, 0xffff0);
  });

  it('the disk of paravirt-io is the same whenever it is made', () => {
    const image = readOutput('paravirt-io.img');
    assert.equal(image.length, 1 << 20);
    assert.match(Buffer.from(image.subarray(0, 512)).toString('latin1'), /^Ringside paravirt-io disk\n/);
    assert.equal(
      createHash('sha256').update(image).digest('hex'),
      '1425c409ac2750277c8534b6e301be9b8f5ca458a934be741c7b0baf0da3c4d4',
    );
    assert.deepEqual(readBuilt('paravirt-io').drives, [{ file: 'paravirt-io.img', kind: 'disk' }]);
  });

  it('the operations of paravirt-io have the names by which a debugger knows them', () => {
    const names = new Set(
      readElf('paravirt-io')
        .symbols()
        .map((symbol) => symbol.name),
    );
    for (const world of ['native', 'vmi']) {
      for (const form of ['in', 'out', 'ins', 'outs']) {
        for (const width of ['b', 'w', 'l'])
          assert.ok(names.has(`${world}_${form}${width}`), `${world}_${form}${width}`);
      }
    }
    assert.ok(names.has('native_io_delay'));
  });
});
