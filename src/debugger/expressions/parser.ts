import { TextError } from '../text/text-error';
import type { ArithmeticOperator, ComparisonOperator, ExpressionNode, TypeName, UnaryOperator } from './ast';
import { Lexer } from './lexer';
import { builtinType, QUALIFIERS, TAG_WORDS, TYPE_WORDS } from './type-names';

/** Binary operators by precedence, loosest first (C11 6.5.5 to 6.5.14). */
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
const UNARY: ReadonlySet<string> = new Set(['+', '-', '~', '!', '*', '&']);
const ASSIGNMENT = /^(\+|-|\*|\/|%|&|\||\^|<<|>>)?=$/;
const SEGMENTS: ReadonlySet<string> = new Set(['es', 'cs', 'ss', 'ds', 'fs', 'gs']);
const MEMORY_FUNCTIONS: Readonly<Record<string, { space: 'linear' | 'physical'; type: string }>> = {
  u8: { space: 'linear', type: 'u8' },
  u16: { space: 'linear', type: 'u16' },
  u32: { space: 'linear', type: 'u32' },
  u64: { space: 'linear', type: 'u64' },
  s8: { space: 'linear', type: 's8' },
  s16: { space: 'linear', type: 's16' },
  s32: { space: 'linear', type: 's32' },
  s64: { space: 'linear', type: 's64' },
  phys: { space: 'physical', type: 'u32' },
  phys8: { space: 'physical', type: 'u8' },
  phys16: { space: 'physical', type: 'u16' },
  phys32: { space: 'physical', type: 'u32' },
};
/** Names that read memory at the address in parentheses. */
export const FUNCTIONS: readonly string[] = Object.keys(MEMORY_FUNCTIONS);
/** Nesting beyond this is refused rather than risked on the host's stack. */
const MAX_DEPTH = 200;

/**
 * Recursive-descent parser for C-like expressions. It needs no symbols: `(name)` before an operand is a
 * cast, `(name) - x` is a subtraction unless the name is a builtin type.
 */
class Parser {
  private readonly lexer: Lexer;
  private depth = 0;

  constructor(text: string, start: number) {
    this.lexer = new Lexer(text, start);
  }

  get end(): number {
    return this.lexer.previousEnd;
  }

  expectEnd(): void {
    if (this.lexer.token.kind !== 'end') {
      throw this.lexer.error(`expected an operator or the end, found ${this.lexer.describe()}`);
    }
  }

  sequence(): ExpressionNode {
    let left = this.assignment();
    while (this.accept(',')) {
      const right = this.assignment();
      left = { kind: 'sequence', left, right, start: left.start, end: right.end };
    }
    return left;
  }

  assignment(): ExpressionNode {
    if (++this.depth > MAX_DEPTH) throw this.lexer.error('the expression is nested too deeply');
    const target = this.conditional();
    const { token } = this.lexer;
    const match = token.kind === 'operator' ? ASSIGNMENT.exec(token.text) : null;
    this.depth--;
    if (!match) return target;
    this.lexer.advance();
    const value = this.assignment();
    const operator = match[1] as ArithmeticOperator | undefined;
    return { kind: 'assignment', operator, target, value, start: target.start, end: value.end };
  }

  private conditional(): ExpressionNode {
    const test = this.binary(0);
    if (!this.accept('?')) return test;
    const yes = this.sequence();
    this.expect(':', 'between the two values of "?"');
    const no = this.nested(() => this.conditional());
    return { kind: 'conditional', test, yes, no, start: test.start, end: no.end };
  }

  private binary(level: number): ExpressionNode {
    if (level === LEVELS.length) return this.unary();
    let left = this.binary(level + 1);
    for (;;) {
      const { token } = this.lexer;
      if (token.kind !== 'operator' || !LEVELS[level].includes(token.text)) return left;
      this.lexer.advance();
      const right = this.binary(level + 1);
      const span = { start: left.start, end: right.end };
      if (token.text === '&&' || token.text === '||') {
        left = { kind: 'logical', operator: token.text, left, right, ...span };
      } else if (LEVELS[5].includes(token.text) || LEVELS[6].includes(token.text)) {
        left = { kind: 'comparison', operator: token.text as ComparisonOperator, left, right, ...span };
      } else {
        left = { kind: 'arithmetic', operator: token.text as ArithmeticOperator, left, right, ...span };
      }
    }
  }

