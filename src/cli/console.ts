/** What a command reads and writes. Results go to `out`, messages to `err`. */
export interface Console {
  out(data: string | Uint8Array): void;
  /** One message; a newline is added. */
  err(message: string): void;
  readonly cwd: string;
  /** Calls `onData` with what is typed or piped in and `onEnd` after the last of it, until the returned function is called. */
  readInput(onData: (data: Uint8Array) => void, onEnd: () => void): () => void;
  /** Calls `onInterrupt` at Ctrl-C or a termination signal, until the returned function is called. */
  onInterrupt(onInterrupt: () => void): () => void;
}
