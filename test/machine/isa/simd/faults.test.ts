import assert from 'node:assert/strict';
import { Vector } from '../../../../src/machine/cpu/fault';
import { CPU_MODELS } from '../../../../src/machine/isa/form';
import * as layout from '../../../../src/machine/layout';
import { SegmentIndex } from '../../../../src/machine/layout';
import { Stepper } from '../support/step';
import { at, bytesOf, VectorBench } from './support/bench';
import { OPERAND_BYTES, OPERANDS } from './support/case';
import { CR0, CR4 } from './support/emulated';

const NONE = -1;
const CR0_EM = 4;
const CR0_TS = 8;
const OSFXSR = 0x200;
const OSXMMEXCPT = 0x400;

const ONES = 'ff'.repeat(16);
const MOVAPS_LOAD = [0x0f, 0x28];
const MOVAPS_STORE = [0x0f, 0x29];
const MOVUPS_LOAD = [0x0f, 0x10];
const MOVUPS_STORE = [0x0f, 0x11];
const ADDPS = [0x0f, 0x58];
const ADDSS = [0xf3, 0x0f, 0x58];
const PADDB = [0x0f, 0xfc];
const MOVQ_STORE = [0x0f, 0x7f];
const EMMS = [0x0f, 0x77];
const LDMXCSR = [0x0f, 0xae];

