import { lastNotAbove } from '../dwarf/address-map';
import { END_SEQUENCE, IS_STMT, type LineRows, PROLOGUE_END } from './line-program';
import type { SourceFile } from './source-files';

/** Contiguous code: rows `first` to `last`, of which the last one only says where the code ends. */
interface Sequence {
  start: number;
  end: number;
  first: number;
  last: number;
}

/** The rows of one line number program, sorted for lookups by address. Addresses are linked ones. */
export class LineTable {
  /** By start address. Sequences of code that the linker dropped are not in it. */
  readonly sequences: readonly Sequence[];
  private readonly starts: Float64Array;

  constructor(
    readonly rows: LineRows,
    isCode: (address: number) => boolean,
  ) {
    const { addresses, flags, count } = rows;
    const sequences: Sequence[] = [];
    let first = 0;
    for (let row = 0; row < count; row++) {
      if (!(flags[row] & END_SEQUENCE)) continue;
      const start = addresses[first];
      const end = addresses[row];
      if (end > start && isCode(start)) sequences.push({ start, end, first, last: row });
      first = row + 1;
    }
    this.sequences = sequences.sort((a, b) => a.start - b.start);
    this.starts = Float64Array.from(this.sequences, (sequence) => sequence.start);
  }

  /** The row that describes the instruction at an address, or -1. Of several rows at one address the last one counts. */
  rowAt(address: number): number {
    const sequence = this.sequences[lastNotAbove(this.starts, address)];
    if (!sequence || address >= sequence.end) return -1;
    return lastNotAbove(this.rows.addresses, address, sequence.first, sequence.last);
  }

  /** The address after the code of a row: that of the next row which is elsewhere. */
  endOf(row: number): number {
    const { addresses, flags } = this.rows;
    let next = row + 1;
    while (addresses[next] === addresses[row] && !(flags[next] & END_SEQUENCE)) next++;
    return addresses[next];
  }

  /** Calls `visit` for every row that begins a statement of a real line (line 0 means: made by the compiler). */
  statements(visit: (row: number) => void): void {
    const { lines, flags } = this.rows;
    for (const { first, last } of this.sequences) {
      for (let row = first; row < last; row++) if (flags[row] & IS_STMT && lines[row] !== 0) visit(row);
    }
  }

  /**
   * The first address in [start, end) where a function's body begins, going by the rows from its entry on: the one
   * marked as the end of the prologue; without marks, and if `guess`, the second one that begins a statement.
   */
  bodyStart(start: number, end: number, guess: boolean): number | undefined {
    const first = this.rowAt(start);
    if (first < 0) return undefined;
    const { addresses, flags, lines } = this.rows;
    let second: number | undefined;
    for (let row = first; addresses[row] < end && !(flags[row] & END_SEQUENCE); row++) {
      if (flags[row] & PROLOGUE_END) return addresses[row];
      if (addresses[row] > start && flags[row] & IS_STMT && lines[row] !== 0) second ??= addresses[row];
    }
    return guess ? second : undefined;
  }
}

/** A line table with the files that its rows name by number. Both may be read when first asked for. */
export interface LineUnit {
  readonly table: LineTable;
  readonly files: readonly (SourceFile | undefined)[];
}
