import assert from 'node:assert/strict';
import { lineCostHover, lineCostText } from '../../../src/extension/costs/line-cost-text';
import { profileInfo } from '../../../src/extension/costs/profile-info';
import { assemblyExpressionAt } from '../../../src/extension/hover/assembly-expression';
import { SerialTerminal } from '../../../src/extension/serial/serial-terminal';
import { Refresher } from '../../../src/extension/sessions/refresher';
import { arrange, portRows, valueText } from '../../../src/extension/views/access-rows';
import { parseCallFilter } from '../../../src/extension/views/call-filter';
import { callRows } from '../../../src/extension/views/hypercall-rows';
import { visibleColumns } from '../../../src/extension/webview/exit-costs/columns';
import { toCsv, toText } from '../../../src/extension/webview/exit-costs/export';
import { changeText, nanosecondsText, shortText } from '../../../src/extension/webview/exit-costs/format';
import {
  channelLines,
  filterLines,
  joinRuns,
  sortLines,
  sumLines,
} from '../../../src/extension/webview/exit-costs/table-model';
import { noOperations } from '../../../src/hypervisor/cost/what-if';
import { COST_PROFILES } from '../../../src/hypervisor/cost/profiles';
import { costRow, reckoned } from '../fake-adapter';

describe('what the mouse points at in assembly', () => {
  const cases: [string, string, string | undefined][] = [
    ['  mov eax, [es:ebx+4] ; load', '|eax', 'eax'],
    ['  mov eax, [es:ebx+4] ; load', '|es:', 'es'],
    ['  mov eax, [es:ebx+4] ; load', '|+4', '[es:ebx+4]'],
    ['  movl %eax, 8(%ebx,%ecx,4)', '|8(', '[ebx+ecx*4+8]'],
    ['  movl %gs:-4(%ebp), %eax', '|-4(', '[gs:ebp-4]'],
    ['  movb (%edx), %al', '|(%', '[edx]'],
    ['  movb (%edx), %al', '|%al', 'al'],
    ['  movb table(,%eax,2), %cl', '|table', '[eax*2+table]'],
    ['  call uart_putc', '|uart_putc', 'uart_putc'],
    ['loop: dec ecx', '|loop', undefined],
    ['  mov eax, ebx', '|mov', undefined],
    ['  nop ; about value', '|value', undefined],
    ['  mov eax, 1234', '|1234', undefined],
  ];
  for (const [line, at, expected] of cases) {
    it(`${at.slice(1)} in "${line.trim()}": ${expected ?? 'nothing'}`, () => {
      const column = line.indexOf(at.slice(1));
      assert.ok(column >= 0);
      assert.equal(assemblyExpressionAt(line, column)?.expression, expected);
    });
  }
});

describe('a serial terminal', () => {
  const make = (echo = false): { pty: SerialTerminal; shown: () => string; typed: () => string } => {
    const pty = new SerialTerminal(() => echo);
    let shown = '';
    let typed = '';
    pty.onDidWrite((text) => (shown += text));
    pty.onDidType((data) => (typed += Buffer.from(data).toString()));
    return { pty, shown: () => shown, typed: () => typed };
  };
  const send = (pty: SerialTerminal, text: string): void => pty.receive(Buffer.from(text));

  it('keeps what comes before it is opened', () => {
    const { pty, shown } = make();
    send(pty, 'first');
    assert.equal(shown(), '');
    pty.open();
    send(pty, ' second');
    assert.equal(shown(), 'first second');
  });

  it('adds the carriage return that a bare line feed lacks, also between two pieces', () => {
    const { pty, shown } = make();
    pty.open();
    send(pty, 'a\nb\r');
    send(pty, '\nc\n');
    assert.equal(shown(), 'a\r\nb\r\nc\r\n');
  });

  it('keeps characters together that come in two pieces', () => {
    const { pty, shown } = make();
    pty.open();
    const bytes = Buffer.from('µ');
    pty.receive(bytes.subarray(0, 1));
    pty.receive(bytes.subarray(1));
    assert.equal(shown(), 'µ');
  });

  it('sends what is typed, and echoes only if asked to', () => {
    const silent = make();
    silent.pty.open();
    silent.pty.handleInput('ls\r');
    assert.equal(silent.typed(), 'ls\r');
    assert.equal(silent.shown(), '');
    const echoing = make(true);
    echoing.pty.open();
    echoing.pty.handleInput('l\x7f\r');
    assert.equal(echoing.shown(), 'l\b \b\r\n');
  });

  it('forgets the oldest output rather than grow without end', () => {
    const { pty, shown } = make();
    for (let i = 0; i < 40; i++) send(pty, String(i % 10).repeat(1 << 16));
    pty.open();
    assert.ok(shown().length <= 1 << 20);
    assert.ok(shown().endsWith('9'));
  });
});

