import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compileCondition, compileExpression } from '../../src/debugger/expressions/compiler';
import { scalarOf } from '../../src/debugger/expressions/operand';
import { compileTemplate } from '../../src/debugger/expressions/template';
import { TextError } from '../../src/debugger/text/text-error';
import { EvaluationError } from '../../src/debugger/values/memory';
import { type StructType, type Type, typeName } from '../../src/symbols/types';
import { arrayOf, CHAR, INT, pointerTo, U16, U32, U8 } from '../../src/debugger/values/types';
import { TestScope, TestTarget } from './support';

describe('expressions', () => {
  let target: TestTarget;
  let scope: TestScope;

  const node: StructType = {
    kind: 'struct',
    keyword: 'struct',
    name: 'node',
    byteSize: 12,
    incomplete: false,
    get members() {
      return [
        { name: 'id', type: U16, offset: 0 },
        { name: 'low', type: U8, offset: 2, bitOffset: 0, bitSize: 3 },
        { name: 'high', type: INT, offset: 2, bitOffset: 3, bitSize: 5 },
        { name: 'next', type: pointerTo(node), offset: 4 },
        { name: 'tag', type: arrayOf(CHAR, 4), offset: 8 },
      ];
    },
  };
  const matrix: Type = { kind: 'array', element: U8, dimensions: [2, 3], stride: 1, byteSize: 6 };

  beforeEach(() => {
    target = new TestTarget();
    scope = new TestScope();
    target.state.setReg(0, 0x12345678);
    target.state.setReg(4, 0x100);
    scope.variable('head', node, 0x1000);
    scope.variable('table', arrayOf(U32, 4), 0x2000);
    scope.variable('matrix', matrix, 0x2000);
    scope.types.set('struct node', node);
    scope.types.set('node_t', { kind: 'typedef', name: 'node_t', byteSize: 12, target: node });
    target.memory.write(0x1000, Uint8Array.of(7, 1, 0b10000_101, 0, 0x10, 0x10, 0, 0, 65, 66, 0xff, 0));
    target.memory.write(0x1010, Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 67, 0, 0, 0));
    target.memory.write(0x2000, Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0xff, 0xff, 0xff, 0xff));
    target.memory.write(0x100, Uint8Array.of(0x78, 0x56, 0x34, 0x12));
  });

  const value = (text: string, assignments = false): unknown =>
    scalarOf(compileExpression(text, target, scope, { assignments }));
  const type = (text: string): string => typeName(compileExpression(text, target, scope).type);

  const values: [string, number | bigint][] = [
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['10 - 4 - 3', 3],
    ['-7 / 2', -3],
    ['-7 % 3', -1],
    ['0x80000000 >> 31', 1],
    ['(s32)0x80000000 >> 31', -1],
    ['1 << 31', -2147483648],
    ['1u << 31', 2147483648],
    ['0xffffffff + 1', 0],
    ['0xffffffffll + 1', 4294967296n],
    ['~0', -1],
    ['~0u', 4294967295],
    ['!5 || !0', 1],
    ['1 ? 2 : 3', 2],
    ['0 ? 2 : 1 ? 4 : 5', 4],
    ['-1 < 1u', 0],
    ['-1 < 1', 1],
    ["'A' + 1", 66],
    ["'\\xff'", -1],
    ['0755', 493],
    ['0b101', 5],
    ['(u8)0x1ff', 255],
    ['(s8)0x1ff', -1],
    ['(unsigned char)300', 44],
    ['(bool)256', 1],
    ['sizeof(struct node)', 12],
    ['sizeof table', 16],
    ['sizeof(char *)', 4],
    ['1, 2', 2],
    ['eax', 0x12345678],
    ['ax', 0x5678],
    ['al', 0x78],
    ['ah', 0x56],
    ['$EAX & 0xff', 0x78],
    ['zf', 0],
    ['icount', 12345678901n],
    ['[ds:esp]', 0x12345678],
    ['u8[esp+1]', 0x56],
    ['u8(esp)', 0x78],
    ['u16(0x100)', 0x5678],
    ['s8(0x100a)', -1],
    ['phys(0x100)', 0x12345678],
    ['phys8(0x103)', 0x12],
    ['*esp', 0x12345678],
    ['head.id', 0x107],
    ['head.low', 5],
    ['head.high', -16],
    ['head.next->id', 9],
    ['head.next->tag[0]', 67],
    ['(&head)->tag[1]', 66],
    ['((node_t *)0x1010)->id', 9],
    ['(struct node *)0x1000 + 1', 0x100c],
    ['&table[2] - &table[0]', 2],
    ['*(table + 1)', 2],
    ['table[3]', 4294967295],
    ['((s32 *)table)[3]', -1],
    ['(u32)&table', 0x2000],
    ['matrix[1][1]', 2],
    ['sizeof matrix[1]', 3],
    ['matrix + 1', 0x2003],
    ['COM1.THR', 0x3f8],
    ['"AB"[1]', 66],
    ['table[0] == 1 && head.id != 0', 1],
  ];
  for (const [text, expected] of values) {
    it(`${text} is ${expected}`, () => assert.equal(value(text), expected));
  }

  it('gives C types to values', () => {
    assert.equal(type('&head'), 'struct node *');
    assert.equal(type('head.tag'), 'char [4]');
    assert.equal(type('&head.tag'), 'char (*)[4]');
    assert.equal(type('table[0] + 1'), 'unsigned int');
    assert.equal(type('al'), 'u8');
    assert.equal(type('1ll'), 'long long');
    assert.equal(type('matrix[1]'), 'u8 [3]');
    assert.equal(type('*head.next'), 'struct node');
  });

  it('lets an event hide registers and a local hide what is global', () => {
    scope.events.set('port', 0x3f8);
    scope.events.set('value', 65);
    scope.variable('port', U32, 0x2000);
    assert.equal(value("port == 0x3f8 && value == 'A'"), 1);
    scope.locals.set('al', { name: 'al', type: U32, locate: () => ({ kind: 'register', index: 4 }) });
    assert.equal(value('al'), 0x100);
    assert.equal(value('$al'), 0x78);
  });

  it('assigns to registers, parts of them, memory, members and bit fields', () => {
    value('eax = 0x11223344', true);
    value('ah = 0xff', true);
    assert.equal(target.state.reg(0), 0x1122ff44);
    value('ax += 1', true);
    assert.equal(target.state.reg(0), 0x1122ff45);
    value('head.high = 3', true);
    value('head.low = 2', true);
    assert.equal(target.memory.bytes[0x1002], 0b00011_010);
    assert.equal(value('head.id++', true), 0x107);
    assert.equal(value('++head.id', true), 0x109);
    value('table[1] = table[2] = 0x55', true);
    assert.equal(value('table[1]'), 0x55);
    value('u8[esp] = 300', true);
    assert.equal(target.memory.bytes[0x100], 44);
    value('cf = 1', true);
    assert.equal(target.state.eflags & 1, 1);
    value('cr3 = 0x1000', true);
    value('ds = 0x10', true);
    assert.deepEqual(target.writes, ['flags', 'cr3 4096', 'segment 3 16']);
  });

  const mistakes: [string, number, RegExp][] = [
    ['eaxx', 0, /Did you mean|no register, variable or symbol "eaxx"/],
    ['hed.id', 0, /Did you mean "head"/],
    ['head.iid', 0, /no member "iid".* Did you mean "id"/],
    ['eax = 3', 0, /to compare, write "=="/],
    ['1 +', 3, /expected a value, found the end/],
    ['(1', 2, /expected "\)"/],
    ['f(1)', 0, /cannot be called/],
    ['[xs:1]', 1, /segment register/],
    ['(struct nod *)1', 1, /no type "struct nod"/],
    ['head + 1', 0, /does not go with these types/],
    ['&eax', 0, /not in memory/],
    ['&head.low', 0, /bit field has no address/],
    ['1 2', 2, /expected an operator or the end/],
    ["'ab'", 0, /one character/],
    ['#', 0, /unexpected character/],
    ['*(void *)1', 0, /void pointer/],
    ['(struct node)1', 1, /cast a pointer instead/],
  ];
  for (const [text, position, message] of mistakes) {
    it(`refuses ${text}`, () => {
      assert.throws(
        () => value(text),
        (error) => error instanceof TextError && error.position === position && message.test(error.message),
      );
    });
  }

  it('refuses nesting that would exhaust the stack', () => {
    assert.throws(() => value(`${'('.repeat(5000)}1${')'.repeat(5000)}`), TextError);
    assert.throws(() => value(`${'-'.repeat(5000)}1`), TextError);
    assert.throws(() => value(`1${' ? 1 : 1'.repeat(5000)}`), TextError);
  });

  it('says at run time what cannot be worked out', () => {
    assert.throws(
      () => value('1 / (eax - eax)'),
      (error) => error instanceof EvaluationError && /division/.test(error.message),
    );
    assert.throws(
      () => value('u8(0x100000)'),
      (error) => error instanceof EvaluationError && /mapped/.test(error.message),
    );
    const condition = compileCondition('eax != 0 && 100 / eax > 3', target, scope);
    target.state.setReg(0, 0);
    assert.equal(condition(), false);
    target.state.setReg(0, 20);
    assert.equal(condition(), true);
  });

  it('computes as C does on random 32-bit operands', () => {
    const operators: Record<string, (a: number, b: number) => number> = {
      '+': (a, b) => (a + b) | 0,
      '-': (a, b) => (a - b) | 0,
      '*': (a, b) => Math.imul(a, b),
      '&': (a, b) => a & b,
      '|': (a, b) => a | b,
      '^': (a, b) => a ^ b,
      '<': (a, b) => (a < b ? 1 : 0),
      '>=': (a, b) => (a >= b ? 1 : 0),
      '<<': (a, b) => a << b,
      '>>': (a, b) => a >> b,
    };
    const int = fc.integer({ min: -0x7fffffff, max: 0x7fffffff });
    fc.assert(
      fc.property(int, int, fc.constantFrom(...Object.keys(operators)), (a, b, operator) => {
        assert.equal(value(`(s32)${a} ${operator} (s32)${b}`), operators[operator](a, b));
        const unsigned = operators[operator](a, b);
        if (!'<>='.includes(operator[0])) assert.equal(value(`(u32)${a} ${operator} (u32)${b}`), unsigned >>> 0);
      }),
    );
  });

  it('answers any text with a value or an error of its own', () => {
    const words = fc.constantFrom(
      'eax',
      'head',
      '.',
      '->',
      'id',
      '*',
      '&',
      '(',
      ')',
      '[',
      ']',
      '?',
      ':',
      '1',
      '0x10',
      '-',
      'u8',
      '(int)',
      "'a'",
      'sizeof',
      '=',
      '++',
      'table',
      'struct',
      'ds:',
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 10 }), (list) => {
        try {
          compileExpression(list.join(' '), target, scope, { assignments: true });
        } catch (error) {
          assert.ok(error instanceof TextError, String(error));
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('log text', () => {
  const target = new TestTarget();
  const scope = new TestScope();
  scope.events.set('value', 65);
  target.state.setReg(0, 0xffffffff);
  target.memory.write(0x300, new TextEncoder().encode('hello\0'));
  target.state.setReg(6, 0x300);
  const write = (text: string): string => compileTemplate(text, target, scope)();

  it('puts values in place of expressions', () => {
    assert.equal(write('no values'), 'no values');
    assert.equal(write('v={value} x={value:x} c={value:c} d={value:d}'), 'v=65 x=0x41 c=A d=65');
    assert.equal(write('{(s32)eax} {(s32)eax:x}'), '-1 0xffffffff');
    assert.equal(write('{esi:s}!'), 'hello!');
    assert.equal(write('{{{value}}}'), '{65}');
    assert.equal(write('{value ? 1 : 2}{value == 1 ? 1 : value:x}'), '10x41');
    assert.equal(write("{'}'}"), '125');
  });
  it('writes why a value is missing and goes on', () => {
    assert.match(write('a {u8(0x123456)} b'), /^a <nothing is mapped at 0x123456> b$/);
  });
  it('points at mistakes inside braces', () => {
    const mistake = (text: string): number => {
      try {
        write(text);
      } catch (error) {
        if (error instanceof TextError) return error.position;
      }
      return -1;
    };
    assert.equal(mistake('ab {nothing}'), 4);
    assert.equal(mistake('ab {value'), 3);
    assert.equal(mistake('{}'), 1);
  });
});
