import { ByteReader, stringAt } from '../byte-reader';
import { SymbolError } from '../errors';
import { type AbbreviationTable, readAbbreviations } from './abbreviations';
import { DW_AT } from './constants';
import { Die, type DieUnit, type UnitContext } from './die';
import type { UnitHeader } from './unit-header';

/** One unit: a translation unit's entries, read on demand. */
export class Unit implements DieUnit {
  private table: AbbreviationTable | undefined;
  private rootDie: Die | undefined;
  private readonly bases = new Map<number, number>();
  private readonly cursor: ByteReader;

  constructor(
    readonly header: UnitHeader,
    readonly context: UnitContext,
  ) {
    const bytes = context.sections[header.section];
    this.cursor = new ByteReader(bytes, `.debug_${header.section}`, header.offset, header.end);
  }

  /** The compile unit's own entry. @throws SymbolError */
  get root(): Die {
    this.rootDie ??= this.dieAt(this.header.firstDie);
    if (!this.rootDie) throw new SymbolError(`${this.label} has no root entry`);
    return this.rootDie;
  }

  get label(): string {
    return `.debug_${this.header.section} unit at 0x${this.header.offset.toString(16)}`;
  }

  /** The name of its primary source file. */
  get name(): string | undefined {
    return this.root.string(DW_AT.name);
  }

  /** The compilation directory, or nothing. */
  get directory(): string {
    return this.root.string(DW_AT.comp_dir) ?? '';
  }

  /** The base of address ranges and location lists (DWARF 5, section 3.1.1). */
  get lowPc(): number {
    return this.root.address(DW_AT.low_pc) ?? 0;
  }

  /** The unit's only cursor, moved to `offset`: it has to be done with before another entry is touched. */
  reader(offset: number): ByteReader {
    this.cursor.offset = offset;
    return this.cursor;
  }

  /**
   * The entry at an offset of the section; undefined for the null entry that ends a list of children.
   * @throws SymbolError if it is outside the unit or has an unknown abbreviation
   */
  dieAt(offset: number): Die | undefined {
    if (offset < this.header.firstDie || offset >= this.header.end) {
      throw new SymbolError(`${this.label}: no entry can be at 0x${offset.toString(16)}`);
    }
    const reader = this.reader(offset);
    const code = reader.uleb();
    if (code === 0) return undefined;
    const abbreviation = this.abbreviations.get(code);
    if (!abbreviation) {
      throw new SymbolError(
        `${this.label}: the entry at 0x${offset.toString(16)} has the unknown abbreviation ${code}`,
      );
    }
    return new Die(this, offset, abbreviation, reader.offset);
  }

  /**
   * All entries in the order of the section, without a tree being built. `visit` gets each entry and its depth (the root
   * is 0) and returns false if its children need not be visited; they are skipped cheaply where the entry has a sibling
   * attribute, and entry by entry otherwise.
   */
  walk(visit: (die: Die, depth: number) => boolean, from = this.header.firstDie): void {
    const { end } = this.header;
    let depth = 0;
    let skipBelow = Infinity;
    for (let at = from; at < end; ) {
      const die = this.dieAt(at);
      if (!die) {
        at++;
        depth--;
        if (depth <= skipBelow) skipBelow = Infinity;
        if (depth <= 0) return;
        continue;
      }
      const wanted = depth <= skipBelow && visit(die, depth);
      const sibling = wanted || !die.hasChildren ? undefined : die.sibling;
      if (sibling !== undefined) {
        at = sibling;
        continue;
      }
      at = die.attributesEnd;
      if (die.hasChildren) {
        if (!wanted) skipBelow = Math.min(skipBelow, depth);
        depth++;
      } else if (depth === 0) {
        return;
      }
    }
  }

  /** Follows an index of DW_FORM_addrx through .debug_addr. @throws SymbolError */
  indexedAddress(index: number): number {
    const { addressSize } = this.header;
    const at = this.base(DW_AT.addr_base, 8) + index * addressSize;
    return new ByteReader(this.context.sections.addr, '.debug_addr', at).unsigned(addressSize);
  }

  /** Follows an index of DW_FORM_strx through .debug_str_offsets. @throws SymbolError */
  indexedString(index: number): string {
    const { offsetSize } = this.header;
    const { sections } = this.context;
    const at = this.base(DW_AT.str_offsets_base, offsetSize === 4 ? 8 : 16) + index * offsetSize;
    const offset = new ByteReader(sections.strOffsets, '.debug_str_offsets', at).unsigned(offsetSize);
    return stringAt(sections.str, offset, '.debug_str');
  }

  /** Where entry `index` of this unit's range or location lists is in its section. @throws SymbolError */
  indexedList(index: number, base: typeof DW_AT.rnglists_base | typeof DW_AT.loclists_base): number {
    const { offsetSize } = this.header;
    const { sections } = this.context;
    const [bytes, name] =
      base === DW_AT.rnglists_base
        ? [sections.rnglists, '.debug_rnglists']
        : ([sections.loclists, '.debug_loclists'] as const);
    // Without the attribute the offsets follow the section's first header (DWARF 5, section 7.28).
    const start = this.base(base, offsetSize === 4 ? 12 : 20);
    return start + new ByteReader(bytes, name, start + index * offsetSize).unsigned(offsetSize);
  }

  /** A base attribute of the root; read without the root's other attributes, which may need it. */
  private base(attribute: number, fallback: number): number {
    let value = this.bases.get(attribute);
    if (value === undefined) {
      const raw = this.root.raw(attribute);
      value = raw && (raw.kind === 'sectionOffset' || raw.kind === 'constant') ? Number(raw.value) : fallback;
      this.bases.set(attribute, value);
    }
    return value;
  }

  private get abbreviations(): AbbreviationTable {
    this.table ??= readAbbreviations(this.context.sections.abbrev, this.header.abbreviations);
    return this.table;
  }
}
