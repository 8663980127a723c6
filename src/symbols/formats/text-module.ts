import { SymbolError } from '../errors';
import { LineIndex } from '../lines/line-index';
import { END_SEQUENCE, IS_STMT, type LineRows } from '../lines/line-program';
import { LineTable, type LineUnit } from '../lines/line-table';
import { SourceFiles } from '../lines/source-files';
import { joinPath } from '../lines/source-path';
import type { ProgramModule } from '../program-module';
import { SymbolIndex } from '../symbol-index';
import { MAP_FORMATS, withLimits } from './map-files';
import { isNasmListing, type ListingRow, readNasmListing } from './nasm-listing';
import type { SymbolFile } from './symbol-file';

/** Text with a zero byte this early is no text. */
const PROBE_BYTES = 1024;
/** Characters of a line that are looked at; no tool writes longer ones that matter. */
const MAX_LINE = 1000;

/** Reads a NASM listing or a map file. @throws SymbolError if it is neither */
export function loadText(file: SymbolFile): ProgramModule {
  const { name, bytes, bias } = file;
  const known = 'an i386 ELF file, a linker map (GNU ld, LLD, NASM), nm output, or a NASM listing';
  if (bytes.length === 0) throw new SymbolError(`${name} is empty; a symbol file is ${known}`);
  if (bytes.subarray(0, PROBE_BYTES).includes(0)) {
    throw new SymbolError(`${name} is no symbol file that Ringside knows; one is ${known}`);
  }
  const lines = new TextDecoder()
    .decode(bytes)
    .split(/\r?\n/)
    .map((line) => line.slice(0, MAX_LINE));
  const readCode = (): Uint8Array => new Uint8Array(0);
  const format = MAP_FORMATS.find((candidate) => candidate.matches(lines));
  if (format) {
    const symbols = format.read(lines);
    if (symbols.length === 0) throw new SymbolError(`${name} looks like ${format.name} but has no symbols`);
    return { name, bias, symbols: new SymbolIndex(withLimits(symbols)), lines: undefined, debug: undefined, readCode };
  }
  if (!isNasmListing(lines)) {
    throw new SymbolError(`${name} is no symbol file that Ringside knows; one is ${known}`);
  }
  const source = file.source ?? name.replace(/\.\w+$/, '') + '.asm';
  const listing = readNasmListing(lines, source);
  return {
    name,
    bias,
    symbols: new SymbolIndex(listing.symbols),
    lines: linesOf(listing.rows, source, file.sourceMap),
    debug: undefined,
    readCode,
  };
}

/** A line table from the rows of a listing. Included files are looked for beside the main one. */
function linesOf(rows: readonly ListingRow[], source: string, sourceMap: Readonly<Record<string, string>>): LineIndex {
  const directory = source.replace(/[^\\/]*$/, '');
  const sources = new SourceFiles(sourceMap);
  const names = [...new Set(rows.map((row) => row.file))];
  const files = names.map((name) => sources.intern(name === source ? joinPath('', name) : joinPath(directory, name)));
  const table = new LineTable(toMatrix(rows, names), () => true);
  const unit: LineUnit = { table, files };
  return new LineIndex([unit], () => [unit], sources);
}

/** Rows by address, with the end of each contiguous run marked. */
function toMatrix(rows: readonly ListingRow[], names: readonly string[]): LineRows {
  const sorted = rows.filter((row) => row.length > 0).sort((a, b) => a.address - b.address);
  const cells: [address: number, file: number, line: number, flags: number][] = [];
  sorted.forEach((row, i) => {
    const file = names.indexOf(row.file);
    cells.push([row.address, file, row.line, row.isCode ? IS_STMT : 0]);
    const end = row.address + row.length;
    if (sorted[i + 1]?.address !== end) cells.push([end, file, row.line, END_SEQUENCE]);
  });
  return {
    count: cells.length,
    addresses: Uint32Array.from(cells, ([address]) => address),
    files: Uint32Array.from(cells, ([, file]) => file),
    lines: Uint32Array.from(cells, ([, , line]) => line),
    columns: new Uint16Array(cells.length),
    flags: Uint8Array.from(cells, ([, , , flags]) => flags),
  };
}
