import assert from 'node:assert/strict';
import type { CpuModelName } from '../../../src/machine/cpu/models';
import { Register } from '../../../src/machine/layout';
import { Bench } from './bench';

const { EAX, ECX, EDX } = Register;

function read(bench: Bench, register: number): string {
  bench.state.setReg(ECX, register);
  const outcome = bench.outcome(() => bench.op.readMsr());
  if (outcome !== 'ok') return outcome;
  return `${bench.state.reg(EDX).toString(16)}:${bench.state.reg(EAX).toString(16)}`;
}

function write(bench: Bench, register: number, high: number, low: number): string {
  bench.state.setReg(ECX, register);
  bench.state.setReg(EDX, high);
  bench.state.setReg(EAX, low);
  return bench.outcome(() => bench.op.writeMsr());
}

const bench = (model: CpuModelName): Bench => Bench.protected(0, model);

describe('model-specific registers', () => {
  it('hold after reset what the chips hold', () => {
    const p3 = bench('pentium3');
    const values: [number, string][] = [
      [0x1b, '0:fee00900'],
      [0xfe, '0:508'],
      [0x179, '0:105'],
      [0x17b, '0:0'],
      [0x200, '0:0'],
      [0x277, '70406:70406'],
      [0x2ff, '0:0'],
    ];
    for (const [register, value] of values) assert.equal(read(p3, register), value, register.toString(16));
    assert.equal(read(bench('pentium4'), 0x1a0), '0:1801');
    assert.equal(read(bench('pentium4'), 0x179), '0:104');
    assert.equal(read(bench('pentium'), 0x1), '0:0');
  });

  it('keep what is written, each for itself, and forget it at reset', () => {
    const p3 = bench('pentium3');
    const registers: [number, number, number][] = [
      [0x200, 0xf, 0xabcde006],
      [0x20f, 0xf, 0xff000800],
      [0x250, 0x06060606, 0x04050100],
      [0x26f, 0x01010101, 0],
      [0x277, 0x07060504, 0x01000000],
      [0x2ff, 0, 0xc06],
      [0x174, 0, 0x60],
      [0x400, 0xffffffff, 0xffffffff],
      [0x404, 1, 2],
      [0x17b, 0xffffffff, 0xffffffff],
      [0xc1, 0xff, 0x80000001],
      [0x186, 0, 0x004300c0],
    ];
    for (const [register, high, low] of registers) {
      assert.equal(write(p3, register, high, low), 'ok', register.toString(16));
    }
    for (const [register, high, low] of registers) {
      assert.equal(read(p3, register), `${high.toString(16)}:${low.toString(16)}`, register.toString(16));
    }
    p3.cpu.reset();
    assert.equal(read(p3, 0x277), '70406:70406');
    assert.equal(read(p3, 0x200), '0:0');
  });

  it('refuse reserved bits, memory types that do not exist, and writes of what can only be read', () => {
    const p3 = bench('pentium3');
    for (const [register, high, low] of [
      [0xfe, 0, 0x508],
      [0x200, 0x10, 6],
      [0x200, 0, 0x100],
      [0x200, 0, 2],
      [0x201, 0, 0x400],
      [0x201, 0x10, 0x800],
      [0x250, 0, 7],
      [0x277, 0, 2],
      [0x277, 0x08000000, 0],
      [0x2ff, 0, 0x1000],
      [0x2ff, 0, 3],
      [0x179, 0, 0],
      [0x401, 0, 1],
      [0x402, 1, 0],
      [0x1b, 0x10, 0xfee00900],
    ]) {
      assert.equal(write(p3, register, high, low), '#GP(0x0)', `${register.toString(16)} ${high} ${low}`);
    }
    assert.equal(write(p3, 0x401, 0, 0), 'ok', 'no error can be cleared');
  });

  it('are those of the family', () => {
    const exists: Record<string, readonly CpuModelName[]> = {
      '0x0': ['pentium', 'pentium2', 'pentium3', 'pentium4'],
      '0x11': ['pentium'],
      '0x1b': ['pentium2', 'pentium3', 'pentium4'],
      '0xc1': ['pentium2', 'pentium3'],
      '0x300': ['pentium4'],
      '0x413': ['pentium2', 'pentium3'],
      '0x40f': ['pentium2', 'pentium3', 'pentium4'],
      '0x1a0': ['pentium4'],
      '0xc0000080': [],
      '0x48': [],
    };
    for (const [register, models] of Object.entries(exists)) {
      for (const model of ['pentium', 'pentium2', 'pentium3', 'pentium4'] as const) {
        const expected = models.includes(model);
        assert.equal(read(bench(model), Number(register)) !== '#GP(0x0)', expected, `${register} ${model}`);
      }
    }
  });
});

describe('RDPMC', () => {
  it('reads the counters that the processor has', () => {
    const p3 = bench('pentium3');
    write(p3, 0xc2, 0, 0x80001234);
    p3.state.setReg(ECX, 1);
    p3.op.readCounter();
    assert.deepEqual([p3.state.reg(EDX), p3.state.reg(EAX)], [0xff, 0x80001234], '40 bits, sign-extended from 32');
    p3.state.setReg(ECX, 2);
    assert.equal(
      p3.fault(() => p3.op.readCounter()),
      '#GP(0x0)',
    );
    const p4 = bench('pentium4');
    write(p4, 0x311, 0, 7);
    p4.state.setReg(ECX, 0x80000011);
    p4.op.readCounter();
    assert.equal(p4.state.reg(EAX), 7);
  });

  it('needs CR4.PCE above level 0, and a P6', () => {
    for (let cpl = 0; cpl < 4; cpl++) {
      for (const pce of [0, 0x100]) {
        const user = Bench.protected(cpl, 'pentium3');
        user.state.setCr(4, pce);
        const expected = cpl === 0 || pce !== 0 ? 'ok' : '#GP(0x0)';
        assert.equal(
          user.outcome(() => user.op.readCounter()),
          expected,
        );
      }
    }
    const old = bench('pentium');
    assert.equal(
      old.fault(() => old.op.readCounter()),
      '#UD',
    );
  });
});

describe('performance counters of the P6', () => {
  it('count retired instructions and cycles of all levels while they are enabled', () => {
    const p3 = bench('pentium3');
    write(p3, 0xc1, 0, 100);
    write(p3, 0xc2, 0, 0xfffffff0);
    write(p3, 0x187, 0, 0x00030079);
    write(p3, 0x186, 0, 0x004300c0);
    p3.clock.instructions += 7;
    p3.clock.now += 0x20;
    assert.deepEqual([read(p3, 0xc1), read(p3, 0xc2)], ['0:6b', '0:10'], 'the second one went around');
    write(p3, 0x186, 0, 0x000300c0);
    p3.clock.instructions += 7;
    p3.clock.now += 0x20;
    assert.deepEqual([read(p3, 0xc1), read(p3, 0xc2)], ['0:6b', '0:10'], 'one bit stops both');
  });

  it('stand still for other events', () => {
    for (const select of [0x00430079 + 1, 0x004100c0, 0x004200c0, 0x014300c0]) {
      const p3 = bench('pentium3');
      write(p3, 0x186, 0, select);
      p3.clock.instructions += 7;
      p3.clock.now += 7;
      assert.equal(read(p3, 0xc1), '0:0', select.toString(16));
    }
  });
});
