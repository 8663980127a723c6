import assert from 'node:assert/strict';
import * as layout from '../../../src/machine/layout';
import { SegmentIndex } from '../../../src/machine/layout';
import { setFlatProtectedMode } from '../../../src/machine/loaders/cpu-setup';
import { RunEnd } from '../../../src/machine/run';
import { Random } from '../compiler/support/random';
import { EAGER, type TieredMachine, tieredMachine, visibleState } from '../compiler/support/tiers';

/*
 * Traps, faults, returns, segment loads and flags, as WebAssembly does them and as TypeScript does: a debugger that asks to
 * see every instruction and exception gets all of them from TypeScript.
 */

const GDT = 0x1000;
const IDT = 0x2000;
const TASK = 0x3000;
const HANDLERS = 0x4000;
const DIRECTORY = 0x8000;
const TABLE = 0x9000;
const CODE = 0x10000;
const DATA = 0x20000;
const STACK = 0x30000;
const INNER_STACK = 0x38000;
const PAGES = 64;

const KERNEL_CODE = 0x08;
const KERNEL_DATA = 0x10;
const USER_CODE = 0x1b;
const USER_DATA = 0x23;
const TASK_STATE = 0x28;
const CALL_GATE = 0x30;
const ODD_SEGMENTS = 7;
const SEGMENTS = 16;

const dword = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
const word = (value: number): number[] => dword(value).slice(0, 2);

function descriptor(base: number, limit: number, access: number, flags: number): number[] {
  const high = ((limit >>> 16) & 0xf) | (flags << 4);
  return [...word(limit), ...word(base), (base >>> 16) & 0xff, access, high, base >>> 24];
}

function gate(selector: number, offset: number, access: number): number[] {
  return [...word(offset), ...word(selector), 0, access, ...word(offset >>> 16)];
}

/** Segments that differ from the flat ones in something: presence, level, type, size, limit, base, accessed bit. */
function oddSegment(random: Random): number[] {
  const type = random.pick([0x10, 0x11, 0x12, 0x13, 0x16, 0x17, 0x1a, 0x1b, 0x18, 0x1e, 0x1f, 0x02, 0x09]);
  const access = type | (random.below(4) << 5) | (random.below(8) > 0 ? 0x80 : 0);
  const limit = random.pick([0xfffff, 0xfffff, 0xff, 0x3f000]);
  return descriptor(random.pick([0, 0, 0x10]), limit, access, random.pick([0xc, 0xc, 0x8, 0x4]));
}

function tables(random: Random): { at: number; bytes: number[] }[] {
  const gdt = [
    ...descriptor(0, 0, 0, 0),
    ...descriptor(0, 0xfffff, 0x9b, 0xc),
    ...descriptor(0, 0xfffff, 0x93, 0xc),
    ...descriptor(0, 0xfffff, 0xfb, 0xc),
    ...descriptor(0, 0xfffff, 0xf3, 0xc),
    ...descriptor(TASK, 0x67, 0x89, 0),
    ...gate(KERNEL_CODE, HANDLERS, 0xec),
  ];
  for (let i = ODD_SEGMENTS; i < SEGMENTS; i++) gdt.push(...oddSegment(random));
  const idt = Array.from({ length: 64 }, (_, vector) => {
    const selector = random.below(8) > 0 ? KERNEL_CODE : random.pick([USER_CODE, oddSelector(random), 0]);
    const type = random.pick([0x8e, 0x8f, 0xee, 0xee, 0xef, 0xef, 0xe6, 0x6e]);
    return gate(selector, HANDLERS + vector * 32, random.below(12) > 0 ? type : random.below(256));
  }).flat();
  const outer = random.below(6) > 0 ? KERNEL_DATA : oddSelector(random);
  const task = [...dword(0), ...dword(INNER_STACK + random.pick([0, 0, 8, 0x800])), ...dword(outer)];
  return [
    { at: GDT, bytes: gdt },
    { at: IDT, bytes: idt },
    { at: TASK, bytes: [...task, ...dword(INNER_STACK), ...dword(KERNEL_DATA | 1)] },
    { at: DIRECTORY, bytes: dword(TABLE | 7) },
    { at: TABLE, bytes: Array.from({ length: PAGES }, (_, page) => dword(pageEntry(random, page))).flat() },
  ];
}

