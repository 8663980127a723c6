import assert from 'node:assert/strict';
import type { ExitLogEntry, HypercallInfo } from '../../../debugAdapter/protocol';
import { parseSpec } from '../../../src/debugger/specs/parser';
import { logSpec, plainSpec } from '../../../src/extension/breakpoints/spec-breakpoints';
import { callFilterProblem, matchesCall, parseCallFilter } from '../../../src/extension/views/call-filter';
import { activityRows, callRows, filterEntries, placeRows } from '../../../src/extension/views/hypercall-rows';
import { allCalls } from '../../../src/hypervisor/abi/hypercall';
import { HYPERCALL_ABIS } from '../../../src/hypervisor/abi/names';
import { costRow, logEntry } from '../fake-adapter';

const putc = { path: '/src/uart.c', line: 62, function: 'uart_putc' };

const entries: ExitLogEntry[] = [
  logEntry(0, { source: { path: '/src/main.c', line: 9, function: 'main' }, hypercall: 'VMI_Init', number: -1 }),
  logEntry(1, { source: putc, arguments: "port=0x3f8 value=0x41 'A'", port: 0x3f8, portName: 'COM1.THR' }),
  logEntry(2, {
    abi: 'kvm',
    hypercall: 'KICK_CPU',
    number: 5,
    arguments: 'flags=0x0 apicId=0',
    results: 'result=0',
    symbol: 'kick+0x12',
  }),
];

const call = (abi: string, number: number, name: string, count: number): HypercallInfo => ({
  abi,
  number,
  name,
  doc: 'Does it.',
  count,
  totalCycles: count * 900,
  ...(count > 0 && { last: 'port=0x3f8 value=0x41' }),
  breakpoints: [],
});

describe('a filter of hypercalls', () => {
  it('takes ABI, call and port apart from words', () => {
    assert.deepEqual(parseCallFilter(' abi:KVM port:0x3f8 call:OutB uart  x:y '), {
      abi: 'kvm',
      port: 0x3f8,
      call: 'outb',
      words: ['uart', 'x:y'],
    });
  });

  it('says what it does not understand', () => {
    assert.equal(callFilterProblem('abi:kvm port:1016 word'), undefined);
    assert.match(callFilterProblem('port:com1') ?? '', /"com1" is no port/);
    assert.match(callFilterProblem('abi: kvm') ?? '', /abi: wants a name/);
  });

  it('wants all of its parts', () => {
    const outb = { abi: 'vmi', name: 'OUTB', number: 56, port: 0x3f8, text: 'uart.c uart_putc' };
    const cases: [string, boolean][] = [
      ['', true],
      ['abi:vmi', true],
      ['abi:kvm', false],
      ['call:56', true],
      ['call:outb port:0x3f8 UART', true],
      ['call:outb port:0x3f9', false],
      ['uart nothing', false],
    ];
    for (const [filter, expected] of cases) assert.equal(matchesCall(parseCallFilter(filter), outb), expected, filter);
  });
});

describe('rows of hypercalls', () => {
  it('name the ABI of each call, and can be narrowed to one', () => {
    const calls = [call('vmi', 56, 'OUTB', 3), call('kvm', 5, 'KICK_CPU', 0)];
    const rows = callRows(calls, parseCallFilter(''));
    assert.deepEqual(
      rows.map(({ description }) => description),
      ['vmi · 3 calls · port=0x3f8 value=0x41', 'kvm · no call'],
    );
    assert.deepEqual(
      callRows(calls, parseCallFilter('abi:kvm')).map(({ label }) => label),
      ['KICK_CPU'],
    );
    assert.deepEqual(
      callRows(calls, parseCallFilter('port:0x3f8')).map(({ label }) => label),
      ['OUTB'],
    );
  });

  it('of the log have arguments, results and place, the latest first', () => {
    const rows = activityRows([...entries].reverse());
    assert.deepEqual(
      rows.map(({ label, description }) => [label, description]),
      [
        ['KICK_CPU', 'flags=0x0 apicId=0 → result=0 · kick+0x12'],
        ['OUTB', "port=0x3f8 value=0x41 'A' · uart.c:62 uart_putc"],
        ['VMI_Init', 'main.c:9 main'],
      ],
    );
    assert.deepEqual(
      rows.map(({ site }) => site?.line),
      [undefined, 62, 9],
    );
    assert.deepEqual(rows[0].target, { kind: 'hypercall', abi: 'kvm', number: 5, name: 'KICK_CPU' });
    const found = (filter: string): (string | undefined)[] =>
      filterEntries(entries, parseCallFilter(filter)).map(({ hypercall }) => hypercall);
    assert.deepEqual(found('com1.thr'), ['OUTB']);
    assert.deepEqual(found('abi:kvm'), ['KICK_CPU']);
    assert.deepEqual(found('uart_putc port:0x3f8'), ['OUTB']);
  });

  it('of places count all calls of the run, and show the last of them', () => {
    const costs = [
      costRow('uart.c:62', 4700, 1254, 'hypercall', { source: putc }),
      costRow('disk.c:7', 10, 5000, 'trap', { source: { path: '/src/disk.c', line: 7 } }),
      costRow('kick+0x12', 2, 4000, 'mixed'),
    ];
    const rows = placeRows(costs, entries, 'line', parseCallFilter(''));
    assert.deepEqual(
      rows.map(({ label, description }) => [label, description]),
      [
        ['uart.c:62  uart_putc', "4,700 calls · 1,254 cycles each · OUTB port=0x3f8 value=0x41 'A'"],
        ['kick+0x12', '2 exits · 4,000 cycles each · KICK_CPU flags=0x0 apicId=0 → result=0'],
      ],
      'a line that only traps is not among them',
    );
    assert.equal(rows[0].target, undefined, 'there is no breakpoint on a call of one line only');
    assert.equal(rows[0].details[1].label, 'vmi:OUTB');
    assert.deepEqual(
      placeRows(costs, entries, 'line', parseCallFilter('abi:kvm')).map(({ name }) => name),
      ['kick+0x12'],
    );
    const byFunction = placeRows(
      [costRow('uart_putc', 4700, 1254, 'hypercall', { source: putc })],
      entries,
      'function',
      {
        words: [],
      },
    );
    assert.equal(byFunction[0].details[1].label, 'vmi:OUTB');
  });
});

describe('breakpoints on hypercalls of any ABI', () => {
  it('name the ABI where another has a call of that name', () => {
    assert.equal(plainSpec({ kind: 'hypercall', abi: 'vmi', number: -1, name: 'VMI_Init' }), 'hypercall VMI_Init');
    assert.equal(plainSpec({ kind: 'hypercall', abi: 'kvm', number: 5, name: 'NO_SUCH' }), 'hypercall kvm:NO_SUCH');
  });

  it('log every argument of every call in words that the grammar knows', () => {
    for (const abi of HYPERCALL_ABIS) {
      for (const { name, number, arguments: values } of allCalls(abi)) {
        const text = logSpec({ kind: 'hypercall', abi: abi.name, number, name });
        const spec = parseSpec(text);
        assert.equal(spec.kind, 'hypercall', text);
        for (const value of values) assert.ok(text.includes(`{${value.name}:`), text);
      }
    }
  });
});
