import assert from 'node:assert/strict';
import { ElfError, ElfFile, isElf, SectionType, SegmentType } from '../../src/machine/loaders/elf';
import { SymbolError } from '../../src/symbols/errors';
import { SymbolTable } from '../../src/symbols/symbol-table';
import { buildAssembly } from './toolchain';

describe('ELF files', function () {
  this.timeout(120_000);
  let bytes: Uint8Array;
  before(() => {
    bytes = buildAssembly().bytes;
  });

  /** The file with one field of the header changed. */
  function changed(offset: number, size: 1 | 2 | 4, value: number): Uint8Array {
    const copy = bytes.slice();
    const view = new DataView(copy.buffer);
    if (size === 1) view.setUint8(offset, value);
    else if (size === 2) view.setUint16(offset, value, true);
    else view.setUint32(offset, value, true);
    return copy;
  }

  function refuses(file: Uint8Array, message: RegExp): void {
    assert.throws(
      () => new ElfFile(file),
      (error: unknown) => {
        assert.ok(error instanceof ElfError);
        assert.match(error.message, message);
        return true;
      },
    );
  }

  it('give segments, sections and symbols', () => {
    const elf = new ElfFile(bytes);
    assert.ok(isElf(bytes));
    const start = elf.symbols().find((symbol) => symbol.name === '_start');
    assert.equal(start?.value, elf.entry);
    const code = elf.loadableSegments().find((segment) => (segment.flags & 1) !== 0);
    assert.ok(code && elf.entry >= code.virtualAddress && elf.entry < code.virtualAddress + code.memorySize);
    assert.equal(elf.segmentBytes(code).length, code.fileSize);
    // movl $imm32, %esp
    assert.equal(elf.segmentBytes(code)[elf.entry - code.virtualAddress], 0xbc);
    const bss = elf.section('.bss');
    assert.equal(bss?.type, SectionType.NoBits);
    assert.equal(bss.size, 64);
    assert.equal(elf.sectionBytes(bss).length, 0);
    const text = elf.section('.text');
    assert.ok(text);
    assert.equal(elf.sectionBytes(text)[elf.entry - text.address], 0xbc);
    assert.equal(elf.section('.nothing'), undefined);
  });

  it('of other kinds are refused with a message that says what they are', () => {
    refuses(new TextEncoder().encode('#!/bin/sh\n'), /not an ELF file/);
    refuses(bytes.slice(0, 40), /header takes 52 bytes and the file has 40/);
    const wide = changed(4, 1, 2);
    new DataView(wide.buffer).setUint16(18, 62, true);
    refuses(wide, /64-bit ELF file for 62 \(x86-64\).*-m32/);
    refuses(changed(4, 1, 7), /EI_CLASS is 7/);
    refuses(changed(5, 1, 2), /EI_DATA is 2/);
    refuses(changed(18, 2, 40), /e_machine is 40 \(ARM\)/);
    refuses(changed(20, 4, 0), /e_version is 0/);
  });

  it('with tables outside the file are refused with the place and the size of the file', () => {
    const size = bytes.length;
    refuses(
      changed(32, 4, size + 1),
      new RegExp(`section header table at 0x.*starts beyond the file \\(${size} bytes\\)`),
    );
    refuses(changed(28, 4, size - 8), /program header table of \d+ entries at 0x.*ends beyond the file/);
    refuses(changed(48, 2, 0xfe00), /section header table of 65024 entries/);
    refuses(changed(46, 2, 64), /e_shentsize is 64/);
    refuses(changed(42, 2, 56), /e_phentsize is 56/);
    refuses(changed(50, 2, 999), /e_shstrndx is 999 and there are \d+ sections/);
    refuses(bytes.slice(0, size - 1), /truncated/);
  });

  it('with contents outside the file are refused when those are read', () => {
    const headers = new DataView(bytes.buffer, bytes.byteOffset).getUint32(28, true);
    const count = new DataView(bytes.buffer, bytes.byteOffset).getUint16(44, true);
    const index = Array.from({ length: count }, (_, i) => i).find(
      (i) =>
        new DataView(bytes.buffer, bytes.byteOffset).getUint32(headers + i * 32, true) === Number(SegmentType.Load),
    );
    assert.ok(index !== undefined);
    const elf = new ElfFile(changed(headers + index * 32 + 4, 4, 0x7fffffff));
    assert.throws(() => elf.segmentBytes(elf.segments[index]), /segment \d+ at 0x7fffffff .*starts beyond the file/);
    refuses(changed(headers + index * 32 + 20, 4, 0), /p_memsz \(0\) is smaller than p_filesz/);
  });

  it('may have no sections at all', () => {
    const copy = changed(32, 4, 0);
    const elf = new ElfFile(copy);
    assert.deepEqual(elf.sections, []);
    assert.deepEqual(elf.symbols(), []);
    assert.ok(elf.loadableSegments().length > 0);
    const table = new SymbolTable();
    table.load('stripped.elf', copy);
    assert.equal(table.functionAt(elf.entry), undefined);
    assert.equal(table.lineAt(elf.entry), undefined);
    assert.deepEqual(table.warnings, []);
  });

  it('count sections in the first header where there are too many', () => {
    const elf = new ElfFile(bytes);
    const copy = changed(48, 2, 0);
    const view = new DataView(copy.buffer);
    const table = view.getUint32(32, true);
    view.setUint32(table + 20, elf.sections.length, true);
    view.setUint32(table + 24, view.getUint16(50, true), true);
    view.setUint16(50, 0xffff, true);
    assert.deepEqual(
      new ElfFile(copy).sections.slice(1).map((section) => section.name),
      elf.sections.slice(1).map((section) => section.name),
    );
  });

  it('that were not linked have no addresses', () => {
    assert.throws(
      () => new SymbolTable().load('a.o', changed(16, 2, 1)),
      (error) => error instanceof SymbolError && /a\.o is an object file/.test(error.message),
    );
  });
});
