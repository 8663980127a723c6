import assert from 'node:assert/strict';
import { diffLines } from '../../src/cli/compare/diff';
import { agreement } from '../../src/cli/compare/serial-text';
import { exitCostTable } from '../../src/cli/report/exit-costs';
import { formatTable, thousands } from '../../src/cli/report/table';
import { SerialMatch } from '../../src/cli/run/serial-match';

const TOTALS = {
  samples: 1234,
  totalCycles: 5678901,
  hostNs: 0,
  elements: 1234,
  guestCycles: 10000000,
  exitTimePct: 56.78901,
  instructions: 4000000,
  costProfile: 'merom',
  mode: 'trap',
  nextSequence: 1234,
};

describe('reports of the command line', () => {
  it('prints the columns of perf kvm stat, then the what-if, channel and source', () => {
    const row = {
      key: '0x3f8:POUT',
      samples: 1234,
      samplesPct: 100,
      timePct: 100,
      minCycles: 1700,
      maxCycles: 2400,
      avgCycles: 2012.34,
      stdErrPct: 0.123,
      totalCycles: 2483227,
      parts: { transition: 0, decode: 0, device: 0, return: 0 },
      hostNs: 0,
      channel: 'trap' as const,
      whatIf: [
        { channel: 'trap' as const, cycles: 2483227, savedCycles: 0, savedPct: 0 },
        { channel: 'hypercall' as const, cycles: 1234000, savedCycles: 1249227, savedPct: 50.306605 },
      ],
      source: { path: '/guest/uart.c', line: 31, function: 'uart_putc' },
    };
    const kept = { ...row, key: '0x60:PIN', whatIf: undefined };
    assert.equal(
      exitCostTable('IO Port Access', { rows: [row, kept], totals: TOTALS }),
      [
        'IO Port Access  Samples  Samples%    Time%  Min Time  Max Time              Avg time          By hypercall  Channel  Source',
        '0x3f8:POUT        1,234   100.00%  100.00%     1,700     2,400  2012.3 ( +-  0.12% )  1000.0 (   -50.31% )  trap     uart.c:31 (uart_putc)',
        '0x60:PIN          1,234   100.00%  100.00%     1,700     2,400  2012.3 ( +-  0.12% )                        trap     uart.c:31 (uart_putc)',
        '',
        'Total samples: 1,234, total events handled time: 5,678,901 cycles (merom), 56.79% of 10,000,000 guest cycles.',
        '',
      ].join('\n'),
    );
  });

  it('calls the hypercall by its name, and says when the guest does not feel the exits', () => {
    const text = exitCostTable('VM-EXIT', { rows: [], totals: { ...TOTALS, mode: 'vtx', charged: false } });
    assert.match(text, /^VM-EXIT .* {2}By VMCALL {2}Channel/);
    assert.match(text, /5,678,901 cycles \(merom\), not charged to the 10,000,000 guest cycles\.\n$/);
  });

  it('aligns columns and sets thousands apart', () => {
    assert.equal(
      formatTable(
        [
          ['a', 'bb'],
          ['ccc', 'd'],
        ],
        ['left'],
      ),
      'a    bb\nccc   d',
    );
    assert.deepEqual([0, 999, 1000, 1234567, 1234.6].map(thousands), ['0', '999', '1,000', '1,234,567', '1,235']);
  });

  it('finds text in serial output however it is cut', () => {
    const match = new SerialMatch(/^done: größe$/m);
    const bytes = new TextEncoder().encode('x\r\ndone: größe\r\n');
    const hits = [...bytes].map((byte) => match.push('com1', Uint8Array.of(byte)));
    assert.equal(hits.indexOf(true), bytes.length - 3);
    assert.equal(new SerialMatch(/ab/).push('com1', Uint8Array.of(0x61)), false);
  });

  it('keeps the UARTs apart', () => {
    const match = new SerialMatch(/ab/);
    match.push('com1', Uint8Array.of(0x61));
    assert.equal(match.push('com2', Uint8Array.of(0x62)), false);
    assert.equal(match.push('com1', Uint8Array.of(0x62)), true);
  });

  it('finds the lines that differ', () => {
    assert.deepEqual(diffLines(['a', 'b', 'c'], ['a', 'x', 'c', 'd']), [
      { side: 'left', line: 'b' },
      { side: 'right', line: 'x' },
      { side: 'right', line: 'd' },
    ]);
    assert.deepEqual(diffLines([], ['a']), [{ side: 'right', line: 'a' }]);
    assert.deepEqual(diffLines(['a', 'b'], ['a', 'b']), []);
  });

  it('judges output without what depends on time', () => {
    const reference = 'backend: native\r\nuart  ~1234567   OK\r\nreads 12\r\n';
    assert.equal(agreement(reference, reference.replace('~1234567   ', '~99      ')).verdict, 'same');
    assert.equal(agreement(reference, reference.replace('reads 12', 'reads 13')).verdict, 'same but for numbers');
    assert.equal(agreement(reference, reference.replace('native', 'vmi')).verdict, '1 line differs');
    assert.equal(agreement(reference, `${reference}more\r\nlines\r\n`).verdict, '2 lines differ');
  });
});
