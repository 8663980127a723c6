import assert from 'node:assert/strict';
import { VMI_ABI } from '../../../src/hypervisor/abi/vmi/abi';
import { VMI_ROM_ADDRESS } from '../../../src/hypervisor/abi/vmi/rom';
import { costTable } from '../../../src/hypervisor/cost/cost-table';
import { DEFAULT_COST_PROFILE } from '../../../src/hypervisor/cost/profiles';
import { priceOperations } from '../../../src/hypervisor/cost/what-if';
import { elementsInPage } from '../../../src/hypervisor/exits/page-runs';
import { totalCycles } from '../../../src/hypervisor/exits/exit-table';
import { PortVerdict } from '../../../src/machine/bus/port-access';
import type { PortWidth } from '../../../src/machine/devices/device';
import { FLAG_DF, Register, SegmentIndex } from '../../../src/machine/layout';
import { TestGuest } from '../support';

type World = 'trap' | 'vtx' | 'vmi';
const WORLDS: readonly World[] = ['trap', 'vtx', 'vmi'];

/** A string operation and how many exits it takes in each world. Offsets are from a page boundary. */
interface Case {
  name: string;
  width: PortWidth;
  count: number;
  offset: number;
  down?: boolean;
  /** Without REP; the count is 1. */
  once?: boolean;
  /** 16-bit addresses. */
  short?: boolean;
  exits: Record<World, number>;
}

const CASES: readonly Case[] = [
  { name: 'none', width: 1, count: 0, offset: 0, exits: { trap: 0, vtx: 0, vmi: 1 } },
  { name: 'one', width: 1, count: 1, offset: 0, exits: { trap: 1, vtx: 1, vmi: 1 } },
  { name: 'one without REP', width: 2, count: 1, offset: 0, once: true, exits: { trap: 1, vtx: 1, vmi: 1 } },
  { name: 'a sector', width: 2, count: 256, offset: 0, exits: { trap: 1, vtx: 1, vmi: 1 } },
  { name: 'a whole page', width: 4, count: 1024, offset: 0, exits: { trap: 1, vtx: 1, vmi: 1 } },
  { name: 'a page and a byte', width: 1, count: 4097, offset: 0, exits: { trap: 1, vtx: 2, vmi: 1 } },
  { name: 'three pages', width: 1, count: 0x1002, offset: 0xfff, exits: { trap: 1, vtx: 3, vmi: 1 } },
  { name: 'the last byte and the next', width: 1, count: 2, offset: 0xfff, exits: { trap: 1, vtx: 2, vmi: 1 } },
  { name: 'across pages between words', width: 2, count: 16, offset: 0xff0, exits: { trap: 1, vtx: 2, vmi: 1 } },
  // One dword before the boundary, one across it by itself, two behind it.
  { name: 'across pages within a dword', width: 4, count: 4, offset: 0xffa, exits: { trap: 1, vtx: 3, vmi: 1 } },
  { name: 'beginning across pages', width: 4, count: 2, offset: 0xffd, exits: { trap: 1, vtx: 2, vmi: 1 } },
  { name: 'downwards in a page', width: 2, count: 5, offset: 0xff8, down: true, exits: { trap: 1, vtx: 1, vmi: 1 } },
  {
    name: 'downwards to its first byte',
    width: 1,
    count: 9,
    offset: 8,
    down: true,
    exits: { trap: 1, vtx: 1, vmi: 1 },
  },
  { name: 'downwards across', width: 1, count: 4, offset: 0x1001, down: true, exits: { trap: 1, vtx: 2, vmi: 1 } },
  { name: 'downwards by words', width: 2, count: 2, offset: 0x1000, down: true, exits: { trap: 1, vtx: 2, vmi: 1 } },
  // 1002, then ffe across the boundary, then ffa and ff6.
  {
    name: 'downwards within a dword',
    width: 4,
    count: 4,
    offset: 0x1002,
    down: true,
    exits: { trap: 1, vtx: 3, vmi: 1 },
  },
  // The page ends where SI goes round.
  { name: 'around 64 KiB', width: 1, count: 6, offset: 0xfffd, short: true, exits: { trap: 1, vtx: 2, vmi: 1 } },
];

/** Where a native string instruction lies: each form is one instruction. */
const CODE = 0x1000;
const PORT = 0x44;

