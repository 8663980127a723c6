import assert from 'node:assert/strict';
import { constants, deflateRawSync, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { SymbolError } from '../../src/symbols/errors';
import { inflateSection } from '../../src/symbols/formats/compressed-section';
import { inflate } from '../../src/symbols/formats/inflate';
import { SymbolTable } from '../../src/symbols/symbol-table';
import { buildProgram } from './toolchain';

/** Bytes with runs and repetitions, as DEFLATE likes them. */
const content = fc
  .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 50 })), { maxLength: 20 })
  .map((parts) =>
    Uint8Array.from(parts.flatMap(([bytes, times]) => Array.from({ length: times }, () => [...bytes]).flat())),
  );

describe('compressed debug sections', function () {
  this.timeout(120_000);

  for (const [name, options] of [
    ['dynamic codes', { level: 9 }],
    ['fixed codes', { strategy: constants.Z_FIXED }],
    ['stored blocks', { level: 0 }],
    ['Huffman codes only', { strategy: constants.Z_HUFFMAN_ONLY }],
  ] as const) {
    it(`inflate what zlib deflates with ${name}`, () => {
      fc.assert(
        fc.property(content, (bytes) => {
          assert.deepEqual(inflate(deflateRawSync(bytes, options), bytes.length, 'section'), bytes);
        }),
        { numRuns: 60, seed: 4 },
      );
    });
  }

  it('are refused where they are damaged', () => {
    const bytes = Uint8Array.from({ length: 3000 }, (_, i) => (i * i) >> 3);
    const packed = deflateRawSync(bytes);
    for (let length = 0; length < packed.length; length += 11) {
      assert.throws(() => inflate(packed.subarray(0, length), bytes.length, 'section'), SymbolError);
    }
    assert.throws(() => inflate(packed, bytes.length - 1, 'section'), /more bytes than it declares/);
    assert.throws(() => inflate(packed, bytes.length + 1, 'section'), /3000 bytes instead of 3001/);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(5000), (noise, size) => {
        try {
          assert.equal(inflate(noise, size, 'section').length, size);
        } catch (error) {
          assert.ok(error instanceof SymbolError, String(error));
        }
      }),
      { numRuns: 300, seed: 5 },
    );
  });

  it('tell their method and their size', () => {
    const bytes = new TextEncoder().encode('debug '.repeat(100));
    const packed = deflateSync(bytes);
    const header = (type: number, size: number): Uint8Array => {
      const section = new Uint8Array(12 + packed.length);
      const view = new DataView(section.buffer);
      view.setUint32(0, type, true);
      view.setUint32(4, size, true);
      section.set(packed, 12);
      return section;
    };
    assert.deepEqual(inflateSection(header(1, bytes.length), '.debug_str'), bytes);
    assert.throws(() => inflateSection(header(2, bytes.length), '.debug_str'), /\.debug_str is compressed by method 2/);
    assert.throws(() => inflateSection(header(1, 0x7fffffff), '.debug_str'), /can't become 2147483647/);
    assert.throws(() => inflateSection(new Uint8Array(5), '.debug_str'), /header is cut off/);
    const old = new Uint8Array(12 + packed.length);
    old.set(new TextEncoder().encode('ZLIB'));
    new DataView(old.buffer).setBigUint64(4, BigInt(bytes.length));
    old.set(packed, 12);
    assert.deepEqual(inflateSection(old, '.zdebug_str'), bytes);
  });

  it('give the same lines and variables as plain ones', () => {
    const plain = buildProgram(['-O0', '-gdwarf-5']);
    const packed = buildProgram(['-O0', '-gdwarf-5', '-Wl,--compress-debug-sections=zlib']);
    const table = new SymbolTable();
    table.load('packed.elf', packed.bytes);
    assert.ok(packed.bytes.length < plain.bytes.length);
    assert.equal(table.addressesFor('program.c', plain.line('block')).length, 1);
    assert.equal(table.globals('counter').length, 1);
    assert.deepEqual(table.warnings, []);
  });
});
