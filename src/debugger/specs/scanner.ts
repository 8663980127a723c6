import { parseExpressionPrefix } from '../expressions/parser';
import { readNumber } from '../expressions/lexer';
import { readQuoted } from '../text/escapes';
import { didYouMean } from '../text/suggest';
import { TextError } from '../text/text-error';
import type { ExpressionText } from './ast';

const WORD = /[^\s"'/,]+/y;

/** Reads a spec from left to right: words, numbers, quoted texts, expressions. */
export class SpecScanner {
  /** Offset of the next character that is not blank; `text.length` at the end. */
  at = 0;

  constructor(readonly text: string) {
    this.skipBlanks();
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }

  /** The word here (up to a blank, a quote, a slash or a comma) without going on; empty at the end. */
  peekWord(): string {
    WORD.lastIndex = this.at;
    return WORD.exec(this.text)?.[0] ?? '';
  }

  /** Goes on past `length` characters and the blanks after them. */
  skip(length: number): void {
    this.at += length;
    this.skipBlanks();
  }

  /** Takes a word. @throws TextError saying what was expected if there is none */
  word(expected: string): { word: string; start: number } {
    const start = this.at;
    const word = this.peekWord();
    if (word === '') throw this.expected(expected);
    this.skip(word.length);
    return { word, start };
  }

  /** Takes a character if it is the next one. */
  accept(character: string): boolean {
    if (!this.text.startsWith(character, this.at)) return false;
    this.skip(character.length);
    return true;
  }

  /**
   * Takes a number in C's notation, as far as it goes.
   * @returns undefined if the next character is no digit
   * @throws TextError if it is malformed or outside 0 to `max`
   */
  number(what: string, max: number): number | undefined {
    const token = readNumber(this.text, this.at);
    if (!token) return undefined;
    const length = token.end - token.start;
    if (token.value > BigInt(max)) {
      throw new TextError(`${what} is a number from 0 to 0x${max.toString(16)}`, this.text, token.start, length);
    }
    this.skip(length);
    return Number(token.value);
  }

  /** Takes a text in double quotes. @throws TextError */
  quoted(expected: string): { text: string; start: number } {
    if (this.text[this.at] !== '"') throw this.expected(expected);
    const start = this.at;
    const { value, end } = readQuoted(this.text, start);
    this.skip(end - start);
    return { text: value, start };
  }

  /** Takes the longest expression here. @throws TextError */
  expression(): ExpressionText {
    const start = this.at;
    const { end } = parseExpressionPrefix(this.text, start);
    this.skip(end - start);
    return { text: this.text.slice(start, end), start };
  }

  /** An error at the present place that names what was expected and what is there. */
  expected(expected: string, candidates: Iterable<string> = []): TextError {
    const word = this.peekWord() || this.text[this.at];
    const found = word === undefined ? 'the end' : `"${word}"`;
    const hint = word === undefined ? '' : didYouMean(word, candidates);
    return new TextError(`expected ${expected}, found ${found}.${hint}`, this.text, this.at, word?.length ?? 1);
  }

  private skipBlanks(): void {
    while (this.at < this.text.length && /\s/.test(this.text[this.at])) this.at++;
  }
}
