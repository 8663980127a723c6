import assert from 'node:assert/strict';
import { Register } from '../../../src/machine/layout';
import { FLAT_GDT, setFlatProtectedMode } from '../../../src/machine/loaders/cpu-setup';
import { CODE, DATA, STACK } from '../compiler/support/programs';
import { EAGER, type TieredMachine, tieredMachine } from '../compiler/support/tiers';

const dword = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];

interface Write {
  readonly physical: number;
  readonly width: number;
  readonly value: number;
  /** What was there before. */
  readonly old: number;
}

function load(code: readonly number[], options: Parameters<typeof tieredMachine>[0]): TieredMachine {
  const machine = tieredMachine(options);
  const { cpu, memory } = machine;
  memory.poke(CODE, Uint8Array.from(code));
  memory.poke(0, FLAT_GDT);
  setFlatProtectedMode({ state: cpu.state, segmentation: cpu.segmentation, memory }, 0, CODE);
  cpu.state.setReg(Register.ESP, STACK);
  return machine;
}

function watch(machine: TieredMachine): Write[] {
  const { memory } = machine;
  const writes: Write[] = [];
  machine.cpu.mmu.observer = {
    watchedWrite: (physical, width, value) =>
      writes.push({ physical, width, value, old: memory.read(physical, width) }),
  };
  machine.cpu.mmu.watchWrites(DATA, true);
  return writes;
}

/** mov ecx, n; top: inc eax; mov [DATA], eax; mov edx, [DATA]; mov [DATA + 4096], eax; dec ecx; jnz top; hlt */
const LOOP = [
  ...[0xb9, ...dword(100)],
  ...[0x40, 0xa3, ...dword(DATA), 0x8b, 0x15, ...dword(DATA), 0xa3, ...dword(DATA + 0x1000), 0x49],
  ...[0x75, 0xec, 0xf4],
];

const TIERS = [
  ['interpreter', 'off'],
  ['compiled tier', EAGER],
] as const;

for (const [tier, options] of TIERS) {
  describe(`watched pages: ${tier}`, () => {
    it('tell of every write with its address, width and value, before it happens', () => {
      const machine = load(LOOP, options);
      const writes = watch(machine);
      machine.loop.run(10_000);
      assert.equal(machine.cpu.state.reg(Register.ECX), 0);
      assert.deepEqual(
        writes,
        Array.from({ length: 100 }, (_, i) => ({ physical: DATA, width: 4, value: i + 1, old: i })),
      );
      assert.equal(machine.cpu.state.reg(Register.EDX), 100);
    });

    it('can be watched and let go while the code is hot', () => {
      const machine = load(LOOP, options);
      machine.loop.run(1 + 6 * 30);
      const writes = watch(machine);
      machine.loop.run(6 * 10);
      machine.cpu.mmu.watchWrites(DATA, false);
      machine.loop.run(10_000);
      assert.deepEqual(
        writes.map(({ value }) => value),
        [31, 32, 33, 34, 35, 36, 37, 38, 39, 40],
      );
      assert.equal(machine.memory.read(DATA, 4), 100);
    });

    it('tell of string stores, read-modify-write and wide stores', () => {
      // mov edi, DATA; mov ecx, 4; mov al, 7; rep stosb; inc dword [DATA]; cmpxchg8b [DATA + 8] (equal: stores ECX:EBX)
      const code = [
        ...[0xbf, ...dword(DATA), 0xb9, ...dword(4), 0xb0, 7, 0xf3, 0xaa, 0xff, 0x05, ...dword(DATA)],
        ...[
          0x31,
          0xc0,
          0x31,
          0xd2,
          0xbb,
          ...dword(0x11),
          0xb9,
          ...dword(0x22),
          0x0f,
          0xc7,
          0x0d,
          ...dword(DATA + 8),
          0xf4,
        ],
      ];
      const machine = load(code, options);
      const writes = watch(machine);
      machine.loop.run(1000);
      assert.deepEqual(
        writes.map(({ physical, value }) => [physical - DATA, value]),
        [
          [0, 7],
          [1, 7],
          [2, 7],
          [3, 7],
          [0, 0x07070708],
          [8, 0x11],
          [12, 0x22],
        ],
      );
    });

    it('tell of stores of the x87 and of MMX, in dwords or less', () => {
      // mov ecx, 3; top: fldpi; fstp qword [DATA]; movq mm0, [DATA]; movq [DATA + 8], mm0; emms; dec ecx; jnz top
      const body = [
        ...[0xd9, 0xeb, 0xdd, 0x1d, ...dword(DATA), 0x0f, 0x6f, 0x05, ...dword(DATA)],
        ...[0x0f, 0x7f, 0x05, ...dword(DATA + 8), 0x0f, 0x77, 0x49],
      ];
      const machine = load([0xb9, ...dword(3), ...body, 0x75, 0x100 - body.length - 2, 0xf4], options);
      const writes = watch(machine);
      machine.loop.run(1000);
      assert.equal(machine.cpu.state.reg(Register.ECX), 0);
      const pi = [0x54442d18, 0x400921fb];
      const stored = [...pi.map((value, i) => [4 * i, value]), ...pi.map((value, i) => [8 + 4 * i, value])];
      assert.deepEqual(
        writes.map(({ physical, value }) => [physical - DATA, value]),
        [...stored, ...stored, ...stored],
      );
    });

    it('split a write across the edge of the page', () => {
      // mov dword [DATA - 2], 0x44332211
      const machine = load([0xc7, 0x05, ...dword(DATA - 2), ...dword(0x44332211), 0xf4], options);
      const writes = watch(machine);
      machine.loop.run(10);
      assert.deepEqual(
        writes.map(({ physical, width, value }) => [physical, width, value]),
        [
          [DATA, 1, 0x33],
          [DATA + 1, 1, 0x44],
        ],
      );
      assert.equal(machine.memory.read(DATA - 2, 4), 0x44332211);
    });
  });
}

