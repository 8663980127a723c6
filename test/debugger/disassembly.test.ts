import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { InstructionAnchors } from '../../src/debugger/disassembly/anchors';
import { type CodeSource, Disassembler } from '../../src/debugger/disassembly/disassembler';
import { Flow, ICED_ASSET } from '../../src/debugger/disassembly/iced';

/** push ebp; mov ebp,esp; sub esp,0x10; call +0; mov [ebp-4],eax; rep outsb; leave; ret */
const CODE = Uint8Array.of(
  ...[0x55, 0x89, 0xe5, 0x83, 0xec, 0x10, 0xe8, 0x00, 0x00, 0x00, 0x00],
  ...[0x89, 0x45, 0xfc, 0xf3, 0x6e, 0xc9, 0xc3],
);
const STARTS = [0, 1, 3, 6, 11, 14, 16, 17];
const TEXTS = [
  'push ebp',
  'mov ebp, esp',
  'sub esp, 0x10',
  'call 0x100b <f+0xb>',
  'mov [ebp-0x4], eax',
  'rep outsb',
  'leave',
  'ret',
];
const START = 0x1000;

describe('disassembly', () => {
  let module: Uint8Array;
  before(async () => {
    const require = createRequire(import.meta.url);
    const path = require.resolve(`iced-x86/${ICED_ASSET}`);
    module = await readFile(path);
  });

  function disassembler(
    memory: Uint8Array,
    at: number,
    overrides: Partial<CodeSource> = {},
    anchors = new InstructionAnchors(),
  ): Disassembler {
    const source: CodeSource = {
      read: (address, length) =>
        address < at || address >= at + memory.length
          ? new Uint8Array()
          : memory.slice(address - at, address - at + length),
      bits: 32,
      base: 0,
      startBelow: () => undefined,
      symbol: (address) => (address === at ? 'f' : address > at ? `f+0x${(address - at).toString(16)}` : undefined),
      label: (address) => (address === at ? 'f' : undefined),
      source: () => undefined,
      ...overrides,
    };
    return new Disassembler(module, source, anchors);
  }

  it('gives rows from an address on', () => {
    const rows = disassembler(CODE, START).rows(START, 0, 8);
    assert.deepEqual(
      rows.map((row) => row.text),
      TEXTS,
    );
    assert.deepEqual(
      rows.map((row) => row.address - START),
      STARTS,
    );
    assert.equal(rows[3].bytes, 'e8 00 00 00 00');
    assert.equal(rows[0].symbol, 'f');
    assert.equal(rows[1].symbol, undefined);
  });

  it('gives exactly the rows asked for around any instruction, with or without an anchor', () => {
    const anchors = new InstructionAnchors();
    anchors.add(START);
    for (const known of [anchors, new InstructionAnchors()]) {
      for (let from = 0; from < STARTS.length; from++) {
        for (let offset = -from; offset < STARTS.length - from; offset++) {
          const rows = disassembler(CODE, START, {}, known).rows(START + STARTS[from], offset, 1);
          assert.equal(rows.length, 1);
          assert.equal(rows[0].address, START + STARTS[from + offset], `${from} ${offset}`);
        }
      }
    }
  });

  it('fills up with invalid rows where there is no memory', () => {
    const rows = disassembler(CODE, START).rows(START, -5, 30);
    assert.equal(rows.length, 30);
    assert.deepEqual(
      rows.slice(0, 5).map((row) => [row.address, row.text, row.invalid]),
      [
        [0xffb, '??', true],
        [0xffc, '??', true],
        [0xffd, '??', true],
        [0xffe, '??', true],
        [0xfff, '??', true],
      ],
    );
    assert.deepEqual(
      rows.slice(5, 13).map((row) => row.text),
      TEXTS,
    );
    assert.ok(rows.slice(13).every((row) => row.invalid));
    assert.equal(rows[29].address, START + CODE.length + 16);
  });

  it('shows bytes that are no instruction as data and goes on behind them', () => {
    const rows = disassembler(Uint8Array.of(0x90, 0x0f, 0xff, 0x90, 0xc3), START).rows(START, 0, 2);
    assert.equal(rows[0].text, 'nop');
    const bad = disassembler(Uint8Array.of(0x0f, 0x04, 0xc3), START).rows(START, 0, 2);
    assert.equal(bad[0].text, 'db 0x0f');
    assert.equal(bad[0].invalid, true);
    assert.equal(bad[1].address, START + 1);
  });

  it('decodes long runs across chunks without losing or repeating an instruction', () => {
    const code = new Uint8Array(0x2000);
    for (let at = 0; at < code.length; at += 16)
      code.set([0xc7, 0x80, 1, 0, 0, 0, 2, 0, 0, 0, 0x66, 0x90, 0x90, 0x90, 0x66, 0x90], at);
    const rows = disassembler(code, START).rows(START, 0, 1000);
    let address = START;
    for (const row of rows) {
      assert.equal(row.address, address);
      assert.equal(row.invalid, undefined);
      address += row.bytes.split(' ').length;
    }
  });

  it('decodes 16-bit code with offsets of its segment', () => {
    const code = Uint8Array.of(0xb8, 0x34, 0x12, 0xe8, 0xfd, 0xff, 0xcd, 0x10);
    const rows = disassembler(code, 0x7c00, { bits: 16, base: 0x7c00 }).rows(0x7c00, 0, 3);
    assert.deepEqual(
      rows.map((row) => row.text),
      ['mov ax, 0x1234', 'call 0x3 <f+0x3>', 'int 0x10'],
    );
  });

  it('says how an instruction goes on', () => {
    const flow = (...bytes: number[]): Flow | undefined => disassembler(Uint8Array.from(bytes), START).at(START)?.flow;
    assert.equal(flow(0xe8, 0, 0, 0, 0), Flow.Call);
    assert.equal(flow(0xff, 0xd0), Flow.IndirectCall);
    assert.equal(flow(0xc3), Flow.Return);
    assert.equal(flow(0xcf), Flow.Return);
    assert.equal(flow(0xeb, 0), Flow.Jump);
    assert.equal(flow(0xcd, 0x80), Flow.Interrupt);
    assert.equal(flow(0x0f, 0x04), undefined);
  });
});
