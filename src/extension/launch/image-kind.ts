/** What a file is, told by its content. */
export type ImageKind = 'multiboot' | 'elf' | 'bzimage' | 'iso' | 'boot' | 'flat';

/** How the kinds are called in messages and pick lists. */
export const IMAGE_KIND_LABELS: Record<ImageKind, string> = {
  multiboot: 'Multiboot guest',
  elf: 'i386 ELF executable',
  bzimage: 'Linux bzImage',
  iso: 'ISO 9660 image',
  boot: 'Boot sector or disk image',
  flat: 'Flat binary',
};

/** So many bytes from the start of a file are enough for `imageKind`. */
export const IMAGE_HEAD_BYTES = 0x8806;

const ELF_MAGIC = 0x464c457f;
const ELFCLASS32 = 1;
const ET_EXEC = 2;
const EM_386 = 3;
const MULTIBOOT_MAGIC = 0x1badb002;
/** The multiboot 1 header lies within the first 8192 bytes, 4-byte aligned (Multiboot Specification 0.6.96, 3.1). */
const MULTIBOOT_SEARCH = 8192;
/** `HdrS` at 0x202 (Documentation/x86/boot.rst). */
const LINUX_MAGIC = 0x53726448;
/** The first ISO 9660 volume descriptor is sector 16; its identifier follows the type byte (ECMA-119, 8.1). */
const ISO_IDENTIFIER = 0x8001;

/**
 * Tells what a guest image is.
 * @param head the first `IMAGE_HEAD_BYTES` of the file, or all of a shorter one
 * @returns undefined if it is a file of another kind: an object file, an ELF file for another processor, text
 */
export function imageKind(head: Uint8Array): ImageKind | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const u16 = (at: number) => (at + 2 <= view.byteLength ? view.getUint16(at, true) : -1);
  const u32 = (at: number) => (at + 4 <= view.byteLength ? view.getUint32(at, true) : -1);

  if (u32(0) === ELF_MAGIC) {
    if (head[4] !== ELFCLASS32 || u16(16) !== ET_EXEC || u16(18) !== EM_386) return undefined;
    return hasMultibootHeader(u32) ? 'multiboot' : 'elf';
  }
  if (u32(0x202) === LINUX_MAGIC) return 'bzimage';
  if (String.fromCharCode(...head.subarray(ISO_IDENTIFIER, ISO_IDENTIFIER + 5)) === 'CD001') return 'iso';
  if (u16(510) === 0xaa55) return 'boot';
  if (hasMultibootHeader(u32)) return 'multiboot';
  return looksLikeText(head) ? undefined : 'flat';
}

function hasMultibootHeader(u32: (at: number) => number): boolean {
  for (let at = 0; at <= MULTIBOOT_SEARCH - 12; at += 4) {
    if (u32(at) !== MULTIBOOT_MAGIC) continue;
    // Magic, flags and checksum add up to zero.
    if (((u32(at) + u32(at + 4) + u32(at + 8)) | 0) === 0) return true;
  }
  return false;
}

/** Whether the first bytes are UTF-8 text: then it is nothing that a processor is meant to run. */
function looksLikeText(head: Uint8Array): boolean {
  const sample = head.subarray(0, 512);
  if (sample.some((byte) => byte < 0x20 && (byte < 9 || byte > 13))) return false;
  try {
    // The sample may end in the middle of a character.
    new TextDecoder('utf-8', { fatal: true }).decode(sample, { stream: true });
    return true;
  } catch {
    return false;
  }
}
