import { Register } from '../layout';
import { HIGH_MEMORY_START, LOW_MEMORY_END } from '../memory/memory-map';
import { ByteWriter, cString } from './byte-writer';
import { FLAT_GDT, setFlatProtectedMode } from './cpu-setup';
import { type ElfFile, SectionFlags, SectionType } from './elf';
import { asLoadError, loadSegments, readExecutable } from './elf-image';
import { GuestMemory } from './guest-memory';
import type { Image, LoadTarget } from './load-target';
import { type MultibootAddresses, type MultibootHeader, readMultibootHeader } from './multiboot-header';

/** In EAX on entry: "loaded by a multiboot loader". */
const BOOT_MAGIC = 0x2badb002;

/** Bits of the flags in the information structure (Multiboot 0.6.96, section 3.3). */
enum Info {
  Memory = 1 << 0,
  BootDevice = 1 << 1,
  CommandLine = 1 << 2,
  Modules = 1 << 3,
  ElfSections = 1 << 5,
  MemoryMap = 1 << 6,
  LoaderName = 1 << 9,
  Framebuffer = 1 << 12,
}

/** Sizes in bytes; offsets of fields are those of the specification. */
const INFO_SIZE = 116;
const MODULE_SIZE = 16;
const MAP_ENTRY_SIZE = 24;
const SECTION_HEADER_SIZE = 40;

export interface MultibootOptions {
  readonly commandLine: string;
  /** Files handed to the guest, such as an initrd. */
  readonly modules: readonly Image[];
  /** BIOS number of the drive that holds the guest (0x80), if there is one. */
  readonly bootDrive?: number;
}

