import type { BitField } from '../../machine/devices/device';

function bit(low: number, name: string, doc: string): BitField {
  return { name, low, high: low, doc };
}

/** DR7: what breakpoint n waits for, and how many bytes it covers (Intel SDM vol. 3B, 17.2.4). */
function breakpointFields(n: number): BitField[] {
  const low = 16 + n * 4;
  return [
    bit(n * 2, `L${n}`, `breakpoint ${n} is on until the next task switch`),
    bit(n * 2 + 1, `G${n}`, `breakpoint ${n} is on in all tasks`),
    {
      name: `RW${n}`,
      low,
      high: low + 1,
      values: { 0: 'execution', 1: 'writes', 2: 'I/O', 3: 'reads and writes' },
      doc: `what breakpoint ${n} waits for`,
    },
    {
      name: `LEN${n}`,
      low: low + 2,
      high: low + 3,
      values: { 0: '1 byte', 1: '2 bytes', 3: '4 bytes' },
      doc: `how much breakpoint ${n} covers`,
    },
  ];
}

/** Bits of the system registers (Intel SDM vol. 3A, 2.5; vol. 3B, 17.2). */
export const SYSTEM_FIELDS: Readonly<Record<string, readonly BitField[]>> = {
  cr0: [
    bit(31, 'PG', 'paging'),
    bit(30, 'CD', 'caches are off'),
    bit(29, 'NW', 'no write-through'),
    bit(18, 'AM', 'EFLAGS.AC checks alignment'),
    bit(16, 'WP', 'the supervisor, too, may not write to read-only pages'),
    bit(5, 'NE', 'floating-point errors raise #MF'),
    bit(4, 'ET', '387 coprocessor'),
    bit(3, 'TS', 'task switched: floating-point instructions raise #NM'),
    bit(2, 'EM', 'no coprocessor: floating-point instructions raise #NM'),
    bit(1, 'MP', 'WAIT heeds TS'),
    bit(0, 'PE', 'protected mode'),
  ],
  cr3: [
    { name: 'directory', low: 12, high: 31, doc: 'page frame of the page directory' },
    bit(4, 'PCD', 'the page directory is not cached'),
    bit(3, 'PWT', 'the page directory is written through'),
  ],
  cr4: [
    bit(10, 'OSXMMEXCPT', 'SIMD errors raise #XM'),
    bit(9, 'OSFXSR', 'FXSAVE and SSE are used'),
    bit(8, 'PCE', 'RDPMC at any privilege'),
    bit(7, 'PGE', 'global pages'),
    bit(6, 'MCE', 'machine checks raise #MC'),
    bit(5, 'PAE', 'physical address extension'),
    bit(4, 'PSE', '4 MiB pages'),
    bit(3, 'DE', 'debug registers can watch I/O'),
    bit(2, 'TSD', 'RDTSC for the supervisor only'),
    bit(1, 'PVI', 'virtual interrupts in protected mode'),
    bit(0, 'VME', 'virtual interrupts in virtual-8086 mode'),
  ],
  dr6: [
    bit(15, 'BT', 'task switch'),
    bit(14, 'BS', 'single step'),
    bit(13, 'BD', 'a debug register was touched'),
    bit(3, 'B3', 'breakpoint 3'),
    bit(2, 'B2', 'breakpoint 2'),
    bit(1, 'B1', 'breakpoint 1'),
    bit(0, 'B0', 'breakpoint 0'),
  ],
  dr7: [
    bit(13, 'GD', 'debug registers are guarded'),
    bit(9, 'GE', 'exact breakpoints in all tasks'),
    bit(8, 'LE', 'exact breakpoints until the next task switch'),
    ...[3, 2, 1, 0].flatMap(breakpointFields),
  ],
};