describe('faults of vector instructions', () => {
  const bench = new VectorBench();

  it('come from operands of 16 bytes that are not aligned', () => {
    for (const [name, code] of [
      ['MOVAPS', MOVAPS_LOAD],
      ['MOVAPS', MOVAPS_STORE],
      ['ADDPS', ADDPS],
      ['MOVDQA', [0x66, 0x0f, 0x6f]],
      ['PADDB', [0x66, ...PADDB]],
      ['MOVNTPS', [0x0f, 0x2b]],
      ['CVTTPD2PI', [0x66, 0x0f, 0x2c]],
    ] as const) {
      const aligned = bench.run([...code, ...at(0, 16)]);
      const left = bench.run([...code, ...at(0, 8)], { xmm: { 0: ONES } });
      assert.deepEqual([name, aligned.trap, left.trap], [name, NONE, Vector.GP]);
      assert.equal(left.xmm(0), ONES);
      assert.equal(left.memory(OPERAND_BYTES), '00'.repeat(OPERAND_BYTES));
    }
  });

  it('do not come from other operands that are not aligned', () => {
    for (const code of [
      MOVUPS_LOAD,
      MOVUPS_STORE,
      ADDSS,
      PADDB,
      [0xf3, 0x0f, 0x6f],
      [0x66, 0x0f, 0x12],
      [0x0f, 0x5a],
    ]) {
      assert.equal(bench.run([...code, ...at(1, 5)]).trap, NONE, code.map((byte) => byte.toString(16)).join(' '));
    }
  });

  it('come from pages that are missing, before anything changes', () => {
    const memory = '5a'.repeat(OPERAND_BYTES);
    for (const [code, bytes] of [
      [MOVUPS_STORE, 16],
      [MOVUPS_LOAD, 16],
      [MOVQ_STORE, 8],
      [PADDB, 8],
      [[0x0f, 0x13], 8],
      [[0xf3, 0x0f, 0x11], 4],
      [ADDSS, 4],
    ] as const) {
      const given = { memory, xmm: { 0: ONES }, mm: { 0: ONES.slice(16) }, x87: { status: 0x1800, tags: 0x55 } };
      for (let inside = 1; inside < bytes; inside++) {
        const left = bench.run([...code, ...at(0, OPERAND_BYTES - inside)], given);
        assert.equal(left.trap, Vector.PF);
        assert.deepEqual([left.memory(OPERAND_BYTES), left.xmm(0), left.mm(0)], [memory, ONES, ONES.slice(16)]);
        assert.deepEqual([left.status, left.tags], [0x1800, 0x55]);
      }
      assert.equal(bench.run([...code, ...at(0, OPERAND_BYTES - bytes)], given).trap, NONE);
    }
  });

  it('leave out the bytes that a masked store leaves out', () => {
    const MASKMOVDQU = [0x66, 0x0f, 0xf7, 0xc1];
    const xmm = { 0: '0f0e0d0c0b0a0908 0706050403020100', 1: '0000000000000000 000000000000ff80' };
    const registers = [0, 0, 0, 0, 0, 0, 0, OPERANDS + OPERAND_BYTES - 2];
    const left = bench.run(MASKMOVDQU, { xmm, registers });
    assert.deepEqual([left.trap, left.memory(4, OPERAND_BYTES - 4)], [NONE, '01000000']);
    const beyond = bench.run(MASKMOVDQU, { xmm: { ...xmm, 1: '0000000000000000 000000000080ff80' }, registers });
    assert.deepEqual([beyond.trap, beyond.memory(4, OPERAND_BYTES - 4)], [Vector.PF, '00000000']);
  });

  it('come from what the operating system has switched off', () => {
    const outcome = (code: readonly number[], cr0: number, cr4 = CR4) => bench.run(code, { cr0: CR0 | cr0, cr4 }).trap;
    const addps = [...ADDPS, 0xc1];
    const paddb = [...PADDB, 0xc1];
    const cvtpi2ps = [0x0f, 0x2a, 0xc1];
    const ldmxcsr = [...LDMXCSR, ...at(2)];
    for (const code of [addps, paddb, EMMS, cvtpi2ps, ldmxcsr]) {
      assert.equal(outcome(code, CR0_EM), Vector.UD);
      assert.equal(outcome(code, CR0_TS), Vector.NM);
      assert.equal(outcome(code, CR0_EM | CR0_TS), Vector.UD);
      assert.equal(outcome(code, 0), NONE);
    }
    for (const code of [addps, cvtpi2ps, ldmxcsr]) {
      assert.equal(outcome(code, 0, 0), Vector.UD);
      assert.equal(outcome(code, CR0_TS, 0), Vector.UD);
    }
    // Also those MMX instructions that came with SSE need no OSFXSR: PAVGB, PSHUFW.
    for (const code of [paddb, EMMS, [0x0f, 0xe0, 0xc1], [0x0f, 0x70, 0xc1, 0]])
      assert.equal(outcome(code, 0, 0), NONE);
    // SFENCE, LFENCE, MFENCE, PREFETCHNTA, CLFLUSH, MOVNTI, PAUSE touch no vector register.
    for (const code of [
      [0x0f, 0xae, 0xf8],
      [0x0f, 0xae, 0xe8],
      [0x0f, 0xae, 0xf0],
      [0x0f, 0x18, ...at(0)],
      [0x0f, 0xae, ...at(7)],
      [0x0f, 0xc3, ...at(0)],
      [0xf3, 0x90],
    ]) {
      assert.equal(outcome(code, CR0_EM | CR0_TS, 0), NONE);
    }
  });

  it('come from the cache instructions as from a read, if at all', () => {
    assert.equal(bench.run([0x0f, 0xae, ...at(7, OPERAND_BYTES)]).trap, Vector.PF, 'CLFLUSH');
    assert.equal(bench.run([0x0f, 0x18, ...at(1, OPERAND_BYTES)]).trap, NONE, 'PREFETCHT0');
  });

  it('tell unmasked exceptions, before anything but MXCSR changes', () => {
    const divps = [0x0f, 0x5e, 0xc1];
    const xmm = { 0: '3f800000 3f800000 3f800000 3f800000', 1: '00000000 40400000 3f800000 3f800000' };
    const unmasked = (mask: number) => 0x1f80 & ~(mask << 7);
    const masked = bench.run(divps, { xmm });
    assert.deepEqual([masked.trap, masked.mxcsr], [NONE, 0x1f80 | 0x24]);
    const zero = bench.run(divps, { xmm, mxcsr: unmasked(4) });
    // The inexact quotient of another element is not told with it.
    assert.deepEqual([zero.trap, zero.mxcsr, zero.xmm(0)], [Vector.XM, unmasked(4) | 4, xmm[0].replaceAll(' ', '')]);
    const inexact = bench.run(divps, { xmm, mxcsr: unmasked(0x20) });
    assert.deepEqual([inexact.trap, inexact.mxcsr], [Vector.XM, unmasked(0x20) | 0x24]);
    const unknown = bench.run(divps, { xmm, mxcsr: unmasked(4), cr4: CR4 & ~OSXMMEXCPT });
    assert.equal(unknown.trap, Vector.UD);
    // A flag that was set before is no exception.
    assert.equal(bench.run([...ADDPS, 0xc0], { xmm, mxcsr: unmasked(0x3f) | 0x3f }).trap, NONE);
  });

  it('refuse bits that MXCSR does not have', () => {
    const load = (model: 'pentium3' | 'pentium4', value: string) => {
      const left = new VectorBench(model).run([...LDMXCSR, ...at(2)], { memory: value });
      return [left.trap, left.mxcsr];
    };
    assert.deepEqual(load('pentium4', '0000ffff'), [NONE, 0xffff]);
    assert.deepEqual(load('pentium4', '00010000'), [Vector.GP, 0x1f80]);
    assert.deepEqual(load('pentium3', '0000ffbf'), [NONE, 0xffbf]);
    assert.deepEqual(load('pentium3', '00000040'), [Vector.GP, 0x1f80], 'DAZ came with the Pentium 4');
    assert.equal(bench.run([...LDMXCSR, ...at(3, 4)], { mxcsr: 0x7f80 }).memory(4, 4), '00007f80');
  });
});