function opcode(direction: 'in' | 'out', { width, once, short }: Case): number[] {
  const base = direction === 'in' ? 0x6c : 0x6e;
  return [
    ...(once ? [] : [0xf3]),
    ...(short ? [0x67] : []),
    ...(width === 2 ? [0x66] : []),
    width === 1 ? base : base + 1,
  ];
}

/** A guest just before the operation. */
function prepare(world: World, direction: 'in' | 'out', test: Case): TestGuest {
  const guest = new TestGuest({ mode: world, vmi: { privilege: 0 } });
  guest.enter('flat32');
  const { state } = guest;
  if (world === 'vmi') {
    const name = `${direction === 'in' ? 'INS' : 'OUTS'}${{ 1: 'B', 2: 'W', 4: 'L' }[test.width]}`;
    const number = VMI_ABI.calls.find((call) => call.name === name)?.number ?? -1;
    callStub(guest, VMI_ROM_ADDRESS + 0x80);
    state.setReg(Register.EAX, number);
    callStub(guest, VMI_ROM_ADDRESS + 0x88);
    const address = state.reg(Register.EAX);
    guest.hypervisor.log.clear();
    guest.setRegisters({ ESP: 0x7f0 });
    guest.jump(address);
  } else {
    guest.load(opcode(direction, test), CODE);
  }
  guest.setRegisters({ EDX: PORT, ECX: test.count, ESI: test.offset, EDI: test.offset });
  if (test.down) state.eflags |= FLAG_DF;
  return guest;
}

/** A near call to VMI's code: VMCALL and RET. */
function callStub(guest: TestGuest, address: number): void {
  guest.setRegisters({ ESP: 0x7f0 });
  guest.memory.poke(guest.state.segmentBase(SegmentIndex.SS) + 0x7f0, Uint8Array.of(0, 0x12, 0, 0));
  guest.jump(address);
  guest.run(2);
}

function performed({ world, direction, test }: { world: World; direction: 'in' | 'out'; test: Case }): TestGuest {
  const guest = prepare(world, direction, test);
  guest.run(Math.max(1, test.count));
  return guest;
}

function totals(guest: TestGuest): ReturnType<TestGuest['hypervisor']['log']['query']>['totals'] {
  return { ...guest.hypervisor.log.query(() => '').totals, hostNs: 0 };
}

/** Figures of the profile, written down once more. */
const FIGURES = {
  trap: { transition: 445, decode: 925, device: 216, return: 444 },
  vtx: { transition: 13201, decode: 925, device: 216, return: 2409 },
  vmi: { transition: 519, decode: 0, device: 216, return: 519 },
} as const;

