import assert from 'node:assert/strict';
import { CPU_MODELS, type CpuModelName } from '../../../src/machine/cpu/models';
import * as layout from '../../../src/machine/layout';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import { Bench, code, data, EIP_START, STACK } from './bench';

const { CS, SS } = SegmentIndex;
const { EAX, EBX, ECX, EDX } = Register;
const models = Object.keys(CPU_MODELS) as CpuModelName[];

function cpuid(bench: Bench, leaf: number): number[] {
  bench.state.setReg(EAX, leaf);
  bench.op.cpuid();
  return [EAX, EBX, ECX, EDX].map((register) => bench.state.reg(register));
}

describe('CPUID', () => {
  it('does not exist on a 386', () => {
    const bench = Bench.real('386');
    assert.equal(
      bench.fault(() => bench.op.cpuid()),
      '#UD',
    );
  });

  it('names the vendor, the signature that EDX has after reset, and the features', () => {
    for (const model of models.slice(1)) {
      const bench = new Bench(model);
      const signature = bench.state.reg(EDX);
      const [max, ebx, ecx, edx] = cpuid(bench, 0);
      const vendor = [ebx, edx, ecx].map((value) =>
        String.fromCharCode(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24),
      );
      assert.equal(vendor.join(''), 'GenuineIntel');
      assert.equal(max, CPU_MODELS[model].family >= 6 ? 2 : 1);
      assert.equal(cpuid(bench, 1)[0], signature);
      assert.equal((signature >>> 8) & 0xf, CPU_MODELS[model].family);
      assert.deepEqual(cpuid(bench, 3), cpuid(bench, max), 'beyond the last leaf');
    }
  });

  it('promises only what works', () => {
    // Each feature bit with what it promises: the instruction, register or control bit must exist exactly then.
    const cr4 =
      (bit: number) =>
      (bench: Bench): void =>
        bench.op.writeControl(4, bit);
    const msr = (bench: Bench): void => bench.op.readMsr();
    const promises: [bit: number, name: string, action: (bench: Bench) => void, register?: number][] = [
      [1, 'VME', cr4(1)],
      [2, 'DE', cr4(8)],
      [3, 'PSE', cr4(0x10)],
      [4, 'TSC', (bench) => bench.op.readTimestamp()],
      [5, 'MSR', msr, 0x10],
      [6, 'PAE', cr4(0x20)],
      [7, 'MCE', cr4(0x40)],
      [11, 'SEP', msr, 0x174],
      [12, 'MTRR', msr, 0xfe],
      [13, 'PGE', cr4(0x80)],
      [14, 'MCA', msr, 0x179],
      [16, 'PAT', msr, 0x277],
      [24, 'FXSR', cr4(0x200)],
      [25, 'SSE', cr4(0x400)],
    ];
    // FPU, CMPXCHG8B, CMOV, CLFLUSH, MMX and SSE2 are the instruction table's promise; PSE-36 is that of paging.
    const elsewhere = [0, 8, 15, 17, 19, 23, 26];
    for (const model of models.slice(1)) {
      const features = cpuid(new Bench(model), 1)[3];
      for (const [bit, name, action, register = 0] of promises) {
        const bench = Bench.protected(0, model);
        bench.state.setReg(ECX, register);
        assert.equal(bench.outcome(() => action(bench)) === 'ok', ((features >>> bit) & 1) === 1, `${model} ${name}`);
      }
      const known = [...promises.map(([bit]) => bit), ...elsewhere].reduce((mask, bit) => mask | (1 << bit), 0);
      assert.equal(features & ~known, 0, `${model} promises nothing else`);
    }
  });

  it('gives the features, caches and brands of the chips (AP-485)', () => {
    const leaf1 = (model: CpuModelName): string => cpuid(new Bench(model), 1)[3].toString(16);
    assert.deepEqual(models.slice(1).map(leaf1), ['1', '1bf', '183f9ff', '383f9ff', '78bf9ff']);
    assert.deepEqual(cpuid(new Bench('pentium2'), 2), [0x03020101, 0, 0, 0x0c040843]);
    assert.deepEqual(cpuid(new Bench('pentium3'), 2), [0x03020101, 0, 0, 0x0c040882]);
    assert.deepEqual(cpuid(new Bench('pentium4'), 2), [0x665b5001, 0, 0, 0x007b7040]);
    assert.equal(cpuid(new Bench('pentium3'), 1)[1], 2, 'brand index: Pentium III');
    assert.equal(cpuid(new Bench('pentium4'), 1)[1], 0x0809, 'brand index, and lines of 64 bytes for CLFLUSH');
  });

  it('has extended leaves with the brand string on the Pentium 4 only', () => {
    const bench = new Bench('pentium4');
    assert.deepEqual(cpuid(bench, 0x80000000), [0x80000004, 0, 0, 0]);
    assert.deepEqual(cpuid(bench, 0x80000001), [0, 0, 0, 0]);
    const bytes = [2, 3, 4].flatMap((leaf) =>
      cpuid(bench, 0x80000000 + leaf).flatMap((dword) => [0, 8, 16, 24].map((shift) => (dword >>> shift) & 0xff)),
    );
    assert.equal(String.fromCharCode(...bytes).replace(/\0+$/, ''), 'Intel(R) Pentium(R) 4 CPU 1.00GHz');
    assert.equal(bytes.length, 48);
    assert.deepEqual(cpuid(bench, 0x80000005), cpuid(bench, 2));
    for (const model of ['pentium', 'pentium2', 'pentium3'] as const) {
      const other = new Bench(model);
      assert.deepEqual(cpuid(other, 0x80000000), cpuid(other, CPU_MODELS[model].maxLeaf), model);
    }
  });
});

