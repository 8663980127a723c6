/**
 * Reader of 32-bit little-endian i386 ELF files. Facts: "System V ABI", chapters 4 and 5 (gABI), and its Intel386
 * supplement. Everything is checked against the size of the file before it is used.
 */

/** A file that is not the ELF file it should be. The message names the field, its value and the limit. */
export class ElfError extends Error {
  override name = 'ElfError';
}

/** e_type. */
export enum ElfType {
  Relocatable = 1,
  Executable = 2,
  SharedObject = 3,
  Core = 4,
}

/** p_type of the segments that somebody here asks for. */
export enum SegmentType {
  Load = 1,
}

/** sh_type of the sections that somebody here asks for. */
export enum SectionType {
  Null = 0,
  SymbolTable = 2,
  StringTable = 3,
  NoBits = 8,
  DynamicSymbols = 11,
}

/** sh_flags. */
export enum SectionFlags {
  Allocated = 2,
  Executable = 4,
  Compressed = 0x800,
}

/** Low nibble of st_info. */
export enum ElfSymbolType {
  None = 0,
  Object = 1,
  Function = 2,
  Section = 3,
  File = 4,
}

/** High nibble of st_info; what is not local is global or weak, which makes no difference here. */
export enum ElfBinding {
  Local = 0,
}

/** st_shndx values with a meaning of their own. */
export const SHN_UNDEF = 0;
export const SHN_ABS = 0xfff1;
const SHN_XINDEX = 0xffff;
const PN_XNUM = 0xffff;

const HEADER_SIZE = 52;
const PROGRAM_HEADER_SIZE = 32;
const SECTION_HEADER_SIZE = 40;
const SYMBOL_SIZE = 16;

/** One program header. Sizes and offsets in bytes. */
export interface ElfSegment {
  index: number;
  type: SegmentType;
  /** Where its bytes are in the file. */
  offset: number;
  /** p_vaddr: linear address it is linked to run at. */
  virtualAddress: number;
  /** p_paddr: physical address to load it at. */
  physicalAddress: number;
  fileSize: number;
  /** Bytes in memory; those beyond `fileSize` are zero. Never less than `fileSize`. */
  memorySize: number;
  /** 1 execute, 2 write, 4 read. */
  flags: number;
  alignment: number;
}

/** One section header. Sizes and offsets in bytes. */
export interface ElfSection {
  index: number;
  name: string;
  type: SectionType;
  /** `SectionFlags` in any combination. */
  flags: number;
  address: number;
  offset: number;
  size: number;
  link: number;
  info: number;
  alignment: number;
  entrySize: number;
}

/** One entry of a symbol table. */
export interface ElfSymbol {
  name: string;
  value: number;
  size: number;
  type: ElfSymbolType;
  binding: ElfBinding;
  /** Index of the section it is defined in, `SHN_UNDEF`, `SHN_ABS`, or another reserved index. */
  section: number;
}

/** Whether a file starts with the ELF magic number (nothing else is checked). */
export function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/**
 * An ELF file whose header, program headers and section headers have been read and checked. The contents of segments,
 * sections and symbol tables are checked when they are asked for, so that a file without its last sections still loads.
 */
export class ElfFile {
  readonly type: ElfType;
  /** e_entry: linear address of the first instruction, 0 if there is none. */
  readonly entry: number;
  readonly segments: readonly ElfSegment[];
  readonly sections: readonly ElfSection[];
  private readonly view: DataView;

