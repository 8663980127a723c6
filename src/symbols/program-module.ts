import type { DwarfProgram } from './dwarf/dwarf-program';
import type { LineIndex } from './lines/line-index';
import type { SymbolIndex } from './symbol-index';

/** One loaded symbol file. All addresses in it are linked ones; `bias` is added to get linear ones. */
export interface ProgramModule {
  readonly name: string;
  readonly bias: number;
  readonly symbols: SymbolIndex;
  /** Source lines, if the file has any. */
  readonly lines: LineIndex | undefined;
  /** The rest of the debug information, if the file is an ELF file. */
  readonly debug: DwarfProgram | undefined;
  /** Up to `length` bytes of code from the file, at a linked address; empty if they are not there. */
  readCode(address: number, length: number): Uint8Array;
}