describe('masked stores', () => {
  const mask = '80'.repeat(8);
  const source = '0807060504030201';

  it('go to DS:EDI, or to DS:DI with 16-bit addresses', () => {
    const MASKMOVQ = [0x0f, 0xf7, 0xc1];
    for (const [code, place] of [
      [MASKMOVQ, 0x20004],
      [[0x67, ...MASKMOVQ], 0x4],
    ] as const) {
      const cpu = prepared(source, mask);
      cpu.run(code, { edi: 0x20004 });
      assert.equal(cpu.fault, NONE);
      assert.deepEqual([cpu.read(place, 4), cpu.read(place + 4, 4)], [0x04030201, 0x08070605]);
    }
    const wrapping = prepared(source, mask);
    wrapping.run([0x67, ...MASKMOVQ], { edi: 0x2fffe });
    assert.deepEqual([wrapping.read(0xfffe, 2), wrapping.read(0, 4)], [0x0201, 0x06050403], 'DI wraps');
  });

  it('take a segment override', () => {
    const cpu = prepared(source, mask);
    cpu.machine.cpu.segmentation.setHidden(SegmentIndex.FS, 0x10, 0x30000, 0xffff, 0x40f3);
    cpu.run([0x64, 0x0f, 0xf7, 0xc1], { edi: 0x10 });
    assert.deepEqual([cpu.fault, cpu.read(0x30010, 4)], [NONE, 0x04030201]);
    cpu.run([0x64, 0x0f, 0xf7, 0xc1], { edi: 0xfffc });
    assert.equal(cpu.fault, Vector.GP, 'beyond the limit');
    assert.equal(cpu.read(0x3fffc, 4), 0, 'nothing is stored then');
  });

  function prepared(mm0: string, mm1: string): Stepper {
    const cpu = new Stepper('pentium3');
    const { u8 } = cpu.machine.cpu.state;
    u8.set(bytesOf(mm0), layout.FPU_REGS);
    u8.set(bytesOf(mm1), layout.FPU_REGS + layout.VECTOR_STRIDE);
    return cpu;
  }
});

