import { readQuoted } from '../text/escapes';
import { TextError } from '../text/text-error';

export type Token =
  | { kind: 'number'; value: bigint; unsigned: boolean; long: boolean; start: number; end: number }
  | { kind: 'character'; value: number; start: number; end: number }
  | { kind: 'string'; value: string; start: number; end: number }
  /** A name; `$` in front makes it a register for certain. */
  | { kind: 'name'; name: string; start: number; end: number }
  | { kind: 'operator'; text: string; start: number; end: number }
  | { kind: 'end'; start: number; end: number };

/** Longest first, so that the first match is the right one. */
const OPERATORS = [
  ...['<<=', '>>='],
  ...['->', '++', '--', '<<', '>>', '<=', '>=', '==', '!=', '&&', '||'],
  ...['+=', '-=', '*=', '/=', '%=', '&=', '|=', '^='],
  ...['+', '-', '*', '/', '%', '&', '|', '^', '~', '!', '<', '>', '=', '?', ':', ',', '.', '(', ')', '[', ']'],
];

const NAME = /[$A-Za-z_][$A-Za-z0-9_]*/y;
const NUMBER = /(0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+)([uU]?[lL]{0,2}|[lL]{1,2}[uU])(?![0-9A-Za-z_])/y;
const NUMBER_LIKE = /[0-9][0-9A-Za-z_]*/y;

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/**
 * Reads a number as C writes it: decimal, 0x hexadecimal, 0 octal, 0b binary; suffixes u and l.
 * @returns the token, or undefined if `at` is no digit
 * @throws TextError if the digits do not fit their base or the value needs more than 64 bits
 */
export function readNumber(text: string, at: number): Extract<Token, { kind: 'number' }> | undefined {
  const shape = matchAt(NUMBER_LIKE, text, at);
  if (!shape) return undefined;
  const match = matchAt(NUMBER, text, at);
  if (!match) throw new TextError(`"${shape[0]}" is not a number`, text, at, shape[0].length);
  const digits = match[1];
  const octal = /^0[0-9]+$/.test(digits);
  if (octal && /[89]/.test(digits)) {
    throw new TextError(`"${digits}" starts with 0, so it is octal, but has a digit above 7`, text, at, digits.length);
  }
  const value = BigInt(octal ? `0o${digits.slice(1)}` : digits);
  if (value >= 1n << 64n) throw new TextError(`"${digits}" does not fit in 64 bits`, text, at, digits.length);
  return {
    kind: 'number',
    value,
    unsigned: /u/i.test(match[2]),
    long: /ll/i.test(match[2]),
    start: at,
    end: at + match[0].length,
  };
}

/** Cuts an expression into tokens, one at a time, so that a parser can stop where the expression ends. */
export class Lexer {
  /** The token that the parser looks at. */
  token: Token;
  /** End of the token before it. */
  previousEnd: number;

  /** @throws TextError if the first token is malformed */
  constructor(
    readonly text: string,
    start = 0,
  ) {
    this.previousEnd = start;
    this.token = this.read(start);
  }

  /** Goes on to the next token. @throws TextError if it is malformed */
  advance(): void {
    this.previousEnd = this.token.end;
    this.token = this.read(this.token.end);
  }

  /** Puts the lexer back to a token seen before. */
  rewind(token: Token, previousEnd: number): void {
    this.token = token;
    this.previousEnd = previousEnd;
  }

  /** How the present token is called in a message. */
  describe(): string {
    const { token } = this;
    return token.kind === 'end' ? 'the end' : `"${this.text.slice(token.start, token.end)}"`;
  }

  /** An error at the present token. */
  error(problem: string): TextError {
    const { start, end } = this.token;
    return new TextError(problem, this.text, start, Math.max(1, end - start));
  }

  private read(from: number): Token {
    const { text } = this;
    let at = from;
    while (at < text.length && /\s/.test(text[at])) at++;
    if (at >= text.length) return { kind: 'end', start: text.length, end: text.length };
    const character = text[at];
    if (character === "'") return this.readCharacter(at);
    if (character === '"') {
      const { value, end } = readQuoted(text, at);
      return { kind: 'string', value, start: at, end };
    }
    const number = readNumber(text, at);
    if (number) return number;
    const name = matchAt(NAME, text, at);
    if (name) return { kind: 'name', name: name[0], start: at, end: at + name[0].length };
    // Debuggers for AT&T syntax write registers with a percent sign; but here it is the remainder operator.
    const operator = OPERATORS.find((candidate) => text.startsWith(candidate, at));
    if (operator) return { kind: 'operator', text: operator, start: at, end: at + operator.length };
    throw new TextError(`unexpected character "${character}"`, text, at);
  }

  private readCharacter(at: number): Token {
    const { value, end } = readQuoted(this.text, at);
    if (value.length !== 1 || value.charCodeAt(0) > 0xff) {
      throw new TextError('a character constant holds one character', this.text, at, end - at);
    }
    return { kind: 'character', value: value.charCodeAt(0), start: at, end };
  }
}
