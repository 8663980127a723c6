import assert from 'node:assert/strict';
import { SymbolError } from '../../src/symbols/errors';
import { type LoadOptions, SymbolTable } from '../../src/symbols/symbol-table';

function load(name: string, text: string, options: LoadOptions = {}): SymbolTable {
  const table = new SymbolTable();
  table.load(name, new TextEncoder().encode(text), options);
  return table;
}

/** Columns as NASM pads them: line, offset, bytes, nesting, source. */
function listing(
  ...rows: [line: number, offset: number | undefined, data: string, text: string, level?: number][]
): string {
  return rows
    .map(([line, offset, data, text, level]) => {
      const place = offset === undefined ? ''.padEnd(28) : `${hex8(offset)} ${data.padEnd(19)}`;
      return `${String(line).padStart(6)} ${place}${level ? ` <${level}>` : '    '} ${text}\n`;
    })
    .join('');
}

function hex8(offset: number): string {
  return offset.toString(16).toUpperCase().padStart(8, '0');
}

const BOOT = listing(
  [1, undefined, '', 'org 0x7c00'],
  [2, undefined, '', 'bits 16'],
  [3, undefined, '', 'start:'],
  [4, 0, '31C0', '  xor ax, ax'],
  [5, 2, 'BE[1000]', '  mov si, message'],
  [6, undefined, '', '.next: ; loop'],
  [7, 5, 'AC', '  lodsb'],
  [8, undefined, '', '  %include "print.inc"'],
  [1, undefined, '', 'print:', 1],
  [2, 6, 'B40E', '  mov ah, 0eh', 1],
  [3, 8, 'CD10', '  int 10h', 1],
  [9, 10, 'EBF9', '  jmp .next'],
  [10, 12, '48656C6C6F2C20776F-', "message: db 'Hello, world', 0"],
  [10, 21, '726C6400           '.trim(), ''],
  [11, 25, '00<rep 1E5h>', '  times 510-($-$$) db 0'],
  [12, 510, '55AA', '  dw 0xaa55'],
);

describe('NASM listings', () => {
  it('give labels with their addresses', () => {
    const table = load('boot.lst', BOOT);
    const address = (name: string): number | undefined => table.lookup(name)[0]?.address;
    assert.deepEqual(['start', 'start.next', 'print', 'message'].map(address), [0x7c00, 0x7c05, 0x7c06, 0x7c0c]);
    assert.equal(table.symbolAt(0x7c02)?.text, 'start+0x2');
    assert.equal(table.symbolAt(0x7c0b)?.text, 'print+0x5');
    assert.equal(table.symbolAt(0x7dff)?.text, 'message+0x1f3');
    assert.equal(table.symbolAt(0x7e00), undefined);
  });

  it('give lines of the source beside the listing and of included files', () => {
    const table = load('/src/boot.lst', BOOT);
    assert.deepEqual(
      table.sources().map((source) => source.path),
      ['/src/boot.asm', '/src/print.inc'],
    );
    const at = (address: number): string | undefined => {
      const info = table.lineAt(address);
      return info && `${info.path}:${info.line}`;
    };
    assert.equal(at(0x7c00), '/src/boot.asm:4');
    assert.equal(at(0x7c01), '/src/boot.asm:4');
    assert.equal(at(0x7c06), '/src/print.inc:2');
    assert.equal(at(0x7c0a), '/src/boot.asm:9');
    assert.equal(at(0x7c18), '/src/boot.asm:10');
    assert.equal(at(0x7dff), '/src/boot.asm:12');
    assert.equal(at(0x7bff), undefined);
  });

  it('take breakpoints on code and not on data', () => {
    const table = load('/src/boot.lst', BOOT);
    assert.deepEqual(table.linesWithCode('/src/boot.asm', 1, 99), [4, 5, 7, 9]);
    assert.deepEqual(
      table.addressesFor('/src/boot.asm', 6).map(({ line, address }) => ({ line, address })),
      [{ line: 7, address: 0x7c05 }],
    );
    assert.deepEqual(
      table.addressesFor('print.inc', 3).map(({ address }) => address),
      [0x7c08],
    );
    assert.deepEqual(
      table.addressesForFunction('print').map(({ address, line }) => [address, line]),
      [[0x7c06, 2]],
    );
  });

  it('take the name of the source, a bias and a source map', () => {
    const table = load('boot.lst', BOOT, { source: '/build/b.asm', bias: 0x10000, sourceMap: { '/build': '/home' } });
    assert.equal(table.lineAt(0x17c00)?.path, '/home/b.asm');
    assert.equal(table.lookup('start')[0].address, 0x17c00);
  });

  it('place the sections of a flat binary one after the other', () => {
    const text = listing(
      [1, undefined, '', 'org 100h'],
      [2, undefined, '', 'section .data align=16'],
      [3, 0, '01000000', 'value: dd 1'],
      [4, undefined, '', 'section .text'],
      [5, 0, 'A1[00000000]', 'main: mov eax, [value]'],
      [6, 5, 'C3', 'ret'],
      [7, undefined, '', 'section .bss'],
      [8, 0, '<res 40h>', 'buffer: resb 64'],
    );
    const table = load('x.lst', text);
    const address = (name: string): number => table.lookup(name)[0].address;
    assert.deepEqual(['main', 'value', 'buffer'].map(address), [0x100, 0x110, 0x114]);
    assert.equal(table.symbolAt(0x153)?.text, 'buffer+0x3f');
    assert.equal(table.symbolAt(0x154), undefined);
  });

  it('keep a macro on the line that uses it', () => {
    const text = listing(
      [1, undefined, '', '%macro twice 0'],
      [2, undefined, '', '%endmacro'],
      [3, undefined, '', 'begin: twice'],
      [3, 0, '40', '  inc ax', 1],
      [3, 1, '40', '  inc ax', 1],
      [4, 2, 'F4', '  hlt'],
    );
    const table = load('m.lst', text);
    assert.deepEqual(
      table.addressesFor('m.asm', 3).map(({ address }) => address),
      [0],
    );
    assert.equal(table.lineAt(1)?.line, 3);
    assert.equal(table.lineAt(2)?.line, 4);
  });
});

