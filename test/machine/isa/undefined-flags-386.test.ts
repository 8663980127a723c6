import assert from 'node:assert/strict';
import { FLAG_AF, FLAG_CF, FLAG_OF, FLAG_PF, FLAG_SF, FLAG_ZF, FLAGS_ARITHMETIC } from '../../../src/machine/layout';
import { Stepper } from './support/step';

/**
 * Flags that the manual leaves undefined, as a 386SX leaves them. Measured on the chip by the authors of test386.asm
 * (README, test E0). Letters name the flags that are set; the others of the six are clear.
 */
const LETTERS = { C: FLAG_CF, P: FLAG_PF, A: FLAG_AF, Z: FLAG_ZF, S: FLAG_SF, O: FLAG_OF } as const;
const flags = (text: string): number =>
  [...text].reduce((all, letter) => all | LETTERS[letter as keyof typeof LETTERS], 0);

const AAA = [0x37];
const AAS = [0x3f];
const AAM = [0xd4, 10];
const AAD = [0xd5, 10];
const DAA = [0x27];
const DAS = [0x2f];
/** Shift of AL or AX by CL; the digit is ModR/M.reg. */
const byte = (digit: number): number[] => [0xd2, 0xc0 | (digit << 3)];
const word = (digit: number): number[] => [0x66, 0xd3, 0xc0 | (digit << 3)];
const [RCL, RCR, SHL, SHR] = [2, 3, 4, 5];
const bt = (bit: number): number[] => [0x66, 0x0f, 0xba, 0xe0, bit];

/** Instruction, EAX, CL, flags before and after. */
type Measured = readonly [string, readonly number[], number, number, string, string];
const MEASURED: readonly Measured[] = [
  ['AAA', AAA, 0x00, 0, '', 'PZ'],
  ['AAA', AAA, 0x01, 0, 'PZSO', ''],
  ['AAA', AAA, 0x7a, 0, '', 'CASO'],
  ['AAA', AAA, 0x7b, 0, 'A', 'CPASO'],
  ['AAS', AAS, 0x00, 0, 'A', 'CPAS'],
  ['AAS', AAS, 0x01, 0, 'PZSO', ''],
  ['AAS', AAS, 0x680, 0, 'A', 'CAO'],
  ['AAM', AAM, 0x00, 0, 'CAO', 'PZ'],
  ['AAD', AAD, 0x0001, 0, 'CAO', ''],
  ['AAD', AAD, 0x0d8e, 0, '', 'CAO'],
  ['AAD', AAD, 0x0106, 0, '', 'A'],
  ['AAD', AAD, 0x01f7, 0, '', 'CA'],
  ['DAA', DAA, 0x1a, 0, 'AO', 'A'],
  ['DAA', DAA, 0x1a, 0, 'C', 'CASO'],
  ['DAS', DAS, 0x80, 0, 'O', 'S'],
  ['DAS', DAS, 0x80, 0, 'A', 'AO'],
  ['SHR AL', byte(SHR), 0x82, 2, '', 'CA'],
  ...[8, 16, 24].map((count): Measured => ['SHR AL', byte(SHR), 0x80, count, '', 'CPAZ']),
  ['SHR AL', byte(SHR), 0x80, 32, '', ''],
  ['SHR AX', word(SHR), 0x8000, 16, '', 'CPAZ'],
  ['SHL AL', byte(SHL), 0x41, 2, '', 'CAO'],
  ...[8, 16, 24].map((count): Measured => ['SHL AL', byte(SHL), 0x01, count, '', 'CPAZO']),
  ['SHL AX', word(SHL), 0x01, 16, '', 'CPAZO'],
  ['RCR AL', byte(RCR), 0x40, 9, 'CO', 'CO'],
  ['RCR AX', word(RCR), 0x0000, 17, 'CO', 'C'],
  ['RCL AL', byte(RCL), 0x80, 9, 'CO', 'C'],
  ['RCL AX', word(RCL), 0x8000, 17, '', 'O'],
  ['BT AX', bt(0), 0x01, 0, '', 'C'],
  ['BT AX', bt(1), 0x01, 0, 'C', 'O'],
  ['BT AX', bt(2), 0x01, 0, '', 'O'],
  ['BT AX', bt(3), 0x01, 0, 'C', ''],
];

describe('flags that the manual leaves undefined, on a 386', () => {
  const cpu = new Stepper('386');
  for (const [name, code, eax, ecx, before, after] of MEASURED) {
    it(`${name} of 0x${eax.toString(16)}, CL = ${ecx}, after ${before || 'none'}: ${after || 'none'}`, () => {
      cpu.run(code, { eax, ecx }, flags(before));
      assert.equal(cpu.flags & FLAGS_ARITHMETIC, flags(after));
    });
  }
});
