import type { BitField } from '../../machine/devices/device';

function bit(low: number, name: string, doc: string): BitField {
  return { name, low, high: low, doc };
}

/** The six exceptions: the status word has their flags where the control word has their masks. */
const EXCEPTIONS: readonly (readonly [name: string, what: string])[] = [
  ['I', 'invalid operation'],
  ['D', 'denormal operand'],
  ['Z', 'division by zero'],
  ['O', 'overflow'],
  ['U', 'underflow'],
  ['P', 'inexact result'],
];

const TAGS = { 0: 'valid', 1: 'zero', 2: 'special', 3: 'empty' };

/** Bits of the words of the x87 (Intel SDM vol. 1, 8.1.3, 8.1.5 and 8.1.7). */
export const FPU_FIELDS: Readonly<Record<string, readonly BitField[]>> = {
  fcw: [
    bit(12, 'X', 'infinity control, without a meaning since the 80387'),
    { name: 'RC', low: 10, high: 11, values: { 0: 'nearest', 1: 'down', 2: 'up', 3: 'to zero' }, doc: 'rounding' },
    { name: 'PC', low: 8, high: 9, values: { 0: '24 bits', 2: '53 bits', 3: '64 bits' }, doc: 'precision' },
    ...EXCEPTIONS.map(([name, what], low) => bit(low, `${name}M`, `${what} is masked`)).reverse(),
  ],
  fsw: [
    bit(15, 'B', 'as ES'),
    bit(14, 'C3', 'condition code'),
    { name: 'TOP', low: 11, high: 13, doc: 'number of the register that is ST(0)' },
    bit(10, 'C2', 'condition code'),
    bit(9, 'C1', 'condition code; rounded up; of a stack fault: overflow'),
    bit(8, 'C0', 'condition code'),
    bit(7, 'ES', 'an exception that is not masked is pending'),
    bit(6, 'SF', 'stack fault'),
    ...EXCEPTIONS.map(([name, what], low) => bit(low, `${name}E`, what)).reverse(),
  ],
  ftw: Array.from({ length: 8 }, (_, i) => 7 - i).map((n) => ({
    name: `TAG${n}`,
    low: n * 2,
    high: n * 2 + 1,
    values: TAGS,
    doc: `what physical register ${n} holds`,
  })),
};
