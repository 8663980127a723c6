/** Kinds of memory as INT 15h AX=E820h and the multiboot memory map number them. */
export enum MemoryType {
  Usable = 1,
  Reserved = 2,
}

/** A range of guest-physical memory. `length` in bytes. */
export interface MemoryRange {
  readonly base: number;
  readonly length: number;
  readonly type: MemoryType;
}

/** End of conventional memory: the extended BIOS data area takes the kilobyte above. */
export const LOW_MEMORY_END = 0x9fc00;
export const HIGH_MEMORY_START = 0x100000;

/** The memory map that firmware reports for a PC with that much RAM (a multiple of 4096, at least 1 MiB). */
export function memoryMap(ramBytes: number): MemoryRange[] {
  const map: MemoryRange[] = [
    { base: 0, length: LOW_MEMORY_END, type: MemoryType.Usable },
    { base: LOW_MEMORY_END, length: 0xa0000 - LOW_MEMORY_END, type: MemoryType.Reserved },
    { base: 0xf0000, length: 0x10000, type: MemoryType.Reserved },
  ];
  if (ramBytes > HIGH_MEMORY_START) {
    map.push({ base: HIGH_MEMORY_START, length: ramBytes - HIGH_MEMORY_START, type: MemoryType.Usable });
  }
  return map;
}

/** True if `length` bytes at `base` are all in one usable range. */
export function isUsable(map: readonly MemoryRange[], base: number, length: number): boolean {
  return map.some(
    (range) => range.type === MemoryType.Usable && base >= range.base && base + length <= range.base + range.length,
  );
}
