import type { DisassemblyRow, SourceLocation } from '../types';
import type { InstructionAnchors } from './anchors';
import { type DecodedInstruction, Iced } from './iced';

/** What the disassembler asks about the guest. Addresses are linear. */
export interface CodeSource {
  /** Bytes at an address, shorter where memory ends. */
  read(address: number, length: number): Uint8Array;
  /** 16 or 32: the default size of the code segment in use. */
  readonly bits: 16 | 32;
  /** Linear address of offset 0 of the code segment. */
  readonly base: number;
  /** Highest known start of an instruction below an address (a symbol, a line), not below `floor`. */
  startBelow(address: number, floor: number): number | undefined;
  /** `name` or `name+0x1c`. */
  symbol(address: number): string | undefined;
  /** Name of a symbol that begins exactly there. */
  label(address: number): string | undefined;
  source(address: number): SourceLocation | undefined;
}

interface Row {
  address: number;
  bytes: Uint8Array;
  instruction?: DecodedInstruction;
}

const MAX_LENGTH = 15;
/** How far back an anchor is looked for, in bytes. */
const ANCHOR_REACH = 0x1000;
/** Without an anchor, instructions are taken to be no longer than this on average. */
const GUESSED_LENGTH = 8;
const DECODE_CHUNK = 0x400;

/** Turns guest code into rows of text, forwards and backwards. */
export class Disassembler {
  private loaded: Iced | undefined;

  /** @param module bytes of iced's WebAssembly module; it is compiled when the first instruction is asked for */
  constructor(
    private readonly module: Uint8Array,
    private readonly source: CodeSource,
    private readonly anchors: InstructionAnchors,
  ) {}

  /** The instruction at a linear address; undefined where there is none. */
  at(address: number): DecodedInstruction | undefined {
    const bytes = this.source.read(address, MAX_LENGTH);
    const [instruction] = this.decodeBytes(bytes, address, 1);
    return instruction?.valid ? instruction : undefined;
  }

  /**
   * Exactly `count` rows, of which the first is `offset` instructions after (or before) the one at `address`.
   * Bytes that are no instruction and addresses without memory each make a row.
   */
  rows(address: number, offset: number, count: number): DisassemblyRow[] {
    const before = offset < 0 ? this.backwards(address, -offset) : [];
    const first = offset < 0 ? before.length + offset : offset;
    const needed = Math.max(0, offset + count);
    const after = this.forwards(address, needed);
    const all = [...before, ...after].slice(Math.max(0, first), Math.max(0, first) + count);
    let previous: SourceLocation | undefined;
    return all.map((row) => {
      const shown = this.show(row, previous);
      previous = this.source.source(row.address);
      return shown;
    });
  }

  private decodeBytes(bytes: Uint8Array, address: number, limit: number): DecodedInstruction[] {
    const { bits, base } = this.source;
    this.loaded ??= Iced.load(this.module);
    return this.loaded.decode(bytes, bits, (address - base) >>> 0, limit);
  }

  private forwards(start: number, count: number): Row[] {
    const rows: Row[] = [];
    let address = start;
    while (rows.length < count) {
      const wanted = Math.min(DECODE_CHUNK, (count - rows.length) * MAX_LENGTH);
      const bytes = this.source.read(address, wanted);
      if (bytes.length === 0) {
        rows.push({ address, bytes });
        address = (address + 1) >>> 0;
        continue;
      }
      // The last bytes of a chunk may be cut off: they are decoded again with the next one.
      const whole = bytes.length < wanted ? bytes.length : bytes.length - MAX_LENGTH;
      let at = 0;
      for (const instruction of this.decodeBytes(bytes, address, count - rows.length)) {
        if (at > whole && bytes.length > MAX_LENGTH) break;
        rows.push({ address: (address + at) >>> 0, bytes: bytes.slice(at, at + instruction.length), instruction });
        at += instruction.length;
      }
      address = (address + at) >>> 0;
    }
    return rows;
  }

  /** Exactly `count` rows that end where `end` begins. */
  private backwards(end: number, count: number): Row[] {
    let rows: Row[] = [];
    let at = end;
    while (rows.length < count) {
      const start = this.startOf(at, count - rows.length);
      if (start === at) {
        const missing = count - rows.length;
        const filler = Array.from(
          { length: missing },
          (_, index): Row => ({
            address: (at - missing + index) >>> 0,
            bytes: new Uint8Array(),
          }),
        );
        return [...filler, ...rows];
      }
      rows = [...this.between(start, at), ...rows];
      at = start;
    }
    return rows.slice(rows.length - count);
  }

  /** A start of an instruction below `end`: an anchor, or the best guess for `count` instructions. `end` if memory ends. */
  private startOf(end: number, count: number): number {
    const floor = Math.max(0, end - ANCHOR_REACH);
    const known = [this.anchors.below(end, floor), this.source.startBelow(end, floor)];
    const anchor = Math.max(...known.map((address) => address ?? -1));
    if (anchor >= 0 && this.source.read(anchor, 1).length > 0) return anchor;
    const reach = Math.min(end, count * GUESSED_LENGTH + MAX_LENGTH, ANCHOR_REACH);
    let readable = end;
    while (readable > end - reach && this.source.read(readable - 1, 1).length > 0) readable--;
    for (let start = readable; start < Math.min(end, readable + MAX_LENGTH); start++) {
      const rows = this.between(start, end);
      if (rows.every((row) => row.instruction?.valid)) return start;
    }
    return readable;
  }

  /** Rows that cover [start, end) exactly; bytes of an instruction that would go beyond `end` are a row of data. */
  private between(start: number, end: number): Row[] {
    const bytes = this.source.read(start, end - start);
    const rows: Row[] = [];
    let at = 0;
    for (const instruction of this.decodeBytes(bytes, start, bytes.length)) {
      rows.push({ address: start + at, bytes: bytes.slice(at, at + instruction.length), instruction });
      at += instruction.length;
    }
    for (let address = start + at; address < end; address++) rows.push({ address, bytes: new Uint8Array() });
    return rows;
  }

  private show({ address, bytes, instruction }: Row, previous: SourceLocation | undefined): DisassemblyRow {
    const { source } = this;
    const row: DisassemblyRow = {
      address,
      bytes: Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' '),
      text: bytes.length === 0 ? '??' : data(bytes),
    };
    if (instruction?.valid) row.text = this.annotated(instruction);
    else row.invalid = true;
    const symbol = source.label(address);
    if (symbol !== undefined) row.symbol = symbol;
    const location = source.source(address);
    const same = previous !== undefined && location?.path === previous.path && location.line === previous.line;
    if (location && !same) row.source = location;
    return row;
  }

  /** The text, with the symbol that a jump or call goes to. */
  private annotated({ text, target }: DecodedInstruction): string {
    const symbol = target === undefined ? undefined : this.source.symbol((target + this.source.base) >>> 0);
    return symbol === undefined ? text : `${text} <${symbol}>`;
  }
}

function data(bytes: Uint8Array): string {
  return `db ${Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(', ')}`;
}
