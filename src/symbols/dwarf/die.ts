import { type ByteReader, stringAt } from '../byte-reader';
import type { Abbreviation } from './abbreviations';
import { DW_AT } from './constants';
import { type RawValue, readForm, skipForm } from './forms';
import type { DwarfSections } from './sections';
import type { UnitHeader } from './unit-header';

/** How many specification or abstract origin links are followed before they are taken for a circle. */
const MAX_LINKS = 8;

/** What units and entries need from the file they are in. */
export interface UnitContext {
  readonly sections: DwarfSections;
  /** The unit that holds an offset of .debug_info. */
  unitAt(offset: number): DieUnit | undefined;
  /** The type that a type unit defines. */
  typeBySignature(signature: bigint): Die | undefined;
}

/** What an entry needs from its unit. All of it throws `SymbolError` where the file is damaged. */
export interface DieUnit {
  readonly header: UnitHeader;
  readonly context: UnitContext;
  readonly root: Die;
  readonly name: string | undefined;
  readonly directory: string;
  /** The base of address ranges and location lists (DWARF 5, section 3.1.1). */
  readonly lowPc: number;
  /** The unit's only cursor, moved to `offset`: it has to be done with before another entry is touched. */
  reader(offset: number): ByteReader;
  /** The entry at an offset of the section; undefined for the null entry that ends a list of children. */
  dieAt(offset: number): Die | undefined;
  /** Follows an index of DW_FORM_addrx through .debug_addr. */
  indexedAddress(index: number): number;
  /** Follows an index of DW_FORM_strx through .debug_str_offsets. */
  indexedString(index: number): string;
  /** Where entry `index` of this unit's range or location lists is in its section. */
  indexedList(index: number, base: typeof DW_AT.rnglists_base | typeof DW_AT.loclists_base): number;
}

/** A debugging information entry. It keeps its place only; attributes are read when asked for. */
export class Die {
  private endOffset = -1;

  constructor(
    readonly unit: DieUnit,
    /** Offset in its section. */
    readonly offset: number,
    private readonly abbreviation: Abbreviation,
    private readonly attributesOffset: number,
  ) {}

  /** One of `DW_TAG`. */
  get tag(): number {
    return this.abbreviation.tag;
  }

  get hasChildren(): boolean {
    return this.abbreviation.hasChildren;
  }

  /** Offset of the first byte after this entry, where its first child or its sibling is. */
  get attributesEnd(): number {
    if (this.endOffset < 0) {
      const reader = this.unit.reader(this.attributesOffset);
      for (const spec of this.abbreviation.attributes) skipForm(reader, spec, this.unit.header);
      this.endOffset = reader.offset;
    }
    return this.endOffset;
  }

  /** Offset of the next entry on the same level, if this entry says so and it can be true. */
  get sibling(): number | undefined {
    if (this.abbreviation.sibling < 0) return undefined;
    const raw = this.raw(DW_AT.sibling);
    if (raw?.kind !== 'unitReference') return undefined;
    const offset = this.unit.header.offset + raw.value;
    return offset > this.offset && offset <= this.unit.header.end ? offset : undefined;
  }

  /** The entries below this one, in order. */
  *children(): Generator<Die> {
    if (!this.hasChildren) return;
    const { end } = this.unit.header;
    for (let at = this.attributesEnd; at < end; ) {
      const die = this.unit.dieAt(at);
      if (!die) return;
      yield die;
      at = die.end;
    }
  }

  /** Offset after this entry and all its children. */
  private get end(): number {
    if (!this.hasChildren) return this.attributesEnd;
    const { sibling } = this;
    if (sibling !== undefined) return sibling;
    const { end } = this.unit.header;
    let depth = 1;
    let at = this.attributesEnd;
    while (depth > 0 && at < end) {
      const die = this.unit.dieAt(at);
      if (!die) {
        at++;
        depth--;
        continue;
      }
      const next = die.hasChildren ? die.sibling : undefined;
      if (next === undefined && die.hasChildren) depth++;
      at = next ?? die.attributesEnd;
    }
    return at;
  }

