import { TextError } from '../text/text-error';
import { EvaluationError } from '../values/memory';
import { isScalar, type Scalar } from '../values/scalars';
import { typeName } from '../../symbols/types';
import { isFloat, strip, UNSIGNED } from '../values/types';
import { converted } from './arithmetic';
import { compileExpression } from './compiler';
import { decay, type Operand, scalarOf } from './operand';
import { parseExpression } from './parser';
import type { ExpressionTarget, Scope } from './scope';

type Format = 'x' | 'd' | 'c' | 's';

/** Characters of a string in guest memory that are shown at most. */
const STRING_LIMIT = 200;

/** Reads a NUL-terminated string at a linear address, at most `limit` bytes, as far as memory is mapped. */
export function readString(target: ExpressionTarget, address: number, limit = STRING_LIMIT): string {
  let text = '';
  for (let i = 0; i < limit; i++) {
    const byte = target.memory.readNumber((address + i) >>> 0, 1);
    if (byte === 0) return text;
    text += String.fromCharCode(byte);
  }
  return `${text}…`;
}

function hexadecimal(value: Scalar): string {
  const negative = value < 0;
  return `${negative ? '-' : ''}0x${(negative ? -value : value).toString(16)}`;
}

function formatter(operand: Operand, format: Format | undefined, target: ExpressionTarget): () => string {
  const inner = strip(operand.type);
  switch (format) {
    case 'x':
      // Hexadecimal shows the bits: a negative number as the bits that hold it.
      return () => {
        const value = scalarOf(operand);
        return hexadecimal(value < 0 && typeof value === 'number' && Number.isInteger(value) ? value >>> 0 : value);
      };
    case 'c':
      return () => String.fromCharCode(Number(scalarOf(operand)) & 0xff);
    case 's': {
      const address = converted(operand, UNSIGNED).number!;
      return () => readString(target, address());
    }
    case 'd':
      return () => String(scalarOf(operand));
    default:
      if (inner.kind === 'pointer') return () => hexadecimal(scalarOf(operand));
      if (inner.kind === 'enum') {
        return () => {
          const value = BigInt(scalarOf(operand));
          return inner.enumerators.find((candidate) => candidate.value === value)?.name ?? String(value);
        };
      }
      return () => String(scalarOf(operand));
  }
}

/** Offset of the brace that closes the one at `open`, quotes respected; -1 if there is none. */
function closingBrace(text: string, open: number): number {
  let quote = '';
  for (let at = open + 1; at < text.length; at++) {
    const character = text[at];
    if (quote !== '') {
      if (character === '\\') at++;
      else if (character === quote) quote = '';
    } else if (character === "'" || character === '"') {
      quote = character;
    } else if (character === '}') {
      return at;
    }
  }
  return -1;
}

/** Splits `expr:x` into expression and format. The colon of `a ? b : c` is not taken for one. */
function splitFormat(body: string): { expression: string; format?: Format } {
  const match = /^(.*):\s*([xdcs])\s*$/s.exec(body);
  if (match) {
    try {
      parseExpression(match[1]);
      return { expression: match[1], format: match[2] as Format };
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
    }
  }
  return { expression: body };
}

/**
 * Compiles the text of a log breakpoint. `{expr}` is replaced by a value, `{expr:x}` in hexadecimal, `:d` decimal,
 * `:c` as a character, `:s` as the string at an address; `{{` and `}}` are braces. A value that cannot be read
 * when the text is written leaves its reason in angle brackets.
 * @throws TextError that points at the place
 */
export function compileTemplate(text: string, target: ExpressionTarget, scope: Scope): () => string {
  const parts: (string | (() => string))[] = [];
  let literal = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if ((character === '{' || character === '}') && text[at + 1] === character) {
      literal += character;
      at++;
    } else if (character === '{') {
      const close = closingBrace(text, at);
      if (close < 0) throw new TextError('expected "}" after the expression', text, at, text.length - at);
      parts.push(literal, compilePart(text, at + 1, close, target, scope));
      literal = '';
      at = close;
    } else {
      literal += character;
    }
  }
  parts.push(literal);
  return () => parts.map((part) => (typeof part === 'string' ? part : part())).join('');
}

function compilePart(text: string, start: number, end: number, target: ExpressionTarget, scope: Scope): () => string {
  const { expression, format } = splitFormat(text.slice(start, end));
  let operand: Operand;
  try {
    operand = decay(compileExpression(expression, target, scope));
  } catch (error) {
    throw error instanceof TextError ? error.within(text, start) : error;
  }
  if (!isScalar(operand.type)) {
    const problem = `a value of type ${typeName(operand.type)} cannot be written: name a member of it`;
    throw new TextError(problem, text, start, end - start);
  }
  if (format === 's' && isFloat(operand.type)) {
    throw new TextError('":s" needs an address', text, start, end - start);
  }
  const print = formatter(operand, format, target);
  return () => {
    try {
      return print();
    } catch (error) {
      if (error instanceof EvaluationError) return `<${error.message}>`;
      throw error;
    }
  };
}
