import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ElfError } from '../../src/machine/loaders/elf';
import { SymbolError } from '../../src/symbols/errors';
import { SymbolTable } from '../../src/symbols/symbol-table';
import { type Type, typeName } from '../../src/symbols/types';
import { unwind } from '../../src/symbols/unwind/apply';
import { GuestState } from './guest-state';
import { buildAssembly, buildProgram } from './toolchain';

/** Asks everything there is to ask; whatever the file is, the answers come and nothing is thrown. */
function askEverything(table: SymbolTable, addresses: readonly number[]): void {
  for (const source of table.sources()) {
    table.linesWithCode(source.path, 1, 100);
    table.addressesFor(source.path, 30);
  }
  for (const name of ['add', 'square', 'nothing']) table.addressesForFunction(name);
  for (const name of ['counter', 'hidden', 'table']) {
    for (const variable of table.globals(name)) {
      variable.locate(new GuestState(0));
      describeType(variable.type);
    }
  }
  table.typeNamed('struct node');
  for (const address of addresses) {
    table.functionAt(address);
    table.symbolAt(address);
    table.lineAt(address);
    const state = new GuestState(address, 0x8008);
    for (let register = 0; register < 9; register++) state.registers.set(register, 0x8000);
    unwind(table.unwindRule(address), state);
    table.inlineFramesAt(address).forEach((_, depth) => {
      const scope = table.scopeAt(address, depth);
      for (const variable of [...(scope?.blocks.flat() ?? []), ...(scope?.file() ?? [])]) {
        variable.locate(state);
        describeType(variable.type);
      }
    });
  }
}

function describeType(type: Type): void {
  typeName(type);
  if (type.kind === 'struct') for (const member of type.members) typeName(member.type);
}

/** Loads what may be damaged. Returns whether it could be loaded at all. */
function survive(bytes: Uint8Array, addresses: readonly number[]): boolean {
  const table = new SymbolTable();
  try {
    table.load('damaged.elf', bytes);
  } catch (error) {
    assert.ok(error instanceof ElfError || error instanceof SymbolError, String(error));
    assert.notEqual(error.message, '');
    return false;
  }
  askEverything(table, addresses);
  return true;
}

/** Offsets and sizes in the file of all sections that are not loaded into the guest. */
function debugSections(bytes: Uint8Array): { offset: number; size: number }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const table = view.getUint32(32, true);
  return Array.from({ length: view.getUint16(48, true) }, (_, i) => table + i * 40)
    .filter((at) => view.getUint32(at + 4, true) === 1 && view.getUint32(at + 20, true) > 0)
    .map((at) => ({ offset: view.getUint32(at + 16, true), size: view.getUint32(at + 20, true) }));
}

describe('damaged symbol files', function () {
  this.timeout(180_000);

  const inputs = [
    ...[2, 4, 5].map((version) => ({
      name: `DWARF ${version}`,
      make: () => buildProgram(['-O2', `-gdwarf-${version}`]).bytes,
    })),
    { name: 'assembly', make: () => buildAssembly().bytes },
  ];

  for (const { name, make } of inputs) {
    describe(name, () => {
      let bytes: Uint8Array;
      let addresses: number[];
      before(() => {
        bytes = make();
        const table = new SymbolTable();
        table.load('whole.elf', bytes);
        addresses = [...table.symbols()].filter(({ kind }) => kind !== 'absolute').map(({ address }) => address + 5);
        assert.ok(addresses.length >= 3);
      });

      it('are refused or read in part wherever they are cut off', () => {
        let refused = 0;
        for (let length = 0; length < bytes.length; length += 13) {
          if (!survive(bytes.slice(0, length), addresses)) refused++;
        }
        assert.ok(refused > 0);
      });

      it('are read in part wherever a debug section is cut off', () => {
        for (const { offset, size } of debugSections(bytes)) {
          for (let kept = 0; kept < size; kept += Math.ceil(size / 11)) {
            const cut = bytes.slice();
            const view = new DataView(cut.buffer);
            const headers = view.getUint32(32, true);
            for (let i = 0; i < view.getUint16(48, true); i++) {
              const header = headers + i * 40;
              if (view.getUint32(header + 16, true) === offset) view.setUint32(header + 20, kept, true);
            }
            survive(cut, addresses);
          }
        }
      });

      it('are read in part whatever bytes of the debug sections are wrong', () => {
        const sections = debugSections(bytes);
        const place = fc
          .nat(sections.length - 1)
          .chain((i) => fc.nat(sections[i].size - 1).map((at) => sections[i].offset + at));
        const damage = fc.array(fc.tuple(place, fc.oneof(fc.nat(255), fc.constantFrom(0, 0x7f, 0x80, 0xff))), {
          minLength: 1,
          maxLength: 8,
        });
        fc.assert(
          fc.property(damage, (changes) => {
            const copy = bytes.slice();
            for (const [at, value] of changes) copy[at] = value;
            survive(copy, addresses);
          }),
          { numRuns: 80, seed: 1 },
        );
      });

      it('are refused or read whatever bytes of the headers are wrong', () => {
        const headers = bytes.length - 18 * 40;
        const place = fc.oneof(fc.nat(51), fc.integer({ min: headers, max: bytes.length - 1 }));
        fc.assert(
          fc.property(fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 4 }), (changes) => {
            const copy = bytes.slice();
            for (const [at, value] of changes) copy[at] = value;
            survive(copy, addresses);
          }),
          { numRuns: 80, seed: 2 },
        );
      });
    });
  }

  it('of any content are refused with a message', () => {
    const table = new SymbolTable();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        assert.throws(
          () => table.load('noise', bytes),
          (error) => error instanceof SymbolError || error instanceof ElfError,
        );
      }),
      { numRuns: 200, seed: 3 },
    );
  });
});
