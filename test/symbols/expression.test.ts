import assert from 'node:assert/strict';
import { evaluateLocation, type ExpressionContext } from '../../src/symbols/dwarf/expression';
import type { Location } from '../../src/symbols/location';
import { GuestState } from './guest-state';

function evaluate(bytes: number[], prepare?: (state: GuestState) => void): Location {
  const state = new GuestState(0x1000, 0x9000);
  state.registers.set(0, 0xfffffff0).set(5, 0x8000);
  state.store(0x8004, 0xdeadbeef);
  state.store(0x8008, 0x11223344);
  prepare?.(state);
  const context: ExpressionContext = {
    address: state.address,
    bias: 0x100000,
    register: (number) => state.register(number),
    readMemory: (address, size) => state.readMemory(address, size),
    cfa: () => state.cfa(),
    frameBase: () => 0x7000,
    indexedAddress: (index) => 0x400 + index,
    baseType: (offset) =>
      ({ 1: { byteSize: 1, encoding: 6 }, 2: { byteSize: 8, encoding: 7 }, 3: { byteSize: 4, encoding: 4 } })[offset],
  };
  return evaluateLocation(Uint8Array.from(bytes), context);
}

const memory = (address: number): Location => ({ kind: 'memory', address });
const value = (bits: bigint): Location => ({ kind: 'value', value: bits });
const STACK_VALUE = 0x9f;

