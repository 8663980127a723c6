import { IS_STMT } from './line-program';
import type { LineTable, LineUnit } from './line-table';
import type { SourceFile, SourceFiles } from './source-files';

/** Where in the source the instruction at an address comes from. */
export interface LineInfo {
  path: string;
  line: number;
  /** From 1; undefined if the compiler did not say. */
  column: number | undefined;
  /** Whether a statement begins at `start`, so that a breakpoint makes sense there. */
  isStmt: boolean;
  /** The addresses that the line table gives to this row; `end` is the first one after it. */
  start: number;
  end: number;
}

/** Code that begins a statement of some line. */
export interface Statement {
  file: SourceFile;
  line: number;
  column: number | undefined;
  address: number;
  /** The table it is in, and its row there: neighbouring rows belong to one run of code. */
  table: LineTable;
  row: number;
}

/** The line tables of a program, searched by address and by file. Addresses are linked ones. */
export class LineIndex {
  /** Line units by the files they name; made when a file is first asked for. */
  private unitsByFile: Map<SourceFile, LineUnit[]> | undefined;

  /**
   * @param units all line tables
   * @param candidates those that may have rows for an address, best first
   */
  constructor(
    private readonly units: readonly LineUnit[],
    private readonly candidates: (address: number) => readonly LineUnit[],
    private readonly files: SourceFiles,
  ) {}

  /** The table that describes an address. */
  tableAt(address: number): LineTable | undefined {
    return this.candidates(address).find((unit) => unit.table.rowAt(address) >= 0)?.table;
  }

  /** The line of the instruction at an address; undefined where there is none, or where the compiler says line 0. */
  lineAt(address: number): LineInfo | undefined {
    for (const unit of this.candidates(address)) {
      const { table } = unit;
      const row = table.rowAt(address);
      if (row < 0) continue;
      const { lines, columns, files, flags, addresses } = table.rows;
      const file = unit.files[files[row]];
      if (!file || lines[row] === 0) return undefined;
      return {
        path: file.path,
        line: lines[row],
        column: columns[row] || undefined,
        isStmt: (flags[row] & IS_STMT) !== 0,
        start: addresses[row],
        end: table.endOf(row),
      };
    }
    return undefined;
  }

  /** All source files that a table names. */
  sources(): SourceFile[] {
    return [...this.index().keys()];
  }

  /** The statements of the files that a client's path means, on the lines from `from` to `to`. */
  statements(path: string, from: number, to: number): Statement[] {
    const index = this.index();
    const found: Statement[] = [];
    for (const file of this.files.match(path)) {
      for (const unit of index.get(file) ?? []) {
        const { table, files } = unit;
        const { rows } = table;
        table.statements((row) => {
          const line = rows.lines[row];
          if (line < from || line > to || files[rows.files[row]] !== file) return;
          found.push({ file, line, column: rows.columns[row] || undefined, address: rows.addresses[row], table, row });
        });
      }
    }
    return found;
  }

  private index(): Map<SourceFile, LineUnit[]> {
    if (!this.unitsByFile) {
      this.unitsByFile = new Map();
      for (const unit of this.units) {
        for (const file of new Set(unit.files)) {
          if (!file) continue;
          const units = this.unitsByFile.get(file);
          if (units) units.push(unit);
          else this.unitsByFile.set(file, [unit]);
        }
      }
    }
    return this.unitsByFile;
  }
}
