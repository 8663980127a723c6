import { SymbolError } from '../errors';
import type { ProgramModule } from '../program-module';
import type { SymbolFile } from './elf-module';

export function loadText(file: SymbolFile): ProgramModule {
  throw new SymbolError(`${file.name} is no symbol file`);
}