/** Pages map to themselves; some of the data are away, read-only or the supervisor's. */
function pageEntry(random: Random, page: number): number {
  const isData = page >= DATA >>> 12 && page < (DATA >>> 12) + 8;
  return (page << 12) | (isData ? random.pick([7, 7, 6, 5, 3, 0x67]) : 7);
}

const oddSelector = (random: Random) =>
  ((ODD_SEGMENTS + random.below(SEGMENTS - ODD_SEGMENTS)) << 3) | random.pick([0, 0, 3, 3, 4]);
const selector = (random: Random) =>
  random.below(3) > 0
    ? random.pick([KERNEL_DATA, USER_DATA, USER_DATA, USER_CODE, KERNEL_CODE, 0, 3])
    : oddSelector(random);

/** Vectors of exceptions with an error code. */
const WITH_CODE = new Set([8, 10, 11, 12, 13, 14, 17]);

/** What a handler does: drops the error code, at times goes past the byte at which the program was stopped, returns. */
function handler(random: Random, vector: number): number[] {
  const drop = WITH_CODE.has(vector) ? [0x83, 0xc4, 4] : [];
  const skip = random.below(4) > 0 ? [0x83, 0x04, 0x24, 1 + random.below(3)] : [0x40];
  const more = random.pick([[], [0x0f, 0x20, 0xd2], [0x01, 0xd8], [0xfb], [0x9c, 0x5a]]);
  return [...more, ...drop, ...skip, random.below(12) > 0 ? 0xcf : 0xcb].slice(0, 31);
}

/** One instruction, or a few that belong together, at `at`. */
function piece(random: Random, at: number): number[] {
  const push = (value: number) => [0x68, ...dword(value)];
  const next = (before: number) => at + before;
  const data = () => DATA + random.below(8 * 0x1000);
  switch (random.below(26)) {
    case 0:
    case 1:
      return [0xcd, random.pick([0x20, 0x21, 0x22, 0x23, 3, 14, 0x3f, 0x50])];
    case 2:
      return [0xfa];
    case 3:
      return [0xfb];
    case 4:
      return [0x9c, 0x58];
    case 5: {
      const flags = random.pick([0x2, 0x202, 0x202, 0x3202, 0x3002, 0x46, 0x40202, 0x10202, 0x4002, 0x102, 0x200202]);
      return [...push(flags | random.below(0x1000)), ...(random.below(4) > 0 ? [0x9d] : [0x66, 0x9d])];
    }
    case 6:
    case 7:
      return [0xb8, ...dword(selector(random)), 0x8e, 0xc0 | (random.pick([0, 3, 3, 4, 5, 2]) << 3)];
    case 8:
      return [random.pick([0x1e, 0x06]), random.pick([0x1f, 0x07])];
    case 9: {
      // IRET to the next instruction, at a level of its own.
      const [code, stack] = random.pick([
        [USER_CODE, USER_DATA],
        [USER_CODE, USER_DATA],
        [KERNEL_CODE, KERNEL_DATA],
        [oddSelector(random), selector(random)],
      ]);
      const flags = random.pick([0x2, 0x202, 0x3202, 0x10202, 0x40202, 0x4202]);
      return [
        ...push(stack),
        ...push(STACK - 0x100),
        ...push(flags),
        ...push(code),
        ...push(next(26)),
        random.below(8) > 0 ? 0xcf : 0xcb,
      ];
    }
    case 10:
      return [0x0f, 0x34];
    case 11:
      return [0x89, 0xe1, 0xba, ...dword(next(9)), 0x0f, 0x35];
    case 12:
    case 13:
      return [0xa1, ...dword(data())];
    case 14:
    case 15:
      return [0xa3, ...dword(data())];
    case 16:
      return random.pick([[0x0f, 0x0b], [0xf7, 0xf1], [0xcc], [0xf4], [0x0f, 0x06], [0xe4, 0x10]]);
    case 17:
      return [0x0f, 0x20, random.pick([0xd0, 0xd8, 0xc0, 0xe0])];
    case 18:
      return random.pick([
        [0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8],
        [0x0f, 0x01, 0x3d, ...dword(data())],
      ]);
    case 19:
      return [0x05, ...dword(random.value())];
    case 20:
      return [0x83, 0xe9, random.below(4)];
    case 21:
      return [0xbe, ...dword(data()), 0xbf, ...dword(data()), 0xb9, ...dword(random.below(9)), 0xf3, 0xa4];
    case 22:
      return [0xea, ...dword(next(7)), ...word(random.pick([KERNEL_CODE, USER_CODE, oddSelector(random)]))];
    case 23:
      return [0x9a, ...dword(HANDLERS), ...word(random.pick([CALL_GATE, CALL_GATE | 3, oddSelector(random)]))];
    case 24:
      return [0x11, 0xc0, 0x0f, 0x92, 0xc3];
    default:
      return [0xbc, ...dword(STACK - random.below(0x1100))];
  }
}

