import { ByteReader } from '../byte-reader';
import { SymbolError } from '../errors';
import { DW_AT, DW_LLE } from './constants';
import type { Die, DieUnit } from './die';

/** Base address selection entry of .debug_loc with 4-byte addresses. */
const BASE_SELECTION = 0xffffffff;

/**
 * The expression that an attribute (DW_AT_location, DW_AT_frame_base) has for an address: its own one, or the entry of its
 * location list. Undefined if the attribute is missing or the list has no entry for the address.
 * @throws SymbolError if the list is damaged
 */
export function expressionAt(die: Die, attribute: number, address: number): Uint8Array | undefined {
  const found = die.inherited(attribute);
  if (!found) return undefined;
  const { raw, die: owner } = found;
  const { unit } = owner;
  if (raw.kind === 'block') return raw.value;
  if (raw.kind === 'listIndex') return findInList(unit, unit.indexedList(raw.value, DW_AT.loclists_base), address);
  const offset = owner.sectionOffset(attribute);
  if (offset === undefined) return undefined;
  return unit.header.version >= 5 ? findInList(unit, offset, address) : findInOldList(unit, offset, address);
}

/** DWARF 5, section 7.29. */
function findInList(unit: DieUnit, offset: number, address: number): Uint8Array | undefined {
  const reader = new ByteReader(unit.context.sections.loclists, '.debug_loclists', offset);
  const linked = (): number => reader.unsigned(unit.header.addressSize);
  const indexed = (): number => unit.indexedAddress(reader.uleb());
  let base = unit.lowPc;
  let fallback: Uint8Array | undefined;
  for (;;) {
    const kind = reader.u8();
    let start: number;
    let end: number;
    switch (kind) {
      case DW_LLE.end_of_list:
        return fallback;
      case DW_LLE.base_addressx:
        base = indexed();
        continue;
      case DW_LLE.base_address:
        base = linked();
        continue;
      case DW_LLE.GNU_view_pair:
        reader.skipLeb();
        reader.skipLeb();
        continue;
      case DW_LLE.default_location:
        fallback = reader.block(reader.uleb());
        continue;
      case DW_LLE.startx_endx:
        start = indexed();
        end = indexed();
        break;
      case DW_LLE.startx_length:
        start = indexed();
        end = start + reader.uleb();
        break;
      case DW_LLE.offset_pair:
        start = base + reader.uleb();
        end = base + reader.uleb();
        break;
      case DW_LLE.start_end:
        start = linked();
        end = linked();
        break;
      case DW_LLE.start_length:
        start = linked();
        end = start + reader.uleb();
        break;
      default:
        throw new SymbolError(`.debug_loclists: unknown entry kind ${kind} at 0x${(reader.offset - 1).toString(16)}`);
    }
    const expression = reader.block(reader.uleb());
    if (address >= start && address < end) return expression;
  }
}

/** DWARF 4, section 2.6.2. */
function findInOldList(unit: DieUnit, offset: number, address: number): Uint8Array | undefined {
  const reader = new ByteReader(unit.context.sections.loc, '.debug_loc', offset);
  let base = unit.lowPc;
  for (;;) {
    const start = reader.unsigned(unit.header.addressSize);
    const end = reader.unsigned(unit.header.addressSize);
    if (start === 0 && end === 0) return undefined;
    if (start === BASE_SELECTION) {
      base = end;
      continue;
    }
    const expression = reader.block(reader.u16());
    if (address >= base + start && address < base + end) return expression;
  }
}
