import assert from 'node:assert/strict';
import { Guest } from '../../src/debugger/guest/guest';
import type { Value } from '../../src/debugger/types';
import { toVariableLocation } from '../../src/debugger/guest/variable-location';
import { vectorByNumber } from '../../src/debugger/registers/vector';
import { EvaluationError } from '../../src/debugger/values/memory';
import { DOUBLE, U32 } from '../../src/debugger/values/types';
import { valueContext } from '../../src/debugger/variables/context';
import { Evaluator } from '../../src/debugger/variables/evaluator';
import { vectorValues } from '../../src/debugger/variables/registers';
import { PortNames } from '../../src/machine/bus/port-names';
import type { CpuModelName } from '../../src/machine/cpu/models';
import * as layout from '../../src/machine/layout';
import { Machine } from '../../src/machine/machine';
import { SymbolTable } from '../../src/symbols/symbol-table';

function named(values: readonly Value[], name: string): Value {
  const found = values.find((value) => value.name === name);
  assert.ok(found, `no "${name}" among ${values.map((value) => value.name).join(', ')}`);
  return found;
}

function guestOn(cpu: CpuModelName): Guest {
  const machine = new Machine({ cpu, memoryMB: 16, startTime: 0 });
  return new Guest(machine, new SymbolTable(), new PortNames(machine.bus));
}

describe('vector registers in the debugger', () => {
  const guest = guestOn('pentium4');
  const { state } = guest;
  const values = (): Value[] => vectorValues(valueContext(guest));
  const evaluate = (text: string): string => new Evaluator(guest).evaluate(text).text;
  const doubles = new Float64Array(state.memory.buffer);

  beforeEach(() => {
    state.u8.fill(0, layout.XMM_REGS, layout.XMM_REGS + 128);
    state.u8.fill(0, layout.FPU_REGS, layout.FPU_REGS + 128);
    state.set(layout.MXCSR, 0x1f80);
    for (const [i, value] of [0x3f800000, 0xc0200000, 0x80, 0x7fffffff].entries()) {
      state.set(layout.XMM_REGS + 16 + i * 4, value);
    }
  });

  it('are those that the processor has', () => {
    const names = (cpu: CpuModelName): string[] => vectorValues(valueContext(guestOn(cpu))).map(({ name }) => name);
    assert.deepEqual(names('pentium'), []);
    assert.deepEqual(names('pentium2'), ['mm0', 'mm1', 'mm2', 'mm3', 'mm4', 'mm5', 'mm6', 'mm7']);
    assert.equal(
      names('pentium3').join(' '),
      'xmm0 xmm1 xmm2 xmm3 xmm4 xmm5 xmm6 xmm7 mxcsr mm0 mm1 mm2 mm3 mm4 mm5 mm6 mm7',
    );
  });

  it('show their bits, and elements of every type', () => {
    const xmm1 = named(values(), 'xmm1');
    assert.equal(xmm1.text, '0x7fffffff00000080c02000003f800000');
    const parts = xmm1.children?.() ?? [];
    const elements = (name: string): string[] => (named(parts, name).children?.() ?? []).map(({ text }) => text);
    assert.deepEqual(elements('f32').slice(0, 2), ['1.0', '-2.5']);
    assert.deepEqual(elements('i32'), ['1065353216', '-1071644672', '128', '2147483647']);
    assert.equal(elements('u64')[1], '0x7fffffff00000080');
    assert.equal(elements('i8')[8], '-128');
    assert.deepEqual([elements('f64').length, elements('u8').length, elements('i16').length], [2, 16, 8]);
  });

  it('show the fields of MXCSR', () => {
    state.set(layout.MXCSR, (0x9f8 << 4) | 0x21);
    const mxcsr = named(values(), 'mxcsr');
    assert.equal(mxcsr.text, '0x00009fa1 FTZ PM UM OM ZM DM IM PE IE');
    const rounding = named(mxcsr.children?.() ?? [], 'RC');
    assert.equal(rounding.text, '0 to nearest');
    assert.equal(rounding.assign?.('3'), '3 to zero');
    assert.equal(state.get(layout.MXCSR), 0xffa1);
    assert.throws(() => mxcsr.assign?.('0x10000'), /mxcsr takes 0 to 0xffff/);
  });

  it('can be used in expressions by element', () => {
    assert.equal(evaluate('xmm1.f32[0] + xmm1.f32[1]'), '-1.5');
    assert.equal(evaluate('$xmm1.u16[1]'), '0x3f80');
    assert.equal(evaluate('XMM1.u8[8]'), '0x80');
    assert.equal(evaluate('xmm1.f64[1] = -3'), '-3.0');
    assert.equal(doubles[(layout.XMM_REGS + 24) >>> 3], -3);
    assert.equal(evaluate('xmm1.u32[0]'), '0x3f800000', 'the other elements stay');
    assert.throws(() => evaluate('xmm1.f32[4]'), /outside/);
    assert.throws(() => evaluate('xmm8'), /xmm8/);
  });

  it('can be set as a whole and by element', () => {
    const xmm1 = named(values(), 'xmm1');
    assert.equal(xmm1.assign?.('0x1'), `0x${'1'.padStart(32, '0')}`);
    assert.equal(xmm1.assign?.('ffeeddccbbaa99887766554433221100'), '0xffeeddccbbaa99887766554433221100');
    assert.equal(state.get(layout.XMM_REGS + 28), 0xffeeddcc);
    for (const wrong of ['0x1ffffffffffffffffffffffffffffffff', 'one', '']) {
      assert.throws(() => xmm1.assign?.(wrong), /xmm1 takes a number of up to 32 hexadecimal digits/);
    }
    const words = named(xmm1.children?.() ?? [], 'u16').children?.() ?? [];
    assert.equal(words[7].assign?.('0x1234'), '0x1234');
    assert.equal(state.get(layout.XMM_REGS + 28), 0x1234ddcc);
  });

  it('of MMX are significands of the x87', () => {
    const mm3 = named(values(), 'mm3');
    assert.equal(mm3.assign?.('0x0102030405060708'), '0x0102030405060708');
    assert.equal(state.get(layout.FPU_REGS + 48), 0x05060708);
    assert.equal(state.u16[(layout.FPU_REGS + 56) >>> 1], 0xffff);
    assert.equal(evaluate('mm3.u8[7]'), '0x01');
  });

  it('hold variables where debug information says so', () => {
    const source = {
      memory: guest.memory,
      register: () => 0xbad,
      vector: (number: number) => vectorByNumber(number)?.read(state),
    };
    doubles[(layout.XMM_REGS + 16) >>> 3] = 2.75;
    const located = toVariableLocation({ kind: 'register', register: 22 }, DOUBLE, source);
    assert.ok(located.kind === 'bytes');
    assert.equal(new DataView(located.bytes.buffer).getFloat64(0, true), 2.75);
    state.set(layout.FPU_REGS, 0xcafe);
    const inMmx = toVariableLocation({ kind: 'register', register: 29 }, U32, source);
    assert.deepEqual(inMmx.kind === 'bytes' && [...inMmx.bytes], [0xfe, 0xca, 0, 0]);
    const lost = { ...source, vector: () => undefined };
    assert.throws(() => toVariableLocation({ kind: 'register', register: 22 }, DOUBLE, lost), EvaluationError);
  });
});
