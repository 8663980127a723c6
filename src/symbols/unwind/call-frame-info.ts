import { ByteReader } from '../byte-reader';
import { AddressMap } from '../dwarf/address-map';
import { readInitialLength } from '../dwarf/unit-header';
import { SymbolError } from '../errors';
import { type CommonEntry, runCallFrameProgram } from './call-frame-program';
import type { UnwindRule } from './rules';

/** Frame description entry: the rules of one function. */
interface FrameEntry {
  common: CommonEntry;
  start: number;
  instructions: Uint8Array;
}

const DW_EH_PE = { absptr: 0x00, uleb128: 0x01, udata2: 0x02, udata4: 0x03, udata8: 0x04, omit: 0xff } as const;
const DW_EH_PE_signed = 0x08;
const DW_EH_PE_pcrel = 0x10;

/** Where a section of call frame information comes from. */
export interface FrameSection {
  bytes: Uint8Array;
  kind: 'debug_frame' | 'eh_frame';
  /** Linked address of the section, the base of its PC-relative pointers. */
  address: number;
}

/** The call frame information of one section, indexed by address when first asked for. Addresses are linked ones. */
export class CallFrameInfo {
  private entries: AddressMap<FrameEntry> | undefined;
  private readonly commons = new Map<number, CommonEntry>();

  constructor(
    private readonly section: FrameSection,
    private readonly isCode: (address: number) => boolean,
    private readonly warn: (message: string) => void,
  ) {}

  /** The rule for the instruction at an address, if a function there has one. */
  ruleAt(address: number): UnwindRule | undefined {
    this.entries ??= this.read();
    const entry = this.entries.find(address);
    if (!entry) return undefined;
    try {
      const { common, instructions, start } = entry;
      const row = runCallFrameProgram(common, instructions, start, address, this.name);
      return row && { ...row, signalFrame: common.signalFrame, source: this.section.kind };
    } catch (error) {
      if (!(error instanceof SymbolError)) throw error;
      this.warn(error.message);
      return undefined;
    }
  }

  private get name(): string {
    return `.${this.section.kind}`;
  }

  private read(): AddressMap<FrameEntry> {
    const entries: { range: { start: number; end: number }; owner: FrameEntry }[] = [];
    const eh = this.section.kind === 'eh_frame';
    const reader = new ByteReader(this.section.bytes, this.name);
    try {
      while (!reader.atEnd) {
        const start = reader.offset;
        const { length, offsetSize } = readInitialLength(reader);
        // A length of zero ends .eh_frame; in .debug_frame it is padding.
        if (length === 0) {
          if (eh) break;
          continue;
        }
        const body = new ByteReader(reader.bytes, this.name, reader.offset, reader.offset + length);
        reader.skip(length);
        const idAt = body.offset;
        const id = body.unsigned(eh ? 4 : offsetSize);
        const isCommon = eh ? id === 0 : id === 0xffffffff || (offsetSize === 8 && id > Number.MAX_SAFE_INTEGER);
        if (isCommon) continue;
        const commonAt = eh ? idAt - id : id;
        if (commonAt === start)
          throw new SymbolError(`${this.name}: the entry at 0x${start.toString(16)} refers to itself`);
        const entry = this.readFrameEntry(body, this.commonAt(commonAt));
        if (this.isCode(entry.start)) entries.push({ range: entry, owner: entry });
      }
    } catch (error) {
      if (!(error instanceof SymbolError)) throw error;
      this.warn(error.message);
    }
    return new AddressMap(entries);
  }

  private readFrameEntry(body: ByteReader, common: CommonEntry): FrameEntry & { end: number } {
    const start = this.pointer(body, common.pointerEncoding);
    // The length has the format of the encoding but is relative to nothing.
    const length = this.pointer(body, common.pointerEncoding & 0x0f);
    if (common.augmented) body.skip(body.uleb());
    return { common, start, end: start + length, instructions: body.block(body.end - body.offset) };
  }

  private commonAt(offset: number): CommonEntry {
    let common = this.commons.get(offset);
    if (!common) {
      common = this.readCommon(offset);
      this.commons.set(offset, common);
    }
    return common;
  }

  private readCommon(offset: number): CommonEntry {
    if (offset < 0) throw new SymbolError(`${this.name} is damaged: an entry refers to before the section`);
    const outer = new ByteReader(this.section.bytes, this.name, offset);
    const { length, offsetSize } = readInitialLength(outer);
    const reader = new ByteReader(outer.bytes, this.name, outer.offset, outer.offset + length);
    reader.skip(this.section.kind === 'eh_frame' ? 4 : offsetSize);
    const version = reader.u8();
    if (version !== 1 && version !== 3 && version !== 4) {
      throw new SymbolError(`${this.name}: version ${version} at 0x${offset.toString(16)}; 1, 3 and 4 are understood`);
    }
    const augmentation = reader.string();
    if (augmentation === 'eh') reader.skip(4);
    // Version 4 of .debug_frame: sizes of addresses and of segment selectors.
    if (version === 4) reader.skip(2);
    const codeAlignment = reader.uleb();
    const dataAlignment = reader.sleb();
    const returnColumn = version === 1 ? reader.u8() : reader.uleb();
    const common: CommonEntry = {
      codeAlignment,
      dataAlignment,
      returnColumn,
      signalFrame: augmentation.includes('S'),
      pointerEncoding: DW_EH_PE.absptr,
      augmented: augmentation.startsWith('z'),
      instructions: new Uint8Array(0),
    };
    if (common.augmented) this.readAugmentation(reader, augmentation, common);
    common.instructions = reader.block(reader.end - reader.offset);
    return common;
  }

  /** LSB Core, section 10.6.1.1.1. */
  private readAugmentation(reader: ByteReader, augmentation: string, common: CommonEntry): void {
    const end = reader.uleb() + reader.offset;
    for (const letter of augmentation.slice(1)) {
      if (letter === 'R') common.pointerEncoding = reader.u8();
      else if (letter === 'L') reader.skip(1);
      else if (letter === 'P') this.pointer(reader, reader.u8());
      else if (letter !== 'S') break;
    }
    reader.offset = end;
    reader.skip(0);
  }

  private pointer(reader: ByteReader, encoding: number): number {
    if (encoding === DW_EH_PE.omit) return 0;
    const at = this.section.address + reader.offset;
    const value = this.plainPointer(reader, encoding);
    const relative = encoding & 0x70;
    if (relative === DW_EH_PE_pcrel) return (value + at) >>> 0;
    if (relative !== 0) {
      throw new SymbolError(`${this.name}: pointer encoding 0x${encoding.toString(16)} is not used on i386`);
    }
    return value >>> 0;
  }

  private plainPointer(reader: ByteReader, encoding: number): number {
    const signed = (encoding & DW_EH_PE_signed) !== 0;
    switch (encoding & 0x07) {
      case DW_EH_PE.absptr:
      case DW_EH_PE.udata4:
        return reader.u32();
      case DW_EH_PE.uleb128:
        return signed ? reader.sleb() : reader.uleb();
      case DW_EH_PE.udata2:
        return signed ? reader.s16() : reader.u16();
      case DW_EH_PE.udata8:
        return Number(BigInt.asUintN(32, reader.u64()));
      default:
        throw new SymbolError(`${this.name}: unknown pointer encoding 0x${encoding.toString(16)}`);
    }
  }
}
