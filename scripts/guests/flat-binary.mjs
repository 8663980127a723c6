import { BuildError } from './errors.mjs';

const PT_LOAD = 1;

/**
 * The memory image of an ELF file, as `objcopy -O binary` makes it: the bytes of its segments from the lowest
 * physical address on.
 * @throws BuildError if nothing is to be loaded
 */
export function flatBinary(elf, name) {
  const tableOffset = elf.readUInt32LE(0x1c);
  const entrySize = elf.readUInt16LE(0x2a);
  const segments = [];
  for (let i = 0; i < elf.readUInt16LE(0x2c); i++) {
    const header = elf.subarray(tableOffset + i * entrySize);
    const fileSize = header.readUInt32LE(16);
    if (header.readUInt32LE(0) !== PT_LOAD || fileSize === 0) continue;
    segments.push({ offset: header.readUInt32LE(4), address: header.readUInt32LE(12), fileSize });
  }
  if (segments.length === 0) throw new BuildError(`${name}: the linker put nothing into the image`);
  const start = Math.min(...segments.map((segment) => segment.address));
  const end = Math.max(...segments.map((segment) => segment.address + segment.fileSize));
  const image = Buffer.alloc(end - start);
  for (const { offset, address, fileSize } of segments) {
    elf.copy(image, address - start, offset, offset + fileSize);
  }
  return image;
}