describe('map files', () => {
  it('of nm give symbols with their kinds and sizes', () => {
    const table = load(
      'System.map',
      [
        'c0100000 T _text',
        'c0100010 t do_one',
        '00000000 A absolute',
        'c0200000 00000010 D data',
        '         U x',
        '',
      ].join('\n'),
    );
    assert.equal(table.symbolAt(0xc0100014)?.text, 'do_one+0x4');
    assert.equal(table.functionAt(0xc0100004)?.name, '_text');
    assert.equal(table.lookup('do_one')[0].global, false);
    assert.equal(table.lookup('absolute')[0].kind, 'absolute');
    assert.equal(table.symbolAt(0xc020000f)?.text, 'data+0xf');
    assert.equal(table.symbolAt(0xc0200010), undefined);
    assert.equal(table.symbolAt(4), undefined);
    assert.equal(table.lookup('x').length, 0);
  });

  it('of GNU ld give the symbols below their sections', () => {
    const text = [
      'Memory Configuration',
      '',
      'Linker script and memory map',
      '',
      '                [!provide]                        PROVIDE (__executable_start = 0x8048000)',
      '                0x00100000                        . = 0x100000',
      '.text           0x00100000       0x63',
      ' .text          0x00100000       0x63 main.o',
      '                0x00100000                add',
      '                0x00100010                walk',
      '.bss            0x00101000       0x20',
      '                0x00101000                __bss_start = .',
      ' .bss           0x00101000       0x20 main.o',
      '                0x00101000                table',
    ].join('\r\n');
    const table = load('kernel.map', text);
    assert.equal(table.symbolAt(0x100012)?.text, 'walk+0x2');
    assert.equal(table.lookup('table')[0].kind, 'object');
    assert.equal(table.lookup('__bss_start')[0].address, 0x101000);
    assert.equal([...table.symbols()].length, 4);
  });

  it('of LLD give symbols with their sizes', () => {
    const text = [
      '     VMA      LMA     Size Align Out     In      Symbol',
      '   11190    11190       72    16 .text',
      '   11190    11190       72    16         /tmp/a.o:(.text)',
      '   11190    11190        e     1                 add',
      '   111a0    111a0       39     1                 walk',
      '   12204    12204       24     4 .bss',
      '   12204    12204        0     1                 __bss = .',
    ].join('\n');
    const table = load('kernel.map', text);
    assert.equal(table.functionAt(0x111a5)?.name, 'walk');
    assert.equal(table.symbolAt(0x1119e), undefined);
    assert.equal(table.lookup('__bss')[0].address, 0x12204);
    assert.equal([...table.symbols()].length, 3);
  });

  it('of NASM give symbols by their virtual addresses', () => {
    const text = [
      '',
      '- NASM Map file ---------------------------------------------------------------',
      '',
      'Source file:  boot.asm',
      '',
      '-- Symbols --------------------------------------------------------------------',
      '',
      '---- Section .text ------------------------------------------------------------',
      '',
      'Real              Virtual           Name',
      '               0              7C00  start',
      '               5              7C05  start.next',
    ].join('\n');
    const table = load('boot.map', text);
    assert.equal(table.symbolAt(0x7c06)?.text, 'start.next+0x1');
  });

  it('without a symbol, and files of other kinds, are refused', () => {
    const refuses = (text: string, message: RegExp): void =>
      assert.throws(
        () => load('file.txt', text),
        (error) => error instanceof SymbolError && message.test(error.message),
      );
    refuses('', /file\.txt is empty/);
    refuses('hello\nworld\n', /no symbol file that Ringside knows/);
    refuses('\0\x01\x02', /no symbol file that Ringside knows/);
    refuses('Linker script and memory map\n', /looks like GNU ld map but has no symbols/);
  });

  it('with very long lines are read in no time to speak of', () => {
    const table = load('x.map', `c0100000 T start\n${' '.repeat(200_000)}x\n${'section '.repeat(50_000)}\n`);
    assert.equal(table.lookup('start').length, 1);
  });
});
