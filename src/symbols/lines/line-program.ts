import { ByteReader } from '../byte-reader';
import { DW_LNE, DW_LNS } from '../dwarf/constants';
import { SymbolError } from '../errors';
import { type FileEntry, type LineHeader, readFileEntry } from './line-header';

/** Bits of `LineRows.flags`. */
export const IS_STMT = 1;
export const PROLOGUE_END = 2;
export const END_SEQUENCE = 4;

/** The matrix that a line number program describes, one array per column. */
export interface LineRows {
  count: number;
  addresses: Uint32Array;
  files: Uint32Array;
  lines: Uint32Array;
  columns: Uint16Array;
  flags: Uint8Array;
}

class RowBuffer implements LineRows {
  count = 0;
  addresses = new Uint32Array(256);
  files = new Uint32Array(256);
  lines = new Uint32Array(256);
  columns = new Uint16Array(256);
  flags = new Uint8Array(256);

  push(address: number, file: number, line: number, column: number, flags: number): void {
    if (this.count === this.addresses.length) this.grow();
    const at = this.count++;
    this.addresses[at] = address;
    this.files[at] = file;
    this.lines[at] = line;
    this.columns[at] = Math.min(column, 0xffff);
    this.flags[at] = flags;
  }

  private grow(): void {
    const size = this.count * 2;
    const widen = <T extends Uint32Array | Uint16Array | Uint8Array>(old: T, fresh: T): T => {
      fresh.set(old);
      return fresh;
    };
    this.addresses = widen(this.addresses, new Uint32Array(size));
    this.files = widen(this.files, new Uint32Array(size));
    this.lines = widen(this.lines, new Uint32Array(size));
    this.columns = widen(this.columns, new Uint16Array(size));
    this.flags = widen(this.flags, new Uint8Array(size));
  }
}

/**
 * Runs a line number program (DWARF 5, section 6.2.5). Rows come out in program order; only those of sequences with an end
 * are kept, so that a damaged program gives what it had until then.
 * @returns the rows, the files that the program itself defined, and the damage, if any
 */
export function runLineProgram(
  section: Uint8Array,
  header: LineHeader,
): { rows: LineRows; defined: FileEntry[]; damage?: SymbolError } {
  const rows = new RowBuffer();
  const defined: FileEntry[] = [];
  let complete = 0;
  try {
    const reader = new ByteReader(section, '.debug_line', header.program, header.end);
    while (!reader.atEnd) {
      runSequence(reader, header, rows, defined);
      complete = rows.count;
    }
    return { rows, defined };
  } catch (damage) {
    if (!(damage instanceof SymbolError)) throw damage;
    rows.count = complete;
    return { rows, defined, damage };
  }
}

function runSequence(reader: ByteReader, header: LineHeader, rows: RowBuffer, defined: FileEntry[]): void {
  const { opcodeBase, lineBase, minimumInstructionLength } = header;
  const lineRange = header.lineRange || 1;
  const constAddPc = Math.floor((255 - opcodeBase) / lineRange) * minimumInstructionLength;
  let address = 0;
  let file = 1;
  let line = 1;
  let column = 0;
  let isStmt = header.defaultIsStmt;
  let prologueEnd = false;
  const start = rows.count;
  const append = (extra: number): void => {
    rows.push(address, file, line, column, (isStmt ? IS_STMT : 0) | (prologueEnd ? PROLOGUE_END : 0) | extra);
    prologueEnd = false;
  };
  const advance = (amount: number): void => {
    address = (address + amount) >>> 0;
  };
  const standard: Readonly<Record<number, () => void>> = {
    [DW_LNS.copy]: () => append(0),
    [DW_LNS.advance_pc]: () => advance(reader.uleb() * minimumInstructionLength),
    [DW_LNS.advance_line]: () => {
      line = (line + reader.sleb()) >>> 0;
    },
    [DW_LNS.set_file]: () => {
      file = reader.uleb() >>> 0;
    },
    [DW_LNS.set_column]: () => {
      column = reader.uleb();
    },
    [DW_LNS.negate_stmt]: () => {
      isStmt = !isStmt;
    },
    [DW_LNS.set_basic_block]: () => undefined,
    [DW_LNS.const_add_pc]: () => advance(constAddPc),
    [DW_LNS.fixed_advance_pc]: () => advance(reader.u16()),
    [DW_LNS.set_prologue_end]: () => {
      prologueEnd = true;
    },
    [DW_LNS.set_epilogue_begin]: () => undefined,
    [DW_LNS.set_isa]: () => reader.skipLeb(),
  };
  /** Returns true at the end of the sequence. */
  const extended = (): boolean => {
    const length = reader.uleb();
    const next = reader.offset + length;
    const opcode = length > 0 ? reader.u8() : 0;
    if (opcode === DW_LNE.end_sequence) append(END_SEQUENCE);
    else if (opcode === DW_LNE.set_address) address = reader.unsigned(length - 1) >>> 0;
    else if (opcode === DW_LNE.define_file) defined.push(readFileEntry(reader, reader.string()));
    reader.offset = next;
    reader.skip(0);
    return opcode === DW_LNE.end_sequence;
  };
  while (!reader.atEnd) {
    const opcode = reader.u8();
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase;
      advance(Math.floor(adjusted / lineRange) * minimumInstructionLength);
      line = (line + lineBase + (adjusted % lineRange)) >>> 0;
      append(0);
    } else if (opcode === 0) {
      if (extended()) return;
    } else {
      // Opcodes that a later version may add say in the header how many operands to pass over.
      const known = standard[opcode];
      if (known) known();
      else for (let i = 0; i < header.operandCounts[opcode - 1]; i++) reader.skipLeb();
    }
  }
  // No end: the rows of this sequence have no extent.
  rows.count = start;
}