describe('location expressions', () => {
  const addresses: [name: string, expression: number[], address: number][] = [
    ['DW_OP_addr adds the bias', [0x03, 0x78, 0x56, 0x34, 0x12], 0x12445678],
    ['DW_OP_addrx', [0xa1, 3], 0x100403],
    ['DW_OP_fbreg', [0x91, 0x7c], 0x6ffc],
    ['DW_OP_breg5', [0x75, 0x08], 0x8008],
    ['DW_OP_bregx', [0x92, 5, 0x7c], 0x7ffc],
    ['DW_OP_breg0 wraps', [0x70, 0x20], 0x10],
    ['DW_OP_call_frame_cfa', [0x9c], 0x9000],
    ['DW_OP_deref', [0x75, 4, 0x06], 0xdeadbeef],
    ['DW_OP_deref_size', [0x75, 4, 0x94, 2], 0xbeef],
    ['DW_OP_plus_uconst', [0x75, 0, 0x23, 0x80, 0x01], 0x8080],
  ];
  for (const [name, expression, address] of addresses) {
    it(name, () => assert.deepEqual(evaluate(expression), memory(address)));
  }

  const values: [name: string, expression: number[], value: bigint][] = [
    ['lit31', [0x4f], 31n],
    ['const1u', [0x08, 0xff], 255n],
    ['const1s', [0x09, 0xff], 0xffffffffn],
    ['const2u', [0x0a, 0xff, 0xff], 0xffffn],
    ['const2s', [0x0b, 0xfe, 0xff], 0xfffffffen],
    ['const4u', [0x0c, 1, 2, 3, 4], 0x04030201n],
    ['const4s', [0x0d, 0xff, 0xff, 0xff, 0xff], 0xffffffffn],
    ['constu', [0x10, 0x80, 0x01], 128n],
    ['consts', [0x11, 0x7f], 0xffffffffn],
    ['dup plus', [0x35, 0x12, 0x22], 10n],
    ['over', [0x33, 0x35, 0x14], 3n],
    ['pick', [0x31, 0x32, 0x33, 0x15, 2], 1n],
    ['drop', [0x31, 0x32, 0x13], 1n],
    ['swap minus', [0x31, 0x35, 0x16, 0x1c], 4n],
    ['rot puts the top third', [0x31, 0x32, 0x33, 0x17], 2n],
    ['abs', [0x09, 0xfb, 0x19], 5n],
    ['and', [0x3c, 0x3a, 0x1a], 8n],
    ['div is signed', [0x09, 0xf8, 0x32, 0x1b], 0xfffffffcn],
    ['mod is unsigned', [0x09, 0xff, 0x3a, 0x1d], 5n],
    ['mul wraps', [0x0c, 0, 0, 0, 0x80, 0x32, 0x1e], 0n],
    ['neg', [0x31, 0x1f], 0xffffffffn],
    ['not', [0x30, 0x20], 0xffffffffn],
    ['or', [0x3c, 0x33, 0x21], 15n],
    ['xor', [0x3c, 0x36, 0x27], 10n],
    ['shl', [0x31, 0x3f, 0x24], 0x8000n],
    ['shr is logical', [0x09, 0xff, 0x3f, 0x25], 0x1ffffn],
    ['shra is arithmetic', [0x09, 0xf0, 0x32, 0x26], 0xfffffffcn],
    ['shl by the width', [0x31, 0x08, 32, 0x24], 0n],
    ['lt is signed', [0x09, 0xff, 0x31, 0x2d], 1n],
    ['ge', [0x31, 0x31, 0x2a], 1n],
    ['gt', [0x31, 0x31, 0x2b], 0n],
    ['le', [0x31, 0x31, 0x2c], 1n],
    ['eq', [0x31, 0x32, 0x29], 0n],
    ['ne', [0x31, 0x32, 0x2e], 1n],
    ['skip', [0x35, 0x2f, 1, 0, 0x36], 5n],
    ['bra not taken', [0x35, 0x30, 0x28, 1, 0, 0x36], 6n],
    ['bra taken', [0x35, 0x31, 0x28, 1, 0, 0x36], 5n],
    ['nop', [0x35, 0x96], 5n],
    ['const_type', [0xa4, 2, 8, 1, 0, 0, 0, 0, 0, 0, 0x80], 0x8000000000000001n],
    ['convert sign-extends', [0x08, 0xfe, 0xa8, 1, 0xa8, 0], 0xfffffffen],
    ['regval_type', [0xa5, 5, 1], 0n],
    ['deref_type', [0x75, 4, 0xa6, 1, 1], -17n],
    ['constx', [0xa2, 2], 0x402n],
  ];
  for (const [name, expression, expected] of values) {
    it(`DW_OP_${name}`, () => assert.deepEqual(evaluate([...expression, STACK_VALUE]), value(expected)));
  }

  it('describes registers, values and pieces', () => {
    assert.deepEqual(evaluate([0x53]), { kind: 'register', register: 3 });
    assert.deepEqual(evaluate([0x90, 21]), { kind: 'register', register: 21 });
    assert.deepEqual(evaluate([0x9e, 2, 7, 8]), { kind: 'bytes', bytes: Uint8Array.of(7, 8) });
    assert.deepEqual(evaluate([0x50, 0x93, 4, 0x52, 0x93, 4]), {
      kind: 'pieces',
      pieces: [
        { bitSize: 32, bitOffset: 0, location: { kind: 'register', register: 0 } },
        { bitSize: 32, bitOffset: 0, location: { kind: 'register', register: 2 } },
      ],
    });
    assert.deepEqual(evaluate([0x93, 2, 0x53, 0x9d, 4, 8]), {
      kind: 'pieces',
      pieces: [
        { bitSize: 16, bitOffset: 0, location: { kind: 'unavailable', reason: 'optimized out' } },
        { bitSize: 4, bitOffset: 8, location: { kind: 'register', register: 3 } },
      ],
    });
    assert.deepEqual(evaluate([]), { kind: 'unavailable', reason: 'optimized out' });
  });

  const failures: [name: string, expression: number[], reason: RegExp][] = [
    ['an unknown operation', [0xe5], /unknown operation 0xe5/],
    ['an entry value', [0xa3, 1, 0x50, STACK_VALUE], /value on entry/],
    ['an implicit pointer', [0xa0, 0, 0, 0, 0, 0], /has no address/],
    ['a register that is lost', [0x73, 0], /depends on ebx/],
    ['memory that is not there', [0x75, 0x20, 0x06], /memory at 0x8020/],
    ['an empty stack', [0x22], /stack is empty/],
    ['a cut off operand', [0x03, 1], /damaged/],
    ['an endless loop', [0x2f, 0xfd, 0xff], /does not end/],
    ['an endless stack', [0x30, 0x2f, 0xfc, 0xff], /overflows the stack/],
    ['a jump out of it', [0x2f, 0x10, 0], /jumps out/],
    ['a division by zero', [0x31, 0x30, 0x1b], /divides by zero/],
    ['floating point', [0xa8, 3], /floating point|stack/],
    ['thread-local storage', [0x30, 0x9b], /thread-local/],
  ];
  for (const [name, expression, reason] of failures) {
    it(`tells of ${name}`, () => {
      const location = evaluate(expression);
      assert.ok(location.kind === 'unavailable', JSON.stringify(location));
      assert.match(location.reason, reason);
    });
  }
});
