import type { PhysicalMemory } from '../memory/physical';

/** Guest-physical addresses in the BIOS data area (IBM PC/AT Technical Reference). */
export enum Bda {
  SerialPorts = 0x400,
  ExtendedSegment = 0x40e,
  Equipment = 0x410,
  MemoryKilobytes = 0x413,
  ShiftFlags = 0x417,
  KeyHead = 0x41a,
  KeyTail = 0x41c,
  KeyBuffer = 0x41e,
  FloppyStatus = 0x441,
  VideoMode = 0x449,
  Columns = 0x44a,
  PageBytes = 0x44c,
  PageOffset = 0x44e,
  Cursors = 0x450,
  CursorShape = 0x460,
  ActivePage = 0x462,
  CrtcPort = 0x463,
  Ticks = 0x46c,
  Midnight = 0x470,
  DiskStatus = 0x474,
  DiskCount = 0x475,
  KeyBufferStart = 0x480,
  KeyBufferEnd = 0x482,
  LastRow = 0x484,
  CharacterHeight = 0x485,
}

/** Segment of the extended BIOS data area: the last kilobyte below 640 KiB. */
export const EBDA_SEGMENT = 0x9fc0;

const BDA_START = 0x400;
const BDA_BYTES = 0x100;

/** What the data area says about the machine. */
export interface BiosDataOptions {
  readonly serialPorts: readonly number[];
  readonly floppies: number;
  readonly disks: number;
  /** Timer ticks since midnight. */
  readonly ticks: number;
}

/** Equipment word: floppies, coprocessor, 80x25 colour display, serial ports. */
function equipment({ floppies, serialPorts }: BiosDataOptions): number {
  const floppyBits = floppies ? 1 | ((floppies - 1) << 6) : 0;
  return floppyBits | 0x22 | (serialPorts.length << 9);
}

/** Fills the BIOS data area as it is after the power-on self test. */
export function initializeBiosData(memory: PhysicalMemory, options: BiosDataOptions): void {
  memory.poke(BDA_START, new Uint8Array(BDA_BYTES));
  const word = (address: number, value: number): void => memory.write(address, 2, value);
  options.serialPorts.forEach((port, i) => word(Bda.SerialPorts + 2 * i, port));
  word(Bda.ExtendedSegment, EBDA_SEGMENT);
  word(Bda.Equipment, equipment(options));
  word(Bda.MemoryKilobytes, (EBDA_SEGMENT << 4) >> 10);
  // Offsets in the key buffer count from 0040:0000.
  for (const address of [Bda.KeyHead, Bda.KeyTail, Bda.KeyBufferStart]) word(address, Bda.KeyBuffer - BDA_START);
  word(Bda.KeyBufferEnd, Bda.KeyBuffer - BDA_START + 32);
  word(Bda.CrtcPort, 0x3d4);
  memory.write(Bda.Ticks, 4, options.ticks);
  memory.write(Bda.DiskCount, 1, options.disks);
  // Size of the extended BIOS data area in kilobytes.
  memory.write(EBDA_SEGMENT << 4, 1, 1);
}

/** Puts the interrupt vectors in place. */
export function initializeVectors(memory: PhysicalMemory, segment: number, handlers: Uint16Array): void {
  handlers.forEach((offset, vector) => memory.write(vector * 4, 4, ((segment << 16) | offset) >>> 0));
}
