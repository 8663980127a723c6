import { hex, LoadError } from './load-error';
import type { Image } from './load-target';

const MAGIC = 0x1badb002;
/** The whole header lies in this many bytes of the file, aligned to 4 (Multiboot 0.6.96, section 3.1). */
const SEARCH_BYTES = 8192;
/** Flags 0-15 are requirements; the specification defines these three. */
const KNOWN_REQUIREMENTS = 0x7;
const FLAG_ADDRESSES = 0x10000;

/** The a.out-kludge fields: where to load the file, in physical addresses. */
export interface MultibootAddresses {
  readonly header: number;
  readonly load: number;
  /** 0: all of the file. */
  readonly loadEnd: number;
  /** 0: no bss. */
  readonly bssEnd: number;
  readonly entry: number;
}

export interface MultibootHeader {
  /** Offset in the file. */
  readonly offset: number;
  readonly flags: number;
  /** Present if flag 16 is set; it then goes before the ELF headers. */
  readonly addresses?: MultibootAddresses;
}

/** Offsets at which the magic number stands, with whether the checksum is right. */
function candidates(bytes: Uint8Array): { offset: number; valid: boolean }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: { offset: number; valid: boolean }[] = [];
  for (let offset = 0; offset + 12 <= Math.min(bytes.length, SEARCH_BYTES); offset += 4) {
    if (view.getUint32(offset, true) !== MAGIC) continue;
    const sum = MAGIC + view.getUint32(offset + 4, true) + view.getUint32(offset + 8, true);
    found.push({ offset, valid: sum >>> 0 === 0 });
  }
  return found;
}

/** True if the file has a multiboot header, even one with a wrong checksum. */
export function hasMultibootHeader(bytes: Uint8Array): boolean {
  return candidates(bytes).length > 0;
}

/** True if a valid header says where to load the file, so that it need not be an ELF file. */
export function hasMultibootAddresses(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return candidates(bytes).some(({ offset, valid }) => valid && view.getUint32(offset + 4, true) & FLAG_ADDRESSES);
}

/** True if the file has a header of Multiboot 2: magic E85250D6h in the first 32 KiB, aligned to 8. */
export function hasMultiboot2Header(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let offset = 0; offset + 16 <= Math.min(bytes.length, 32768); offset += 8) {
    if (view.getUint32(offset, true) !== 0xe85250d6) continue;
    let sum = 0;
    for (let i = 0; i < 16; i += 4) sum += view.getUint32(offset + i, true);
    if (sum >>> 0 === 0) return true;
  }
  return false;
}

/**
 * Finds and checks the multiboot header.
 * @throws LoadError if there is none, its checksum is wrong, or it requires what is not known
 */
export function readMultibootHeader(image: Image): MultibootHeader {
  const { name, bytes } = image;
  const found = candidates(bytes);
  const header = found.find((candidate) => candidate.valid);
  if (!header) {
    const problem =
      found.length === 0
        ? `no multiboot header (magic ${hex(MAGIC)}, aligned to 4) in its first ${SEARCH_BYTES} bytes`
        : `the multiboot header at offset ${hex(found[0].offset)} has a wrong checksum: ` +
          'magic + flags + checksum must be 0';
    throw new LoadError(name, problem);
  }
  const { offset } = header;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint32(offset + 4, true);
  const unknown = flags & 0xffff & ~KNOWN_REQUIREMENTS;
  if (unknown) {
    throw new LoadError(name, `the multiboot header requires features that are not known: flags ${hex(flags)}`);
  }
  if (!(flags & FLAG_ADDRESSES)) return { offset, flags };
  if (offset + 32 > bytes.length) {
    throw new LoadError(name, 'the multiboot header has flag 16 set and the file ends before its address fields');
  }
  const field = (index: number): number => view.getUint32(offset + 12 + 4 * index, true);
  const addresses = { header: field(0), load: field(1), loadEnd: field(2), bssEnd: field(3), entry: field(4) };
  checkAddresses(image, offset, addresses);
  return { offset, flags, addresses };
}

function checkAddresses({ name, bytes }: Image, offset: number, addresses: MultibootAddresses): void {
  const { header, load, loadEnd, bssEnd, entry } = addresses;
  const fail = (problem: string): never => {
    throw new LoadError(name, `multiboot header: ${problem}`);
  };
  if (load > header) fail(`load_addr ${hex(load)} is above header_addr ${hex(header)}`);
  const start = offset - (header - load);
  if (start < 0) {
    fail(`header_addr - load_addr is ${hex(header - load)} and the header is only ${hex(offset)} into the file`);
  }
  if (loadEnd !== 0 && loadEnd < load) fail(`load_end_addr ${hex(loadEnd)} is below load_addr ${hex(load)}`);
  if (loadEnd - load > bytes.length - start) {
    fail(`load_addr to load_end_addr are ${loadEnd - load} bytes and the file has ${bytes.length - start}: truncated`);
  }
  const end = loadEnd || load + bytes.length - start;
  if (bssEnd !== 0 && bssEnd < end) fail(`bss_end_addr ${hex(bssEnd)} is below the end of the data, ${hex(end)}`);
  if (entry < load || entry >= Math.max(end, bssEnd)) {
    fail(`entry_addr ${hex(entry)} is outside of what is loaded, ${hex(load)}-${hex(Math.max(end, bssEnd) - 1)}`);
  }
}
