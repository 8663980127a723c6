import { ByteReader } from '../byte-reader';
import { DW_AT, DW_FORM } from './constants';

/** One attribute of an abbreviation. */
export interface AttributeSpec {
  name: number;
  form: number;
  /** The value of a DW_FORM_implicit_const. */
  implicit: number;
}

/** The shape of a debugging information entry (DWARF 5, section 7.5.3). */
export interface Abbreviation {
  tag: number;
  hasChildren: boolean;
  attributes: AttributeSpec[];
  /** Index of DW_AT_sibling in `attributes`, or -1. */
  sibling: number;
}

export type AbbreviationTable = Map<number, Abbreviation>;

/** Reads the abbreviations of a unit, which start at `offset` of .debug_abbrev. @throws SymbolError */
export function readAbbreviations(section: Uint8Array, offset: number): AbbreviationTable {
  const reader = new ByteReader(section, '.debug_abbrev', offset);
  const table: AbbreviationTable = new Map();
  for (;;) {
    const code = reader.uleb();
    if (code === 0) return table;
    const tag = reader.uleb();
    const hasChildren = reader.u8() !== 0;
    const attributes: AttributeSpec[] = [];
    for (;;) {
      const name = reader.uleb();
      const form = reader.uleb();
      const implicit = form === DW_FORM.implicit_const ? reader.sleb() : 0;
      if (name === 0 && form === 0) break;
      attributes.push({ name, form, implicit });
    }
    table.set(code, {
      tag,
      hasChildren,
      attributes,
      sibling: attributes.findIndex((attribute) => attribute.name === DW_AT.sibling),
    });
  }
}
