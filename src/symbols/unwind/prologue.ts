import { EBP, EIP, ESP } from '../dwarf/constants';
import type { CfaRule, RegisterRule, UnwindRule } from './rules';

/** Reads up to `length` bytes of code; shorter where there are no more. */
export type ReadCode = (address: number, length: number) => Uint8Array;

/** Bytes of a prologue that are looked at. */
const PROLOGUE_BYTES = 64;
const RET = new Set([0xc3, 0xc2]);

function rule(source: UnwindRule['source'], cfa: CfaRule, saved: Iterable<[number, number]>): UnwindRule {
  const registers = new Map<number, RegisterRule>();
  for (const [register, offset] of saved) registers.set(register, { kind: 'offset', offset });
  const returnAddress: RegisterRule = { kind: 'offset', offset: -4 };
  registers.set(EIP, returnAddress);
  return { cfa, registers, returnAddress, signalFrame: false, source };
}

/** The rule of code that keeps a frame pointer: [EBP] is the caller's EBP, [EBP+4] the return address. */
export const FRAME_POINTER_RULE: UnwindRule = rule('frame-pointer', { kind: 'register', register: EBP, offset: 8 }, [
  [EBP, -8],
]);

/** What the instructions from a function's entry up to some address did to the stack. */
interface Prologue {
  /** Bytes pushed below the return address. */
  depth: number;
  /** `mov ebp, esp` has been seen, with this depth at that time. */
  framePointer: number | undefined;
  /** Registers pushed, with their offsets from the CFA. */
  saved: Map<number, number>;
}

/**
 * Works out a rule from the bytes of a function, where no call frame information covers it. Knows the usual prologues
 * ([endbr32] push ebp; mov ebp, esp; push REG; sub esp, N) instruction by instruction, and `ret` after an epilogue.
 * @param entry address of the function's first instruction
 * @param certain whether `entry` is known to be called; a plain label may be reached in other ways
 */
export function analyzePrologue(entry: number, address: number, certain: boolean, readCode: ReadCode): UnwindRule {
  const here = readCode(address, 1)[0];
  const code = readCode(entry, PROLOGUE_BYTES);
  const done = walk(code, address - entry);
  const whole = walk(code, PROLOGUE_BYTES);
  const usual = whole.state.framePointer !== undefined;
  if (!usual && !certain) return FRAME_POINTER_RULE;
  // At a `ret` the frame has been taken down, whatever came before.
  if (RET.has(here)) return fromStack({ depth: 0, framePointer: undefined, saved: new Map() });
  const { framePointer, saved } = done.state;
  if (framePointer !== undefined) {
    return rule('prologue', { kind: 'register', register: EBP, offset: framePointer + 4 }, saved);
  }
  // Still inside the prologue, or a function without a frame pointer: count from ESP.
  return fromStack(done.state);
}

function fromStack({ depth, saved }: Prologue): UnwindRule {
  return rule('prologue', { kind: 'register', register: ESP, offset: depth + 4 }, saved);
}

/** Follows instructions that prologues are made of, up to `limit` bytes from the entry or the first other instruction. */
function walk(code: Uint8Array, limit: number): { state: Prologue; length: number } {
  const state: Prologue = { depth: 0, framePointer: undefined, saved: new Map() };
  let at = 0;
  while (at < limit && at < code.length) {
    const step = decode(code, at);
    if (!step || at + step.length > limit) break;
    step.effect?.(state);
    at += step.length;
  }
  return { state, length: at };
}

interface Step {
  length: number;
  effect?: (state: Prologue) => void;
}

function push(register: number | undefined): (state: Prologue) => void {
  return (state) => {
    state.depth += 4;
    // The first push of a register is the one that saves the caller's value.
    if (register !== undefined && register !== ESP && !state.saved.has(register)) {
      state.saved.set(register, -4 - state.depth);
    }
  };
}

const CALLER_SAVED = new Set([0, 1, 2]);

function adjust(bytes: number): (state: Prologue) => void {
  return (state) => {
    state.depth += bytes;
  };
}

function decode(code: Uint8Array, at: number): Step | undefined {
  const byte = (offset: number): number => code[at + offset] ?? 0;
  const word = (offset: number): number =>
    byte(offset) | (byte(offset + 1) << 8) | (byte(offset + 2) << 16) | (byte(offset + 3) << 24);
  const opcode = byte(0);
  // push r32: arguments in EAX, ECX, EDX are spilled or padded with, not saved for the caller
  if (opcode >= 0x50 && opcode <= 0x57) {
    const register = opcode - 0x50;
    return { length: 1, effect: push(CALLER_SAVED.has(register) ? undefined : register) };
  }
  // push imm8, imm32
  if (opcode === 0x6a) return { length: 2, effect: push(undefined) };
  if (opcode === 0x68) return { length: 5, effect: push(undefined) };
  // mov ebp, esp
  if ((opcode === 0x89 && byte(1) === 0xe5) || (opcode === 0x8b && byte(1) === 0xec)) {
    return {
      length: 2,
      effect: (state) => {
        state.framePointer ??= state.depth;
      },
    };
  }
  // sub esp, imm8 / imm32; and esp, imm8 only ever follows a frame pointer
  if (opcode === 0x83 && byte(1) === 0xec) return { length: 3, effect: adjust((byte(2) << 24) >> 24) };
  if (opcode === 0x81 && byte(1) === 0xec) return { length: 6, effect: adjust(word(2)) };
  if (opcode === 0x83 && byte(1) === 0xe4) return { length: 3 };
  // endbr32; cld; cli
  if (opcode === 0xf3 && byte(1) === 0x0f && byte(2) === 0x1e && byte(3) === 0xfb) return { length: 4 };
  if (opcode === 0xfc || opcode === 0xfa) return { length: 1 };
  // xor r, r and mov r, r between registers other than ESP and EBP
  if ((opcode === 0x31 || opcode === 0x89) && byte(1) >= 0xc0) {
    const target = byte(1) & 7;
    if (target !== ESP && target !== EBP) return { length: 2 };
  }
  return undefined;
}
