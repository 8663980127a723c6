import { type ByteReader, compact } from '../byte-reader';
import { SymbolError } from '../errors';
import type { AttributeSpec } from './abbreviations';
import { DW_FORM } from './constants';

/**
 * The value of an attribute as it stands in its entry. Indices into other sections are not followed yet, so that reading
 * an entry never depends on another section. Offsets are relative to the section they point into.
 */
export type RawValue =
  | { kind: 'address'; value: number }
  | { kind: 'addressIndex'; value: number }
  | { kind: 'constant'; value: number | bigint }
  | { kind: 'block'; value: Uint8Array }
  | { kind: 'flag'; value: boolean }
  | { kind: 'string'; value: string }
  /** Offset of a string in .debug_str or .debug_line_str. */
  | { kind: 'stringOffset'; value: number; section: 'str' | 'lineStr' }
  | { kind: 'stringIndex'; value: number }
  /** Offset of an entry from the start of its unit. */
  | { kind: 'unitReference'; value: number }
  /** Offset of an entry in .debug_info. */
  | { kind: 'reference'; value: number }
  | { kind: 'signature'; value: bigint }
  | { kind: 'sectionOffset'; value: number }
  | { kind: 'listIndex'; value: number }
  /** Points into a supplementary file, which nobody has. */
  | { kind: 'supplementary' };

/** What the size of a form depends on. */
export interface Encoding {
  version: number;
  addressSize: number;
  /** 4, or 8 in the 64-bit format of DWARF. */
  offsetSize: number;
}

type FormReader = (reader: ByteReader, encoding: Encoding, implicit: number) => RawValue;

const constant = (value: number | bigint): RawValue => ({ kind: 'constant', value });
const block = (value: Uint8Array): RawValue => ({ kind: 'block', value });
const unitReference = (value: number): RawValue => ({ kind: 'unitReference', value });
const stringIndex = (value: number): RawValue => ({ kind: 'stringIndex', value });
const addressIndex = (value: number): RawValue => ({ kind: 'addressIndex', value });
const SUPPLEMENTARY: RawValue = { kind: 'supplementary' };

const supplementary =
  (size: (encoding: Encoding) => number): FormReader =>
  (reader, encoding) => {
    reader.skip(size(encoding));
    return SUPPLEMENTARY;
  };

/** DWARF 2 gives DW_FORM_ref_addr the size of an address, later versions that of an offset. */
const refAddrSize = (encoding: Encoding): number =>
  encoding.version <= 2 ? encoding.addressSize : encoding.offsetSize;

/** DWARF 5, section 7.5.6. */
const READERS: Readonly<Record<number, FormReader>> = {
  [DW_FORM.addr]: (r, e) => ({ kind: 'address', value: r.unsigned(e.addressSize) }),
  [DW_FORM.block1]: (r) => block(r.block(r.u8())),
  [DW_FORM.block2]: (r) => block(r.block(r.u16())),
  [DW_FORM.block4]: (r) => block(r.block(r.u32())),
  [DW_FORM.block]: (r) => block(r.block(r.uleb())),
  [DW_FORM.exprloc]: (r) => block(r.block(r.uleb())),
  [DW_FORM.data16]: (r) => block(r.block(16)),
  [DW_FORM.data1]: (r) => constant(r.u8()),
  [DW_FORM.data2]: (r) => constant(r.u16()),
  [DW_FORM.data4]: (r) => constant(r.u32()),
  [DW_FORM.data8]: (r) => constant(compact(r.u64())),
  [DW_FORM.sdata]: (r) => constant(r.sleb64()),
  [DW_FORM.udata]: (r) => constant(r.uleb64()),
  [DW_FORM.implicit_const]: (_r, _e, implicit) => constant(implicit),
  [DW_FORM.flag]: (r) => ({ kind: 'flag', value: r.u8() !== 0 }),
  [DW_FORM.flag_present]: () => ({ kind: 'flag', value: true }),
  [DW_FORM.string]: (r) => ({ kind: 'string', value: r.string() }),
  [DW_FORM.strp]: (r, e) => ({ kind: 'stringOffset', value: r.unsigned(e.offsetSize), section: 'str' }),
  [DW_FORM.line_strp]: (r, e) => ({ kind: 'stringOffset', value: r.unsigned(e.offsetSize), section: 'lineStr' }),
  [DW_FORM.strx]: (r) => stringIndex(r.uleb()),
  [DW_FORM.GNU_str_index]: (r) => stringIndex(r.uleb()),
  [DW_FORM.strx1]: (r) => stringIndex(r.u8()),
  [DW_FORM.strx2]: (r) => stringIndex(r.u16()),
  [DW_FORM.strx3]: (r) => stringIndex(r.u24()),
  [DW_FORM.strx4]: (r) => stringIndex(r.u32()),
  [DW_FORM.addrx]: (r) => addressIndex(r.uleb()),
  [DW_FORM.GNU_addr_index]: (r) => addressIndex(r.uleb()),
  [DW_FORM.addrx1]: (r) => addressIndex(r.u8()),
  [DW_FORM.addrx2]: (r) => addressIndex(r.u16()),
  [DW_FORM.addrx3]: (r) => addressIndex(r.u24()),
  [DW_FORM.addrx4]: (r) => addressIndex(r.u32()),
  [DW_FORM.ref1]: (r) => unitReference(r.u8()),
  [DW_FORM.ref2]: (r) => unitReference(r.u16()),
  [DW_FORM.ref4]: (r) => unitReference(r.u32()),
  [DW_FORM.ref8]: (r) => unitReference(Number(r.u64())),
  [DW_FORM.ref_udata]: (r) => unitReference(r.uleb()),
  [DW_FORM.ref_addr]: (r, e) => ({ kind: 'reference', value: r.unsigned(refAddrSize(e)) }),
  [DW_FORM.ref_sig8]: (r) => ({ kind: 'signature', value: r.u64() }),
  [DW_FORM.sec_offset]: (r, e) => ({ kind: 'sectionOffset', value: r.unsigned(e.offsetSize) }),
  [DW_FORM.loclistx]: (r) => ({ kind: 'listIndex', value: r.uleb() }),
  [DW_FORM.rnglistx]: (r) => ({ kind: 'listIndex', value: r.uleb() }),
  [DW_FORM.ref_sup4]: supplementary(() => 4),
  [DW_FORM.ref_sup8]: supplementary(() => 8),
  [DW_FORM.strp_sup]: supplementary((e) => e.offsetSize),
  [DW_FORM.GNU_ref_alt]: supplementary((e) => e.offsetSize),
  [DW_FORM.GNU_strp_alt]: supplementary((e) => e.offsetSize),
};

