import assert from 'node:assert/strict';
import { VMI_ABI } from '../../../src/hypervisor/abi/vmi/abi';
import { stubOffset, VMI_ROM_ADDRESS } from '../../../src/hypervisor/abi/vmi/rom';
import { Register } from '../../../src/machine/layout';
import { bytesOf, DIRECTORY, FREE, PAGE_OFFSET, TABLE, VmiBench } from './bench';
import { InterruptedGuest } from './interrupted-guest';
import { tapeOf } from './tape';

const PT = 1;
const GP = 13;
const PF = 14;

/** Linear places at which a pointer is bad, in a bench made by `trapped`. */
const PLACES = {
  unmapped: 0xd0000000,
  user: 0x1f0000,
  readOnly: PAGE_OFFSET + 0x1f1000,
  rom: PAGE_OFFSET + VMI_ROM_ADDRESS,
  mmio: PAGE_OFFSET + 0x1f2000,
  nobody: PAGE_OFFSET + 0x1f3000,
  end: 0xffffffff,
} as const;
type Place = keyof typeof PLACES;
const ALL_PLACES = Object.keys(PLACES) as Place[];

/** A guest whose address space has a page of every kind that no page table can be in. */
function trapped(): VmiBench {
  const bench = new VmiBench();
  bench.write(DIRECTORY, TABLE | 7);
  bench.mapQuietly(TABLE, PLACES.user, 0x1f0007);
  bench.mapQuietly(TABLE, PLACES.readOnly, 0x1f1001);
  bench.mapQuietly(TABLE, PLACES.mmio, 0xfee0001b);
  bench.mapQuietly(TABLE, PLACES.nobody, 0x70000003);
  bench.machine.cpu.mmu.flush();
  return bench;
}

/** The guest still works: a call is served, and the ROM is what it was. */
function assertAlive(bench: VmiBench, rom: Uint8Array): void {
  assert.equal(bench.call('GetCycleFrequency').eax, 1_000_000_000);
  assert.deepEqual(bench.machine.memory.peek(VMI_ROM_ADDRESS, rom.length), rom);
}

