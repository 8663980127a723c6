import assert from 'node:assert/strict';
import { SymbolTable } from '../../src/symbols/symbol-table';
import { build, buildAssembly, buildProgram, type Fixture } from './toolchain';

const VERSIONS = [2, 3, 4, 5];

function load(fixture: Fixture, options = {}): SymbolTable {
  const table = new SymbolTable();
  table.load('program.elf', fixture.bytes, options);
  return table;
}

describe('source lines of C', function () {
  this.timeout(120_000);

  for (const version of VERSIONS) {
    describe(`DWARF ${version}, -O0`, () => {
      let fixture: Fixture;
      let table: SymbolTable;
      before(() => {
        fixture = buildProgram(['-O0', `-gdwarf-${version}`]);
        table = load(fixture);
      });

      it('lists the source by its full path', () => {
        assert.deepEqual(
          table.sources().map((source) => source.path),
          [fixture.path],
        );
        assert.equal(table.sources()[0].md5 !== undefined, version === 5);
      });

      it('puts a breakpoint on a line and finds the line back from its address', () => {
        const line = fixture.line('block');
        const sites = table.addressesFor(fixture.path, line);
        assert.equal(sites.length, 1);
        assert.equal(sites[0].line, line);
        const info = table.lineAt(sites[0].address);
        assert.ok(info);
        assert.equal(info.path, fixture.path);
        assert.equal(info.line, line);
        assert.ok(info.isStmt);
        assert.equal(info.start, sites[0].address);
        assert.ok(info.end > info.start);
        assert.equal(table.functionAt(info.start)?.name, 'add');
      });

      it('moves a line without code to the next one with code', () => {
        const sites = table.addressesFor(fixture.path, fixture.line('gap'));
        assert.deepEqual(
          sites.map((site) => site.line),
          [fixture.line('return')],
        );
      });

      it('gives no site behind the last line or in another file', () => {
        assert.deepEqual(table.addressesFor(fixture.path, 1000), []);
        assert.deepEqual(table.addressesFor('/elsewhere/other.c', 1), []);
      });

      it('puts a breakpoint on the line of a function behind its prologue', () => {
        const [entry] = table.lookup('add');
        const [site] = table.addressesFor(fixture.path, fixture.line('add'));
        assert.ok(site.address > entry.address);
        assert.equal(site.line, fixture.line('add-body'));
        assert.deepEqual(table.addressesForFunction('add'), [site]);
      });

      it('has a site in every inlined copy of a line', () => {
        const sites = table.addressesFor(fixture.path, fixture.line('square'));
        const owners = sites.map((site) => table.functionAt(site.address)?.name).sort();
        assert.deepEqual(owners, ['_start', 'walk']);
        assert.deepEqual(
          table
            .addressesForFunction('square')
            .map((site) => table.functionAt(site.address)?.name)
            .sort(),
          owners,
        );
      });

      it('has one site for a loop line, at its lowest address', () => {
        const sites = table.addressesFor(fixture.path, fixture.line('loop'));
        assert.equal(sites.length, 1);
        const [{ address }] = table.lookup('walk');
        for (let at = address; at < sites[0].address; at++) {
          assert.notEqual(table.lineAt(at)?.line, fixture.line('loop'));
        }
      });

      it('lists the lines that have code', () => {
        const from = fixture.line('add');
        const lines = table.linesWithCode(fixture.path, from, fixture.line('return'));
        assert.deepEqual(lines, [
          from,
          fixture.line('add-body'),
          fixture.line('block'),
          fixture.line('block') + 1,
          fixture.line('return'),
        ]);
      });

      it('covers every byte of a function with a line', () => {
        const [{ address, size }] = table.lookup('add');
        assert.ok(size > 10);
        for (let at = address; at < address + size; at++)
          assert.ok(table.lineAt(at), `no line at 0x${at.toString(16)}`);
        assert.equal(
          table.lineAt(address - 1)?.path === undefined || table.functionAt(address - 1) !== undefined,
          true,
        );
      });
    });

    it(`names inlined frames with their call sites, DWARF ${version}, -O2`, () => {
      const fixture = buildProgram(['-O2', `-gdwarf-${version}`]);
      const table = load(fixture);
      const site = table
        .addressesFor(fixture.path, fixture.line('square'))
        .find(({ address }) => table.functionAt(address)?.name === 'walk');
      assert.ok(site);
      const frames = table.inlineFramesAt(site.address);
      assert.deepEqual(
        frames.map(({ name, inlined, line }) => ({ name, inlined, line })),
        [
          { name: 'square', inlined: true, line: fixture.line('square') },
          { name: 'walk', inlined: false, line: fixture.line('loop') },
        ],
      );
      assert.deepEqual(table.warnings, []);
    });
  }

  it('finds the file by a source map, by its end, and by its name in another case', () => {
    const fixture = buildProgram(['-O0', '-gdwarf-5']);
    const directory = fixture.path.replace(/\/[^/]*$/, '');
    const line = fixture.line('return');
    const table = load(fixture, { sourceMap: { [directory]: '/home/me/kernel/' } });
    assert.equal(table.sources()[0].path, '/home/me/kernel/program.c');
    assert.equal(table.sources()[0].compiledPath, fixture.path);
    const [site] = table.addressesFor('/home/me/kernel/program.c', line);
    assert.equal(site.path, '/home/me/kernel/program.c');
    for (const path of [fixture.path, '/x/y/program.c', 'program.c', 'C:\\src\\Program.C', './program.c']) {
      assert.deepEqual(table.addressesFor(path, line), [site], path);
    }
    assert.deepEqual(table.addressesFor('/x/y/programme.c', line), []);
  });

  it('adds the bias to every address', () => {
    const fixture = buildProgram(['-O0', '-gdwarf-5']);
    const bias = 0xc0000000;
    const plain = load(fixture);
    const moved = load(fixture, { bias });
    const line = fixture.line('return');
    const [site] = plain.addressesFor(fixture.path, line);
    assert.deepEqual(moved.addressesFor(fixture.path, line), [{ ...site, address: site.address + bias }]);
    assert.equal(moved.lineAt(site.address + bias)?.start, site.address + bias);
    assert.equal(moved.lineAt(site.address), undefined);
    assert.equal(moved.lookup('add')[0].address, plain.lookup('add')[0].address + bias);
    assert.equal(moved.symbolAt(moved.lookup('add')[0].address + 3)?.text, 'add+0x3');
    assert.equal(moved.functionAt(site.address + bias)?.entry, plain.lookup('add')[0].address + bias);
  });

  it('keeps two programs apart', () => {
    const c = buildProgram(['-O0', '-gdwarf-5']);
    const assembly = buildAssembly();
    const table = load(c);
    table.load('boot.elf', assembly.bytes, { bias: 0x40000000 });
    assert.equal(table.lookup('_start').length, 2);
    assert.equal(table.symbolAt(table.lookup('helper')[0].address)?.text, 'helper');
    assert.equal(table.sources().length, 2);
    assert.equal(table.addressesForFunction('_start').length, 2);
  });
});

