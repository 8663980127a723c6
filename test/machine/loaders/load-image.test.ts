import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import { mapBios } from '../../../src/machine/loaders/bios-image';
import { detectFormat } from '../../../src/machine/loaders/detect';
import { LoadError } from '../../../src/machine/loaders/load-error';
import { loadImage, type LoadOptions } from '../../../src/machine/loaders/load-image';
import { buildElf, concat, multibootHeader } from '../support/elf-builder';
import { buildKernel } from '../support/kernel-builder';
import { makeLoadTarget } from '../support/load-target';

const CODE = Uint8Array.from([0xfa, 0xf4, 1, 2]);

function sized(length: number, parts: Record<number, Uint8Array | number[]>): Uint8Array {
  const bytes = new Uint8Array(length);
  for (const [offset, part] of Object.entries(parts)) bytes.set(part, Number(offset));
  return bytes;
}

const bootSector = sized(512, { 0: CODE, 510: [0x55, 0xaa] });
const elf = buildElf(0x100000, [{ virtualAddress: 0x100000, bytes: CODE }]);

describe('detectFormat', () => {
  const detect = (bytes: Uint8Array): string => detectFormat({ name: 'guest', bytes });
  const multiboot2 = sized(64, { 8: [0xd6, 0x50, 0x52, 0xe8, 0, 0, 0, 0, 0x18, 0, 0, 0, 0x12, 0xaf, 0xad, 0x17] });

  const cases: [string, Uint8Array, string][] = [
    ['a multiboot ELF', buildElf(0x100000, [{ virtualAddress: 0x100000, bytes: multibootHeader(0) }]), 'multiboot'],
    ['a flat multiboot image', concat(new Uint8Array(100), multibootHeader(0x10000)), 'multiboot'],
    ['a multiboot header with a wrong checksum', multibootHeader(0, [], 5), 'multiboot'],
    ['an ELF file', elf, 'elf'],
    ['a Linux kernel', buildKernel(), 'bzimage'],
    ['a boot sector', bootSector, 'boot'],
    ['a disk image', concat(bootSector, new Uint8Array(5000)), 'boot'],
    ['a disk image with a multiboot kernel', concat(bootSector, multibootHeader(0), new Uint8Array(500)), 'boot'],
    ['anything else', CODE, 'flat'],
    ['almost a boot sector', sized(511, { 509: [0x55, 0xaa] }), 'flat'],
  ];
  for (const [what, bytes, format] of cases)
    it(`takes ${what} for ${format}`, () => assert.equal(detect(bytes), format));

  const refused: [string, Uint8Array, RegExp][] = [
    ['an empty file', new Uint8Array(0), /^guest: the file is empty$/],
    ['Multiboot 2', multiboot2, /Multiboot 2 header only; Ringside boots Multiboot 1/],
    ['a CD image', sized(0x9000, { 0x8001: [...'CD001'].map((c) => c.charCodeAt(0)) }), /CD image/],
  ];
  for (const [what, bytes, message] of refused) {
    it(`refuses ${what} in words`, () => {
      assert.throws(
        () => detect(bytes),
        (error: unknown) => error instanceof LoadError && message.test(error.message),
      );
    });
  }
});

