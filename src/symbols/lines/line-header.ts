import { ByteReader, stringAt } from '../byte-reader';
import { DW_FORM, DW_LNCT } from '../dwarf/constants';
import { type RawValue, readForm } from '../dwarf/forms';
import { readInitialLength } from '../dwarf/unit-header';
import type { DwarfSections } from '../dwarf/sections';
import { SymbolError } from '../errors';

/** An entry of a line table's list of files. */
export interface FileEntry {
  name: string;
  directory: number;
  /** MD5 of the source as 32 hexadecimal digits, if the compiler noted it. */
  md5?: string;
}

/** Header of a line number program (DWARF 5, section 6.2.4). */
export interface LineHeader {
  /** Offset in .debug_line of the header, of the program, and of the first byte after it. */
  offset: number;
  program: number;
  end: number;
  version: number;
  minimumInstructionLength: number;
  defaultIsStmt: boolean;
  lineBase: number;
  lineRange: number;
  opcodeBase: number;
  /** Number of operands of each standard opcode; the first is of opcode 1. */
  operandCounts: number[];
  /** By number, as the program and DW_AT_decl_file use them. */
  directories: string[];
  files: (FileEntry | undefined)[];
}

/** Reads the header at an offset of .debug_line. @throws SymbolError */
export function readLineHeader(sections: DwarfSections, offset: number): LineHeader {
  const section = '.debug_line';
  const outer = new ByteReader(sections.line, section, offset);
  const { length, offsetSize } = readInitialLength(outer);
  const end = outer.offset + length;
  if (end > sections.line.length) {
    throw new SymbolError(
      `${section}: the table at 0x${offset.toString(16)} (${length} bytes) ends beyond the section`,
    );
  }
  const reader = new ByteReader(sections.line, section, outer.offset, end);
  const version = reader.u16();
  if (version < 2 || version > 5) {
    throw new SymbolError(
      `${section}: the table at 0x${offset.toString(16)} has version ${version}; 2 to 5 are understood`,
    );
  }
  let addressSize = 4;
  if (version >= 5) {
    addressSize = reader.u8();
    reader.skip(1);
  }
  const headerLength = reader.unsigned(offsetSize);
  const program = reader.offset + headerLength;
  const minimumInstructionLength = reader.u8();
  // Operations per instruction: i386 is no VLIW machine, it is always 1.
  if (version >= 4) reader.skip(1);
  const defaultIsStmt = reader.u8() !== 0;
  const lineBase = reader.s8();
  const lineRange = reader.u8();
  const opcodeBase = reader.u8();
  const operandCounts = Array.from({ length: Math.max(0, opcodeBase - 1) }, () => reader.u8());
  const lists =
    version >= 5 ? readEntryLists(reader, sections, { version, addressSize, offsetSize }) : readOldLists(reader);
  return {
    offset,
    program,
    end,
    version,
    minimumInstructionLength,
    defaultIsStmt,
    lineBase,
    lineRange,
    opcodeBase,
    operandCounts,
    ...lists,
  };
}

/** Versions 2 to 4: directory 0 is the compilation directory, files count from 1. */
function readOldLists(reader: ByteReader): Pick<LineHeader, 'directories' | 'files'> {
  const directories = [''];
  for (let name = reader.string(); name !== ''; name = reader.string()) directories.push(name);
  const files: LineHeader['files'] = [undefined];
  for (let name = reader.string(); name !== ''; name = reader.string()) files.push(readFileEntry(reader, name));
  return { directories, files };
}

/** The rest of an entry of versions 2 to 4, as DW_LNE_define_file has it too. */
export function readFileEntry(reader: ByteReader, name: string): FileEntry {
  const directory = reader.uleb();
  reader.skipLeb();
  reader.skipLeb();
  return { name, directory };
}

/** Version 5: entries described by content type and form. */
function readEntryLists(
  reader: ByteReader,
  sections: DwarfSections,
  encoding: { version: number; addressSize: number; offsetSize: number },
): Pick<LineHeader, 'directories' | 'files'> {
  const text = (raw: RawValue): string => {
    if (raw.kind === 'string') return raw.value;
    if (raw.kind === 'stringOffset') {
      return stringAt(sections[raw.section], raw.value, raw.section === 'str' ? '.debug_str' : '.debug_line_str');
    }
    return '';
  };
  const readList = (): FileEntry[] => {
    const formats = Array.from({ length: reader.u8() }, () => ({
      content: reader.uleb(),
      form: reader.uleb(),
    }));
    const count = reader.uleb();
    // Each entry takes a byte at least, unless there is no format at all.
    if (formats.length === 0 || formats.every(({ form }) => form === DW_FORM.flag_present)) return [];
    const list: FileEntry[] = [];
    for (let i = 0; i < count; i++) {
      const entry: FileEntry = { name: '', directory: 0 };
      for (const { content, form } of formats) {
        const raw = readForm(reader, { name: content, form, implicit: 0 }, encoding);
        if (content === DW_LNCT.path) entry.name = text(raw);
        else if (content === DW_LNCT.directory_index && raw.kind === 'constant') entry.directory = Number(raw.value);
        else if (content === DW_LNCT.MD5 && raw.kind === 'block') entry.md5 = toHex(raw.value);
      }
      list.push(entry);
    }
    return list;
  };
  const directories = readList().map((entry) => entry.name);
  return { directories, files: readList() };
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
