import { ElfError, ElfFile, ElfType } from '../../machine/loaders/elf';
import { DwarfProgram } from '../dwarf/dwarf-program';
import { elfSymbols, readImage } from '../elf-symbols';
import { SymbolError } from '../errors';
import type { ProgramModule } from '../program-module';
import { type ProgramSymbol, SymbolIndex } from '../symbol-index';
import type { SymbolFile } from './symbol-file';

/** Reads the symbol table and the debug information of a linked i386 ELF file. @throws ElfError or SymbolError */
export function loadElf(file: SymbolFile): ProgramModule {
  const { name, bias, warn } = file;
  const elf = new ElfFile(file.bytes);
  if (elf.type === ElfType.Relocatable) {
    throw new SymbolError(`${name} is an object file that was not linked yet: its symbols have no addresses`);
  }
  const symbols = new SymbolIndex(readSymbols(elf, warn));
  const objectAddress = (wanted: string): number | undefined => symbols.lookup(wanted)[0]?.address;
  const debug = new DwarfProgram(elf, bias, file.sourceMap, objectAddress, warn);
  return {
    name,
    bias,
    symbols,
    lines: debug.lines,
    debug,
    readCode: (address, length) => readImage(elf, address, length),
  };
}

/** A damaged symbol table is left out: the debug information may still be good. */
function readSymbols(elf: ElfFile, warn: (message: string) => void): ProgramSymbol[] {
  try {
    return elfSymbols(elf);
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
    warn(error.message);
    return [];
  }
}
