import assert from 'node:assert/strict';
import type { CpuModelName } from '../../../src/machine/cpu/models';
import * as layout from '../../../src/machine/layout';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import { opcodeMap } from '../../../src/machine/isa/table';
import { Bench, CODE_RX, data, descriptor, FREE } from './bench';
import { Runner } from './runner';

const CODE = 0x6000;
const DATA = 0x9000;
const LOCK = 0xf0;
const { EAX, EBX, EDX } = Register;

/** What one instruction at level 0 does: `ok`, or the vector of its exception with the error code. */
function outcome(
  bytes: readonly number[],
  model: CpuModelName = 'pentium4',
  at = CODE,
  prepare?: (bench: Bench) => void,
): string {
  const bench = Bench.protected(0, model);
  bench.op.loadSegment(SegmentIndex.DS, data(0));
  bench.state.setReg(EBX, DATA);
  prepare?.(bench);
  bench.cpu.hooks.exception = () => true;
  new Runner(bench).at(at, ...bytes).run(1);
  const vector = bench.state.get(layout.FAULT) - 1;
  if (vector < 0) return 'ok';
  const errorCode = bench.state.get(layout.FAULT_ERROR) | 0;
  return errorCode < 0 ? String(vector) : `${vector}(${errorCode})`;
}

describe('LOCK', () => {
  it('is for the instructions of the manual only: Intel SDM vol. 2A, LOCK; on the 386 also for BT', () => {
    const lockable = (model: CpuModelName): string[] =>
      [...opcodeMap(model).values()]
        .flatMap(({ forms }) => forms.filter((form) => form.lockable).map((form) => form.mnemonic))
        .filter((mnemonic, index, names) => names.indexOf(mnemonic) === index)
        .sort();
    const first = ['ADC', 'ADD', 'AND', 'BT', 'BTC', 'BTR', 'BTS', 'DEC', 'INC', 'NEG', 'NOT', 'OR', 'SBB', 'SUB'];
    first.push('XCHG', 'XOR');
    const last = [...first.filter((name) => name !== 'BT'), 'CMPXCHG', 'CMPXCHG8B', 'XADD'].sort();
    assert.deepEqual(lockable('386'), first);
    assert.deepEqual(lockable('pentium4'), last);
  });

  it('needs a destination in memory', () => {
    // add [ebx], al; add al, [ebx]; add al, bl; bts [ebx], eax; bt [ebx], eax; cmp [ebx], eax; xchg eax, ecx
    assert.equal(outcome([LOCK, 0x00, 0x03]), 'ok');
    assert.equal(outcome([LOCK, 0x02, 0x03]), '6');
    assert.equal(outcome([LOCK, 0x00, 0xd8]), '6');
    assert.equal(outcome([LOCK, 0x0f, 0xab, 0x03]), 'ok');
    assert.equal(outcome([LOCK, 0x0f, 0xa3, 0x03]), '6');
    assert.equal(outcome([LOCK, 0x39, 0x03]), '6');
    assert.equal(outcome([LOCK, 0x91]), '6');
    assert.equal(outcome([LOCK, 0x90]), '6');
  });

  it('is refused before operands are looked at, wherever it stands among the prefixes', () => {
    const absent = (bench: Bench): void => {
      bench.enablePaging();
      bench.setPage(DATA, 0);
    };
    assert.equal(outcome([LOCK, 0x8b, 0x03], 'pentium4', CODE, absent), '6');
    assert.equal(outcome([0x66, LOCK, 0x8b, 0x03]), '6');
    assert.equal(outcome([LOCK, 0x66, 0x8b, 0x03]), '6');
    assert.equal(outcome([LOCK, 0x66, 0x01, 0x03]), 'ok');
    assert.equal(outcome([0x3e, LOCK, 0x01, 0x03]), 'ok');
  });
});

