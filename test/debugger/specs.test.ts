import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type BreakpointSpec, SPEC_KINDS } from '../../src/debugger/specs/ast';
import { hitRuleApplies, parseHitRule } from '../../src/debugger/specs/hit-rule';
import { parseSpec } from '../../src/debugger/specs/parser';
import { printSpec } from '../../src/debugger/specs/printer';
import { TextError } from '../../src/debugger/text/text-error';

/** The spec without offsets, which depend on blanks. */
function shape(spec: BreakpointSpec): unknown {
  return JSON.parse(JSON.stringify(spec, (key, value: unknown) => (key === 'start' ? undefined : value)));
}

function problem(text: string): TextError {
  try {
    parseSpec(text);
  } catch (error) {
    assert.ok(error instanceof TextError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: `"${text}" was accepted` });
}

describe('breakpoint specs', () => {
  const examples: [string, object][] = [
    ['out 0x3f8', { kind: 'port', direction: 'out', first: { number: 0x3f8 } }],
    ['in 1016', { kind: 'port', direction: 'in', first: { number: 0x3f8 } }],
    ['io 01770', { kind: 'port', direction: 'io', first: { number: 0x3f8 } }],
    [
      'IO 0x3f8 - 0x3ff / 1',
      { kind: 'port', direction: 'io', first: { number: 0x3f8 }, last: { number: 0x3ff }, width: 1 },
    ],
    ['out COM1.THR', { kind: 'port', direction: 'out', first: { name: 'COM1.THR' } }],
    [
      'io COM1.THR-COM1.SCR/2',
      { kind: 'port', direction: 'io', first: { name: 'COM1.THR' }, last: { name: 'COM1.SCR' }, width: 2 },
    ],
    [
      'out 0x3f8/1 via hypercall before if value == 10 && eax > 3 hit >=3 log "c={value:c}\\n" set value | 0x80',
      {
        kind: 'port',
        direction: 'out',
        first: { number: 0x3f8 },
        width: 1,
        via: 'hypercall',
        when: 'before',
        condition: { text: 'value == 10 && eax > 3' },
        hit: { test: 'from', count: 3 },
        log: { text: 'c={value:c}\n' },
        set: { text: 'value | 0x80' },
      },
    ],
    [
      'in 0x60 after hit %10 if hits',
      {
        kind: 'port',
        direction: 'in',
        first: { number: 0x60 },
        when: 'after',
        hit: { test: 'every', count: 10 },
        condition: { text: 'hits' },
      },
    ],
    [
      'hypercall OUTB if port == 0x3f8',
      { kind: 'hypercall', target: { name: 'OUTB' }, condition: { text: 'port == 0x3f8' } },
    ],
    ['hypercall 56', { kind: 'hypercall', target: { number: 56 } }],
    ['hypercall vmi:OUTB', { kind: 'hypercall', target: { name: 'OUTB', abi: 'vmi' } }],
    ['hypercall *', { kind: 'hypercall', target: '*' }],
    ['fault #GP', { kind: 'fault', vector: 13 }],
    ['fault pf', { kind: 'fault', vector: 14 }],
    ['fault triple', { kind: 'fault', vector: 'triple' }],
    ['irq 4', { kind: 'irq', line: 4 }],
    ['insn mov-cr3', { kind: 'insn', name: 'mov-cr3' }],
    ['serial com1 "login: "', { kind: 'serial', port: 'com1', text: 'login: ' }],
    ['uart_putc', { kind: 'function', name: 'uart_putc' }],
    [
      "uart_putc if c == 'A' hit 2",
      { kind: 'function', name: 'uart_putc', condition: { text: "c == 'A'" }, hit: { test: 'exactly', count: 2 } },
    ],
    ['*0x100000', { kind: 'address', address: { text: '0x100000' } }],
    ['*start32 + 4 log "here"', { kind: 'address', address: { text: 'start32 + 4' }, log: { text: 'here' } }],
  ];
  for (const [text, expected] of examples) {
    it(`reads ${text}`, () => assert.deepEqual(shape(parseSpec(text)), expected));
  }

  const mistakes: [string, number, RegExp][] = [
    ['', 0, /expected a breakpoint: in, out, io, hypercall/],
    ['out', 3, /expected a port.*found the end/],
    ['out 0x3g8', 4, /"0x3g8" is not a number/],
    ['out 089', 4, /octal/],
    ['out 0x10000', 4, /from 0 to 0xffff/],
    ['out 0x3f8-0x3f0', 4, /ends before it begins/],
    ['out 0x3f8/3', 10, /1, 2 or 4 bytes/],
    ['out 0x3f8 via hypercal', 14, /Did you mean "hypercall"/],
    ['out 0x3f8 iff value', 10, /Did you mean "if"/],
    ['out 0x3f8 if', 12, /expected a value, found the end/],
    ['out 0x3f8 if value ==', 21, /expected a value/],
    ['out 0x3f8 if (value', 19, /expected "\)"/],
    ['out 0x3f8 before after', 17, /given twice/],
    ['out 0x3f8 log "x', 14, /not closed/],
    ['out 0x3f8 hit 0', 14, /1 or more/],
    ['out 0x3f8 hit soon', 14, /N, >=N or %N/],
    ['outt 0x3f8', 0, /Did you mean "out"/],
    ['hypercall', 9, /expected a hypercall/],
    ['hypercall OUTB via trap', 15, /for breakpoints on ports only/],
    ['fault #XX', 6, /expected an exception/],
    ['fault 32', 6, /exception vector/],
    ['irq 16', 4, /interrupt line/],
    ['serial com5 "x"', 7, /com1, com2, com3, com4 or virtio0/],
    ['serial com1 x', 12, /in double quotes/],
    ['main + 3', 5, /expected if, hit or log/],
    ['12abc', 0, /expected in, out/],
  ];
  for (const [text, position, message] of mistakes) {
    it(`points at the mistake in "${text}"`, () => {
      const error = problem(text);
      assert.match(error.message, message);
      assert.equal(error.position, position);
      const lines = error.message.split('\n');
      assert.equal(lines[1], `  ${text}`);
      assert.equal(lines[2].indexOf('^'), position + 2);
    });
  }

  const name = fc
    .stringMatching(/^[a-z_][a-z0-9_]{0,8}$/)
    .filter((word) => !(SPEC_KINDS as readonly string[]).includes(word));
  const expression = fc.constantFrom(
    'eax',
    'value == 1',
    '(u8)[ds:ebx+4] & ~3',
    'a ? b : c',
    "c == 'x'",
    'p->next[2].q',
    '-1 << 3',
  );
  const text = fc.string({ maxLength: 12 });
  const port = fc.oneof(
    fc.record({ number: fc.nat(0xffff) }),
    fc.record({ name: fc.stringMatching(/^[A-Z][A-Z0-9]{0,5}\.[A-Z][A-Z0-9_]{0,5}$/), start: fc.constant(0) }),
  );
  const options = {
    condition: fc.record({ text: expression, start: fc.constant(0) }),
    hit: fc.record({ test: fc.constantFrom('exactly', 'from', 'every'), count: fc.integer({ min: 1, max: 1e9 }) }),
    log: fc.record({ text, start: fc.constant(0) }),
  };
  const specs = fc.oneof(
    fc.record(
      {
        kind: fc.constant('port'),
        direction: fc.constantFrom('in', 'out', 'io'),
        first: port,
        last: fc.record({ number: fc.constant(0xffff) }),
        width: fc.constantFrom(1, 2, 4),
        via: fc.constantFrom('trap', 'vtx', 'hypercall'),
        when: fc.constantFrom('before', 'after'),
        set: fc.record({ text: expression, start: fc.constant(0) }),
        ...options,
      },
      { requiredKeys: ['kind', 'direction', 'first'] },
    ),
    fc.record(
      {
        kind: fc.constant('hypercall'),
        target: fc.oneof(
          fc.constant('*'),
          fc.record({ number: fc.nat() }),
          fc.record(
            { name: fc.stringMatching(/^[A-Z]{2,6}$/), abi: fc.constantFrom('vmi', 'kvm'), start: fc.constant(0) },
            { requiredKeys: ['name', 'start'] },
          ),
        ),
        ...options,
      },
      { requiredKeys: ['kind', 'target'] },
    ),
    fc.record(
      {
        kind: fc.constant('fault'),
        vector: fc.oneof(fc.integer({ min: 0, max: 31 }), fc.constantFrom('triple', '*')),
        ...options,
      },
      { requiredKeys: ['kind', 'vector'] },
    ),
    fc.record(
      { kind: fc.constant('irq'), line: fc.oneof(fc.nat(15), fc.constant('*')), ...options },
      { requiredKeys: ['kind', 'line'] },
    ),
    fc.record(
      {
        kind: fc.constant('serial'),
        port: fc.constantFrom('com1', 'com4'),
        text: fc.string({ minLength: 1 }),
        ...options,
      },
      { requiredKeys: ['kind', 'port', 'text'] },
    ),
    fc.record(
      { kind: fc.constant('function'), name, start: fc.constant(0), ...options },
      { requiredKeys: ['kind', 'name', 'start'] },
    ),
    fc.record(
      { kind: fc.constant('address'), address: fc.record({ text: expression, start: fc.constant(0) }), ...options },
      { requiredKeys: ['kind', 'address'] },
    ),
  ) as fc.Arbitrary<BreakpointSpec>;

  it('prints what it reads and reads what it prints', () => {
    fc.assert(fc.property(specs, (spec) => assert.deepEqual(shape(parseSpec(printSpec(spec))), shape(spec))));
  });

  it('answers any text with a spec or with an error that points into it', () => {
    const words = fc.constantFrom(
      'out',
      'in',
      '0x3f8',
      'if',
      'hit',
      'log',
      '"x"',
      'value',
      '==',
      '(',
      ')',
      '*',
      'hypercall',
      'fault',
      '#PF',
      '-',
      '/',
      ',',
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(words, { maxLength: 8 }).map((list) => list.join(' ')),
    );
    fc.assert(
      fc.property(texts, (candidate) => {
        try {
          parseSpec(candidate);
        } catch (error) {
          assert.ok(error instanceof TextError, String(error));
          assert.ok(error.position >= 0 && error.position <= candidate.length);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('hit rules', () => {
  const acting = (text: string): number[] => {
    const rule = parseHitRule(text);
    return [1, 2, 3, 4, 5, 6].filter((hits) => hitRuleApplies(rule, hits));
  };
  it('act on the n-th hit, from it on, or on every n-th', () => {
    assert.deepEqual(acting('3'), [3]);
    assert.deepEqual(acting(' == 3 '), [3]);
    assert.deepEqual(acting('>= 3'), [3, 4, 5, 6]);
    assert.deepEqual(acting('>3'), [4, 5, 6]);
    assert.deepEqual(acting('%2'), [2, 4, 6]);
  });
  it('act on every hit where there is none', () => assert.equal(hitRuleApplies(undefined, 7), true));
  it('refuse what is no count', () => {
    for (const text of ['', '0', '-1', '3x', '3 4', '1.5', '<3'])
      assert.throws(() => parseHitRule(text), TextError, text);
  });
});
