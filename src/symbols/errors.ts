/** A symbol file that can't be used. The message names the file or section, the place and what is wrong; shown to the user. */
export class SymbolError extends Error {
  override name = 'SymbolError';
}
