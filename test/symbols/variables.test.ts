import assert from 'node:assert/strict';
import type { Variable } from '../../src/symbols/dwarf/variables';
import { SymbolTable } from '../../src/symbols/symbol-table';
import { stripAliases, type Type, typeName } from '../../src/symbols/types';
import { GuestState } from './guest-state';
import { buildProgram, type Fixture } from './toolchain';

const EBP = 5;
const CONFIGURATIONS = [2, 3, 4, 5].flatMap((version) => ['-O0', '-O2'].map((level) => ({ version, level })));

function load(fixture: Fixture): SymbolTable {
  const table = new SymbolTable();
  table.load('program.elf', fixture.bytes);
  return table;
}

function global(table: SymbolTable, name: string): Variable {
  const [variable] = table.globals(name);
  assert.ok(variable, `no variable ${name}`);
  return variable;
}

describe('types and variables', function () {
  this.timeout(120_000);

  for (const { version, level } of CONFIGURATIONS) {
    describe(`DWARF ${version}, ${level}`, () => {
      let fixture: Fixture;
      let table: SymbolTable;
      before(() => {
        fixture = buildProgram([level, `-gdwarf-${version}`]);
        table = load(fixture);
      });
      after(() => assert.deepEqual(table.warnings, []));

      it('finds globals and statics at the addresses of their symbols', () => {
        for (const name of ['counter', 'table', 'mode', 'hidden', 'callback', 'text', 'bytes', 'wide']) {
          const variable = global(table, name);
          const location = variable.locate(new GuestState(0));
          assert.deepEqual(location, { kind: 'memory', address: table.lookup(name)[0].address }, name);
          assert.equal(variable.kind, name === 'counter' ? 'static' : 'global');
        }
        assert.deepEqual(table.globals('nothing'), []);
      });

      it('writes types as C does', () => {
        const names = Object.fromEntries(
          ['counter', 'table', 'mode', 'hidden', 'callback', 'text', 'bytes', 'wide'].map((name) => [
            name,
            typeName(global(table, name).type),
          ]),
        );
        assert.deepEqual(names, {
          counter: 'u32',
          table: 'int [4][2]',
          mode: 'volatile enum mode',
          hidden: 'struct opaque *',
          callback: 'handler',
          text: 'const char [4]',
          bytes: 'unsigned char [3]',
          wide: 'long long',
        });
        const callback = stripAliases(global(table, 'callback').type);
        assert.equal(typeName(callback), 'int (*)(struct node *, const char *, ...)');
      });

      it('knows sizes and encodings', () => {
        const size = (name: string): number => global(table, name).type.byteSize;
        assert.deepEqual(['counter', 'table', 'mode', 'callback', 'text', 'wide'].map(size), [4, 32, 4, 4, 4, 8]);
        const counter = stripAliases(global(table, 'counter').type);
        assert.deepEqual(counter, { kind: 'base', name: 'unsigned int', byteSize: 4, encoding: 'unsigned' });
        const matrix = global(table, 'table').type;
        assert.ok(matrix.kind === 'array');
        assert.deepEqual(matrix.dimensions, [4, 2]);
        assert.equal(matrix.stride, 4);
      });

      it('lays out structs with bit fields and anonymous unions', () => {
        const node = table.typeNamed('struct node');
        assert.ok(node?.kind === 'struct');
        assert.equal(node.byteSize, 12);
        const layout = node.members.map(({ name, offset, bitOffset, bitSize }) => ({
          name,
          offset,
          bitOffset,
          bitSize,
        }));
        const plain = { bitOffset: undefined, bitSize: undefined };
        assert.deepEqual(layout, [
          { name: 'value', offset: 0, ...plain },
          { name: 'next', offset: 4, ...plain },
          { name: 'low', offset: 8, bitOffset: 0, bitSize: 3 },
          { name: 'high', offset: 8, bitOffset: 3, bitSize: 7 },
          { name: undefined, offset: 10, ...plain },
        ]);
        const union = node.members[4].type;
        assert.ok(union.kind === 'struct' && union.keyword === 'union');
        assert.deepEqual(
          union.members.map((member) => [member.name, member.offset, typeName(member.type)]),
          [
            ['c', 0, 'char'],
            ['s', 0, 'short'],
          ],
        );
        const next = node.members[1].type;
        assert.ok(next.kind === 'pointer');
        assert.equal(next.target, node);
      });

      it('gives enumerators with their signs', () => {
        const mode = table.typeNamed('enum mode');
        assert.ok(mode?.kind === 'enum');
        assert.equal(mode.signed, true);
        assert.deepEqual(mode.enumerators, [
          { name: 'OFF', value: 0n },
          { name: 'ON', value: 5n },
          { name: 'MINUS', value: -2n },
        ]);
      });

      it('says that a struct without a definition is incomplete', () => {
        const hidden = global(table, 'hidden').type;
        assert.ok(hidden.kind === 'pointer');
        const target: Type = hidden.target;
        assert.ok(target.kind === 'struct');
        assert.equal(target.incomplete, true);
        assert.deepEqual(target.members, []);
      });

      it('sees the file from a function', () => {
        const scope = table.scopeAt(table.lookup('walk')[0].address);
        const names = scope?.file().map((variable) => variable.name);
        for (const name of ['counter', 'mode', 'text']) assert.ok(names?.includes(name), name);
      });
    });
  }

  for (const version of [2, 3, 4, 5]) {
    it(`finds parameters and locals of nested blocks on the stack, DWARF ${version}, -O0`, () => {
      const fixture = buildProgram(['-O0', `-gdwarf-${version}`]);
      const table = load(fixture);
      const names = (address: number): string[][] | undefined =>
        table.scopeAt(address)?.blocks.map((block) => block.map(({ name, kind }) => `${kind} ${name}`));
      const [inner] = table.addressesFor(fixture.path, fixture.line('block'));
      assert.deepEqual(names(inner.address), [['local d'], ['parameter a', 'parameter b', 'local c']]);
      const [outer] = table.addressesFor(fixture.path, fixture.line('return'));
      assert.deepEqual(names(outer.address), [['parameter a', 'parameter b', 'local c']]);

      const state = new GuestState(inner.address, 0x8008);
      state.registers.set(EBP, 0x8000);
      const [[d], [a, b, c]] = table.scopeAt(inner.address)?.blocks ?? [];
      // cdecl: arguments lie above the saved EBP and the return address.
      assert.deepEqual(a.locate(state), { kind: 'memory', address: 0x8008 });
      assert.deepEqual(b.locate(state), { kind: 'memory', address: 0x800c });
      for (const local of [c, d]) {
        const location = local.locate(state);
        assert.ok(location.kind === 'memory' && location.address < 0x8000 && location.address >= 0x7fe0);
      }
      assert.equal(a.line, fixture.line('add'));
      state.registers.clear();
      const lost = a.locate(state);
      assert.ok(lost.kind === 'unavailable' && /ebp/.test(lost.reason));
    });

    it(`follows location lists and tells what was optimized out, DWARF ${version}, -O2`, () => {
      const fixture = buildProgram(['-O2', `-gdwarf-${version}`]);
      const table = load(fixture);
      const [{ address, size }] = table.lookup('walk');
      const kinds = new Set<string>();
      for (let at = address; at < address + size; at++) {
        const depth = table.inlineFramesAt(at).length - 1;
        const state = new GuestState(at, 0x8008);
        for (let register = 0; register < 8; register++) state.registers.set(register, 0x8000 + register);
        const variables = table.scopeAt(at, depth)?.blocks.flat() ?? [];
        assert.deepEqual(
          variables.map((variable) => variable.name),
          ['n', 'sum'],
        );
        for (const variable of variables) {
          const location = variable.locate(state);
          kinds.add(`${variable.name} ${location.kind}`);
          if (location.kind === 'unavailable') assert.match(location.reason, /optimized out/);
          if (location.kind === 'value') assert.equal(location.value, 0n);
        }
      }
      for (const kind of ['n register', 'n unavailable', 'sum value', 'sum register']) {
        assert.ok(kinds.has(kind), `${kind} is not among ${[...kinds].join()}`);
      }
    });

    it(`shows the variables of inlined calls on their own level, DWARF ${version}, -O2`, () => {
      const fixture = buildProgram(['-O2', `-gdwarf-${version}`]);
      const table = load(fixture);
      const site = table
        .addressesForFunction('square')
        .find(({ address }) => table.functionAt(address)?.name === 'walk');
      assert.ok(site);
      const scopes = [0, 1, 2].map((depth) => table.scopeAt(site.address, depth));
      assert.deepEqual(
        scopes.map((scope) => scope?.name),
        ['square', 'walk', undefined],
      );
      assert.deepEqual(
        scopes[0]?.blocks.flat().map((variable) => `${variable.kind} ${variable.name}`),
        ['parameter x', 'local y'],
      );
    });
  }
});
