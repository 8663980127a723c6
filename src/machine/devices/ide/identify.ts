import { defaultGeometry, type Geometry } from './address';

/** Most sectors that READ and WRITE MULTIPLE move at once. */
export const MAX_MULTIPLE = 16;
const LBA28_SECTORS = 0x0fffffff;

export interface Identity {
  readonly sectors: number;
  /** Geometry in use, which INITIALIZE DEVICE PARAMETERS can change. */
  readonly geometry: Geometry;
  /** Sectors per block of the MULTIPLE commands, 0 if they are off. */
  readonly multiple: number;
  readonly model: string;
  readonly serial: string;
}

/** Stores text as ATA does: padded with spaces, the two bytes of each word swapped. */
function putText(words: Uint16Array, first: number, count: number, text: string): void {
  const padded = text.padEnd(count * 2).slice(0, count * 2);
  for (let i = 0; i < count; i++) {
    words[first + i] = (padded.charCodeAt(2 * i) << 8) | padded.charCodeAt(2 * i + 1);
  }
}

/** The 512 bytes that IDENTIFY DEVICE gives (ATA/ATAPI-6, table 27). */
export function identifyData(identity: Identity): Uint8Array {
  const { sectors, geometry, multiple, model, serial } = identity;
  const native = defaultGeometry(sectors);
  const words = new Uint16Array(256);
  const put32 = (index: number, value: number): void => {
    words[index] = value & 0xffff;
    words[index + 1] = Math.floor(value / 0x10000) & 0xffff;
  };
  words[0] = 0x0040;
  words[1] = native.cylinders;
  words[3] = native.heads;
  words[6] = native.sectors;
  putText(words, 10, 10, serial);
  putText(words, 23, 4, '1.0');
  putText(words, 27, 20, model);
  words[47] = 0x8000 | MAX_MULTIPLE;
  // 32-bit accesses to the data port work.
  words[48] = 0x0001;
  // LBA, no DMA.
  words[49] = 0x0200;
  words[50] = 0x4000;
  words[51] = 0x0200;
  words[53] = 0x0003;
  words[54] = geometry.cylinders;
  words[55] = geometry.heads;
  words[56] = geometry.sectors;
  put32(57, geometry.cylinders * geometry.heads * geometry.sectors);
  words[59] = multiple ? 0x0100 | multiple : 0;
  put32(60, Math.min(sectors, LBA28_SECTORS));
  // PIO modes 3 and 4, 120 ns.
  words[64] = 0x0003;
  words.fill(120, 65, 69);
  // ATA-1 to ATA/ATAPI-6.
  words[80] = 0x007e;
  // NOP, look-ahead, write cache; FLUSH CACHE (EXT), 48-bit addresses. Supported, then enabled.
  words[82] = words[85] = 0x4060;
  words[83] = 0x7400;
  words[86] = 0x3400;
  words[84] = words[87] = 0x4000;
  put32(100, sectors % 2 ** 32);
  put32(102, Math.floor(sectors / 2 ** 32));
  const bytes = new Uint8Array(512);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setUint16(2 * i, word, true));
  bytes[510] = 0xa5;
  bytes[511] = -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
  return bytes;
}
