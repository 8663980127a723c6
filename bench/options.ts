/** What the command line asks for. */
export interface BenchOptions {
  /** Names of parts; none if none are named. */
  readonly parts: readonly string[];
  readonly quick: boolean;
  readonly help: boolean;
  /** Names of peers to leave out. */
  readonly without: readonly string[];
  /** Names of kernels to run; all if there are none. */
  readonly kernels: readonly string[];
  readonly json?: string;
  readonly markdown?: string;
}

/** @throws Error naming the argument that is not understood */
export function parseOptions(args: readonly string[], known: readonly string[]): BenchOptions {
  const parts: string[] = [];
  const without: string[] = [];
  const kernels: string[] = [];
  const files: { json?: string; markdown?: string } = {};
  let quick = false;
  let help = false;
  for (let i = 0; i < args.length; i++) {
    const argument = args[i];
    const value = (): string => {
      const next = args[++i];
      if (next === undefined) throw new Error(`${argument} needs a value`);
      return next;
    };
    if (argument === '--quick') quick = true;
    else if (argument === '--help') help = true;
    else if (argument === '--without') without.push(value().toLowerCase());
    else if (argument === '--kernel') kernels.push(value());
    else if (argument === '--json') files.json = value();
    else if (argument === '--markdown') files.markdown = value();
    else if (known.includes(argument)) parts.push(argument);
    else throw new Error(`there is no part or option "${argument}"; parts are ${known.join(', ')}`);
  }
  return { parts, quick, help, without, kernels, ...files };
}
