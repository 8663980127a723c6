import type { BitField, PortRegister } from '../device';

const MODES = {
  0: 'interrupt on terminal count',
  1: 'hardware retriggerable one-shot',
  2: 'rate generator',
  3: 'square wave',
  4: 'software triggered strobe',
  5: 'hardware triggered strobe',
  6: 'rate generator',
  7: 'square wave',
};

const MODE_FIELDS: BitField[] = [
  { name: 'M', low: 1, high: 3, values: MODES },
  { name: 'BCD', low: 0, high: 0, values: { 0: 'binary', 1: 'decimal' } },
];

const USES = ['system timer, IRQ0', 'DRAM refresh', 'speaker'];

/** Registers of the 8254 in the datasheet's terms. */
export function pitRegisters(base: number): PortRegister[] {
  return [
    ...USES.flatMap((use, i): PortRegister[] => [
      { port: base + i, name: `COUNT${i}`, doc: `Count of channel ${i} (${use}), a byte at a time.` },
      {
        port: base + i,
        name: `STATUS${i}`,
        direction: 'in',
        doc: `Status of channel ${i}, after a read-back command that latches it.`,
        fields: [
          { name: 'OUTPUT', low: 7, high: 7, doc: 'Level of the OUT pin.' },
          { name: 'NULL_COUNT', low: 6, high: 6, doc: 'The count written last is not in the counter yet.' },
          { name: 'RW', low: 4, high: 5, values: { 1: 'low byte', 2: 'high byte', 3: 'low, then high byte' } },
          ...MODE_FIELDS,
        ],
      },
    ]),
    {
      port: base + 3,
      name: 'CONTROL',
      direction: 'out',
      doc: 'Control word: sets a channel up, latches its count, or reads back.',
      fields: [
        { name: 'SC', low: 6, high: 7, values: { 0: 'channel 0', 1: 'channel 1', 2: 'channel 2', 3: 'read back' } },
        {
          name: 'RW',
          low: 4,
          high: 5,
          values: { 0: 'latch count', 1: 'low byte', 2: 'high byte', 3: 'low, then high byte' },
        },
        ...MODE_FIELDS,
      ],
    },
  ];
}
