import { ByteReader } from '../byte-reader';
import { DW_AT } from '../dwarf/constants';
import type { DwarfSections } from '../dwarf/sections';
import type { Unit } from '../dwarf/unit';
import { readInitialLength } from '../dwarf/unit-header';
import { SymbolError } from '../errors';
import { type LineHeader, readLineHeader } from './line-header';
import { runLineProgram } from './line-program';
import { LineTable, type LineUnit } from './line-table';
import type { SourceFile, SourceFiles } from './source-files';
import { joinPath } from './source-path';

/** What a line number program needs besides its own bytes. */
export interface LineUnitContext {
  sections: DwarfSections;
  sources: SourceFiles;
  isCode: (address: number) => boolean;
  warn: (message: string) => void;
}

/** A line number program of .debug_line. Its header and its rows are read when first asked for. */
class DwarfLineUnit implements LineUnit {
  private lazyHeader: LineHeader | undefined;
  private lazyFiles: (SourceFile | undefined)[] | undefined;
  private lazyTable: LineTable | undefined;

  /** `directory` is the compilation directory that its relative paths start from. */
  constructor(
    private readonly context: LineUnitContext,
    private readonly offset: number,
    private readonly directory: string,
  ) {}

  get files(): readonly (SourceFile | undefined)[] {
    this.lazyFiles ??= this.header.files.map((entry) => entry && this.intern(entry.name, entry.directory, entry.md5));
    return this.lazyFiles;
  }

  get table(): LineTable {
    if (!this.lazyTable) {
      const { sections, isCode, warn } = this.context;
      const { rows, defined, damage } = runLineProgram(sections.line, this.header);
      if (damage) warn(damage.message);
      this.lazyFiles = [...this.files, ...defined.map((entry) => this.intern(entry.name, entry.directory))];
      this.lazyTable = new LineTable(rows, isCode);
    }
    return this.lazyTable;
  }

  private get header(): LineHeader {
    if (!this.lazyHeader) {
      try {
        this.lazyHeader = readLineHeader(this.context.sections, this.offset);
      } catch (error) {
        if (!(error instanceof SymbolError)) throw error;
        this.context.warn(error.message);
        this.lazyHeader = emptyHeader(this.offset);
      }
    }
    return this.lazyHeader;
  }

  private intern(name: string, directory: number, md5?: string): SourceFile {
    const base = joinPath(this.directory, this.header.directories[directory] ?? '');
    return this.context.sources.intern(joinPath(base, name), md5);
  }
}

/** Stands for a header that could not be read: no files, no program. */
function emptyHeader(offset: number): LineHeader {
  return {
    offset,
    program: 0,
    end: 0,
    version: 0,
    minimumInstructionLength: 1,
    defaultIsStmt: true,
    lineBase: 0,
    lineRange: 1,
    opcodeBase: 1,
    operandCounts: [],
    directories: [],
    files: [],
  };
}

/**
 * The line number programs of a file: those that units refer to, and those of .debug_line that none does.
 * Several units may share one.
 */
export function readLineUnits(
  context: LineUnitContext,
  units: readonly Unit[],
): { all: LineUnit[]; byUnit: Map<Unit, LineUnit>; orphans: LineUnit[] } {
  const byOffset = new Map<number, LineUnit>();
  const byUnit = new Map<Unit, LineUnit>();
  for (const unit of units) {
    try {
      const offset = unit.root.sectionOffset(DW_AT.stmt_list);
      if (offset === undefined) continue;
      const known = byOffset.get(offset) ?? new DwarfLineUnit(context, offset, unit.directory);
      byOffset.set(offset, known);
      byUnit.set(unit, known);
    } catch (error) {
      if (!(error instanceof SymbolError)) throw error;
      context.warn(error.message);
    }
  }
  const orphans: LineUnit[] = [];
  for (const offset of programOffsets(context)) {
    if (byOffset.has(offset)) continue;
    const unit = new DwarfLineUnit(context, offset, '');
    byOffset.set(offset, unit);
    orphans.push(unit);
  }
  return { all: [...byOffset.values()], byUnit, orphans };
}

function programOffsets({ sections, warn }: LineUnitContext): number[] {
  const offsets: number[] = [];
  const reader = new ByteReader(sections.line, '.debug_line');
  try {
    while (!reader.atEnd) {
      const { offset } = reader;
      const { length } = readInitialLength(reader);
      reader.skip(length);
      offsets.push(offset);
    }
  } catch (error) {
    if (!(error instanceof SymbolError)) throw error;
    warn(error.message);
  }
  return offsets;
}
