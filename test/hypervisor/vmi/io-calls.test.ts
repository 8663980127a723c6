import assert from 'node:assert/strict';
import { IO_CALLS } from '../../../src/hypervisor/abi/vmi/io';
import { stubOffset } from '../../../src/hypervisor/abi/vmi/rom';
import type { ExitRecord } from '../../../src/hypervisor/exits/exit-record';
import { type PortAccess, PortVerdict } from '../../../src/machine/bus/port-access';
import { FLAG_DF, FLAG_IF, Register } from '../../../src/machine/layout';
import { FREE, PAGE_OFFSET, TABLE, VmiBench } from './bench';
import { TAPE_PORT, tapeOf } from './tape';

/** Linear buffer of four pages, of which the second is the one that is taken away. */
const BUFFER = PAGE_OFFSET + FREE;
const SECOND = BUFFER + 0x1000;

interface IoCall {
  readonly name: string;
  readonly number: number;
  readonly direction: 'in' | 'out';
  readonly width: 1 | 2 | 4;
}

const rows = (string: boolean): IoCall[] =>
  IO_CALLS.flatMap(({ name, number, io }) =>
    io?.string === string ? [{ name, number, direction: io.direction, width: io.width }] : [],
  );
const STRINGS = rows(true);
const SINGLES = rows(false);

/** A guest with a tape, and what a call did to it. */
class IoBench extends VmiBench {
  readonly tape = tapeOf(this.machine);
  private readonly firstRecord: number;

  constructor() {
    super();
    this.firstRecord = this.hypervisor.log.nextSequence;
    this.machine.memory.poke(
      FREE,
      Uint8Array.from({ length: 0x4000 }, (_, i) => pattern(i)),
    );
  }

  get index(): number {
    return this.state.reg(this.indexRegister);
  }

  private indexRegister = Register.EDI;

  /** Starts a string call. */
  start(call: IoCall, address: number, count: number, flags = 0): void {
    const { state } = this;
    this.indexRegister = call.direction === 'in' ? Register.EDI : Register.ESI;
    for (const register of [Register.EAX, Register.EBX, Register.EBP, Register.ESI, Register.EDI]) {
      state.setReg(register, 0x77770000 + register);
    }
    state.setReg(Register.EDX, 0xabcd0000 | TAPE_PORT);
    state.setReg(Register.ECX, count);
    state.setReg(this.indexRegister, address);
    state.eflags = 2 | flags;
    this.enterRom(stubOffset(call.number));
  }

  exits(): ExitRecord[] {
    return this.hypervisor.log.records(this.firstRecord, 100);
  }

  bytes(linear: number, length: number): number[] {
    return [...this.machine.memory.peek(linear - PAGE_OFFSET, length)];
  }

  /** Cost of so many elements of a string call in one exit, by part. */
  stringCost(elements: number): ExitRecord['cost'] {
    const { transition, decode, device, return: back } = this.hypervisor.profile.hypercall.string;
    return {
      transition: transition.cycles,
      decode: decode.cycles,
      device: elements * device.cycles,
      return: back.cycles,
    };
  }

  /** Changes the entry of the second page. */
  setSecond(entry: number): void {
    this.mapQuietly(TABLE, SECOND, entry);
    this.machine.cpu.mmu.flush();
  }
}

/** What the buffer holds at first. */
const pattern = (offset: number): number => (offset * 7 + 3) & 0xff;
const patternFrom = (linear: number, length: number): number[] =>
  Array.from({ length }, (_, i) => pattern(linear - BUFFER + i));
const tapeBytes = (length: number, from = 0): number[] => Array.from({ length }, (_, i) => (from + i + 1) & 0xff);

/** Elements turned around, as a transfer downwards leaves them. */
function downwards(bytes: readonly number[], width: number): number[] {
  const elements: number[][] = [];
  for (let i = 0; i < bytes.length; i += width) elements.push(bytes.slice(i, i + width));
  return elements.reverse().flat();
}

