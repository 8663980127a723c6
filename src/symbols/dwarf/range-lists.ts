import { ByteReader } from '../byte-reader';
import { SymbolError } from '../errors';
import { DW_AT, DW_RLE } from './constants';
import type { Die, DieUnit } from './die';

/** A half-open range of linked addresses. */
export interface Range {
  start: number;
  end: number;
}

/** Base address selection entry of .debug_ranges and .debug_loc with 4-byte addresses. */
const BASE_SELECTION = 0xffffffff;

/**
 * The addresses that an entry covers, from its low_pc/high_pc or its range list; empty if it has no code.
 * @throws SymbolError if the list is damaged
 */
export function rangesOf(die: Die): Range[] {
  const raw = die.raw(DW_AT.ranges);
  if (raw) {
    if (raw.kind === 'listIndex') {
      return readRangeList(die.unit, die.unit.indexedList(raw.value, DW_AT.rnglists_base));
    }
    const offset = die.sectionOffset(DW_AT.ranges);
    if (offset === undefined) return [];
    return die.unit.header.version >= 5 ? readRangeList(die.unit, offset) : readOldRanges(die.unit, offset);
  }
  const start = die.address(DW_AT.low_pc);
  if (start === undefined) return [];
  const high = die.raw(DW_AT.high_pc);
  // Since DWARF 4 a high_pc of class constant is the length.
  const end = high?.kind === 'constant' ? start + Number(high.value) : die.address(DW_AT.high_pc);
  return end !== undefined && end > start ? [{ start, end }] : [];
}

/** Whether an address is in one of the ranges. */
export function covers(ranges: readonly Range[], address: number): boolean {
  return ranges.some((range) => address >= range.start && address < range.end);
}

/** DWARF 5, section 7.25. */
function readRangeList(unit: DieUnit, offset: number): Range[] {
  const reader = new ByteReader(unit.context.sections.rnglists, '.debug_rnglists', offset);
  const { addressSize } = unit.header;
  const address = (): number => reader.unsigned(addressSize);
  const indexed = (): number => unit.indexedAddress(reader.uleb());
  let base = unit.lowPc;
  const ranges: Range[] = [];
  const add = (start: number, end: number): void => {
    if (end > start) ranges.push({ start, end });
  };
  for (;;) {
    const kind = reader.u8();
    switch (kind) {
      case DW_RLE.end_of_list:
        return ranges;
      case DW_RLE.base_addressx:
        base = indexed();
        break;
      case DW_RLE.base_address:
        base = address();
        break;
      case DW_RLE.startx_endx:
        add(indexed(), indexed());
        break;
      case DW_RLE.startx_length: {
        const start = indexed();
        add(start, start + reader.uleb());
        break;
      }
      case DW_RLE.offset_pair:
        add(base + reader.uleb(), base + reader.uleb());
        break;
      case DW_RLE.start_end:
        add(address(), address());
        break;
      case DW_RLE.start_length: {
        const start = address();
        add(start, start + reader.uleb());
        break;
      }
      default:
        throw new SymbolError(`.debug_rnglists: unknown entry kind ${kind} at 0x${(reader.offset - 1).toString(16)}`);
    }
  }
}

/** DWARF 4, section 2.17.3. */
function readOldRanges(unit: DieUnit, offset: number): Range[] {
  const reader = new ByteReader(unit.context.sections.ranges, '.debug_ranges', offset);
  const { addressSize } = unit.header;
  let base = unit.lowPc;
  const ranges: Range[] = [];
  for (;;) {
    const start = reader.unsigned(addressSize);
    const end = reader.unsigned(addressSize);
    if (start === 0 && end === 0) return ranges;
    if (start === BASE_SELECTION) base = end;
    else if (end > start) ranges.push({ start: base + start, end: base + end });
  }
}
