/** Descriptors of every kind with what they are in words (Intel SDM vol. 3A, figures 3-8, 5-8, 6-2). */
export const SYSTEM_TEST_DESCRIPTORS: readonly { low: number; high: number; text: string }[] = [
  {
    low: 0x0000ffff,
    high: 0x00cf9b00,
    text: '32-bit code, base 0x00000000, limit 0xffffffff, DPL 0, execute/read, accessed',
  },
  {
    low: 0x5678ffff,
    high: 0x12009434,
    text: '16-bit data, base 0x12345678, limit 0x0000ffff, DPL 0, read only, expand down',
  },
  {
    low: 0x00000fff,
    high: 0x0040fc00,
    text: '32-bit code, base 0x00000000, limit 0x00000fff, DPL 3, execute only, conforming',
  },
  {
    low: 0x00000fff,
    high: 0x00407200,
    text: '32-bit data, base 0x00000000, limit 0x00000fff, DPL 3, read/write, not present',
  },
  { low: 0x10000067, high: 0x00008b20, text: '32-bit TSS (busy), base 0x00201000, limit 0x00000067, DPL 0' },
  { low: 0x1000002b, high: 0x00008120, text: '16-bit TSS (available), base 0x00201000, limit 0x0000002b, DPL 0' },
  { low: 0x0000000f, high: 0x00008203, text: 'LDT, base 0x00030000, limit 0x0000000f, DPL 0' },
  { low: 0x00083456, high: 0x0012ec02, text: '32-bit call gate to 0x0008:0x00123456, DPL 3, 2 parameters' },
  { low: 0x00183456, high: 0x0000e400, text: '16-bit call gate to 0x0018:0x00003456, DPL 3, 0 parameters' },
  { low: 0x00280000, high: 0x00008500, text: 'task gate to 0x0028, DPL 0' },
  { low: 0x00083456, high: 0x00128f00, text: '32-bit trap gate to 0x0008:0x00123456, DPL 0' },
  { low: 0x00083456, high: 0x00120e00, text: '32-bit interrupt gate to 0x0008:0x00123456, DPL 0, not present' },
  { low: 0x00000000, high: 0x00008800, text: 'reserved type 0x8, base 0x00000000, limit 0x00000000, DPL 0' },
];
