import { PageKind } from '../../machine/memory/physical';
import { applyCfa, unwind } from '../../symbols/unwind/apply';
import type { UnwindRule } from '../../symbols/unwind/rules';
import type { Guest } from '../guest/guest';
import { EvaluationError } from '../values/memory';
import { lengthOfCallBefore, LONGEST_CALL } from './call-instruction';

/** Numbers of ESP and EIP in call frame information (i386 psABI). */
const DWARF_ESP = 4;
const DWARF_EIP = 8;

/** Registers by DWARF number: 0-7 in encoding order, 8 EIP; undefined where lost. */
export type RegisterValues = readonly (number | undefined)[];

/** One activation of a function (or of whatever code there is); inlined functions are not told apart here. */
export interface Activation {
  /** Linear address of the instruction to go on with: the next one, or where the callee returns to. */
  readonly pc: number;
  /** Address to look the code up by: inside the call instruction where `pc` is behind one. */
  readonly lookup: number;
  readonly registers: RegisterValues;
}

/** What is known of the code at an address, however often it is asked. */
interface CodeRule {
  /** In ROM without symbols: the return address is at ESP. */
  readonly stub: boolean;
  readonly rule: UnwindRule;
}

/** Vectors that push an error code (Intel SDM vol. 3A, table 6-1). */
const WITH_ERROR_CODE: ReadonlySet<number> = new Set([8, 10, 11, 12, 13, 14, 17]);
const GATE_PRESENT = 0x8000;

/** Addresses whose rules are remembered; with more, the memory starts afresh. */
const MAX_RULES = 65536;

/**
 * Walks the stack of 32-bit code outwards, activation by activation. What it learns of the code at an address it keeps:
 * `clear` makes it forget, when symbols or code have changed.
 */
export class Unwinder {
  private readonly rules = new Map<number, CodeRule>();

  constructor(private readonly guest: Guest) {}

  clear(): void {
    this.rules.clear();
  }

  /** The innermost activation, where the CPU is now. */
  innermost(pc = this.guest.pc): Activation {
    const { state } = this.guest;
    const registers = Array.from({ length: DWARF_EIP }, (_, index) => state.reg(index));
    registers.push(pc);
    return { pc, lookup: pc, registers };
  }

  /** The activation that called this one; undefined at the outermost, or where the trail is lost. */
  caller(callee: Activation): Activation | undefined {
    const { guest } = this;
    if (guest.codeBits === 16) return undefined;
    const { stub, rule } = this.ruleAt(callee.lookup);
    const found = stub ? this.aboveStub(callee) : (this.aboveUsual(callee, rule) ?? unwind(rule, this.stateOf(callee)));
    if (!found?.returnAddress) return undefined;
    const pc = found.returnAddress >>> 0;
    const stack = found.registers[DWARF_ESP] ?? 0;
    // A stack that does not shrink, or a return into nothing, is the end of the trail.
    const shrinks = stack > (callee.registers[DWARF_ESP] ?? 0);
    if (!shrinks || guest.machine.cpu.mmu.peek(pc) === undefined) return undefined;
    const lookup = rule.signalFrame ? pc : (pc - 1) >>> 0;
    return { pc, lookup, registers: [...found.registers.slice(0, DWARF_EIP), pc] };
  }

  /** Canonical frame address: linear ESP of the caller before it pushed the return address; undefined if not known. */
  cfa(activation: Activation): number | undefined {
    if (this.guest.codeBits === 16) return undefined;
    const { stub, rule } = this.ruleAt(activation.lookup);
    if (stub) return ((activation.registers[DWARF_ESP] ?? 0) + 4) >>> 0;
    return applyCfa(rule.cfa, this.stateOf(activation));
  }

  /** Address of the call instruction that returns to `pc`, as far as it can be told; else the byte before. */
  callSite(pc: number): number {
    const start = (pc - LONGEST_CALL) >>> 0;
    const bytes = this.guest.memory.readAvailable(start, LONGEST_CALL);
    const length = bytes.length === LONGEST_CALL ? lengthOfCallBefore(bytes) : undefined;
    return (pc - (length ?? 1)) >>> 0;
  }

  /** True for code in ROM without symbols, such as the stubs of a hypervisor's ROM: its return address is at ESP. */
  isStub(address: number): boolean {
    return this.ruleAt(address).stub;
  }

