import { FLAG_AF, FLAG_CF, FLAG_OF, FLAG_PF, FLAG_SF, FLAG_ZF } from '../../src/machine/layout';

const ALL = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF;

/**
 * Flags that the manual leaves undefined, by opcode (and `.digit` of a group) as SingleStepTests names its files.
 * Intel 80386 Programmer's Reference Manual, chapter 17 and appendix C.
 */
const UNDEFINED: readonly (readonly [RegExp, number])[] = [
  [/^(27|2F)$/, FLAG_OF],
  [/^(37|3F)$/, FLAG_OF | FLAG_SF | FLAG_ZF | FLAG_PF],
  [/^(D4|D5)$/, FLAG_OF | FLAG_AF | FLAG_CF],
  [/^(C0|C1|D2|D3)\.[01238]$/, FLAG_OF],
  [/^(C0|C1|D2|D3)\.[4567]$/, FLAG_OF | FLAG_AF],
  [/^(C0|C1|D2|D3)\.[456]$/, FLAG_CF],
  [/^(D0|D1)\.[4567]$/, FLAG_AF],
  [/^(08|09|0A|0B|0C|0D|20|21|22|23|24|25|30|31|32|33|34|35|84|85|A8|A9)$/, FLAG_AF],
  [/^8[0-3]\.[146]$/, FLAG_AF],
  [/^F[67]\.[01]$/, FLAG_AF],
  [/^(F6|F7)\.[45]$/, FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF],
  [/^(69|6B|0FAF)$/, FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF],
  [/^(F6|F7)\.[67]$/, ALL],
  [/^0FA[3B]$|^0FB[3B]$|^0FBA/, FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF | FLAG_ZF],
  [/^0FB[CD]$/, ALL & ~FLAG_ZF],
  [/^0FA[45CD]$/, FLAG_OF | FLAG_AF],
];

export function undefinedFlags(opcode: string): number {
  return UNDEFINED.reduce((mask, [pattern, flags]) => (pattern.test(opcode) ? mask | flags : mask), 0);
}