interface LoadedModule {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

/** The ELF section headers in the guest's memory. */
interface LoadedSections {
  readonly count: number;
  readonly address: number;
  readonly nameIndex: number;
}

/**
 * Loads a kernel as a Multiboot 0.6.96 boot loader does and puts the CPU at its entry point.
 * @returns physical address of the entry point
 * @throws LoadError
 */
export function loadMultiboot(target: LoadTarget, image: Image, options: MultibootOptions): number {
  const header = readMultibootHeader(image);
  const memory = new GuestMemory(target.memory, image.name);
  let entry: number;
  let sections: LoadedSections | undefined;
  if (header.addresses) {
    entry = loadByAddresses(image, header, header.addresses, memory);
  } else {
    const elf = readExecutable(image);
    entry = loadSegments(image, elf, memory);
    sections = loadSections(image, elf, memory);
  }
  const modules = options.modules.map((module) => loadModule(module, memory));
  const info = buildInfo(memory, target.memory.ramBytes, image, options, modules, sections);
  setFlatProtectedMode(target, info.gdt, entry);
  target.state.setReg(Register.EAX, BOOT_MAGIC);
  target.state.setReg(Register.EBX, info.address);
  return entry;
}

function loadByAddresses(
  image: Image,
  header: MultibootHeader,
  addresses: MultibootAddresses,
  memory: GuestMemory,
): number {
  const { load, loadEnd, bssEnd, entry } = addresses;
  const start = header.offset - (addresses.header - load);
  const bytes = image.bytes.subarray(start, loadEnd === 0 ? undefined : start + loadEnd - load);
  memory.load(load, bytes, Math.max(bytes.length, bssEnd - load), 'the image');
  return entry;
}

function loadModule(module: Image, memory: GuestMemory): LoadedModule {
  const { name, bytes } = module;
  const start = memory.findHigh(bytes.length, `module ${name}`);
  if (bytes.length) memory.load(start, bytes, bytes.length, `module ${name}`);
  return { start, end: start + bytes.length, name };
}

/**
 * Puts the section headers where the guest can read them, with the symbol and string tables; allocated sections are in
 * memory already. What else is in the file (debug information) stays out, with address 0.
 */
function loadSections(image: Image, elf: ElfFile, memory: GuestMemory): LoadedSections | undefined {
  const { sections } = elf;
  if (sections.length === 0) return undefined;
  const headers = new Uint8Array(sections.length * SECTION_HEADER_SIZE);
  const view = new DataView(headers.buffer);
  const table = new DataView(image.bytes.buffer, image.bytes.byteOffset).getUint32(32, true);
  headers.set(image.bytes.subarray(table, table + headers.length));
  const wanted = [SectionType.SymbolTable, SectionType.StringTable];
  for (const section of sections) {
    if (section.flags & SectionFlags.Allocated || !wanted.includes(section.type) || section.size === 0) continue;
    const what = `section ${section.name}`;
    const bytes = asLoadError(image, () => elf.sectionBytes(section));
    const address = memory.findHigh(bytes.length, what);
    memory.load(address, bytes, bytes.length, what);
    view.setUint32(section.index * SECTION_HEADER_SIZE + 12, address, true);
  }
  const address = memory.findHigh(headers.length, 'the section headers');
  memory.load(address, headers, headers.length, 'the section headers');
  const nameIndex = new DataView(image.bytes.buffer, image.bytes.byteOffset).getUint16(50, true);
  return { count: sections.length, address, nameIndex };
}

function buildInfo(
  memory: GuestMemory,
  ramBytes: number,
  image: Image,
  options: MultibootOptions,
  modules: readonly LoadedModule[],
  sections: LoadedSections | undefined,
): { address: number; gdt: number } {
  // As other loaders do, the first word is the kernel's name: guests that skip it lose no option.
  const commandLine = cString(`${image.name} ${options.commandLine}`.trimEnd());
  const loaderName = cString('Ringside');
  const names = modules.map((module) => cString(module.name));
  const strings = [commandLine, loaderName, ...names].reduce((sum, text) => sum + text.length + 8, 0);
  const tables = modules.length * MODULE_SIZE + memory.map.length * MAP_ENTRY_SIZE + FLAT_GDT.length;
  const size = INFO_SIZE + strings + tables + 64;
  const writer = new ByteWriter(memory.findLow(size, 'the multiboot information'), size);
  writer.reserve(INFO_SIZE);

  let flags = Info.Memory | Info.CommandLine | Info.MemoryMap | Info.LoaderName | Info.Framebuffer;
  writer.setU32(4, LOW_MEMORY_END >> 10);
  writer.setU32(8, Math.max(0, ramBytes - HIGH_MEMORY_START) >>> 10);
  if (options.bootDrive !== undefined) {
    flags |= Info.BootDevice;
    writer.setU32(12, ((options.bootDrive << 24) | 0xffffff) >>> 0);
  }
  writer.setU32(16, writer.append(commandLine));
  if (modules.length) {
    flags |= Info.Modules;
    writer.setU32(20, modules.length);
    writer.setU32(24, appendModules(writer, modules, names));
  }
  if (sections) {
    flags |= Info.ElfSections;
    writer.setU32(28, sections.count);
    writer.setU32(32, SECTION_HEADER_SIZE);
    writer.setU32(36, sections.address);
    writer.setU32(40, sections.nameIndex);
  }
  writer.setU32(44, memory.map.length * MAP_ENTRY_SIZE);
  writer.setU32(48, appendMemoryMap(writer, memory));
  writer.setU32(64, writer.append(loaderName));
  setTextFramebuffer(writer);
  const gdt = writer.append(FLAT_GDT);
  writer.setU32(0, flags);
  memory.load(writer.address, writer.bytes, size, 'the multiboot information');
  return { address: writer.address, gdt };
}

function appendModules(writer: ByteWriter, modules: readonly LoadedModule[], names: readonly Uint8Array[]): number {
  const at = writer.reserve(modules.length * MODULE_SIZE);
  modules.forEach(({ start, end }, i) => {
    writer.setU32(at + i * MODULE_SIZE, start);
    writer.setU32(at + i * MODULE_SIZE + 4, end);
    writer.setU32(at + i * MODULE_SIZE + 8, writer.append(names[i]));
  });
  return writer.address + at;
}

/** Each entry is preceded by its size, which does not count itself. */
function appendMemoryMap(writer: ByteWriter, memory: GuestMemory): number {
  const at = writer.reserve(memory.map.length * MAP_ENTRY_SIZE);
  memory.map.forEach(({ base, length, type }, i) => {
    const entry = at + i * MAP_ENTRY_SIZE;
    writer.setU32(entry, MAP_ENTRY_SIZE - 4);
    writer.setU64(entry + 4, base);
    writer.setU64(entry + 12, length);
    writer.setU32(entry + 20, type);
  });
  return writer.address + at;
}

/** The screen is in text mode, 80 by 25, whatever mode the kernel has asked for. */
function setTextFramebuffer(writer: ByteWriter): void {
  const egaText = 2;
  writer.setU64(88, 0xb8000);
  writer.setU32(96, 160);
  writer.setU32(100, 80);
  writer.setU32(104, 25);
  writer.setU16(108, 16 | (egaText << 8));
}
