import { ElfBinding, type ElfFile, ElfSymbolType, SectionFlags, SHN_ABS, SHN_UNDEF } from '../machine/loaders/elf';
import type { ProgramSymbol } from './symbol-index';

const KINDS: Readonly<Partial<Record<ElfSymbolType, ProgramSymbol['kind']>>> = {
  [ElfSymbolType.None]: 'label',
  [ElfSymbolType.Object]: 'object',
  [ElfSymbolType.Function]: 'function',
};

/** The symbols of an ELF file that name an address or a constant. @throws ElfError if the table is damaged */
export function elfSymbols(elf: ElfFile): ProgramSymbol[] {
  const symbols: ProgramSymbol[] = [];
  for (const { name, value, size, type, binding, section } of elf.symbols()) {
    const known = KINDS[type];
    if (!known || name === '' || section === SHN_UNDEF) continue;
    const kind = section === SHN_ABS ? 'absolute' : known;
    const home = elf.sections[section];
    const limit = home ? home.address + home.size : Infinity;
    symbols.push({ name, address: value, size, kind, global: binding !== ElfBinding.Local, limit });
  }
  return symbols;
}

/**
 * A test for linked addresses: whether they are in executable sections (segments where there are no sections). Debug
 * information about functions that the linker dropped has addresses that are not.
 */
export function codeTest(elf: ElfFile): (address: number) => boolean {
  const wanted = SectionFlags.Allocated | SectionFlags.Executable;
  const sections = elf.sections
    .filter((section) => (section.flags & wanted) === wanted && section.size > 0)
    .map((section) => ({ start: section.address, end: section.address + section.size }));
  const segments = elf
    .loadableSegments()
    .map((segment) => ({ start: segment.virtualAddress, end: segment.virtualAddress + segment.memorySize }));
  const ranges = sections.length ? sections : segments;
  return (address) => ranges.some((range) => address >= range.start && address < range.end);
}

/** Up to `length` bytes of the image at a linked address; shorter at the end of what is in the file. */
export function readImage(elf: ElfFile, address: number, length: number): Uint8Array {
  for (const segment of elf.loadableSegments()) {
    const offset = address - segment.virtualAddress;
    if (offset < 0 || offset >= segment.fileSize) continue;
    const start = segment.offset + offset;
    return elf.bytes.subarray(start, start + Math.min(length, segment.fileSize - offset));
  }
  return new Uint8Array(0);
}
