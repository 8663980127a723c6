import { Vector } from '../../src/machine/cpu/fault';
import type { Outcome } from './execute';
import type { RecordedInstruction } from './instruction';
import { type MooFile, type MooTest, REGS_16, REGS_32 } from './moo';

/** A failed test as the rules see it. */
interface Subject {
  readonly test: MooTest;
  readonly instruction: RecordedInstruction;
  readonly outcome: Outcome;
  /** Exception that was recorded, or undefined. */
  readonly recorded: number | undefined;
  /** Exception that our processor raised first, or undefined. */
  readonly raised: number | undefined;
  readonly initial: (register: string) => number;
  readonly final: (register: string) => number;
}

/** Why a test may fail on purpose, and which failures that explains. */
interface Rule {
  readonly reason: string;
  readonly explains: (subject: Subject) => boolean;
}

const BITS_16_OPERANDS_ON_STACK = new Set([
  ...[0x07, 0x17, 0x1f, 0x58, 0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x61, 0x8f, 0x9d],
  ...[0xc2, 0xc3, 0xc8, 0xc9, 0xca, 0xcb, 0xcf],
]);
const STRINGS = new Set([0x6c, 0x6d, 0x6e, 0x6f, 0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf]);

/** A 16-bit address on BP, which is in SS unless a prefix says otherwise. */
function addressesStack({ prefixes, modRm }: RecordedInstruction): boolean {
  const override = prefixes.findLast((prefix) => [0x26, 0x2e, 0x36, 0x3e].includes(prefix));
  if (modRm >= 0xc0) return false;
  if (override !== undefined) return override === 0x36;
  const rm = modRm & 7;
  return rm === 2 || rm === 3 || (rm === 6 && modRm >= 0x40);
}

/** Longest instruction of the 286. */
const MAX_LENGTH_286 = 10;

/**
 * Where the 386 is meant to behave otherwise than the recorded 286 in real mode. The 386's side is from the Intel
 * 386 DX Programmer's Reference Manual: chapter 14, "80386 Real-Address Mode", with its lists of exceptions and of
 * differences from the 8086 and from the 80286; chapter 17, LOCK; section 9.8, exceptions are restartable.
 */
const RULES_286: readonly Rule[] = [
  {
    reason: 'LOCK is #UD on the 386 but for a few forms; the 286 takes it anywhere',
    explains: ({ instruction, raised }) => instruction.prefixes.includes(0xf0) && raised === Vector.UD,
  },
  {
    reason: 'the 286 refuses more than 10 bytes, the 386 more than 15',
    explains: ({ instruction, recorded, raised }) =>
      instruction.length > MAX_LENGTH_286 && recorded === Vector.GP && raised === undefined,
  },
  {
    reason: 'FS and GS are undefined on the 286',
    explains: ({ instruction: { opcode, modRm }, recorded }) =>
      opcode === 0x8c && ((modRm >> 3) & 6) === 4 && recorded === Vector.UD,
  },
  {
    reason: 'an operand beyond the end of SS is #SS on the 386 in real mode too, and #GP on the 286',
    explains: ({ instruction, recorded, raised }) =>
      recorded === Vector.GP &&
      raised === Vector.SS &&
      (addressesStack(instruction) || BITS_16_OPERANDS_ON_STACK.has(instruction.opcode)),
  },
  {
    reason: 'a POP or LEAVE that faults has changed SP on the 286 and changes nothing on the 386',
    explains: ({ instruction, recorded, raised }) =>
      recorded === Vector.GP && raised === Vector.GP && BITS_16_OPERANDS_ON_STACK.has(instruction.opcode),
  },
  {
    reason: 'a string instruction that faults has moved on on the 286 and changes nothing on the 386',
    explains: ({ instruction, recorded, raised }) =>
      recorded === Vector.GP && raised === Vector.GP && STRINGS.has(instruction.opcode),
  },
  {
    reason: 'without a coprocessor ESC does not access memory on the 386',
    explains: ({ instruction: { opcode }, recorded, raised }) =>
      recorded === Vector.GP && raised === undefined && opcode >= 0xd8 && opcode <= 0xdf,
  },
];

/** Bytes behind an instruction that the 386 may have fetched before it executes it: a queue of 16. */
const PREFETCHED = 32;

/** True if the recorded instruction wrote to bytes that follow it. */
function writesBehindItself({ test, initial }: Subject): boolean {
  const start = (initial('cs') << 4) + initial('eip');
  return [...test.final.memory.addresses].some((address) => address >= start && address < start + PREFETCHED);
}

/** What the recorded chip has left behind AX / divisor where the quotient does not fit. */
function flippedDividend({ instruction, recorded, raised, final }: Subject): boolean {
  const isByteDivision = instruction.opcode === 0xf6 && ((instruction.modRm >> 3) & 7) === 7;
  return isByteDivision && raised === Vector.DE && recorded === undefined && (final('eax') & 0xff) === 0x80;
}

const MOV_FROM_CR = 0x0f20;
const MOV_FROM_DR = 0x0f21;
const MOV_TO_CR = 0x0f22;
const CR0_PG = 0x80000000;

/** Where our 386 differs from the recorded 386EX, and why. */
const RULES_386: readonly Rule[] = [
  {
    reason: 'CR2 and DR0 to DR3 are not part of a recording, so that nobody knows what a MOV found there',
    explains: ({ instruction: { opcode, modRm }, recorded, raised }) => {
      const register = (modRm >> 3) & 7;
      const unknown = opcode === MOV_FROM_CR ? register === 2 : opcode === MOV_FROM_DR && register < 4;
      return unknown && recorded === undefined && raised === undefined;
    },
  },
  {
    reason: 'the 386 executes the HLT that it fetched before MOV CR0 turned paging on; here its page is looked up',
    explains: ({ instruction, recorded, raised, final }) =>
      instruction.opcode === MOV_TO_CR &&
      recorded === undefined &&
      raised === Vector.PF &&
      (final('cr0') & CR0_PG) !== 0,
  },
  {
    reason: 'the 386 executes what it has fetched before the instruction changed it; there is no prefetch queue here',
    explains: writesBehindItself,
  },
  {
    reason:
      'the recorded chip gives the quotient 80 for some bytes that IDIV must answer with #DE (80386 suite, issue 3)',
    explains: flippedDividend,
  },
  {
    reason: 'AAM by 0 pushes flags of a division that has not happened, which are undefined',
    explains: ({ instruction, raised, recorded, outcome }) =>
      instruction.opcode === 0xd4 && raised === Vector.DE && recorded === Vector.DE && outcome.flagsOnly,
  },
];

/** Why a test that failed was bound to fail, or undefined if it should have passed. */
export function deliberateDifference(
  file: MooFile,
  test: MooTest,
  instruction: RecordedInstruction,
  outcome: Outcome,
): string | undefined {
  const names: readonly string[] = file.wide ? REGS_32 : REGS_16;
  const initial = (register: string) => test.initial.registers.values[names.indexOf(register)];
  const final = (register: string) => {
    const index = names.indexOf(register);
    return (test.final.registers.present >>> index) & 1 ? test.final.registers.values[index] : initial(register);
  };
  const [raised] = outcome.raised;
  const subject: Subject = { test, instruction, outcome, recorded: test.exception?.vector, raised, initial, final };
  const rules = file.wide ? RULES_386 : RULES_286;
  return rules.find(({ explains }) => explains(subject))?.reason;
}
