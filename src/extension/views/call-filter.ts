/** What a filter of the Hypercalls view asks for. */
export interface CallFilter {
  /** `kvm` */
  abi?: string;
  /** Name or number of a call. */
  call?: string;
  port?: number;
  /** All of them must be somewhere in what a row shows; in lower case. */
  words: string[];
}

/** What the filter looks at. */
export interface CallText {
  abi: string;
  name: string;
  number?: number;
  port?: number;
  /** Everything that the row shows. */
  text: string;
}

/** Takes `abi:kvm call:OUTB port:0x3f8 uart` apart. Prefixes that are not known are words. */
export function parseCallFilter(filter: string): CallFilter {
  const parsed: CallFilter = { words: [] };
  for (const word of filter.trim().toLowerCase().split(/\s+/).filter(Boolean)) {
    const [, key, value] = /^(abi|call|port):(.+)$/.exec(word) ?? [];
    const port = key === 'port' ? numberOf(value) : undefined;
    if (key === 'abi') parsed.abi = value;
    else if (key === 'call') parsed.call = value;
    else if (port !== undefined) parsed.port = port;
    else parsed.words.push(word);
  }
  return parsed;
}

/** What is wrong with a filter, for the user, or undefined. */
export function callFilterProblem(filter: string): string | undefined {
  const port = /(?:^|\s)port:(\S*)/i.exec(filter);
  if (port && numberOf(port[1]) === undefined) return `"${port[1]}" is no port: give a number such as 0x3f8`;
  const empty = /(?:^|\s)(abi|call):(?:\s|$)/i.exec(filter);
  return empty ? `${empty[1]}: wants a name behind it` : undefined;
}

/** Whether a row is what the filter asks for. */
export function matchesCall(filter: CallFilter, { abi, name, number, port, text }: CallText): boolean {
  const { words, call } = filter;
  return (
    (filter.abi === undefined || abi.toLowerCase() === filter.abi) &&
    (call === undefined || name.toLowerCase() === call || numberOf(call) === number) &&
    (filter.port === undefined || port === filter.port) &&
    words.every((word) => text.toLowerCase().includes(word))
  );
}

function numberOf(text: string): number | undefined {
  return /^(0x[0-9a-f]+|[0-9]+)$/i.test(text) ? Number(text) : undefined;
}