describe('loadImage', () => {
  let target = makeLoadTarget();
  const load = (bytes: Uint8Array, options: LoadOptions = {}) => loadImage(target, { name: 'guest', bytes }, options);
  const refuses = (bytes: Uint8Array, options: LoadOptions, message: RegExp): void => {
    assert.throws(
      () => load(bytes, options),
      (error: unknown) => error instanceof LoadError && message.test(error.message),
      String(message),
    );
  };

  beforeEach(() => {
    target = makeLoadTarget();
  });

  it('puts a flat binary at 1 MiB and enters its first byte in protected mode', () => {
    assert.deepEqual(load(CODE), { format: 'flat', entry: 0x100000 });
    assert.equal(target.state.eip, 0x100000);
    assert.equal(target.state.protectedMode, true);
    assert.equal(target.memory.read(0x100000, 4), 0x0201f4fa);
    assert.equal(target.state.reg(Register.EAX), 0);
  });

  it('puts a flat binary where it is told', () => {
    load(CODE, { loadAddress: 0x8000, entry: 0x8001 });
    assert.equal(target.state.eip, 0x8001);
    assert.equal(target.memory.read(0x8000, 1), 0xfa);
    refuses(CODE, { loadAddress: 0x8000, entry: 0x8004 }, /"entry" 0x8004 is outside of the image at 0x8000-0x8003/);
    refuses(CODE, { loadAddress: 0x400000 }, /the image wants 0x400000-0x400003.*raise "memoryMB"/);
    refuses(new Uint8Array(0), { format: 'flat' }, /the file is empty/);
  });

  it('takes any file for a flat binary if told', () => {
    assert.equal(load(elf, { format: 'flat' }).format, 'flat');
    assert.equal(target.memory.read(0x100000, 4), 0x464c457f);
  });

  it('loads an ELF file without a boot protocol', () => {
    assert.deepEqual(load(elf), { format: 'elf', entry: 0x100000 });
    assert.equal(target.state.reg(Register.EBX), 0);
    target = makeLoadTarget();
    assert.equal(load(elf, { entry: 0x100002 }).entry, 0x100002);
  });

  it('loads a boot sector at 0:7C00 in real mode', () => {
    assert.deepEqual(load(concat(bootSector, new Uint8Array(512).fill(0xee))), { format: 'boot', entry: 0x7c00 });
    const { state, memory } = target;
    assert.equal(state.protectedMode, false);
    assert.equal(state.eip, 0x7c00);
    assert.equal(state.selector(SegmentIndex.CS), 0);
    assert.equal(state.segmentBase(SegmentIndex.CS), 0);
    assert.equal(state.segmentLimit(SegmentIndex.SS), 0xffff);
    assert.equal(state.reg(Register.ESP), 0x7c00);
    assert.equal(state.reg(Register.EDX), 0x80);
    assert.equal(memory.read(0x7dfe, 2), 0xaa55);
    assert.equal(memory.read(0x7e00, 1), 0, 'only the first sector');
    load(bootSector, { bootDrive: 0 });
    assert.equal(state.reg(Register.EDX), 0);
  });

  it('refuses what is no boot sector', () => {
    refuses(CODE, { format: 'boot' }, /^guest: it has 4 bytes; a boot sector has 512$/);
    refuses(new Uint8Array(512), { format: 'boot' }, /does not end in 55 AA/);
  });

  it('refuses formats that the file does not have', () => {
    refuses(CODE, { format: 'elf' }, /not an ELF file/);
    refuses(CODE, { format: 'multiboot' }, /no multiboot header/);
  });

  it('refuses options that mean nothing to the format', () => {
    refuses(elf, { loadAddress: 0 }, /^guest: "loadAddress" means nothing to the format elf; it is for flat$/);
    refuses(bootSector, { entry: 0x7c00 }, /"entry" means nothing to the format boot; it is for flat, elf/);
    refuses(elf, { modules: [{ name: 'x', bytes: CODE }] }, /"initrd" means nothing/);
    refuses(bootSector, { commandLine: 'quiet' }, /"commandLine" means nothing/);
    refuses(buildKernel(), { entry: 0x100000 }, /"entry" means nothing to the format bzimage; it is for flat, elf/);
    refuses(buildKernel(), { loadAddress: 0x100000 }, /"loadAddress" means nothing to the format bzimage/);
    assert.equal(load(elf, { modules: [], commandLine: '' }).format, 'elf');
  });

  it('answers any bytes with an entry point or a LoadError', () => {
    const headers = [multibootHeader(0), multibootHeader(0x10000), elf, bootSector, buildKernel(), new Uint8Array(0)];
    fc.assert(
      fc.property(
        fc.constantFrom(...headers),
        fc.uint8Array({ maxLength: 600 }),
        fc.array(fc.tuple(fc.nat(800), fc.nat(255)), { maxLength: 8 }),
        fc.constantFrom<LoadOptions['format'][]>(undefined, 'multiboot', 'elf', 'bzimage', 'boot', 'flat'),
        (header, rest, changes, format) => {
          const bytes = concat(header, rest);
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          try {
            load(bytes, { format });
          } catch (error) {
            assert.ok(error instanceof LoadError, String(error));
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('mapBios', () => {
  const bios = (length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 0x1000) bytes[at] = at >> 12;
    bytes[length - 16] = 0xea;
    return bytes;
  };

  for (const kilobytes of [64, 128, 256]) {
    it(`lets ${kilobytes} KiB end at 1 MiB and at 4 GiB`, () => {
      const { memory } = makeLoadTarget();
      const length = kilobytes * 1024;
      mapBios(memory, { name: 'bios.bin', bytes: bios(length) });
      assert.equal(memory.read(0xffff0, 1), 0xea);
      assert.equal(memory.read(0xfffffff0, 1), 0xea);
      assert.equal(memory.read(2 ** 32 - length + 0x1000, 1), 1);
      const low = Math.min(length, 0x20000);
      assert.equal(memory.read(0x100000 - low, 1), (length - low) >> 12);
      memory.write(0xffff0, 1, 0);
      assert.equal(memory.read(0xffff0, 1), 0xea);
    });
  }

  it('refuses sizes that no BIOS has', () => {
    const { memory } = makeLoadTarget();
    for (const length of [0, 100, 65537, 17 << 20]) {
      assert.throws(
        () => mapBios(memory, { name: 'bios.bin', bytes: new Uint8Array(length) }),
        (error: unknown) => error instanceof LoadError && error.message.includes(`this file has ${length}`),
      );
    }
  });
});
