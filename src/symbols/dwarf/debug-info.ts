import { ByteReader } from '../byte-reader';
import { SymbolError } from '../errors';
import { AddressMap, lastNotAbove } from './address-map';
import { DW_AT, DW_TAG, DW_UT } from './constants';
import type { Die, UnitContext } from './die';
import { type Range, rangesOf } from './range-lists';
import type { DwarfSections } from './sections';
import { Unit } from './unit';
import { readInitialLength, readUnitHeader } from './unit-header';

/** All units of a file. Headers and root entries are read at once, everything below them on demand. */
export class DebugInfo implements UnitContext {
  /** Units of .debug_info, by offset. */
  readonly units: Unit[] = [];
  private readonly typeUnits = new Map<bigint, Unit>();
  private readonly offsets: number[] = [];
  private readonly unitsByAddress: AddressMap<Unit>;
  /** Units that do not say which addresses they cover. */
  readonly unplaced: Unit[] = [];

  /**
   * @param isCode whether a linked address is in code that was kept; linkers leave ranges of removed functions behind
   * @param warn is told what is damaged and was left out
   */
  constructor(
    readonly sections: DwarfSections,
    private readonly isCode: (address: number) => boolean,
    private readonly warn: (message: string) => void,
  ) {
    this.readUnits('info');
    this.readUnits('types');
    this.unitsByAddress = this.placeUnits();
  }

  unitAt(offset: number): Unit | undefined {
    const unit = this.units[lastNotAbove(this.offsets, offset)];
    return unit && offset < unit.header.end ? unit : undefined;
  }

  typeBySignature(signature: bigint): Die | undefined {
    const unit = this.typeUnits.get(signature);
    return unit?.dieAt(unit.header.offset + (unit.header.typeOffset ?? 0));
  }

  /** The units that may have code at an address: by their ranges, else those that have none. */
  unitsForAddress(address: number): Unit[] {
    const found = this.unitsByAddress.findAll(address);
    return found.length ? found : this.unplaced;
  }

  private readUnits(section: 'info' | 'types'): void {
    for (let offset = 0; offset < this.sections[section].length; ) {
      try {
        const header = readUnitHeader(this.sections, section, offset);
        offset = header.end;
        this.addUnit(new Unit(header, this));
      } catch (error) {
        if (!(error instanceof SymbolError)) throw error;
        this.warn(error.message);
        return;
      }
    }
  }

  private addUnit(unit: Unit): void {
    const { header } = unit;
    if (header.version < 2 || header.version > 5 || header.addressSize !== 4) {
      this.warn(
        `${unit.label} is left out: version ${header.version}, ${header.addressSize}-byte addresses ` +
          '(DWARF 2 to 5 with 4-byte addresses is understood)',
      );
      return;
    }
    if (header.signature !== undefined) this.typeUnits.set(header.signature, unit);
    if (header.section === 'info') {
      this.units.push(unit);
      this.offsets.push(header.offset);
    }
  }

  private placeUnits(): AddressMap<Unit> {
    const entries: { range: Range; owner: Unit }[] = [];
    const placed = new Set<Unit>();
    const add = (owner: Unit, range: Range): void => {
      if (!this.isCode(range.start)) return;
      entries.push({ range, owner });
      placed.add(owner);
    };
    for (const unit of this.units) {
      try {
        this.checkSplit(unit);
        for (const range of rangesOf(unit.root)) add(unit, range);
      } catch (error) {
        if (!(error instanceof SymbolError)) throw error;
        this.warn(error.message);
      }
    }
    // NASM gives its unit the range of one section only, and lists the others here.
    for (const { unit, range } of this.addressRanges()) add(unit, range);
    for (const unit of this.units) {
      if (!placed.has(unit) && unit.header.type === DW_UT.compile) this.unplaced.push(unit);
    }
    return new AddressMap(entries);
  }

  private checkSplit(unit: Unit): void {
    const { root } = unit;
    const file = root.string(DW_AT.dwo_name) ?? root.string(DW_AT.GNU_dwo_name);
    if (file !== undefined || root.tag === DW_TAG.skeleton_unit) {
      this.warn(
        `the debug information of ${unit.name ?? unit.label} is in ${file ?? 'a .dwo file'}: build without -gsplit-dwarf`,
      );
    }
  }

  /** The tables of .debug_aranges (DWARF 5, section 6.1.2). */
  private addressRanges(): { unit: Unit; range: Range }[] {
    const found: { unit: Unit; range: Range }[] = [];
    const reader = new ByteReader(this.sections.aranges, '.debug_aranges');
    try {
      while (!reader.atEnd) {
        const start = reader.offset;
        const { length, offsetSize } = readInitialLength(reader);
        const table = new ByteReader(reader.bytes, reader.section, reader.offset, reader.offset + length);
        reader.skip(length);
        table.skip(2);
        const unit = this.unitAt(table.unsigned(offsetSize));
        const addressSize = table.u8();
        const segmentSize = table.u8();
        if (addressSize !== 4 || segmentSize !== 0) continue;
        // Tuples are aligned to their own size from the start of the table.
        table.skip((8 - ((table.offset - start) % 8)) % 8);
        while (!table.atEnd) {
          const address = table.u32();
          const size = table.u32();
          if (address === 0 && size === 0) break;
          if (unit && size > 0) found.push({ unit, range: { start: address, end: address + size } });
        }
      }
    } catch (error) {
      if (!(error instanceof SymbolError)) throw error;
      this.warn(error.message);
    }
    return found;
  }
}