describe('the paging observer', () => {
  it('is told of nothing that the processor stores into paging entries itself', () => {
    // mov eax, [DATA]; mov [DATA + 0x1000], eax; hlt
    const machine = load([0xa1, ...dword(DATA), 0xa3, ...dword(DATA + 0x1000), 0xf4], 'off');
    const { cpu, memory } = machine;
    const directory = 0x90000;
    const table = 0x91000;
    memory.write(directory, 4, table | 7);
    for (let i = 0; i < 0x400; i++) memory.write(table + 4 * i, 4, (i << 12) | 7);
    const writes: number[] = [];
    cpu.mmu.observer = { watchedWrite: (physical) => writes.push(physical) };
    cpu.mmu.watchWrites(directory, true);
    cpu.mmu.watchWrites(table, true);
    cpu.mmu.loadPageDirectory(directory);
    cpu.state.setCr(0, cpu.state.cr(0) | 0x80000000);
    cpu.mmu.flush();
    machine.loop.run(10);
    assert.deepEqual(writes, []);
    assert.equal(memory.read(table + (DATA >>> 10), 4) & 0x60, 0x20, 'accessed');
    assert.equal(memory.read(table + ((DATA + 0x1000) >>> 10), 4) & 0x60, 0x60, 'dirty');
  });

  for (const [tier, options] of TIERS) {
    it(`may mend the tables when a page faults, and the guest knows nothing of it: ${tier}`, () => {
      // mov ecx, 50; top: inc dword [DATA + 4096]; add eax, [DATA]; dec ecx; jnz top; hlt
      const code = [
        0xb9,
        ...dword(50),
        0xff,
        0x05,
        ...dword(DATA + 0x1000),
        0x03,
        0x05,
        ...dword(DATA),
        0x49,
        0x75,
        0xf1,
        0xf4,
      ];
      const machine = load(code, options);
      const { cpu, memory } = machine;
      memory.write(DATA, 4, 3);
      const directory = 0x90000;
      const table = 0x91000;
      const entry = table + (DATA >>> 10);
      memory.write(directory, 4, table | 7);
      for (let i = 0; i < 0x400; i++) memory.write(table + 4 * i, 4, (i << 12) | 7);
      const roots: number[] = [];
      let asked = 0;
      cpu.mmu.observer = {
        directoryLoad: (cr3) => roots.push(cr3),
        pageFault: () => {
          asked++;
          memory.write(entry, 4, DATA | 7);
          return true;
        },
      };
      cpu.mmu.loadPageDirectory(directory);
      cpu.state.setCr(0, cpu.state.cr(0) | 0x80000000);
      cpu.state.setCr(2, 0x1234);
      for (let i = 0; i < 5; i++) {
        memory.write(entry, 4, 0);
        cpu.mmu.flush();
        machine.loop.run(40);
      }
      assert.deepEqual(roots, [directory]);
      assert.equal(cpu.state.reg(Register.EAX), 3 * 50);
      assert.equal(memory.read(DATA + 0x1000, 4), 50);
      assert.equal(cpu.state.cr(2), 0x1234);
      assert.equal(asked, 5);
    });
  }

  it('that cannot mend them leaves the fault to the guest', () => {
    const machine = load([0xa1, ...dword(DATA), 0xf4], 'off');
    const { cpu, memory } = machine;
    memory.write(0x90000, 4, 0x91000 | 7);
    for (let i = 0; i < 0x400; i++) memory.write(0x91000 + 4 * i, 4, i << 12 === DATA ? 0 : (i << 12) | 7);
    let asked = 0;
    cpu.mmu.observer = { pageFault: () => ++asked < 0 };
    cpu.mmu.loadPageDirectory(0x90000);
    cpu.state.setCr(0, cpu.state.cr(0) | 0x80000000);
    cpu.mmu.flush();
    let vector = -1;
    cpu.hooks.exception = (raised) => {
      vector = raised;
      return true;
    };
    machine.loop.run(1);
    assert.deepEqual([vector, cpu.state.cr(2), asked], [14, DATA, 1]);
  });
});