  has(attribute: number): boolean {
    return this.abbreviation.attributes.some((spec) => spec.name === attribute);
  }

  /** The value of an attribute of this very entry, as it is stored. */
  raw(attribute: number): RawValue | undefined {
    const { attributes } = this.abbreviation;
    const index = attributes.findIndex((spec) => spec.name === attribute);
    if (index < 0) return undefined;
    const reader = this.unit.reader(this.attributesOffset);
    for (let i = 0; i < index; i++) skipForm(reader, attributes[i], this.unit.header);
    return readForm(reader, attributes[index], this.unit.header);
  }

  /** The value of an attribute of this entry or of the one that it completes (specification, abstract origin). */
  inherited(attribute: number): { raw: RawValue; die: Die } | undefined {
    for (const die of this.lineage()) {
      const raw = die.raw(attribute);
      if (raw) return { raw, die };
    }
    return undefined;
  }

  /** The entry that this one refers to as its declaration or abstract instance. */
  get completes(): Die | undefined {
    return this.reference(DW_AT.abstract_origin) ?? this.reference(DW_AT.specification);
  }

  /** The end of the chain of `completes`; this entry itself if there is none. */
  get origin(): Die {
    return [...this.lineage()].at(-1) ?? this;
  }

  /** This entry, the one it completes, and so on. */
  private *lineage(): Generator<Die> {
    yield this;
    let next = this.completes;
    for (let link = 0; next && link < MAX_LINKS; link++) {
      yield next;
      next = next.completes;
    }
  }

  string(attribute: number): string | undefined {
    const raw = this.raw(attribute);
    if (!raw) return undefined;
    switch (raw.kind) {
      case 'string':
        return raw.value;
      case 'stringOffset': {
        const { sections } = this.unit.context;
        return stringAt(sections[raw.section], raw.value, raw.section === 'str' ? '.debug_str' : '.debug_line_str');
      }
      case 'stringIndex':
        return this.unit.indexedString(raw.value);
      default:
        return undefined;
    }
  }

  /** Its name, or that of the entry it completes. */
  get name(): string | undefined {
    const found = this.inherited(DW_AT.name);
    return found?.die.string(DW_AT.name);
  }

  address(attribute: number): number | undefined {
    const raw = this.raw(attribute);
    if (raw?.kind === 'address') return raw.value;
    return raw?.kind === 'addressIndex' ? this.unit.indexedAddress(raw.value) : undefined;
  }

  /** A constant that must be exact as a number. */
  number(attribute: number): number | undefined {
    const raw = this.raw(attribute);
    return raw?.kind === 'constant' && typeof raw.value === 'number' ? raw.value : undefined;
  }

  /** The same, of this entry or of the one that it completes. */
  inheritedNumber(attribute: number): number | undefined {
    return this.inherited(attribute)?.die.number(attribute);
  }

  flag(attribute: number): boolean {
    const raw = this.raw(attribute);
    return raw?.kind === 'flag' && raw.value;
  }

  /** An offset into another section: DW_FORM_sec_offset, or data4/data8 before DWARF 4. */
  sectionOffset(attribute: number): number | undefined {
    const raw = this.raw(attribute);
    if (raw?.kind === 'sectionOffset') return raw.value;
    if (raw?.kind === 'constant' && this.unit.header.version < 4) return Number(raw.value);
    return undefined;
  }

  /** The entry that an attribute of this entry refers to. @throws SymbolError if there is none at that place */
  reference(attribute: number): Die | undefined {
    const raw = this.raw(attribute);
    switch (raw?.kind) {
      case 'unitReference':
        return this.unit.dieAt(this.unit.header.offset + raw.value);
      case 'reference':
        return this.unit.context.unitAt(raw.value)?.dieAt(raw.value);
      case 'signature':
        return this.unit.context.typeBySignature(raw.value);
      default:
        return undefined;
    }
  }

  /** The type that this entry or the one it completes has; undefined means void. */
  get type(): Die | undefined {
    return this.inherited(DW_AT.type)?.die.reference(DW_AT.type);
  }
}
