import assert from 'node:assert/strict';
import { memoryOperand } from '../../src/debugger/expressions/operand';
import { Guest } from '../../src/debugger/guest/guest';
import type { FormatOptions, Value } from '../../src/debugger/types';
import { valueContext, type ValueContext } from '../../src/debugger/variables/context';
import { Evaluator } from '../../src/debugger/variables/evaluator';
import { frameScopes } from '../../src/debugger/variables/frame-scopes';
import { valueOf } from '../../src/debugger/variables/value';
import { arrayOf, CHAR, INT, pointerTo, U16, U32, U8, UNSIGNED } from '../../src/debugger/values/types';
import { EvaluationError } from '../../src/debugger/values/memory';
import { PortNames } from '../../src/machine/bus/port-names';
import { Register } from '../../src/machine/layout';
import { Machine } from '../../src/machine/machine';
import { SymbolTable } from '../../src/symbols/symbol-table';
import type { EnumType, Member, StructType, Type } from '../../src/symbols/types';
import { buildGuests } from '../guests/support';
import { BootedGuest } from './booted-guest';

/** Free RAM that the guest maps and does not use. */
const SCRATCH = 0x800000;
const UNMAPPED = 0xe0000000;

function named(values: readonly Value[], name: string): Value {
  const found = values.find((value) => value.name === name);
  assert.ok(found, `no "${name}" among ${values.map((value) => value.name).join(', ')}`);
  return found;
}

function child(value: Value, ...path: string[]): Value {
  return path.reduce((parent, name) => named(parent.children?.() ?? [], name), value);
}