describe('VMI I/O calls: strings', () => {
  for (const call of STRINGS) {
    const { name, direction, width } = call;
    const input = direction === 'in';

    describe(name, () => {
      for (const [where, address, count] of [
        ['no element', BUFFER + 0x10, 0],
        ['one element', BUFFER + 0x10, 1],
        ['some elements', BUFFER + 0x11, 5],
        ['two pages', SECOND - 3 * width, 7],
        ['an element across two pages', SECOND - width + 1 - (width === 1 ? 1 : 0), 2],
        ['three pages', BUFFER + 0xff0, 0x1020 / width],
      ] as const) {
        for (const flags of [0, FLAG_IF]) {
          it(`moves ${where}${flags ? ' with IF' : ''}`, () => {
            const bench = new IoBench();
            bench.start(call, address, count, flags);
            const others = [Register.EAX, Register.EDX, Register.EBX, Register.EBP];
            const before = others.map((register) => bench.state.reg(register));
            assert.equal(bench.finish(count + 3).fault, undefined);
            const length = count * width;
            if (input) {
              assert.deepEqual(bench.bytes(address, length), tapeBytes(length));
              assert.deepEqual(bench.bytes(address + length, 8), patternFrom(address + length, 8));
            } else assert.deepEqual(bench.tape.written, patternFrom(address, length));
            assert.equal(bench.tape.accesses, count);
            assert.deepEqual([bench.state.reg(Register.ECX), bench.index], [0, address + length]);
            assert.deepEqual(
              others.map((register) => bench.state.reg(register)),
              before,
            );
            assert.equal(bench.state.eflags, 2 | flags);
            const exits = bench.exits();
            assert.equal(exits.length, 1);
            const [exit] = exits;
            assert.deepEqual(
              [exit.hypercall, exit.channel, exit.port, exit.direction, exit.width, exit.repeat, exit.bytes.length],
              [name, 'hypercall', count > 0 ? TAPE_PORT : exit.port, direction, width, count, 0],
            );
            assert.deepEqual(exit.cost, bench.stringCost(count));
          });
        }
      }

      it('runs downwards with DF', () => {
        const bench = new IoBench();
        const count = 6;
        const top = SECOND + 2 * width;
        bench.start(call, top, count, FLAG_DF);
        assert.equal(bench.finish(count + 3).fault, undefined);
        const bottom = top - (count - 1) * width;
        const length = count * width;
        if (input) assert.deepEqual(bench.bytes(bottom, length), downwards(tapeBytes(length), width));
        else assert.deepEqual(bench.tape.written, downwards(patternFrom(bottom, length), width));
        assert.deepEqual([bench.state.reg(Register.ECX), bench.index], [0, bottom - width]);
        assert.equal(bench.state.eflags & FLAG_DF, FLAG_DF);
      });

      for (const [what, entry, errorCode] of [
        ['is not present', 0, input ? 2 : 0],
        ...(input ? [['is read-only', (FREE + 0x1000) | 1, 3] as const] : []),
      ] as const) {
        for (const offset of [0, ...(width > 1 ? [1] : [])]) {
          it(`stops before a page that ${what}${offset ? ', in the middle of an element' : ''}, and goes on once it may`, () => {
            const bench = new IoBench();
            const done = 3;
            const count = 8;
            const address = SECOND - done * width - offset;
            bench.setSecond(entry);
            bench.start(call, address, count);
            const { fault } = bench.finish(count + 3);
            assert.deepEqual(fault, { vector: 14, errorCode, cr2: SECOND });
            assert.deepEqual([bench.state.reg(Register.ECX), bench.index], [count - done, address + done * width]);
            assert.equal(bench.tape.accesses, done, 'the device was asked for nothing that has no place');
            bench.setSecond((FREE + 0x1000) | 3);
            assert.equal(bench.finish(count + 3).fault, undefined);
            const length = count * width;
            if (input) assert.deepEqual(bench.bytes(address, length), tapeBytes(length));
            else assert.deepEqual(bench.tape.written, patternFrom(address, length));
            assert.equal(bench.tape.accesses, count);
            assert.deepEqual(
              bench.exits().map(({ hypercall, repeat, cost }) => [hypercall, repeat, cost]),
              [done, count - done].map((elements) => [name, elements, bench.stringCost(elements)]),
            );
          });
        }
      }

      it('faults at its first element and leaves nothing behind', () => {
        const bench = new IoBench();
        bench.setSecond(0);
        bench.start(call, SECOND, 4);
        assert.equal(bench.finish(8).fault?.cr2, SECOND);
        assert.deepEqual([bench.state.reg(Register.ECX), bench.index], [4, SECOND]);
        assert.deepEqual([bench.tape.accesses, bench.exits().length], [0, 0]);
      });

      if (!input) {
        it('reads from a page that is read-only', () => {
          const bench = new IoBench();
          bench.setSecond((FREE + 0x1000) | 1);
          bench.start(call, SECOND, 4);
          assert.equal(bench.finish(8).fault, undefined);
          assert.deepEqual(bench.tape.written, patternFrom(SECOND, 4 * width));
        });
      }
    });
  }
});

