import { ByteReader } from '../byte-reader';
import { SymbolError } from '../errors';
import { DW_UT } from './constants';
import type { Encoding } from './forms';
import type { DwarfSections } from './sections';

/** Header of a unit of .debug_info or .debug_types (DWARF 5, section 7.5.1). */
export interface UnitHeader extends Encoding {
  /** `info` or `types`: the section it is in. */
  section: 'info' | 'types';
  /** Where the header starts, and where the next unit's does. */
  offset: number;
  end: number;
  /** Where the root entry is. */
  firstDie: number;
  type: number;
  abbreviations: number;
  /** Of type units: its signature, and the offset in the unit of the type it is about. */
  signature?: bigint;
  typeOffset?: number;
}

/**
 * Reads the unit header at `offset`.
 * @throws SymbolError; a header whose length can't be trusted ends the section, and `end` is then unknown
 */
export function readUnitHeader(sections: DwarfSections, section: 'info' | 'types', offset: number): UnitHeader {
  const reader = new ByteReader(sections[section], `.debug_${section}`, offset);
  const { length, offsetSize } = readInitialLength(reader);
  const end = reader.offset + length;
  if (end > reader.bytes.length) {
    throw new SymbolError(
      `${reader.section}: the unit at 0x${offset.toString(16)} (${length} bytes) ends beyond the section: it is truncated`,
    );
  }
  const version = reader.u16();
  const header: UnitHeader = {
    section,
    offset,
    end,
    version,
    offsetSize,
    addressSize: 4,
    type: section === 'types' ? DW_UT.type : DW_UT.compile,
    abbreviations: 0,
    firstDie: 0,
  };
  if (version < 2 || version > 5) return header;
  if (version === 5) {
    header.type = reader.u8();
    header.addressSize = reader.u8();
    header.abbreviations = reader.unsigned(offsetSize);
    if (header.type === DW_UT.skeleton || header.type === DW_UT.split_compile) reader.skip(8);
  } else {
    header.abbreviations = reader.unsigned(offsetSize);
    header.addressSize = reader.u8();
  }
  if (header.type === DW_UT.type || header.type === DW_UT.split_type) {
    header.signature = reader.u64();
    header.typeOffset = reader.unsigned(offsetSize);
  }
  header.firstDie = reader.offset;
  return header;
}

/** The length field that begins a unit, which also tells 32-bit DWARF from 64-bit DWARF (DWARF 5, section 7.4). */
export function readInitialLength(reader: ByteReader): { length: number; offsetSize: 4 | 8 } {
  const length = reader.u32();
  if (length < 0xfffffff0) return { length, offsetSize: 4 };
  if (length !== 0xffffffff) {
    throw new SymbolError(`${reader.section}: reserved unit length 0x${length.toString(16)}`);
  }
  return { length: Number(reader.u64()), offsetSize: 8 };
}
