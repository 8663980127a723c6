import { Vector } from '../../src/machine/cpu/fault';
import { PREFIX_OPCODES } from '../../src/machine/isa/table';
import type { MooTest } from './moo';

/** Prefixes that the 286 does not have; there their bytes are undefined opcodes. */
const PREFIXES_386 = new Set([0x64, 0x65, 0x66, 0x67]);

/** Longest instruction of the 286; the 386 takes 15 bytes. */
const MAX_LENGTH_286 = 10;

const STACK_FRAMES = new Set([0x07, 0x17, 0x1f, 0x58, 0x61, 0x8f, 0x9d, 0xc2, 0xc3, 0xc8, 0xc9, 0xca, 0xcb, 0xcf]);
const STRINGS = new Set([0x6c, 0x6d, 0x6e, 0x6f, 0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf]);

/** A test as the rules see it. */
interface Subject {
  readonly test: MooTest;
  readonly prefixes: readonly number[];
  readonly opcode: number;
  readonly modRm: number;
}

/** The recording ended in #GP for an operand at the end of its segment. */
const overran = ({ test }: Subject) => test.exception?.vector === Vector.GP;

/** A 16-bit address on BP, which is in SS unless a prefix says otherwise. */
function addressesStack({ prefixes, modRm }: Subject): boolean {
  const override = prefixes.findLast((prefix) => [0x26, 0x2e, 0x36, 0x3e].includes(prefix));
  if (modRm >= 0xc0) return false;
  if (override !== undefined) return override === 0x36;
  const rm = modRm & 7;
  return rm === 2 || rm === 3 || (rm === 6 && modRm >= 0x40);
}

/**
 * Why the 386 is meant to behave otherwise than a 286 in real mode. Intel 80386 Programmer's Reference Manual, 14.7
 * (differences from the 80286) and 9.8 (faults restart); SDM vol. 3B, table 20-1 (#SS in real-address mode).
 */
const RULES_286: readonly (readonly [reason: string, applies: (subject: Subject) => boolean])[] = [
  ['LOCK is #UD on the 386 but for a few forms; the 286 takes it anywhere', (s) => s.prefixes.includes(0xf0)],
  ['the 286 refuses more than 10 bytes, the 386 more than 15', (s) => s.test.bytes.length - 1 > MAX_LENGTH_286],
  ['FS and GS are undefined on the 286', (s) => s.opcode === 0x8c && ((s.modRm >> 3) & 6) === 4],
  [
    'on the 386 an operand beyond SS is #SS in real mode too',
    (s) => overran(s) && !STACK_FRAMES.has(s.opcode) && addressesStack(s),
  ],
  [
    'on the 386 the top of the stack at FFFF is #SS, and a POP that faults changes nothing',
    (s) => overran(s) && isStackFault(s),
  ],
  ['a string instruction that faults changes nothing on the 386', (s) => overran(s) && STRINGS.has(s.opcode)],
  ['without a coprocessor ESC does not access memory', (s) => overran(s) && s.opcode >= 0xd8 && s.opcode <= 0xdf],
];

/** The frame is at the segment's end, or POP's destination is. */
function isStackFault({ test, opcode }: Subject): boolean {
  const { sp, bp } = test.initial.registers;
  return STACK_FRAMES.has(opcode) && (sp === 0xffff || bp === 0xffff || opcode === 0x8f);
}

/** Why a test is left out, or undefined. */
export function deliberateDifference(cpu: string, test: MooTest): string | undefined {
  if (!cpu.startsWith('C286')) return undefined;
  const at = test.bytes.findIndex((byte) => !PREFIX_OPCODES.has(byte) || PREFIXES_386.has(byte));
  const subject = {
    test,
    prefixes: test.bytes.slice(0, at),
    opcode: test.bytes[at],
    modRm: test.bytes[at + 1],
  };
  return RULES_286.find(([, applies]) => applies(subject))?.[0];
}