describe('a hostile VMI guest', () => {
  describe('with bad pointers to paging entries', () => {
    /** Exception of each call at each place; undefined where there is nothing wrong. */
    const expected: Readonly<Record<Place, { set: number | undefined; update: number | undefined }>> = {
      unmapped: { set: PF, update: PF },
      user: { set: GP, update: GP },
      readOnly: { set: PF, update: undefined },
      rom: { set: GP, update: GP },
      mmio: { set: GP, update: GP },
      nobody: { set: GP, update: GP },
      end: { set: GP, update: GP },
    };
    for (const place of ALL_PLACES) {
      for (const [name, make] of [
        ['SetPxE', (bench: VmiBench, at: number) => bench.call('SetPxE', [0x3003, at, PT])],
        ['SetPxELong', (bench: VmiBench, at: number) => bench.call('SetPxELong', [0x3003, 0, at], [PT])],
        ['UpdatePxE', (bench: VmiBench, at: number) => bench.call('UpdatePxE', [at, PT])],
        ['UpdatePxELong', (bench: VmiBench, at: number) => bench.call('UpdatePxELong', [at, PT])],
      ] as const) {
        it(`${name} at a place that is ${place}`, () => {
          const bench = trapped();
          const rom = bench.machine.memory.peek(VMI_ROM_ADDRESS, 0x400);
          const { fault } = make(bench, PLACES[place]);
          const vector = expected[place][name.startsWith('Set') ? 'set' : 'update'];
          assert.equal(fault?.vector, vector);
          assert.equal(bench.reports.length, vector === undefined ? 0 : 1, bench.reports.join('\n'));
          if (vector === PF) assert.equal(fault?.cr2, PLACES[place]);
          if (vector === GP) assert.equal(fault?.errorCode, 0);
          if (vector !== undefined) assert.match(bench.reports[0], new RegExp(`^${name} called before 0xc0103000`));
          assertAlive(bench, rom);
        });
      }
    }

    it('faults at the stack where an argument there is not mapped', () => {
      const bench = new VmiBench();
      bench.state.setReg(Register.ESP, 0xd0000000);
      let vector = -1;
      bench.machine.cpu.hooks.exception = (raised) => {
        vector = raised;
        return true;
      };
      bench.jump(PAGE_OFFSET + VMI_ROM_ADDRESS + stubOffset(39));
      bench.machine.run(1);
      assert.equal(vector, PF);
      assert.equal(bench.state.cr(2), 0xd0000004);
    });

    it('names frames that are not RAM', () => {
      const bench = new VmiBench();
      for (const frame of [0xa0, 0xc8, 0x800, 0xfee00, 0x100000, 0xffffffff]) {
        for (const call of ['AllocatePage', 'ReleasePage']) {
          assert.equal(bench.call(call, [frame, PT]).fault?.vector, GP, `${call} ${frame.toString(16)}`);
        }
        const clone = bench.call('AllocatePage', [FREE >>> 12, 0x62, frame], [0, 4]);
        assert.equal(clone.fault?.vector, GP);
      }
      assert.match(bench.reports[0], /AllocatePage called before 0xc0103000: frame 0xa0 is not RAM: #GP\(0\)/);
    });

    it('clones more entries than a page has', () => {
      const bench = new VmiBench();
      const { fault } = bench.call('AllocatePage', [FREE >>> 12, 0x62, DIRECTORY >>> 12], [0xfffffff0, 0xffffffff]);
      assert.equal(fault, undefined);
      assert.equal(bench.call('AllocatePage', [FREE >>> 12, 0x62, DIRECTORY >>> 12], [0, 0x7fffffff]).fault, undefined);
      assert.equal(bench.read(FREE), bench.read(DIRECTORY));
      assert.equal(bench.read(FREE + 0x1000), 0, 'the next page is untouched');
      assert.match(bench.reports.join('\n'), /is to clone entries/);
    });
  });

  describe('with bad pointers in calls about tables and processors', () => {
    /** Registers EAX, EDX, ECX and the stack, with the pointer in its place. */
    const calls: Readonly<Record<string, { write: boolean; make: (at: number) => [number[], number[]] }>> = {
      SetGDT: { write: false, make: (at) => [[at], []] },
      SetIDT: { write: false, make: (at) => [[at], []] },
      GetGDT: { write: true, make: (at) => [[at], []] },
      GetIDT: { write: true, make: (at) => [[at], []] },
      WriteGDTEntry: { write: true, make: (at) => [[at, 0, 0xffff], [0x00cf9a00]] },
      WriteLDTEntry: { write: true, make: (at) => [[at, 0, 0xffff], [0x00cf9a00]] },
      WriteIDTEntry: { write: true, make: (at) => [[at, 0, 0x00600000], [0xc0008e00]] },
      SetInitialAPState: { write: false, make: (at) => [[at, 1], []] },
    };
    for (const [name, { write, make }] of Object.entries(calls)) {
      for (const place of ALL_PLACES) {
        it(`${name} at a place that is ${place}`, () => {
          const bench = trapped();
          const rom = bench.machine.memory.peek(VMI_ROM_ADDRESS, 0x400);
          const { fault } = bench.call(name, ...make(PLACES[place]));
          if (place === 'unmapped' || (place === 'readOnly' && write)) {
            assert.equal(fault?.vector, PF);
            assert.equal(fault?.cr2, PLACES[place]);
          } else if (fault) assert.ok([GP, PF].includes(fault.vector), String(fault.vector));
          assert.deepEqual(bench.machine.memory.peek(VMI_ROM_ADDRESS, 0x400), rom);
          bench.hypervisor.load(structuredClone(bench.hypervisor.save()));
        });
      }
    }
  });

  it('fills SetLinearMapping with nonsense', () => {
    const bench = new VmiBench();
    const nonsense: readonly [number[], RegExp][] = [
      [[4, 0xc0000000, 1, 0], /there are slots 0 to 3/],
      [[0xffffffff, 0xc0000000, 1, 0], /there are slots 0 to 3/],
      [[0, 0xc0000123, 1, 0], /not that of a page/],
      [[1, 0xfffff000, 2, 0], /beyond the address space/],
      [[1, 0, 0xffffffff, 0], /beyond the address space/],
      [[2, 0xc0000000, 1, 0xffffffff], /beyond 36 bits/],
    ];
    for (const [[slot, address, pages, frame], message] of nonsense) {
      const before = bench.hypervisor.save();
      const other = new VmiBench();
      other.call('SetLinearMapping', [slot, address, pages], [frame]);
      assert.match(other.reports[0], message);
      assert.deepEqual(bench.hypervisor.save(), before);
    }
    // A hint that names ROM or nothing is no way around the checks.
    for (const [frame, vector] of [
      [VMI_ROM_ADDRESS >>> 12, GP],
      [0x70000, GP],
      [0xffffff, GP],
    ]) {
      bench.call('SetLinearMapping', [3, 0xe0000000, 1], [frame]);
      assert.equal(bench.call('SetPxE', [3, 0xe0000000, PT]).fault?.vector, vector);
    }
  });

  it('storms with alarms: the guest and its host go on', () => {
    const guest = new InterruptedGuest(new VmiBench());
    const { bench } = guest;
    for (const counter of [0, 1]) bench.call('SetAlarm', [counter | 0x100, 0, 0], [1, 0]);
    const done = guest.work(2_000_000);
    assert.ok(done > 100_000, `${done} rounds of work`);
    assert.ok(guest.count(0x20) <= 420, `${guest.count(0x20)} ticks`);
    for (const flags of [0xffffffff, 0x7f, 0x1ff]) bench.call('SetAlarm', [flags, 0, 0], [0, 0]);
    assert.match(bench.reports.join('\n'), /unknown flags[^]*no alarm|no alarm[^]*unknown flags/);
  });

  it('makes calls from an interrupt handler inside an interrupted string call', () => {
    const guest = new InterruptedGuest(new VmiBench());
    const { bench } = guest;
    const tape = tapeOf(bench.machine);
    const stub = (name: string): number => {
      const call = VMI_ABI.calls.find((candidate) => candidate.name === name);
      assert.ok(call);
      return PAGE_OFFSET + VMI_ROM_ADDRESS + stubOffset(call.number);
    };
    const relative = (from: number, to: number): number[] => [0xe8, ...bytesOf((to - (from + 5)) >>> 0)];
    // The handler: pusha; mov edx, 300h; mov ecx, 3; mov esi, source; call OUTSB; mov al, 20h; out 20h, al; popa; jmp IRET
    const handler = PAGE_OFFSET + 0x108800;
    const source = FREE + 0x2000;
    bench.machine.memory.poke(source, Uint8Array.of(0x51, 0x52, 0x53));
    const start = [0x60, 0xba, ...bytesOf(0x300), 0xb9, ...bytesOf(3), 0xbe, ...bytesOf(PAGE_OFFSET + source)];
    const code = [...start, ...relative(handler + start.length, stub('OUTSB')), 0xb0, 0x20, 0xe6, 0x20, 0x61];
    code.push(...bench.jumpTo('IRET', handler + code.length));
    bench.machine.memory.poke(0x108800, Uint8Array.from(code));
    guest.setHandler(0x20, handler);
    // The program: INSB of 3000 bytes with interrupts on, then HLT with interrupts off.
    const buffer = FREE + 0x3000;
    const count = 3000;
    const program = [
      0xba,
      ...bytesOf(0x300),
      0xb9,
      ...bytesOf(count),
      0xbf,
      ...bytesOf(PAGE_OFFSET + buffer),
      0xfb,
      0x90,
    ];
    const at = bench.load([...program]);
    const whole = [...program, ...relative(at + program.length, stub('INSB')), 0xfa, 0xf4];
    bench.call('SetAlarm', [0x100, 0, 0], [20_000, 0]);
    bench.load(whole);
    bench.machine.run(100_000);
    const ticks = tape.written.length / 3;
    assert.ok(ticks >= 2, `${ticks} ticks during the call`);
    assert.deepEqual(
      tape.written,
      Array.from({ length: 3 * ticks }, (_, i) => 0x51 + (i % 3)),
    );
    assert.deepEqual(
      [...bench.machine.memory.peek(buffer, count)],
      Array.from({ length: count }, (_, i) => (i + 1) & 0xff),
      'every byte once, in order',
    );
    assert.equal(bench.state.reg(Register.ECX), 0);
    assert.equal(bench.state.reg(Register.EDI), PAGE_OFFSET + buffer + count);
  });

  it('overwrites the ROM: by stores nothing changes, behind shadow RAM its calls are gone', () => {
    const bench = new VmiBench();
    const rom = bench.machine.memory.peek(VMI_ROM_ADDRESS, 0x400);
    for (let offset = 0; offset < rom.length; offset += 64)
      bench.store(PAGE_OFFSET + VMI_ROM_ADDRESS + offset, 0x90909090);
    assertAlive(bench, rom);
    bench.machine.memory.setShadow(VMI_ROM_ADDRESS, 0x4000, true, true);
    bench.machine.memory.poke(VMI_ROM_ADDRESS, rom);
    assert.equal(bench.call('FlushTLB', [1]).fault?.vector, 6, 'a copy of the ROM is not the ROM');
    bench.machine.memory.setShadow(VMI_ROM_ADDRESS, 0x4000, false, false);
    assertAlive(bench, rom);
  });

  it('calls everything with everything, and gets exceptions at worst', () => {
    const values = [0, 1, 0x7f, 0x1000, 0x1f0000, 0x7fffffff, 0x80000000, PAGE_OFFSET, PAGE_OFFSET + TABLE, 0xffffffff];
    const calls = VMI_ABI.calls.filter(
      ({ number }) => (number >= 38 && number <= 48) || (number >= 62 && number <= 73),
    );
    const bench = trapped();
    const rom = bench.machine.memory.peek(VMI_ROM_ADDRESS, 0x400);
    const pages = [DIRECTORY, TABLE].map((page) => bench.machine.memory.peek(page, 0x1000));
    let random = 12345;
    const next = (): number => {
      random = (Math.imul(random, 1103515245) + 12345) >>> 0;
      return values[(random >>> 16) % values.length];
    };
    const vectors = new Set<number>();
    for (let round = 0; round < 60; round++) {
      for (const { name } of calls) {
        const { fault } = bench.call(name, [next(), next(), next()], [next(), next()]);
        if (fault) vectors.add(fault.vector);
        // What a guest does to its own tables is its own affair; here it is to live on.
        [DIRECTORY, TABLE].forEach((page, i) => bench.machine.memory.poke(page, pages[i]));
        bench.machine.cpu.mmu.flush();
      }
    }
    assert.deepEqual([...vectors].sort(), [6, GP, PF].sort());
    assertAlive(bench, rom);
    bench.hypervisor.load(structuredClone(bench.hypervisor.save()));
    assertAlive(bench, rom);
  });
});