describe('values of C types', () => {
  const machine = new Machine({ cpu: 'pentium', memoryMB: 16, startTime: 0 });
  const guest = new Guest(machine, new SymbolTable(), new PortNames(machine.bus));
  const context = valueContext(guest);

  /** A variable in scratch memory with the given bytes. */
  function variable(
    type: Type,
    bytes: readonly number[],
    format?: FormatOptions,
    values: ValueContext = context,
  ): Value {
    guest.memory.write(SCRATCH, Uint8Array.from(bytes));
    return valueOf(
      values,
      memoryOperand(values.target, type, () => SCRATCH),
      { name: 'x', expression: 'x' },
      format,
    );
  }

  function bytesAt(address: number, length: number): number[] {
    return [...guest.memory.read(address, length)];
  }

  const member = (name: string | undefined, type: Type, offset: number, extra: Partial<Member> = {}): Member => ({
    name,
    type,
    offset,
    ...extra,
  });

  const colour: EnumType = {
    kind: 'enum',
    name: 'colour',
    byteSize: 4,
    signed: false,
    enumerators: [
      { name: 'RED', value: 1n },
      { name: 'BLUE', value: 2n },
    ],
  };
  const union: StructType = {
    kind: 'struct',
    keyword: 'union',
    name: undefined,
    byteSize: 4,
    incomplete: false,
    members: [member('word', U32, 0), member('byte', U8, 0)],
  };
  const device: StructType = {
    kind: 'struct',
    keyword: 'struct',
    name: 'device',
    byteSize: 16,
    incomplete: false,
    members: [
      member('low', UNSIGNED, 0, { bitOffset: 0, bitSize: 3 }),
      member('high', INT, 1, { bitOffset: 2, bitSize: 5 }),
      member(undefined, union, 4),
      member('name', arrayOf(CHAR, 4), 8),
      member('next', pointerTo({ kind: 'void', byteSize: 0 }), 12),
    ],
  };

  it('shows numbers by their types', () => {
    assert.equal(variable(INT, [0xfe, 0xff, 0xff, 0xff]).text, '-2');
    assert.equal(variable(INT, [0xfe, 0xff, 0xff, 0xff], { hex: true }).text, '0xfffffffe');
    assert.equal(variable(CHAR, [0x41]).text, "65 'A'");
    assert.equal(variable(U16, [0x34, 0x12]).text, '0x1234');
    assert.equal(variable(colour, [2, 0, 0, 0]).text, 'BLUE');
    assert.equal(variable({ kind: 'base', name: 'bool', byteSize: 1, encoding: 'boolean' }, [1]).text, 'true');
  });

  it('shows structs by their members, those of anonymous unions and bit fields among them', () => {
    // low = 5; high is signed: bits 2-6 of the second byte are 11111.
    const value = variable(device, [5, 0x7c, 0, 0, 0x78, 0x56, 0x34, 0x12, 0x61, 0x62, 0, 0, 0, 0, 0, 0]);
    assert.equal(value.text, '{low = 5, high = -1, word = 0x12345678, byte = 0x78 \'x\', name = "ab", next = 0x0}');
    assert.equal(value.type, 'struct device');
    assert.equal(value.address, SCRATCH);
    const members = value.children?.() ?? [];
    assert.deepEqual(
      members.map(({ name, text, address, expression }) => ({ name, text, address, expression })),
      [
        { name: 'low', text: '5', address: undefined, expression: 'x.low' },
        { name: 'high', text: '-1', address: undefined, expression: 'x.high' },
        { name: 'word', text: '0x12345678', address: SCRATCH + 4, expression: 'x.word' },
        { name: 'byte', text: "0x78 'x'", address: SCRATCH + 4, expression: 'x.byte' },
        { name: 'name', text: '"ab"', address: SCRATCH + 8, expression: 'x.name' },
        { name: 'next', text: '0x0', address: SCRATCH + 12, expression: 'x.next' },
      ],
    );
  });

  it('assigns to bit fields and leaves their neighbours', () => {
    const value = variable(device, [0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert.equal(child(value, 'low').assign?.('2'), '2');
    assert.equal(child(value, 'high').assign?.('-16'), '-16');
    assert.deepEqual(bytesAt(SCRATCH, 2), [0xfa, 0b11000011]);
    assert.throws(() => child(value, 'low').assign?.('8'), /8 does not fit in 3 bits/);
    assert.deepEqual(bytesAt(SCRATCH, 2), [0xfa, 0b11000011]);
  });

  it('assigns enumerators, characters, texts and what it shows itself', () => {
    assert.equal(variable(colour, [2, 0, 0, 0]).assign?.('RED'), 'RED');
    assert.deepEqual(bytesAt(SCRATCH, 4), [1, 0, 0, 0]);
    assert.equal(variable(CHAR, [0]).assign?.("'z'"), "122 'z'");
    assert.equal(variable(CHAR, [0]).assign?.("66 'A'"), "66 'B'");
    assert.equal(variable(arrayOf(CHAR, 4), [1, 1, 1, 1]).assign?.('"ok"'), '"ok"');
    assert.deepEqual(bytesAt(SCRATCH, 4), [0x6f, 0x6b, 0, 1]);
    assert.equal(variable(arrayOf(CHAR, 4), [1, 1, 1, 1]).assign?.('"four"'), '"four"');
    assert.throws(() => variable(arrayOf(CHAR, 4), [0, 0, 0, 0]).assign?.('"too long"'), /8 bytes, char \[4\] only 4/);
    assert.throws(() => variable(U8, [0]).assign?.('256'), /256 does not fit in u8/);
    assert.throws(() => variable(U8, [0]).assign?.('nonsense'), /there is no register, variable or symbol "nonsense"/);
    const unchanged = variable(device.members[2].type, [1, 2, 3, 4]);
    assert.equal(unchanged.assign, undefined, 'a union cannot be assigned as a whole');
  });

  it('shows arrays by their elements, of all dimensions', () => {
    const matrix: Type = { kind: 'array', element: U8, dimensions: [2, 3], stride: 1, byteSize: 6 };
    const value = variable(matrix, [1, 2, 3, 4, 5, 6]);
    assert.equal(value.indexed, 2);
    assert.equal(value.text, '{{…}, {…}}');
    const row = child(value, '[1]');
    assert.equal(row.text, '{0x04, 0x05, 0x06}');
    assert.equal(row.address, SCRATCH + 3);
    assert.equal(child(row, '[2]').text, '0x06');
    assert.equal(child(row, '[2]').expression, 'x[1][2]');
    const open: Type = { kind: 'array', element: U8, dimensions: [undefined], stride: 1, byteSize: 0 };
    assert.equal(variable(open, []).children, undefined);
  });

  it('reads elements of long arrays when they are looked at', () => {
    const value = variable(arrayOf(U8, 1 << 20), [7]);
    assert.equal(value.indexed, 65536);
    const elements = value.children?.() ?? [];
    assert.equal(elements.length, 65536);
    guest.memory.write(SCRATCH + 60000, Uint8Array.of(0x2a));
    assert.equal(elements[60000].text, "0x2a '*'");
    assert.match(value.text, /^\{0x07, .*, …\}$/);
    assert.ok(value.text.length < 120);
  });

  it('follows pointers that lead somewhere', () => {
    guest.memory.write(SCRATCH + 0x100, new TextEncoder().encode('hello\nworld\0'));
    const text = variable(pointerTo(CHAR), [0, 1, 0x80, 0]);
    assert.equal(text.text, '0x800100 "hello\\nworld"');
    assert.equal(child(text, '*x').text, "104 'h'");
    const pointer = variable(pointerTo(device), [0, 1, 0x80, 0]);
    assert.equal(child(pointer, 'name').expression, 'x->name');
    assert.equal(child(pointer, 'name').address, SCRATCH + 0x108);
    assert.equal(variable(pointerTo(device), [0, 0, 0, 0]).children, undefined, 'null leads nowhere');
    assert.equal(variable(pointerTo(CHAR), [0, 0, 0, 0]).text, '0x0');
    assert.equal(variable(pointerTo({ kind: 'void', byteSize: 0 }), [0, 1, 0x80, 0]).children, undefined);
  });

  it('cuts long texts and says so', () => {
    guest.memory.write(SCRATCH + 0x100, new Uint8Array(300).fill(0x61));
    assert.equal(variable(pointerTo(CHAR), [0, 1, 0x80, 0]).text, `0x800100 "${'a'.repeat(200)}"…`);
  });

  it('gives the reason where there is no value', () => {
    const lost = (error: Error): Value =>
      new Evaluator(guest).variable({
        name: 'lost',
        type: INT,
        locate: () => {
          throw error;
        },
      });
    const value = lost(new EvaluationError('optimized out'));
    assert.equal(value.text, '<optimized out>');
    assert.equal(value.type, 'int');
    assert.equal(value.assign, undefined);
    assert.equal(value.address, undefined);
    assert.throws(() => lost(new RangeError('a bug')), /a bug/, 'only an EvaluationError is a reason');
  });

  it('takes selectors of real mode for paragraphs', () => {
    const cs = new Evaluator(guest).evaluate('cs');
    assert.equal(cs.text, '0xf000 base 0xffff0000, limit 0x0000ffff');
    assert.deepEqual(
      cs.children?.().map(({ name }) => name),
      ['base', 'limit', 'attributes'],
    );
  });
});

describe('variables of a stopped guest', function () {
  this.timeout(120_000);
  let booted: BootedGuest;

  before(async () => {
    const { status, messages } = await buildGuests('paravirt-io');
    assert.equal(status, 0, messages);
    booted = new BootedGuest('paravirt-io', 'vmi').runTo('check_loopback');
  });

  function frameNumber(name: string): number {
    const index = booted.stack.frames.findIndex(({ frame }) => frame.name === name);
    assert.ok(index >= 0, booted.stack.frames.map(({ frame }) => frame.name).join());
    return index;
  }

  function scope(frame: number, name: string, format?: FormatOptions): Value[] {
    const found = frameScopes(booted.guest, booted.stack.at(frame)).find((group) => group.name === name);
    assert.ok(found, name);
    return found.values(format);
  }

  function evaluator(frame = 0): Evaluator {
    return new Evaluator(booted.guest, booted.stack.at(frame));
  }

  function word(address: number): number {
    return booted.guest.memory.readNumber(address, 4);
  }

  it('offers the groups that a frame has', () => {
    const names = (frame: number): string[] =>
      frameScopes(booted.guest, booted.stack.at(frame)).map(
        ({ name, kind, expensive }) => `${name} ${kind}${expensive ? ' expensive' : ''}`,
      );
    assert.deepEqual(names(0), [
      'Locals locals',
      'Globals globals expensive',
      'Registers registers',
      'Flags registers',
      'Segments registers',
      'System registers registers expensive',
      'FPU registers expensive',
      'Ports ports expensive',
    ]);
    assert.ok(!names(1).some((name) => name.startsWith('Flags')), 'flags of a caller are lost');
  });

  it('shows parameters and locals of calling frames, parameters first', () => {
    const locals = scope(frameNumber('run_workload'), 'Locals');
    assert.deepEqual(
      locals.map(({ name }) => name),
      ['workload', 'words', 'outcome', 'before', 'start', 'cycles', 'after'],
    );
    const words = named(locals, 'words');
    assert.equal(words.type, 'const char *const [3]');
    assert.match(words.text, /^\{0x[0-9a-f]+ "OK", 0x[0-9a-f]+ "SKIPPED", 0x[0-9a-f]+ "FAILED"\}$/);
    const workload = named(locals, 'workload');
    assert.match(workload.text, /^0x[0-9a-f]+ <uart_workload>$/);
    assert.match(child(workload, 'name').text, / "uart"$/);
    assert.equal(
      child(workload, 'run').text,
      `0x${word((workload.address ?? 0) && named(scope(0, 'Globals'), 'uart_workload').address! + 4).toString(16)} <run>`,
    );
  });

  it('shows the members of paravirt_ops as they are in memory', () => {
    const ops = evaluator().evaluate('paravirt_ops');
    const { symbols } = booted.guest;
    const [symbol] = symbols.lookup('paravirt_ops');
    assert.equal(ops.address, symbol.address);
    const members = ops.children?.() ?? [];
    assert.equal(members.length, 15);
    assert.match(named(members, 'name').text, / "vmi"$/);
    assert.equal(named(members, 'hypercalls').text, String(word(symbol.address + 4)));
    members.slice(2).forEach(({ name, text, address }, index) => {
      const target = word(symbol.address + 4 * (index + 2));
      assert.equal(address, symbol.address + 4 * (index + 2));
      const expected = name === 'io_delay' ? 'no_io_delay' : `vmi_${name}`;
      assert.equal(text, `0x${target.toString(16)} <${expected}>`);
      assert.equal(symbols.lookup(expected)[0].address, target);
    });
  });

  it('gives expressions that lead to the same values again', () => {
    let checked = 0;
    const check = (frame: number, value: Value, depth: number): void => {
      if (value.expression !== undefined) {
        const again = evaluator(frame).evaluate(value.expression);
        assert.equal(again.text, value.text, value.expression);
        assert.equal(again.type, value.type, value.expression);
        assert.equal(again.address, value.address, value.expression);
        checked++;
      }
      if (depth === 0) return;
      for (const part of (value.children?.() ?? []).slice(0, 20)) check(frame, part, depth - 1);
    };
    booted.stack.frames.forEach((_, frame) => {
      for (const group of frameScopes(booted.guest, booted.stack.at(frame))) {
        if (group.kind === 'ports') continue;
        for (const value of group.values()) check(frame, value, group.kind === 'registers' ? 1 : 3);
      }
    });
    assert.ok(checked > 300, `${checked} expressions`);
  });

  it('shows numbers in hexadecimal when asked to', () => {
    const frame = frameNumber('run_workload');
    const plain = child(named(scope(frame, 'Locals'), 'before'), 'delays').text;
    const before = named(scope(frame, 'Locals', { hex: true }), 'before');
    const hex = named(before.children?.({ hex: true }) ?? [], 'delays').text;
    assert.match(plain, /^\d+$/);
    assert.equal(hex, `0x${Number(plain).toString(16)}`);
  });

  it('assigns to variables of calling frames in memory', () => {
    const frame = frameNumber('run_workload');
    const outcome = (): Value => named(scope(frame, 'Locals'), 'outcome');
    const verdict = child(outcome(), 'verdict');
    assert.equal(verdict.text, 'WORKLOAD_OK');
    const failed = evaluator(frame).assign('outcome.verdict', 'WORKLOAD_FAILED');
    assert.equal(failed.text, 'WORKLOAD_FAILED');
    assert.equal(child(outcome(), 'verdict').text, 'WORKLOAD_FAILED');
    assert.equal(child(outcome(), 'reason').assign?.('"by hand"'), '"by hand"');
    assert.equal(evaluator(0).evaluate('outcome->reason').text, '"by hand"');
    assert.equal(verdict.assign?.('WORKLOAD_OK'), 'WORKLOAD_OK');
    assert.equal(child(outcome(), 'reason').assign?.('""'), '""');
  });

  it('tells when something was set, and only then', () => {
    let changes = 0;
    const count = (): number => changes;
    const groups = frameScopes(booted.guest, booted.stack.at(0), () => void changes++);
    const group = (name: string): Value[] => groups.find((candidate) => candidate.name === name)?.values() ?? [];
    const edx = named(group('Registers'), 'edx');
    edx.assign?.(edx.text);
    assert.equal(count(), 0, 'nothing changes by what is shown');
    assert.throws(() => edx.assign?.('nosuch'));
    assert.equal(count(), 0);
    edx.assign?.('1');
    assert.equal(count(), 1);
    child(named(group('System registers'), 'cr0'), 'MP').assign?.('0');
    assert.equal(count(), 2);
    const evaluator = new Evaluator(booted.guest, booted.stack.at(0), () => void changes++);
    evaluator.evaluate('edx + 1');
    assert.equal(count(), 2);
    evaluator.evaluate('edx += 1');
    assert.equal(count(), 3);
    assert.equal(evaluator.evaluate('edx').text, '0x00000002');
  });

  it('answers a question about what cannot be read with the reason', () => {
    assert.throws(() => evaluator().evaluate(`*(int *)${UNMAPPED}`), /memory at 0xe0000000 cannot be read: no page/);
    assert.throws(() => evaluator().evaluate('nosuch'), /there is no register, variable or symbol "nosuch" here/);
    const pointer = evaluator().evaluate(`(struct outcome *)${UNMAPPED}`);
    assert.equal(pointer.children, undefined);
    assert.equal(pointer.text, '0xe0000000');
  });

  it('shows both notations of what is computed', () => {
    const { state } = booted.guest;
    const esp = state.reg(Register.ESP);
    assert.equal(evaluator().evaluate('esp + 4').text, `${esp + 4} (0x${(esp + 4).toString(16)})`);
    assert.equal(evaluator().number('esp + 4'), esp + 4);
    assert.equal(evaluator().evaluate('[esp]').text, `0x${word(esp).toString(16).padStart(8, '0')}`);
    assert.equal(evaluator().evaluate('main').text, `0x${evaluator().number('&main').toString(16)} <main>`);
  });

  it('carries an expression with side effects out once', () => {
    const { state } = booted.guest;
    const before = state.reg(Register.ECX);
    assert.equal(evaluator().evaluate('ecx++').text, `0x${before.toString(16).padStart(8, '0')}`);
    assert.equal(state.reg(Register.ECX), before + 1);
    evaluator().assign('ecx', String(before));
    assert.equal(state.reg(Register.ECX), before);
  });

  describe('registers', () => {
    it('have their halves as parts, which can be set', () => {
      const { state } = booted.guest;
      const old = state.reg(Register.EAX);
      const eax = named(scope(0, 'Registers'), 'eax');
      assert.equal(eax.assign?.('0x11223344'), '0x11223344');
      assert.equal(child(eax, 'ah').text, "0x33 '3'");
      assert.equal(child(eax, 'al').assign?.('0x55'), "0x55 'U'");
      assert.equal(child(eax, 'ax').text, '0x3355');
      assert.equal(state.reg(Register.EAX), 0x11223355);
      assert.throws(() => child(eax, 'al').assign?.('0x100'), /256 does not fit in u8/);
      state.setReg(Register.EAX, old);
    });

    it('of calling frames are reconstructed and cannot be set', () => {
      const frame = frameNumber('run_workload');
      const registers = scope(frame, 'Registers');
      assert.ok(!registers.some(({ name }) => name === 'eflags'));
      assert.match(named(registers, 'eip').text, / <run_workload\+0x[0-9a-f]+>$/);
      assert.equal(named(registers, 'esp').assign, undefined);
      assert.match(named(registers, 'eax').text, /^<.*not known>$|^0x[0-9a-f]{8}$/);
      assert.throws(() => evaluator(frame).assign('esp', '0'), /cannot be set/);
    });

    it('point into memory for the memory view', () => {
      const registers = scope(0, 'Registers');
      assert.equal(named(registers, 'eip').address, booted.guest.pc);
      assert.equal(named(registers, 'esp').address, booted.guest.stackPointer);
      assert.equal(named(registers, 'eax').address, undefined);
    });

    it('have flags that are set one by one', () => {
      const { state } = booted.guest;
      const old = state.eflags;
      const flags = scope(0, 'Flags');
      assert.equal(named(flags, 'cf').assign?.('1'), '1');
      assert.equal(named(flags, 'zf').assign?.('0'), '0');
      assert.equal(named(flags, 'iopl').assign?.('3'), '3');
      assert.equal(state.eflags & 0x3041, 0x3001);
      assert.match(named(scope(0, 'Registers'), 'eflags').text, /^0x[0-9a-f]{8} .*IOPL=3.* CF$/);
      assert.throws(() => named(flags, 'cf').assign?.('2'), /cf takes 0 to 1/);
      assert.equal(named(flags, 'vm').assign, undefined);
      state.eflags = old;
    });

    it('of segments show what is hidden behind the selector', () => {
      const segments = scope(0, 'Segments');
      const cs = named(segments, 'cs');
      assert.equal(cs.text, '0x0009 32-bit code, base 0x00000000, limit 0xffffffff, DPL 1, execute/read, accessed');
      assert.equal(child(cs, 'table').text, 'GDT');
      assert.equal(child(cs, 'index').text, '1');
      const fs = named(segments, 'fs');
      assert.equal(fs.assign?.('0'), '0x0000');
      assert.equal(named(scope(0, 'Segments'), 'fs').text, '0x0000 null');
      assert.throws(() => fs.assign?.('0x1234'), /selector 0x1234 is refused by the processor with #GP/);
      fs.assign?.('0x10');
      assert.equal(named(scope(0, 'System registers'), 'ldtr').text, '0x0000 null');
    });

    it('of the system name their bits, which can be set as far as the processor lets them', () => {
      const { state } = booted.guest;
      const system = scope(0, 'System registers');
      const cr0 = named(system, 'cr0');
      assert.equal(cr0.text, '0x80000011 PG ET PE');
      assert.equal(child(cr0, 'WP').assign?.('1'), '1');
      assert.equal(state.cr(0), 0x80010011);
      assert.equal(child(cr0, 'WP').assign?.('0'), '0');
      assert.throws(() => child(cr0, 'PE').assign?.('0'), /CR0 = 0x80000010 is refused by the processor with #GP/);
      assert.throws(() => child(cr0, 'PE').assign?.('2'), /PE takes 0 to 0x1/);
      const dr7 = named(system, 'dr7');
      assert.equal(child(dr7, 'RW1').assign?.('3'), '3 reads and writes');
      assert.equal(state.dr(7), 0x00300400);
      assert.equal(child(dr7, 'RW1').assign?.('0'), '0 execution');
      const gdtr = named(system, 'gdtr');
      assert.equal(gdtr.text, `base 0x${evaluator().number('gdtr_base').toString(16).padStart(8, '0')}, limit 0x0017`);
      assert.equal(gdtr.address, evaluator().number('gdtr_base'));
    });

    it('are hidden by locals of the same name, but not with a dollar', () => {
      const { guest } = booted;
      const context = valueContext(guest, booted.stack.at(0));
      const local = { name: 'eax', type: INT, locate: () => ({ kind: 'value' as const, value: 7 }) };
      context.scope.local = (name) => (name === 'eax' ? local : undefined);
      const value = new Evaluator(guest, booted.stack.at(0));
      Object.defineProperty(value, 'context', { value: context });
      assert.equal(value.evaluate('eax').text, '7');
      assert.match(value.evaluate('$eax').text, /^0x[0-9a-f]{8}$/);
    });
  });

  describe('ports', () => {
    it('are grouped by device, those in use first', () => {
      const { bus } = booted.machine;
      const groups = scope(0, 'Ports');
      const used = groups.map(({ text }) => text !== 'not used');
      assert.deepEqual(
        used,
        [...used].sort((a, b) => Number(b) - Number(a)),
      );
      const com1 = named(groups, 'COM1');
      const sum = (counts: Float64Array): number => counts.subarray(0x3f8, 0x400).reduce((a, b) => a + b, 0);
      assert.equal(com1.text, `${sum(bus.outs)} out, ${sum(bus.ins)} in`);
      assert.equal(com1.kind, 'group');
      const thr = child(com1, '0x3f8 THR/RBR');
      assert.match(thr.text, new RegExp(`^out 0x[0-9a-f]+.* × ${bus.outs[0x3f8]}$`));
    });

    it('have their last values decoded', () => {
      const lsr = evaluator().evaluate('COM1.LSR');
      const last = child(lsr, 'last in');
      assert.equal(last.text, '0x60 (COM1.LSR)');
      const bits = Object.fromEntries((last.children?.() ?? []).map(({ name, text }) => [name, text]));
      assert.deepEqual([bits.THRE, bits.TEMT, bits.DR], ['0x1', '0x1', '0x0']);
      assert.equal(evaluator().evaluate('COM1').name, 'COM1');
      assert.equal(evaluator().evaluate('COM1.THR + 1').text, '1017');
    });

    it('that nobody owns come last', () => {
      booted.machine.bus.access({
        port: 0x555,
        width: 2,
        direction: 'out',
        value: 0xabcd,
        channel: 'direct',
        hypercall: '',
        count: 1,
      });
      const group = scope(0, 'Ports').at(-1);
      assert.equal(group?.name, 'no device');
      assert.equal(child(group, '0x555').text, 'out 0xabcd × 1');
    });
  });
});