/** How a form is passed over: a fixed number of bytes, or a function. */
const SKIPS = new Map<number, number | ((reader: ByteReader, encoding: Encoding) => void)>([
  ...([DW_FORM.data1, DW_FORM.flag, DW_FORM.ref1, DW_FORM.strx1, DW_FORM.addrx1] as const).map((f) => [f, 1] as const),
  ...([DW_FORM.data2, DW_FORM.ref2, DW_FORM.strx2, DW_FORM.addrx2] as const).map((f) => [f, 2] as const),
  ...([DW_FORM.data4, DW_FORM.ref4, DW_FORM.strx4, DW_FORM.addrx4] as const).map((f) => [f, 4] as const),
  ...([DW_FORM.data8, DW_FORM.ref8, DW_FORM.ref_sig8] as const).map((f) => [f, 8] as const),
  ...([DW_FORM.flag_present, DW_FORM.implicit_const] as const).map((f) => [f, 0] as const),
  ...([DW_FORM.udata, DW_FORM.sdata, DW_FORM.strx, DW_FORM.addrx, DW_FORM.ref_udata] as const).map(
    (f) => [f, (reader: ByteReader) => reader.skipLeb()] as const,
  ),
  ...([DW_FORM.strp, DW_FORM.line_strp, DW_FORM.sec_offset] as const).map(
    (f) => [f, (reader: ByteReader, encoding: Encoding) => reader.skip(encoding.offsetSize)] as const,
  ),
  [DW_FORM.addr, (reader, encoding) => reader.skip(encoding.addressSize)],
  [DW_FORM.string, (reader) => reader.skipString()],
]);

/** Levels of DW_FORM_indirect that are followed; one is all that makes sense. */
const MAX_INDIRECT = 4;

/** Reads the value of an attribute at the cursor. @throws SymbolError for an unknown form or a damaged value */
export function readForm(reader: ByteReader, spec: AttributeSpec, encoding: Encoding): RawValue {
  let { form, implicit } = spec;
  for (let level = 0; form === DW_FORM.indirect && level < MAX_INDIRECT; level++) {
    form = reader.uleb();
    if (form === DW_FORM.implicit_const) implicit = reader.sleb();
  }
  const read = READERS[form];
  if (!read) {
    throw new SymbolError(
      `${reader.section}: unknown DW_FORM 0x${form.toString(16)} at 0x${reader.offset.toString(16)}`,
    );
  }
  return read(reader, encoding, implicit);
}

/** Moves the cursor past the value of an attribute. @throws SymbolError as `readForm` does */
export function skipForm(reader: ByteReader, spec: AttributeSpec, encoding: Encoding): void {
  const skip = SKIPS.get(spec.form);
  if (typeof skip === 'number') reader.skip(skip);
  else if (skip) skip(reader, encoding);
  else readForm(reader, spec, encoding);
}