  private unary(): ExpressionNode {
    const { token } = this.lexer;
    if (token.kind === 'operator' && (token.text === '++' || token.text === '--')) {
      this.lexer.advance();
      const operand = this.nested(() => this.unary());
      const operator = token.text === '++' ? '+' : '-';
      return { kind: 'update', operator, prefix: true, operand, start: token.start, end: operand.end };
    }
    if (token.kind === 'operator' && UNARY.has(token.text)) {
      this.lexer.advance();
      const operand = this.nested(() => this.unary());
      return {
        kind: 'unary',
        operator: token.text as UnaryOperator,
        operand,
        start: token.start,
        end: operand.end,
      };
    }
    if (token.kind === 'name' && token.name === 'sizeof') return this.sizeof(token.start);
    return this.cast() ?? this.postfix(this.primary());
  }

  private sizeof(start: number): ExpressionNode {
    this.lexer.advance();
    const type = this.parenthesizedType(() => true);
    if (type) return { kind: 'sizeof', type, start, end: this.lexer.previousEnd };
    const operand = this.nested(() => this.unary());
    return { kind: 'sizeof', operand, start, end: operand.end };
  }

  private cast(): ExpressionNode | undefined {
    const { start } = this.lexer.token;
    const type = this.parenthesizedType((name) => name.certain || this.operandFollows());
    if (!type) return undefined;
    const operand = this.nested(() => this.unary());
    return { kind: 'cast', type, operand, start, end: operand.end };
  }

  /** True if the present token can only begin an operand, so that a name in parentheses before it was a type. */
  private operandFollows(): boolean {
    const { token } = this.lexer;
    if (token.kind === 'operator') return token.text === '~' || token.text === '!' || token.text === '(';
    return token.kind !== 'end';
  }

  /** `(type)` at the present token if it is one; otherwise the lexer is left where it was. */
  private parenthesizedType(accept: (name: { certain: boolean }) => boolean): TypeName | undefined {
    const { lexer } = this;
    const { token, previousEnd } = lexer;
    if (token.kind !== 'operator' || token.text !== '(') return undefined;
    lexer.advance();
    const name = this.typeName();
    if (name && this.accept(')') && accept(name)) return name.type;
    lexer.rewind(token, previousEnd);
    return undefined;
  }

  private typeName(): { type: TypeName; certain: boolean } | undefined {
    const { lexer } = this;
    const { start } = lexer.token;
    const words: string[] = [];
    let certain = false;
    for (;;) {
      const { token } = lexer;
      if (token.kind !== 'name') break;
      const { name } = token;
      if (!QUALIFIERS.has(name)) {
        const continues =
          words.length === 0 || TAG_WORDS.has(words[0]) || (TYPE_WORDS.has(words[0]) && TYPE_WORDS.has(name));
        if (!continues || (TAG_WORDS.has(words[0]) && words.length === 2)) return undefined;
        words.push(name);
      }
      certain ||= TAG_WORDS.has(name) || QUALIFIERS.has(name);
      lexer.advance();
    }
    if (words.length === 0) return undefined;
    let pointers = 0;
    while (this.accept('*')) pointers++;
    const base = words.join(' ');
    certain ||= pointers > 0 || builtinType(base) !== undefined;
    return { type: { base, pointers, start, end: lexer.previousEnd }, certain };
  }

  private postfix(node: ExpressionNode): ExpressionNode {
    let object = node;
    for (;;) {
      const { token } = this.lexer;
      const { start } = object;
      if (token.kind !== 'operator') return object;
      if (token.text === '[') {
        this.lexer.advance();
        const index = this.nested(() => this.sequence());
        this.expect(']', 'after the index');
        object = { kind: 'index', object, index, start, end: this.lexer.previousEnd };
      } else if (token.text === '.' || token.text === '->') {
        this.lexer.advance();
        const member = this.lexer.token;
        if (member.kind !== 'name') {
          throw this.lexer.error(`expected the name of a member after "${token.text}", found ${this.lexer.describe()}`);
        }
        this.lexer.advance();
        object = { kind: 'member', object, name: member.name, arrow: token.text === '->', start, end: member.end };
      } else if (token.text === '++' || token.text === '--') {
        this.lexer.advance();
        const operator = token.text === '++' ? '+' : '-';
        object = { kind: 'update', operator, prefix: false, operand: object, start, end: token.end };
      } else {
        return object;
      }
    }
  }