function program(random: Random): number[] {
  const code: number[] = [];
  while (code.length < 500) code.push(...piece(random, CODE + code.length));
  return [...code, 0xe9, ...dword(-code.length - 5)];
}

function start(machine: TieredMachine, parts: readonly { at: number; bytes: number[] }[], paged: boolean): void {
  const { cpu, memory } = machine;
  const { state } = cpu;
  for (const { at, bytes } of parts) memory.poke(at, Uint8Array.from(bytes));
  setFlatProtectedMode({ state, segmentation: cpu.segmentation, memory }, GDT, CODE);
  state.set(layout.GDTR_BASE, GDT);
  state.set(layout.GDTR_LIMIT, SEGMENTS * 8 - 1);
  state.set(layout.IDTR_BASE, IDT);
  state.set(layout.IDTR_LIMIT, 64 * 8 - 1);
  state.setReg(layout.Register.ESP, STACK);
  [KERNEL_CODE, INNER_STACK, HANDLERS].forEach((value, i) => state.set(layout.MSR_SYSENTER + i * 4, value));
  for (const segment of [SegmentIndex.ES, SegmentIndex.SS, SegmentIndex.DS, SegmentIndex.FS, SegmentIndex.GS]) {
    cpu.segmentation.load(segment, KERNEL_DATA);
  }
  cpu.operations.loadTask(TASK_STATE);
  cpu.operations.farJump(KERNEL_CODE, CODE, 4);
  if (!paged) return;
  cpu.operations.writeControl(3, DIRECTORY);
  cpu.operations.writeControl(0, 0x80050011);
}

/** A timer whose interrupts come at odd moments, between whole cycles too. */
function tick({ clock, cpu, interrupts }: TieredMachine, period: number): void {
  const timer = clock.timer('tick', () => {
    timer.arm(clock.now + period);
    interrupts.pending = true;
    interrupts.vector = 0x20;
    cpu.state.requestExit(layout.EXIT_RECHECK);
  });
  timer.arm(period);
}

/** All that decides how the guest goes on, beside what it sees. */
function whole(machine: TieredMachine): Record<string, string> {
  const { state } = machine.cpu;
  const hidden: Record<string, string> = { ...visibleState(machine), now: machine.clock.now.toFixed(3) };
  const arrays = { base: layout.SEG_BASE, limit: layout.SEG_LIMIT, attributes: layout.SEG_ATTRIBUTES };
  for (const [name, at] of Object.entries({ ...arrays, rights: layout.SEG_RIGHTS })) {
    hidden[name] = Array.from({ length: 8 }, (_, i) => state.get(at + i * 4).toString(16)).join(' ');
  }
  const fields = { flat: layout.SEG_FLAT, code32: layout.CODE_32, stack32: layout.STACK_32 };
  const masks = { read: layout.TLB_READ_MASK, write: layout.TLB_WRITE_MASK, error: layout.FAULT_ERROR };
  const traps = { halted: layout.HALTED, debug: layout.PENDING_DEBUG, blocked: layout.NMI_BLOCKED };
  for (const [name, at] of Object.entries({ ...fields, ...masks, ...traps })) hidden[name] = `${state.get(at)}`;
  hidden.dr6 = state.dr(6).toString(16);
  return hidden;
}

