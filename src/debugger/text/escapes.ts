import { TextError } from './text-error';

const SIMPLE: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  '0': '\0',
  '\\': '\\',
  "'": "'",
  '"': '"',
};
const NAMES = new Map(Object.entries(SIMPLE).map(([letter, character]) => [character, letter]));

/**
 * Reads a quoted text with C escapes (`\n`, `\x1b`, `\"` …).
 * @param start offset of the opening quote
 * @returns the characters, and the offset after the closing quote
 * @throws TextError if the quote is never closed or an escape is unknown
 */
export function readQuoted(text: string, start: number): { value: string; end: number } {
  const quote = text[start];
  let value = '';
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at];
    if (character === quote) return { value, end: at + 1 };
    if (character !== '\\') {
      value += character;
      continue;
    }
    const hex = /^x([0-9a-fA-F]{1,2})/.exec(text.slice(at + 1, at + 4));
    if (hex) {
      value += String.fromCharCode(parseInt(hex[1], 16));
      at += hex[0].length;
      continue;
    }
    const letter = text[at + 1];
    if (letter === undefined) break;
    if (!(letter in SIMPLE)) throw new TextError(`unknown escape "\\${letter}"`, text, at, 2);
    value += SIMPLE[letter];
    at++;
  }
  throw new TextError(`the text is not closed: expected ${quote}`, text, start, text.length - start);
}

/** Writes a text in quotes so that `readQuoted` gives it back. */
export function quote(value: string, mark: '"' | "'" = '"'): string {
  let text = mark;
  for (const character of value) {
    const code = character.charCodeAt(0);
    if (character === '\\' || character === mark) text += `\\${character}`;
    else if (code >= 0x20 && code !== 0x7f) text += character;
    else if (character !== '\0' && NAMES.has(character)) text += `\\${NAMES.get(character)}`;
    else text += `\\x${code.toString(16).padStart(2, '0')}`;
  }
  return text + mark;
}
