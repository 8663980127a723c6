import type { PortRegister } from '../device';

/** Addresses in the CMOS memory. */
export enum Cmos {
  Second = 0x00,
  SecondAlarm = 0x01,
  Minute = 0x02,
  MinuteAlarm = 0x03,
  Hour = 0x04,
  HourAlarm = 0x05,
  Weekday = 0x06,
  Day = 0x07,
  Month = 0x08,
  Year = 0x09,
  StatusA = 0x0a,
  StatusB = 0x0b,
  StatusC = 0x0c,
  StatusD = 0x0d,
  Shutdown = 0x0f,
  FloppyTypes = 0x10,
  Equipment = 0x14,
  BaseMemory = 0x15,
  ExtendedMemory = 0x17,
  Checksum = 0x2e,
  ExtendedMemoryCopy = 0x30,
  Century = 0x32,
  MemoryAbove16M = 0x34,
}

/** Names and meanings of the addresses that PCs agree on. */
export const CMOS_ADDRESSES: Readonly<Record<number, string>> = {
  [Cmos.Second]: 'seconds',
  [Cmos.SecondAlarm]: 'seconds alarm',
  [Cmos.Minute]: 'minutes',
  [Cmos.MinuteAlarm]: 'minutes alarm',
  [Cmos.Hour]: 'hours',
  [Cmos.HourAlarm]: 'hours alarm',
  [Cmos.Weekday]: 'day of the week',
  [Cmos.Day]: 'day of the month',
  [Cmos.Month]: 'month',
  [Cmos.Year]: 'year',
  [Cmos.StatusA]: 'status A',
  [Cmos.StatusB]: 'status B',
  [Cmos.StatusC]: 'status C',
  [Cmos.StatusD]: 'status D',
  [Cmos.Shutdown]: 'shutdown status',
  [Cmos.FloppyTypes]: 'floppy drive types',
  [Cmos.Equipment]: 'equipment',
  [Cmos.BaseMemory]: 'base memory, low byte',
  [Cmos.BaseMemory + 1]: 'base memory, high byte',
  [Cmos.ExtendedMemory]: 'extended memory, low byte',
  [Cmos.ExtendedMemory + 1]: 'extended memory, high byte',
  [Cmos.Checksum]: 'checksum, high byte',
  [Cmos.Checksum + 1]: 'checksum, low byte',
  [Cmos.ExtendedMemoryCopy]: 'extended memory found, low byte',
  [Cmos.ExtendedMemoryCopy + 1]: 'extended memory found, high byte',
  [Cmos.Century]: 'century',
  [Cmos.MemoryAbove16M]: 'memory above 16 MiB, low byte',
  [Cmos.MemoryAbove16M + 1]: 'memory above 16 MiB, high byte',
};

/** Status A. */
export const A_UPDATE_IN_PROGRESS = 0x80;
/** Status B. */
export const B_SET = 0x80;
export const B_PERIODIC = 0x40;
export const B_ALARM = 0x20;
export const B_UPDATE = 0x10;
export const B_BINARY = 0x04;
export const B_24_HOURS = 0x02;
/** Status C; the enable bits of B are in the same places. */
export const C_REQUEST = 0x80;
export const C_SOURCES = 0x70;
/** Status D: the battery is good. */
export const D_VALID = 0x80;

const DATA_DOC = 'Byte at the address in INDEX: time, alarm, status or CMOS memory.';

const STATUS_REGISTERS: Readonly<Record<number, PortRegister>> = {
  [Cmos.StatusA]: {
    port: 0x71,
    name: 'STATUS_A',
    doc: 'Divider and periodic rate.',
    fields: [
      { name: 'UIP', low: 7, high: 7, doc: 'The time is about to change.' },
      { name: 'DV', low: 4, high: 6, values: { 2: '32768 Hz, running', 6: 'held in reset', 7: 'held in reset' } },
      { name: 'RS', low: 0, high: 3, doc: 'Periodic rate: 32768 Hz >> (RS - 1).' },
    ],
  },
  [Cmos.StatusB]: {
    port: 0x71,
    name: 'STATUS_B',
    doc: 'Interrupt enables and format of the time.',
    fields: [
      { name: 'SET', low: 7, high: 7, doc: 'Stops updates while the time is set.' },
      { name: 'PIE', low: 6, high: 6, doc: 'Periodic interrupt.' },
      { name: 'AIE', low: 5, high: 5, doc: 'Alarm interrupt.' },
      { name: 'UIE', low: 4, high: 4, doc: 'Update-ended interrupt.' },
      { name: 'SQWE', low: 3, high: 3, doc: 'Square wave; not connected in a PC.' },
      { name: 'DM', low: 2, high: 2, values: { 0: 'BCD', 1: 'binary' } },
      { name: '24/12', low: 1, high: 1, values: { 0: '12 hours', 1: '24 hours' } },
      { name: 'DSE', low: 0, high: 0, doc: 'Daylight saving; kept, without effect.' },
    ],
  },
  [Cmos.StatusC]: {
    port: 0x71,
    name: 'STATUS_C',
    doc: 'Interrupt flags. Reading clears them and lowers IRQ8.',
    fields: [
      { name: 'IRQF', low: 7, high: 7, doc: 'An enabled interrupt is pending.' },
      { name: 'PF', low: 6, high: 6, doc: 'A period has passed.' },
      { name: 'AF', low: 5, high: 5, doc: 'The alarm time was reached.' },
      { name: 'UF', low: 4, high: 4, doc: 'The time was updated.' },
    ],
  },
  [Cmos.StatusD]: {
    port: 0x71,
    name: 'STATUS_D',
    doc: 'Battery.',
    fields: [{ name: 'VRT', low: 7, high: 7, doc: 'Time and memory are valid.' }],
  },
};

/** Registers of the real-time clock as seen from the bus. */
export const RTC_REGISTERS: readonly PortRegister[] = [
  {
    port: 0x70,
    name: 'INDEX',
    direction: 'out',
    doc: 'Address in the CMOS memory, and the NMI mask.',
    fields: [
      { name: 'NMI_DIS', low: 7, high: 7, values: { 0: 'NMI enabled', 1: 'NMI disabled' } },
      { name: 'ADDRESS', low: 0, high: 6, values: CMOS_ADDRESSES },
    ],
  },
  { port: 0x71, name: 'DATA', doc: DATA_DOC },
  ...Object.values(STATUS_REGISTERS),
];

/** The register behind the data port for an address. */
export function dataRegister(address: number): PortRegister {
  return STATUS_REGISTERS[address] ?? RTC_REGISTERS[1];
}