describe('source lines of assembly', function () {
  this.timeout(120_000);
  let fixture: Fixture;
  let table: SymbolTable;
  before(() => {
    fixture = buildAssembly();
    table = load(fixture);
  });

  it('has a site for each instruction', () => {
    const [first] = table.addressesFor(fixture.path, fixture.line('first'));
    assert.equal(first.address, table.lookup('_start')[0].address);
    const [push] = table.addressesFor(fixture.path, fixture.line('push'));
    assert.equal(push.address, table.lookup('helper')[0].address);
    assert.equal(table.addressesFor(fixture.path, fixture.line('mov'))[0].address, push.address + 1);
  });

  it('moves a label to its instruction', () => {
    const [site] = table.addressesFor(fixture.path, fixture.line('label'));
    assert.equal(site.line, fixture.line('hlt'));
    assert.equal(site.address, table.lookup('again')[0].address);
  });

  it('stops at the first instruction of a function or label by name', () => {
    assert.deepEqual(
      table.addressesForFunction('helper').map((site) => site.address),
      [table.lookup('helper')[0].address],
    );
    assert.deepEqual(
      table.addressesForFunction('again').map((site) => site.line),
      [fixture.line('hlt')],
    );
  });

  it('names addresses after the nearest label', () => {
    const [again] = table.lookup('again');
    assert.equal(again.kind, 'label');
    assert.equal(table.symbolAt(again.address + 1)?.text, 'again+0x1');
    assert.equal(table.inlineFramesAt(again.address + 1)[0].name, 'again+0x1');
    assert.equal(table.functionAt(table.lookup('helper')[0].address + 2)?.name, 'helper');
  });
});

describe('a line that begins with an inlined call', function () {
  this.timeout(120_000);

  it('has one site for the line and one per copy for the lines of the call', () => {
    const source = `int sink;
static inline __attribute__((always_inline)) int twice(int x) {
  sink = x; /* @inner */
  return x * 2;
}
__attribute__((noinline)) int caller(int x) {
  sink = 9;
  return twice(x) + twice(x + 1); /* @outer */
}
void _start(void) { for (;;) caller(sink); }
`;
    for (const level of ['-O0', '-O1', '-O2']) {
      const fixture = build('inlined.c', source, [level, '-gdwarf-5']);
      const table = load(fixture);
      const outer = table.addressesFor(fixture.path, fixture.line('outer'));
      assert.deepEqual(
        outer.map((site) => [site.line, table.functionAt(site.address)?.name]),
        [[fixture.line('outer'), 'caller']],
        level,
      );
      const inner = table.addressesFor(fixture.path, fixture.line('inner'));
      assert.ok(inner.length >= 1);
      for (const site of inner) {
        assert.equal(site.line, fixture.line('inner'));
        assert.deepEqual(
          table.inlineFramesAt(site.address).map((frame) => [frame.name, frame.inlined]),
          [
            ['twice', true],
            ['caller', false],
          ],
          level,
        );
      }
    }
  });
});
