import { parseArgs } from 'node:util';
import { didYouMean } from '../../debugAdapter/schema/did-you-mean';
import { UsageError } from './usage-error';

/** One option of a command, for the parser and for its help page. */
export interface Option {
  /** Stands for the value in the help page; left out where the option takes none. */
  readonly value?: string;
  /** May be given several times. */
  readonly multiple?: boolean;
  readonly help: string;
}

export type OptionTable = Readonly<Record<string, Option>>;

/** Arguments as given. An option without a value is present with an empty list. */
export interface Arguments {
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly positionals: readonly string[];
}

/** Every command takes `--help`. */
const HELP: Option = { help: 'Show this page and leave.' };

/**
 * Parses arguments against a table.
 * @throws UsageError for an unknown option (with the nearest known one), a missing, superfluous or repeated value
 */
export function parseOptions(args: readonly string[], table: OptionTable): Arguments {
  const known: OptionTable = { ...table, help: HELP };
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(known).map(([name, { value }]) => [
        name,
        { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple: true },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const options = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const option = token.rawName.startsWith('--') && Object.hasOwn(known, token.name) ? known[token.name] : undefined;
    if (!option) {
      const hint = didYouMean(
        token.rawName,
        Object.keys(known).map((name) => `--${name}`),
      );
      throw new UsageError(`Unknown option ${token.rawName}${hint}.`);
    }
    addValue(options, token, option);
  }
  return { options, positionals };
}

function addValue(
  options: Map<string, string[]>,
  token: { name: string; rawName: string; value?: string; inlineValue?: boolean },
  option: Option,
): void {
  const { name, rawName, value } = token;
  const values = options.get(name) ?? [];
  options.set(name, values);
  if (option.value === undefined) {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value.`);
    return;
  }
  if (value === undefined || (!token.inlineValue && value.startsWith('--'))) {
    throw new UsageError(`${rawName} needs a value: ${rawName} ${option.value}.`);
  }
  if (values.length > 0 && !option.multiple) throw new UsageError(`${rawName} is given twice.`);
  values.push(value);
}

/** The value of an option that may be given once. */
export function single({ options }: Arguments, name: string): string | undefined {
  return options.get(name)?.[0];
}

const WIDTH = 100;
const INDENT = 26;

/** The options of a help page, one paragraph each. */
export function describeOptions(table: OptionTable): string {
  return Object.entries({ ...table, help: HELP })
    .map(([name, { value, multiple, help }]) => {
      const head = `  --${name}${value === undefined ? '' : ` ${value}`}${multiple ? ' …' : ''}`;
      const lines = wrap(help, WIDTH - INDENT);
      const indent = ' '.repeat(INDENT);
      const first = head.length < INDENT - 1 ? head.padEnd(INDENT) + lines.shift() : head;
      return [first, ...lines.map((line) => indent + line)].join('\n');
    })
    .join('\n');
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line ? `${line} ${word}` : word;
    }
  }
  return [...lines, line];
}

/**
 * A count such as `5000000`, `5_000_000`, `0x100` or `5M` (k, M and G are powers of 1000).
 * @throws UsageError naming the option
 */
export function parseCount(option: string, text: string): number {
  const match = /^(0x[0-9a-f]+|\d[\d_]*)([kMG]?)$/i.exec(text);
  const factors: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, g: 1e9 };
  const count = match ? Number(match[1].replaceAll('_', '')) * (factors[match[2].toLowerCase()] ?? 1) : Number.NaN;
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new UsageError(`--${option}: expected a count such as 5000000 or 5M, got "${text}".`);
  }
  return count;
}