describe('the length of an instruction', () => {
  it('is 15 bytes at most, else #GP(0)', () => {
    const prefixed = (count: number): number[] => [...Array<number>(count).fill(0x66), 0x90];
    assert.equal(outcome(prefixed(14)), 'ok');
    assert.equal(outcome(prefixed(15)), '13(0)');
    assert.equal(outcome([...Array<number>(11).fill(0x26), 0x8b, 0x83, 0, 0, 0, 0]), '13(0)');
    assert.equal(outcome([...Array<number>(9).fill(0x3e), 0x8b, 0x83, 0, 0, 0, 0]), 'ok');
    assert.equal(outcome(prefixed(14), 'pentium4', 0x6ff8), 'ok', 'across two pages');
    assert.equal(outcome(prefixed(15), 'pentium4', 0x6ff8), '13(0)');
  });

  it('counts only pages that it reaches', () => {
    const absent = (bench: Bench): void => {
      bench.enablePaging();
      bench.setPage(0x7000, 0);
    };
    assert.equal(outcome([0x8b, 0x03], 'pentium4', 0x6ffe, absent), 'ok');
    assert.equal(outcome([0x8b, 0x43, 0x00], 'pentium4', 0x6ffe, absent), '14(0)');
    assert.equal(outcome([0x66], 'pentium4', 0x6fff, absent), '14(0)');
  });
});

describe('the end of the code segment', () => {
  it('is #GP(0) for the instruction that begins or reaches behind it', () => {
    const limited = (bench: Bench): void => {
      bench.gdt(FREE, descriptor({ type: CODE_RX, limit: CODE + 3, granular: false }));
      bench.cpu.segmentation.set(SegmentIndex.CS, FREE, bench.descriptorAt(0x1000 + FREE));
    };
    assert.equal(outcome([0x90], 'pentium4', CODE + 3, limited), 'ok');
    assert.equal(outcome([0x8b, 0x03], 'pentium4', CODE + 3, limited), '13(0)');
    assert.equal(outcome([0x90], 'pentium4', CODE + 4, limited), '13(0)');
  });

  it('is not passed by running on in real mode: #GP at 64 KiB', () => {
    const bench = Bench.real();
    bench.cpu.hooks.exception = () => true;
    const runner = new Runner(bench).put(0x1ffff, 0x90);
    bench.state.eip = 0xffff;
    runner.run(1);
    assert.deepEqual([bench.state.eip, bench.state.get(layout.FAULT)], [0x10000, 0]);
    runner.run(1);
    assert.deepEqual([bench.state.eip, bench.state.get(layout.FAULT)], [0x10000, 14]);
  });

  it('wraps relative branches at 64 KiB with 16-bit operands, at 4 GiB with 32-bit ones', () => {
    const bench = Bench.real();
    const runner = new Runner(bench);
    // jmp short $+0x12 at fff0
    runner.put(0x1fff0, 0xeb, 0x10);
    bench.state.eip = 0xfff0;
    runner.run(1);
    assert.equal(bench.state.eip, 0x0002);
    const flat = Bench.protected(0);
    // jmp short $-0x70 at 10
    const wide = new Runner(flat).at(0x10, 0xeb, 0x8e);
    wide.run(1);
    assert.equal(flat.state.eip, 0xffffffa0);
  });
});