describe('time-stamp counter', () => {
  it('counts cycles from reset and can be written', () => {
    const bench = Bench.protected(0);
    bench.clock.now = 2 ** 33 + 5;
    bench.op.readTimestamp();
    assert.deepEqual([bench.state.reg(EDX), bench.state.reg(EAX)], [2, 5]);
    bench.state.setReg(ECX, 0x10);
    bench.state.setReg(EDX, 0x77);
    bench.state.setReg(EAX, 0xfffffff0);
    bench.op.writeMsr();
    bench.clock.now += 0x20;
    bench.op.readTimestamp();
    assert.deepEqual([bench.state.reg(EDX), bench.state.reg(EAX)], [1, 0x10], 'the high half was cleared');
    bench.op.readMsr();
    assert.deepEqual([bench.state.reg(EDX), bench.state.reg(EAX)], [1, 0x10]);
    bench.cpu.reset();
    bench.op.readTimestamp();
    assert.deepEqual([bench.state.reg(EDX), bench.state.reg(EAX)], [0, 0]);
  });

  it('is closed to programs by CR4.TSD', () => {
    for (let cpl = 0; cpl < 4; cpl++) {
      const bench = Bench.protected(cpl);
      assert.equal(
        bench.outcome(() => bench.op.readTimestamp()),
        'ok',
      );
      bench.state.setCr(4, 4);
      assert.equal(
        bench.outcome(() => bench.op.readTimestamp()),
        cpl === 0 ? 'ok' : '#GP(0x0)',
      );
    }
  });
});

describe('RDMSR and WRMSR', () => {
  it('are for CPL 0 and known registers only', () => {
    for (const [model, cpl, register, expected] of [
      ['pentium3', 0, 0x174, 'ok'],
      ['pentium3', 0, 0x176, 'ok'],
      ['pentium3', 0, 0x177, '#GP(0x0)'],
      ['pentium3', 0, 0x1b, 'ok'],
      ['pentium', 0, 0x1b, '#GP(0x0)'],
      ['pentium3', 0, 0xc0000080, '#GP(0x0)'],
      ['pentium3', 0, 0x8b, 'ok'],
      ['pentium3', 3, 0x174, '#GP(0x0)'],
      ['pentium', 0, 0x10, 'ok'],
      ['pentium', 0, 0x174, '#GP(0x0)'],
      ['pentium', 0, 0x8b, '#GP(0x0)'],
      ['486', 0, 0x10, '#UD'],
      ['386', 3, 0x10, '#UD'],
    ] as const) {
      for (const write of [false, true]) {
        const bench = Bench.protected(cpl, model);
        bench.state.setReg(ECX, register);
        bench.state.setReg(EDX, 0);
        const action = (): void => (write ? bench.op.writeMsr() : bench.op.readMsr());
        assert.equal(bench.outcome(action), expected, `${model} CPL ${cpl} ${register.toString(16)}`);
      }
    }
  });

  it('work in real mode', () => {
    const bench = Bench.real();
    bench.state.setReg(ECX, 0x175);
    bench.state.setReg(EAX, 0x1234);
    bench.op.writeMsr();
    bench.state.setReg(EAX, 0);
    bench.op.readMsr();
    assert.equal(bench.state.reg(EAX), 0x1234);
    assert.equal(bench.state.reg(EDX), 0);
  });
});

