import type { BitField } from '../../machine/devices/device';

const EXCEPTIONS: readonly (readonly [letter: string, doc: string])[] = [
  ['I', 'invalid operation'],
  ['D', 'denormal operand'],
  ['Z', 'division by zero'],
  ['O', 'overflow'],
  ['U', 'underflow'],
  ['P', 'inexact result'],
];

const bit = (low: number, name: string, doc: string): BitField => ({ name, low, high: low, doc });

/** Bits of MXCSR (Intel SDM vol. 1, 10.2.3). */
export const VECTOR_FIELDS: Readonly<Record<string, readonly BitField[]>> = {
  mxcsr: [
    bit(15, 'FTZ', 'results that are denormal become zero'),
    {
      name: 'RC',
      low: 13,
      high: 14,
      values: { 0: 'to nearest', 1: 'down', 2: 'up', 3: 'to zero' },
      doc: 'how results are rounded',
    },
    ...EXCEPTIONS.map(([letter, doc], i) => bit(7 + i, `${letter}M`, `${doc} is masked`)).reverse(),
    bit(6, 'DAZ', 'operands that are denormal count as zero'),
    ...EXCEPTIONS.map(([letter, doc], i) => bit(i, `${letter}E`, `${doc} has happened`)).reverse(),
  ],
};