describe('VMI I/O calls: a debugger at the port', () => {
  /** What an observer saw, in order. */
  interface Seen {
    readonly moment: 'before' | 'after';
    readonly value: number;
    readonly count: number;
  }

  /** Stops once at each moment of each access, and replaces what goes through. */
  function observe(bench: IoBench, call: IoCall, options: { stop: boolean; replace: boolean }): Seen[] {
    const seen: Seen[] = [];
    let stoppedAt = -1;
    const note = (moment: Seen['moment'], access: PortAccess): PortVerdict => {
      const { count } = access;
      assert.deepEqual(
        [access.channel, access.hypercall, access.port, access.direction, access.width],
        ['hypercall', call.name, TAPE_PORT, call.direction, call.width],
      );
      if (moment === 'before' && options.stop && stoppedAt !== count) {
        stoppedAt = count;
        return PortVerdict.Stop;
      }
      seen.push({ moment, value: access.value, count });
      const outgoing = call.direction === 'out';
      if (options.replace && (moment === 'before') === outgoing) access.value ^= 1;
      return moment === 'after' && options.stop ? PortVerdict.Stop : PortVerdict.Continue;
    };
    bench.machine.bus.watch[TAPE_PORT] = 1;
    bench.machine.bus.observer = {
      before: (access) => note('before', access),
      after: (access) => note('after', access),
    };
    return seen;
  }

  const elements = (bytes: readonly number[], width: number): number[] => {
    const found: number[] = [];
    for (let i = 0; i < bytes.length; i += width) {
      found.push(bytes.slice(i, i + width).reduce((sum, byte, j) => sum + byte * 2 ** (8 * j), 0));
    }
    return found;
  };

  for (const call of [...STRINGS, ...SINGLES]) {
    const { name, direction, width } = call;
    const string = STRINGS.includes(call);
    const count = string ? 4 : 1;
    const input = direction === 'in';

    /** Runs the call with a debugger and gives what the device and the guest have of it. */
    const run = (options?: { stop: boolean; replace: boolean }): { bench: IoBench; seen: Seen[]; data: number[] } => {
      const bench = new IoBench();
      const address = SECOND - 2 * width;
      bench.start(call, string ? address : 0, count);
      bench.state.setReg(Register.EAX, 0x64636261);
      const seen = options ? observe(bench, call, options) : [];
      assert.equal(bench.finish(100).fault, undefined);
      const eax = bench.state.reg(Register.EAX);
      const accumulator = elements(
        [eax & 0xff, (eax >>> 8) & 0xff, (eax >>> 16) & 0xff, eax >>> 24].slice(0, width),
        width,
      );
      const arrived = string ? elements(bench.bytes(address, count * width), width) : accumulator;
      return { bench, seen, data: input ? arrived : elements(bench.tape.written, width) };
    };

    it(`${name}: stopping before and after each access changes neither data nor cost`, () => {
      const plain = run();
      const stopped = run({ stop: true, replace: false });
      assert.deepEqual(stopped.data, plain.data);
      assert.equal(stopped.bench.tape.accesses, count);
      assert.deepEqual(
        stopped.bench.exits().map(({ repeat, cost }) => [repeat, cost]),
        plain.bench.exits().map(({ repeat, cost }) => [repeat, cost]),
      );
      assert.equal(stopped.bench.machine.clock.stolen, plain.bench.machine.clock.stolen);
      assert.deepEqual(
        stopped.seen.map(({ moment, count: left }) => [moment, left]),
        Array.from({ length: count }, (_, i) => [
          ['before', count - i],
          ['after', count - i],
        ]).flat(),
      );
    });

    it(`${name}: shows the value of each access, and lets it be replaced`, () => {
      const plain = run({ stop: false, replace: false });
      assert.deepEqual(
        plain.seen.filter(({ moment }) => moment === 'after').map(({ value }) => value >>> 0),
        plain.data,
      );
      const replaced = run({ stop: false, replace: true });
      assert.deepEqual(
        replaced.data,
        plain.data.map((value) => (value ^ 1) >>> 0),
      );
      const [exit] = replaced.bench.exits();
      assert.equal(exit.value >>> 0, replaced.data.at(-1), 'the record has what went through');
    });
  }
});
