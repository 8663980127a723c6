import { hasSetupHeader } from './bzimage-header';
import { isElf } from './elf';
import { LoadError } from './load-error';
import type { Image } from './load-target';
import { hasMultiboot2Header, hasMultibootAddresses, hasMultibootHeader } from './multiboot-header';

/** How an image is loaded. `boot` is a boot sector or a disk image that starts with one. */
export type ImageFormat = 'multiboot' | 'elf' | 'bzimage' | 'boot' | 'flat';

const SECTOR = 512;
/** "CD001" in the first volume descriptor (ECMA-119). */
const ISO_OFFSET = 0x8001;

function hasText(bytes: Uint8Array, offset: number, text: string): boolean {
  return [...text].every((character, i) => bytes[offset + i] === character.charCodeAt(0));
}

/** True if the bytes start with a sector that ends in 55 AA. */
export function hasBootSignature(bytes: Uint8Array): boolean {
  return bytes.length >= SECTOR && bytes[SECTOR - 2] === 0x55 && bytes[SECTOR - 1] === 0xaa;
}

/**
 * Tells by its content what an image is.
 * @throws LoadError for formats that are known and can't be booted
 */
export function detectFormat(image: Image): ImageFormat {
  const { name, bytes } = image;
  if (bytes.length === 0) throw new LoadError(name, 'the file is empty');
  // A disk's first kilobytes may well hold a kernel's header; only one with addresses could be loaded without ELF.
  const isDisk = hasBootSignature(bytes) && !isElf(bytes) && !hasMultibootAddresses(bytes);
  if (hasMultibootHeader(bytes) && !isDisk) return 'multiboot';
  if (hasMultiboot2Header(bytes)) {
    throw new LoadError(name, 'it has a Multiboot 2 header only; Ringside boots Multiboot 1 (magic 0x1badb002)');
  }
  if (isElf(bytes)) return 'elf';
  if (hasSetupHeader(bytes)) return 'bzimage';
  if (hasText(bytes, ISO_OFFSET, 'CD001')) {
    throw new LoadError(name, 'it is a CD image (ISO 9660), which Ringside does not boot yet');
  }
  return hasBootSignature(bytes) ? 'boot' : 'flat';
}
