import assert from 'node:assert/strict';
import * as layout from '../../../src/machine/layout';
import { Register } from '../../../src/machine/layout';
import { FLAT_GDT, setFlatProtectedMode } from '../../../src/machine/loaders/cpu-setup';
import { RunEnd } from '../../../src/machine/run';
import { CODE, DATA, STACK } from './support/programs';
import { EAGER, ramHash, type TieredMachine, tieredMachine, visibleState } from './support/tiers';

const dword = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];

/** A flat machine with code at CODE. */
function load(code: readonly number[], options: Parameters<typeof tieredMachine>[0] = EAGER): TieredMachine {
  const machine = tieredMachine(options);
  const { cpu, memory } = machine;
  memory.poke(CODE, Uint8Array.from(code));
  memory.poke(0, FLAT_GDT);
  setFlatProtectedMode({ state: cpu.state, segmentation: cpu.segmentation, memory }, 0, CODE);
  cpu.state.setReg(Register.ESP, STACK);
  return machine;
}

/** The same in both tiers, interpreter first. */
function both(code: readonly number[], prepare: (machine: TieredMachine) => void = () => undefined): TieredMachine[] {
  return (['off', EAGER] as const).map((options) => {
    const machine = load(code, options);
    prepare(machine);
    return machine;
  });
}

/** Runs both to their end in slices and compares them after each. */
function assertSame([plain, compiled]: TieredMachine[], slice: number, slices = 1000): RunEnd {
  let end = RunEnd.Budget;
  for (let i = 0; i < slices && end === RunEnd.Budget; i++) {
    end = plain.loop.run(slice);
    assert.equal(compiled.loop.run(slice), end);
    assert.equal(compiled.clock.instructions, plain.clock.instructions);
    assert.deepEqual(visibleState(compiled), visibleState(plain));
  }
  assert.ok((compiled.tier?.compilations ?? 0) > 0, 'nothing was compiled');
  return end;
}

/** mov ecx, n; top: inc eax; add [DATA], eax; dec ecx; jnz top; hlt */
const LOOP = [0xb9, ...dword(1000), 0x40, 0x01, 0x05, ...dword(DATA), 0x49, 0x75, 0xf6, 0xf4];
const LOOP_TOP = CODE + 5;
const LOOP_ADD = CODE + 6;

describe('compiled tier: instruction counts', () => {
  it('stops after exactly as many instructions as asked for', () => {
    for (const slice of [1, 2, 3, 7, 100]) {
      const machines = both(LOOP);
      assert.equal(assertSame(machines, slice, 5000), RunEnd.Dead);
      assert.equal(machines[1].clock.instructions, 1 + 4 * 1000 + 1);
    }
  });

  it('fires timers at the same moment', () => {
    const moments = both(LOOP).map(({ clock, loop, cpu }) => {
      const seen: number[][] = [];
      const timer = clock.timer('test', () => {
        seen.push([clock.now, cpu.state.reg(Register.EAX), cpu.state.eip]);
        timer.arm(clock.now + 137);
      });
      timer.arm(100);
      loop.run(3000);
      return seen;
    });
    assert.ok(moments[0].length > 20);
    assert.deepEqual(moments[1], moments[0]);
  });

  it('takes an interrupt at the same instruction', () => {
    const handler = DATA + 0x1000;
    const prepare = ({ cpu, memory, clock, interrupts }: TieredMachine) => {
      // Vector 0x40: an interrupt gate to `inc edx; iret`, in the flat code segment.
      const idt = DATA + 0x2000;
      const selector = cpu.state.selector(1);
      memory.poke(handler, Uint8Array.from([0x42, 0xcf]));
      memory.poke(
        idt + 0x40 * 8,
        Uint8Array.from([...dword((selector << 16) | (handler & 0xffff)), ...dword((handler & 0xffff0000) | 0x8e00)]),
      );
      cpu.operations.loadIdt(3, DATA + 0x2800, 4);
      const timer = clock.timer('line', () => {
        interrupts.vector = 0x40;
        interrupts.pending = true;
        timer.arm(clock.now + 61);
      });
      timer.arm(50);
      cpu.state.eflags = 0x202;
    };
    const pointer = (machine: TieredMachine) => {
      machine.memory.poke(DATA + 0x2800, Uint8Array.from([0xff, 0x07, ...dword(DATA + 0x2000)]));
      prepare(machine);
    };
    const machines = both(LOOP, pointer);
    assertSame(machines, 333, 10);
    assert.ok(machines[1].cpu.state.reg(Register.EDX) > 20, 'interrupts were taken');
  });
});

