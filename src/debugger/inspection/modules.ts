import { VMI_ROM_ADDRESS } from '../../hypervisor/abi/vmi/rom';
import { linuxLoadAddress } from '../../machine/loaders/bzimage';
import { readSetupHeader } from '../../machine/loaders/bzimage-header';
import { ElfError, ElfFile, isElf } from '../../machine/loaders/elf';
import { hasMultibootHeader, readMultibootHeader } from '../../machine/loaders/multiboot-header';
import type { ImageFormat } from '../../machine/loaders/detect';
import { PageKind, type PhysicalMemory } from '../../machine/memory/physical';
import type { ModuleRow } from './types';

/** The program that was loaded. */
export interface ProgramSource {
  /** As the client gave it. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly format: ImageFormat;
  /** Linear address of a flat binary; 0x100000 if left out. */
  readonly loadAddress?: number;
}

/** What modules are made of. */
export interface ModuleSources {
  readonly program?: ProgramSource;
  /** Further symbol files. */
  readonly symbolFiles: readonly string[];
  /** BIOS image, if one is mapped. */
  readonly bios?: string;
}

const PAGE = 0x1000;
/** ROMs are looked for where a PC has them: in the last MiB's hole, and below 4 GiB. */
const ROM_HOLE = { start: 0xa0000, end: 0x100000 };
const TOP = { start: 0xff000000, end: 2 ** 32 };
/** Segments nearer to each other than this are one module: a guest linked low and high becomes two. */
const SEGMENT_GAP = 0x100000;
const BOOT_SECTOR = { address: 0x7c00, size: 512 };
const FLAT_ADDRESS = 0x100000;

interface Extent {
  address: number;
  size: number;
}

function fileName(path: string): string {
  return path.replace(/^.*[\\/]/, '');
}

/** What an ELF file knows of its code, in words. */
function elfSymbols(elf: ElfFile): string | undefined {
  const has = (name: string): boolean =>
    elf.section(name) !== undefined || elf.section(name.replace('.', '.z')) !== undefined;
  if (has('.debug_info')) return 'DWARF lines and types';
  if (has('.debug_line')) return 'DWARF lines';
  return elf.section('.symtab') ? 'symbol table' : undefined;
}

function elfExtents(elf: ElfFile): Extent[] {
  const segments = elf.loadableSegments().sort((a, b) => a.virtualAddress - b.virtualAddress);
  const extents: Extent[] = [];
  for (const { virtualAddress: address, memorySize } of segments) {
    const last = extents.at(-1);
    const end = address + memorySize;
    if (last && address - (last.address + last.size) < SEGMENT_GAP) {
      last.size = Math.max(last.size, end - last.address);
    } else {
      extents.push({ address, size: memorySize });
    }
  }
  return extents;
}

function readElf(bytes: Uint8Array): ElfFile | undefined {
  try {
    return isElf(bytes) ? new ElfFile(bytes) : undefined;
  } catch (error) {
    // Symbols of a damaged file that was loaded by force are missing; what is wrong with it was said at launch.
    if (error instanceof ElfError) return undefined;
    throw error;
  }
}

/** Where a multiboot header with addresses of its own puts the file; it goes before ELF headers. */
function multibootExtents({ path, bytes }: ProgramSource): Extent[] {
  if (!hasMultibootHeader(bytes)) return [];
  const { offset, addresses } = readMultibootHeader({ name: path, bytes });
  if (!addresses) return [];
  const { header, load, loadEnd, bssEnd } = addresses;
  const end = bssEnd || loadEnd || load + bytes.length - (offset - (header - load));
  return [{ address: load, size: end - load }];
}

function programExtents(program: ProgramSource, elf: ElfFile | undefined): Extent[] {
  const { path, bytes, format, loadAddress = FLAT_ADDRESS } = program;
  if (format === 'boot') return [BOOT_SECTOR];
  if (format === 'bzimage') {
    // It has been loaded, so its header is sound.
    const header = readSetupHeader({ name: path, bytes });
    return [{ address: linuxLoadAddress(header), size: header.runRegion?.size ?? header.kernel.length }];
  }
  const multiboot = format === 'multiboot' ? multibootExtents(program) : [];
  if (multiboot.length > 0) return multiboot;
  const extents = elf && format !== 'flat' ? elfExtents(elf) : [];
  return extents.length > 0 ? extents : [{ address: loadAddress, size: bytes.length }];
}

function programModules({ program, symbolFiles }: ModuleSources): Omit<ModuleRow, 'id'>[] {
  if (!program) return [];
  const elf = readElf(program.bytes);
  const further = symbolFiles.length > 0 ? `symbols of ${symbolFiles.map(fileName).join(', ')}` : undefined;
  const symbols = [elf && elfSymbols(elf), further].filter((text) => text !== undefined).join('; ') || 'no symbols';
  const { path } = program;
  return programExtents(program, elf).map((extent) => ({ name: fileName(path), path, ...extent, symbols }));
}

function romExtents(memory: PhysicalMemory, { start, end }: { start: number; end: number }): Extent[] {
  const extents: Extent[] = [];
  for (let address = start; address < end; address += PAGE) {
    if (memory.kindOf(address) !== PageKind.Rom) continue;
    const last = extents.at(-1);
    if (last && last.address + last.size === address && address !== VMI_ROM_ADDRESS) last.size += PAGE;
    else extents.push({ address, size: PAGE });
  }
  return extents;
}

function romModules(memory: PhysicalMemory, bios: string | undefined): Omit<ModuleRow, 'id'>[] {
  return [...romExtents(memory, ROM_HOLE), ...romExtents(memory, TOP)].map(({ address, size }) => {
    const place = { address, size, symbols: 'no symbols' };
    if (address === VMI_ROM_ADDRESS) return { name: 'VMI ROM', ...place };
    const isBios = address + size === ROM_HOLE.end || address + size === TOP.end;
    if (!isBios) return { name: 'option ROM', ...place };
    return bios === undefined ? { name: 'BIOS (built-in)', ...place } : { name: fileName(bios), path: bios, ...place };
  });
}

/** What lies in guest memory: the program, as many rows as it has separate parts, then the ROMs. */
export function moduleRows(memory: PhysicalMemory, sources: ModuleSources): ModuleRow[] {
  const modules = [...programModules(sources), ...romModules(memory, sources.bios)];
  return modules.map((module, index) => ({ id: `${index + 1}`, ...module }));
}
