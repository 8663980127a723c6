/** The memory image of an ELF file, from the lowest physical address on. Throws where nothing is to be loaded. */
export function flatBinary(elf: Buffer, name: string): Buffer;
