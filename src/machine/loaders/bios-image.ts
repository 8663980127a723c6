import type { PhysicalMemory } from '../memory/physical';
import { LoadError } from './load-error';
import type { Image } from './load-target';

/** A PC decodes at most this much of a BIOS below 1 MiB. */
const LEGACY_BYTES = 0x20000;
const MAX_BYTES = 0x1000000;

/**
 * Maps a BIOS so that it ends at 4 GiB and, with its last 128 KiB, at 1 MiB; the reset vector is in it then.
 * @throws LoadError if its size can't be that of a BIOS
 */
export function mapBios(memory: PhysicalMemory, image: Image): void {
  const { length } = image.bytes;
  if (length === 0 || length % 0x1000 !== 0 || length > MAX_BYTES) {
    throw new LoadError(image.name, `a BIOS has a multiple of 4096 bytes, at most 16 MiB; this file has ${length}`);
  }
  if (length <= LEGACY_BYTES) {
    memory.mapRom(image.bytes, [0x100000 - length, 2 ** 32 - length]);
    return;
  }
  memory.mapRom(image.bytes, [2 ** 32 - length]);
  memory.mapRom(image.bytes.subarray(length - LEGACY_BYTES), [0x100000 - LEGACY_BYTES]);
}
