import assert from 'node:assert/strict';
import { SymbolTable } from '../../src/symbols/symbol-table';
import { unwind } from '../../src/symbols/unwind/apply';
import type { UnwindRule } from '../../src/symbols/unwind/rules';
import { GuestState } from './guest-state';
import { build, buildAssembly, PROGRAM } from './toolchain';

const [EBX, ESP, EBP, ESI, EDI] = [3, 4, 5, 6, 7];
const RETURN_ADDRESS = 0x12345;
const STACK = 0x9000;

/**
 * Carries out the few instructions that compiled prologues and epilogues use, from a function's entry on, calling `visit`
 * before each. Stops at the first other instruction, so the test knows every state exactly.
 */
function simulate(code: Uint8Array, entry: number, visit: (state: GuestState) => void): number {
  const state = new GuestState(entry);
  for (let register = 0; register < 8; register++) state.registers.set(register, 0x1000 + register);
  state.registers.set(ESP, STACK);
  state.store(STACK, RETURN_ADDRESS);
  const get = (register: number): number => state.registers.get(register) ?? 0;
  let steps = 0;
  for (let at = 0; ; steps++) {
    state.address = entry + at;
    visit(state);
    const [opcode, modrm, operand] = code.subarray(at);
    if (opcode >= 0x50 && opcode < 0x58) {
      state.registers.set(ESP, get(ESP) - 4);
      state.store(get(ESP), get(opcode - 0x50));
      at += 1;
    } else if (opcode === 0x89 && modrm === 0xe5) {
      state.registers.set(EBP, get(ESP));
      at += 2;
    } else if (opcode === 0x83 && modrm === 0xec) {
      state.registers.set(ESP, get(ESP) - operand);
      at += 3;
    } else {
      return steps + 1;
    }
  }
}

function checkEverywhere(table: SymbolTable, name: string, source: UnwindRule['source']): number {
  const [{ address }] = table.lookup(name);
  const code = codeAt(table, address);
  return simulate(code, address, (state) => {
    const rule = table.unwindRule(state.address);
    assert.equal(rule.source, source);
    const caller = unwind(rule, state);
    const where = `${name}+${state.address - address}`;
    assert.ok(caller, where);
    assert.equal(caller.cfa, STACK + 4, where);
    assert.equal(caller.returnAddress, RETURN_ADDRESS, where);
    for (const register of [EBX, EBP, ESI, EDI]) assert.equal(caller.registers[register], 0x1000 + register, where);
    assert.equal(caller.registers[ESP], STACK + 4, where);
  });
}

const images = new WeakMap<SymbolTable, Uint8Array>();

/** Code bytes straight from the file, found through its program headers. */
function codeAt(table: SymbolTable, address: number): Uint8Array {
  const bytes = images.get(table);
  assert.ok(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headers = view.getUint32(28, true);
  for (let i = 0; i < view.getUint16(44, true); i++) {
    const at = headers + i * 32;
    const offset = address - view.getUint32(at + 8, true);
    if (view.getUint32(at, true) === 1 && offset >= 0 && offset < view.getUint32(at + 16, true)) {
      return bytes.subarray(view.getUint32(at + 4, true) + offset);
    }
  }
  return assert.fail(`0x${address.toString(16)} is in no segment`);
}

function load(bytes: Uint8Array): SymbolTable {
  const table = new SymbolTable();
  table.load('program.elf', bytes);
  images.set(table, bytes);
  return table;
}

describe('unwinding', function () {
  this.timeout(120_000);

  for (const level of ['-O0', '-O2']) {
    it(`recovers the caller at every instruction of a prologue by .eh_frame, ${level}`, () => {
      const table = load(build('program.c', PROGRAM, [level, '-gdwarf-5']).bytes);
      assert.ok(checkEverywhere(table, 'walk', 'eh_frame') >= 3);
      assert.ok(checkEverywhere(table, 'add', 'eh_frame') >= 3);
    });

    it(`recovers the caller by .debug_frame, ${level}`, () => {
      const flags = [level, '-gdwarf-4', '-fno-unwind-tables', '-fno-asynchronous-unwind-tables'];
      const table = load(build('program.c', PROGRAM, flags).bytes);
      assert.ok(checkEverywhere(table, 'walk', 'debug_frame') >= 3);
      assert.ok(checkEverywhere(table, 'add', 'debug_frame') >= 3);
    });

    it(`recovers the caller by the bytes of the prologue, ${level}`, () => {
      const flags = [level, '-g0', '-fno-unwind-tables', '-fno-asynchronous-unwind-tables'];
      const table = load(build('program.c', PROGRAM, flags).bytes);
      assert.ok(checkEverywhere(table, 'walk', 'prologue') >= 3);
      assert.ok(checkEverywhere(table, 'add', 'prologue') >= 3);
    });
  }

  it('recovers the caller in hand-written assembly, up to its ret', () => {
    const fixture = buildAssembly();
    const table = load(fixture.bytes);
    assert.ok(checkEverywhere(table, 'helper', 'prologue') >= 4);
    const [ret] = table.addressesFor(fixture.path, fixture.line('ret'));
    const state = new GuestState(ret.address);
    state.registers.set(ESP, STACK).set(EBP, 0x1005);
    state.store(STACK, RETURN_ADDRESS);
    const caller = unwind(table.unwindRule(ret.address), state);
    assert.equal(caller?.returnAddress, RETURN_ADDRESS);
    assert.equal(caller?.registers[EBP], 0x1005);
  });

  it('reads code from the guest where it is asked to', () => {
    const table = load(buildAssembly().bytes);
    const [{ address }] = table.lookup('helper');
    const asked: number[] = [];
    table.unwindRule(address + 3, (at, length) => {
      asked.push(at);
      return new Uint8Array(length).fill(0x90);
    });
    assert.deepEqual(new Set(asked), new Set([address, address + 3]));
  });

  it('falls back on the frame pointer where nothing is known', () => {
    const rule = new SymbolTable().unwindRule(0x100000);
    assert.equal(rule.source, 'frame-pointer');
    const state = new GuestState(0x100000);
    state.registers.set(EBP, 0x8000).set(ESP, 0x7000);
    state.store(0x8000, 0x8100);
    state.store(0x8004, RETURN_ADDRESS);
    const caller = unwind(rule, state);
    assert.equal(caller?.cfa, 0x8008);
    assert.equal(caller?.registers[EBP], 0x8100);
    assert.equal(caller?.registers[ESP], 0x8008);
    assert.equal(caller?.returnAddress, RETURN_ADDRESS);
  });

  it('loses what can not be read', () => {
    const rule = new SymbolTable().unwindRule(0);
    const state = new GuestState(0);
    assert.equal(unwind(rule, state), undefined);
    state.registers.set(EBP, 0x8000);
    assert.equal(unwind(rule, state)?.returnAddress, undefined);
  });
});
