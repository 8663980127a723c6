import type { BitField, PortRegister } from '../device';

const EOI_COMMANDS = {
  0: 'clear rotate on automatic EOI',
  1: 'non-specific EOI',
  2: 'no operation',
  3: 'specific EOI',
  4: 'set rotate on automatic EOI',
  5: 'rotate on non-specific EOI',
  6: 'set priority',
  7: 'rotate on specific EOI',
};

/** One field per interrupt line, highest first. */
function lineFields(firstLine: number, prefix: string): BitField[] {
  return Array.from({ length: 8 }, (_, i) => ({ name: `${prefix}${firstLine + 7 - i}`, low: 7 - i, high: 7 - i }));
}

/**
 * Registers of one 8259A in the datasheet's terms. Several share a port: writes to the even port are told apart by
 * bits 4 and 3 of the value, those to the odd port by how far the initialization is.
 */
export function picRegisters(base: number, firstLine: number): PortRegister[] {
  const odd = base + 1;
  return [
    {
      port: base,
      name: 'OCW2',
      direction: 'out',
      doc: 'Operation command word 2: end of interrupt and priority rotation.',
      fields: [
        { name: 'COMMAND', low: 5, high: 7, values: EOI_COMMANDS },
        { name: 'LEVEL', low: 0, high: 2, doc: 'Input that the specific commands act on.' },
      ],
    },
    {
      port: base,
      name: 'ICW1',
      direction: 'out',
      doc: 'Initialization command word 1: starts the initialization.',
      fields: [
        { name: 'LTIM', low: 3, high: 3, values: { 0: 'edge', 1: 'level' }, doc: 'Ignored: see ELCR.' },
        { name: 'ADI', low: 2, high: 2, doc: 'Call address interval, MCS-80 only.' },
        { name: 'SNGL', low: 1, high: 1, values: { 0: 'cascade', 1: 'single' } },
        { name: 'IC4', low: 0, high: 0, values: { 0: 'no ICW4', 1: 'ICW4 follows' } },
      ],
    },
    {
      port: base,
      name: 'OCW3',
      direction: 'out',
      doc: 'Operation command word 3: special mask, poll, and which register the even port reads.',
      fields: [
        { name: 'SMM', low: 5, high: 6, values: { 2: 'reset special mask', 3: 'set special mask' } },
        { name: 'P', low: 2, high: 2, values: { 1: 'poll' } },
        { name: 'RR', low: 0, high: 1, values: { 2: 'read IRR', 3: 'read ISR' } },
      ],
    },
    {
      port: base,
      name: 'IRR',
      direction: 'in',
      doc: 'Interrupt request register: lines that ask for service.',
      fields: lineFields(firstLine, 'IRQ'),
    },
    {
      port: base,
      name: 'ISR',
      direction: 'in',
      doc: 'In-service register: lines that were acknowledged and not ended yet.',
      fields: lineFields(firstLine, 'IRQ'),
    },
    {
      port: base,
      name: 'POLL',
      direction: 'in',
      doc: 'Answer to a poll command; acknowledges the interrupt.',
      fields: [
        { name: 'I', low: 7, high: 7, values: { 0: 'no interrupt', 1: 'interrupt' } },
        { name: 'LEVEL', low: 0, high: 2 },
      ],
    },
    {
      port: odd,
      name: 'OCW1',
      direction: 'out',
      doc: 'Operation command word 1: the interrupt mask.',
      fields: lineFields(firstLine, 'M'),
    },
    {
      port: odd,
      name: 'ICW2',
      direction: 'out',
      doc: 'Initialization command word 2: the interrupt vectors.',
      fields: [{ name: 'T', low: 3, high: 7, doc: 'Upper five bits of the vector.' }],
    },
    {
      port: odd,
      name: 'ICW3',
      direction: 'out',
      doc: 'Initialization command word 3: the cascade.',
      fields: [
        { name: 'CASCADE', low: 0, high: 7, doc: 'Master: inputs with a slave. Slave: its input at the master.' },
      ],
    },
    {
      port: odd,
      name: 'ICW4',
      direction: 'out',
      doc: 'Initialization command word 4: modes.',
      fields: [
        { name: 'SFNM', low: 4, high: 4, doc: 'Special fully nested mode.' },
        { name: 'BUF', low: 2, high: 3, values: { 0: 'non buffered', 2: 'buffered slave', 3: 'buffered master' } },
        { name: 'AEOI', low: 1, high: 1, doc: 'Automatic end of interrupt.' },
        { name: 'uPM', low: 0, high: 0, values: { 0: 'MCS-80', 1: '8086' } },
      ],
    },
    { port: odd, name: 'IMR', direction: 'in', doc: 'Interrupt mask register.', fields: lineFields(firstLine, 'M') },
  ];
}

/** The edge/level control registers of the chipset (82371SB PIIX3 datasheet, ELCR1 and ELCR2). */
export function elcrRegisters(): PortRegister[] {
  const values = { 0: 'edge', 1: 'level' };
  const fields = (first: number, lines: number[]): BitField[] =>
    lines.map((line) => ({ name: `IRQ${line}`, low: line - first, high: line - first, values }));
  return [
    {
      port: 0x4d0,
      name: 'ELCR1',
      doc: 'Edge or level sensitivity of IRQ 3-7; 0-2 are always edges.',
      fields: fields(0, [7, 6, 5, 4, 3]),
    },
    {
      port: 0x4d1,
      name: 'ELCR2',
      doc: 'Edge or level sensitivity of IRQ 9-15 but 13; 8 and 13 are always edges.',
      fields: fields(8, [15, 14, 12, 11, 10, 9]),
    },
  ];
}
