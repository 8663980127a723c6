import type { BitField, PortRegister } from '../device';
import { COMMAND_NAMES } from './command-names';

/** Offsets of the command block from its base port. */
export enum IdePort {
  Data = 0,
  /** Error when read, features when written. */
  Error = 1,
  Count = 2,
  Low = 3,
  Mid = 4,
  High = 5,
  Device = 6,
  /** Status when read, command when written. */
  Status = 7,
}

/** Status register. */
export const STATUS_ERROR = 0x01;
export const STATUS_DATA_REQUEST = 0x08;
export const STATUS_SEEK_COMPLETE = 0x10;
export const STATUS_READY = 0x40;
export const STATUS_BUSY = 0x80;
/** What a drive with nothing to do reports. */
export const STATUS_IDLE = STATUS_READY | STATUS_SEEK_COMPLETE;

/** Error register. */
export const ERROR_ABORTED = 0x04;
export const ERROR_ID_NOT_FOUND = 0x10;
/** Result of a diagnostic: no error. */
export const DIAGNOSTIC_PASSED = 0x01;

/** Device register. */
export const DEVICE_HEAD = 0x0f;
export const DEVICE_SELECT = 0x10;
export const DEVICE_LBA = 0x40;

/** Device control register. */
export const CONTROL_NO_INTERRUPT = 0x02;
export const CONTROL_RESET = 0x04;
export const CONTROL_HIGH_ORDER = 0x80;

const bit = (name: string, at: number, doc?: string): BitField => ({ name, low: at, high: at, doc });

const STATUS_FIELDS: BitField[] = [
  bit('BSY', 7, 'Busy: the other bits mean nothing.'),
  bit('DRDY', 6, 'Ready for a command.'),
  bit('DF', 5, 'Device fault.'),
  bit('DSC', 4, 'Seek complete.'),
  bit('DRQ', 3, 'Data request: the data port has or wants data.'),
  bit('CORR', 2),
  bit('IDX', 1),
  bit('ERR', 0, 'The last command failed: see ERROR.'),
];

/** Registers of one IDE channel in the terms of ATA/ATAPI-6. */
export function ideRegisters(base: number, control: number): PortRegister[] {
  return [
    { port: base, name: 'DATA', width: 4, doc: 'Data of the sector being transferred, 16 or 32 bits at a time.' },
    {
      port: base + IdePort.Error,
      name: 'ERROR',
      direction: 'in',
      doc: 'Why the last command failed.',
      fields: [bit('IDNF', 4, 'No such address.'), bit('ABRT', 2, 'The command was not carried out.')],
    },
    { port: base + IdePort.Error, name: 'FEATURES', direction: 'out', doc: 'Parameter of the command.' },
    { port: base + IdePort.Count, name: 'SECTOR_COUNT', doc: 'Sectors to transfer; 0 means 256 (65536 for EXT).' },
    { port: base + IdePort.Low, name: 'LBA_LOW', doc: 'LBA bits 0-7, or the sector number (from 1).' },
    { port: base + IdePort.Mid, name: 'LBA_MID', doc: 'LBA bits 8-15, or the cylinder, low byte.' },
    { port: base + IdePort.High, name: 'LBA_HIGH', doc: 'LBA bits 16-23, or the cylinder, high byte.' },
    {
      port: base + IdePort.Device,
      name: 'DEVICE',
      doc: 'Drive, kind of address, and its highest bits.',
      fields: [
        { name: 'LBA', low: 6, high: 6, values: { 0: 'CHS', 1: 'LBA' } },
        { name: 'DEV', low: 4, high: 4, values: { 0: 'drive 0', 1: 'drive 1' } },
        { name: 'HEAD', low: 0, high: 3, doc: 'LBA bits 24-27, or the head.' },
      ],
    },
    {
      port: base + IdePort.Status,
      name: 'STATUS',
      direction: 'in',
      doc: 'Status of the drive. Reading takes its interrupt back.',
      fields: STATUS_FIELDS,
    },
    {
      port: base + IdePort.Status,
      name: 'COMMAND',
      direction: 'out',
      doc: 'Starts a command.',
      fields: [{ name: 'COMMAND', low: 0, high: 7, values: COMMAND_NAMES }],
    },
    {
      port: control,
      name: 'ALT_STATUS',
      direction: 'in',
      doc: 'Status of the drive; reading leaves the interrupt alone.',
      fields: STATUS_FIELDS,
    },
    {
      port: control,
      name: 'DEVICE_CONTROL',
      direction: 'out',
      doc: 'Interrupt enable and software reset of both drives.',
      fields: [
        bit('HOB', 7, 'The address and count registers read their previous contents.'),
        bit('SRST', 2, 'Software reset.'),
        { name: 'nIEN', low: 1, high: 1, values: { 0: 'interrupt on', 1: 'interrupt off' } },
      ],
    },
  ];
}