describe('MMX state', () => {
  const bench = new VectorBench();

  it('has TOP 0 and no empty register after every instruction but EMMS', () => {
    const x87 = { status: 0x2800, tags: 0x18 };
    for (const code of [
      [...PADDB, 0xc1],
      [0x0f, 0x7e, 0xc0],
      [...MOVQ_STORE, ...at(0)],
      [0x0f, 0xd7, 0xc1],
      [0x0f, 0xc5, 0xc1, 0],
      [0x0f, 0x2d, 0xc1],
      [0xf3, 0x0f, 0xd6, 0xc1],
    ]) {
      const left = bench.run(code, { x87 });
      assert.deepEqual([left.trap, left.status, left.tags], [NONE, 0, 0xff]);
    }
    const emptied = bench.run(EMMS, { x87 });
    assert.deepEqual([emptied.status, emptied.tags], [0, 0]);
    // CVTPI2PD of memory does not touch MMX registers.
    const converted = bench.run([0x66, 0x0f, 0x2a, ...at(0)], { x87 });
    assert.deepEqual([converted.status, converted.tags], [0x2800, 0x18]);
  });

  it('is that of the physical registers, whatever TOP was', () => {
    const given = { x87: { status: 0x2800 }, mm: { 3: '0102030405060708', 6: '1010101010101010' } };
    const left = bench.run([...PADDB, 0xde], given);
    assert.deepEqual(
      [left.mm(3), left.exponent(3), left.mm(6), left.exponent(6)],
      [...['1112131415161718', 0xffff], ...['1010101010101010', 0]],
    );
  });

  it('waits for exceptions of the x87', () => {
    // IE is set and not masked.
    const x87 = { control: 0x37e, status: 0x8081, tags: 0x3c };
    for (const code of [[...PADDB, 0xc1], EMMS, [0x0f, 0x2a, ...at(0)], [0xf2, 0x0f, 0xd6, 0xc1]]) {
      const left = bench.run(code, { x87 });
      assert.deepEqual([left.trap, left.tags], [Vector.MF, 0x3c]);
    }
    assert.equal(bench.run([...ADDPS, 0xc1], { x87 }).trap, NONE, 'SSE has nothing to do with them');
    assert.equal(bench.run([0x66, 0x0f, 0x2a, ...at(0)], { x87 }).trap, NONE);
  });
});

describe('vector instructions by processor', () => {
  const PAVGB = [0x0f, 0xe0, 0xc1];
  const MOVD_XMM = [0x66, 0x0f, 0x6e, 0xc0];
  const PADDQ = [0x0f, 0xd4, 0xc1];

  it('came with the Pentium II, III and 4', () => {
    for (const model of CPU_MODELS) {
      const bench = new VectorBench(model);
      const level = CPU_MODELS.indexOf(model);
      const exists = (code: readonly number[]) => bench.run(code, { cr4: OSFXSR | OSXMMEXCPT }).trap === NONE;
      assert.equal(exists([...PADDB, 0xc1]), level >= CPU_MODELS.indexOf('pentium2'), `PADDB on ${model}`);
      assert.equal(exists([...ADDPS, 0xc1]), level >= CPU_MODELS.indexOf('pentium3'), `ADDPS on ${model}`);
      assert.equal(exists(PAVGB), level >= CPU_MODELS.indexOf('pentium3'), `PAVGB on ${model}`);
      assert.equal(exists(MOVD_XMM), level >= CPU_MODELS.indexOf('pentium4'), `MOVD xmm on ${model}`);
      assert.equal(exists(PADDQ), level >= CPU_MODELS.indexOf('pentium4'), `PADDQ on ${model}`);
      assert.ok(exists([0xf3, 0x90]), `PAUSE on ${model}`);
    }
  });

  it('do not exist with other mandatory prefixes', () => {
    const bench = new VectorBench();
    for (const code of [
      [0xf3, ...PADDB, 0xc1],
      [0xf2, 0x0f, 0x28, 0xc1],
      [0x66, ...EMMS],
      [0xf3, 0x0f, 0xc6, 0xc1, 0],
      [0xf0, ...PADDB, ...at(0)],
    ]) {
      assert.equal(bench.run(code).trap, Vector.UD, code.map((byte) => byte.toString(16)).join(' '));
    }
    // Of F3 and F2 the last one counts, and either before 66.
    const xmm = { 0: '44444444 33333333 22222222 11111111', 1: '88888888 77777777 66666666 55555555' };
    assert.match(bench.run([0xf2, 0x66, 0xf3, 0x0f, 0x10, 0xc1], { xmm }).xmm(0), /2222222255555555$/);
    assert.match(bench.run([0xf3, 0x66, 0xf2, 0x0f, 0x10, 0xc1], { xmm }).xmm(0), /6666666655555555$/);
  });
});