/** The bytes that programs can reach. */
function ram({ memory }: TieredMachine): Uint8Array {
  return memory.u8.subarray(layout.RAM_BASE, layout.RAM_BASE + (PAGES << 12));
}

/** Goes on to a count of instructions, with `Budget` on the way where there are many exceptions. */
function runTo({ loop, clock }: TieredMachine, target: number): RunEnd | 'stuck' {
  for (let turn = 0; turn < 20; turn++) {
    const end = loop.run(target - clock.instructions);
    if (end !== RunEnd.Budget || clock.instructions >= target) return end;
  }
  return 'stuck';
}

/** Counts the exceptions that TypeScript delivers from now on. */
function countRaised({ cpu }: TieredMachine): () => number {
  let raised = 0;
  const raise = cpu.raise.bind(cpu);
  cpu.raise = (fault) => {
    raised++;
    raise(fault);
  };
  return () => raised;
}

/** What a seed has shown. */
interface Outcome {
  readonly instructions: number;
  /** Exceptions that TypeScript had nothing to do with. */
  readonly staged: number;
}

function compare(seed: number): Outcome {
  const random = new Random(seed);
  const paged = random.below(3) > 0;
  const handlers = Array.from({ length: 64 }, (_, vector) => ({
    at: HANDLERS + vector * 32,
    bytes: handler(random, vector),
  }));
  const parts = [...tables(random), ...handlers, { at: CODE, bytes: program(random) }];
  const period = 40 + random.below(400) + random.pick([0, 0.25, 1 / 3]);
  const machines = [tieredMachine('off'), tieredMachine('off'), tieredMachine(EAGER)];
  for (const machine of machines) {
    start(machine, parts, paged);
    tick(machine, period);
  }
  const [asked, ...others] = machines;
  asked.cpu.hooks.instruction = () => false;
  asked.cpu.hooks.exception = () => false;
  const counts = machines.map(countRaised);
  for (let slice = 0, target = 0; slice < 25; slice++) {
    target += 1 + random.below(random.pick([4, 60, 1500]));
    const expected = runTo(asked, target);
    if (expected === 'stuck') break;
    for (const machine of others) {
      const where = `seed ${seed}, slice ${slice}, ${machine.tier ? 'compiled' : 'interpreted'}`;
      const end = runTo(machine, target);
      assert.deepEqual(whole(machine), whole(asked), where);
      assert.equal(end, expected, where);
      assert.equal(machine.clock.instructions, asked.clock.instructions, where);
      assert.equal(Buffer.compare(ram(machine), ram(asked)), 0, `${where}: RAM`);
    }
    if (expected !== RunEnd.Budget) break;
  }
  const [all, ...rest] = counts.map((count) => count());
  return { instructions: asked.clock.instructions, staged: Math.min(...rest.map((raised) => all - raised)) };
}

describe('system events in WebAssembly', function () {
  this.timeout(240_000);

  it('are as TypeScript does them, in random programs at all levels', () => {
    let instructions = 0;
    let staged = 0;
    for (let seed = 1; seed <= 16; seed++) {
      const outcome = compare(seed);
      instructions += outcome.instructions;
      staged += outcome.staged;
    }
    assert.ok(instructions > 5_000, `${instructions} instructions`);
    assert.ok(staged > 100, `${staged} exceptions were delivered without TypeScript`);
  });
});