describe('instructions of some processors', () => {
  const since = (bytes: readonly number[], prepare?: (bench: Bench) => void): string[] =>
    (['386', '486', 'pentium', 'pentium2', 'pentium3', 'pentium4'] as const).filter(
      (model) => outcome(bytes, model, CODE, prepare) !== '6',
    );
  const all = ['386', '486', 'pentium', 'pentium2', 'pentium3', 'pentium4'];

  it('exist from their generation on', () => {
    const msr = (bench: Bench): void => bench.state.setReg(Register.ECX, 0x10);
    // bswap eax; cmpxchg [ebx], eax; invlpg [ebx]; invd; wbinvd; cpuid
    for (const bytes of [
      [0x0f, 0xc8],
      [0x0f, 0xb1, 0x03],
      [0x0f, 0x01, 0x3b],
      [0x0f, 0x08],
      [0x0f, 0x09],
      [0x0f, 0xa2],
    ]) {
      assert.deepEqual(since(bytes), all.slice(1));
    }
    // rdtsc; cmpxchg8b [ebx]; rdmsr
    for (const bytes of [
      [0x0f, 0x31],
      [0x0f, 0xc7, 0x0b],
      [0x0f, 0x32],
    ]) {
      assert.deepEqual(since(bytes, msr), all.slice(2));
    }
    // cmovo eax, [ebx]; rdpmc; nop [ebx] in its forms; sysenter (with a null selector: #GP)
    for (const bytes of [
      [0x0f, 0x40, 0x03],
      [0x0f, 0x33],
      [0x0f, 0x1f, 0x03],
      [0x0f, 0x19, 0xff],
      [0x0f, 0x34],
    ]) {
      assert.deepEqual(since(bytes), all.slice(3));
    }
    // ud2; ud1; rsm outside of system management mode
    for (const bytes of [
      [0x0f, 0x0b],
      [0x0f, 0xb9, 0x03],
      [0x0f, 0xaa],
    ])
      assert.deepEqual(since(bytes), []);
  });

  it('include hints that do not touch their operand', () => {
    const absent = (bench: Bench): void => {
      bench.enablePaging();
      bench.setPage(DATA, 0);
    };
    for (let opcode = 0x19; opcode <= 0x1f; opcode++) {
      for (let reg = 0; reg < 8; reg++) {
        assert.equal(outcome([0x0f, opcode, (reg << 3) | 3], 'pentium2', CODE, absent), 'ok');
      }
    }
    assert.equal(outcome([LOCK, 0x0f, 0x1f, 0x03]), '6');
  });

  it('ended with their generation: the test registers', () => {
    // mov eax, tr6; mov tr3, eax
    assert.deepEqual(since([0x0f, 0x24, 0xf0]), ['386', '486']);
    assert.deepEqual(since([0x0f, 0x26, 0xd8]), ['486']);
    assert.deepEqual(since([0x0f, 0x24, 0xc0]), []);
    const bench = Bench.protected(0, '386');
    bench.op.writeTest(7, 0x12345fff);
    assert.equal(bench.op.readTest(7), 0x12345fff);
    bench.op.writeTest(6, 0xabcde001);
    assert.equal(bench.op.readTest(7) & 0x10, 0, 'a look-up misses');
    bench.cpu.segmentation.setCpl(3);
    assert.equal(
      bench.fault(() => bench.op.readTest(6)),
      '#GP(0x0)',
    );
  });
});

describe('SMSW and LMSW', () => {
  it('SMSW stores 16 bits to memory, and CR0 as wide as the operand to registers', () => {
    const bench = Bench.protected(0);
    bench.op.loadSegment(SegmentIndex.DS, data(0));
    bench.state.setReg(EBX, DATA);
    bench.state.setReg(EAX, 0x55555555);
    bench.state.setReg(EDX, 0x55555555);
    bench.write32(DATA, 0x55555555);
    bench.state.setCr(0, 0x6005003b);
    // smsw eax; smsw dx; smsw [ebx]
    const runner = new Runner(bench).at(CODE, 0x0f, 0x01, 0xe0, 0x66, 0x0f, 0x01, 0xe2, 0x0f, 0x01, 0x23);
    runner.run(3);
    assert.deepEqual([bench.state.reg(EAX), bench.state.reg(EDX)], [0x6005003b, 0x5555003b]);
    assert.equal(bench.read32(DATA), 0x5555003b);
  });

  it('LMSW enters protected mode from real mode', () => {
    const bench = Bench.real();
    // lmsw ax
    const runner = new Runner(bench).put(0x10100, 0x0f, 0x01, 0xf0);
    bench.state.setReg(EAX, 0xfff1);
    bench.state.eip = 0x100;
    runner.run(1);
    assert.equal(bench.state.cr(0) & 0xffff, 0x11);
  });
});