describe('a refresher', () => {
  it('runs one at a time and never loses the last trigger', async () => {
    let running = 0;
    let runs = 0;
    const refresher = new Refresher(async () => {
      assert.equal(++running, 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
      runs++;
    }, 5);
    for (let i = 0; i < 10; i++) refresher.trigger();
    while (runs < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(runs, 2);
    refresher.dispose();
  });
});

describe('rows of the Ports and Hypercalls views', () => {
  const ports = portRows({
    ports: [
      {
        port: 0x3f8,
        name: 'COM1.THR',
        device: 'UART',
        lastOut: { value: 0x41, width: 1 },
        ins: 0,
        outs: 1200,
        fields: [],
        breakpoints: [],
      },
      {
        port: 0x1f0,
        name: 'IDE.DATA',
        device: 'IDE',
        lastIn: { value: 0x1234, width: 2 },
        ins: 256,
        outs: 0,
        fields: [{ name: 'BSY', bits: '7', value: 1, meaning: 'busy' }],
        lastSite: { path: '/src/ide.c', line: 42, function: 'ide_read', address: '0x1000' },
        breakpoints: [],
      },
      { port: 0x80, name: 'POST', device: 'Debug', ins: 0, outs: 0, fields: [], breakpoints: [] },
    ],
  });

  it('say what went in and out', () => {
    assert.equal(ports[0].label, '0x3f8  COM1.THR');
    assert.equal(ports[0].description, "1,200 out 0x41 'A'");
    assert.equal(ports[1].description, '256 in 0x1234');
    assert.equal(ports[2].description, 'not used yet');
    assert.deepEqual(
      ports[1].details.map(({ label, description }) => `${label}: ${description}`),
      ['Last in: 0x1234', 'BSY: 1 – busy', 'Last access: ide_read, ide.c:42'],
    );
    assert.equal(ports[1].site?.line, 42);
  });

  it('show the used ones, sorted, and find all by a filter', () => {
    const names = (...args: Parameters<typeof arrange>): string[] => arrange(...args).map(({ name }) => name);
    const never = (): boolean => false;
    assert.deepEqual(names(ports, '', 'number', never), ['IDE.DATA', 'COM1.THR']);
    assert.deepEqual(names(ports, '', 'count', never), ['COM1.THR', 'IDE.DATA']);
    assert.deepEqual(names(ports, '', 'name', never), ['COM1.THR', 'IDE.DATA']);
    assert.deepEqual(names(ports, 'post', 'number', never), ['POST']);
    assert.deepEqual(
      names(ports, '', 'number', ({ name }) => name === 'POST'),
      ['POST', 'IDE.DATA', 'COM1.THR'],
    );
  });

  it('have no place to go to where only the address is known', () => {
    const [row] = callRows(
      [
        {
          abi: 'vmi',
          number: 56,
          name: 'OUTB',
          doc: 'Writes.',
          count: 1,
          totalCycles: 900,
          last: "port=0x3f8 value=0x41 'A'",
          lastSite: { path: '', line: 0, address: '0x100234' },
          breakpoints: [],
        },
      ],
      parseCallFilter(''),
    );
    assert.equal(row.description, "vmi · 1 call · port=0x3f8 value=0x41 'A'");
    assert.equal(row.site, undefined);
    assert.equal(row.details.at(-1)?.description, '0x100234');
  });

  it('show characters of bytes only', () => {
    assert.equal(valueText(0x41), "0x41 'A'");
    assert.equal(valueText(0x41, 2), '0x0041');
    assert.equal(valueText(7), '0x07');
    assert.equal(valueText(0xffffffff, 4), '0xffffffff');
  });
});

describe('the table of exit costs', () => {
  const now = [
    costRow('0x3f8', 100, 50, 'hypercall', { source: { path: '/src/uart.c', line: 7, function: 'uart_putc' } }),
    costRow('0x60', 10, 900, 'trap'),
    costRow('0x1f0', 1, 20_000, 'trap'),
  ];
  const before = [costRow('0x3f8', 100, 400, 'trap'), costRow('0x21', 2, 300, 'trap')];

  it('joins two runs by key', () => {
    const lines = joinRuns(now, before);
    assert.deepEqual(
      lines.map(({ key, now: a, before: b }) => [key, a?.samples, b?.samples]),
      [
        ['0x3f8', 100, 100],
        ['0x60', 10, undefined],
        ['0x1f0', 1, undefined],
        ['0x21', undefined, 2],
      ],
    );
  });

  it('sorts by numbers and by names with numbers in them', () => {
    const keys = (column: 'samples' | 'parts' | 'key', descending: boolean): string[] =>
      sortLines(joinRuns(now, undefined), { column, descending }).map(({ key }) => key);
    assert.deepEqual(keys('samples', true), ['0x3f8', '0x60', '0x1f0']);
    assert.deepEqual(keys('parts', true), ['0x1f0', '0x60', '0x3f8']);
    assert.deepEqual(keys('key', false), ['0x1f0', '0x3f8', '0x60']);
  });

  it('filters by key, channel, function and file', () => {
    const lines = joinRuns(now, undefined);
    const keys = (filter: string): string[] => filterLines(lines, filter).map(({ key }) => key);
    assert.deepEqual(keys('trap'), ['0x60', '0x1f0']);
    assert.deepEqual(keys('UART_putc hyper'), ['0x3f8']);
    assert.deepEqual(keys('nothing'), []);
    assert.equal(keys('  ').length, 3);
  });

  it('sums what is shown', () => {
    const sums = sumLines(joinRuns(now, before));
    assert.equal(sums.samples, 111);
    assert.equal(sums.totalCycles, 100 * 50 + 10 * 900 + 20_000);
    assert.equal(sums.beforeTotal, 100 * 400 + 2 * 300);
    assert.deepEqual([sums.min, sums.max], [50, 20_000]);
    assert.equal(sumLines([]).min, 0);
  });

  it('begins with the columns of perf kvm stat', () => {
    const titles = visibleColumns(false).map(({ title }) => title);
    assert.deepEqual(titles.slice(0, 7), ['Key', 'Samples', 'Samples%', 'Time%', 'Min', 'Max', 'Avg']);
    assert.ok(!titles.includes('Change'));
    assert.ok(visibleColumns(true).some(({ title }) => title === 'Change'));
  });

  it('is copied as aligned text with totals', () => {
    const text = toText('Port: test', visibleColumns(false), joinRuns(now, undefined));
    const lines = text.trimEnd().split('\n');
    assert.equal(lines[0], 'Port: test');
    assert.equal(lines.length, 1 + 1 + 1 + 3 + 1 + 1);
    assert.match(lines[3], /^0x3f8 +100 /);
    assert.match(lines.at(-1)!, /^Total +111 /);
    const column = lines[2].indexOf('Samples') + 'Samples'.length;
    for (const line of [...lines.slice(3, 6), lines.at(-1)!]) assert.match(line[column - 1], /\d/);
  });

  it('is copied as CSV that keeps commas and quotes', () => {
    const [row] = joinRuns([costRow('a,"b"', 2, 10, 'trap')], undefined);
    const [head, line, end] = toCsv([row]).split('\r\n');
    assert.equal(head.split(',')[0], 'key');
    assert.ok(line.startsWith('"a,""b""",2,'));
    assert.equal(end, '');
  });

  it('reckons what another way would cost, where accesses to ports are concerned', () => {
    const rows = [
      costRow('0x3f8', 100, 4200, 'trap', reckoned(100, 420_000)),
      costRow('(trap CR)', 10, 2000, 'trap', { ...reckoned(10, 20_000), operations: noOperations() }),
    ];
    const lines = joinRuns(rows, undefined, 'hypercall');
    const text = (id: string): string[] => {
      const column = visibleColumns(false, 'hypercall').find((candidate) => candidate.id === id)!;
      return [...lines.map((line) => column.text(line)), column.total(sumLines(lines))];
    };
    assert.deepEqual(text('whatIf'), ['90,000', '', '110,000']);
    assert.deepEqual(text('saved'), ['78.6%', '', '75.0%']);
    const [vtx] = joinRuns(rows, undefined, 'vtx');
    assert.equal(vtx.whatIf?.cycles, 240_000);
    assert.ok(visibleColumns(false, 'vtx').some(({ title }) => title === 'By VT-x exit'));
    assert.match(toCsv(lines).split('\r\n')[1], /,hypercall,90000,78\.57/);
  });

  it('is narrowed to a channel', () => {
    const keys = (channel: 'trap' | 'hypercall' | ''): string[] =>
      channelLines(joinRuns(now, undefined), channel).map(({ key }) => key);
    assert.deepEqual(keys('hypercall'), ['0x3f8']);
    assert.deepEqual(keys('trap'), ['0x60', '0x1f0']);
    assert.equal(keys('').length, 3);
  });

  it('has beside it every figure of each cost profile, with its basis and the texts behind it', () => {
    for (const { name } of COST_PROFILES) {
      const info = profileInfo(name)!;
      assert.ok(info.sources.length > 0, name);
      for (const { operation, parts } of info.rows) {
        for (const figure of Object.values(parts)) {
          assert.ok(figure.note !== '' && figure.cycles >= 0, `${name}: ${operation}`);
        }
      }
    }
    assert.equal(profileInfo('mine'), undefined);
  });

  it('is told at a line in one sentence', () => {
    const row = costRow('uart.c:7', 1204, 3200, 'trap', { timePct: 12, ...reckoned(1204, 1204 * 3200) });
    assert.equal(lineCostText(row), '1,204 exits, 3.9 M cycles, 12.0 % of exit time; by hypercall 1.1 M');
    assert.match(
      lineCostHover(row),
      /\| trap \| vtx \| hypercall \|\n\|--:\|--:\|--:\|\n\| 5,056,800 \| 2,889,600 \| 1,083,600 \|/,
    );
    assert.equal(lineCostText(costRow('x', 1, 900, 'trap')), '1 exit, 900 cycles, < 0.1 % of exit time');
  });

  it('shows numbers short, and changes in words', () => {
    assert.deepEqual([0, 9999, 12_345, 4.56e6, 7.8e9].map(shortText), ['0', '9,999', '12.3 k', '4.6 M', '7.8 G']);
    assert.deepEqual([12, 4_500, 6.7e6, 1.5e9].map(nanosecondsText), ['12 ns', '4.5 µs', '6.7 ms', '1.50 s']);
    assert.deepEqual(
      [
        [5, 5],
        [0, 5],
        [5, 0],
        [100, 18],
        [100, 150],
        [100, 640],
      ].map(([a, b]) => changeText(a, b)),
      ['same', 'new', 'gone', '−82.0%', '+50.0%', '×6.4'],
    );
  });
});