describe('compiled tier: the time-stamp counter', () => {
  // mov ecx, 500; mov edi, DATA; top: rdtsc; mov [edi], eax; mov [edi+4], edx; lea edi, [edi+8]; nop; dec ecx; jnz top; hlt
  const code = [0xb9, ...dword(500), 0xbf, ...dword(DATA), 0x0f, 0x31, 0x89, 0x07, 0x89, 0x57, 4, 0x8d, 0x7f, 8, 0x90];
  code.push(0x49, 0x75, 0xf2, 0xf4);
  const perRound = 7;

  it('tells the same as the clock at every reading, across bursts, charges and a high dword', () => {
    const machines = both(code, ({ cpu, clock }) => {
      // The high dword changes on the way.
      cpu.state.f64[layout.TSC_OFFSET >>> 3] = 2 ** 32 - 1000;
      const timer = clock.timer('charge', () => {
        clock.charge(1_000_000);
        timer.arm(clock.now + 333);
      });
      timer.arm(2000);
    });
    assert.equal(assertSame(machines, 91, 5000), RunEnd.Dead);
    const [plain, compiled] = machines.map(({ memory }) => memory.peek(DATA, 500 * 8));
    assert.deepEqual(compiled, plain);
    const view = new DataView(compiled.buffer, compiled.byteOffset);
    const readings = Array.from({ length: 500 }, (_, i) => view.getBigUint64(i * 8, true));
    // Two instructions come before the first reading.
    assert.deepEqual(
      readings.slice(0, 3),
      [0, 1, 2].map((round) => 2n ** 32n - 1000n + 2n + BigInt(round * perRound)),
    );
    assert.ok(readings[499] > 2n ** 32n + 1_000_000n);
    assert.ok(readings.every((value, i) => i === 0 || value > readings[i - 1]));
  });

  it('stops before RDTSC where that is watched, and faults where CR4.TSD forbids it', () => {
    const [, watched] = both(code, ({ cpu }) => {
      cpu.hooks.instruction = (name) => name === 'rdtsc';
    });
    assert.equal(watched.loop.run(1000), RunEnd.Abort);
    assert.equal(watched.cpu.state.eip, CODE + 10);
    const forbidden = both(code, ({ cpu }) => {
      cpu.operations.writeControl(4, 4);
      cpu.segmentation.setCpl(3);
      cpu.hooks.exception = () => true;
    });
    assert.equal(assertSame(forbidden, 1000), RunEnd.Stop);
    assert.equal(forbidden[1].cpu.state.eip, CODE + 10);
  });
});

describe('compiled tier: breakpoints', () => {
  it('stops at a breakpoint that is set while the code is compiled', () => {
    const machine = load(LOOP);
    machine.loop.run(500);
    assert.ok(machine.tier!.size > 0);
    machine.cpu.hooks.codeBreakpoint = (linear) => linear === LOOP_ADD;
    machine.cpu.codeFilter.set('debugger', [LOOP_ADD]);
    for (let hit = 1; hit <= 3; hit++) {
      assert.equal(machine.loop.run(10_000), RunEnd.Breakpoint);
      assert.equal(machine.cpu.state.eip, LOOP_ADD);
      machine.loop.passHere();
    }
    machine.cpu.codeFilter.set('debugger', []);
    assert.equal(machine.loop.run(10_000), RunEnd.Dead);
    assert.equal(machine.clock.instructions, 1 + 4 * 1000 + 1);
  });

  it('leaves to the interpreter what touches a watched page', () => {
    const machines = both(LOOP, ({ memory }) => memory.setWatched(DATA, true));
    assert.equal(assertSame(machines, 97), RunEnd.Dead);
    const late = load(LOOP);
    late.loop.run(1000);
    const before = late.tier!.size;
    assert.ok(before > 0);
    late.memory.setWatched(DATA, true);
    let refused = 0;
    const original = late.cpu.mmu.tryWrite.bind(late.cpu.mmu);
    late.cpu.mmu.tryWrite = (linear, width, value) => {
      refused++;
      original(linear, width, value);
    };
    late.loop.run(400);
    assert.ok(refused > 90, `${refused} of 100 stores were seen`);
  });
});

