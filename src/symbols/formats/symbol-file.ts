/** A symbol file to be read. */
export interface SymbolFile {
  /** Its path, for messages. */
  name: string;
  bytes: Uint8Array;
  /** Added to the addresses in it to get linear ones. */
  bias: number;
  sourceMap: Readonly<Record<string, string>>;
  /** The source of a NASM listing, which does not name it. */
  source: string | undefined;
  /** Takes note of damage that only hides a part. */
  warn: (message: string) => void;
}