describe('SYSENTER and SYSEXIT', () => {
  function prepared(cpl: number, selector = code(0)): Bench {
    const bench = Bench.protected(cpl);
    [selector, 0x31000, 0x5000].forEach((value, i) => bench.state.set(layout.MSR_SYSENTER + i * 4, value));
    return bench;
  }

  it('enter the kernel with flat segments, interrupts off', () => {
    for (let cpl = 0; cpl < 4; cpl++) {
      const bench = prepared(cpl);
      bench.state.eflags = layout.FLAG_IF | layout.FLAG_RF | 0xc5;
      bench.op.systemEnter();
      const { state } = bench;
      assert.deepEqual([state.selector(CS), state.selector(SS), state.cpl], [0x08, 0x10, 0]);
      assert.deepEqual([state.reg(Register.ESP), state.eip, state.eflags], [0x31000, 0x5000, 0xc7]);
      for (const segment of [CS, SS]) {
        assert.equal(state.segmentBase(segment), 0);
        assert.equal(state.segmentLimit(segment), 0xffffffff);
      }
      assert.equal(state.segmentAttributes(CS), 0xc09b);
      assert.equal(state.segmentAttributes(SS), 0xc093);
    }
  });

  it('leave V86 mode', () => {
    const bench = Bench.v86(0);
    bench.state.set(layout.MSR_SYSENTER, 8);
    bench.op.systemEnter();
    assert.equal(bench.state.v86, false);
    assert.equal(bench.state.get(layout.CODE_32), 1);
  });

  it('return to CPL 3 at EDX with ECX as stack', () => {
    const bench = prepared(0);
    bench.state.setReg(ECX, STACK);
    bench.state.setReg(EDX, 0x7000);
    bench.op.systemExit();
    const { state } = bench;
    assert.deepEqual([state.selector(CS), state.selector(SS), state.cpl], [0x1b, 0x23, 3]);
    assert.deepEqual([state.reg(Register.ESP), state.eip], [STACK, 0x7000]);
    assert.equal(state.segmentAttributes(CS), 0xc0fb);
    assert.equal(state.segmentAttributes(SS), 0xc0f3);
    assert.equal(state.get(layout.TLB_READ_MASK), layout.TLB_USER_READ);
  });

  it('fault where they may not be used', () => {
    const real = Bench.real();
    real.state.set(layout.MSR_SYSENTER, 8);
    assert.equal(
      real.fault(() => real.op.systemEnter()),
      '#GP(0x0)',
    );
    for (const selector of [0, 3]) {
      const bench = prepared(0, selector);
      assert.equal(
        bench.fault(() => bench.op.systemEnter()),
        '#GP(0x0)',
      );
      assert.equal(
        bench.fault(() => bench.op.systemExit()),
        '#GP(0x0)',
      );
    }
    for (let cpl = 1; cpl < 4; cpl++) {
      const bench = prepared(cpl);
      assert.equal(
        bench.fault(() => bench.op.systemExit()),
        '#GP(0x0)',
      );
    }
    const old = Bench.protected(0, 'pentium');
    assert.equal(
      old.fault(() => old.op.systemEnter()),
      '#UD',
    );
    assert.equal(
      old.fault(() => old.op.systemExit()),
      '#UD',
    );
  });
});

describe('VMCALL', () => {
  it('is #UD where nobody answers', () => {
    const bench = Bench.protected(0);
    assert.equal(
      bench.fault(() => bench.op.monitorCall()),
      '#UD',
    );
    bench.cpu.intercepts = { monitorCall: () => false };
    assert.equal(
      bench.fault(() => bench.op.monitorCall()),
      '#UD',
    );
  });

  it('goes to the firmware by physical address, then to the hypervisor', () => {
    const bench = Bench.protected(0);
    bench.enablePaging();
    bench.write32(bench.pte(0), 0x600007);
    bench.cpu.mmu.flush();
    const calls: string[] = [];
    let known = true;
    bench.cpu.monitorCalls.register(0x600000 + EIP_START, 1, () => {
      calls.push('firmware');
      return known;
    });
    bench.cpu.intercepts = {
      monitorCall: () => {
        calls.push('hypervisor');
        return true;
      },
    };
    bench.op.monitorCall();
    assert.deepEqual(calls, ['firmware']);
    known = false;
    bench.op.monitorCall();
    assert.deepEqual(calls, ['firmware', 'firmware', 'hypervisor']);
    bench.at(EIP_START + 1, EIP_START + 4);
    bench.op.monitorCall();
    assert.deepEqual(calls.slice(3), ['hypervisor']);
  });
});

describe('reset', () => {
  it('starts at F000:FFF0 below 4 GiB in real mode', () => {
    for (const model of models) {
      const bench = new Bench(model);
      const { state } = bench;
      assert.deepEqual([state.selector(CS), state.segmentBase(CS), state.eip], [0xf000, 0xffff0000, 0xfff0]);
      assert.deepEqual([state.protectedMode, state.cpl, state.eflags], [false, 0, 2]);
      assert.equal(state.reg(EDX), CPU_MODELS[model].signature);
      assert.equal(state.cr(0), model === '386' ? 0x10 : 0x60000010);
      assert.equal(state.get(layout.IDTR_LIMIT), 0xffff);
      assert.equal(state.get(layout.A20_MASK), 0xffffffff);
    }
  });

  it("undoes everything but the A20 gate and the run loop's fields", () => {
    const bench = Bench.protected(3);
    const fresh = new Bench();
    bench.enablePaging();
    bench.cpu.mmu.slowRead(0x5000, 4);
    bench.op.loadSegment(SegmentIndex.DS, data(3));
    bench.state.set(layout.REMAINING, 77);
    bench.state.set(layout.EXIT, layout.EXIT_SHUTDOWN);
    bench.cpu.mmu.setA20(false);
    bench.cpu.reset();
    assert.deepEqual(bench.visible(), fresh.visible());
    assert.equal(bench.state.get(layout.REMAINING), 77);
    assert.equal(bench.state.get(layout.EXIT), layout.EXIT_SHUTDOWN);
    assert.equal(bench.state.get(layout.A20_MASK), 0xffefffff);
    assert.equal(bench.state.u32[(layout.TLB >>> 2) + 5], 0);
  });
});
