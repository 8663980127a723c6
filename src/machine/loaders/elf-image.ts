import { ElfError, ElfFile, ElfType } from './elf';
import type { GuestMemory } from './guest-memory';
import { hex, LoadError } from './load-error';
import type { Image } from './load-target';

/**
 * Reads an ELF file that is to be run.
 * @throws LoadError if it is damaged, for another processor, or nothing that can be loaded
 */
export function readExecutable(image: Image): ElfFile {
  const elf = asLoadError(image, () => new ElfFile(image.bytes));
  if (elf.type !== ElfType.Executable) {
    const kind = ElfType[elf.type] ?? 'unknown';
    throw new LoadError(
      image.name,
      `e_type is ${elf.type} (${kind}): link it to a fixed address (e_type 2), without -pie and -r`,
    );
  }
  if (elf.loadableSegments().length === 0)
    throw new LoadError(image.name, 'it has no PT_LOAD segment: nothing to load');
  return elf;
}

/**
 * Copies the PT_LOAD segments to their physical addresses.
 * @returns physical address of the entry point
 * @throws LoadError if a segment is not all in the file or in RAM, or the entry point is in none
 */
export function loadSegments(image: Image, elf: ElfFile, memory: GuestMemory): number {
  const segments = elf.loadableSegments();
  for (const segment of segments) {
    const bytes = asLoadError(image, () => elf.segmentBytes(segment));
    memory.load(segment.physicalAddress, bytes, segment.memorySize, `segment ${segment.index}`);
  }
  // e_entry is a virtual address; kernels linked high are entered at the physical one (GRUB does the same).
  const home = segments.find(
    ({ virtualAddress, memorySize }) => elf.entry >= virtualAddress && elf.entry < virtualAddress + memorySize,
  );
  if (home) return elf.entry - home.virtualAddress + home.physicalAddress;
  const physical = segments.some(
    ({ physicalAddress, memorySize }) => elf.entry >= physicalAddress && elf.entry < physicalAddress + memorySize,
  );
  if (physical) return elf.entry;
  throw new LoadError(image.name, `e_entry is ${hex(elf.entry)}, which is in no PT_LOAD segment`);
}

/** Turns an ElfError into a LoadError that names the file. */
export function asLoadError<T>(image: Image, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ElfError) throw new LoadError(image.name, error.message);
    throw error;
  }
}
