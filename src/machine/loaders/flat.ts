import { FLAT_GDT, setFlatProtectedMode } from './cpu-setup';
import { loadSegments, readExecutable } from './elf-image';
import { GuestMemory } from './guest-memory';
import { hex, LoadError } from './load-error';
import type { Image, LoadTarget } from './load-target';

/** Where a flat binary goes if nobody says. */
export const DEFAULT_LOAD_ADDRESS = 0x100000;

function start(target: LoadTarget, memory: GuestMemory, entry: number): number {
  const gdt = memory.findLow(FLAT_GDT.length, 'the GDT');
  memory.load(gdt, FLAT_GDT, FLAT_GDT.length, 'the GDT');
  setFlatProtectedMode(target, gdt, entry);
  return entry;
}

/**
 * Loads a raw image and enters it in 32-bit protected mode.
 * @param entry physical address of the first instruction; the load address if left out
 * @returns the entry point
 * @throws LoadError if it does not fit in RAM or the entry point is outside
 */
export function loadFlat(target: LoadTarget, image: Image, address = DEFAULT_LOAD_ADDRESS, entry = address): number {
  const memory = new GuestMemory(target.memory, image.name);
  const { length } = image.bytes;
  if (length === 0) throw new LoadError(image.name, 'the file is empty');
  memory.load(address, image.bytes, length, 'the image');
  if (entry < address || entry >= address + length) {
    const range = `${hex(address)}-${hex(address + length - 1)}`;
    throw new LoadError(image.name, `"entry" ${hex(entry)} is outside of the image at ${range}`);
  }
  return start(target, memory, entry);
}

/**
 * Loads an ELF executable without a boot protocol and enters it in 32-bit protected mode, registers zero.
 * @param entry physical address of the first instruction, if not the file's own
 * @returns the entry point
 * @throws LoadError
 */
export function loadElf(target: LoadTarget, image: Image, entry?: number): number {
  const memory = new GuestMemory(target.memory, image.name);
  const own = loadSegments(image, readExecutable(image), memory);
  return start(target, memory, entry ?? own);
}