  /** @throws ElfError if the header or one of the two header tables is not right */
  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.checkIdentification();
    this.type = this.view.getUint16(16, true);
    this.entry = this.view.getUint32(24, true);
    const sectionTable = this.view.getUint32(32, true);
    // gABI: counts that do not fit in 16 bits are kept in section header 0.
    const first = sectionTable === 0 ? undefined : this.firstSection(sectionTable);
    this.segments = this.readSegments(first);
    this.sections = first ? this.readSections(sectionTable, first) : [];
  }

  /** The first section with this name. */
  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name);
  }

  /**
   * The bytes of a section, a view of the file and not a copy; empty for NOBITS.
   * @throws ElfError if they are not all in the file
   */
  sectionBytes(section: ElfSection): Uint8Array {
    if (section.type === SectionType.NoBits || section.type === SectionType.Null) return new Uint8Array(0);
    return this.slice(section.offset, section.size, `section ${quote(section.name, section.index)}`);
  }

  /**
   * The bytes of a segment that are in the file, a view and not a copy.
   * @throws ElfError if they are not all in the file
   */
  segmentBytes(segment: ElfSegment): Uint8Array {
    return this.slice(segment.offset, segment.fileSize, `segment ${segment.index}`);
  }

  /** Segments to be loaded into memory: PT_LOAD of a size other than zero. */
  loadableSegments(): ElfSegment[] {
    return this.segments.filter((segment) => segment.type === SegmentType.Load && segment.memorySize > 0);
  }

  /**
   * The entries of `.symtab`, or of `.dynsym` where there is no `.symtab`; the null entry is left out.
   * @throws ElfError if the table or its string table is damaged
   */
  symbols(): ElfSymbol[] {
    const table =
      this.sections.find((section) => section.type === SectionType.SymbolTable) ??
      this.sections.find((section) => section.type === SectionType.DynamicSymbols);
    if (!table) return [];
    const where = `symbol table ${quote(table.name, table.index)}`;
    if (table.entrySize !== SYMBOL_SIZE) {
      throw new ElfError(`${where} has entries of ${table.entrySize} bytes; ELF32 has ${SYMBOL_SIZE}`);
    }
    const bytes = this.sectionBytes(table);
    const strings = this.stringTable(table.link, where);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const symbols: ElfSymbol[] = [];
    for (let at = SYMBOL_SIZE; at + SYMBOL_SIZE <= bytes.length; at += SYMBOL_SIZE) {
      const info = view.getUint8(at + 12);
      symbols.push({
        name: stringAt(strings, view.getUint32(at, true), `the name of symbol ${at / SYMBOL_SIZE} of ${where}`),
        value: view.getUint32(at + 4, true),
        size: view.getUint32(at + 8, true),
        type: info & 15,
        binding: info >> 4,
        section: view.getUint16(at + 14, true),
      });
    }
    return symbols;
  }

  private checkIdentification(): void {
    const { bytes, view } = this;
    if (!isElf(bytes)) throw new ElfError('not an ELF file: it does not start with 7f 45 4c 46');
    if (bytes.length < HEADER_SIZE) {
      throw new ElfError(`the ELF header takes ${HEADER_SIZE} bytes and the file has ${bytes.length}: it is truncated`);
    }
    const machine = view.getUint16(18, true);
    if (bytes[5] !== 1) {
      throw new ElfError(`EI_DATA is ${bytes[5]}: only little-endian (1) ELF files are i386 programs`);
    }
    if (bytes[4] === 2) {
      throw new ElfError(
        `this is a 64-bit ELF file for ${machineName(machine)}; Ringside runs i386 guests: build it with -m32`,
      );
    }
    if (bytes[4] !== 1) throw new ElfError(`EI_CLASS is ${bytes[4]}: neither 32-bit (1) nor 64-bit (2)`);
    if (machine !== EM_386) throw new ElfError(`e_machine is ${machineName(machine)}; Ringside runs i386 guests (3)`);
    const version = view.getUint32(20, true);
    if (version !== 1) throw new ElfError(`e_version is ${version}; the only ELF version is 1`);
  }

  private firstSection(table: number): ElfSection {
    const entrySize = this.view.getUint16(46, true);
    if (entrySize !== SECTION_HEADER_SIZE) {
      throw new ElfError(`e_shentsize is ${entrySize}; section headers of ELF32 have ${SECTION_HEADER_SIZE} bytes`);
    }
    this.checkRange(table, SECTION_HEADER_SIZE, 'section header table');
    return this.sectionHeader(table, 0);
  }

  private readSegments(first: ElfSection | undefined): ElfSegment[] {
    const { view } = this;
    const table = view.getUint32(28, true);
    let count = view.getUint16(44, true);
    if (count === 0) return [];
    if (count === PN_XNUM && first) count = first.info;
    const entrySize = view.getUint16(42, true);
    if (entrySize !== PROGRAM_HEADER_SIZE) {
      throw new ElfError(`e_phentsize is ${entrySize}; program headers of ELF32 have ${PROGRAM_HEADER_SIZE} bytes`);
    }
    this.checkRange(table, count * PROGRAM_HEADER_SIZE, `program header table of ${count} entries`);
    const segments: ElfSegment[] = [];
    for (let index = 0; index < count; index++) {
      const at = table + index * PROGRAM_HEADER_SIZE;
      const segment: ElfSegment = {
        index,
        type: view.getUint32(at, true),
        offset: view.getUint32(at + 4, true),
        virtualAddress: view.getUint32(at + 8, true),
        physicalAddress: view.getUint32(at + 12, true),
        fileSize: view.getUint32(at + 16, true),
        memorySize: view.getUint32(at + 20, true),
        flags: view.getUint32(at + 24, true),
        alignment: view.getUint32(at + 28, true),
      };
      if (segment.type === SegmentType.Load && segment.memorySize < segment.fileSize) {
        throw new ElfError(
          `segment ${index}: p_memsz (${segment.memorySize}) is smaller than p_filesz (${segment.fileSize})`,
        );
      }
      segments.push(segment);
    }
    return segments;
  }

  private readSections(table: number, first: ElfSection): ElfSection[] {
    const declared = this.view.getUint16(48, true);
    const count = declared === 0 ? first.size : declared;
    if (count === 0) return [];
    this.checkRange(table, count * SECTION_HEADER_SIZE, `section header table of ${count} entries`);
    const sections: ElfSection[] = [];
    const nameOffsets: number[] = [];
    for (let index = 0; index < count; index++) {
      const at = table + index * SECTION_HEADER_SIZE;
      nameOffsets.push(this.view.getUint32(at, true));
      sections.push(this.sectionHeader(at, index));
    }
    const declaredNames = this.view.getUint16(50, true);
    const namesIndex = declaredNames === SHN_XINDEX ? first.link : declaredNames;
    if (namesIndex === SHN_UNDEF) return sections;
    const names = sections[namesIndex];
    if (!names) throw new ElfError(`e_shstrndx is ${namesIndex} and there are ${count} sections`);
    const strings = this.slice(names.offset, names.size, `section name table (section ${namesIndex})`);
    for (const section of sections) {
      section.name = stringAt(strings, nameOffsets[section.index], `the name of section ${section.index}`);
    }
    return sections;
  }

  /** The name is filled in once the table of names is known. */
  private sectionHeader(at: number, index: number): ElfSection {
    const word = (field: number): number => this.view.getUint32(at + field * 4, true);
    return {
      index,
      name: '',
      type: word(1),
      flags: word(2),
      address: word(3),
      offset: word(4),
      size: word(5),
      link: word(6),
      info: word(7),
      alignment: word(8),
      entrySize: word(9),
    };
  }

  private stringTable(index: number, user: string): Uint8Array {
    const section = this.sections[index];
    if (!section) throw new ElfError(`${user}: sh_link is ${index} and there are ${this.sections.length} sections`);
    if (section.type !== SectionType.StringTable) {
      throw new ElfError(`${user}: sh_link names section ${index}, which is no string table (sh_type ${section.type})`);
    }
    return this.sectionBytes(section);
  }

  private slice(offset: number, size: number, what: string): Uint8Array {
    this.checkRange(offset, size, what);
    return this.bytes.subarray(offset, offset + size);
  }

  private checkRange(offset: number, size: number, what: string): void {
    if (offset + size <= this.bytes.length) return;
    const end = offset > this.bytes.length ? 'starts' : 'ends';
    throw new ElfError(
      `${what} at 0x${offset.toString(16)} (${size} bytes) ${end} beyond the file ` +
        `(${this.bytes.length} bytes): the file is truncated or damaged`,
    );
  }
}

const EM_386 = 3;

const MACHINES: Readonly<Record<number, string>> = {
  3: 'i386',
  8: 'MIPS',
  20: 'PowerPC',
  40: 'ARM',
  62: 'x86-64',
  183: 'AArch64',
  243: 'RISC-V',
};

function machineName(machine: number): string {
  const name = MACHINES[machine];
  return name ? `${machine} (${name})` : `${machine}`;
}

function quote(name: string, index: number): string {
  return name ? `"${name}"` : `${index}`;
}

const decoder = new TextDecoder();

function stringAt(strings: Uint8Array, offset: number, what: string): string {
  if (offset >= strings.length) {
    if (offset === 0) return '';
    throw new ElfError(`${what} is at ${offset}, beyond its string table (${strings.length} bytes)`);
  }
  const end = strings.indexOf(0, offset);
  if (end < 0) throw new ElfError(`${what} has no terminating zero in its string table`);
  return decoder.decode(strings.subarray(offset, end));
}