  private ruleAt(address: number): CodeRule {
    let known = this.rules.get(address);
    if (!known) {
      if (this.rules.size >= MAX_RULES) this.rules.clear();
      const { symbols, memory } = this.guest;
      const rule = symbols.unwindRule(address, (at, length) => memory.readAvailable(at, length));
      known = { stub: this.isRom(address) && symbols.symbolAt(address) === undefined, rule };
      this.rules.set(address, known);
    }
    return known;
  }

  private isRom(address: number): boolean {
    const { cpu, memory } = this.guest.machine;
    const physical = cpu.mmu.peek(address);
    return physical !== undefined && memory.kindOf(physical) === PageKind.Rom;
  }

  private stateOf({ lookup, registers }: Activation): {
    address: number;
    register: (number: number) => number | undefined;
    readMemory: (address: number, size: number) => Uint8Array | undefined;
  } {
    const { memory } = this.guest;
    return {
      address: lookup,
      register: (number) => registers[number],
      readMemory: (address, size) => {
        const bytes = memory.readAvailable(address >>> 0, size);
        return bytes.length === size ? bytes : undefined;
      },
    };
  }

  private aboveStub({ registers }: Activation): { returnAddress: number; registers: RegisterValues } | undefined {
    const top = registers[DWARF_ESP] ?? 0;
    const returnAddress = this.word(top);
    if (returnAddress === undefined) return undefined;
    return { returnAddress, registers: withStack(registers, top + 4) };
  }

  /** The usual rule, without the generality of `unwind`: everything is saved at fixed distances from the CFA. */
  private aboveUsual(
    { registers }: Activation,
    rule: UnwindRule,
  ): { returnAddress: number; registers: RegisterValues } | undefined {
    const { cfa, returnAddress } = rule;
    if (cfa.kind !== 'register' || returnAddress.kind !== 'offset') return undefined;
    const base = registers[cfa.register];
    if (base === undefined) return undefined;
    const address = base + cfa.offset;
    const back = this.word(address + returnAddress.offset);
    if (back === undefined) return undefined;
    const values = registers.slice();
    values[DWARF_ESP] = address >>> 0;
    for (const [register, saved] of rule.registers) {
      if (register >= DWARF_EIP) continue;
      if (saved.kind !== 'offset') return undefined;
      values[register] = this.word(address + saved.offset);
    }
    return { returnAddress: back, registers: values };
  }

  /**
   * The activation that was interrupted, if this one stands at the first instruction of a handler: there the frame is
   * still as the processor pushed it.
   */
  interrupted({ pc, registers }: Activation): Activation | undefined {
    const { state } = this.guest;
    if (!state.protectedMode || pc !== this.guest.pc) return undefined;
    const vector = this.vectorOf(pc);
    if (vector === undefined) return undefined;
    const top = (registers[DWARF_ESP] ?? 0) + (WITH_ERROR_CODE.has(vector) ? 4 : 0);
    const [eip, cs, flags] = [this.word(top), this.word(top + 4), this.word(top + 8)];
    if (eip === undefined || cs === undefined || flags === undefined || (flags & 0x20002) !== 2) return undefined;
    const outer = (cs & 3) > state.cpl;
    const stack = outer ? this.word(top + 12) : top + 12;
    if (stack === undefined) return undefined;
    return { pc: eip, lookup: eip, registers: [...withStack(registers, stack).slice(0, DWARF_EIP), eip] };
  }

  /** Vector of the first IDT gate whose handler begins at an address. */
  private vectorOf(address: number): number | undefined {
    const { memory, codeBase } = this.guest;
    const base = this.guest.idt.base;
    const count = Math.min(256, (this.guest.idt.limit + 1) >>> 3);
    const table = memory.readAvailable(base, count * 8);
    const view = new DataView(table.buffer);
    for (let vector = 0; vector * 8 + 8 <= table.length; vector++) {
      const low = view.getUint32(vector * 8, true);
      const high = view.getUint32(vector * 8 + 4, true);
      if (!(high & GATE_PRESENT)) continue;
      const offset = ((high & 0xffff0000) | (low & 0xffff)) >>> 0;
      if ((codeBase + offset) >>> 0 === address) return vector;
    }
    return undefined;
  }

  private word(address: number): number | undefined {
    try {
      return this.guest.memory.readNumber(address, 4);
    } catch (error) {
      if (error instanceof EvaluationError) return undefined;
      throw error;
    }
  }
}

function withStack(registers: RegisterValues, stack: number): RegisterValues {
  return registers.map((value, index) => (index === DWARF_ESP ? stack >>> 0 : value));
}