  private primary(): ExpressionNode {
    const { lexer } = this;
    const { token } = lexer;
    const { start, end } = token;
    switch (token.kind) {
      case 'number':
      case 'character':
      case 'string':
        lexer.advance();
        return token;
      case 'name':
        lexer.advance();
        return this.memoryAccess(token.name, start) ?? { kind: 'name', name: token.name, start, end };
      case 'operator':
        if (token.text === '(') {
          lexer.advance();
          const inner = this.nested(() => this.sequence());
          this.expect(')', 'to close the parenthesis');
          return { ...inner, start, end: lexer.previousEnd };
        }
        if (token.text === '[') return this.segmented(undefined, start);
        break;
      case 'end':
        break;
    }
    throw lexer.error(`expected a value, found ${lexer.describe()}`);
  }

  /** `u8(x)`, `phys(x)` and `u8[ds:x]`, where the name has just been read. */
  private memoryAccess(name: string, start: number): ExpressionNode | undefined {
    const { lexer } = this;
    const { token } = lexer;
    if (token.kind !== 'operator' || !Object.hasOwn(MEMORY_FUNCTIONS, name)) {
      if (token.kind === 'operator' && token.text === '(') {
        const names = FUNCTIONS.join(', ');
        throw new TextError(`"${name}" cannot be called: functions are ${names}`, lexer.text, start, name.length);
      }
      return undefined;
    }
    const { space, type } = MEMORY_FUNCTIONS[name];
    if (token.text === '[' && space === 'linear') {
      return this.segmented({ base: type, pointers: 0, start, end: token.start }, start);
    }
    if (token.text !== '(') return undefined;
    lexer.advance();
    const address = this.nested(() => this.sequence());
    this.expect(')', `to close ${name}(`);
    return { kind: 'memory', space, type, address, start, end: lexer.previousEnd };
  }

  private segmented(type: TypeName | undefined, start: number): ExpressionNode {
    const { lexer } = this;
    lexer.advance();
    const { token, previousEnd } = lexer;
    let segment: string | undefined;
    if (token.kind === 'name') {
      const name = token.name.replace(/^\$/, '').toLowerCase();
      lexer.advance();
      if (this.accept(':')) {
        if (!SEGMENTS.has(name)) {
          const names = [...SEGMENTS].join(', ');
          throw new TextError(`expected a segment register (${names})`, lexer.text, token.start, name.length);
        }
        segment = name;
      } else {
        lexer.rewind(token, previousEnd);
      }
    }
    const offset = this.nested(() => this.sequence());
    this.expect(']', 'after the address');
    return { kind: 'segmented', segment, offset, type, start, end: lexer.previousEnd };
  }

  private nested<T>(parse: () => T): T {
    if (++this.depth > MAX_DEPTH) throw this.lexer.error('the expression is nested too deeply');
    const result = parse();
    this.depth--;
    return result;
  }

  private accept(text: string): boolean {
    const { token } = this.lexer;
    if (token.kind !== 'operator' || token.text !== text) return false;
    this.lexer.advance();
    return true;
  }

  private expect(text: string, where: string): void {
    if (this.accept(text)) return;
    throw this.lexer.error(`expected "${text}" ${where}, found ${this.lexer.describe()}`);
  }
}

/**
 * Parses a whole text as an expression.
 * @throws TextError that points at the place
 */
export function parseExpression(text: string): ExpressionNode {
  const parser = new Parser(text, 0);
  const node = parser.sequence();
  parser.expectEnd();
  return node;
}

/**
 * Parses the longest expression that begins at `start`, without comma operators; what follows it is the caller's.
 * @throws TextError that points at the place
 */
export function parseExpressionPrefix(text: string, start: number): { node: ExpressionNode; end: number } {
  const parser = new Parser(text, start);
  const node = parser.assignment();
  return { node, end: parser.end };
}