describe('the cost of strings', () => {
  for (const test of CASES) {
    for (const direction of ['in', 'out'] as const) {
      // VMI's calls have 32-bit addresses and always repeat.
      const worlds = WORLDS.filter((world) => world !== 'vmi' || !(test.short || test.once));
      it(`${test.name}, ${direction}: ${worlds.map((world) => `${test.exits[world]} by ${world}`).join(', ')}`, () => {
        for (const world of worlds) {
          const guest = performed({ world, direction, test });
          const exits = test.exits[world];
          const { transition, decode, device, return: back } = FIGURES[world];
          const { samples, elements, parts, operations } = totals(guest);
          assert.deepEqual([world, samples, elements], [world, exits, test.count]);
          assert.equal(guest.recorder.accesses.length, test.count, world);
          assert.deepEqual(
            parts,
            {
              transition: exits * transition,
              decode: exits * decode,
              device: test.count * device,
              return: exits * back,
            },
            world,
          );
          assert.equal(operations.strings, exits === 0 ? 0 : 1, world);
          assert.equal(operations.pageRuns, test.exits.vtx, world);
          assert.equal(guest.clock.now - guest.clock.instructions, guest.clock.stolen, world);
          assert.equal(guest.state.reg(Register.ECX), test.once ? test.count : 0, world);
        }
      });
    }
  }

  it('is the same however the run is cut', () => {
    for (const world of WORLDS) {
      for (const test of CASES.filter(({ count, once, short }) => count < 20 && !once && !short)) {
        const whole = performed({ world, direction: 'out', test });
        const cut = prepare(world, 'out', test);
        for (let i = 0; i < Math.max(1, test.count); i++) cut.run(1);
        assert.deepEqual(totals(cut), totals(whole), `${world} ${test.name}`);
        assert.equal(cut.clock.now, whole.clock.now);
        const records = (guest: TestGuest): unknown =>
          guest.hypervisor.log.records(0, 99).map((record) => ({ ...record, hostNs: 0 }));
        assert.deepEqual(records(cut), records(whole), `${world} ${test.name}`);
      }
    }
  });

  it('is the same with a debugger that stops before every element', () => {
    for (const world of WORLDS) {
      for (const test of CASES.filter(({ count, once, short }) => count > 0 && count < 20 && !once && !short)) {
        const whole = performed({ world, direction: 'in', test });
        const watched = prepare(world, 'in', test);
        let stop = false;
        watched.bus.watch[PORT] = 1;
        watched.bus.observer = {
          before: () => {
            stop = !stop;
            return stop ? PortVerdict.Stop : PortVerdict.Continue;
          },
          after: () => PortVerdict.Continue,
        };
        for (let i = 0; i < 2 * test.count; i++) watched.run(1);
        assert.deepEqual(totals(watched), totals(whole), `${world} ${test.name}`);
        assert.equal(watched.clock.now, whole.clock.now);
      }
    }
  });

  it('goes on as it was after a snapshot within a page', () => {
    const test = CASES.find(({ name }) => name === 'three pages')!;
    const whole = performed({ world: 'vtx', direction: 'out', test });
    const saved = prepare('vtx', 'out', test);
    saved.run(2000);
    const state = saved.hypervisor.save();
    saved.hypervisor.load(structuredClone(state));
    saved.run(test.count - 2000);
    assert.deepEqual(totals(saved), totals(whole));
  });

  it('ends the exit of a page at its end when the next page faults, and is a new string afterwards', () => {
    const test = CASES.find(({ name }) => name === 'across pages between words')!;
    const guest = prepare('vtx', 'out', test);
    const limit = (bytes: number): void =>
      guest.cpu.segmentation.setHidden(SegmentIndex.DS, 0x4000, 0x40000, bytes, 0x4093);
    limit(0xfff);
    guest.cpu.hooks.exception = () => true;
    guest.run(test.count);
    assert.equal(guest.state.reg(Register.ECX), 8);
    assert.deepEqual([totals(guest).samples, totals(guest).elements, totals(guest).operations.strings], [1, 8, 1]);
    assert.equal(guest.clock.stolen, 13201 + 925 + 2409 + 8 * 216);
    limit(0xffff);
    guest.loop.cancelFault();
    guest.jump(CODE);
    guest.run(8);
    assert.equal(guest.state.reg(Register.ECX), 0);
    assert.deepEqual([totals(guest).samples, totals(guest).elements, totals(guest).operations.strings], [2, 16, 2]);
  });

  it('can be told for the other worlds from the counts of one', () => {
    const { trap, vtx, hypercall } = costTable(DEFAULT_COST_PROFILE);
    const figures = { trap, vtx, hypercall: hypercall.call };
    const channels = { trap: 'trap', vtx: 'vtx', vmi: 'hypercall' } as const;
    for (const test of CASES.filter(({ count, once, short }) => count > 0 && !once && !short)) {
      const runs = WORLDS.map((world) => totals(performed({ world, direction: 'out', test })));
      for (const [a, from] of runs.entries()) {
        for (const [b, to] of runs.entries()) {
          const channel = channels[WORLDS[b]];
          const told = priceOperations(from.operations, channel, figures[channel]);
          assert.equal(totalCycles(told), to.totalCycles, `${test.name}: ${WORLDS[a]} tells ${WORLDS[b]}`);
        }
      }
    }
  });
});

describe('elements of a string in a page', () => {
  it('are as many as a naive count finds', () => {
    for (const width of [1, 2, 4] as const) {
      for (const offset of [0, 1, 2, 3, 100, 0xff8, 0xffb, 0xffc, 0xffd, 0xffe, 0xfff]) {
        for (const down of [false, true]) {
          const inPage = (at: number): boolean => at >= 0 && at + width <= 4096;
          let count = 0;
          for (let at = offset; inPage(at); at += down ? -width : width) count++;
          assert.equal(elementsInPage(0x7000 + offset, width, down), Math.max(1, count), `${width} ${offset} ${down}`);
        }
      }
    }
  });
});