describe('compiled tier: code that changes', () => {
  it('sees an operand overwritten by the loop itself', () => {
    // mov ecx, 200; top: add eax, 1; inc dword [imm of the add]; dec ecx; jnz top; hlt
    const code = [0xb9, ...dword(200), 0x05, ...dword(1), 0xff, 0x05, ...dword(CODE + 6), 0x49, 0x75, 0xf2, 0xf4];
    const machines = both(code);
    assert.equal(assertSame(machines, 33), RunEnd.Dead);
    assert.equal(machines[1].cpu.state.reg(Register.EAX), (200 * 201) / 2);
  });

  it('sees a later instruction of the same block overwritten', () => {
    // mov ecx, 50; top: mov [imm], ecx; add eax, imm; dec ecx; jnz top; hlt
    const code = [0xb9, ...dword(50), 0x89, 0x0d, ...dword(CODE + 12), 0x05, ...dword(0), 0x49, 0x75, 0xf2, 0xf4];
    const machines = both(code);
    assert.equal(assertSame(machines, 33), RunEnd.Dead);
    assert.equal(machines[1].cpu.state.reg(Register.EAX), (50 * 51) / 2);
  });

  it('sees code that a debugger writes', () => {
    const machine = load(LOOP);
    machine.loop.run(101);
    // inc eax becomes dec eax.
    machine.memory.poke(LOOP_TOP, Uint8Array.from([0x48]));
    machine.loop.run(10_000);
    assert.equal(machine.cpu.state.reg(Register.EAX) | 0, 25 - 975);
  });

  it('keeps regions whose page only has data written beside them', () => {
    // add [DATA in the same page], eax
    const code = [...LOOP];
    code.splice(8, 4, ...dword(CODE + 0x800));
    const machine = load(code);
    machine.loop.run(200);
    assert.equal(machine.loop.run(10_000), RunEnd.Dead);
    const { compilations, size } = machine.tier!;
    assert.ok(compilations > 0);
    // The loop's region alone was made anew, twice, to be more patient with stores beside code.
    assert.equal(size, compilations - 2, 'other regions were dropped');
  });
});

describe('compiled tier: accesses that the TLB does not allow', () => {
  it('makes a loop that always crosses a page anew a few times, and no more', () => {
    // mov ecx, 20000; top: add [the last bytes of a page], eax; inc eax; dec ecx; jnz top; hlt
    const at = (CODE & ~0xfff) + 0x4ffe;
    const code = [0xb9, ...dword(20_000), 0x01, 0x05, ...dword(at), 0x40, 0x49, 0x75, 0xf6, 0xf4];
    const machines = both(code);
    assert.equal(assertSame(machines, 977), RunEnd.Dead);
    assert.ok(machines[1].tier!.compilations <= 10, `${machines[1].tier!.compilations} compilations`);
  });
});

