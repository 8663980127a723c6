import assert from 'node:assert/strict';
import { Guest } from '../../src/debugger/guest/guest';
import type { Value } from '../../src/debugger/types';
import { float80Text } from '../../src/debugger/values/float80-text';
import { valueContext } from '../../src/debugger/variables/context';
import { Evaluator } from '../../src/debugger/variables/evaluator';
import { fpuValues } from '../../src/debugger/variables/registers';
import { PortNames } from '../../src/machine/bus/port-names';
import { FpuRegisters } from '../../src/machine/fpu/registers';
import * as layout from '../../src/machine/layout';
import { Machine } from '../../src/machine/machine';
import { SymbolTable } from '../../src/symbols/symbol-table';

const PI = { mantissa: 0xc90fdaa22168c235n, exponent: 0x4000 };

function named(values: readonly Value[], name: string): Value {
  const found = values.find((value) => value.name === name);
  assert.ok(found, `no "${name}" among ${values.map((value) => value.name).join(', ')}`);
  return found;
}

describe('x87 registers in the debugger', () => {
  const machine = new Machine({ cpu: 'pentium', memoryMB: 16, startTime: 0 });
  const { state } = machine.cpu;
  const registers = new FpuRegisters(state);
  const guest = new Guest(machine, new SymbolTable(), new PortNames(machine.bus));
  const values = (): Value[] => fpuValues(valueContext(guest));
  const evaluate = (text: string): string => new Evaluator(guest).evaluate(text).text;

  beforeEach(() => {
    registers.reset();
    registers.initialize();
    registers.top = 6;
    registers.setPhysical(6, PI);
    registers.setPhysical(7, { mantissa: 0n, exponent: 0x8000 });
    registers.tags = 0x0fff;
  });

  it('show value, bits, class and physical number', () => {
    const st0 = named(values(), 'st0');
    assert.equal(st0.text, '3.14159265358979323851');
    const parts = st0.children?.() ?? [];
    assert.equal(named(parts, 'bits').text, '4000:c90fdaa22168c235');
    assert.equal(named(parts, 'class').text, 'normal');
    assert.equal(named(parts, 'register').text, 'R6');
    assert.equal(named(values(), 'st1').text, '-0.0');
    assert.equal(named(values(), 'st2').text, 'empty (0.0)');
  });

  it('show the words with the names of their fields', () => {
    state.set(layout.FPU_CONTROL, 0x0e7e);
    registers.status = 0x4121 | (6 << 11);
    assert.equal(named(values(), 'fcw').text, '0x0e7e RC=0x3 PC=0x2 PM UM OM ZM DM');
    const status = named(values(), 'fsw');
    assert.match(status.text, /^0xf1a1 B C3 C0 ES PE IE$/);
    assert.equal(named(status.children?.() ?? [], 'TOP').text, '6');
    assert.equal(named(named(values(), 'ftw').children?.() ?? [], 'TAG7').text, '1 zero');
    assert.equal(named(named(values(), 'ftw').children?.() ?? [], 'TAG0').text, '3 empty');
  });

  it('show where the last instruction and its operand were', () => {
    state.set(layout.FPU_CS, 0x8);
    state.set(layout.FPU_IP, 0x101234);
    state.set(layout.FPU_OPCODE, 0x545);
    state.set(layout.FPU_DS, 0x10);
    state.set(layout.FPU_DP, 0x200000);
    assert.equal(named(values(), 'instruction').text, '0x8:0x101234 (dd 45)');
    assert.equal(named(values(), 'operand').text, '0x10:0x200000');
  });

  it('can be set: by a number, an expression or bits', () => {
    const st2 = named(values(), 'st2');
    assert.equal(st2.assign?.('2.5'), '2.5');
    assert.equal(registers.tag(0), 0, 'it is no longer empty');
    assert.deepEqual(registers.physical(0), { mantissa: 0xa000000000000000n, exponent: 0x4000 });
    assert.equal(st2.assign?.('st0 * 2'), '6.283185307179586232');
    const bits = named(st2.children?.() ?? [], 'bits');
    assert.equal(bits.assign?.('7fff:c000000000000000'), '7fff:c000000000000000');
    assert.equal(named(values(), 'st2').text, 'NaN');
    assert.throws(() => bits.assign?.('1.5'), /EXPONENT:SIGNIFICAND/);
    const masked = named(named(values(), 'fcw').children?.() ?? [], 'ZM');
    assert.equal(masked.assign?.('0'), '0');
    assert.equal(registers.control, 0x037b);
  });

  it('are numbers in expressions', () => {
    assert.equal(evaluate('st0'), '3.14159265358979323851');
    assert.equal(evaluate('st0 > 3 && st0 < 4'), '1');
    assert.equal(evaluate('$st1 + 1'), '1.0');
    assert.equal(evaluate('fcw & 0x3f'), '63');
    assert.equal(evaluate('(fsw >> 11) & 7'), '6');
  });

  it('have all their digits in decimal', () => {
    const text = (mantissa: bigint, exponent: number): string => float80Text({ mantissa, exponent });
    assert.equal(text(1n << 63n, 0x3fff), '1.0');
    assert.equal(text(0xffffffffffffffffn, 0x7ffe), '1.18973149535723176502e4932');
    assert.equal(text(1n, 0), '3.64519953188247460253e-4951');
    assert.equal(text(0xcccccccccccccccdn, 0x3ffb), '0.100000000000000000001');
    assert.equal(text(0x9502f90000000000n, 0xc020), '-10000000000.0');
    assert.equal(text(1n << 63n, 0xffff), '-infinity');
    assert.equal(text(1n, 0x3fff), 'unsupported');
    assert.equal(text((1n << 63n) | 1n, 0x7fff), 'signalling NaN');
  });
});
