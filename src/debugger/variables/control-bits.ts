/** A bit of a control register. */
export interface ControlBit {
  readonly name: string;
  readonly bit: number;
  readonly doc: string;
}

/** Bits of CR0 and CR4 by register number (Intel SDM vol. 3A, 2.5). */
export const CONTROL_BITS: Readonly<Record<number, readonly ControlBit[] | undefined>> = {
  0: [
    { name: 'PE', bit: 0, doc: 'protected mode' },
    { name: 'MP', bit: 1, doc: 'WAIT heeds TS' },
    { name: 'EM', bit: 2, doc: 'x87 instructions fault' },
    { name: 'TS', bit: 3, doc: 'task switched' },
    { name: 'ET', bit: 4, doc: 'coprocessor is a 387' },
    { name: 'NE', bit: 5, doc: 'x87 errors raise #MF' },
    { name: 'WP', bit: 16, doc: 'the supervisor heeds read-only pages' },
    { name: 'AM', bit: 18, doc: 'alignment checks possible' },
    { name: 'NW', bit: 29, doc: 'caches do not write through' },
    { name: 'CD', bit: 30, doc: 'caches off' },
    { name: 'PG', bit: 31, doc: 'paging' },
  ],
  4: [
    { name: 'VME', bit: 0, doc: 'virtual-8086 mode extensions' },
    { name: 'PVI', bit: 1, doc: 'virtual interrupt flag in protected mode' },
    { name: 'TSD', bit: 2, doc: 'RDTSC is privileged' },
    { name: 'DE', bit: 3, doc: 'debug extensions: breakpoints on ports' },
    { name: 'PSE', bit: 4, doc: '4 MiB pages' },
    { name: 'PAE', bit: 5, doc: 'physical address extension' },
    { name: 'MCE', bit: 6, doc: 'machine checks' },
    { name: 'PGE', bit: 7, doc: 'global pages' },
    { name: 'PCE', bit: 8, doc: 'RDPMC for users' },
    { name: 'OSFXSR', bit: 9, doc: 'FXSAVE and SSE' },
    { name: 'OSXMMEXCPT', bit: 10, doc: 'SIMD errors raise #XM' },
  ],
};

/** ` [PE PG]`: the bits that are set. */
export function controlText(value: number, bits: readonly ControlBit[]): string {
  return ` [${bits
    .filter(({ bit }) => (value >>> bit) & 1)
    .map(({ name }) => name)
    .join(' ')}]`;
}
