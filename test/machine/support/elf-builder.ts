/** One PT_LOAD segment of a test executable. */
export interface TestSegment {
  virtualAddress: number;
  physicalAddress?: number;
  bytes: Uint8Array;
  memorySize?: number;
}

export interface TestSection {
  name: string;
  type: number;
  flags?: number;
  address?: number;
  bytes: Uint8Array;
}

const HEADER = 52;
const PROGRAM_HEADER = 32;
const SECTION_HEADER = 40;

/** Builds a small ELF32 executable: header, program headers, the segments' bytes, sections. */
export function buildElf(
  entry: number,
  segments: readonly TestSegment[],
  sections: readonly TestSection[] = [],
): Uint8Array {
  const names = ['', ...sections.map((section) => section.name), '.shstrtab'];
  const nameOffsets: number[] = [];
  let nameTable = '';
  for (const name of names) {
    nameOffsets.push(nameTable.length);
    nameTable += `${name}\0`;
  }
  const all: TestSection[] =
    sections.length > 0
      ? [
          { name: '', type: 0, bytes: new Uint8Array(0) },
          ...sections,
          { name: '.shstrtab', type: 3, bytes: new TextEncoder().encode(nameTable) },
        ]
      : [];
  const blobs = [...segments.map((segment) => segment.bytes), ...all.map((section) => section.bytes)];
  const data = HEADER + segments.length * PROGRAM_HEADER;
  const dataSize = blobs.reduce((sum, blob) => sum + blob.length, 0);
  const table = (data + dataSize + 3) & ~3;
  const file = new Uint8Array(table + all.length * SECTION_HEADER);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  [2, 3].forEach((value, i) => view.setUint16(16 + 2 * i, value, true));
  [1, entry, segments.length ? HEADER : 0, all.length ? table : 0].forEach((value, i) =>
    view.setUint32(20 + 4 * i, value, true),
  );
  const halves = [HEADER, PROGRAM_HEADER, segments.length, SECTION_HEADER, all.length, Math.max(0, all.length - 1)];
  halves.forEach((value, i) => view.setUint16(40 + 2 * i, value, true));
  let at = data;
  segments.forEach(({ virtualAddress, physicalAddress = virtualAddress, bytes, memorySize = bytes.length }, i) => {
    file.set(bytes, at);
    const fields = [1, at, virtualAddress, physicalAddress, bytes.length, memorySize, 7, 1];
    fields.forEach((value, word) => view.setUint32(HEADER + i * PROGRAM_HEADER + 4 * word, value, true));
    at += bytes.length;
  });
  all.forEach(({ type, flags = 0, address = 0, bytes }, i) => {
    file.set(bytes, at);
    const fields = [nameOffsets[i], type, flags, address, type ? at : 0, bytes.length, 0, 0, 1, 0];
    fields.forEach((value, word) => view.setUint32(table + i * SECTION_HEADER + 4 * word, value, true));
    at += bytes.length;
  });
  return file;
}

/** A multiboot header; the checksum is made right unless given. */
export function multibootHeader(flags: number, addresses: readonly number[] = [], checksum?: number): Uint8Array {
  const words = [0x1badb002, flags, checksum ?? -(0x1badb002 + flags) >>> 0, ...addresses];
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setUint32(4 * i, word, true));
  return bytes;
}

/** Concatenates bytes. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