describe('compiled tier: tight loops', () => {
  /** mov edi, from; mov esi, to; mov eax, pattern; mov ecx, n; top: body; dec ecx; jnz top; hlt */
  const loop = (from: number, to: number, pattern: number, n: number, body: readonly number[]): number[] => {
    const setUp = [0xbf, ...dword(from), 0xbe, ...dword(to), 0xb8, ...dword(pattern), 0xb9, ...dword(n)];
    return [...setUp, ...body, 0x49, 0x75, -(body.length + 3) & 0xff, 0xf4];
  };
  // mov edx, [edi]; mov [esi + 2], edx; mov bl, [edi + 3]; lea edi, [edi + 7]; lea esi, [esi + 5]
  const mixed = [0x8b, 0x17, 0x89, 0x56, 2, 0x8a, 0x5f, 3, 0x8d, 0x7f, 7, 0x8d, 0x76, 5];

  it('go over page ends, aligned or not', () => {
    const machines = both(loop(DATA + 0xf00, DATA + 0x5ff0, 0, 4000, mixed));
    assert.equal(assertSame(machines, 4999), RunEnd.Dead);
    assert.equal(ramHash(machines[1]), ramHash(machines[0]));
  });

  it('overwrite themselves when they get there', () => {
    // mov [esi], eax; mov [esi + 4], eax; lea esi, [esi + 4]: the pattern is a row of NOPs.
    const sweep = loop(DATA, CODE - 0x1800, 0x90909090, 5000, [0x89, 0x06, 0x89, 0x46, 4, 0x8d, 0x76, 4]);
    const machines = both(sweep);
    assertSame(machines, 977, 30);
    assert.ok(machines[1].cpu.state.eip > CODE + 0x20, 'the loop has become NOPs');
    assert.equal(ramHash(machines[1]), ramHash(machines[0]));
  });

  it('see a page watched from now on', () => {
    const machines = both(loop(DATA, DATA + 0x4000, 0, 100_000, [0x8b, 0x17, 0x89, 0x16]));
    for (const { loop: runner } of machines) runner.run(5000);
    let seen = 0;
    const { mmu } = machines[1].cpu;
    const original = mmu.tryWrite.bind(mmu);
    mmu.tryWrite = (linear, width, value) => {
      seen++;
      original(linear, width, value);
    };
    for (const { memory } of machines) memory.setWatched(DATA + 0x4000, true);
    assertSame(machines, 400, 1);
    assert.ok(seen >= 99, `${seen} of 100 stores were seen`);
  });
});

describe('compiled tier: faults', () => {
  it('reports a division by zero with everything as it was before', () => {
    // mov ecx, 100; mov ebx, 5; top: mov eax, 7; xor edx, edx; div ebx; sub ebx, 1; adc esi, 0; dec ecx; jnz top
    const code = [0xb9, ...dword(100), 0xbb, ...dword(5), 0xb8, ...dword(7), 0x31, 0xd2, 0xf7, 0xf3];
    code.push(0x83, 0xeb, 1, 0x83, 0xd6, 0, 0x49, 0x75, 0xee, 0xf4);
    const machines = both(code, ({ cpu }) => {
      cpu.hooks.exception = () => true;
    });
    assert.equal(assertSame(machines, 1000), RunEnd.Stop);
    assert.equal(machines[1].cpu.state.eip, CODE + 17);
  });

  it('faults in the middle of a loop where a page is missing', () => {
    const directory = 0x80000;
    const table = 0x81000;
    // mov edi, DATA; top: mov [edi], edi; lea edi, [edi + 16]; inc eax; jmp top
    const code = [0xbf, ...dword(DATA), 0x89, 0x3f, 0x8d, 0x7f, 16, 0x40, 0xeb, 0xf8];
    const machines = both(code, ({ cpu, memory }) => {
      const entries = Array.from({ length: 1024 }, (_, page) => (page << 12) | (page === (DATA >> 12) + 2 ? 6 : 7));
      memory.poke(directory, Uint8Array.from(dword(table | 7)));
      memory.poke(table, Uint8Array.from(entries.flatMap(dword)));
      cpu.operations.writeControl(3, directory);
      cpu.operations.writeControl(0, 0x80000011);
      cpu.hooks.exception = () => true;
    });
    assert.equal(assertSame(machines, 77), RunEnd.Stop);
    const { state } = machines[1].cpu;
    assert.equal(state.cr(2), DATA + 0x2000);
    assert.equal(state.eip, CODE + 5);
    assert.equal(state.reg(Register.EAX), 0x2000 / 16);
    // Accessed and dirty bits as the interpreter leaves them.
    const [plain, compiled] = machines.map(({ memory }) => memory.peek(table, 4096));
    assert.deepEqual(compiled, plain);
  });
});
